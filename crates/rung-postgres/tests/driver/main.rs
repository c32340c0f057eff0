//! The driver on real servers, with and without a pooler, and on a bad network.

use rung_engine::Driver;
use rung_postgres::connect::Environment;
use rung_postgres::{OpenOptions, Postgres, open};
use testkit::TestDb;
use testkit::conformance::Database;

/// A database of the newest server.
struct Fresh(TestDb<'static>);

impl Database for Fresh {
    fn open(&self) -> Box<dyn Driver> {
        Box::new(connect(&self.0.url()))
    }

    fn slow(&self) -> &'static str {
        "SELECT pg_sleep(60)"
    }
}

#[track_caller]
fn connect(url: &str) -> Postgres {
    open(url, &Environment::empty(), &OpenOptions::default()).unwrap_or_else(|error| panic!("{url}: {error}"))
}

mod conformance {
    testkit::conformance!(|| super::Fresh(testkit::TestDb::new()));
}

mod conformance_of_a_client {
    use std::sync::mpsc;
    use std::thread;

    use rung_engine::Driver;
    use rung_postgres::{OpenOptions, Postgres};
    use testkit::TestDb;
    use testkit::conformance::Database;
    use tokio_postgres::{Client, NoTls};

    /// Connections that the program made itself, and keeps moving on threads of its own.
    struct Theirs(TestDb<'static>);

    impl Database for Theirs {
        fn open(&self) -> Box<dyn Driver> {
            Box::new(Postgres::from_client(client(self.0.url()), &OpenOptions::default()).expect("the server is there"))
        }

        fn slow(&self) -> &'static str {
            "SELECT pg_sleep(60)"
        }
    }

    fn client(url: String) -> Client {
        let (give, take) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it has threads");
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server is there");
                give.send(client).expect("it is waited for");
                connection.await
            })
        });
        take.recv().expect("it was sent")
    }

    testkit::conformance!(|| Theirs(TestDb::new()));
}
