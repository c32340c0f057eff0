//! What a run tells while it goes on, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rung_sql::{Diagnostic, SourceFile, Span};

use crate::driver::{Blocker, LockHolder, Progress};
use crate::failure::{DbError, Failure};
use crate::plan::{Plan, PlanErrors, Step};
use crate::record::Direction;

/// Something that happened. The terminal, a log or a program renders it; the engine never prints.
#[derive(Debug)]
pub enum Event<'a> {
    /// The plan that is about to be carried out.
    PlanReady(&'a Plan),
    /// Another deployer has the lock.
    LockWait {
        /// Who.
        holder: &'a LockHolder,
        /// How long we have waited.
        waited: Duration,
    },
    /// A step is the one being worked on.
    StepStarted {
        /// The step.
        step: &'a Step,
    },
    /// An interrupted step goes on: these statements of it stand.
    Resumed {
        /// The step.
        step: &'a Step,
        /// How many statements stand.
        done: usize,
    },
    /// A half-done statement was found and is cleared away.
    Repaired {
        /// The step.
        step: &'a Step,
        /// What was found.
        found: &'a str,
    },
    /// The step waits for other sessions.
    Blocked {
        /// The step.
        step: &'a Step,
        /// They.
        blockers: &'a [Blocker],
    },
    /// A lock was not to be had in time; the step was rolled back and is tried again after a pause.
    Retry {
        /// The step.
        step: &'a Step,
        /// Which try comes next, from 2.
        attempt: u32,
        /// The pause.
        pause: Duration,
        /// The server's message.
        error: &'a DbError,
    },
    /// A long statement has come so far.
    Progress {
        /// The step.
        step: &'a Step,
        /// How far.
        progress: &'a Progress,
    },
    /// The server says something.
    Notice {
        /// The step.
        step: &'a Step,
        /// What.
        text: &'a str,
    },
    /// A script has printed a line. Lines come once it has ended; the last ones of a script that failed are in its error
    /// instead.
    Printed {
        /// The step.
        step: &'a Step,
        /// The line.
        line: &'a str,
    },
    /// A resumed migration can't be held to what it expects: the count from before it began is gone.
    Unchecked {
        /// The step.
        step: &'a Step,
        /// What it expects, e.g. `rows(users) unchanged`.
        what: &'a str,
    },
    /// A step is done.
    StepDone {
        /// The step.
        step: &'a Step,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    StepFailed {
        /// How.
        failure: &'a StepFailure,
    },
    /// All is done.
    Finished(&'a Report),
}

/// A step that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// The migration.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// How long it took.
    pub took: Duration,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The steps, in order.
    pub steps: Vec<StepReport>,
    /// How many migrations were applied before.
    pub applied_before: usize,
    /// How many of them have had their new ids written.
    pub renamed: usize,
    /// Pending migrations that were left for a run after the release.
    pub held: Vec<String>,
    /// From the first question to the last answer.
    pub took: Duration,
}

/// What of a failed step is in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: its transaction was rolled back.
    Nothing,
    /// Nothing, nor of any other of so many migrations that shared its transaction.
    NothingOfAny(usize),
    /// These statements of a journalled migration, out of so many.
    Statements {
        /// Numbers from one.
        done: Vec<usize>,
        /// How many there are.
        of: usize,
    },
    /// The connection was lost as it was committed: the next run will see from the history.
    Unsure,
    /// A program ran and failed; what it did is not known.
    Program,
}

/// A step that failed, with all that is known of it.
#[derive(Debug)]
pub struct StepFailure {
    /// The migration.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// Number of the statement, from one, and of how many; where it is known.
    pub statement: Option<(usize, usize)>,
    /// Where in which file: the character that the server named, else the statement.
    pub place: Option<(Arc<SourceFile>, Span)>,
    /// The statement's text.
    pub sql: Option<String>,
    /// How.
    pub failure: Failure,
    /// What stands of it.
    pub kept: Kept,
}

impl StepFailure {
    /// The failure as a diagnostic: where, what, and the server's own detail and hint.
    pub fn diagnostic(&self) -> Diagnostic {
        let verb = match self.direction {
            Direction::Down => "could not be undone",
            _ => "failed",
        };
        let at = match self.statement {
            Some((number, of)) if of > 1 => format!(" at statement {number} of {of}"),
            _ => String::new(),
        };
        let mut diagnostic = Diagnostic::error("failed", format!("{} {verb}{at}", self.id));
        let label = match &self.failure {
            Failure::Database(error) => error.message.clone(),
            Failure::Check { what, got } => format!("expected {what}, got {got}"),
            Failure::Code(error) => error.to_string(),
        };
        diagnostic = match &self.place {
            Some((source, span)) => diagnostic.at(source, *span, label),
            None => label.lines().fold(diagnostic, Diagnostic::note),
        };
        if let Failure::Database(error) = &self.failure {
            if let Some(detail) = &error.detail {
                diagnostic = diagnostic.note(format!("detail from the server: {detail}"));
            }
            diagnostic = match &error.hint {
                // What has a code is the server's.
                Some(hint) if error.code.is_some() => diagnostic.note(format!("hint from the server: {hint}")),
                Some(hint) => diagnostic.help(hint),
                None => diagnostic,
            };
        }
        diagnostic
    }
}

/// How a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The files, the history and the goal do not go together; nothing was run.
    #[error(transparent)]
    Plan(#[from] PlanErrors),
    /// The database failed outside of any step.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A step failed; those before it stand.
    #[error("{}", failure.diagnostic())]
    Step {
        /// The step.
        failure: Box<StepFailure>,
        /// What was done before it.
        report: Report,
    },
    /// Asked to stop, the run ended between two steps, or rolled the running one back.
    #[error("interrupted: {} done, {left} left", report.steps.len())]
    Interrupted {
        /// What was done.
        report: Report,
        /// How many steps were not.
        left: usize,
    },
    /// The plan was not approved; nothing was run.
    #[error("not approved: nothing was run")]
    Declined,
    /// Between plan and lock, another deployer changed the history in a way that the approved plan does not cover.
    #[error("the history changed since the plan was shown: {id} would now run too; nothing was run")]
    HistoryMoved {
        /// A step that was not in the plan that was approved.
        id: String,
    },
}

/// Asks a run to stop, from another thread: once to stop after the running step, twice to roll it back.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Asks once more; says how often it was asked, this time included.
    pub fn raise(&self) -> u8 {
        self.0.fetch_add(1, Ordering::SeqCst).saturating_add(1)
    }

    /// How often it was asked for.
    pub fn count(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether it was asked for.
    pub fn is_raised(&self) -> bool {
        self.count() > 0
    }
}
