//! What the tests share: a database file, units from SQL, and an observer that keeps what it hears.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rung_engine::{
    Actor, Blocker, DbError, Direction, Driver, Durability, Guard, MigrationRow, Part, Progress, Record, Session,
    SessionAfter, Status, Timeouts, Took, Unit, UnitError, UnitObserver,
};
use rung_sql::{Script, SourceFile, Syntax};
use rung_sqlite::{OpenOptions, Sqlite, open};

/// A place for a database, and nothing in it yet.
pub(crate) struct Db {
    pub(crate) dir: tempfile::TempDir,
}

impl Db {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("app.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    pub(crate) fn open(&self) -> Sqlite {
        self.open_with(&OpenOptions::default())
    }

    pub(crate) fn open_with(&self, options: &OpenOptions) -> Sqlite {
        open(&self.url(), options).unwrap()
    }

    /// A driver on a database that has rung's tables.
    pub(crate) fn ready(&self) -> Sqlite {
        let mut sqlite = self.open();
        sqlite.ensure_tables().unwrap();
        sqlite
    }

    /// Another program's connection.
    pub(crate) fn other(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection
    }

    /// What stands in the directory of the database.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn script(sql: &str) -> Script {
    Script::whole(Arc::new(SourceFile::new("test.sql", sql)))
}

/// The statements of a text as one part.
pub(crate) fn part(sql: &str) -> Part {
    let script = script(sql);
    let statements = script.statements(&Syntax::SQLITE).unwrap();
    Part::Sql { script, statements: statements.iter().map(|statement| statement.span).collect() }
}

pub(crate) fn row(index: usize) -> MigrationRow {
    MigrationRow {
        id: id(index),
        version: u64::try_from(index).ok(),
        name: format!("step_{index}"),
        description: None,
        migration_type: "custom_sql".to_owned(),
        up_sql: Some(format!("-- up {index}")),
        down_sql: None,
        depends_on: Vec::new(),
        status: Status::Completed,
        checksum: "ab".repeat(32),
        fingerprint: "cd".repeat(32),
        source: format!("{}.sql", id(index)),
        sequence: i64::try_from(index).unwrap(),
        applied_at: None,
        took: Took::ThisTransaction,
        error: None,
        actor: Actor { user: "ann".to_owned(), host: "build-3".to_owned() },
    }
}

pub(crate) fn id(index: usize) -> String {
    format!("{index:03}_step_{index}")
}

pub(crate) fn log(index: usize) -> Record {
    Record::Log {
        id: id(index),
        direction: Direction::Up,
        status: Status::Completed,
        took: Took::ThisTransaction,
        error: None,
        actor: Actor { user: "ann".to_owned(), host: "build-3".to_owned() },
        statements_done: None,
    }
}

/// A migration's unit: the parts, guarded by the forerunner where `index` is not 0, with its records.
pub(crate) fn unit(index: usize, parts: Vec<Part>) -> Unit {
    let guard = index.checked_sub(1).map(|before| Guard { id: id(before), status: Status::Completed });
    let records = vec![Record::Migration(Box::new(row(index))), log(index)];
    Unit { index, guard, timeouts: Timeouts::default(), parts, records, session: SessionAfter::Reset }
}

pub(crate) fn sql(index: usize, sql: &str) -> Unit {
    unit(index, vec![part(sql)])
}

#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) started: Vec<usize>,
    pub(crate) done: Vec<usize>,
}

impl UnitObserver for Heard {
    fn started(&mut self, index: usize) {
        self.started.push(index);
    }

    fn done(&mut self, index: usize, _took: Duration) {
        self.done.push(index);
    }

    fn blocked(&mut self, _blockers: &[Blocker]) {}

    fn progress(&mut self, _progress: &Progress) {}

    fn notice(&mut self, _text: &str) {}
}

pub(crate) fn apply(sqlite: &mut Sqlite, units: Vec<Unit>) -> (Result<(), Box<UnitError>>, Heard) {
    apply_with(sqlite, units, Durability::Run)
}

pub(crate) fn apply_with(
    sqlite: &mut Sqlite,
    units: Vec<Unit>,
    durability: Durability,
) -> (Result<(), Box<UnitError>>, Heard) {
    let mut heard = Heard::default();
    let result = sqlite.apply(&mut units.into_iter(), durability, &mut heard);
    (result, heard)
}

/// Sends one statement outside of units, as the journal does.
pub(crate) fn send(sqlite: &mut Sqlite, sql: &str) -> Result<u64, DbError> {
    sqlite.execute_watched(sql, &Timeouts::default(), &mut Heard::default())
}

/// The first value of a query.
pub(crate) fn value(sqlite: &mut Sqlite, sql: &str) -> String {
    let rows = sqlite.query(sql).unwrap();
    rows[0][0].clone().unwrap_or_else(|| "NULL".to_owned())
}

/// The names of everything in the schema that is not rung's or SQLite's own.
pub(crate) fn names(sqlite: &mut Sqlite) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE tbl_name NOT LIKE 'rung\\_%' ESCAPE '\\' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    sqlite.query(sql).unwrap().into_iter().flatten().flatten().collect()
}

/// The ids that the history has as done.
pub(crate) fn done(sqlite: &mut Sqlite) -> Vec<String> {
    sqlite.history().unwrap().done().map(|row| row.id.clone()).collect()
}

pub(crate) fn ids(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(id).collect()
}
