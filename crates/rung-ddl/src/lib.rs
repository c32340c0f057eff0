//! The statements of a migration as data: what rung's linter reads.
//!
//! Running a migration needs none of this (see `rung_sql::Facts`): a statement that can't be read here is still sent,
//! and the server decides. Pure: nothing here does input or output.

mod depth;
mod model;
mod postgres;
mod sqlite;
mod types;
mod uses;

/// How many bytes of a name PostgreSQL keeps: `NAMEDATALEN` less one.
pub const LONGEST_NAME: usize = 63;

pub use model::*;
pub use postgres::parse as parse_postgres;
pub use sqlite::parse as parse_sqlite;
pub use types::fold;
