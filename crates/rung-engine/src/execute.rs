//! The executor: carries a plan out under the lock.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rung_sql::{SourceFile, Span};

use crate::driver::{
    Blocker, Continue, Driver, Durability, Guard, LockHolder, Progress, SessionAfter, Unit, UnitObserver,
};
use crate::event::{Event, Interrupt, Kept, Report, RunError, StepFailure, StepReport};
use crate::failure::{DbErrorKind, Failure, UnitError};
use crate::former::Renamed;
use crate::history::{History, Status};
use crate::journal;
use crate::keep::{self, FindKeepers, Keepers};
use crate::lock::locked;
use crate::plan::{Action, Plan, PlanErrors, Step, stored_script};
use crate::record::{Actor, Direction, Record, Took};
use crate::unit::{Parts, unit};

/// How to carry plans out.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// When commits must be on disk.
    pub durability: Durability,
    /// One transaction a migration, or one for all.
    pub grouping: Grouping,
    /// How long to wait for the deployer's lock.
    pub lock_wait: Duration,
    /// How often a step is tried when a lock on a table is not to be had in time; at least 1.
    pub attempts: u32,
    /// Who runs.
    pub actor: Actor,
    /// Asks the run to stop.
    pub interrupt: Interrupt,
    /// Says which tables of other tools are written along with rung's own.
    pub keepers: FindKeepers,
    /// Environment variables for script migrations, `DATABASE_URL` first of all: where a script prints its value, it is
    /// shown as `$DATABASE_URL`.
    pub script_environment: Vec<(String, String)>,
    /// What must not be shown of what scripts print: passwords.
    pub secrets: Vec<String>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            durability: Durability::Run,
            grouping: Grouping::Each,
            lock_wait: Duration::from_secs(600),
            attempts: 10,
            actor: Actor::default(),
            interrupt: Interrupt::default(),
            keepers: keep::none,
            script_environment: Vec::new(),
            secrets: Vec::new(),
        }
    }
}

/// How migrations share transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// Each is all or nothing.
    #[default]
    Each,
    /// All together are all or nothing.
    Single,
}

