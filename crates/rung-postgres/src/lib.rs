//! PostgreSQL for rung: connecting, the dialect, and the driver.

mod alter;
pub mod connect;
mod dialect;
mod driver;
mod error;
mod inspect;
mod line;
mod lineage;
mod lock;
mod name;
mod pipeline;
mod probe;
mod provenance;
mod render;
mod scratch;
mod session;
mod statements;
mod statistics;
mod tables;
mod types;
mod watch;
mod wipe;
mod wire;

pub use dialect::{POSTGRES, PostgresDialect};
pub use driver::{OpenOptions, Postgres, open};
pub use scratch::{scratch, scratch_identity};
/// The crate whose client a driver can be made of.
pub use tokio_postgres;
