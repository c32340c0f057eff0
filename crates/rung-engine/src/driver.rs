//! What the engine asks of a database connection. Only the driver crates implement it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rung_catalog::{Catalog, Key, Lineage};
use rung_sql::{Comparison, Effect, Script, Span, Want};

use crate::dialect::{Dialect, ServerFacts};
use crate::failure::{DbError, UnitError};
use crate::history::History;
use crate::model::{Code, Session, Timeouts};
use crate::record::{Direction, HistoryEntry, JournalRow, Record, Tag};

/// One connection. Blocking.
///
/// A driver does single things well and decides nothing: order, resume and recovery are the engine's.
pub trait Driver: Session + Send {
    /// The dialect.
    fn dialect_of(&self) -> &'static dyn Dialect;

    /// What is known of the server.
    fn facts(&self) -> &ServerFacts;

    /// The name of the schema (or prefix) that rung's own tables are in.
    fn schema(&self) -> &str;

    /// The history, by one query; empty where rung's tables do not exist. Writes nothing.
    ///
    /// # Errors
    /// [`NewerFormat`](crate::DbErrorKind::NewerFormat) where the tables were written by a newer rung.
    fn history(&mut self) -> Result<History, DbError>;

    /// Creates rung's own tables, or upgrades them in place, in one transaction. Does nothing where they are current.
    ///
    /// # Errors
    /// The server's error.
    fn ensure_tables(&mut self) -> Result<(), DbError>;

    /// Whether rung's own tables are there, in any format. Writes nothing.
    ///
    /// # Errors
    /// The server's error.
    fn has_tables(&mut self) -> Result<bool, DbError>;

    /// Takes the deployer's lock: at most one process has it for a database and schema. Polls, never inside a
    /// transaction; calls `waiting` about once a second while another has it. A process that dies loses it.
    /// Called through [`crate::locked`] only.
    ///
    /// # Errors
    /// [`Locked`](crate::DbErrorKind::Locked) when `wait` is over; the server's error otherwise.
    fn acquire_lock(
        &mut self,
        wait: Duration,
        waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    ) -> Result<(), DbError>;

    /// Gives the lock back. An error is of no consequence: the end of the session frees it too.
    fn release_lock(&mut self);