/// Plans, asks, locks, plans again and runs.
///
/// `known` is the history where the caller has just read it; it is read again under the lock in any case.
/// `planner` is asked twice: before the lock, so that a run with nothing to do takes one query and no lock; and under
/// it, so that what another deployer did meanwhile is not done again. `approve` sees the first plan.
///
/// # Errors
/// See [`RunError`]. Whatever the error, the history says what is in the database.
pub fn run(
    driver: &mut dyn Driver,
    known: Option<History>,
    planner: &dyn Fn(&History) -> Result<Plan, PlanErrors>,
    approve: &mut dyn FnMut(&mut dyn Driver, &Plan) -> Result<bool, RunError>,
    options: &RunOptions,
    events: &mut dyn FnMut(&Event<'_>),
) -> Result<Report, RunError> {
    let began = Instant::now();
    let history = known.map_or_else(|| driver.history(), Ok)?;
    let approved = planner(&history)?;
    if approved.is_empty() {
        events(&Event::PlanReady(&approved));
        let report = Report {
            applied_before: approved.applied,
            held: approved.held,
            took: began.elapsed(),
            ..Report::default()
        };
        events(&Event::Finished(&report));
        return Ok(report);
    }
    if !approve(driver, &approved)? {
        return Err(RunError::Declined);
    }
    let events = std::cell::RefCell::new(events);
    let mut waiting = |holder: &LockHolder, waited: Duration| {
        (events.borrow_mut())(&Event::LockWait { holder, waited });
        if options.interrupt.is_raised() { Continue::No } else { Continue::Yes }
    };
    locked(driver, options.lock_wait, &mut waiting, |driver| {
        driver.ensure_tables()?;
        let history = driver.history()?;
        let mut plan = planner(&history)?;
        let known = |step: &Step| approved.steps.iter().any(|s| s.id == step.id && s.direction == step.direction);
        if let Some(step) = plan.steps.iter().find(|step| !known(step)) {
            return Err(RunError::HistoryMoved { id: step.id.clone() });
        }
        let keepers = Keepers::find(options.keepers, driver)?;
        keepers.refuse(&plan.renamed)?;
        write_renamed(driver, &plan.renamed, options)?;
        read_stored_downs(driver, &mut plan)?;
        let mut events = events.borrow_mut();
        (events)(&Event::PlanReady(&plan));
        let mut run = Run {
            driver,
            steps: &plan.steps,
            options,
            keepers: &keepers,
            events: &mut **events,
            sequence: history.next_sequence(),
            began,
            report: Report {
                applied_before: plan.applied,
                renamed: plan.renamed.len(),
                held: plan.held.clone(),
                ..Report::default()
            },
        };
        run.all()?;
        let mut report = std::mem::take(&mut run.report);
        report.took = began.elapsed();
        (events)(&Event::Finished(&report));
        Ok(report)
    })
}

/// Lets the history have the ids that its migrations have now, in one transaction.
pub(crate) fn write_renamed(
    driver: &mut dyn Driver,
    renamed: &[Renamed],
    options: &RunOptions,
) -> Result<(), RunError> {
    let records: Vec<Record> = renamed.iter().flat_map(|one| one.records(&options.actor)).collect();
    if records.is_empty() { Ok(()) } else { Ok(driver.write(&records)?) }
}

/// Puts the downs that only the history has in the place of their steps. Reads only.
/// # Errors
/// The database; a stored down that the splitter refuses.
pub fn read_stored_downs(driver: &mut dyn Driver, plan: &mut Plan) -> Result<(), RunError> {
    for step in plan.steps.iter_mut().filter(|step| matches!(step.action, Action::StoredDown)) {
        let sql = driver.stored_down(&step.id)?.unwrap_or_default();
        let script = stored_script(&step.id, &sql, driver.dialect_of())?;
        step.kind = script.inferred;
        step.action = Action::Script(script);
    }
    Ok(())
}

/// A plan being carried out.
pub(crate) struct Run<'a> {
    pub(crate) driver: &'a mut dyn Driver,
    pub(crate) steps: &'a [Step],
    pub(crate) options: &'a RunOptions,
    pub(crate) keepers: &'a Keepers,
    pub(crate) events: &'a mut dyn FnMut(&Event<'_>),
    /// The place in the order of application that the first step takes.
    pub(crate) sequence: i64,
    began: Instant,
    report: Report,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), RunError> {
        if self.options.grouping == Grouping::Single {
            return self.single();
        }
        let mut next = 0;
        while next < self.steps.len() {
            self.stop_if_asked(next)?;
            let together = self.steps[next..].iter().take_while(|step| step.journal_reason().is_none()).count();
            if together == 0 {
                self.journalled(next)?;
                next += 1;
            } else {
                self.transactional(next..next + together)?;
                next += together;
            }
        }
        Ok(())
    }

    fn stop_if_asked(&mut self, next: usize) -> Result<(), RunError> {
        if self.options.interrupt.is_raised() {
            return Err(self.interrupted(self.steps.len() - next));
        }
        Ok(())
    }

    pub(crate) fn interrupted(&mut self, left: usize) -> RunError {
        RunError::Interrupted { report: self.take_report(), left }
    }

    /// How many steps are done.
    pub(crate) fn done_count(&self) -> usize {
        self.report.steps.len()
    }

    fn take_report(&mut self) -> Report {
        let mut report = std::mem::take(&mut self.report);
        report.took = self.began.elapsed();
        report
    }

    fn sequence_of(&self, index: usize) -> i64 {
        self.sequence.saturating_add(i64::try_from(index).unwrap_or(i64::MAX))
    }

    /// Runs steps that are each one transaction, sending ahead as the driver can.
    fn transactional(&mut self, range: Range<usize>) -> Result<(), RunError> {
        let mut next = range.start;
        let mut attempt = 1;
        while next < range.end {
            let error = match self.apply(next..range.end, attempt) {
                Ok(()) if self.report.steps.len() < range.end => {
                    // The units ran out before the steps did: someone asked to stop.
                    return Err(self.interrupted(self.steps.len() - self.report.steps.len()));
                }
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let failed = error.unit;
            if failed > next {
                attempt = 1;
            }
            next = failed;
            match &error.failure {
                Failure::Database(db) if db.kind == DbErrorKind::LockTimeout && attempt < self.options.attempts => {
                    attempt += 1;
                    let pause = pause_before(attempt);
                    let step = &self.steps[failed];
                    (self.events)(&Event::Retry { step, attempt, pause, error: db });
                    self.driver.reset()?;
                    sleep_unless(pause, &self.options.interrupt);
                    self.stop_if_asked(failed)?;
                }
                _ => return Err(self.failed(*error)),
            }
        }
        Ok(())
    }

    fn apply(&mut self, range: Range<usize>, attempt: u32) -> Result<(), Box<UnitError>> {
        let (steps, options, keepers) = (self.steps, self.options, self.keepers);
        let (first, sequence) = (range.start, self.sequence_of(range.start));
        let mut units = range.zip(sequence..).map_while(move |(index, sequence)| {
            // The first was checked by the caller; a retry goes through once more.
            if index > first && options.interrupt.is_raised() {
                return None;
            }
            let mut unit = unit(index, &steps[index], sequence, &options.actor, keepers);
            unit.guard = (index > first).then(|| guard_after(&steps[index - 1]));
            Some(unit)
        });
        let mut watcher =
            Watcher { steps, events: self.events, report: &mut self.report, announced: attempt > 1, silent: false };
        self.driver.apply(&mut units, options.durability, &mut watcher)
    }

    /// Runs all steps as one unit.
    fn single(&mut self) -> Result<(), RunError> {
        if let Some((step, reason)) = self.steps.iter().find_map(|step| Some((step, step.journal_reason()?))) {
            return Err(journal::not_in_one(step, &reason).into());
        }
        let mut all = Unit {
            index: 0,
            guard: None,
            timeouts: self.steps[0].timeouts,
            parts: Vec::new(),
            records: Vec::new(),
            session: SessionAfter::Reset,
        };
        let mut slots = 0;
        for (index, step) in self.steps.iter().enumerate() {
            let mut one = unit(index, step, self.sequence_of(index), &self.options.actor, self.keepers);
            slots = shift_slots(&mut one, slots);
            all.parts.append(&mut one.parts);
            all.records.append(&mut one.records);
        }
        let mut attempt = 1;
        loop {
            let began = Instant::now();
            let mut quiet = Watcher {
                steps: self.steps,
                events: self.events,
                report: &mut Report::default(),
                announced: true,
                silent: true,
            };
            let result = self.driver.apply(&mut std::iter::once(all.clone()), self.options.durability, &mut quiet);
            match result {
                Ok(()) => {
                    let each = began.elapsed() / u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
                    for step in self.steps {
                        self.step_done(step, each);
                    }
                    return Ok(());
                }
                Err(error) => {
                    if let Failure::Database(db) = &error.failure
                        && db.kind == DbErrorKind::LockTimeout
                        && attempt < self.options.attempts
                    {
                        attempt += 1;
                        let pause = pause_before(attempt);
                        (self.events)(&Event::Retry { step: &self.steps[0], attempt, pause, error: db });
                        self.driver.reset()?;
                        sleep_unless(pause, &self.options.interrupt);
                        self.stop_if_asked(0)?;
                        continue;
                    }
                    return Err(self.failed_in_single(*error));
                }
            }
        }
    }

    /// Finds the step that a part of the one unit belongs to.
    fn failed_in_single(&mut self, mut error: UnitError) -> RunError {
        let mut part = error.part.unwrap_or(usize::MAX);
        error.unit = self.steps.len() - 1;
        for (index, step) in self.steps.iter().enumerate() {
            let count = Parts::of(step).parts.len();
            if part < count {
                error.unit = index;
                error.part = Some(part);
                break;
            }
            part = part.saturating_sub(count);
        }
        self.failed(error)
    }

    pub(crate) fn step_done(&mut self, step: &Step, took: Duration) {
        self.report.steps.push(StepReport { id: step.id.clone(), direction: step.direction, took });
        (self.events)(&Event::StepDone { step, took });
    }

    /// What is known of a unit that failed, written to the log as far as the connection allows.
    fn failed(&mut self, error: UnitError) -> RunError {
        let step = &self.steps[error.unit];
        let left = self.steps.len() - error.unit;
        if let Failure::Database(db) = &error.failure
            && db.kind == DbErrorKind::Canceled
            && self.options.interrupt.is_raised()
        {
            // Best effort: the session may be beyond use, and the next run does not depend on it.
            let _ = self.driver.reset();
            return self.interrupted(left);
        }
        let parts = Parts::of(step);
        let (statement, place, sql) = locate(step, &parts, &error);
        let kept = match &error.failure {
            Failure::Database(db) if db.kind == DbErrorKind::ConnectionLost => Kept::Unsure,
            _ if self.options.grouping == Grouping::Single => Kept::NothingOfAny(self.steps.len()),
            _ => Kept::Nothing,
        };
        let failure = StepFailure {
            id: step.id.clone(),
            direction: step.direction,
            statement,
            place,
            sql,
            failure: error.failure,
            kept,
        };
        self.report_failure(step, failure, Vec::new())
    }

    /// Records and announces a failure. The log is best effort: the failure itself is what the caller must hear of.
    pub(crate) fn report_failure(&mut self, step: &Step, failure: StepFailure, mut records: Vec<Record>) -> RunError {
        let statements_done = match &failure.kept {
            Kept::Statements { done, .. } => Some(done.len()),
            Kept::Nothing | Kept::NothingOfAny(_) => Some(0),
            Kept::Unsure | Kept::Program => None,
        };
        records.push(Record::Log {
            id: step.id.clone(),
            direction: step.direction,
            status: Status::Failed,
            took: Took::Unknown,
            error: Some(message(&failure.failure)),
            actor: self.options.actor.clone(),
            statements_done,
        });
        if failure.kept != Kept::Unsure && self.driver.reset().is_ok() {
            let _ = self.driver.write(&records);
        }
        (self.events)(&Event::StepFailed { failure: &failure });
        RunError::Step { failure: Box::new(failure), report: self.take_report() }
    }
}

