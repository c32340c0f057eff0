//! How a command fails, and how that looks.

use rung::engine::{Failure as StepTrouble, Kept, PlanErrorKind, StepFailure};
use rung::sql::Diagnostic;
use rung::{DbError, DbErrorKind, Report, RunError};

use crate::diagnostics::render;
use crate::exit::Exit;
use crate::terminal::{BAD, NEXT, Terminal, paint};
use crate::text::count;

/// A failure: what to say, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Exit,
    /// Ready to be printed.
    pub(crate) text: String,
}

impl Failure {
    /// A message, and what to do.
    pub(crate) fn new(code: Exit, message: impl AsRef<str>, next: impl AsRef<str>) -> Self {
        let mut text = format!("{}: {}\n", paint(BAD, "error"), message.as_ref());
        if !next.as_ref().is_empty() {
            text.push_str(&format!("{}: {}\n", paint(NEXT, "next"), next.as_ref()));
        }
        Self { code, text }
    }

    /// A wrong command or configuration.
    pub(crate) fn usage(message: impl AsRef<str>, next: impl AsRef<str>) -> Self {
        Self::new(Exit::Usage, message, next)
    }

    /// Findings about files.
    pub(crate) fn files(diagnostics: &[Diagnostic]) -> Self {
        let mut text: String = diagnostics.iter().map(|found| render(found) + "\n").collect();
        text.push_str(&format!("{} in the migration files; nothing was run\n", count(diagnostics.len(), "error")));
        Self { code: Exit::Failed, text }
    }

    pub(crate) fn print(&self, terminal: &Terminal) {
        terminal.error(&self.text);
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let code = Exit::of(&error);
        let mut message = error.message.clone();
        if let Some(detail) = &error.detail {
            message.push_str(&format!("\n  {detail}"));
        }
        let next = match error.kind {
            DbErrorKind::Locked | DbErrorKind::Canceled => error.hint.clone().unwrap_or_default(),
            DbErrorKind::Permission => error.hint.clone().unwrap_or_else(|| {
                "grant the right to this user, or connect as one that has it; nothing was changed".to_owned()
            }),
            _ => error.hint.clone().unwrap_or_default(),
        };
        Self::new(code, message, next)
    }
}

impl From<rung::Error> for Failure {
    fn from(error: rung::Error) -> Self {
        match error {
            rung::Error::Files(diagnostics) => Self::files(&diagnostics),
            rung::Error::Database(error) => error.into(),
            rung::Error::Run(error) => error.into(),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Plan(errors) => {
                let code = match errors.kind() {
                    PlanErrorKind::Usage => Exit::Usage,
                    PlanErrorKind::Files => Exit::Failed,
                    PlanErrorKind::Drift => Exit::Drift,
                };
                Self { code, text: errors.0.iter().map(|error| render(&error.diagnostic) + "\n").collect() }
            }
            RunError::Database(error) => error.into(),
            RunError::Step { failure, report } => step(&failure, &report),
            RunError::Interrupted { report, left } => {
                let message = format!("interrupted: {} done, {left} left", count(report.steps.len(), "migration"));
                Self::new(Exit::Interrupted, message, "the same command goes on from here")
            }
            RunError::Declined => Self::new(Exit::Failed, "not approved: nothing was run", ""),
            moved @ RunError::HistoryMoved { .. } => {
                Self::new(Exit::Failed, moved.to_string(), "look at `rung plan`, then run again")
            }
        }
    }
}

/// A step that failed: where, what stands, what to do.
fn step(failure: &StepFailure, report: &Report) -> Failure {
    let mut text = render(&failure.diagnostic());
    let id = &failure.id;
    let verb = if failure.direction == rung::engine::Direction::Down { "rung down" } else { "rung up" };
    let (stands, next) = match &failure.kept {
        Kept::Nothing => (
            format!("Nothing of {id} was kept (its transaction was rolled back)."),
            format!("mend the file, then `{verb}`"),
        ),
        Kept::Statements { done, of } if done.is_empty() => {
            (format!("None of the {of} statements of {id} stands."), format!("mend the file, then `{verb}`"))
        }
        Kept::Statements { done, of } => (
            format!(
                "Of the {of} statements of {id}, {} stand{}.",
                numbers(done),
                if done.len() == 1 { "s" } else { "" }
            ),
            format!("mend the file from the statement that failed on, then `{verb}`: it goes on there"),
        ),
        Kept::Unsure => (
            format!("The connection was lost while {id} was running; the history will show whether it was committed."),
            format!("`{verb}`: it goes on from what the history says"),
        ),
        Kept::Program => (
            format!("{id} is a program: what it did before it failed is not known to rung."),
            format!("look at what it did, then `{verb}` to run it again, or `rung resolve {id} --done`"),
        ),
    };
    text.push_str(&stands);
    if !report.steps.is_empty() {
        let ids: Vec<&str> = report.steps.iter().map(|step| step.id.as_str()).collect();
        let shown = if ids.len() > 4 { format!("{} before it", count(ids.len(), "migration")) } else { ids.join(", ") };
        text.push_str(&format!(" Done in this run: {shown}."));
    }
    text.push('\n');
    let next = match &failure.failure {
        StepTrouble::Database(error) if error.kind == DbErrorKind::Permission => {
            format!("grant the right to this user, or connect as one that has it, then `{verb}`")
        }
        StepTrouble::Database(error) if error.kind == DbErrorKind::DiskFull => {
            format!("make room on the disk, then `{verb}`")
        }
        StepTrouble::Database(error) if error.kind == DbErrorKind::LockTimeout => {
            format!("see who holds the lock with `rung locks`, then `{verb}`; or wait longer with --lock-timeout")
        }
        StepTrouble::Database(error) if error.kind == DbErrorKind::ReadOnly => {
            format!("connect to a database that can be written to, then `{verb}`")
        }
        StepTrouble::Database(error) if error.message.contains("already exists") => {
            format!("mend the file, then `{verb}`; if the database had this before rung came, `rung stamp {id}`")
        }
        _ => next,
    };
    text.push_str(&format!("{}: {next}\n", paint(NEXT, "next")));
    let code = match &failure.failure {
        StepTrouble::Database(error) if error.kind == DbErrorKind::Locked => Exit::Locked,
        _ => Exit::Failed,
    };
    Failure { code, text }
}

/// `1`, `1 and 2`, `1 to 4`.
fn numbers(done: &[usize]) -> String {
    match done {
        [] => "none".to_owned(),
        [one] => format!("statement {one}"),
        [first, .., last] if last - first + 1 == done.len() => format!("statements {first} to {last}"),
        several => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("statements {}", several.join(", "))
        }
    }
}
