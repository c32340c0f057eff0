//! `rung reset`.

use std::cell::RefCell;

use rung::Goal;

use super::run::explained;
use crate::args::{Arguments, Reset};
use crate::config::Project;
use crate::exit::Exit;
use crate::interrupt;
use crate::json;
use crate::prompt;
use crate::render::{Failure, NEXT, Progress, Terminal, count, paint, took};

pub(crate) fn reset(arguments: &Arguments, reset: &Reset, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    if let Some(protection) = &project.protection {
        let name = project.name.as_deref().unwrap_or("this database");
        return Err(Failure::usage(
            format!("{name} {protection}: reset is refused"),
            "undo it migration by migration: `rung down --to 0`",
        ));
    }
    let mut migrator = project.connect()?;
    let title = project.title(migrator.driver());
    let why = format!("reset drops everything in {title}");
    prompt::require(terminal, &format!("Drop everything in {title}?"), &why, "dropped")?;
    migrator.wipe()?;
    terminal.say(format!("dropped everything in {title}"));
    if !reset.up {
        terminal.say(format!("{}: rung up", paint(NEXT, "next")));
        if terminal.is_json() {
            terminal.json(&json::Report::from(&rung::Report::default()));
        }
        return Ok(Exit::Done);
    }
    interrupt::catch(&mut migrator, terminal);
    let progress = RefCell::new(Progress::new(terminal));
    let report = migrator
        .run_with(&Goal::Latest, &mut |_, _| Ok(true), &mut |event| progress.borrow_mut().event(event))
        .map_err(|error| explained(&mut migrator, error, None))?;
    if terminal.is_json() {
        terminal.json(&json::Report::from(&report));
    }
    terminal.say(format!("applied {} to {title} in {}", count(report.steps.len(), "migration"), took(report.took)));
    Ok(Exit::Done)
}