/// The text of a failure, for the log.
pub(crate) fn message(failure: &Failure) -> String {
    match failure {
        Failure::Database(error) => match (&error.code, &error.hint) {
            (Some(code), _) => format!("{} ({code})", error.message),
            // No edit of the file mends it: whoever reads of it later is to know what does.
            (None, Some(hint)) if error.kind == DbErrorKind::KeptTable => format!("{}\nnext: {hint}", error.message),
            (None, _) => error.message.clone(),
        },
        Failure::Check { what, got } => format!("expected {what}, got {got}"),
        Failure::Code(error) => error.to_string(),
    }
}

/// Where a failure is: statement number and of how many, place in the file, text.
pub(crate) type Located = (Option<(usize, usize)>, Option<(Arc<SourceFile>, Span)>, Option<String>);

/// Finds the statement of a step that failed.
pub(crate) fn locate(step: &Step, parts: &Parts, error: &UnitError) -> Located {
    let of = match &step.action {
        Action::Script(script) => script.statements.len(),
        Action::Program | Action::StoredDown => 1,
    };
    locate_in(parts, error, of)
}

/// Finds the statement that failed among parts cut from a script of `of` statements.
pub(crate) fn locate_in(parts: &Parts, error: &UnitError, of: usize) -> Located {
    let Some(origin) = error.part.and_then(|part| parts.origins.get(part)) else { return (None, None, None) };
    let Some(script) = &origin.script else { return (None, origin.line.clone(), None) };
    let is_check = matches!(error.part.and_then(|part| parts.parts.get(part)), Some(crate::Part::Check { .. }));
    // A check's text is its own message; everything else is sent from its place in the script.
    let offset = error.offset.map(|at| if is_check { at + origin.statements[0].1.start } else { at });
    let by_offset = |at: usize| origin.statements.iter().find(|(_, span)| at <= span.end);
    let found = match (error.statement, offset) {
        (_, Some(at)) => by_offset(at),
        (Some(index), None) => origin.statements.get(index),
        (None, None) if origin.statements.len() == 1 => origin.statements.first(),
        (None, None) => None,
    };
    let Some((index, span)) = found.copied() else { return (None, None, None) };
    let sql = script.text()[span.range()].to_owned();
    let place = offset.map_or(span, |at| word_at(script.text(), at, span));
    let place = (Arc::clone(script.source()), script.source_span(place));
    ((!is_check).then_some((index + 1, of)), Some(place), Some(sql))
}

