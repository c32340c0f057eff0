//! What rung's tests run on.
//!
//! - [`postgres()`], [`servers`], [`for_each_major`]: PostgreSQL servers, started once for a whole test run, whichever
//!   runner runs it, and gone when the last test has ended. [`Server::private`] gives one to stop and to kill.
//! - [`TestDb`] and [`SqliteDb`]: a fresh database each, removed when dropped.
//! - [`Proxy`]: a network that is slow, freezes or is cut.
//! - [`Pgbouncer`]: a transaction pooler in front of a database.
//! - [`conformance!`]: what every driver does alike.
//! - [`Program`]: `rung`, or another program, run as a user would.
//! - [`languages`]: compilers for the source texts that rung writes.
//! - [`scenario`]: what a user types and sees, in text files, run on every database.
//!
//! Nothing here skips a test: what a test needs and the machine does not have is a panic that names the command that
//! gets it.

mod account;
pub mod conformance;
mod error;
pub mod install;
pub mod languages;
mod normalise;
mod pgbouncer;
mod process;
mod program;
mod proxy;
pub mod scenario;
mod server;
mod sqlite;
mod terminal;
mod testdb;

pub use error::{Error, Result};
pub use normalise::{Normaliser, line_matches, lines_match};
pub use pgbouncer::Pgbouncer;
pub use program::{Program, Run, Running, rung_bin};
pub use proxy::{Cut, Proxy, Traffic};
pub use server::{PASSWORD, Place, Server, Stop, USER, for_each_major, postgres, server_for, servers};
pub use sqlite::SqliteDb;
pub use terminal::AtTerminal;
pub use testdb::TestDb;
