//! What the database says was done.

use std::collections::HashMap;

use crate::model::Digest;
use crate::version::Version;

/// Where a migration stands in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Known, and to be run: set by `resolve --not-done`.
    Pending,
    /// A journalled migration that began and has not ended: it is running, or it was interrupted.
    Running,
    /// Done.
    Completed,
    /// A journalled migration that failed; some of its statements may stand.
    Failed,
    /// Undone.
    RolledBack,
}

impl Status {
    /// The status as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Reads a stored status.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::RolledBack]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// A row of `schema_migrations`, without its SQL (which is read when a down needs it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The migration's id.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// Checksum of the file that was run.
    pub checksum: Digest,
    /// Fingerprint of the SQL that was run.
    pub fingerprint: Digest,
    /// Its dependencies when it was run.
    pub depends_on: Vec<String>,
    /// When, as the database has it: RFC 3339 in UTC with microseconds or less.
    pub applied_at: String,
    /// How long it took, in milliseconds; `None` where it did not run (stamp, baseline).
    pub execution_time_ms: Option<i64>,
    /// Whether a down is stored with it.
    pub has_down: bool,
    /// Position in the order of application, from the database.
    pub sequence: i64,
    /// The failure, where its status is failed.
    pub error: Option<String>,
}

impl Applied {
    /// The version that its id begins with, where it is one of rung's own.
    pub fn version(&self) -> Option<Version> {
        Version::of(&self.id)
    }

    /// Whether it is in the database as far as the order is concerned.
    pub fn is_done(&self) -> bool {
        self.status == Status::Completed
    }
}

/// The whole history: one row a migration, in the order of application.
#[derive(Debug, Clone, Default)]
pub struct History {
    rows: Vec<Applied>,
    by_id: HashMap<String, usize>,
}

impl History {
    /// A history from rows in any order.
    pub fn new(mut rows: Vec<Applied>) -> Self {
        rows.sort_by_key(|row| row.sequence);
        let by_id = rows.iter().enumerate().map(|(at, row)| (row.id.clone(), at)).collect();
        Self { rows, by_id }
    }

    /// The row of an id, whatever its status.
    pub fn get(&self, id: &str) -> Option<&Applied> {
        self.by_id.get(id).map(|at| &self.rows[*at])
    }

    /// Whether a migration is applied.
    pub fn is_done(&self, id: &str) -> bool {
        self.get(id).is_some_and(Applied::is_done)
    }

    /// All rows, in the order of application.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Applied> + ExactSizeIterator {
        self.rows.iter()
    }

    /// The place in the order of application of what is applied next.
    pub fn next_sequence(&self) -> i64 {
        self.rows.last().map_or(0, |row| row.sequence) + 1
    }

    /// The applied ones, in the order of application.
    pub fn done(&self) -> impl DoubleEndedIterator<Item = &Applied> {
        self.rows.iter().filter(|row| row.is_done())
    }

    /// A journalled migration that began and did not end, where there is one.
    pub fn unfinished(&self) -> impl Iterator<Item = &Applied> {
        self.rows.iter().filter(|row| matches!(row.status, Status::Running | Status::Failed))
    }
}