    /// Runs units in order, each all or nothing together with its records, and stops at the first that fails. Sends
    /// ahead where it can; a unit's guard then makes sure that nothing runs after a failure. Once it returns `Ok`, all
    /// is on disk as the session's own durability asks. The session is reset behind each unit that does not keep it.
    ///
    /// # Errors
    /// The unit and part that failed. Every unit before it is committed, that one and all after it left nothing.
    fn apply(
        &mut self,
        units: &mut dyn Iterator<Item = Unit>,
        durability: Durability,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>>;

    /// Sends one statement as it is, in autocommit or in the transaction that an earlier statement opened.
    /// `observer` hears of blockers, progress and notices meanwhile.
    ///
    /// # Errors
    /// The server's error, with the position in `sql` as a byte offset.
    fn execute_watched(
        &mut self,
        sql: &str,
        timeouts: &Timeouts,
        observer: &mut dyn UnitObserver,
    ) -> Result<u64, DbError>;

    /// Sends `COPY ... FROM STDIN` and its rows, in autocommit or in the open transaction; returns the rows copied.
    ///
    /// # Errors
    /// The server's error; a database without COPY says so.
    fn copy(&mut self, statement: &str, data: &str) -> Result<u64, DbError>;

    /// Writes records: in the open transaction where there is one, else in one of their own that is on disk on return.
    ///
    /// # Errors
    /// The server's error; nothing was written.
    fn write(&mut self, records: &[Record]) -> Result<(), DbError>;

    /// Whether a transaction is open on the connection.
    fn in_transaction(&mut self) -> bool;

    /// Rolls back an open transaction, if any, and puts the session back as it was after connecting.
    ///
    /// # Errors
    /// The server's error.
    fn reset(&mut self) -> Result<(), DbError>;

    /// Looks in the catalog whether a statement's effect is there. Waits where another session is still at it.
    ///
    /// # Errors
    /// The server's error.
    fn probe(&mut self, effect: &Effect) -> Result<Probe, DbError>;

    /// The down that was stored when a migration was applied, where there was one.
    ///
    /// # Errors
    /// The server's error.
    fn stored_down(&mut self, id: &str) -> Result<Option<String>, DbError>;

    /// The SQL that was stored when a migration was applied, for showing what changed.
    ///
    /// # Errors
    /// The server's error.
    fn stored_up(&mut self, id: &str) -> Result<Option<String>, DbError>;

    /// The journal of a migration, by statement index. Empty where the tables do not exist.
    ///
    /// # Errors
    /// The server's error.
    fn journal(&mut self, id: &str, direction: Direction) -> Result<Vec<JournalRow>, DbError>;

    /// The log, newest first. Empty where the tables do not exist.
    ///
    /// # Errors
    /// The server's error.
    fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError>;

    /// All tags, oldest first. Empty where the tables do not exist.
    ///
    /// # Errors
    /// The server's error.
    fn tags(&mut self) -> Result<Vec<Tag>, DbError>;

    /// Seed files that were run: path and checksum. Empty where the tables do not exist.
    ///
    /// # Errors
    /// The server's error.
    fn seeds(&mut self) -> Result<Vec<(String, String)>, DbError>;

    /// The tables of other tools that are written along with rung's own: tool and table. Empty where rung's tables do
    /// not exist.
    ///
    /// # Errors
    /// The server's error.
    fn kept_tables(&mut self) -> Result<Vec<(String, String)>, DbError>;

    /// Another tool's table, as the session finds it by a name; `None` where there is none.
    ///
    /// # Errors
    /// The server's error.
    fn table(&mut self, schema: Option<&str>, name: &str) -> Result<Option<Table>, DbError>;

    /// Every table and view that is not the system's, by schema and name; those that the search path does not lead to, too.
    ///
    /// # Errors
    /// The server's error.
    fn every_table(&mut self) -> Result<Vec<Table>, DbError>;

    /// Within the open transaction, keeps every other program from writing to a table, and takes the locks that such
    /// programs agree on by numbers; all last as long as the transaction. `false` where somebody else has one of them.
    ///
    /// # Errors
    /// The server's error; [`LockTimeout`](crate::DbErrorKind::LockTimeout) where somebody is writing to the table.
    fn keep_others_out(&mut self, table: &Table, numbers: &[i64]) -> Result<bool, DbError>;

    /// Who waits for whom in this database, now. Empty where the database cannot tell.
    ///
    /// # Errors
    /// The server's error.
    fn blocked_sessions(&mut self) -> Result<Vec<BlockedSession>, DbError>;

    /// Ends another session.
    ///
    /// # Errors
    /// The server's error; a database without sessions says so.
    fn kill(&mut self, pid: i32) -> Result<bool, DbError>;

    /// Drops every object that is not the system's, rung's own tables included: an empty database is left.
    ///
    /// # Errors
    /// The server's error.
    fn wipe(&mut self) -> Result<(), DbError>;

    /// Whether the database holds no tables, views or functions of anyone, rung's own set aside.
    ///
    /// # Errors
    /// The server's error.
    fn is_blank(&mut self) -> Result<bool, DbError>;

    /// The schema: every object that is not the system's or rung's own. What can't be described is named. Writes nothing,
    /// and sees one moment.
    ///
    /// # Errors
    /// The server's error.
    fn inspect(&mut self) -> Result<Catalog, DbError>;

    /// Asks several things at once, each in a transaction that may not write, and gives the rows of each. A question is a
    /// query, or statements that prepare it and the query; what they set is gone behind it. One that fails leaves the
    /// others alone. Not within an open transaction.
    ///
    /// # Errors
    /// The connection is gone.
    fn ask(&mut self, questions: &[String], timeouts: &Timeouts) -> Result<Vec<Answer>, DbError>;

    /// The statements, without their semicolons, that put the sequences of a schema where they are now; none for one that has
    /// not begun.
    ///
    /// # Errors
    /// The server's error.
    fn positions(&mut self, catalog: &Catalog) -> Result<Vec<String>, DbError>;

    /// Where objects come from, as far as the database knows; by the order of the keys.
    ///
    /// # Errors
    /// The connection is gone.
    fn provenance(&mut self, keys: &[Arc<Key>]) -> Result<Provenance, DbError> {
        Ok(Provenance { database_owner: None, changed: vec![None; keys.len()] })
    }

    /// Where the columns of views come from, and what can be written through them; of no view where the database does not
    /// tell. Writes nothing.
    ///
    /// # Errors
    /// The server's error.
    fn lineage(&mut self) -> Result<Vec<Lineage>, DbError> {
        Ok(Vec::new())
    }

    /// Something that stops the running statement, from any thread.
    fn interrupter(&self) -> Arc<dyn Interrupter>;
}

/// Where objects come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Who owns the database; `None` where databases have no owners.
    pub database_owner: Option<String>,
    /// When each object was last made or altered, RFC 3339 in UTC, where that is known.
    pub changed: Vec<Option<String>>,
}

