//! Reading rung's own tables.

use std::path::Path;

use rung_engine::{
    Applied, Column, DbError, DbErrorKind, Dialect, Digest, Direction, FORMAT_VERSION, History, HistoryEntry,
    JournalRow, JournalState, Status, Table, Tag,
};
use rusqlite::{Connection, Row};

use crate::SQLITE;
use crate::error::convert;

/// The tables and the view that rung owns.
const OWN: [&str; 8] = [
    "format",
    "schema_migrations",
    "migration_history",
    "statement_journal",
    "tags",
    "seed_history",
    "keep_writing",
    "database_schema",
];

/// Creates rung's own objects, or brings those of an older format up to this one, in one transaction.
pub(crate) fn ensure(connection: &Connection, schema: &str) -> Result<(), DbError> {
    match format_version(connection, schema)? {
        Some(FORMAT_VERSION) => return Ok(()),
        Some(format) if format > FORMAT_VERSION => return Err(newer(format)),
        // What an older format lacks is created; what a later one changes is to be changed here.
        _ => {}
    }
    let ddl = SQLITE.own_tables_ddl(schema).join(";\n");
    let format = SQLITE.own_table(schema, "format");
    let sql = format!("BEGIN IMMEDIATE;\n{ddl};\nUPDATE {format} SET version = {FORMAT_VERSION};\nCOMMIT");
    connection.execute_batch(&sql).map_err(|error| {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        convert(error)
    })
}

/// Whether the schema holds nothing but what is SQLite's or rung's own.
pub(crate) fn is_blank(connection: &Connection, schema: &str) -> Result<bool, DbError> {
    let sql = format!(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND tbl_name NOT IN ({}))",
        own_names(schema)
    );
    connection.query_row(&sql, [], |row| row.get(0)).map_err(convert)
}

/// The names of rung's own tables as a list of literals.
pub(crate) fn own_names(schema: &str) -> String {
    let names: Vec<String> = OWN.iter().map(|table| SQLITE.quote_literal(&format!("{schema}_{table}"))).collect();
    names.join(", ")
}

/// How many of rung's own tables are there. They are made in one transaction: all or none, where nobody has meddled.
fn own_count(connection: &Connection, schema: &str) -> Result<usize, DbError> {
    let sql = format!("SELECT count(*) FROM sqlite_schema WHERE name IN ({})", own_names(schema));
    let count: u32 = connection.query_row(&sql, [], |row| row.get(0)).map_err(convert)?;
    Ok(count as usize)
}

/// Reads rows; none where rung's tables do not exist.
fn rows<T>(
    connection: &Connection,
    schema: &str,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, DbError> {
    let mut prepared = connection.prepare(sql);
    if prepared.as_ref().is_err_and(is_missing) {
        match own_count(connection, schema)? {
            0 => return Ok(Vec::new()),
            // They were made by another process in between.
            count if count == OWN.len() => prepared = connection.prepare(sql),
            _ => {}
        }
    }
    let mut statement = prepared.map_err(|error| {
        let is_missing = is_missing(&error);
        let error = convert(error);
        if !is_missing {
            return error;
        }
        let message = format!("some of rung's own tables are there and others are not: {}", error.message);
        DbError { message, ..error }
            .with_hint("restore them from a backup: the history is not complete, and rung does not guess")
    })?;
    statement.query_map(parameters, read).map_err(convert)?.collect::<Result<_, _>>().map_err(convert)
}

fn is_missing(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqlInputError { msg, .. } if msg.starts_with("no such table"))
        || matches!(error, rusqlite::Error::SqliteFailure(_, Some(text)) if text.starts_with("no such table"))
}

