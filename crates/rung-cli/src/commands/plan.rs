//! `rung plan`.

use std::collections::HashMap;
use std::fmt::Write as _;

use rung::engine::{Action, Direction};
use rung::lint::{self, Blocks, Effect, LockMode, Sure, Task, Work};
use rung::{Plan, Step};

use super::run::{explained, held_back, up_goal};
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
    let goal = up_goal(&project, &mut migrator, &options.target)?;
    if options.sql {
        let sql = migrator.preview(&goal).map_err(|error| explained(&mut migrator, error, None))?;
        terminal.data(&sql);
        return Ok(Exit::Done);
    }
    let plan = migrator.plan(&goal).map_err(|error| explained(&mut migrator, error, None))?;
    // What can't be asked is not shown; the plan is what it is.
    let effects = migrator.lint(&plan, project.linting()?).map(|report| report.effects).unwrap_or_default();
    let effects: Effects<'_> = effects.iter().map(|effect| (effect.migration.as_str(), effect)).collect();
    if terminal.is_json() {
        let steps = plan.steps.iter().map(|planned| step(planned, &effects)).collect();
        let environment = project.name.as_deref();
        let (version, applied) = (json::VERSION, plan.applied);
        terminal.json(&json::Plan {
            version,
            environment,
            applied,
            steps,
            held: &plan.held,
            elsewhere: &plan.elsewhere,
        });
        return Ok(Exit::Done);
    }
    let title = migrator.driver().dialect_of().title();
    terminal.show(
        heading(project.name.as_deref(), migrator.driver().facts(), title)
            + &lines(&plan, &effects, terminal.columns()),
    );
    Ok(Exit::Done)
}

fn lines(plan: &Plan, effects: &Effects<'_>, columns: Option<usize>) -> String {
    /// Signs, gaps and the type.
    const BESIDE: usize = 22;
    let names = Names::new(plan.steps.iter().map(|step| step.id.as_str()), columns, BESIDE);
    let used = names.cell("").len() + BESIDE;
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(used + 1));
    let mut text = format!("      {} applied · {} pending\n", plan.applied, plan.steps.len());
    for step in &plan.steps {
        let sign = if step.direction == Direction::Down { paint(WARN, "-") } else { paint(OK, "+") };
        let line = format!(
            "  {sign} {}  {}  {}",
            names.cell(&step.id),
            pad(step.kind.as_str(), 14),
            beside(step, effects, room)
        );
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
    if !plan.held.is_empty() {
        let _ = writeln!(text, "{}", held_back(&plan.held));
    }
    if !plan.elsewhere.is_empty() {
        let _ = writeln!(text, "for other environments only: {}", plan.elsewhere.join(", "));
    }
    text
}

/// What migrations do to others, by their ids.
type Effects<'a> = HashMap<&'a str, &'a Effect>;

fn effect_of<'a>(step: &Step, effects: &Effects<'a>) -> Option<&'a Effect> {
    let effect = effects.get(step.id.as_str()).filter(|_| step.direction == Direction::Up)?;
    (!effect.impact.locks.is_empty() || !effect.impact.tasks.is_empty()).then_some(effect)
}

/// What a step does to others; else what it is for.
fn beside(step: &Step, effects: &Effects<'_>, room: usize) -> String {
    let effect = effect_of(step, effects).and_then(felt);
    match effect {
        Some((blocks, text)) if blocks > Blocks::Nothing => paint(WARN, fit(&text, room)),
        Some((_, text)) => fit(&text, room),
        None => description(step, room),
    }
}

/// The lock that others feel, whom it blocks, and what is done meanwhile; `None` where nobody feels anything.
fn felt(effect: &Effect) -> Option<(Blocks, String)> {
    let work: Vec<String> = effect.impact.tasks.iter().map(work).collect();
    let strongest = effect.impact.strongest().filter(|(_, mode)| *mode >= LockMode::ShareUpdateExclusive);
    let (lock, blocks) = match strongest {
        Some((table, mode)) => {
            let others = effect.impact.locks.iter().filter(|(_, other)| other.blocks() == mode.blocks()).count() - 1;
            let more = if others > 0 { format!(" and {others} more") } else { String::new() };
            (format!("{mode} on {table}{more}"), mode.blocks())
        }
        // Where tables have no locks of their own, whoever writes has the whole database.
        None if effect.impact.locks.is_empty() && !work.is_empty() => ("locks the database".to_owned(), Blocks::Writes),
        None => return None,
    };
    let bytes = effect.bytes.filter(|bytes| *bytes > 0).map(|bytes| format!(", {}", lint::bytes(bytes)));
    let doing = match work.as_slice() {
        [] => "catalog only".to_owned(),
        [one] => format!("{one}{}", bytes.unwrap_or_default()),
        [first, rest @ ..] => format!("{first} and {} more{}", rest.len(), bytes.unwrap_or_default()),
    };
    let about = effect.about.map(|about| format!("{}   ", lint::duration(about))).unwrap_or_default();
    Some((blocks, format!("{lock}   blocks {}   {about}({doing})", blocks.as_str())))
}

fn work(task: &Task) -> String {
    let verb = match task.work {
        Work::Scan => "scans",
        Work::BuildIndex => "indexes",
        Work::Rewrite => "rewrites",
    };
    let perhaps = if task.sure == Sure::Perhaps { "perhaps " } else { "" };
    format!("{perhaps}{verb} {}", task.table)
}

fn description(step: &Step, room: usize) -> String {
    let description = step.migration.as_ref().and_then(|migration| migration.description.as_deref());
    match description {
        // A sliver of a sentence says nothing.
        Some(text) if room >= 12 => paint(DIM, fit(text, room)),
        _ => String::new(),
    }
}

fn step<'a>(step: &'a Step, effects: &Effects<'_>) -> json::PlanStep<'a> {
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
        effect: effect_of(step, effects).map(|effect| json::Effect {
            locks: effect
                .impact
                .locks
                .iter()
                .map(|(table, mode)| json::TableLock {
                    table: table.to_string(),
                    mode: mode.as_str(),
                    blocks: mode.blocks().as_str(),
                })
                .collect(),
            work: effect
                .impact
                .tasks
                .iter()
                .map(|task| json::Work { what: work(task), why: task.why.to_owned(), sure: task.sure == Sure::Yes })
                .collect(),
            waits_for_snapshots: effect.impact.waits_for_snapshots,
            bytes: effect.bytes,
            about_ms: effect.about.map(|about| about.as_millis()),
        }),
    }
}
