//! `rung check`.

use rung::engine::{Difference, PlanErrors};
use rung::sql::Diagnostic;
use rung::{Goal, RunError};

use super::run::compare;
use super::warn;
use crate::args::{Arguments, Check};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, OK, Terminal, count, paint};

pub(crate) fn check(arguments: &Arguments, options: &Check, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    if options.offline {
        return offline(&project, terminal);
    }
    let mut migrator = project.connect()?;
    warn(&migrator, terminal);
    let status = migrator.status()?;
    // The plan finds what the history alone does not show: order, numbers, statements that can't share a transaction.
    let mut failure = match migrator.plan(&Goal::Latest) {
        Ok(_) => None,
        Err(rung::Error::Run(RunError::Plan(errors))) => Some(Failure::from(RunError::Plan(errors))),
        Err(error) => return Err(error.into()),
    };
    if let Some(failure) = &mut failure {
        compare(&mut migrator, failure);
    }
    if terminal.is_json() {
        let findings = failure.iter().flat_map(|failure| &failure.findings).map(json::Diagnostic::from).collect();
        terminal.json(&json::Check {
            version: json::VERSION,
            ok: failure.is_none(),
            migrations: migrator.set().len(),
            differences: status.differences.iter().map(json::Difference::from).collect(),
            findings,
        });
    }
    for difference in &status.differences {
        if let Difference::Reformatted { migration } = difference {
            let what = "was edited since it was applied: comments, layout or its down only";
            terminal.show(format!("{} {} {what}", paint(OK, "·"), migration.id));
        }
    }
    match failure {
        None => {
            let files = count(migrator.set().len(), "migration");
            let applied = status.history.done().count();
            terminal.say(format!(
                "{} {files} checked: {applied} applied as they are, {} pending",
                paint(OK, "✓"),
                status.pending.len()
            ));
            Ok(Exit::Done)
        }
        Some(failure) => {
            terminal.show(failure.text(terminal.columns()));
            Ok(failure.exit)
        }
    }
}

/// The files by themselves: for the database that the environment names, without asking it.
fn offline(project: &Project, terminal: &Terminal) -> Result<Exit, Failure> {
    let dialect = rung::dialect_of(&project.url)?;
    let set = project.builder()?.load(dialect).map_err(rung::Error::Files)?;
    let nothing = rung::History::default();
    let planning = rung::PlanOptions { environment: project.name.clone(), ..rung::PlanOptions::default() };
    let result = rung::engine::plan(&set, &nothing, &Goal::Latest, &planning, dialect);
    let findings: Vec<Diagnostic> = match result {
        Ok(_) => Vec::new(),
        Err(PlanErrors(errors)) => errors.into_iter().map(|error| error.diagnostic).collect(),
    };
    for warning in &set.warnings {
        terminal.note(crate::render::render(warning));
    }
    if terminal.is_json() {
        terminal.json(&json::Check {
            version: json::VERSION,
            ok: findings.is_empty(),
            migrations: set.len(),
            differences: Vec::new(),
            findings: findings.iter().map(json::Diagnostic::from).collect(),
        });
    }
    if findings.is_empty() {
        terminal.say(format!(
            "{} {} checked for {}, no database asked",
            paint(OK, "✓"),
            count(set.len(), "migration"),
            dialect.title()
        ));
        return Ok(Exit::Done);
    }
    let failure = Failure::of(Exit::Failed, findings);
    terminal.show(failure.text(terminal.columns()));
    Ok(failure.exit)
}
