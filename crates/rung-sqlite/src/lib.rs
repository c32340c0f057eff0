//! SQLite: its dialect, and the driver.

mod connection;
mod dialect;
mod driver;
mod error;
mod lock;
mod probe;
mod run;
mod tables;

pub use connection::OpenOptions;
pub use dialect::{SQLITE, SqliteDialect};
pub use driver::{Sqlite, open};
