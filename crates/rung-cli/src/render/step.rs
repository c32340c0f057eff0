//! A step of a plan: why it runs as it does, and how it fails.

use rung::engine::{Direction, Failure as Trouble, JournalReason, Kept, StepFailure};
use rung::{DbErrorKind, Report, Step};

use super::Failure;
use super::text::{count, listed};
use crate::exit::Exit;

/// Why a step does not run in one transaction, for people.
pub(crate) fn outside(step: &Step) -> Option<String> {
    Some(match step.journal_reason()? {
        JournalReason::Asked => "it says @no-transaction".to_owned(),
        JournalReason::Statement(why) => why,
        JournalReason::OwnTransactions => "it controls transactions itself".to_owned(),
        JournalReason::Command => "it is a program".to_owned(),
    })
}

/// A step that failed: where, what stands, and what to do: mend it, and then `again`.
pub(crate) fn step_failure(failure: &StepFailure, report: Report, again: Option<&str>) -> Failure {
    let exit = match &failure.failure {
        Trouble::Database(error) if error.kind == DbErrorKind::Locked => Exit::Locked,
        _ => Exit::Failed,
    };
    let mut shown = Failure::of(exit, vec![failure.diagnostic()]).saying(stands(failure, &report));
    let again = again.unwrap_or(if failure.direction == Direction::Down { "rung down" } else { "rung up" });
    shown.next.push(next(failure, again));
    shown.report = Some(report);
    shown
}

/// What of it is in the database, and what was done before it.
fn stands(failure: &StepFailure, report: &Report) -> String {
    let id = &failure.id;
    let is_lost = matches!(&failure.failure, Trouble::Database(error) if error.kind == DbErrorKind::ConnectionLost);
    let mut text = match &failure.kept {
        Kept::Statements { done, of } if is_lost => {
            let verb = if done.len() == 1 { "stands" } else { "stand" };
            let number = failure.statement.map_or(done.len() + 1, |(number, _)| number);
            let known = if done.is_empty() { "none".to_owned() } else { numbers(done) };
            format!(
                "Of the {of} statements of {id}, {known} {verb} for certain; what became of statement {number} is not \
                 known here, and the next run will see."
            )
        }
        Kept::Nothing if failure.direction == Direction::Down => {
            format!("{id} is still applied, whole: what was undone of it was rolled back.")
        }
        Kept::Nothing => format!("Nothing of {id} was kept (its transaction was rolled back)."),
        Kept::NothingOfAny(1) => format!("Nothing of {id} was kept (its transaction was rolled back)."),
        Kept::NothingOfAny(steps) => {
            format!(
                "Nothing was kept of any of the {steps} migrations: they share a transaction, and it was rolled back."
            )
        }
        Kept::Statements { done, of: 1 } if done.is_empty() => format!("The one statement of {id} does not stand."),
        Kept::Statements { done, of } if done.is_empty() => format!("None of the {of} statements of {id} stands."),
        Kept::Statements { done, of } => {
            let verb = if done.len() == 1 { "stands" } else { "stand" };
            format!("Of the {of} statements of {id}, {} {verb}.", numbers(done))
        }
        Kept::Unsure => format!(
            "The connection was lost while {id} was running: whether it was committed is not known here, and the next \
             run will see."
        ),
        Kept::Program => format!("{id} is a program: what it did before it failed is not known."),
    };
    let ids = |direction: Direction| -> Vec<&str> {
        report.steps.iter().filter(|step| step.direction == direction).map(|step| step.id.as_str()).collect()
    };
    for (direction, what) in [(Direction::Down, "undone"), (Direction::Up, "applied")] {
        let ids = ids(direction);
        if !ids.is_empty() {
            let verb = if ids.len() == 1 { "is" } else { "are" };
            text.push_str(&format!(
                " {} {verb} {what}.",
                listed(&ids).unwrap_or_else(|| format!("{} before it", count(ids.len(), "migration")))
            ));
        }
    }
    text
}

fn next(failure: &StepFailure, verb: &str) -> String {
    let id = &failure.id;
    if let Trouble::Database(error) = &failure.failure {
        if error.kind == DbErrorKind::RefusesTransaction && failure.kept == Kept::Nothing {
            return format!(
                "add the line `-- @no-transaction` to the file, so that each statement is committed by itself, then \
                 `{verb}`"
            );
        }
        if let Some(remedy) = remedy(error.kind, &format!("`{verb}`")) {
            return remedy;
        }
    }
    match &failure.kept {
        Kept::Statements { done, of } if done.len() == *of => {
            format!("put right what the check found, or mend the check, then `{verb}`: it is checked again")
        }
        Kept::Statements { done, .. } if !done.is_empty() => {
            format!("mend the file from the statement that failed on, then `{verb}`: it goes on there")
        }
        Kept::Unsure => format!("`{verb}`: it goes on from what the history says"),
        Kept::Program => format!("look at what it did, then `{verb}` to run it again, or `rung resolve {id} --done`"),
        Kept::Statements { .. } | Kept::Nothing | Kept::NothingOfAny(_) => format!("mend the file, then `{verb}`"),
    }
}

