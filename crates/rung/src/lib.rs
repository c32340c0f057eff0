//! rung: database schema migrations for PostgreSQL and SQLite, ordered, verified, reversible and recorded.
//!
//! [`Migrator`] does all that the command line does. It is blocking, reports through events and never prints:
//!
//! ```no_run
//! let mut migrator = rung::Migrator::from_dir("migrations").connect("sqlite:app.db")?;
//! migrator.up()?;
//! # Ok::<(), rung::Error>(())
//! ```
//!
//! A program that carries its migrations with it embeds them with [`embed!`]; an async program wraps the blocking calls
//! with [`rung::tokio`](./tokio/index.html) (feature `tokio`). On a database that is up to date, [`Migrator::up`] costs one query.
//!
//! Features: `postgres` and `sqlite` (both on by default) choose the databases, `tokio` the async wrapper.

mod applied;
mod builder;
mod database;
mod embed;
mod migrator;
mod replay;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use applied::{AppliedSet, applied_set};
pub use builder::Builder;
pub use database::{ConnectOptions, connect, dialect_of, dialects, scratch, scratch_identity, wait_for};
pub use embed::Embedded;
pub use migrator::{Error, Migrator, StatusReport};
pub use replay::replay;

pub use rung_adopt as adopt;
pub use rung_catalog as catalog;
pub use rung_engine as engine;
pub use rung_engine::{
    Actor, Applied, DbError, DbErrorKind, Difference, Driver, Durability, Event, Goal, Grouping, History, Interrupt,
    Migration, MigrationSet, Order, Plan, PlanOptions, PostDeploy, Report, Resolution, RunError, RunOptions, Session,
    Status, Step, Target, Timeouts,
};
pub use rung_formats as formats;
pub use rung_health as health;
pub use rung_lint as lint;
pub use rung_macros::embed;
pub use rung_sql as sql;
pub use rung_types as types;

#[cfg(feature = "postgres")]
pub use rung_postgres as postgres;
#[cfg(feature = "sqlite")]
pub use rung_sqlite as sqlite;