/// The rows of a question, every value as text; or why there are none.
pub type Answer = Result<Vec<Vec<Option<String>>>, DbError>;

/// A table of another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The database that it is in; empty where databases have no names.
    pub database: String,
    /// Its schema; empty where there are none.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Schema and name, quoted: it holds whatever the search path is.
    pub qualified: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the database writes it.
    pub kind: String,
}

impl Table {
    /// Whether it has all of these columns.
    ///
    /// # Errors
    /// The first that it lacks, in words.
    pub fn has(&self, columns: &[&str]) -> Result<(), String> {
        let lacks = |column: &&&str| !self.columns.iter().any(|there| there.name.eq_ignore_ascii_case(column));
        columns.iter().find(lacks).map_or(Ok(()), |column| Err(format!("has no column {column}")))
    }

    /// Whether it has none of these columns.
    ///
    /// # Errors
    /// The first that it has, in words.
    pub fn has_none(&self, columns: &[&str]) -> Result<(), String> {
        let has = |column: &&&str| self.has(&[**column]).is_ok();
        columns.iter().find(has).map_or(Ok(()), |column| Err(format!("has a column {column}")))
    }

    /// The names of its columns, for people.
    pub fn column_names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The name by which [`Driver::table`] finds it again: with its schema, divided by `.`, and without quotes.
    pub fn path(&self) -> String {
        if self.schema.is_empty() { self.name.clone() } else { format!("{}.{}", self.schema, self.name) }
    }
}

/// Stops a connection's running statement.
pub trait Interrupter: Send + Sync {
    /// Asks for it; returns at once or shortly. The statement then fails with [`Canceled`](crate::DbErrorKind::Canceled).
    fn interrupt(&self);
}

/// Whether to go on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continue {
    /// Wait on.
    Yes,
    /// Give up: [`Canceled`](crate::DbErrorKind::Canceled).
    No,
}

/// When commits must have reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// All of them when `apply` returns; the order is kept in between, so a crash loses a tail and never a middle.
    #[default]
    Run,
    /// Each before the next begins.
    Each,
}

/// One or more migrations that are all or nothing, with the rows that record them.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The caller's number for it; reported back.
    pub index: usize,
    /// What must hold in the history before anything of it runs.
    pub guard: Option<Guard>,
    /// Timeouts in force.
    pub timeouts: Timeouts,
    /// What runs, in order.
    pub parts: Vec<Part>,
    /// What is recorded in the same transaction.
    pub records: Vec<Record>,
    /// What becomes of the session behind it.
    pub session: SessionAfter,
}

/// What becomes of a session's settings, role and temporary objects when a unit is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionAfter {
    /// They are put back as they were after connecting.
    #[default]
    Reset,
    /// They stay, for the migration's next statement: [`Driver::reset`] puts them back when it is done.
    Keep,
}

impl Unit {
    /// Whether the client must read an answer before it may commit, so that the unit can't be sent ahead.
    pub fn is_interactive(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Sql { .. }))
    }
}

/// A condition on the history that the server itself checks at the start of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The forerunner's id.
    pub id: String,
    /// The status it must have.
    pub status: crate::Status,
}

