//! Running units. The next ones are sent before the last has answered: each opens with a guard that fails unless its
//! forerunner is recorded, so that after a failure every later one rolls itself back.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::Instant;

use rung_engine::{
    DbError, DbErrorKind, Dialect, Durability, Failure, Part, Record, Unit, UnitError, UnitObserver, render,
};
use rung_sql::{Span, Want};

use crate::POSTGRES;
use crate::driver::Postgres;
use crate::wire::{Refused, Reply, Sent};

/// At most so many units, or so many bytes, are on their way at once.
const WINDOW_UNITS: usize = 64;
const WINDOW_BYTES: usize = 4 << 20;

/// Statements are gathered into messages of about this size: one for nearly every migration, and many for a file of
/// 50 MB, which must not be held several times over.
const MESSAGE_BYTES: usize = 1 << 18;

/// A unit that is on its way.
struct InFlight {
    unit: Unit,
    /// The text of the first message is ours up to here, and has so many statements.
    ours: usize,
    ours_statements: usize,
    theirs: Span,
    messages: Vec<Sent>,
    bytes: usize,
}

/// How a unit was stopped.
pub(crate) struct Stopped {
    part: Option<usize>,
    statement: Option<usize>,
    offset: Option<usize>,
    failure: Failure,
}

impl Stopped {
    fn of_unit(self, unit: usize) -> Box<UnitError> {
        let Self { part, statement, offset, failure } = self;
        Box::new(UnitError { unit, part, statement, offset, failure })
    }

    fn check(what: &str, got: String) -> Self {
        let failure = Failure::Check { what: what.to_owned(), got };
        Self { part: None, statement: None, offset: None, failure }
    }
}

impl From<DbError> for Stopped {
    fn from(error: DbError) -> Self {
        Self { part: None, statement: None, offset: None, failure: Failure::Database(error) }
    }
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flush {
    /// As the session has it.
    Wait,
    /// A later commit waits for all: WAL keeps their order.
    Later,
}

impl Postgres {
    pub(crate) fn apply_units(
        &mut self,
        units: &mut dyn Iterator<Item = Unit>,
        durability: Durability,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        let mut units = units.peekable();
        let mut window: VecDeque<InFlight> = VecDeque::new();
        let mut clock = Instant::now();
        let mut bytes = 0;
        loop {
            // A full window is refilled when half of it is answered, so that messages travel together.
            while window.len() < WINDOW_UNITS && bytes < WINDOW_BYTES {
                let Some(unit) = units.next() else { break };
                // Where every commit waits for the disk, the server itself keeps the order of what was sent ahead.
                let flush =
                    if durability == Durability::Each || units.peek().is_none() { Flush::Wait } else { Flush::Later };
                let index = unit.index;
                if unit.is_interactive() || unit.parts.len() > 1 || sql_length(&unit) > MESSAGE_BYTES {
                    self.drain(&mut window, 0, &mut bytes, &mut clock, observer)?;
                    observer.started(index);
                    self.interactive(&unit, flush, observer).map_err(|stopped| {
                        let _ = self.wire.query("ROLLBACK");
                        stopped.of_unit(index)
                    })?;
                    observer.done(index, clock.elapsed());
                    clock = Instant::now();
                    continue;
                }
                let sent = self.send_ahead(unit, flush).map_err(|error| Stopped::from(error).of_unit(index))?;
                if window.is_empty() {
                    observer.started(sent.unit.index);
                }
                bytes += sent.bytes;
                window.push_back(sent);
            }
            if window.is_empty() {
                return Ok(());
            }
            let keep = if units.peek().is_some() { WINDOW_UNITS / 2 } else { 0 };
            self.drain(&mut window, keep, &mut bytes, &mut clock, observer)?;
        }
    }

