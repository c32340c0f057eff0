//! What went wrong in a database, in its own words, and where.

use std::fmt;

use crate::keep::KeptTable;

/// Which unit and part failed, and how.
#[derive(Debug)]
pub struct UnitError {
    /// [`Unit::index`](crate::Unit::index).
    pub unit: usize,
    /// Index of the part; `None` where it was not a part: opening, guard, records, commit.
    pub part: Option<usize>,
    /// Index of the statement within the part, where the driver can tell: the count of those that had ended.
    pub statement: Option<usize>,
    /// Byte offset in the part's script text (for a check: in its query), where the server gave a position.
    pub offset: Option<usize>,
    /// How.
    pub failure: Failure,
}

/// How a unit failed.
#[derive(Debug)]
pub enum Failure {
    /// The server refused.
    Database(DbError),
    /// A check came out false.
    Check {
        /// What was asked.
        what: String,
        /// What came back, for people.
        got: String,
    },
    /// A code migration returned an error.
    Code(Box<dyn std::error::Error + Send + Sync>),
}

/// Rows where none should be, for people: how many, and the first.
pub fn describe_rows<'a>(count: usize, first: impl Iterator<Item = Option<&'a str>>) -> String {
    let values: Vec<String> = first.map(describe_value).collect();
    let rows = if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    format!("{rows}, the first being {}", values.join(", "))
}

/// A value where another should be, for people: not all of it where it is long.
pub fn describe_value(value: Option<&str>) -> String {
    const LIMIT: usize = 200;
    match value {
        None => "NULL".to_owned(),
        Some(text) if text.len() <= LIMIT => text.to_owned(),
        Some(text) => format!("{}…", &text[..text.floor_char_boundary(LIMIT)]),
    }
}

/// What kind of error a database gave, as far as the engine treats kinds differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DbErrorKind {
    /// `lock_timeout`, `SQLITE_BUSY` within a unit, a deadlock or a serialisation failure: worth trying again.
    LockTimeout,
    /// `statement_timeout`.
    StatementTimeout,
    /// Interrupted by us.
    Canceled,
    /// The connection is gone; whether a commit took effect is not known.
    ConnectionLost,
    /// The server can't be reached.
    Unreachable,
    /// Wrong user or password.
    Authentication,
    /// No such database (or file).
    NoSuchDatabase,
    /// The user may not.
    Permission,
    /// The database is read-only: a standby, a read-only file or file system.
    ReadOnly,
    /// No room.
    DiskFull,
    /// The system refused to read or write: a quota, a limit, a broken disk.
    Io,
    /// The statement can't be part of a transaction: a procedure that commits, or a command that refuses one.
    RefusesTransaction,
    /// The deployer's lock was not to be had.
    Locked,
    /// The history was written by a newer rung.
    NewerFormat,
    /// The connection settings are wrong.
    Config,
    /// The guard did not hold: an earlier unit failed.
    Guard,
    /// Another tool's table, which is written along with rung's own, did not take the row.
    KeptTable,
    /// Anything else: an error in the SQL, most often.
    Statement,
}

/// An error of the database, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbError {
    /// What kind.
    pub kind: DbErrorKind,
    /// SQLSTATE, or SQLite's extended result code as text.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// PostgreSQL's DETAIL.
    pub detail: Option<String>,
    /// PostgreSQL's HINT, or ours for errors of connecting.
    pub hint: Option<String>,
    /// Byte offset in the text that was sent.
    pub offset: Option<usize>,
}

impl DbError {
    /// An error with a message only.
    pub fn new(kind: DbErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), detail: None, hint: None, offset: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As what it is where it came of writing another tool's table along: that the table did not take the row. What has
    /// another cause than the row stays as it is.
    #[must_use]
    pub fn of_kept(self, whose: &KeptTable) -> Self {
        if !matches!(self.kind, DbErrorKind::Statement | DbErrorKind::Permission) {
            return self;
        }
        let KeptTable { tool, table } = whose;
        Self {
            kind: DbErrorKind::KeptTable,
            code: None,
            message: format!(
                "the table {table} of {tool} is written along, and did not take the row: {}",
                self.message
            ),
            hint: Some(format!(
                "mend that table; or leave it as it is from now on: `rung adopt --from {tool} --stop-writing`"
            )),
            offset: None,
            ..self
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DbError {}
