//! PostgreSQL for rung: connecting, the dialect, and the driver.

pub mod connect;
mod dialect;
mod driver;
mod error;
mod lock;
mod pipeline;
mod probe;
mod tables;
mod wipe;
mod wire;

pub use dialect::{POSTGRES, PostgresDialect};
pub use driver::{OpenOptions, Postgres, open};