    /// Reads answers until no more than `keep` units are on their way.
    fn drain(
        &mut self,
        window: &mut VecDeque<InFlight>,
        keep: usize,
        bytes: &mut usize,
        clock: &mut Instant,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        while window.len() > keep {
            let Some(InFlight { unit, ours, ours_statements, theirs, messages, bytes: size }) = window.pop_front()
            else {
                break;
            };
            *bytes -= size;
            let mut stopped = None;
            for (number, message) in messages.into_iter().enumerate() {
                if let Err(Refused { completed, error }) = self.wire.receive(message, Some(observer))
                    && stopped.is_none()
                {
                    stopped = Some(if number == 0 {
                        locate(error, completed, ours, ours_statements, theirs, &unit)
                    } else {
                        error.into()
                    });
                }
            }
            match stopped {
                None => {
                    observer.done(unit.index, clock.elapsed());
                    *clock = Instant::now();
                    if let Some(next) = window.front() {
                        observer.started(next.unit.index);
                    }
                }
                Some(stopped) => {
                    // Those after it have rolled themselves back; their answers are read so that the session is idle.
                    for later in window.drain(..) {
                        for message in later.messages {
                            let _ = self.wire.receive(message, None);
                        }
                    }
                    *bytes = 0;
                    self.make_durable();
                    return Err(stopped.of_unit(unit.index));
                }
            }
        }
        Ok(())
    }

    /// One commit that waits for the disk, and with it for all before it.
    fn make_durable(&mut self) {
        // Taking a transaction id makes the commit a record of its own. The run has failed already, and this
        // connection may have with it; then the server's own checkpointing has to do.
        let _ = self.wire.query("ROLLBACK");
        let _ = self.wire.query("BEGIN; SELECT pg_catalog.txid_current(); COMMIT");
    }

    /// What opens a unit: its transaction, a clean session, and the guard. With the number of statements in it.
    fn opening(&self, unit: &Unit, flush: Flush) -> (String, usize) {
        let mut sql = POSTGRES.begin(&unit.timeouts);
        if flush == Flush::Later {
            sql.push_str("; SET LOCAL synchronous_commit = off");
        }
        if let Some(search_path) = self.own_search_path() {
            let _ = write!(sql, "; {search_path}");
        }
        if let Some(guard) = &unit.guard {
            // Division by zero where the forerunner is not in the history as it should be.
            let _ = write!(
                sql,
                "; SELECT 1 / pg_catalog.count(*) FROM {} WHERE id = {} AND status = '{}'",
                POSTGRES.own_table(&self.schema, "schema_migrations"),
                POSTGRES.quote_literal(&guard.id),
                guard.status.as_str()
            );
        }
        if let Some(lease) = &self.lease {
            let _ = write!(sql, "; {}", lease.guard(&self.schema));
        }
        sql.push_str(";\n");
        let statements = rung_sql::split(&sql, POSTGRES.syntax()).0.len();
        (sql, statements)
    }

    /// What closes a unit, but for the COMMIT.
    fn closing(&self, unit: &Unit, flush: Flush) -> String {
        let mut sql = String::new();
        if mentions(unit, &["role", "authorization", "search_path"]) || unit.is_interactive() {
            sql.push_str("RESET SESSION AUTHORIZATION; RESET ROLE;");
        }
        for record in &unit.records {
            sql.push_str(&self.render(record));
        }
        if let Some(lease) = &self.lease {
            sql.push_str(&lease.renewal(&self.schema));
        }
        // What a migration set is gone before the next one.
        if !self.pooled() {
            if mentions(unit, &["set", "role"]) || unit.is_interactive() {
                sql.push_str("RESET ALL;");
                if flush == Flush::Later {
                    sql.push_str("SET LOCAL synchronous_commit = off;");
                }
            }
            if mentions(unit, &["temp", "into"]) || unit.is_interactive() {
                sql.push_str("DISCARD TEMP;");
            }
            if mentions(unit, &["listen"]) {
                sql.push_str("UNLISTEN *;");
            }
        }
        sql
    }

    fn render(&self, record: &Record) -> String {
        render(record, &POSTGRES, &self.schema, None)
    }

    fn send_ahead(&mut self, unit: Unit, flush: Flush) -> Result<InFlight, DbError> {
        let (mut text, ours_statements) = self.opening(&unit, flush);
        let ours = text.len();
        let mut theirs = Span::default();
        if let Some(Part::Sql { script, statements }) = unit.parts.first()
            && let (Some(first), Some(last)) = (statements.first(), statements.last())
        {
            theirs = Span::new(first.start, last.end);
            text.push_str(&script.text()[theirs.range()]);
            text.push_str("\n;");
        }
        text.push_str(&self.closing(&unit, flush));
        let bytes = text.len();
        let messages = vec![self.wire.send(text)?, self.wire.send("COMMIT")?];
        Ok(InFlight { unit, ours, ours_statements, theirs, messages, bytes })
    }

