//! Running units. The next ones are sent before the last has answered: each opens with a guard that fails unless its
//! forerunner is committed, so that after a failure every later one rolls itself back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rung_engine::{
    Code, DbError, DbErrorKind, Durability, Failure, KeptTable, Part, Record, Unit, UnitError, UnitObserver,
};
use rung_sql::{Comparison, Script, Span, Want};
use tokio_postgres::SimpleQueryRow;

use crate::driver::Postgres;
use crate::error::Place;
use crate::line::Rows;
use crate::session::{Flush, Prefix, is_assertion, is_none, is_true, records_say};
use crate::statements::{pieces, unsendable};
use crate::wire::{Refused, Sent, first};

/// At most so many bytes are on their way at once.
const WINDOW_BYTES: usize = 4 << 20;

/// At most so many units are on their way at once; to begin with, few.
const WINDOW_UNITS: usize = 64;
const FIRST_WINDOW: usize = 2;

/// What is on its way when someone asks to stop is run all the same: no more than so much work, as far as can be told.
const WINDOW_TIME: Duration = Duration::from_millis(250);

/// A message that is on its way, or a condition on the answer to the one before it.
struct Flight {
    unit: usize,
    sent: Option<Sent>,
    bytes: usize,
    meaning: Meaning,
}

/// What an answer is to.
enum Meaning {
    /// Text of ours: an opening, a closing.
    Ours,
    /// What is written to another tool's table.
    Kept(KeptTable),
    Sql(Piece),
    Question {
        part: usize,
        sql: String,
        ask: Ask,
    },
    /// The answer before it is looked at once more.
    Affected {
        part: usize,
        op: Comparison,
        count: u64,
    },
    Commit,
}

/// What a query is asked for.
enum Ask {
    Remember { slot: usize },
    Same { slot: usize, what: String },
    Check { want: Want, what: Option<String> },
}

/// A migration's own statements within a message.
struct Piece {
    part: usize,
    script: Script,
    /// From the first statement to the last.
    span: Span,
    /// The number of the first one in its part, and how many there are.
    first: usize,
    count: usize,
    /// Where each of the part is in the script.
    statements: Arc<[Span]>,
    characters_before: usize,
    statements_before: usize,
}

/// Where in a unit it stopped.
struct Stopped {
    part: Option<usize>,
    statement: Option<usize>,
    offset: Option<usize>,
    failure: Failure,
}

impl Stopped {
    fn at(part: usize, failure: Failure) -> Self {
        Self { part: Some(part), statement: None, offset: None, failure }
    }

    fn of_unit(self, unit: usize) -> Box<UnitError> {
        let Self { part, statement, offset, failure } = self;
        Box::new(UnitError { unit, part, statement, offset, failure })
    }
}

impl From<DbError> for Stopped {
    fn from(error: DbError) -> Self {
        Self { part: None, statement: None, offset: None, failure: Failure::Database(error) }
    }
}

impl Postgres {
    pub(crate) fn apply_units(
        &mut self,
        units: &mut dyn Iterator<Item = Unit>,
        durability: Durability,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        let mut pipeline = Pipeline {
            db: self,
            observer,
            flights: VecDeque::new(),
            bytes: 0,
            units: 0,
            current: None,
            window: Window { size: FIRST_WINDOW, work: Duration::ZERO, done: 0 },
            clock: Instant::now(),
            memory: HashMap::new(),
            affected: 0,
        };
        pipeline.all(units, durability).inspect_err(|_| pipeline.abandon())
    }
}

/// How many units may be on their way.
struct Window {
    size: usize,
    /// The server's time for the units that ended since the size was last thought over.
    work: Duration,
    done: u32,
}

impl Window {
    fn reconsider(&mut self) {
        if let Some(each) = self.work.checked_div(self.done) {
            let fits = usize::try_from(WINDOW_TIME.as_micros() / each.as_micros().max(1)).unwrap_or(usize::MAX);
            self.size = fits.clamp(1, WINDOW_UNITS.min(self.size * 2));
        }
        (self.work, self.done) = (Duration::ZERO, 0);
    }
}

struct Pipeline<'a> {
    db: &'a mut Postgres,
    observer: &'a mut dyn UnitObserver,
    flights: VecDeque<Flight>,
    /// What is on its way: bytes, and units that are sent whole.
    bytes: usize,
    units: usize,
    /// The unit being worked on, as far as the observer knows.
    current: Option<usize>,
    window: Window,
    clock: Instant,
    /// What the current unit keeps.
    memory: HashMap<usize, Option<String>>,
    affected: u64,
}

