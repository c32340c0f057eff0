//! Whether a statement's effect is in the schema.

use rung_engine::{DbError, Dialect, Probe};
use rung_sql::{Effect, ObjectKind, ObjectName};
use rusqlite::{Connection, OptionalExtension};

use crate::SQLITE;
use crate::error::convert;

pub(crate) fn probe(connection: &Connection, effect: &Effect) -> Result<Probe, DbError> {
    let found = match effect {
        Effect::CreateIndex { name: Some(name), .. } => exists(connection, "index", name)?,
        Effect::Create { kind, name } => match word(*kind) {
            Some(kind) => exists(connection, kind, name)?,
            None => None,
        },
        Effect::Drop { kind, names, .. } => match (word(*kind), names.as_slice()) {
            (Some(kind), [name]) => exists(connection, kind, name)?.map(|found| !found),
            _ => None,
        },
        // What is not there to be looked at has not got it, and running the statement says so.
        Effect::AddColumn { table, column } => has_column(connection, table, column)?.or(Some(false)),
        Effect::DropColumn { table, column } => has_column(connection, table, column)?.map(|found| !found),
        Effect::Repeatable | Effect::Session | Effect::Reindex { .. } => return Ok(Probe::Repeatable),
        _ => None,
    };
    Ok(match found {
        Some(true) => Probe::Done,
        Some(false) => Probe::NotDone,
        None => Probe::Unknown,
    })
}

fn word(kind: ObjectKind) -> Option<&'static str> {
    match kind {
        ObjectKind::Table => Some("table"),
        ObjectKind::Index => Some("index"),
        ObjectKind::View => Some("view"),
        ObjectKind::Trigger => Some("trigger"),
        _ => None,
    }
}

/// Whether there is an object; `None` where its database is not attached.
fn exists(connection: &Connection, kind: &str, name: &ObjectName) -> Result<Option<bool>, DbError> {
    let Some(schema) = attached(connection, name)? else { return Ok(None) };
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {}.sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE)",
        SQLITE.quote_identifier(&schema)
    );
    connection.query_row(&sql, [kind, &name.name], |row| row.get(0)).map(Some).map_err(convert)
}

/// Whether a table has a column; `None` where there is no such table to look at.
fn has_column(connection: &Connection, table: &ObjectName, column: &str) -> Result<Option<bool>, DbError> {
    if exists(connection, "table", table)? != Some(true) {
        return Ok(None);
    }
    let schema = table.schema.as_deref().unwrap_or("main");
    // `xinfo` shows generated columns too.
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_xinfo(?1, ?2) WHERE name = ?3 COLLATE NOCASE)";
    connection.query_row(sql, [&table.name, schema, column], |row| row.get(0)).map(Some).map_err(convert)
}

fn attached(connection: &Connection, name: &ObjectName) -> Result<Option<String>, DbError> {
    let schema = name.schema.as_deref().unwrap_or("main");
    let sql = "SELECT name FROM pragma_database_list WHERE name = ?1 COLLATE NOCASE";
    let found = connection.query_row(sql, [schema], |row| row.get(0)).optional().map_err(convert)?;
    // It is always there, and listed only once something is in it.
    Ok(found.or_else(|| schema.eq_ignore_ascii_case("temp").then(|| "temp".to_owned())))
}