    /// Runs a unit whose answers have to be read before it may be committed.
    fn interactive(&mut self, unit: &Unit, flush: Flush, observer: &mut dyn UnitObserver) -> Result<(), Stopped> {
        let (opening, _) = self.opening(unit, flush);
        let mut pending: Option<Sent> = Some(self.wire.send(opening)?);
        let mut memory: HashMap<usize, Option<String>> = HashMap::new();
        let mut affected = 0;
        for (at, part) in unit.parts.iter().enumerate() {
            let in_part = |stopped: Stopped| Stopped { part: Some(at), ..stopped };
            match part {
                Part::Sql { script, statements } => {
                    for (first, message) in messages(statements) {
                        let base = message.start;
                        let sent = self.wire.send(&script.text()[message.range()])?;
                        self.settle(&mut pending, observer)?;
                        let reply = self.wire.receive(sent, Some(observer));
                        affected = reply.map_err(|refused| in_part(at_statement(refused, base, first)))?.affected;
                    }
                }
                Part::Copy { script, statement, data } => {
                    self.settle(&mut pending, observer)?;
                    let (sql, rows) = (&script.text()[statement.range()], &script.text()[data.range()]);
                    affected = self.wire.copy(sql, rows).map_err(|error| {
                        let offset = error.offset.map(|offset| statement.start + offset);
                        in_part(Stopped { offset, statement: Some(0), ..error.into() })
                    })?;
                }
                Part::Remember { slot, sql } => {
                    let value = self.ask(&mut pending, sql, observer).map_err(in_part)?;
                    memory.insert(*slot, value.rows.into_iter().flatten().next().flatten());
                }
                Part::Same { slot, sql, what } => {
                    let now = self.ask(&mut pending, sql, observer).map_err(in_part)?.rows;
                    let now = now.into_iter().flatten().next().flatten().unwrap_or_default();
                    let before = memory.get(slot).cloned().flatten().unwrap_or_default();
                    if now != before {
                        return Err(in_part(Stopped::check(what, format!("{before} before and {now} after"))));
                    }
                }
                Part::Check { sql, want, what } => {
                    let rows = self.ask(&mut pending, sql, observer).map_err(in_part)?.rows;
                    let (verdict, wanted) = match want {
                        Want::True => (is_true(&rows), "one true value"),
                        Want::NoRows if rows.is_empty() => (Ok(()), "no rows"),
                        Want::NoRows => (Err(format!("{} rows", rows.len())), "no rows"),
                    };
                    verdict.map_err(|got| in_part(Stopped::check(what.as_deref().unwrap_or(wanted), got)))?;
                }
                Part::Affected { op, count } => {
                    if !op.holds(affected, *count) {
                        let what = format!("affected {op} {count}");
                        return Err(in_part(Stopped::check(&what, affected.to_string())));
                    }
                }
                Part::Code(code) => {
                    self.settle(&mut pending, observer)?;
                    code(self).map_err(|error| {
                        let failure = match error.downcast::<DbError>() {
                            Ok(error) => Failure::Database(*error),
                            Err(error) => Failure::Code(error),
                        };
                        in_part(Stopped { part: None, statement: None, offset: None, failure })
                    })?;
                }
            }
        }
        let closing = self.wire.send(self.closing(unit, flush))?;
        self.settle(&mut pending, observer)?;
        // Read before the COMMIT is sent: a transaction that was ended from within must not look like a success.
        self.wire.receive(closing, Some(observer)).map_err(|refused| refused.error)?;
        let commit = self.wire.send("COMMIT")?;
        self.wire.receive(commit, Some(observer)).map_err(|refused| refused.error)?;
        Ok(())
    }