/// The word that begins at an offset, for the caret to underline.
pub(crate) fn word_at(text: &str, at: usize, statement: Span) -> Span {
    let at = at.min(statement.end);
    let rest = text.get(at..statement.end).unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let length = match rest.chars().next() {
        Some(first) if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(1, |end| end + 2),
        Some(other) => other.len_utf8(),
        None => 0,
    };
    Span::new(at, at + length)
}

fn guard_after(step: &Step) -> Guard {
    let status = if step.direction == Direction::Down { Status::RolledBack } else { Status::Completed };
    Guard { id: step.id.clone(), status }
}

/// Gives a unit's memories numbers of their own, and says how many there are now.
fn shift_slots(unit: &mut Unit, by: usize) -> usize {
    let mut highest = by;
    for part in &mut unit.parts {
        if let crate::Part::Remember { slot, .. } | crate::Part::Same { slot, .. } = part {
            *slot += by;
            highest = highest.max(*slot + 1);
        }
    }
    highest
}

/// 0.2 s before the second try, then twice as long each time, 5 s at most.
pub(crate) fn pause_before(attempt: u32) -> Duration {
    Duration::from_millis(200 * (1 << attempt.saturating_sub(2).min(10))).min(Duration::from_secs(5))
}

pub(crate) fn sleep_unless(pause: Duration, interrupt: &Interrupt) {
    let until = Instant::now() + pause;
    while !interrupt.is_raised() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20).min(pause));
    }
}