/// The history, by one query. The format's version comes with every row, and alone where there are none.
pub(crate) fn history(connection: &Connection, schema: &str) -> Result<History, DbError> {
    let sql = format!(
        "SELECT f.version, m.id, m.status, m.checksum, m.fingerprint, m.depends_on, m.applied_at, m.execution_time_ms, \
         m.down_sql IS NOT NULL, m.sequence, m.error_message FROM {} f LEFT JOIN {} m",
        SQLITE.own_table(schema, "format"),
        SQLITE.own_table(schema, "schema_migrations")
    );
    let found = rows(connection, schema, &sql, [], |row| {
        let format: u32 = row.get(0)?;
        if format > FORMAT_VERSION {
            return Ok(Err(format));
        }
        let Some(id) = row.get::<_, Option<String>>(1)? else { return Ok(Ok(None)) };
        let digest = |at: usize| -> rusqlite::Result<Digest> {
            Ok(Digest::from_hex(row.get_ref(at)?.as_str()?).unwrap_or(Digest([0; 32])))
        };
        Ok(Ok(Some(Applied {
            status: Status::parse(row.get_ref(2)?.as_str()?).unwrap_or(Status::Failed),
            checksum: digest(3)?,
            fingerprint: digest(4)?,
            depends_on: json_list(row.get_ref(5)?.as_str()?),
            applied_at: row.get(6)?,
            execution_time_ms: row.get(7)?,
            has_down: row.get(8)?,
            sequence: row.get(9)?,
            error: row.get(10)?,
            id,
        })))
    })?;
    let rows: Result<Vec<Option<Applied>>, u32> = found.into_iter().collect();
    match rows {
        Ok(rows) => Ok(History::new(rows.into_iter().flatten().collect())),
        Err(format) => Err(newer(format)),
    }
}

pub(crate) fn newer(format: u32) -> DbError {
    DbError::new(
        DbErrorKind::NewerFormat,
        format!("the history was written by a newer rung (format {format}; this one knows {FORMAT_VERSION})"),
    )
    .with_hint("install that version of rung; nothing was changed")
}

/// The version of the tables; `None` where there are none.
pub(crate) fn format_version(connection: &Connection, schema: &str) -> Result<Option<u32>, DbError> {
    let sql = format!("SELECT version FROM {}", SQLITE.own_table(schema, "format"));
    Ok(rows(connection, schema, &sql, [], |row| row.get(0))?.pop())
}

/// One column of one migration's row.
pub(crate) fn stored(connection: &Connection, schema: &str, column: &str, id: &str) -> Result<Option<String>, DbError> {
    let sql = format!("SELECT {column} FROM {} WHERE id = ?1", SQLITE.own_table(schema, "schema_migrations"));
    Ok(rows(connection, schema, &sql, [id], |row| row.get(0))?.pop().flatten())
}

pub(crate) fn journal(
    connection: &Connection,
    schema: &str,
    id: &str,
    direction: Direction,
) -> Result<Vec<JournalRow>, DbError> {
    let sql = format!(
        "SELECT statement_index, fingerprint, state FROM {} WHERE migration_id = ?1 AND direction = ?2 ORDER BY 1",
        SQLITE.own_table(schema, "statement_journal")
    );
    rows(connection, schema, &sql, [id, direction.as_str()], |row| {
        Ok(JournalRow {
            index: row.get::<_, u32>(0)? as usize,
            fingerprint: row.get(1)?,
            state: JournalState::parse(row.get_ref(2)?.as_str()?).unwrap_or(JournalState::Intent),
        })
    })
}

pub(crate) fn log(connection: &Connection, schema: &str, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
    if let Some(format) = format_version(connection, schema)?.filter(|format| *format > FORMAT_VERSION) {
        return Err(newer(format));
    }
    let limit = limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
    // Ids are version 7 UUIDs: they order by time, finer than the times do.
    let sql = format!(
        "SELECT migration_id, direction, executed_at, status, execution_time_ms, error_message, executed_by, host, \
         statements_done FROM {} ORDER BY id DESC LIMIT ?1",
        SQLITE.own_table(schema, "migration_history")
    );
    rows(connection, schema, &sql, [limit], |row| {
        Ok(HistoryEntry {
            migration_id: row.get(0)?,
            direction: row.get(1)?,
            executed_at: row.get(2)?,
            status: row.get(3)?,
            execution_time_ms: row.get(4)?,
            error_message: row.get(5)?,
            executed_by: row.get(6)?,
            host: row.get(7)?,
            statements_done: row.get(8)?,
        })
    })
}

