//! What a migration may change about a connection, and putting it back: settings, attached databases, temporary
//! objects. None of it is in the file, so no savepoint undoes it.

use rung_engine::{DbError, Dialect, Part, Unit};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::SQLITE;
use crate::error::convert;

/// Settings of a connection that a `PRAGMA` changes and that can be read: <https://sqlite.org/pragma.html>.
const SETTINGS: [&str; 16] = [
    "automatic_index",
    "cache_size",
    "cell_size_check",
    "foreign_keys",
    "fullfsync",
    "ignore_check_constraints",
    "legacy_alter_table",
    "locking_mode",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "synchronous",
    "temp_store",
    "trusted_schema",
    "writable_schema",
];

/// A connection as it was before any migration ran on it.
#[derive(Debug)]
pub(crate) struct SessionState {
    settings: Vec<Value>,
    attached: Vec<String>,
    temporary: Vec<String>,
}

impl SessionState {
    /// The connection as it is now.
    pub(crate) fn of(connection: &Connection) -> Result<Self, DbError> {
        Ok(Self {
            settings: settings(connection)?,
            attached: attached(connection)?,
            temporary: temporary(connection)?.into_iter().map(|(_, name)| name).collect(),
        })
    }

    /// Puts the connection back. No transaction may be open: some settings can't be changed in one.
    pub(crate) fn restore(&self, connection: &Connection) -> Result<(), DbError> {
        // Settings first: `query_only` would be in the way of the rest.
        for ((name, was), is) in SETTINGS.into_iter().zip(&self.settings).zip(settings(connection)?) {
            if *was != is {
                // The `PRAGMA` answers with a row in some cases, so that this is not an update.
                connection.pragma(None, name, was, |_| Ok(())).map_err(convert)?;
            }
        }
        for (kind, name) in temporary(connection)? {
            if !self.temporary.contains(&name) {
                let sql = format!("DROP {kind} IF EXISTS temp.{}", SQLITE.quote_identifier(&name));
                connection.execute_batch(&sql).map_err(convert)?;
            }
        }
        for name in attached(connection)? {
            if !self.attached.contains(&name) {
                let sql = format!("DETACH {}", SQLITE.quote_identifier(&name));
                connection.execute_batch(&sql).map_err(convert)?;
            }
        }
        Ok(())
    }
}

fn settings(connection: &Connection) -> Result<Vec<Value>, DbError> {
    let value = |name| connection.pragma_query_value(None, name, |row| row.get(0)).map_err(convert);
    SETTINGS.into_iter().map(value).collect()
}

fn attached(connection: &Connection) -> Result<Vec<String>, DbError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_database_list WHERE seq > 1").map_err(convert)?;
    let names = statement.query_map([], |row| row.get(0)).map_err(convert)?;
    names.collect::<Result<_, _>>().map_err(convert)
}

/// Temporary objects, those that others hang on last.
fn temporary(connection: &Connection) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT type, name FROM sqlite_temp_schema WHERE type IN ('trigger', 'view', 'table') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC";
    let mut statement = connection.prepare(sql).map_err(convert)?;
    let objects = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(convert)?;
    let mut objects = objects.collect::<Result<Vec<(String, String)>, _>>().map_err(convert)?;
    // `view`, `trigger`, `table`: a view may have triggers, which go with it.
    objects.sort_by_key(|(kind, _)| kind != "trigger");
    Ok(objects)
}

/// Whether a unit may leave something on the connection that its savepoint does not hold.
pub(crate) fn marks_session(unit: &Unit) -> bool {
    unit.parts.iter().any(|part| match part {
        Part::Code(_) => true,
        Part::Sql { script, statements } => statements.iter().any(|span| {
            let statement = &script.text()[span.range()];
            match first_word(statement).as_str() {
                "pragma" | "attach" | "detach" => true,
                "create" => mentions_temporary(statement),
                _ => false,
            }
        }),
        _ => false,
    })
}

/// Whether a unit may leave a deferred foreign key open: anything that changes rows, dropping a table included.
pub(crate) fn changes_rows(unit: &Unit) -> bool {
    unit.parts.iter().any(|part| match part {
        Part::Code(_) => true,
        Part::Sql { script, statements } => statements
            .iter()
            .any(|span| !matches!(first_word(&script.text()[span.range()]).as_str(), "create" | "alter" | "select")),
        _ => false,
    })
}

/// A statement's first word in lower case; a statement's span begins with it.
fn first_word(statement: &str) -> String {
    statement.chars().take_while(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// `CREATE TEMP TABLE`, `CREATE TABLE temp.t`: the word stands early, and a table that is called so costs little.
fn mentions_temporary(statement: &str) -> bool {
    let head = &statement.as_bytes()[..statement.len().min(200)];
    head.windows(4).any(|four| four.eq_ignore_ascii_case(b"temp"))
}
