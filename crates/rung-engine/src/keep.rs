//! Other tools' history tables that are written along with rung's own, so that both tools can be used for a while.

use rung_sql::Diagnostic;

use crate::dialect::Dialect;
use crate::driver::Driver;
use crate::failure::DbError;
use crate::former::Renamed;
use crate::history::Status;
use crate::model::{Migration, MigrationSet};
use crate::plan::{PlanError, PlanErrorKind, PlanErrors};
use crate::record::{Direction, Record, Took};

/// Knows another tool's history table, and how that tool writes to it.
pub trait Keeper: Send + Sync {
    /// What the tool itself would have written: statements, each ended by `;`. They run after rung's own row is written,
    /// in the same transaction, and hold whatever was in the table before.
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece>;
}

/// Another tool's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTable {
    /// The tool.
    pub tool: String,
    /// The table, as it was named when it was taken over.
    pub table: String,
}

/// A table that is written along, and what writes it.
pub type KeptWriter = (KeptTable, Box<dyn Keeper>);

/// A change of the history.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The migration's id.
    pub id: &'a str,
    /// The migration; `None` where its file is gone.
    pub migration: Option<&'a Migration>,
    /// What it is from now on.
    pub now: Now,
    /// How long it took.
    pub took: Took,
    /// rung's own table of migrations.
    pub own_table: &'a str,
}

/// What a migration is from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// Applied.
    Applied,
    /// Not applied, or not any more.
    NotApplied,
}

/// A piece of SQL, or a number that is known only when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// SQL.
    Sql(String),
    /// How long the migration took; 0 where it did not run.
    Took {
        /// How long.
        took: Took,
        /// Whether the tool counts nanoseconds; else milliseconds.
        nanoseconds: bool,
    },
}

/// Says which tables are to be written along, from what the database has on record.
pub type FindKeepers = fn(&mut dyn Driver) -> Result<Vec<KeptWriter>, DbError>;

/// Writes nothing but rung's own tables.
pub(crate) fn none(_: &mut dyn Driver) -> Result<Vec<KeptWriter>, DbError> {
    Ok(Vec::new())
}

/// The tables that are written along, and what it takes to write them.
pub(crate) struct Keepers {
    keepers: Vec<KeptWriter>,
    dialect: &'static dyn Dialect,
    own_table: String,
}

impl Keepers {
    pub(crate) fn find(find: FindKeepers, driver: &mut dyn Driver) -> Result<Self, DbError> {
        let dialect = driver.dialect_of();
        let own_table = dialect.own_table(driver.schema(), "schema_migrations");
        Ok(Self { keepers: find(driver)?, dialect, own_table })
    }

    /// Refuses to write along with migrations that have other ids now: the tool knows them by the former ones.
    pub(crate) fn refuse(&self, renamed: &[Renamed]) -> Result<(), PlanErrors> {
        match renamed {
            [first, ..] if !self.keepers.is_empty() => {
                let message = format!("{} was {}, and another tool's table is written along", first.row.id, first.from);
                let error = Diagnostic::error("renamed", message)
                    .note("that tool can't know the new ids")
                    .help("end that first: `rung adopt --from TOOL --stop-writing`");
                Err(PlanErrors(vec![PlanError::new(PlanErrorKind::Usage, error)]))
            }
            _ => Ok(()),
        }
    }

    /// The records that go with rung's own of a change.
    pub(crate) fn records<'a>(
        &'a self,
        id: &'a str,
        migration: Option<&'a Migration>,
        now: Now,
        took: Took,
    ) -> impl Iterator<Item = Record> + 'a {
        let change = Change { id, migration, now, took, own_table: &self.own_table };
        let written = self.keepers.iter().map(move |(whose, keeper)| (whose, keeper.write(&change, self.dialect)));
        let written = written.filter(|(_, pieces)| !pieces.is_empty());
        written.map(|(whose, pieces)| Record::Kept { whose: whose.clone(), pieces })
    }

    /// The records that go with one of rung's own that was not made by running anything.
    pub(crate) fn along_with(&self, record: &Record, set: &MigrationSet) -> Vec<Record> {
        let (id, status) = match record {
            Record::Migration(row) => (row.id.as_str(), row.status),
            Record::SetStatus { id, status, .. } => (id.as_str(), *status),
            Record::SetChecksum { id, .. } => (id.as_str(), Status::Completed),
            _ => return Vec::new(),
        };
        let now = if status == Status::Completed { Now::Applied } else { Now::NotApplied };
        self.records(id, set.get(id).map(|migration| &**migration), now, Took::Unknown).collect()
    }
}

impl From<Direction> for Now {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Down => Self::NotApplied,
            Direction::Up | Direction::Stamp | Direction::Resolve | Direction::Adopt | Direction::Rename => {
                Self::Applied
            }
        }
    }
}