/// What mends an error whose cause is not in the file, and `again` to type after that.
pub(crate) fn remedy(kind: DbErrorKind, again: &str) -> Option<String> {
    Some(match kind {
        DbErrorKind::Permission => {
            format!("grant the right to this user, or connect as one that has it, then {again}")
        }
        DbErrorKind::KeptTable => format!("{again} once that table takes the row, or is not written any more"),
        DbErrorKind::DiskFull => format!("make room on the disk, then {again}"),
        DbErrorKind::Io => format!("look at the disk, its quota and its limits, then {again}"),
        DbErrorKind::LockTimeout => {
            format!("see who holds the lock with `rung locks`, then {again}; or wait longer: --lock-timeout")
        }
        DbErrorKind::StatementTimeout => {
            format!("give it more time with --statement-timeout, or do less at once, then {again}")
        }
        DbErrorKind::ReadOnly => format!("connect to a database that can be written to, then {again}"),
        DbErrorKind::ConnectionLost | DbErrorKind::Unreachable => {
            format!("{again} once the server is back (`rung wait` waits for it): it goes on from what is there")
        }
        _ => return None,
    })
}

/// `statement 1`, `statements 1 to 4`, `statements 1, 3`.
fn numbers(done: &[usize]) -> String {
    match done {
        [one] => format!("statement {one}"),
        [first, .., last] if last - first + 1 == done.len() => format!("statements {first} to {last}"),
        several => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!("statements {}", several.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rung::DbError;
    use rung::engine::StepReport;

    use super::*;

    fn failing(direction: Direction, kind: DbErrorKind, kept: Kept) -> StepFailure {
        StepFailure {
            id: "015_backfill".to_owned(),
            direction,
            statement: Some((3, 7)),
            place: None,
            sql: None,
            failure: Trouble::Database(DbError::new(kind, "it can't be")),
            kept,
        }
    }

    fn after(ids: &[&str]) -> Report {
        let step = |id: &&str| StepReport { id: (*id).to_owned(), direction: Direction::Up, took: Duration::ZERO };
        Report { steps: ids.iter().map(step).collect(), ..Report::default() }
    }

    #[test]
    fn what_stands_is_said() {
        let said = |failure: &StepFailure, report| step_failure(failure, report, None).said.concat();
        let nothing = failing(Direction::Up, DbErrorKind::Statement, Kept::Nothing);
        assert_eq!(
            said(&nothing, after(&["013", "014"])),
            "Nothing of 015_backfill was kept (its transaction was rolled back). 013 and 014 are applied."
        );
        let some = failing(Direction::Up, DbErrorKind::Statement, Kept::Statements { done: vec![1, 2], of: 7 });
        assert_eq!(said(&some, after(&[])), "Of the 7 statements of 015_backfill, statements 1 to 2 stand.");
        let lost = failing(Direction::Up, DbErrorKind::ConnectionLost, Kept::Statements { done: vec![1], of: 7 });
        assert!(
            said(&lost, after(&[])).starts_with("Of the 7 statements of 015_backfill, statement 1 stands for certain;")
        );
        assert_eq!(
            said(&nothing, after(&["1", "2", "3", "4", "5"])),
            "Nothing of 015_backfill was kept (its transaction was rolled back). 5 migrations before it are applied."
        );
    }

    #[test]
    fn what_to_do_fits_what_happened() {
        let next =
            |direction, kind, kept| step_failure(&failing(direction, kind, kept), after(&[]), None).next.concat();
        assert_eq!(next(Direction::Up, DbErrorKind::Statement, Kept::Nothing), "mend the file, then `rung up`");
        assert_eq!(next(Direction::Down, DbErrorKind::Statement, Kept::Nothing), "mend the file, then `rung down`");
        assert!(next(Direction::Up, DbErrorKind::DiskFull, Kept::Nothing).starts_with("make room"));
        assert!(next(Direction::Up, DbErrorKind::ConnectionLost, Kept::Unsure).contains("once the server is back"));
    }
}
