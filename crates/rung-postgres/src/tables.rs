//! Reading rung's own tables.

use rung_engine::{
    Applied, DbError, DbErrorKind, Dialect, Digest, Direction, FORMAT_VERSION, History, HistoryEntry, JournalRow,
    JournalState, Status, Tag,
};
use tokio_postgres::SimpleQueryRow;

use crate::POSTGRES;
use crate::wire::{Wire, first, parsed, text, value};

/// The tables and functions that rung owns.
pub(crate) const OWN: [&str; 10] = [
    "format",
    "schema_migrations",
    "migration_history",
    "statement_journal",
    "tags",
    "seed_history",
    "keep_writing",
    "database_schema",
    "lease",
    "only_added_to",
];

/// What the first query of a connection tells.
#[derive(Default)]
pub(crate) struct Beginning {
    pub(crate) history: History,
    /// The process that answered, where there are tables.
    pub(crate) backend: Option<i32>,
}

/// rung's own tables, over a connection.
pub(crate) struct Tables<'a> {
    pub(crate) wire: &'a mut Wire,
    pub(crate) schema: &'a str,
    /// Whether the session writes times as ISO 8601 has them.
    pub(crate) iso_dates: bool,
}

impl Tables<'_> {
    fn table(&self, name: &str) -> String {
        POSTGRES.own_table(self.schema, name)
    }

    /// Rows of a query; none where the table or its schema does not exist.
    fn rows(&mut self, sql: &str) -> Result<Vec<SimpleQueryRow>, DbError> {
        match self.wire.query(sql) {
            Err(error) if matches!(error.code.as_deref(), Some("42P01" | "3F000")) => Ok(Vec::new()),
            other => other,
        }
    }

    /// An expression for a time in UTC, as [`utc`] reads it. With the usual setting the server's own way of writing it
    /// will do, which matters for ten thousand rows.
    fn time(&self, column: &str) -> String {
        if self.iso_dates {
            format!("pg_catalog.timezone('UTC', {column})")
        } else {
            format!("pg_catalog.to_char(pg_catalog.timezone('UTC', {column}), 'YYYY-MM-DD HH24:MI:SS.US')")
        }
    }

    /// The history, by one query. A row that is no migration's has the server process and the version of the format.
    pub(crate) fn history(&mut self) -> Result<Beginning, DbError> {
        let sql = format!(
            "SELECT NULL, pg_catalog.pg_backend_pid()::text, version::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM {} \
             UNION ALL SELECT id, status, checksum, fingerprint, depends_on, {}, \
             execution_time_ms, down_sql IS NOT NULL, sequence, error_message FROM {}",
            self.table("format"),
            self.time("applied_at"),
            self.table("schema_migrations")
        );
        let rows = self.rows(&sql)?;
        let mut beginning = Beginning::default();
        let mut applied = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(id) = value(&row, 0) else {
                beginning.backend = parsed(&row, 1);
                if let Some(format) = parsed(&row, 2).filter(|format| *format > FORMAT_VERSION) {
                    return Err(newer(format));
                }
                continue;
            };
            let digest = |at| value(&row, at).and_then(Digest::from_hex).unwrap_or(Digest([0; 32]));
            applied.push(Applied {
                id: id.to_owned(),
                status: value(&row, 1).and_then(Status::parse).unwrap_or(Status::Failed),
                checksum: digest(2),
                fingerprint: digest(3),
                depends_on: array(value(&row, 4).unwrap_or_default()),
                applied_at: utc(value(&row, 5)),
                execution_time_ms: parsed(&row, 6),
                has_down: value(&row, 7) == Some("t"),
                sequence: parsed(&row, 8).unwrap_or(0),
                error: value(&row, 9).map(str::to_owned),
            });
        }
        beginning.history = History::new(applied);
        Ok(beginning)
    }

    pub(crate) fn format_version(&mut self) -> Result<Option<u32>, DbError> {
        let sql = format!("SELECT version FROM {}", self.table("format"));
        Ok(first(&self.rows(&sql)?).and_then(|version| version.parse().ok()))
    }

    /// Where rung has no tables yet, somebody else may have one of that name: it is not ours to write to.
    pub(crate) fn refuse_strangers(&mut self) -> Result<(), DbError> {
        let table = self.table("schema_migrations");
        let sql = format!("SELECT pg_catalog.to_regclass({}) IS NOT NULL", POSTGRES.quote_literal(&table));
        if first(&self.wire.query(&sql)?) == Some("t") {
            return Err(DbError::new(DbErrorKind::Config, format!("there is a table {table} that is not rung's"))
                .with_hint("rename it, or give rung's own tables another schema in rung.toml"));
        }
        Ok(())
    }

    pub(crate) fn stored(&mut self, column: &str, id: &str) -> Result<Option<String>, DbError> {
        let table = self.table("schema_migrations");
        let rows = self.rows(&format!("SELECT {column} FROM {table} WHERE id = {}", POSTGRES.quote_literal(id)))?;
        Ok(first(&rows).map(str::to_owned))
    }

    pub(crate) fn journal(&mut self, id: &str, direction: Direction) -> Result<Vec<JournalRow>, DbError> {
        let sql = format!(
            "SELECT statement_index, fingerprint, state FROM {} WHERE migration_id = {} AND direction = '{}' ORDER BY 1",
            self.table("statement_journal"),
            POSTGRES.quote_literal(id),
            direction.as_str()
        );
        let read = |row: &SimpleQueryRow| {
            let state = value(row, 2).and_then(JournalState::parse)?;
            Some(JournalRow { index: parsed(row, 0)?, fingerprint: text(row, 1), state })
        };
        Ok(self.rows(&sql)?.iter().filter_map(read).collect())
    }

    pub(crate) fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
        if let Some(format) = self.format_version()?.filter(|format| *format > FORMAT_VERSION) {
            return Err(newer(format));
        }
        let limit = limit.map_or_else(|| "ALL".to_owned(), |limit| limit.to_string());
        // Ids are version 7 UUIDs: they order by time, finer than the times do.
        let sql = format!(
            "SELECT migration_id, direction, {}, status, execution_time_ms, error_message, executed_by, host, \
             statements_done FROM {} ORDER BY id DESC LIMIT {limit}",
            self.time("executed_at"),
            self.table("migration_history")
        );
        let read = |row: &SimpleQueryRow| HistoryEntry {
            migration_id: text(row, 0),
            direction: text(row, 1),
            executed_at: utc(value(row, 2)),
            status: text(row, 3),
            execution_time_ms: parsed(row, 4),
            error_message: value(row, 5).map(str::to_owned),
            executed_by: text(row, 6),
            host: text(row, 7),
            statements_done: parsed(row, 8),
        };
        Ok(self.rows(&sql)?.iter().map(read).collect())
    }

    pub(crate) fn tags(&mut self) -> Result<Vec<Tag>, DbError> {
        let sql = format!(
            "SELECT name, migration_id, {} FROM {} ORDER BY tagged_at, name",
            self.time("tagged_at"),
            self.table("tags")
        );
        let read = |row: &SimpleQueryRow| Tag {
            name: text(row, 0),
            migration_id: text(row, 1),
            tagged_at: utc(value(row, 2)),
        };
        Ok(self.rows(&sql)?.iter().map(read).collect())
    }

    pub(crate) fn kept(&mut self) -> Result<Vec<(String, String)>, DbError> {
        let sql = format!("SELECT tool, name FROM {} ORDER BY tool", self.table("keep_writing"));
        Ok(self.rows(&sql)?.iter().map(|row| (text(row, 0), text(row, 1))).collect())
    }

    pub(crate) fn seeds(&mut self) -> Result<Vec<(String, String)>, DbError> {
        let sql = format!("SELECT path, checksum FROM {}", self.table("seed_history"));
        Ok(self.rows(&sql)?.iter().map(|row| (text(row, 0), text(row, 1))).collect())
    }
}

pub(crate) fn newer(format: u32) -> DbError {
    DbError::new(
        DbErrorKind::NewerFormat,
        format!("the history was written by a newer rung (format {format}; this one knows {FORMAT_VERSION})"),
    )
    .with_hint("install that version of rung; nothing was changed")
}

/// `2026-11-20 10:14:03.25`, in UTC, as RFC 3339.
fn utc(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!("{}Z", text.replacen(' ', "T", 1)))
}

/// A `text[]` in its text form (PostgreSQL 8.15.6).
pub(crate) fn array(text: &str) -> Vec<String> {
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
        assert_eq!(array(""), Vec::<String>::new());
        assert_eq!(array("{}"), Vec::<String>::new());
        assert_eq!(array("{001_a,002_b}"), ["001_a", "002_b"]);
        assert_eq!(array(r#"{"a,b","say \"so\"","back\\slash","{x}"}"#), ["a,b", "say \"so\"", "back\\slash", "{x}"]);
    }

    #[test]
    fn times_become_rfc3339() {
        assert_eq!(utc(Some("2026-11-20 10:14:03.25")), "2026-11-20T10:14:03.25Z");
    }
}
