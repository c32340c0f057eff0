//! Single statements: running them to their end, and reading what they answer.

use rung_engine::{DbError, Dialect, describe_rows, describe_value};
use rung_sql::{TransactionControl, Want};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::SQLITE;
use crate::error::convert;

/// A row, every value as text.
pub(crate) type TextRow = Vec<Option<String>>;

/// Runs one statement to its end; returns the rows that it changed, or that it gave.
pub(crate) fn step_all(connection: &Connection, sql: &str) -> Result<u64, DbError> {
    let mut statement = connection.prepare(sql).map_err(convert)?;
    let gives_rows = statement.column_count() > 0;
    let before = connection.total_changes();
    let mut rows = statement.raw_query();
    let mut count = 0;
    while rows.next().map_err(convert)?.is_some() {
        count += 1;
    }
    if gives_rows {
        return Ok(count);
    }
    // `changes` keeps the count of the last statement that changed rows, whichever that was.
    Ok(if connection.total_changes() == before { 0 } else { connection.changes() })
}

/// Whether a statement opens or ends a transaction; savepoints do not.
pub(crate) fn ends_transaction(sql: &str) -> bool {
    use TransactionControl::{Begin, Commit, Rollback};
    matches!(SQLITE.facts(sql).transaction, Some(Begin | Commit | Rollback))
}

/// Runs a query; every value as text.
pub(crate) fn query_all(connection: &Connection, sql: &str) -> Result<Vec<TextRow>, DbError> {
    let mut statement = connection.prepare(sql).map_err(convert)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(convert)? {
        found.push(text_row(row, columns)?);
    }
    Ok(found)
}

/// Runs a query that must come out as wanted; says what came out instead. Of many rows only the first is kept.
pub(crate) fn check(connection: &Connection, sql: &str, want: Want) -> Result<Result<(), String>, DbError> {
    let mut statement = connection.prepare(sql).map_err(convert)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut first = None;
    let mut count = 0_usize;
    while let Some(row) = rows.next().map_err(convert)? {
        count += 1;
        if first.is_none() {
            first = Some(text_row(row, columns)?);
        }
    }
    Ok(match (want, first.as_deref()) {
        (Want::NoRows, None) | (Want::Success, _) => Ok(()),
        (Want::NoRows, Some(row)) => Err(describe_rows(count, row.iter().map(Option::as_deref))),
        (Want::True | Want::Count(..), None) => Err("no rows".to_owned()),
        (Want::True | Want::Count(..), Some([value])) if count == 1 => {
            let number = || value.as_deref().and_then(|text| text.parse().ok());
            let holds = match want {
                Want::Count(op, count) => number().is_some_and(|number| op.holds(number, count)),
                _ => is_true(value.as_deref()),
            };
            if holds { Ok(()) } else { Err(describe_value(value.as_deref())) }
        }
        (_, Some(_)) if count == 1 => Err(format!("{columns} columns")),
        (_, Some(_)) => Err(format!("{count} rows")),
    })
}

/// SQLite has no booleans: true is any number but 0, and what programs write for it.
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|text| {
        text.eq_ignore_ascii_case("t")
            || text.eq_ignore_ascii_case("true")
            || text.parse::<f64>().is_ok_and(|number| number != 0.0 && !number.is_nan())
    })
}

fn text_row(row: &Row<'_>, columns: usize) -> Result<TextRow, DbError> {
    (0..columns).map(|at| row.get_ref(at).map(as_text).map_err(convert)).collect()
}

fn as_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use rung_sql::Want;
    use rusqlite::Connection;

    use super::{check, step_all};

    #[test]
    fn what_a_check_accepts() {
        let connection = Connection::open_in_memory().expect("memory");
        let got = |sql: &str, want| check(&connection, sql, want).expect(sql).err();
        for yes in ["1", "2", "-1", "0.5", "'t'", "'true'", "'TRUE'", "true", "1 = 1", "count(*)"] {
            assert_eq!(got(&format!("SELECT {yes}"), Want::True), None, "{yes}");
        }
        for (sql, answer) in [
            ("SELECT 0", "0"),
            ("SELECT 0.0", "0"),
            ("SELECT NULL", "NULL"),
            ("SELECT 'yes'", "yes"),
            ("SELECT ''", ""),
            ("SELECT 1 WHERE 0", "no rows"),
            ("SELECT 1, 1", "2 columns"),
            ("SELECT 1 UNION ALL SELECT 1", "2 rows"),
        ] {
            assert_eq!(got(sql, Want::True).as_deref(), Some(answer), "{sql}");
        }
        assert_eq!(got("SELECT 1 WHERE 0", Want::NoRows), None);
        assert_eq!(got("SELECT NULL, 7", Want::NoRows).as_deref(), Some("1 row, the first being NULL, 7"));
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n";
        assert_eq!(got(many, Want::NoRows).as_deref(), Some("9 rows, the first being 1"));
    }

    #[test]
    fn rows_affected() {
        let connection = Connection::open_in_memory().expect("memory");
        for (sql, rows) in [
            ("CREATE TABLE t (a)", 0),
            ("INSERT INTO t VALUES (1), (2), (3)", 3),
            ("CREATE TABLE u (b)", 0),
            ("UPDATE t SET a = a + 1 WHERE a > 1", 2),
            ("DELETE FROM t WHERE a > 9", 0),
            ("SELECT a FROM t", 3),
            ("DELETE FROM t RETURNING a", 3),
        ] {
            assert_eq!(step_all(&connection, sql).expect(sql), rows, "{sql}");
        }
        let error = step_all(&connection, "SELECT 1; SELECT 2").expect_err("two statements");
        assert_eq!(error.message, "Multiple statements provided");
    }
}
