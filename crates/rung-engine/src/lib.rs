//! The engine of rung: migrations, history, planner and executor, and what they ask of a database.

mod dialect;
mod driver;
mod history;
mod model;
mod record;

pub use dialect::{Dialect, ServerFacts};
pub use driver::{
    BlockedSession, Blocker, Continue, DbError, DbErrorKind, Driver, Durability, Failure, Guard, Interrupter,
    LockHolder, Part, Probe, Progress, Unit, UnitError, UnitObserver,
};
pub use history::{Applied, History, Status};
pub use model::{
    Body, Code, Digest, Down, Migration, MigrationId, MigrationSet, Session, SqlBody, Timeouts, Version,
};
pub use record::{
    Actor, Direction, FORMAT_VERSION, HistoryEntry, JournalRow, JournalState, MigrationRow, Record, STORED_SQL_LIMIT,
    Tag, Took, render,
};