impl Pipeline<'_> {
    fn all(&mut self, units: &mut dyn Iterator<Item = Unit>, durability: Durability) -> Result<(), Box<UnitError>> {
        let mut units = units.peekable();
        let mut last: Option<(usize, Vec<Record>)> = None;
        while let Some(unit) = units.next() {
            // To know whether a unit is the last, the next one must be asked for; where units take long, none is asked
            // for before its time. Where every commit waits, the server itself keeps the order of what was sent ahead.
            let flush = if durability == Durability::Each || self.window.size == 1 || units.peek().is_none() {
                Flush::Wait
            } else {
                Flush::Later
            };
            let index = unit.index;
            let before = last.as_ref().map(|(_, records)| records.as_slice());
            self.send_unit(&unit, before, flush).map_err(|failed| failed.of_unit(index))?;
            last = Some((index, unit.records));
            // A full window is refilled when half of it is answered, so that messages travel together.
            if self.units >= self.window.size {
                let keep = self.window.size / 2;
                while self.units > keep {
                    self.receive()?;
                }
                self.window.reconsider();
            }
        }
        self.receive_all()?;
        if last.is_some_and(|(_, records)| records.is_empty()) {
            // It may have written nothing, and then its commit waited for nothing.
            self.db.make_durable();
        }
        Ok(())
    }

    /// Sends all of a unit, up to where an answer must be read first.
    fn send_unit(&mut self, unit: &Unit, before: Option<&[Record]>, flush: Flush) -> Result<(), SendFailed> {
        let known = before.zip(unit.guard.as_ref()).is_some_and(|(records, guard)| records_say(records, guard));
        let mut opening = Some(self.db.opening(unit, flush, before.is_some(), known));
        let (index, ahead) = (unit.index, !unit.is_interactive());
        let mut closed = false;
        for (at, part) in unit.parts.iter().enumerate() {
            if !matches!(part, Part::Sql { .. } | Part::Affected { .. }) {
                self.send_opening(index, &mut opening)?;
            }
            match part {
                Part::Sql { script, statements } => {
                    if let Some((number, place, error)) = unsendable(script, statements) {
                        let failure = Failure::Database(error);
                        return Err(Stopped {
                            statement: Some(number),
                            offset: Some(place),
                            ..Stopped::at(at, failure)
                        }
                        .into());
                    }
                    let pieces = pieces(statements);
                    let count = pieces.len();
                    for (number, (first, span, count_of)) in pieces.into_iter().enumerate() {
                        let prefix = opening.take().unwrap_or_else(Prefix::within_transaction);
                        let mut text = prefix.text;
                        text.push_str(&script.text()[span.range()]);
                        if ahead && at + 1 == unit.parts.len() && number + 1 == count {
                            text.push_str(&self.db.closing(unit, flush));
                            closed = true;
                        }
                        let piece = Piece {
                            part: at,
                            script: script.clone(),
                            span,
                            first,
                            count: count_of,
                            statements: Arc::clone(statements),
                            characters_before: prefix.characters,
                            statements_before: prefix.statements,
                        };
                        self.send(index, &text, Rows::Drop, Meaning::Sql(piece))?;
                    }
                }
                Part::Copy { script, statement, data } => self.copy(at, script, *statement, *data)?,
                Part::Remember { slot, sql } => self.ask(index, at, sql, Ask::Remember { slot: *slot })?,
                Part::Same { slot, sql, what } => {
                    self.ask(index, at, sql, Ask::Same { slot: *slot, what: what.clone() })?;
                }
                Part::Check { sql, want, what } => {
                    self.ask(index, at, sql, Ask::Check { want: *want, what: what.clone() })?;
                }
                Part::Affected { op, count } => {
                    let meaning = Meaning::Affected { part: at, op: *op, count: *count };
                    self.flights.push_back(Flight { unit: index, sent: None, bytes: 0, meaning });
                }
                Part::Code(code) => self.code(at, code)?,
            }
        }
        if !closed {
            let mut text = opening.take().map(|prefix| prefix.text).unwrap_or_default();
            if !ahead {
                self.receive_all()?;
            }
            text.push_str(&self.db.closing(unit, flush));
            self.send(index, &text, Rows::Drop, Meaning::Ours)?;
        }
        for (whose, sql) in self.db.kept(&unit.records, None) {
            let text = Prefix::within_transaction().text + &sql;
            self.send(index, &text, Rows::Drop, Meaning::Kept(whose))?;
        }
        self.send(index, "COMMIT", Rows::Drop, Meaning::Commit)?;
        self.units += 1;
        Ok(())
    }

    fn send_opening(&mut self, unit: usize, opening: &mut Option<Prefix>) -> Result<(), SendFailed> {
        match opening.take() {
            Some(prefix) => self.send(unit, &prefix.text, Rows::Drop, Meaning::Ours),
            None => Ok(()),
        }
    }

    fn ask(&mut self, unit: usize, part: usize, sql: &str, ask: Ask) -> Result<(), SendFailed> {
        self.send(unit, sql, Rows::Keep, Meaning::Question { part, sql: sql.to_owned(), ask })
    }

    fn send(&mut self, unit: usize, text: &str, rows: Rows, meaning: Meaning) -> Result<(), SendFailed> {
        while self.bytes > 0 && self.bytes + text.len() > WINDOW_BYTES {
            self.receive()?;
        }
        let sent = self.db.wire.send(text, rows).map_err(|error| {
            let refused = Refused { completed: 0, place: None, error };
            self.receive_all().err().map_or_else(|| SendFailed::Here(meaning.stopped(refused)), SendFailed::Earlier)
        });
        let flight = Flight { unit, sent: Some(sent?), bytes: text.len(), meaning };
        self.bytes += flight.bytes;
        self.flights.push_back(flight);
        self.announce();
        Ok(())
    }

    /// Tells the observer which unit is being worked on.
    fn announce(&mut self) {
        if let Some(front) = self.flights.front()
            && self.current != Some(front.unit)
        {
            self.current = Some(front.unit);
            self.observer.started(front.unit);
        }
    }

    fn receive_all(&mut self) -> Result<(), Box<UnitError>> {
        while !self.flights.is_empty() {
            self.receive()?;
        }
        Ok(())
    }

    /// Reads the next answer.
    fn receive(&mut self) -> Result<(), Box<UnitError>> {
        let Some(Flight { unit, sent, bytes, meaning }) = self.flights.pop_front() else { return Ok(()) };
        self.bytes -= bytes;
        let rows = match sent.map(|sent| self.db.wire.receive(sent, Some(self.observer))) {
            None => Vec::new(),
            Some(Ok(reply)) => {
                if matches!(meaning, Meaning::Sql(_)) {
                    self.affected = reply.affected;
                }
                reply.rows
            }
            Some(Err(refused)) => return Err(meaning.stopped(refused).of_unit(unit)),
        };
        self.judge(unit, meaning, &rows).map_err(|stopped| stopped.of_unit(unit))?;
        self.announce();
        Ok(())
    }

    /// Does what an answer asks for.
    fn judge(&mut self, unit: usize, meaning: Meaning, rows: &[SimpleQueryRow]) -> Result<(), Stopped> {
        match meaning {
            Meaning::Ours | Meaning::Kept(_) | Meaning::Sql(_) => Ok(()),
            Meaning::Question { part, ask, .. } => {
                self.compare(ask, rows).map_err(|(what, got)| Stopped::at(part, Failure::Check { what, got }))
            }
            Meaning::Affected { part, op, count } => {
                if op.holds(self.affected, count) {
                    return Ok(());
                }
                let (what, got) = (format!("affected {op} {count}"), self.affected.to_string());
                Err(Stopped::at(part, Failure::Check { what, got }))
            }
            Meaning::Commit => {
                let took = self.clock.elapsed();
                self.observer.done(unit, took);
                self.window.work += took.saturating_sub(self.db.wire.quickest);
                self.window.done += 1;
                self.clock = Instant::now();
                self.units -= 1;
                self.memory.clear();
                self.affected = 0;
                Ok(())
            }
        }
    }

    /// What was asked and what came back, where that is not as it should be.
    fn compare(&mut self, ask: Ask, rows: &[SimpleQueryRow]) -> Result<(), (String, String)> {
        match ask {
            Ask::Remember { slot } => {
                self.memory.insert(slot, first(rows).map(str::to_owned));
                Ok(())
            }
            Ask::Same { slot, what } => {
                let (before, now) = (self.memory.get(&slot).and_then(Option::as_deref), first(rows));
                if now == before {
                    return Ok(());
                }
                Err((what, format!("{} before and {} after", before.unwrap_or("NULL"), now.unwrap_or("NULL"))))
            }
            Ask::Check { want, what } => {
                let verdict = match want {
                    Want::True => is_true(rows),
                    Want::NoRows => is_none(rows),
                    Want::Success => Ok(()),
                    Want::Count(op, count) => match first(rows).map(str::parse) {
                        Some(Ok(number)) if op.holds(number, count) => Ok(()),
                        _ => Err(first(rows).unwrap_or("NULL").to_owned()),
                    },
                };
                verdict.map_err(|got| (what.unwrap_or_else(|| want.to_string()), got))
            }
        }
    }

    fn copy(&mut self, part: usize, script: &Script, statement: Span, data: Span) -> Result<(), SendFailed> {
        self.receive_all()?;
        let (sql, rows) = (&script.text()[statement.range()], &script.text()[data.range()]);
        self.affected = self.db.wire.copy(sql, rows).map_err(|error| {
            let offset = error.offset.map(|offset| statement.start + offset);
            Stopped { part: Some(part), statement: Some(0), offset, failure: Failure::Database(error) }
        })?;
        Ok(())
    }

    /// Runs a function of the program within the transaction.
    fn code(&mut self, part: usize, code: &Code) -> Result<(), SendFailed> {
        self.receive_all()?;
        self.db.open_transaction = true;
        let result = code(self.db);
        let is_open = std::mem::replace(&mut self.db.open_transaction, false);
        let failure = match result {
            Ok(()) if is_open => return Ok(()),
            Ok(()) => Failure::Database(ended_by_itself()),
            Err(error) => match error.downcast::<DbError>() {
                Ok(error) => Failure::Database(*error),
                Err(error) => Failure::Code(error),
            },
        };
        Err(Stopped::at(part, failure).into())
    }

    /// After a failure: what was sent ahead has rolled itself back; its answers are read, and what was committed before
    /// is made to last.
    fn abandon(&mut self) {
        self.flights.clear();
        // Where this does not get through the connection is gone, and the transaction with it.
        if self.db.wire.run("ROLLBACK").is_ok() {
            self.db.make_durable();
        }
    }
}