/// A part of a unit.
#[derive(Clone)]
pub enum Part {
    /// Statements, sent together as the text from the first to the last.
    Sql {
        /// The script.
        script: Script,
        /// The statements' spans in it, in order and not empty.
        statements: Arc<[Span]>,
    },
    /// `COPY ... FROM STDIN` with its rows.
    Copy {
        /// The script.
        script: Script,
        /// The statement.
        statement: Span,
        /// The rows, without the `\.` line.
        data: Span,
    },
    /// A query with one value that a later check compares with.
    Remember {
        /// Which memory.
        slot: usize,
        /// The query.
        sql: String,
    },
    /// A query that must give the value remembered.
    Same {
        /// Which memory.
        slot: usize,
        /// The query.
        sql: String,
        /// What is compared, for the message: `rows(users) unchanged`.
        what: String,
    },
    /// A query whose answer must be as wanted.
    Check {
        /// The query.
        sql: String,
        /// What it must give.
        want: Want,
        /// What is checked, for the message; the query itself where `None`.
        what: Option<String>,
    },
    /// The last statement of the part before must have affected so many rows.
    Affected {
        /// How to compare.
        op: Comparison,
        /// With what.
        count: u64,
    },
    /// A function of the program.
    Code(Code),
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql { script, statements } => match (statements.first(), statements.last()) {
                (Some(first), Some(last)) => f.write_str(&script.text()[first.start..last.end]),
                _ => Ok(()),
            },
            Self::Copy { script, statement, .. } => f.write_str(&script.text()[statement.range()]),
            Self::Remember { sql, .. } | Self::Same { sql, .. } | Self::Check { sql, .. } => f.write_str(sql),
            Self::Affected { op, count } => write!(f, "affected {op} {count}"),
            Self::Code(_) => f.write_str("code"),
        }
    }
}

/// Hears what happens while units run.
pub trait UnitObserver {
    /// A unit is the one being worked on.
    fn started(&mut self, index: usize);
    /// A unit is committed.
    fn done(&mut self, index: usize, took: Duration);
    /// The running statement waits for others.
    fn blocked(&mut self, blockers: &[Blocker]);
    /// The running statement has come so far.
    fn progress(&mut self, progress: &Progress);
    /// The server says something (`RAISE NOTICE`).
    fn notice(&mut self, text: &str);
}

/// How far a long statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing, in the server's words, e.g. `building index: scanning table`.
    pub phase: String,
    /// Done, in units of `total`.
    pub done: u64,
    /// All there is; 0 where it is not known.
    pub total: u64,
}

/// Another session in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Its process id.
    pub pid: i32,
    /// What it calls itself.
    pub application: String,
    /// Its user.
    pub user: String,
    /// `active`, `idle in transaction`, ...
    pub state: String,
    /// How long its transaction has been open.
    pub age: Duration,
    /// Its statement, or the last it ran.
    pub query: String,
}

/// A session that waits, and those it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedSession {
    /// The one that waits.
    pub waiting: Blocker,
    /// What it waits for, e.g. `AccessExclusiveLock on users`.
    pub wants: String,
    /// Those in its way.
    pub blockers: Vec<Blocker>,
}

/// Who has the deployer's lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockHolder {
    /// Who, for people: `4711 "rung" from 10.0.0.5`, `pid 4711 on build-3`.
    pub who: String,
    /// For how long, where it is known.
    pub since: Option<Duration>,
    /// Its server process, where there is one to end.
    pub pid: Option<i32>,
}

/// What the catalog says of a statement's effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It is there: the statement took effect.
    Done,
    /// It is not there: run the statement.
    NotDone,
    /// It is half there; these statements clear it away (each outside a transaction), then run the statement.
    Broken {
        /// What was found, e.g. `index usage_day_idx is INVALID`.
        found: String,
        /// What clears it away.
        cleanup: Vec<String>,
    },
    /// It is half there, and this statement (outside a transaction) takes it the rest of the way.
    Finish {
        /// What was found, e.g. `usage_2024 is half detached`.
        found: String,
        /// What finishes it.
        finish: String,
    },
    /// Running the statement again does no harm.
    Repeatable,
    /// It can't be told.
    Unknown,
}
