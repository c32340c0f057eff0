//! Reading rung's own tables.

use rung_engine::{
    Applied, DbError, DbErrorKind, Dialect, Digest, Direction, FORMAT_VERSION, History, HistoryEntry, JournalRow,
    JournalState, Status, Tag,
};

use crate::POSTGRES;
use crate::wire::{Rows, Wire};

/// Rows of a query; none where the table or its schema does not exist.
fn rows(wire: &mut Wire, sql: &str) -> Result<Rows, DbError> {
    match wire.query(sql) {
        Ok(reply) => Ok(reply.rows),
        Err(error) if matches!(error.code.as_deref(), Some("42P01" | "3F000")) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What the first query of a connection tells.
pub(crate) struct Beginning {
    pub(crate) history: History,
    /// The process that answered.
    pub(crate) backend: Option<i32>,
    /// The version of rung's own tables, where there are any.
    pub(crate) format: Option<u32>,
}

/// The history, by one query. The server process and the format's version come with every row.
pub(crate) fn history(wire: &mut Wire, schema: &str) -> Result<Beginning, DbError> {
    let sql = format!(
        "SELECT pg_catalog.pg_backend_pid(), f.version, m.id, m.status, m.checksum, m.fingerprint, m.depends_on, \
         m.applied_at, m.execution_time_ms, m.down_sql IS NOT NULL, m.sequence, m.error_message \
         FROM {} f LEFT JOIN {} m ON true",
        POSTGRES.own_table(schema, "format"),
        POSTGRES.own_table(schema, "schema_migrations")
    );
    let mut beginning = Beginning { history: History::default(), backend: None, format: None };
    let mut applied = Vec::new();
    for mut row in rows(wire, &sql)? {
        let mut take = |at: usize| row.get_mut(at).and_then(Option::take);
        if beginning.format.is_none() {
            beginning.backend = take(0).and_then(|pid| pid.parse().ok());
            beginning.format = take(1).and_then(|version| version.parse().ok());
            if let Some(format) = beginning.format.filter(|format| *format > FORMAT_VERSION) {
                return Err(newer(format));
            }
        }
        let Some(id) = take(2) else { continue };
        let digest = |text: Option<String>| text.and_then(|text| Digest::from_hex(&text)).unwrap_or(Digest([0; 32]));
        applied.push(Applied {
            id,
            status: take(3).and_then(|status| Status::parse(&status)).unwrap_or(Status::Failed),
            checksum: digest(take(4)),
            fingerprint: digest(take(5)),
            depends_on: array(&take(6).unwrap_or_default()),
            applied_at: rfc3339(take(7)),
            execution_time_ms: take(8).and_then(|ms| ms.parse().ok()),
            has_down: take(9).as_deref() == Some("t"),
            sequence: take(10).and_then(|sequence| sequence.parse().ok()).unwrap_or(0),
            error: take(11),
        });
    }
    beginning.history = History::new(applied);
    Ok(beginning)
}

pub(crate) fn newer(format: u32) -> DbError {
    DbError::new(
        DbErrorKind::NewerFormat,
        format!("the history was written by a newer rung (format {format}; this one knows {FORMAT_VERSION})"),
    )
    .with_hint("install that version of rung; nothing was changed")
}

pub(crate) fn format_version(wire: &mut Wire, schema: &str) -> Result<Option<u32>, DbError> {
    let sql = format!("SELECT version FROM {}", POSTGRES.own_table(schema, "format"));
    Ok(first(rows(wire, &sql)?).and_then(|version| version.parse().ok()))
}

pub(crate) fn stored(wire: &mut Wire, schema: &str, column: &str, id: &str) -> Result<Option<String>, DbError> {
    let table = POSTGRES.own_table(schema, "schema_migrations");
    Ok(first(rows(wire, &format!("SELECT {column} FROM {table} WHERE id = {}", POSTGRES.quote_literal(id)))?))
}

pub(crate) fn journal(
    wire: &mut Wire,
    schema: &str,
    id: &str,
    direction: Direction,
) -> Result<Vec<JournalRow>, DbError> {
    let sql = format!(
        "SELECT statement_index, fingerprint, state FROM {} WHERE migration_id = {} AND direction = '{}' ORDER BY 1",
        POSTGRES.own_table(schema, "statement_journal"),
        POSTGRES.quote_literal(id),
        direction.as_str()
    );
    let read = |row: Vec<Option<String>>| -> Option<JournalRow> {
        let mut values = row.into_iter();
        Some(JournalRow {
            index: values.next()??.parse().ok()?,
            fingerprint: values.next()??,
            state: JournalState::parse(&values.next()??)?,
        })
    };
    Ok(rows(wire, &sql)?.into_iter().filter_map(read).collect())
}

pub(crate) fn log(wire: &mut Wire, schema: &str, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
    let limit = limit.map_or_else(|| "ALL".to_owned(), |limit| limit.to_string());
    // Ids are version 7 UUIDs: they order by time, finer than the times do.
    let sql = format!(
        "SELECT migration_id, direction, executed_at, status, execution_time_ms, error_message, executed_by, host, \
         statements_done FROM {} ORDER BY id DESC LIMIT {limit}",
        POSTGRES.own_table(schema, "migration_history")
    );
    let read = |mut row: Vec<Option<String>>| {
        let mut take = |at: usize| row.get_mut(at).and_then(Option::take);
        HistoryEntry {
            migration_id: take(0).unwrap_or_default(),
            direction: take(1).unwrap_or_default(),
            executed_at: rfc3339(take(2)),
            status: take(3).unwrap_or_default(),
            execution_time_ms: take(4).and_then(|ms| ms.parse().ok()),
            error_message: take(5),
            executed_by: take(6).unwrap_or_default(),
            host: take(7).unwrap_or_default(),
            statements_done: take(8).and_then(|done| done.parse().ok()),
        }
    };
    Ok(rows(wire, &sql)?.into_iter().map(read).collect())
}

pub(crate) fn tags(wire: &mut Wire, schema: &str) -> Result<Vec<Tag>, DbError> {
    let table = POSTGRES.own_table(schema, "tags");
    let found = rows(wire, &format!("SELECT name, migration_id, tagged_at FROM {table} ORDER BY tagged_at, name"))?;
    let read = |row: Vec<Option<String>>| {
        let mut values = row.into_iter();
        let mut text = || values.next().flatten().unwrap_or_default();
        Tag { name: text(), migration_id: text(), tagged_at: rfc3339(Some(text())) }
    };
    Ok(found.into_iter().map(read).collect())
}

pub(crate) fn seeds(wire: &mut Wire, schema: &str) -> Result<Vec<(String, String)>, DbError> {
    let found = rows(wire, &format!("SELECT path, checksum FROM {}", POSTGRES.own_table(schema, "seed_history")))?;
    let read = |row: Vec<Option<String>>| {
        let mut values = row.into_iter();
        Some((values.next()??, values.next()??))
    };
    Ok(found.into_iter().filter_map(read).collect())
}

fn first(rows: Rows) -> Option<String> {
    rows.into_iter().next()?.into_iter().next()?
}

/// `2026-11-20 10:14:03.25+00` as RFC 3339.
fn rfc3339(text: Option<String>) -> String {
    let mut text = text.unwrap_or_default().replacen(' ', "T", 1);
    let zone = text.rfind(['+', '-']).filter(|at| *at > 10);
    if zone.is_some_and(|at| text.len() - at == 3) {
        text.push_str(":00");
    }
    text
}

/// A `text[]` in its text form (PostgreSQL 8.15.6).
fn array(text: &str) -> Vec<String> {
    let inner = text.trim_start_matches('{').trim_end_matches('}');
    let mut items = Vec::new();
    let mut item = String::new();
    let (mut quoted, mut any) = (false, false);
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => item.extend(chars.next()),
            ',' if !quoted => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            c => item.push(c),
        }
        any = true;
    }
    if any || !items.is_empty() {
        items.push(item);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_the_server_writes_them() {
        assert_eq!(array("{}"), Vec::<String>::new());
        assert_eq!(array("{001_a,002_b}"), ["001_a", "002_b"]);
        assert_eq!(array(r#"{"a,b","say \"so\"","back\\slash"}"#), ["a,b", "say \"so\"", "back\\slash"]);
    }

    #[test]
    fn times_become_rfc3339() {
        assert_eq!(rfc3339(Some("2026-11-20 10:14:03.25+00".to_owned())), "2026-11-20T10:14:03.25+00:00");
        assert_eq!(rfc3339(Some("2026-11-20 10:14:03+05:30".to_owned())), "2026-11-20T10:14:03+05:30");
    }
}