impl Meaning {
    /// An error that the server gave as the answer.
    fn stopped(&self, refused: Refused) -> Stopped {
        match self {
            Self::Sql(piece) => piece.stopped(refused),
            Self::Ours | Self::Commit => ours_failed(refused.error),
            Self::Kept(whose) => ours_failed(refused.error.of_kept(whose)),
            Self::Affected { part, .. } => Stopped::at(*part, Failure::Database(refused.error)),
            Self::Question { part, sql, .. } => {
                let error = refused.within(sql);
                Stopped { offset: error.offset, ..Stopped::at(*part, Failure::Database(error)) }
            }
        }
    }
}

impl Piece {
    fn stopped(&self, refused: Refused) -> Stopped {
        let Refused { completed, place, error } = refused;
        let at = completed.checked_sub(self.statements_before);
        let text = self.script.text();
        let offset = match &place {
            Some(Place::Sent(position)) if *position > self.characters_before => {
                let inside = rung_sql::position_to_offset(&text[self.span.range()], position - self.characters_before);
                Some(self.span.start + inside)
            }
            Some(place @ Place::Within { .. }) => at.and_then(|at| {
                let statement = self.statements.get(self.first + at).filter(|_| at < self.count)?;
                Some(statement.start + place.offset_in(&text[statement.range()])?)
            }),
            _ => None,
        };
        // The whole message is parsed before any of it runs: then only the place tells whose text it is.
        let unparsed = completed == 0 && matches!(place, Some(Place::Sent(_))) && offset.is_some();
        if unparsed || at.is_some_and(|at| at < self.count) {
            return Stopped {
                part: Some(self.part),
                statement: at.filter(|_| !unparsed).map(|at| self.first + at),
                offset,
                failure: Failure::Database(error),
            };
        }
        ours_failed(error)
    }
}

