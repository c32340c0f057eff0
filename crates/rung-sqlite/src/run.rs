//! Running units: several share a transaction, each in a savepoint, so that one that fails takes nothing of those
//! before it along, and the disk is waited for once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rung_engine::{
    DbError, DbErrorKind, Dialect, Durability, Failure, Part, Record, SessionAfter, Unit, UnitError, UnitObserver,
    render,
};
use rusqlite::Connection;

use crate::SQLITE;
use crate::driver::Sqlite;
use crate::error::convert;
use crate::session::{changes_rows, marks_session};
use crate::statement::{check, ends_transaction, query_all, step_all};

/// A transaction is ended after so many units, or so long: what is not committed is not reported as done.
const BATCH_UNITS: usize = 500;
const BATCH_TIME: Duration = Duration::from_secs(1);

/// Where in a unit it failed.
struct Stopped {
    part: Option<usize>,
    statement: Option<usize>,
    offset: Option<usize>,
    failure: Failure,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self { part: None, statement: None, offset: None, failure }
    }
}

impl From<DbError> for Stopped {
    fn from(error: DbError) -> Self {
        Failure::Database(error).into()
    }
}

impl Stopped {
    fn of_unit(self, unit: usize) -> Box<UnitError> {
        let Self { part, statement, offset, failure } = self;
        Box::new(UnitError { unit, part, statement, offset, failure })
    }
}

/// Units in the open transaction, each with the time that it took.
type Ran = Vec<(Unit, Duration)>;

/// What a unit keeps while it runs.
#[derive(Default)]
struct UnitRun {
    memory: HashMap<usize, Option<String>>,
    affected: u64,
}

/// What follows a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// The next one shares its transaction.
    Share,
    /// Its transaction ends.
    Commit,
    /// Its transaction ends, and the connection is put back before the next one.
    CommitAndRestore,
}

impl Sqlite {
    pub(crate) fn apply_units(
        &mut self,
        units: &mut dyn Iterator<Item = Unit>,
        durability: Durability,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        let mut ran = Ran::new();
        let mut batch_began = Instant::now();
        let mut before = After::Share;
        for unit in units {
            let index = unit.index;
            observer.started(index);
            if before == After::CommitAndRestore {
                self.restore_session().map_err(|error| Stopped::from(error).of_unit(index))?;
            }
            let after = self.after(&unit, durability);
            if marks_session(&unit) {
                self.remember_session().map_err(|error| Stopped::from(error).of_unit(index))?;
            }
            if ran.is_empty() {
                self.begin(unit.timeouts.lock).map_err(|error| Stopped::from(error).of_unit(index))?;
                batch_began = Instant::now();
            }
            let unit_began = Instant::now();
            match self.in_savepoint(&unit) {
                Ok(()) => ran.push((unit, unit_began.elapsed())),
                Err(stopped) => return Err(self.stop_at(ran, index, stopped, observer)),
            }
            let is_full = ran.len() >= BATCH_UNITS || batch_began.elapsed() >= BATCH_TIME;
            if after != After::Share || is_full {
                self.commit(std::mem::take(&mut ran), observer)?;
            }
            before = after;
        }
        self.commit(ran, observer)
    }

    fn after(&self, unit: &Unit, durability: Durability) -> After {
        if unit.session == SessionAfter::Keep {
            After::Commit
        } else if marks_session(unit) {
            After::CommitAndRestore
        } else if durability == Durability::Each {
            After::Commit
        } else if self.enforces_foreign_keys() && changes_rows(unit) {
            // A deferred foreign key is looked at when the transaction ends: later units must not mend it unseen.
            After::Commit
        } else {
            After::Share
        }
    }

    /// Opens the transaction, waiting for other writers as long as a lock may be waited for.
    fn begin(&mut self, lock: Option<Duration>) -> Result<(), DbError> {
        self.wait_at_most(lock);
        self.run(|connection| connection.execute_batch("BEGIN IMMEDIATE").map_err(convert))
    }