    /// Reads the answer to what was sent ahead.
    fn settle(&mut self, pending: &mut Option<Sent>, observer: &mut dyn UnitObserver) -> Result<(), Stopped> {
        if let Some(sent) = pending.take() {
            self.wire.receive(sent, Some(observer)).map_err(|refused| guard_failed(refused.error))?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        pending: &mut Option<Sent>,
        sql: &str,
        observer: &mut dyn UnitObserver,
    ) -> Result<Reply, Stopped> {
        let sent = self.wire.send(sql)?;
        self.settle(pending, observer)?;
        self.wire.receive(sent, Some(observer)).map_err(|refused| {
            let offset = refused.error.offset;
            Stopped { offset, ..refused.error.into() }
        })
    }
}

/// Whether the text of a unit has any of these words in it, in whatever role.
fn mentions(unit: &Unit, words: &[&str]) -> bool {
    unit.parts.iter().any(|part| match part {
        Part::Sql { script, statements } => statements.iter().any(|span| {
            let text = script.text()[span.range()].as_bytes();
            words.iter().any(|word| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes())))
        }),
        _ => true,
    })
}

fn sql_length(unit: &Unit) -> usize {
    let length = |part: &Part| match part {
        Part::Sql { statements, .. } => {
            statements.last().map_or(0, |last| last.end) - statements.first().map_or(0, |first| first.start)
        }
        _ => 0,
    };
    unit.parts.iter().map(length).sum()
}

/// Runs of statements, as spans from the first to the last, with the number of the first.
fn messages(statements: &[Span]) -> Vec<(usize, Span)> {
    let mut runs: Vec<(usize, Span)> = Vec::new();
    for (at, span) in statements.iter().enumerate() {
        match runs.last_mut() {
            Some((_, run)) if span.end - run.start <= MESSAGE_BYTES => run.end = span.end,
            _ => runs.push((at, *span)),
        }
    }
    runs
}

/// An error in a message that is the file's own text from `base` on.
fn at_statement(refused: Refused, base: usize, first: usize) -> Stopped {
    let Refused { completed, error } = refused;
    let offset = error.offset.map(|offset| base + offset);
    // A syntax error shows before anything of the message runs: then only its place tells the statement.
    let statement = Some(first + completed);
    Stopped { part: None, statement, offset, failure: Failure::Database(error) }
}

/// An error in a message of ours with the file's text in its middle.
fn locate(error: DbError, completed: usize, ours: usize, ours_statements: usize, theirs: Span, unit: &Unit) -> Stopped {
    let count = unit.parts.iter().map(|part| match part {
        Part::Sql { statements, .. } => statements.len(),
        _ => 0,
    });
    let count: usize = count.sum();
    let length = theirs.len();
    let within = error.offset.filter(|offset| (ours..=ours + length).contains(offset));
    let in_theirs = within.is_some() || (ours_statements..ours_statements + count).contains(&completed);
    if unit.parts.len() == 1 && in_theirs {
        return Stopped {
            part: Some(0),
            statement: completed.checked_sub(ours_statements).filter(|at| *at < count),
            offset: within.map(|offset| theirs.start + (offset - ours)),
            failure: Failure::Database(error),
        };
    }
    if completed < ours_statements { guard_failed(error) } else { error.into() }
}

/// Division by zero in the opening is the guard's way to say no.
fn guard_failed(error: DbError) -> Stopped {
    if error.code.as_deref() == Some("22012") {
        let message = "an earlier migration of this run is not in the history as it should be, or the lock was lost";
        return DbError::new(DbErrorKind::Guard, message).into();
    }
    error.into()
}

/// Whether an answer is one true value; what it was, where it is not.
fn is_true(rows: &[Vec<Option<String>>]) -> Result<(), String> {
    match rows {
        [row] if row.len() == 1 => match row[0].as_deref() {
            Some("t" | "true") => Ok(()),
            Some(text) if text.parse::<f64>().is_ok_and(|number| number != 0.0) => Ok(()),
            Some(text) => Err(text.to_owned()),
            None => Err("NULL".to_owned()),
        },
        [] => Err("no rows".to_owned()),
        [row] => Err(format!("{} columns", row.len())),
        several => Err(format!("{} rows", several.len())),
    }
}
