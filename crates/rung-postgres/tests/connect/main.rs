//! Connecting to real servers, and to pretended ones for what real ones do not do on request.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail with it")]

mod authority;
mod pretend;
mod servers;
mod tls;
mod tls_pretend;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rung_postgres::connect::{Cancel, ConnectError, Connected, Environment, Settings, connect};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, SimpleQueryMessage};

/// An environment in which nothing is found.
fn nothing() -> Environment {
    Environment::empty().with_os_user("nobody").with_socket_directories([""; 0])
}

fn resolve(target: &str) -> Settings {
    Settings::resolve(target, &nothing()).unwrap_or_else(|error| panic!("{target}: {error}"))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A session, driven by a runtime of its own.
struct Session {
    runtime: Runtime,
    client: Client,
    cancel: Cancel,
    handshake_pid: Option<i32>,
    version: u32,
}

impl Session {
    fn open(target: &str) -> Result<Self, ConnectError> {
        Self::with(&resolve(target))
    }

    fn with(settings: &Settings) -> Result<Self, ConnectError> {
        let runtime = runtime();
        let connected = runtime.block_on(connect(settings))?;
        let Connected { client, connection, handshake_pid, server_version_number, cancel, .. } = connected;
        runtime.spawn(connection);
        Ok(Self { runtime, client, cancel, handshake_pid, version: server_version_number })
    }

    #[track_caller]
    fn good(target: &str) -> Self {
        Self::open(target).unwrap_or_else(|error| panic!("{target}: {error}\n{}", error.hint()))
    }

    /// The first value of the first row.
    fn value(&self, sql: &str) -> String {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).unwrap();
        let row = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        row.unwrap_or_default().to_owned()
    }

    fn is_encrypted(&self) -> bool {
        self.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t"
    }

    /// Runs a long statement and cancels it from another thread.
    fn is_cancelled(&self) {
        let cancel = self.cancel.clone();
        let ended = Arc::new(AtomicBool::new(false));
        let has_ended = Arc::clone(&ended);
        let canceller = thread::spawn(move || {
            // The first requests may come before the statement.
            while !has_ended.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(50));
                cancel.send()?;
            }
            std::io::Result::Ok(())
        });
        let error = self.runtime.block_on(self.client.simple_query("SELECT pg_sleep(60)")).unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("57014"));
        ended.store(true, Ordering::SeqCst);
        canceller.join().unwrap().unwrap();
    }
}

/// Why a connection is refused. Also makes sure that nothing about it shows a password.
#[track_caller]
fn refusal(target: &str) -> ConnectError {
    refusal_of(&resolve(target))
}

#[track_caller]
fn refusal_of(settings: &Settings) -> ConnectError {
    let error = runtime().block_on(connect(settings)).expect_err("the connection is refused");
    let shown = format!("{error}\n{error:?}\n{}\n{settings:?}", error.hint());
    assert!(!shown.contains(testkit::PASSWORD) && !shown.contains("hunter2"), "{shown}");
    assert!(!error.to_string().contains('\n') && !error.hint().is_empty());
    error
}