pub(crate) fn tags(connection: &Connection, schema: &str) -> Result<Vec<Tag>, DbError> {
    let sql = format!(
        "SELECT name, migration_id, tagged_at FROM {} ORDER BY tagged_at, name",
        SQLITE.own_table(schema, "tags")
    );
    rows(connection, schema, &sql, [], |row| {
        Ok(Tag { name: row.get(0)?, migration_id: row.get(1)?, tagged_at: row.get(2)? })
    })
}

pub(crate) fn seeds(connection: &Connection, schema: &str) -> Result<Vec<(String, String)>, DbError> {
    let sql = format!("SELECT path, checksum FROM {}", SQLITE.own_table(schema, "seed_history"));
    rows(connection, schema, &sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The tables of other tools that are written along: tool and table. Those of the first format have no such table.
pub(crate) fn kept(connection: &Connection, schema: &str) -> Result<Vec<(String, String)>, DbError> {
    if format_version(connection, schema)?.is_none_or(|format| format < 2) {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT tool, name FROM {} ORDER BY tool", SQLITE.own_table(schema, "keep_writing"));
    rows(connection, schema, &sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The tables and views of the main database.
pub(crate) fn strangers(connection: &Connection) -> Result<Vec<Table>, DbError> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";
    let mut statement = connection.prepare(sql).map_err(convert)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(convert)?;
    let tables = names.map(|name| stranger(connection, &name.map_err(convert)?));
    Ok(tables.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// A table or view that somebody else has made in the main database.
pub(crate) fn stranger(connection: &Connection, name: &str) -> Result<Option<Table>, DbError> {
    let columns = columns(connection, "main", name)?;
    Ok((!columns.is_empty()).then(|| Table {
        database: String::new(),
        schema: String::new(),
        name: name.to_owned(),
        qualified: if is_plain(name) { name.to_owned() } else { SQLITE.quote_identifier(name) },
        columns,
    }))
}

fn columns(connection: &Connection, database: &str, name: &str) -> Result<Vec<Column>, DbError> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1, ?2)").map_err(convert)?;
    let column = |row: &Row<'_>| Ok(Column { name: row.get(0)?, kind: row.get(1)? });
    let columns = statement.query_map([name, database], column).map_err(convert)?;
    columns.collect::<Result<_, _>>().map_err(convert)
}

/// A table of another database, as a temporary copy of what it holds now. That database does not stay attached: what this one
/// lacks would be looked for there.
pub(crate) fn stranger_beside(
    connection: &Connection,
    schema: &str,
    path: &Path,
    name: &str,
) -> Result<Option<Table>, DbError> {
    connection.execute("ATTACH DATABASE ?1 AS rung_beside", [&*path.to_string_lossy()]).map_err(convert)?;
    let copy = SQLITE.quote_identifier(&format!("{schema}.{name}"));
    let copied = columns(connection, "rung_beside", name).and_then(|columns| {
        if !columns.is_empty() {
            let from = SQLITE.quote_identifier(name);
            let sql = format!(
                "DROP TABLE IF EXISTS temp.{copy}; CREATE TEMP TABLE {copy} AS SELECT * FROM rung_beside.{from}"
            );
            connection.execute_batch(&sql).map_err(convert)?;
        }
        Ok(columns)
    });
    connection.execute("DETACH DATABASE rung_beside", []).map_err(convert)?;
    let columns = copied?;
    Ok((!columns.is_empty()).then(|| Table {
        database: String::new(),
        schema: schema.to_owned(),
        name: name.to_owned(),
        qualified: copy,
        columns,
    }))
}

/// Whether a name may stand without quotes: no keyword has a `_`, but for CURRENT_TIME and its like.
fn is_plain(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.contains('_')
        && name.bytes().all(is_word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.to_ascii_lowercase().starts_with("current_")
}

/// A list of texts as this crate writes it.
fn json_list(json: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut chars = json.chars();
    while let Some(c) = chars.next() {
        if c != '"' {
            continue;
        }
        let mut item = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => match chars.next() {
                    Some('u') => {
                        let code: String = chars.by_ref().take(4).collect();
                        item.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                    }
                    Some(c) => item.push(c),
                    None => break,
                },
                c => item.push(c),
            }
        }
        items.push(item);
    }
    items
}
