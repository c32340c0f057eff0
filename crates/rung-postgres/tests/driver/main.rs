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
