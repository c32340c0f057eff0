//! A fresh SQLite database.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use tempfile::TempDir;

/// A database file in a temporary directory of its own; the file does not exist before something is written to it, and
/// the directory goes with the value.
#[derive(Debug)]
pub struct SqliteDb {
    dir: TempDir,
}

impl SqliteDb {
    /// A fresh database.
    ///
    /// # Panics
    /// Where no temporary directory can be made.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a database is not a default value")]
    pub fn new() -> Self {
        SqliteDb { dir: tempfile::tempdir().expect("a temporary directory can be made") }
    }

    /// A fresh database in a temporary directory below this one.
    ///
    /// # Errors
    /// Where that cannot be made.
    pub fn below(parent: &Path) -> std::io::Result<Self> {
        Ok(SqliteDb { dir: tempfile::tempdir_in(parent)? })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("test.db")
    }

    /// The directory of the file, which is otherwise empty.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `sqlite:PATH`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    /// A connection with SQLite's own defaults (foreign keys off), waiting five seconds for a lock.
    ///
    /// # Panics
    /// Where the file cannot be opened.
    #[must_use]
    #[track_caller]
    pub fn client(&self) -> Connection {
        open(&self.path()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs SQL on a connection of its own and returns the rows of all statements as the `sqlite3` shell does: a line
    /// each, the columns separated by `|`, null as nothing.
    ///
    /// # Panics
    /// Where the SQL fails.
    #[track_caller]
    pub fn query(&self, sql: &str) -> String {
        self.try_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// As [`SqliteDb::query`].
    ///
    /// # Errors
    /// SQLite's message where the SQL fails.
    pub fn try_query(&self, sql: &str) -> Result<String, String> {
        query(&self.path(), sql)
    }

    /// The whole schema as text, to be compared: the definitions of every object that is not SQLite's or rung's own,
    /// by kind and name, and the user version where it is not 0. Nothing for a file that does not exist.
    ///
    /// Definitions are what was typed, which is what SQLite keeps, with runs of white space as one space.
    #[must_use]
    #[track_caller]
    pub fn dump(&self) -> String {
        if !self.path().exists() {
            return String::new();
        }
        let objects = self.query(
            "SELECT type || ' ' || name || ': ' || replace(replace(replace(sql, char(10), ' '), char(13), ' '), char(9), ' ')
             FROM sqlite_schema
             WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT LIKE 'rung\\_%' ESCAPE '\\'
             ORDER BY type, name",
        );
        let mut dump = String::new();
        for object in objects.lines() {
            dump.push_str(&object.split_whitespace().collect::<Vec<_>>().join(" "));
            dump.push('\n');
        }
        match self.query("PRAGMA user_version").trim() {
            "0" => dump,
            version => format!("{dump}user_version: {version}\n"),
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    // The bundled build turns them on; programs in the field find them off.
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

/// Runs SQL on the database in a file and returns the rows as [`SqliteDb::query`] does.
///
/// # Errors
/// SQLite's message where the SQL fails.
pub(crate) fn query(path: &Path, sql: &str) -> Result<String, String> {
    run(path, sql).map_err(|error| match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        other => other.to_string(),
    })
}

fn run(path: &Path, sql: &str) -> rusqlite::Result<String> {
    let connection = open(path)?;
    let mut lines = String::new();
    let mut batch = rusqlite::Batch::new(&connection, sql);
    while let Some(mut statement) = batch.next()? {
        let count = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            for column in 0..count {
                if column > 0 {
                    lines.push('|');
                }
                lines.push_str(&text_of(row.get_ref(column)?));
            }
            lines.push('\n');
        }
    }
    Ok(lines)
}

fn text_of(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => format!("{number:?}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_as_in_the_shell() {
        let db = SqliteDb::new();
        assert_eq!(
            db.query("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, NULL), (2.5, 'x'); SELECT * FROM t"),
            "1|\n2.5|x\n"
        );
        assert!(db.try_query("SELECT nope FROM t").unwrap_err().contains("no such column: nope"));
        assert!(db.try_query("INSERT INTO t VALUES (1").is_err());
    }

    #[test]
    fn a_dump_is_the_schema_without_rungs_own() {
        let db = SqliteDb::new();
        assert_eq!(db.dump(), "");
        assert!(!db.path().exists(), "looking made the file");
        db.query(
            "CREATE TABLE t (\n  a INTEGER PRIMARY KEY,\n\tb UNIQUE);
             CREATE INDEX i ON t (b);
             CREATE TABLE rung_schema_migrations (id);
             CREATE INDEX of_rung ON rung_schema_migrations (id);
             PRAGMA user_version = 3;",
        );
        let expected = "index i: CREATE INDEX i ON t (b)\ntable t: CREATE TABLE t ( a INTEGER PRIMARY KEY, b UNIQUE)\nuser_version: 3\n";
        assert_eq!(db.dump(), expected);
    }
}
