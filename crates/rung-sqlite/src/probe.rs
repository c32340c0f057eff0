//! Whether a statement's effect is in the schema.

use rung_engine::{DbError, Dialect, Probe};
use rung_sql::{Effect, ObjectKind, ObjectName};
use rusqlite::Connection;

use crate::SQLITE;
use crate::error::convert;

pub(crate) fn probe(connection: &Connection, effect: &Effect) -> Result<Probe, DbError> {
    let there = |found: bool| Ok(if found { Probe::Done } else { Probe::NotDone });
    let gone = |found: bool| there(!found);
    match effect {
        Effect::CreateIndex { name: Some(name), .. } => there(exists(connection, "index", name)?),
        Effect::Create { kind, name } => match word(*kind) {
            Some(kind) => there(exists(connection, kind, name)?),
            None => Ok(Probe::Unknown),
        },
        Effect::Drop { kind, names, .. } => match (word(*kind), names.first()) {
            (Some(kind), Some(name)) => gone(exists(connection, kind, name)?),
            _ => Ok(Probe::Unknown),
        },
        Effect::AddColumn { table, column } => there(has_column(connection, table, column)?),
        Effect::DropColumn { table, column } => gone(has_column(connection, table, column)?),
        Effect::Repeatable | Effect::Reindex { .. } => Ok(Probe::Repeatable),
        _ => Ok(Probe::Unknown),
    }
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

fn exists(connection: &Connection, kind: &str, name: &ObjectName) -> Result<bool, DbError> {
    let schema = SQLITE.quote_identifier(name.schema.as_deref().unwrap_or("main"));
    let sql = format!("SELECT count(*) FROM {schema}.sqlite_schema WHERE type = ?1 AND lower(name) = lower(?2)");
    connection.query_row(&sql, [kind, &name.name], |row| row.get::<_, i64>(0)).map(|count| count > 0).map_err(convert)
}

fn has_column(connection: &Connection, table: &ObjectName, column: &str) -> Result<bool, DbError> {
    let sql = "SELECT count(*) FROM pragma_table_xinfo(?1) WHERE lower(name) = lower(?2)";
    connection.query_row(sql, [&table.name, column], |row| row.get::<_, i64>(0)).map(|count| count > 0).map_err(convert)
}
