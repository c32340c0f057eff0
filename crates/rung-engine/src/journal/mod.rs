//! Migrations that can't be one transaction: statement by statement, each with its intent and its outcome on record,
//! so that a run that was interrupted goes on where it stopped.

mod begun;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use rung_sql::{Comparison, Diagnostic, Effect, Span, TransactionControl, Want};

use crate::analyse::{JournalReason, Mode, ScriptPlan};
use crate::driver::{Durability, Part, Probe, SessionAfter, Unit};
use crate::event::{Event, Kept, Report, RunError, StepFailure};
use crate::execute::{Run, Watcher, locate, pause_before, sleep_unless, word_at};
use crate::failure::{DbError, DbErrorKind, Failure, UnitError};
use crate::history::Status;
use crate::model::Timeouts;
use crate::plan::{Action, PlanError, PlanErrorKind, PlanErrors, Step};
use crate::record::{Direction, JournalState, Record, Took};
pub(crate) use begun::{Journal, begin_records, failed_row, fingerprints, journal_of};

use crate::unit::{Parts, affected, completion, count_rows, unchanged};

/// A journalled migration refuses `--single-transaction`.
pub(crate) fn not_in_one(step: &Step, reason: &JournalReason) -> PlanErrors {
    let diagnostic = Diagnostic::error(
        "not-in-one-transaction",
        format!("{} can't share a transaction: {}", step.id, explain(reason)),
    )
    .help("leave --single-transaction out, or apply up to it first: `rung up --to ID`");
    PlanError::new(PlanErrorKind::Usage, diagnostic).into()
}

/// A reason, for people.
pub(crate) fn explain(reason: &JournalReason) -> String {
    match reason {
        JournalReason::Asked => "it says @no-transaction".to_owned(),
        JournalReason::Statement(text) => text.clone(),
        JournalReason::OwnTransactions => "it controls transactions itself".to_owned(),
        JournalReason::Command => "it is a program".to_owned(),
    }
}

/// How one statement ended badly.
enum Trouble {
    /// The driver refused a unit.
    Unit(Box<UnitError>),
    /// The server refused the statement.
    Database(DbError),
    /// Whether it took effect can't be told.
    Unsettled,
    /// A check failed.
    Check { what: String, got: String },
}

impl From<DbError> for Trouble {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl Run<'_> {
    /// Runs one step through the journal.
    pub(crate) fn journalled(&mut self, index: usize) -> Result<(), RunError> {
        let step = &self.steps[index];
        (self.events)(&Event::StepStarted { step });
        let began = Instant::now();
        match &step.action {
            Action::Script(script) => self.journalled_script(index, step, script, began)?,
            Action::Program => self.program(index, step, began)?,
            Action::StoredDown => {}
        }
        self.step_done(step, began.elapsed());
        Ok(())
    }

    pub(crate) fn sequence_for(&self, index: usize) -> i64 {
        self.sequence.saturating_add(i64::try_from(index).unwrap_or(i64::MAX))
    }

    fn journalled_script(
        &mut self,
        index: usize,
        step: &Step,
        script: &ScriptPlan,
        began: Instant,
    ) -> Result<(), RunError> {
        if self.driver.facts().pooled {
            refuse_session(step, script)?;
        }
        let hashes = fingerprints(script, self.driver.dialect_of().syntax());
        let journal = journal_of(self.driver, step, script, &hashes)?;
        let resumed = journal.values().any(|(_, state)| *state == JournalState::Done);
        if resumed {
            let done = journal.values().filter(|(_, state)| *state == JournalState::Done).count();
            (self.events)(&Event::Resumed { step, done });
        }
        if journal.is_empty() {
            self.driver.write(&begin_records(step, self.sequence_for(index), &self.options.actor))?;
        }
        let timeouts = step.timeouts;
        let mut walk = Walk { step, script, hashes: &hashes, journal, counts: BTreeMap::new(), opened: None, timeouts };
        if !resumed {
            for (slot, table, span) in unchanged(step) {
                let count = match self.driver.query(&count_rows(table)) {
                    Ok(rows) => rows.into_iter().flatten().flatten().next(),
                    Err(error) => return Err(self.not_counted(&walk, span, error)),
                };
                walk.counts.insert(slot, count.and_then(|count| count.parse().ok()));
            }
        }
        if let Err((at, trouble)) = self.walk(&mut walk) {
            return Err(self.journal_failure(&walk, at, trouble));
        }
        self.finish(index, &walk, resumed, began)?;
        // From statement to statement the session was kept; the next migration gets none of it.
        Ok(self.driver.reset()?)
    }