/// An error in what is ours around a unit: a guard that says no, most often.
fn ours_failed(error: DbError) -> Stopped {
    match error.code.as_deref() {
        Some("25P01") => ended_by_itself().into(),
        Some("22P02") if is_assertion(&error) => {
            let message =
                "an earlier migration of this run is not in the history as it should be, or the lock was lost";
            DbError::new(DbErrorKind::Guard, message).into()
        }
        _ => error.into(),
    }
}

fn ended_by_itself() -> DbError {
    DbError::new(DbErrorKind::Statement, "the migration ended rung's transaction by itself")
        .with_hint("add the line `-- @no-transaction` to run it statement by statement")
}

/// What kept a unit from being sent.
enum SendFailed {
    /// Something of its own.
    Here(Stopped),
    /// A unit before it, or an answer that had to be read first.
    Earlier(Box<UnitError>),
}

impl SendFailed {
    fn of_unit(self, unit: usize) -> Box<UnitError> {
        match self {
            Self::Here(stopped) => stopped.of_unit(unit),
            Self::Earlier(error) => error,
        }
    }
}

impl From<Stopped> for SendFailed {
    fn from(stopped: Stopped) -> Self {
        Self::Here(stopped)
    }
}

impl From<Box<UnitError>> for SendFailed {
    fn from(error: Box<UnitError>) -> Self {
        Self::Earlier(error)
    }
}