/// Turns what the driver says into events about steps.
pub(crate) struct Watcher<'a, 'b> {
    pub(crate) steps: &'a [Step],
    pub(crate) events: &'a mut dyn FnMut(&Event<'_>),
    pub(crate) report: &'b mut Report,
    pub(crate) announced: bool,
    pub(crate) silent: bool,
}

impl<'a, 'b> Watcher<'a, 'b> {
    /// Tells of blockers, progress and notices of the one step, and leaves starting and ending to the journal.
    pub(crate) fn of_journal(steps: &'a [Step], events: &'a mut dyn FnMut(&Event<'_>), report: &'b mut Report) -> Self {
        Self { steps, events, report, announced: true, silent: true }
    }
}

impl UnitObserver for Watcher<'_, '_> {
    fn started(&mut self, index: usize) {
        if self.silent {
            return;
        }
        if !std::mem::take(&mut self.announced) {
            (self.events)(&Event::StepStarted { step: &self.steps[index] });
        }
    }

    fn done(&mut self, index: usize, took: Duration) {
        if self.silent {
            return;
        }
        let step = &self.steps[index];
        self.report.steps.push(StepReport { id: step.id.clone(), direction: step.direction, took });
        (self.events)(&Event::StepDone { step, took });
    }

    fn blocked(&mut self, blockers: &[Blocker]) {
        let step = self.current();
        (self.events)(&Event::Blocked { step, blockers });
    }

    fn progress(&mut self, progress: &Progress) {
        let step = self.current();
        (self.events)(&Event::Progress { step, progress });
    }

    fn notice(&mut self, text: &str) {
        let step = self.current();
        (self.events)(&Event::Notice { step, text });
    }
}

impl<'a> Watcher<'a, '_> {
    /// The step after the last that is done.
    fn current(&self) -> &'a Step {
        &self.steps[self.report.steps.len().min(self.steps.len() - 1)]
    }
}