    /// Runs what the journal does not have as done.
    fn walk(&mut self, walk: &mut Walk<'_>) -> Result<(), (usize, Trouble)> {
        let own = walk.script.mode == Mode::Journal(JournalReason::OwnTransactions);
        let first = (0..walk.script.statements.len()).find(|at| !walk.is_done(*at));
        for at in walk.set_up_before(first) {
            self.set_up_again(walk, at).map_err(|trouble| (at, trouble))?;
        }
        // Where a file counts on a transaction being open before its first statement, rung opens it.
        if own && walk.script.begins_inside() && first == Some(0) {
            let begin = self.driver.dialect_of().begin(&Timeouts::default());
            self.driver.execute(&begin).map_err(|error| (0, error.into()))?;
            walk.opened = Some(0);
        }
        for at in 0..walk.script.statements.len() {
            if walk.is_done(at) {
                continue;
            }
            if self.options.interrupt.is_raised() {
                let error = DbError::new(DbErrorKind::Canceled, "asked to stop");
                return Err((at, error.into()));
            }
            walk.heed_settings(at);
            if own { self.own_statement(walk, at) } else { self.statement(walk, at) }
                .map_err(|trouble| (at, trouble))?;
        }
        Ok(())
    }

    /// Runs a statement that stands once more: what it set went with the connection that set it.
    fn set_up_again(&mut self, walk: &mut Walk<'_>, at: usize) -> Result<(), Trouble> {
        walk.heed_settings(at);
        self.watched(walk.script.statement(at), &Timeouts::default()).map(|_| ()).map_err(Trouble::from)
    }

    /// Clears away what a statement that failed has left, and nothing else.
    fn renew_session(&mut self, walk: &mut Walk<'_>, at: usize) -> Result<(), Trouble> {
        self.driver.reset()?;
        walk.set_up_before(Some(at)).into_iter().try_for_each(|before| self.set_up_again(walk, before))
    }

    /// A statement of a file that controls transactions itself, sent as it is.
    fn own_statement(&mut self, walk: &mut Walk<'_>, at: usize) -> Result<(), Trouble> {
        let statement = &walk.script.statements[at];
        match statement.facts.transaction {
            Some(TransactionControl::Begin) => {
                self.execute(walk, at)?;
                walk.opened = Some(at);
                Ok(())
            }
            // The outcome of all of it is recorded inside the file's own transaction, so that both are kept or neither;
            // and at its end, as a ROLLBACK TO would take away what was recorded before it.
            Some(TransactionControl::Commit) if self.driver.in_transaction() => {
                let range = walk.opened.unwrap_or(at)..at + 1;
                let records: Vec<Record> = range.clone().map(|at| walk.record(at, JournalState::Done)).collect();
                self.driver.write(&records)?;
                self.execute(walk, at)?;
                walk.note(range, JournalState::Done);
                // COMMIT AND CHAIN opens the next one.
                walk.opened = self.driver.in_transaction().then_some(at + 1);
                Ok(())
            }
            _ if self.driver.in_transaction() => self.execute(walk, at),
            _ => self.statement(walk, at),
        }
    }