    fn commit(&mut self, ran: Ran, observer: &mut dyn UnitObserver) -> Result<(), Box<UnitError>> {
        let Some((first, _)) = ran.first() else { return Ok(()) };
        let first = first.index;
        let Err(error) = self.run(|connection| connection.execute_batch("COMMIT").map_err(convert)) else {
            for (unit, took) in &ran {
                observer.done(unit.index, *took);
            }
            return Ok(());
        };
        let _ = self.roll_back();
        // Readers in the way, or someone who wants us to stop, would be there for each of them too.
        if ran.len() == 1 || matches!(error.kind, DbErrorKind::LockTimeout | DbErrorKind::Canceled) {
            return Err(Stopped::from(error).of_unit(first));
        }
        // One of them can't be committed (a deferred foreign key, a full disk): one by one it shows which.
        self.one_by_one(ran, observer)
    }

    /// A unit failed: what is before it is committed, and the unit left nothing.
    fn stop_at(&mut self, ran: Ran, index: usize, stopped: Stopped, observer: &mut dyn UnitObserver) -> Box<UnitError> {
        let undo = |connection: &Connection| {
            // The savepoint is not there where it could not even be made; then there is nothing to undo.
            !connection.is_autocommit() && connection.execute_batch("ROLLBACK TO rung_unit; RELEASE rung_unit").is_ok()
        };
        let stands = !ran.is_empty() && self.run(|connection| Ok(undo(connection))).unwrap_or(false);
        let kept = if stands {
            self.commit(ran, observer)
        } else {
            // SQLite gave the whole transaction up (no room, an I/O error, an interrupt): those before it run again.
            let _ = self.roll_back();
            self.one_by_one(ran, observer)
        };
        kept.err().unwrap_or_else(|| stopped.of_unit(index))
    }

    /// Runs units that lost their transaction through no fault of their own, each in one of its own.
    fn one_by_one(&mut self, ran: Ran, observer: &mut dyn UnitObserver) -> Result<(), Box<UnitError>> {
        for (unit, _) in ran {
            let index = unit.index;
            let began = Instant::now();
            self.begin(unit.timeouts.lock).map_err(|error| Stopped::from(error).of_unit(index))?;
            let result = self
                .in_savepoint(&unit)
                .and_then(|()| Ok(self.run(|connection| connection.execute_batch("COMMIT").map_err(convert))?));
            if let Err(stopped) = result {
                let _ = self.roll_back();
                return Err(stopped.of_unit(index));
            }
            observer.done(index, began.elapsed());
        }
        Ok(())
    }

    fn in_savepoint(&mut self, unit: &Unit) -> Result<(), Stopped> {
        self.limit_statements(unit.timeouts.statement);
        let result = self.unit(unit);
        self.limit_statements(None);
        result
    }

    fn unit(&mut self, unit: &Unit) -> Result<(), Stopped> {
        let began = Instant::now();
        self.run(|connection| connection.execute_batch("SAVEPOINT rung_unit").map_err(convert))?;
        if let Some(guard) = &unit.guard {
            let sql = format!(
                "SELECT 1 FROM {} WHERE id = {} AND status = '{}'",
                SQLITE.own_table(self.schema_name(), "schema_migrations"),
                SQLITE.quote_literal(&guard.id),
                guard.status.as_str()
            );
            if self.run(|connection| query_all(connection, &sql))?.is_empty() {
                let message = format!("{} is not {}", guard.id, guard.status.as_str());
                return Err(DbError::new(DbErrorKind::Guard, message).into());
            }
        }
        let mut run = UnitRun::default();
        for (at, part) in unit.parts.iter().enumerate() {
            self.part(&mut run, part).map_err(|stopped| Stopped { part: Some(at), ..stopped })?;
        }
        self.record(&unit.records, Some(began.elapsed()))?;
        Ok(self.run(|connection| connection.execute_batch("RELEASE rung_unit").map_err(convert))?)
    }

