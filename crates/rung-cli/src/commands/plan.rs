//! `rung plan`.

use crate::args::{Arguments, PlanArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::progress::{heading, outside, step_line};
use crate::project::Project;
use crate::terminal::Terminal;
use crate::text::column;

pub(crate) fn plan(arguments: &Arguments, options: &PlanArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    super::run::warn(&migrator, terminal);
    let goal = super::run::up_goal(&mut migrator, &options.target)?;
    if options.sql {
        terminal.data(&migrator.preview(&goal)?);
        return Ok(Exit::Done);
    }
    let plan = migrator.plan(&goal)?;
    if terminal.json {
        let steps = plan.steps.iter().map(|step| json::Migration {
            id: step.id.clone(),
            state: "pending".to_owned(),
            kind: Some(step.kind.as_str().to_owned()),
            direction: Some(step.direction.as_str().to_owned()),
            outside_transaction: outside(step),
            description: step.migration.as_ref().and_then(|migration| migration.description.clone()),
            ..json::Migration::default()
        });
        let (env, steps) = (project.name.clone(), steps.collect());
        terminal.json(&json::Plan { version: json::VERSION, env, applied: plan.applied, steps });
        return Ok(Exit::Done);
    }
    let title = migrator.driver().dialect_of().title();
    let heading = heading(&project.name, migrator.driver().facts(), title);
    terminal.line(format!("{heading}      {} applied · {} pending", plan.applied, plan.steps.len()));
    let width = column(plan.steps.iter().map(|step| step.id.as_str()));
    for step in &plan.steps {
        terminal.line(step_line(step, width));
    }
    for step in &plan.steps {
        if let Some(why) = outside(step) {
            terminal.line(format!("{} runs statement by statement and resumes by itself: {why}", step.id));
        }
    }
    if !plan.elsewhere.is_empty() {
        terminal.line(format!("for other environments only: {}", plan.elsewhere.join(", ")));
    }
    Ok(Exit::Done)
}
