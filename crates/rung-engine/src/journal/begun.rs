//! A step that was begun: what is written of it, and what is read of one that another run has left.

use std::collections::BTreeMap;

use rung_sql::{Diagnostic, fingerprint};

use crate::analyse::ScriptPlan;
use crate::driver::Driver;
use crate::event::RunError;
use crate::execute::message;
use crate::failure::Failure;
use crate::history::Status;
use crate::plan::{PlanError, PlanErrorKind, Step, is_half_done};
use crate::record::{Actor, Direction, JournalState, Record, Took};
use crate::unit::migration_row;

/// What says that a step was begun. A migration whose way down is under way is still applied, and marked.
pub(crate) fn begin_records(step: &Step, sequence: i64, actor: &Actor) -> Vec<Record> {
    let mut records = vec![Record::JournalClear { id: step.id.clone(), direction: step.direction }];
    if step.direction == Direction::Down {
        let error = Some("its way down was begun and not finished".to_owned());
        records.push(Record::SetStatus { id: step.id.clone(), status: Status::Completed, error });
    } else {
        let row = migration_row(step, Status::Running, sequence, Took::Unknown, actor);
        records.extend(row.map(|row| Record::Migration(Box::new(row))));
    }
    records
}

/// What says that a step stopped part of the way. Until its down is through, a migration counts as applied.
pub(crate) fn failed_row(step: &Step, failure: &Failure) -> Record {
    let (status, error) = match step.direction {
        Direction::Up => (Status::Failed, message(failure)),
        _ => (Status::Completed, format!("undone part of the way: {}", message(failure))),
    };
    Record::SetStatus { id: step.id.clone(), status, error: Some(error) }
}

/// A hash of each statement's tokens.
pub(crate) fn fingerprints(script: &ScriptPlan, syntax: &rung_sql::Syntax) -> Vec<String> {
    (0..script.statements.len())
        .map(|at| crate::Digest(fingerprint(script.statement(at), syntax)).to_string())
        .collect()
}

/// How far the statements of a step came, by index: their hashes and states.
pub(crate) type Journal = BTreeMap<usize, (String, JournalState)>;

/// The journal of a step that may have been begun before.
///
/// # Errors
/// The server's; the file no longer begins with what stands.
pub(crate) fn journal_of(
    driver: &mut dyn Driver,
    step: &Step,
    script: &ScriptPlan,
    hashes: &[String],
) -> Result<Journal, RunError> {
    let half_done = step.before.as_ref().is_some_and(is_half_done) || step.direction == Direction::Down;
    if !half_done {
        return Ok(Journal::new());
    }
    let rows = driver.journal(&step.id, step.direction)?;
    let journal = rows.into_iter().map(|row| (row.index, (row.fingerprint, row.state))).collect();
    check_still_the_same(step, script, hashes, &journal)?;
    Ok(journal)
}

/// A file that was mended after a failure must still begin with what stands.
fn check_still_the_same(
    step: &Step,
    script: &ScriptPlan,
    hashes: &[String],
    journal: &Journal,
) -> Result<(), RunError> {
    for (at, (hash, state)) in journal {
        if *state != JournalState::Done || hashes.get(*at) == Some(hash) {
            continue;
        }
        let mut diagnostic = Diagnostic::error(
            "resumed-file-changed",
            format!("statement {} of {} stands in the database, and the file has another there now", at + 1, step.id),
        );
        if let Some(statement) = script.statements.get(*at) {
            let script = &script.script;
            diagnostic = diagnostic.at(script.source(), script.source_span(statement.span), "not what was run");
        }
        let diagnostic = diagnostic
            .help("put the statements that stand back as they were, and mend only those after them")
            .help(format!("or settle it by hand: `rung resolve {} --done` or `--not-done`", step.id));
        return Err(RunError::Plan(PlanError::new(PlanErrorKind::Drift, diagnostic).into()));
    }
    Ok(())
}
