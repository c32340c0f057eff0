//! Running units: several share a transaction, each in a savepoint, so that one that fails takes nothing of those
//! before it along, and the disk is waited for once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rung_engine::{
    DbError, DbErrorKind, Dialect, Durability, Failure, Part, Record, Session, Unit, UnitError, UnitObserver, render,
};
use rung_sql::Want;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::SQLITE;
use crate::driver::Sqlite;
use crate::error::convert;

/// A transaction is ended after so many units, or so long: what is not committed is not reported as done.
const BATCH_UNITS: usize = 500;
const BATCH_TIME: Duration = Duration::from_secs(1);

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

/// Runs a query; every value as text.
pub(crate) fn query_all(connection: &Connection, sql: &str) -> Result<Vec<Vec<Option<String>>>, DbError> {
    let mut statement = connection.prepare(sql).map_err(convert)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(convert)? {
        let values = (0..columns).map(|at| row.get_ref(at).map(as_text).map_err(convert));
        found.push(values.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

fn as_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Whether an answer is one true value; what it was, where it is not.
fn is_true(rows: &[Vec<Option<String>>]) -> Result<(), String> {
    match rows {
        [row] if row.len() == 1 => match row[0].as_deref() {
            Some(text) if matches!(text.to_ascii_lowercase().as_str(), "t" | "true") => Ok(()),
            Some(text) if text.parse::<f64>().is_ok_and(|number| number != 0.0) => Ok(()),
            Some(text) => Err(text.to_owned()),
            None => Err("NULL".to_owned()),
        },
        [] => Err("no rows".to_owned()),
        [row] => Err(format!("{} columns", row.len())),
        several => Err(format!("{} rows", several.len())),
    }
}

/// Where in a unit it failed.
struct Stopped {
    part: Option<usize>,
    statement: Option<usize>,
    offset: Option<usize>,
    failure: Failure,
}

impl From<DbError> for Stopped {
    fn from(error: DbError) -> Self {
        Self { part: None, statement: None, offset: None, failure: Failure::Database(error) }
    }
}

impl Stopped {
    fn of_unit(self, unit: usize) -> Box<UnitError> {
        let Self { part, statement, offset, failure } = self;
        Box::new(UnitError { unit, part, statement, offset, failure })
    }
}

/// A transaction that units share.
#[derive(Default)]
struct Batch {
    units: Vec<(Unit, Duration)>,
    began: Option<Instant>,
}

impl Batch {
    fn is_full(&self, durability: Durability) -> bool {
        durability == Durability::Each
            || self.units.len() >= BATCH_UNITS
            || self.began.is_some_and(|began| began.elapsed() > BATCH_TIME)
    }
}

impl Sqlite {
    pub(crate) fn apply_units(
        &mut self,
        units: &mut dyn Iterator<Item = Unit>,
        durability: Durability,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        let mut batch = Batch::default();
        for unit in units {
            observer.started(unit.index);
            let index = unit.index;
            if batch.began.is_none() {
                self.begin(unit.timeouts.lock).map_err(|error| Stopped::from(error).of_unit(index))?;
                batch.began = Some(Instant::now());
            }
            let began = Instant::now();
            match self.in_savepoint(&unit) {
                Ok(()) => batch.units.push((unit, began.elapsed())),
                Err(stopped) => return Err(self.stop(batch, unit, stopped, observer)),
            }
            if batch.is_full(durability) {
                self.commit(&mut batch, observer)?;
            }
        }
        self.commit(&mut batch, observer)
    }

    /// Opens the transaction, waiting for other writers as long as a lock may be waited for.
    fn begin(&mut self, lock: Option<Duration>) -> Result<(), DbError> {
        let busy = self.options.busy_timeout;
        let connection = self.connected()?;
        let wait = match lock {
            Some(Duration::ZERO) => Duration::from_secs(24 * 3600),
            Some(lock) => lock,
            None => busy,
        };
        connection.busy_timeout(wait).map_err(convert)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(convert)
    }

    fn commit(&mut self, batch: &mut Batch, observer: &mut dyn UnitObserver) -> Result<(), Box<UnitError>> {
        let Batch { units, began } = std::mem::take(batch);
        if began.is_none() {
            return Ok(());
        }
        let Err(error) = self.connected().and_then(|connection| connection.execute_batch("COMMIT").map_err(convert))
        else {
            for (unit, took) in &units {
                observer.done(unit.index, *took);
            }
            return Ok(());
        };
        let _ = self.roll_back();
        match units.as_slice() {
            [(unit, _)] => Err(Stopped::from(error).of_unit(unit.index)),
            // One of them can't be committed (a deferred foreign key, a full disk): one by one it shows which.
            _ => self.one_by_one(units, observer),
        }
    }

    /// A unit failed: what is before it is committed, and the unit left nothing.
    fn stop(
        &mut self,
        mut batch: Batch,
        unit: Unit,
        stopped: Stopped,
        observer: &mut dyn UnitObserver,
    ) -> Box<UnitError> {
        let alive = self.connected().is_ok_and(|connection| {
            !connection.is_autocommit() && connection.execute_batch("ROLLBACK TO rung_unit; RELEASE rung_unit").is_ok()
        });
        if alive || batch.units.is_empty() {
            let index = unit.index;
            if batch.units.is_empty() {
                let _ = self.roll_back();
            } else if let Err(error) = self.commit(&mut batch, observer) {
                return error;
            }
            return stopped.of_unit(index);
        }
        // SQLite gave the whole transaction up (no room, an I/O error): those before it run again, each by itself.
        let _ = self.roll_back();
        match self.one_by_one(batch.units, observer) {
            Ok(()) => stopped.of_unit(unit.index),
            Err(error) => error,
        }
    }

    fn one_by_one(
        &mut self,
        units: Vec<(Unit, Duration)>,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        for (unit, _) in units {
            let index = unit.index;
            let began = Instant::now();
            self.begin(unit.timeouts.lock).map_err(|error| Stopped::from(error).of_unit(index))?;
            let result = self.in_savepoint(&unit).and_then(|()| {
                let connection = self.connected()?;
                connection.execute_batch("COMMIT").map_err(|error| convert(error).into())
            });
            if let Err(stopped) = result {
                let _ = self.roll_back();
                return Err(stopped.of_unit(index));
            }
            observer.done(index, began.elapsed());
        }
        Ok(())
    }

    fn in_savepoint(&mut self, unit: &Unit) -> Result<(), Stopped> {
        let began = Instant::now();
        let schema = self.options.schema.clone();
        self.limit_time(unit.timeouts.statement)?;
        self.connected()?.execute_batch("SAVEPOINT rung_unit").map_err(convert)?;
        if let Some(guard) = &unit.guard {
            let sql = format!(
                "SELECT count(*) FROM {} WHERE id = {} AND status = '{}'",
                SQLITE.own_table(&schema, "schema_migrations"),
                SQLITE.quote_literal(&guard.id),
                guard.status.as_str()
            );
            if is_true(&query_all(self.connected()?, &sql)?).is_err() {
                let message = format!("{} is not {}", guard.id, guard.status.as_str());
                return Err(DbError::new(DbErrorKind::Guard, message).into());
            }
        }
        let mut run = UnitRun { memory: HashMap::new(), affected: 0 };
        for (at, part) in unit.parts.iter().enumerate() {
            self.part(&mut run, part).map_err(|stopped| Stopped { part: Some(at), ..stopped })?;
            if self.connected()?.is_autocommit() {
                let message = "the migration ended rung's transaction by itself";
                let error = DbError::new(DbErrorKind::Statement, message)
                    .with_hint("add the line `-- @no-transaction` to run it statement by statement");
                return Err(Stopped { part: Some(at), ..error.into() });
            }
        }
        self.drop_temporary(unit)?;
        let connection = self.connected()?;
        for record in &unit.records {
            let sql = render(record, &SQLITE, &schema, Some(began.elapsed()));
            connection.execute_batch(&sql).map_err(convert)?;
        }
        Ok(connection.execute_batch("RELEASE rung_unit").map_err(convert)?)
    }

    fn part(&mut self, run: &mut UnitRun, part: &Part) -> Result<(), Stopped> {
        match part {
            Part::Sql { script, statements } => {
                let text = script.text();
                for (index, span) in statements.iter().enumerate() {
                    let result = self.timed(|connection| step_all(connection, &text[span.range()]));
                    run.affected = result.map_err(|error| Stopped {
                        part: None,
                        statement: Some(index),
                        offset: error.offset.map(|offset| span.start + offset),
                        failure: Failure::Database(error),
                    })?;
                }
                Ok(())
            }
            Part::Copy { .. } => Err(DbError::new(DbErrorKind::Statement, "SQLite has no COPY ... FROM STDIN").into()),
            Part::Remember { slot, sql } => {
                let value = self.one_value(sql)?;
                run.memory.insert(*slot, value);
                Ok(())
            }
            Part::Same { slot, sql, what } => {
                let now = self.one_value(sql)?;
                let before = run.memory.get(slot).cloned().flatten();
                if now == before {
                    return Ok(());
                }
                let shown = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
                Err(check_failed(what, format!("{} before and {} after", shown(before), shown(now))))
            }
            Part::Check { sql, want, what } => {
                let rows = self.timed(|connection| query_all(connection, sql)).map_err(|error| Stopped {
                    part: None,
                    statement: None,
                    offset: error.offset,
                    failure: Failure::Database(error),
                })?;
                let verdict = match want {
                    Want::True => is_true(&rows),
                    Want::NoRows if rows.is_empty() => Ok(()),
                    Want::NoRows => Err(format!("{} rows", rows.len())),
                };
                let wanted = match want {
                    Want::True => "one true value",
                    Want::NoRows => "no rows",
                };
                verdict.map_err(|got| check_failed(what.as_deref().unwrap_or(wanted), got))
            }
            Part::Affected { op, count } => {
                if op.holds(run.affected, *count) {
                    return Ok(());
                }
                Err(check_failed(&format!("affected {op} {count}"), run.affected.to_string()))
            }
            Part::Code(code) => code(self).map_err(|error| Stopped {
                part: None,
                statement: None,
                offset: None,
                failure: match error.downcast::<DbError>() {
                    Ok(error) => Failure::Database(*error),
                    Err(error) => Failure::Code(error),
                },
            }),
        }
    }

    fn one_value(&mut self, sql: &str) -> Result<Option<String>, DbError> {
        Ok(self.query(sql)?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Temporary tables are the session's, and the next migration's session is its own.
    fn drop_temporary(&mut self, unit: &Unit) -> Result<(), DbError> {
        let mentions = |text: &str| text.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"temp"));
        let any = unit.parts.iter().any(|part| match part {
            Part::Sql { script, statements } => statements.iter().any(|span| mentions(&script.text()[span.range()])),
            Part::Code(_) => true,
            _ => false,
        });
        if any { self.drop_temporary_objects() } else { Ok(()) }
    }

    pub(crate) fn drop_temporary_objects(&mut self) -> Result<(), DbError> {
        let connection = self.connected()?;
        let found = query_all(connection, "SELECT type, name FROM sqlite_temp_schema WHERE type IN ('table', 'view')")?;
        for row in found {
            if let [Some(kind), Some(name)] = row.as_slice() {
                let sql = format!("DROP {kind} IF EXISTS temp.{}", SQLITE.quote_identifier(name));
                connection.execute_batch(&sql).map_err(convert)?;
            }
        }
        Ok(())
    }

    pub(crate) fn write_records(&mut self, records: &[Record]) -> Result<(), DbError> {
        let schema = self.options.schema.clone();
        let own = self.connected()?.is_autocommit();
        if own {
            self.begin(None)?;
        }
        let connection = self.connected()?;
        let write = || {
            for record in records {
                connection.execute_batch(&render(record, &SQLITE, &schema, Some(Duration::ZERO))).map_err(convert)?;
            }
            if own { connection.execute_batch("COMMIT").map_err(convert) } else { Ok(()) }
        };
        let result = write();
        if result.is_err() && own {
            let _ = self.roll_back();
        }
        result
    }
}

/// What a unit keeps while it runs.
struct UnitRun {
    memory: HashMap<usize, Option<String>>,
    affected: u64,
}

fn check_failed(what: &str, got: String) -> Stopped {
    let failure = Failure::Check { what: what.to_owned(), got };
    Stopped { part: None, statement: None, offset: None, failure }
}
