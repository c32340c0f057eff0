//! SQLite: its dialect, and the driver.

mod alter;
mod cursor;
mod dialect;
mod driver;
mod error;
mod inspect;
mod interrupt;
mod lock;
mod place;
mod probe;
mod render;
mod run;
mod scratch;
mod session;
mod statement;
mod tables;
mod types;

pub use dialect::{SQLITE, SqliteDialect};
pub use driver::{OpenOptions, Sqlite, open};
/// The crate whose connection a driver can be made of.
pub use rusqlite;
pub use scratch::{scratch, scratch_identity};