    /// A statement of its own: in a transaction with its journal row where it can be, else between intent and outcome.
    /// That it can't be is not always to be seen (`CALL` of a procedure that commits): the database says so, and has
    /// kept nothing of it.
    fn statement(&mut self, walk: &mut Walk<'_>, at: usize) -> Result<(), Trouble> {
        let statement = &walk.script.statements[at];
        let was_sent_alone = matches!(walk.journal.get(&at), Some((_, JournalState::Intent)));
        if statement.facts.outside.is_none() && statement.facts.transaction.is_none() && !was_sent_alone {
            match self.in_transaction(walk, at) {
                Err(Trouble::Unit(error)) if refuses_transaction(&error) => self.renew_session(walk, at)?,
                result => return result,
            }
        }
        if let Some((_, JournalState::Intent | JournalState::Failed)) = walk.journal.get(&at)
            && self.settle(walk, at)?
        {
            return self.mark(walk, at..at + 1, JournalState::Done);
        }
        self.mark(walk, at..at + 1, JournalState::Intent)?;
        let mut attempt = 1;
        loop {
            match self.execute(walk, at) {
                Ok(()) => return self.mark(walk, at..at + 1, JournalState::Done),
                Err(Trouble::Database(error))
                    if error.kind == DbErrorKind::LockTimeout && attempt < self.options.attempts =>
                {
                    attempt += 1;
                    let pause = pause_before(attempt);
                    (self.events)(&Event::Retry { step: walk.step, attempt, pause, error: &error });
                    sleep_unless(pause, &self.options.interrupt);
                    if self.options.interrupt.is_raised() {
                        return Err(error.into());
                    }
                    if self.settle(walk, at)? {
                        return self.mark(walk, at..at + 1, JournalState::Done);
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Finds out whether an interrupted statement took effect; clears half of one away. True: it did.
    fn settle(&mut self, walk: &Walk<'_>, at: usize) -> Result<bool, Trouble> {
        let failed = matches!(walk.journal.get(&at), Some((_, JournalState::Failed)));
        let effect: &Effect = &walk.script.statements[at].facts.effect;
        match self.driver.probe(effect)? {
            Probe::Done => Ok(true),
            Probe::NotDone | Probe::Repeatable => Ok(false),
            Probe::Broken { found, cleanup } => {
                (self.events)(&Event::Repaired { step: walk.step, found: &found });
                for sql in cleanup {
                    self.watched(&sql, &Timeouts::default())?;
                }
                Ok(false)
            }
            Probe::Finish { found, finish } => {
                (self.events)(&Event::Repaired { step: walk.step, found: &found });
                self.watched(&finish, &Timeouts::default())?;
                Ok(true)
            }
            // A statement that the server answered with an error took no effect that a catalog can't show.
            Probe::Unknown if failed => Ok(false),
            Probe::Unknown => Err(Trouble::Unsettled),
        }
    }

    fn in_transaction(&mut self, walk: &mut Walk<'_>, at: usize) -> Result<(), Trouble> {
        let mut attempt = 1;
        loop {
            let mut parts = Parts::default();
            parts.statements(walk.step, walk.script, at..at + 1);
            let unit = Unit {
                index: 0,
                guard: None,
                timeouts: walk.timeouts,
                parts: parts.parts,
                records: vec![walk.record(at, JournalState::Done)],
                session: SessionAfter::Keep,
            };
            let steps = std::slice::from_ref(walk.step);
            let mut report = Report::default();
            let mut watcher = Watcher::of_journal(steps, self.events, &mut report);
            let result = self.driver.apply(&mut std::iter::once(unit), Durability::Each, &mut watcher);
            match result {
                Ok(()) => {
                    walk.note(at..at + 1, JournalState::Done);
                    return Ok(());
                }
                Err(error) => match &error.failure {
                    Failure::Database(db) if db.kind == DbErrorKind::LockTimeout && attempt < self.options.attempts => {
                        attempt += 1;
                        let pause = pause_before(attempt);
                        (self.events)(&Event::Retry { step: walk.step, attempt, pause, error: db });
                        self.renew_session(walk, at)?;
                        sleep_unless(pause, &self.options.interrupt);
                        if self.options.interrupt.is_raised() {
                            return Err(Trouble::Unit(error));
                        }
                    }
                    _ => return Err(Trouble::Unit(error)),
                },
            }
        }
    }

    /// Sends a statement as it is, and checks what the file expects of it.
    fn execute(&mut self, walk: &Walk<'_>, at: usize) -> Result<(), Trouble> {
        let statement = &walk.script.statements[at];
        let sql = walk.script.statement(at);
        let rows = match statement.copy_data {
            Some(data) => self.driver.copy(sql, &walk.script.script.text()[data.range()])?,
            None => {
                // A concurrent build waits for old transactions: a lock timeout would end it half-way, INVALID.
                let mut timeouts = walk.timeouts;
                if statement.facts.outside.is_some() && timeouts.lock.is_some() {
                    timeouts.lock = walk
                        .step
                        .migration
                        .as_ref()
                        .map_or(Some(Duration::ZERO), |migration| migration.timeouts.lock.or(Some(Duration::ZERO)));
                }
                self.watched(sql, &timeouts)?
            }
        };
        for (op, count, place) in affected(walk.step) {
            if walk.script.stands_after(at, place) && !op.holds(rows, count) {
                return Err(Trouble::Check { what: format!("affected {op} {count}"), got: rows.to_string() });
            }
        }
        Ok(())
    }

    fn watched(&mut self, sql: &str, timeouts: &Timeouts) -> Result<u64, DbError> {
        let index = self.done_count().min(self.steps.len() - 1);
        let steps = &self.steps[index..=index];
        let mut report = Report::default();
        let mut watcher = Watcher::of_journal(steps, self.events, &mut report);
        self.driver.execute_watched(sql, timeouts, &mut watcher)
    }

    fn mark(&mut self, walk: &mut Walk<'_>, range: Range<usize>, state: JournalState) -> Result<(), Trouble> {
        let records: Vec<Record> = range.clone().map(|at| walk.record(at, state)).collect();
        self.driver.write(&records)?;
        walk.note(range, state);
        Ok(())
    }

    /// The checks and the rows that say that all is done, in one transaction.
    fn finish(&mut self, index: usize, walk: &Walk<'_>, resumed: bool, began: Instant) -> Result<(), RunError> {
        let step = walk.step;
        let took = Took::Milliseconds(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        let (actor, statements) = (&self.options.actor, Some(walk.script.statements.len()));
        let mut records = completion(step, self.sequence_for(index), took, actor, self.keepers, statements);
        if step.direction == Direction::Down {
            // The way up begins anew.
            for direction in [Direction::Up, Direction::Down] {
                records.push(Record::JournalClear { id: step.id.clone(), direction });
            }
        }
        if self.driver.in_transaction() {
            self.driver.write(&records)?;
            self.driver.execute("COMMIT")?;
            return Ok(());
        }
        let mut checks = Parts::default();
        checks.checks(step);
        for at in (0..checks.parts.len()).rev() {
            if let Part::Same { slot, sql, what } = &checks.parts[at] {
                if resumed {
                    (self.events)(&Event::Unchecked { step, what });
                    checks.parts.remove(at);
                    checks.origins.remove(at);
                } else {
                    let before = walk.counts.get(slot).copied().flatten().unwrap_or_default();
                    let want = Want::Count(Comparison::Equal, before);
                    checks.parts[at] =
                        Part::Check { sql: sql.clone(), want, what: Some(format!("{what} from {before}")) };
                }
            }
        }
        let unit = Unit {
            index: 0,
            guard: None,
            timeouts: walk.timeouts,
            parts: checks.parts.clone(),
            records,
            session: SessionAfter::Keep,
        };
        let steps = std::slice::from_ref(step);
        let mut report = Report::default();
        let mut watcher = Watcher::of_journal(steps, self.events, &mut report);
        match self.driver.apply(&mut std::iter::once(unit), Durability::Each, &mut watcher) {
            Ok(()) => Ok(()),
            Err(error) => {
                let (statement, place, sql) = locate(step, &checks, &error);
                let failure = StepFailure {
                    id: step.id.clone(),
                    direction: step.direction,
                    statement,
                    place,
                    sql,
                    failure: error.failure,
                    kept: walk.kept(),
                };
                let records = vec![failed_row(step, &failure.failure)];
                Err(self.report_failure(step, failure, records))
            }
        }
    }

    /// The rows that `@expect rows(..) unchanged` speaks of can't be counted; nothing has run yet.
    fn not_counted(&mut self, walk: &Walk<'_>, line: Span, error: DbError) -> RunError {
        let step = walk.step;
        let failure = StepFailure {
            id: step.id.clone(),
            direction: step.direction,
            statement: None,
            place: step.migration.as_ref().map(|migration| (std::sync::Arc::clone(&migration.source), line)),
            sql: None,
            failure: Failure::Database(error),
            kept: walk.kept(),
        };
        let records = vec![failed_row(step, &failure.failure)];
        self.report_failure(step, failure, records)
    }

    fn journal_failure(&mut self, walk: &Walk<'_>, at: usize, trouble: Trouble) -> RunError {
        let step = walk.step;
        let span = walk.script.statements[at].span;
        let script = &walk.script.script;
        let mut records = Vec::new();
        let (failure, offset) = match trouble {
            Trouble::Unit(error) => (error.failure, error.offset),
            Trouble::Database(error) => {
                let offset = error.offset.map(|offset| span.start + offset);
                (Failure::Database(error), offset)
            }
            Trouble::Check { what, got } => (Failure::Check { what, got }, None),
            Trouble::Unsettled => {
                let error = DbError::new(
                    DbErrorKind::Statement,
                    "this statement was interrupted, and the catalog does not show whether it took effect",
                )
                .with_hint(format!(
                    "look, then say so: `rung resolve {} --statement {} --done` or `--not-done`",
                    step.id,
                    at + 1
                ));
                (Failure::Database(error), None)
            }
        };
        if let Failure::Database(error) = &failure {
            if error.kind == DbErrorKind::Canceled && self.options.interrupt.is_raised() {
                // What stands is in the journal; the row stays "running" and the next run goes on from there.
                let _ = self.driver.reset();
                let left = self.steps.len() - self.done_count();
                return self.interrupted(left);
            }
            let lost = error.kind == DbErrorKind::ConnectionLost;
            let answered = matches!(walk.journal.get(&at), Some((_, JournalState::Intent))) && !lost;
            // Only what the server answered is known to have failed; the rest stays an intent to be settled.
            if answered && error.hint.as_deref().is_none_or(|hint| !hint.starts_with("look, then say so")) {
                records.push(walk.record(at, JournalState::Failed));
            }
        }
        records.push(if step.direction == Direction::Down && walk.journal.is_empty() {
            Record::SetStatus { id: step.id.clone(), status: Status::Completed, error: None }
        } else {
            failed_row(step, &failure)
        });
        let place = offset.map_or(span, |at| word_at(script.text(), at, span));
        let failure = StepFailure {
            id: step.id.clone(),
            direction: step.direction,
            statement: Some((at + 1, walk.script.statements.len())),
            place: Some((std::sync::Arc::clone(script.source()), script.source_span(place))),
            sql: Some(walk.script.statement(at).to_owned()),
            failure,
            kept: walk.kept(),
        };
        self.report_failure(step, failure, records)
    }
}

fn refuses_transaction(error: &UnitError) -> bool {
    matches!(&error.failure, Failure::Database(error) if error.kind == DbErrorKind::RefusesTransaction)
}

/// A step on its way through the journal.
struct Walk<'a> {
    step: &'a Step,
    script: &'a ScriptPlan,
    hashes: &'a [String],
    journal: Journal,
    /// Row counts from before, by slot.
    counts: BTreeMap<usize, Option<u64>>,
    /// The first statement of the file's own transaction that is open.
    opened: Option<usize>,
    /// Those in force, but for what the file has set by itself.
    timeouts: Timeouts,
}

impl Walk<'_> {
    fn is_done(&self, at: usize) -> bool {
        matches!(self.journal.get(&at), Some((_, JournalState::Done)))
    }

    fn record(&self, at: usize, state: JournalState) -> Record {
        Record::Journal {
            id: self.step.id.clone(),
            direction: self.step.direction,
            index: at,
            fingerprint: self.hashes[at].clone(),
            state,
        }
    }

    fn kept(&self) -> Kept {
        let done = (0..self.script.statements.len()).filter(|at| self.is_done(*at)).map(|at| at + 1).collect();
        Kept::Statements { done, of: self.script.statements.len() }
    }

    fn note(&mut self, range: Range<usize>, state: JournalState) {
        for at in range {
            self.journal.insert(at, (self.hashes[at].clone(), state));
        }
    }

    /// What the file sets by itself is not set over.
    fn heed_settings(&mut self, at: usize) {
        if self.script.statements[at].facts.effect == Effect::Session {
            let text = self.script.statement(at).to_ascii_lowercase();
            self.timeouts.lock = self.timeouts.lock.filter(|_| !text.contains("lock_timeout"));
            self.timeouts.statement = self.timeouts.statement.filter(|_| !text.contains("statement_timeout"));
        }
    }

    fn set_up_before(&self, first: Option<usize>) -> Vec<usize> {
        set_up_before(self.script, first, |at| self.is_done(at))
    }
}

/// Statements that stand before the first that does not, and are about the session alone.
pub(crate) fn set_up_before(script: &ScriptPlan, first: Option<usize>, is_done: impl Fn(usize) -> bool) -> Vec<usize> {
    let is_setting = |at: &usize| script.statements[*at].facts.effect == Effect::Session;
    (0..first.unwrap_or(0)).filter(|at| is_done(*at)).filter(is_setting).collect()
}

/// Behind a transaction pooler the next statement may run in another session, and a stranger's in this one.
fn refuse_session(step: &Step, script: &ScriptPlan) -> Result<(), RunError> {
    let Some(statement) = script.statements.iter().find(|statement| statement.facts.effect == Effect::Session) else {
        return Ok(());
    };
    let (source, span) = (script.script.source(), script.script.source_span(statement.span));
    let diagnostic = Diagnostic::error(
        "session-behind-pooler",
        format!("{} runs statement by statement, and a pooler does not keep a session from one to the next", step.id),
    )
    .at(source, span, "holds for the session")
    .help("connect to the server itself for this migration: `rung up --url URL`")
    .help("or leave it out: schema-qualified names do without search_path, `-- @lock-timeout 5s` without SET");
    Err(RunError::Plan(PlanError::new(PlanErrorKind::Usage, diagnostic).into()))
}