    fn part(&mut self, run: &mut UnitRun, part: &Part) -> Result<(), Stopped> {
        match part {
            Part::Sql { script, statements } => {
                let text = script.text();
                for (index, span) in statements.iter().enumerate() {
                    run.affected = self.inside(&text[span.range()]).map_err(|error| Stopped {
                        part: None,
                        statement: Some(index),
                        offset: error.offset.map(|offset| span.start + offset),
                        failure: Failure::Database(error),
                    })?;
                }
                Ok(())
            }
            Part::Copy { .. } => Err(no_copy().into()),
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
                let got = format!("{} before and {} after", shown(before), shown(now));
                Err(Failure::Check { what: what.clone(), got }.into())
            }
            Part::Check { sql, want, what } => {
                let answer = self
                    .statement(|connection| check(connection, sql, *want))
                    .map_err(|error| Stopped { offset: error.offset, ..error.into() })?;
                let wanted = || want.to_string();
                answer.map_err(|got| Failure::Check { what: what.clone().unwrap_or_else(wanted), got }.into())
            }
            Part::Affected { op, count } if op.holds(run.affected, *count) => Ok(()),
            Part::Affected { op, count } => {
                Err(Failure::Check { what: format!("affected {op} {count}"), got: run.affected.to_string() }.into())
            }
            Part::Code(code) => self.as_code(|session| code(session)).map_err(|error| {
                let failure = match error.downcast::<DbError>() {
                    Ok(error) => Failure::Database(*error),
                    Err(error) => Failure::Code(error),
                };
                failure.into()
            }),
        }
    }

    /// Runs a statement of a unit. Were it to end the transaction, units before it would be kept that nobody was told of.
    fn inside(&mut self, sql: &str) -> Result<u64, DbError> {
        if ends_transaction(sql) {
            return Err(DbError::new(DbErrorKind::Statement, "this statement would end rung's transaction")
                .with_hint("add the line `-- @no-transaction` to run the file statement by statement"));
        }
        self.statement(|connection| step_all(connection, sql))
    }

    fn one_value(&mut self, sql: &str) -> Result<Option<String>, Stopped> {
        let rows = self
            .statement(|connection| query_all(connection, sql))
            .map_err(|error| Stopped { offset: error.offset, ..error.into() })?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Writes records in the open transaction, or in one of their own.
    pub(crate) fn write_records(&mut self, records: &[Record]) -> Result<(), DbError> {
        let (open, close, undo) = if self.is_in_transaction() {
            ("SAVEPOINT rung_records", "RELEASE rung_records", "ROLLBACK TO rung_records; RELEASE rung_records")
        } else {
            ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
        };
        self.wait_at_most(None);
        self.run(|connection| connection.execute_batch(open).map_err(convert))?;
        let result = self
            .record(records, None)
            .and_then(|()| self.run(|connection| connection.execute_batch(close).map_err(convert)));
        if result.is_err() {
            // SQLite may have given the transaction up by itself; then there is nothing left to undo.
            let _ = self.run(|connection| connection.execute_batch(undo).map_err(convert));
        }
        result
    }

    /// Sends records one by one: SQLite copies what is left of a text with each statement that it takes from it.
    fn record(&mut self, records: &[Record], elapsed: Option<Duration>) -> Result<(), DbError> {
        for record in records {
            let sql = render(record, &SQLITE, self.schema_name(), elapsed);
            let written = self.run(|connection| connection.execute_batch(&sql).map_err(convert));
            written.map_err(|error| match record {
                Record::Kept { whose, .. } => error.of_kept(whose),
                _ => error,
            })?;
        }
        Ok(())
    }
}

pub(crate) fn no_copy() -> DbError {
    DbError::new(DbErrorKind::Statement, "SQLite has no COPY ... FROM STDIN").with_hint("write INSERT statements")
}
