//! `rung plan`.

use std::fmt::Write as _;

use rung::engine::{Action, Direction};
use rung::{Plan, Step};

use super::run::{explained, up_goal};
use super::status::heading;
use super::{not_json, warn};
use crate::args::{Arguments, PlanArguments};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{DIM, Failure, Names, OK, Terminal, WARN, fit, outside, pad, paint};

pub(crate) fn plan(arguments: &Arguments, options: &PlanArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    if options.sql {
        not_json(terminal, "--sql")?;
    }
    let mut migrator = project.connect()?;
    warn(&migrator, terminal);
    let goal = up_goal(&mut migrator, &options.target)?;
    if options.sql {
        let sql = migrator.preview(&goal).map_err(|error| explained(&mut migrator, error, None))?;
        terminal.data(&sql);
        return Ok(Exit::Done);
    }
    let plan = migrator.plan(&goal).map_err(|error| explained(&mut migrator, error, None))?;
    if terminal.is_json() {
        let steps = plan.steps.iter().map(step).collect();
        let environment = project.name.as_deref();
        let (version, applied) = (json::VERSION, plan.applied);
        terminal.json(&json::Plan { version, environment, applied, steps, elsewhere: &plan.elsewhere });
        return Ok(Exit::Done);
    }
    let title = migrator.driver().dialect_of().title();
    terminal.show(heading(&project, migrator.driver().facts(), title) + &lines(&plan, terminal.columns()));
    Ok(Exit::Done)
}

fn lines(plan: &Plan, columns: Option<usize>) -> String {
    /// Signs, gaps and the type.
    const BESIDE: usize = 22;
    let names = Names::new(plan.steps.iter().map(|step| step.id.as_str()), columns, BESIDE);
    let used = names.cell("").len() + BESIDE;
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(used + 1));
    let mut text = format!("      {} applied · {} pending\n", plan.applied, plan.steps.len());
    for step in &plan.steps {
        let sign = if step.direction == Direction::Down { paint(WARN, "-") } else { paint(OK, "+") };
        let line =
            format!("  {sign} {}  {}  {}", names.cell(&step.id), pad(step.kind.as_str(), 14), description(step, room));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for step in &plan.steps {
        if let Some(why) = outside(step) {
            let _ = match &step.action {
                Action::Script(_) => writeln!(
                    text,
                    "{} runs outside a transaction, statement by statement, and resumes by itself if it is interrupted: {why}.",
                    step.id
                ),
                Action::Program | Action::StoredDown => {
                    writeln!(text, "{} runs outside a transaction: {why}.", step.id)
                }
            };
        }
    }
    if !plan.elsewhere.is_empty() {
        let _ = writeln!(text, "for other environments only: {}", plan.elsewhere.join(", "));
    }
    text
}

fn description(step: &Step, room: usize) -> String {
    let description = step.migration.as_ref().and_then(|migration| migration.description.as_deref());
    match description {
        // A sliver of a sentence says nothing.
        Some(text) if room >= 12 => paint(DIM, fit(text, room)),
        _ => String::new(),
    }
}

fn step(step: &Step) -> json::PlanStep<'_> {
    json::PlanStep {
        id: &step.id,
        direction: step.direction.as_str(),
        kind: step.kind.as_str(),
        description: step.migration.as_ref().and_then(|migration| migration.description.as_deref()),
        statements: match &step.action {
            Action::Script(script) => Some(script.statements.len()),
            Action::Program | Action::StoredDown => None,
        },
        outside_transaction: outside(step),
    }
}
