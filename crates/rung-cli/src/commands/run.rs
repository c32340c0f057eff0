//! `rung up`, `down`, `redo`, `seed` and `reset`.

use std::cell::RefCell;

use rung::engine::SeedChoice;
use rung::{Durability, Goal, Grouping, Migrator, Order, Plan, RunError, Target};

use crate::args::{Arguments, Down, Durable, OrderChoice, Redo, Reset, Running, Seed, Up, UpTarget};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::progress::{Progress, outside};
use crate::project::Project;
use crate::terminal::{NEXT, Terminal, paint};
use crate::text::{count, took};

/// The goal that the arguments of `up` and `plan` name.
pub(crate) fn up_goal(migrator: &mut Migrator, target: &UpTarget) -> Result<Goal, Failure> {
    if let Some(order) = target.order {
        migrator.planning().order = if order == OrderChoice::Any { Order::Any } else { Order::Strict };
    }
    if !target.only.is_empty() {
        return Ok(Goal::UpOnly(ids(migrator, &target.only)?));
    }
    match target.to.as_ref().or(target.target.as_ref()) {
        None => Ok(Goal::Latest),
        Some(text) => Ok(match migrator.target(text)? {
            Target::Head => Goal::Latest,
            target => Goal::Up(target),
        }),
    }
}

fn ids(migrator: &mut Migrator, texts: &[String]) -> Result<Vec<String>, Failure> {
    let id = |text: &String| match migrator.target(text)? {
        Target::Id(id) => Ok(id),
        _ => Err(Failure::usage(format!("{text} is no migration"), "--only takes an id")),
    };
    texts.iter().map(id).collect()
}

pub(crate) fn up(arguments: &Arguments, up: &Up, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let goal = up_goal(&mut migrator, &up.target)?;
    if up.single_transaction {
        migrator.running().grouping = Grouping::Single;
    }
    go(&project, &mut migrator, &goal, &up.running, terminal, "applied")
}

pub(crate) fn down(arguments: &Arguments, down: &Down, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let goal = if down.only.is_empty() {
        match down.to.as_ref().or(down.target.as_ref()) {
            None => Goal::Down(Target::Back(1)),
            Some(text) => Goal::Down(migrator.target(text)?),
        }
    } else {
        Goal::DownOnly(ids(&mut migrator, &down.only)?)
    };
    go(&project, &mut migrator, &goal, &down.running, terminal, "undid")
}

pub(crate) fn redo(arguments: &Arguments, redo: &Redo, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    go(&project, &mut migrator, &Goal::Redo(redo.count), &redo.running, terminal, "redid")
}

/// Runs to a goal, asking where the environment is protected.
fn go(
    project: &Project,
    migrator: &mut Migrator,
    goal: &Goal,
    running: &Running,
    terminal: &Terminal,
    verb: &str,
) -> Result<Exit, Failure> {
    configure(migrator, running);
    warn(migrator, terminal);
    if running.dry_run {
        terminal.data(&migrator.preview(goal)?);
        return Ok(Exit::Done);
    }
    catch_interrupts(migrator, terminal);
    let title = project.title(migrator.driver());
    let progress = RefCell::new(Progress::new(terminal));
    let mut refusal = None;
    let mut approve = |_: &mut dyn rung::Driver, plan: &Plan| -> Result<bool, RunError> {
        announce(plan, terminal);
        if !project.protected {
            return Ok(true);
        }
        let question = format!("{title} is protected. {} {}?", doing(verb), count(plan.steps.len(), "migration"));
        let answer = terminal.confirm(&question);
        if answer.is_none() {
            refusal = Some(Failure::usage(
                format!("{title} is protected, and nobody is there to be asked; nothing was run"),
                "look at `rung plan`, then add --yes",
            ));
        }
        Ok(answer.unwrap_or(false))
    };
    let result = migrator.run_with(goal, &mut approve, &mut |event| progress.borrow_mut().event(event));
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            if terminal.json
                && let rung::Error::Run(RunError::Step { report, .. }) = &error
            {
                terminal.json(&json::Report::from(report));
            }
            return Err(with_differences(migrator, error));
        }
    };
    if terminal.json {
        terminal.json(&json::Report::from(&report));
    }
    if report.steps.is_empty() {
        terminal.line(format!("nothing to do: {} applied to {title}", count(report.applied_before, "migration")));
    } else {
        let steps = count(report.steps.len(), "migration");
        terminal.line(format!("{verb} {steps} {} {title} in {}", preposition(verb), took(report.took)));
    }
    Ok(Exit::Done)
}

fn doing(verb: &str) -> &'static str {
    match verb {
        "undid" => "Undo",
        "redid" => "Undo and apply again",
        _ => "Apply",
    }
}

fn preposition(verb: &str) -> &'static str {
    if verb == "applied" { "to" } else { "on" }
}

/// What the reader should know before it runs.
fn announce(plan: &Plan, terminal: &Terminal) {
    for step in &plan.steps {
        if let Some(why) = outside(step).filter(|_| step.journal_reason() != Some(rung::engine::JournalReason::Command))
        {
            terminal.note(format!("{} runs statement by statement and resumes by itself: {why}", step.id));
        }
    }
}

fn configure(migrator: &mut Migrator, running: &Running) {
    let timeouts = &mut migrator.planning().timeouts;
    timeouts.lock = running.lock_timeout.or(timeouts.lock);
    timeouts.statement = running.statement_timeout.or(timeouts.statement);
    let run = migrator.running();
    run.lock_wait = running.lock_wait;
    run.durability = if running.durable == Durable::Each { Durability::Each } else { Durability::Run };
}

/// Shows what the reader of the files has to say.
pub(crate) fn warn(migrator: &Migrator, terminal: &Terminal) {
    for warning in &migrator.set().warnings {
        terminal.note(crate::diagnostics::render(warning));
    }
}

/// Once: stop after the running migration. Twice: cancel it and roll back.
fn catch_interrupts(migrator: &mut Migrator, terminal: &Terminal) {
    let interrupt = migrator.running().interrupt.clone();
    let interrupter = migrator.driver().interrupter();
    let terminal = *terminal;
    // A second handler can't be set; there is one command a process.
    let _ = ctrlc::set_handler(move || {
        if interrupt.raise() == 1 {
            terminal.error("stopping after the running migration; once more cancels it and rolls it back");
        } else {
            interrupter.interrupt();
        }
    });
}

/// An error; one of drift is followed by the statements that differ.
fn with_differences(migrator: &mut Migrator, error: rung::Error) -> Failure {
    let is_drift = matches!(&error, rung::Error::Run(RunError::Plan(errors)) if errors.kind() == rung::engine::PlanErrorKind::Drift);
    let mut failure = Failure::from(error);
    if is_drift && let Ok(status) = migrator.status() {
        for difference in &status.differences {
            failure.text.push_str(&super::check::statements_that_differ(migrator, difference));
        }
        failure.text.push_str("nothing was run\n");
    }
    failure
}

pub(crate) fn seed(arguments: &Arguments, seed: &Seed, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let dir = match &seed.from {
        Some(dir) => dir.clone(),
        None => {
            let configured = project.files.config.as_ref().and_then(|config| config.seeds.dir.clone());
            project.files.path(configured.as_deref().unwrap_or("seeds"))
        }
    };
    let mut migrator = project.connect()?;
    let seeds = migrator.load_seeds(&dir)?;
    let title = project.title(migrator.driver());
    if project.protected {
        match terminal.confirm(&format!("{title} is protected. Run seed files?")) {
            Some(true) => {}
            Some(false) => return Err(Failure::new(Exit::Failed, "not approved: nothing was run", "")),
            None => {
                let message = format!("{title} is protected, and nobody is there to be asked; nothing was run");
                return Err(Failure::usage(message, "add --yes"));
            }
        }
    }
    catch_interrupts(&mut migrator, terminal);
    let choice = if seed.all { SeedChoice::All } else { SeedChoice::Changed };
    let report = migrator.seed(&seeds, choice)?;
    for step in &report.steps {
        terminal.line(format!("{} {}  {}", paint(crate::terminal::OK, "✓"), step.id, took(step.took)));
    }
    if terminal.json {
        terminal.json(&json::Report::from(&report));
    }
    match report.steps.len() {
        0 => terminal.line(format!("nothing to do: {} unchanged", count(seeds.len(), "seed file"))),
        run => terminal.line(format!("ran {} on {title} in {}", count(run, "seed file"), took(report.took))),
    }
    Ok(Exit::Done)
}

pub(crate) fn reset(arguments: &Arguments, reset: &Reset, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    if project.protected {
        let name = project.name.as_deref().unwrap_or("this environment");
        let next = "a protected environment is undone migration by migration: `rung down`";
        return Err(Failure::usage(format!("{name} is protected: reset is refused"), next));
    }
    let mut migrator = project.connect()?;
    let title = project.title(migrator.driver());
    match terminal.confirm(&format!("Drop everything in {title}?")) {
        Some(true) => {}
        Some(false) => return Err(Failure::new(Exit::Failed, "not approved: nothing was dropped", "")),
        None => {
            let message = format!("reset drops everything in {title}, and nobody is there to be asked");
            return Err(Failure::usage(message, "add --yes if that is meant"));
        }
    }
    migrator.wipe()?;
    terminal.line(format!("dropped everything in {title}"));
    if !reset.up {
        terminal.line(format!("{}: rung up", paint(NEXT, "next")));
        return Ok(Exit::Done);
    }
    let progress = RefCell::new(Progress::new(terminal));
    let report =
        migrator.run_with(&Goal::Latest, &mut |_, _| Ok(true), &mut |event| progress.borrow_mut().event(event))?;
    terminal.line(format!("applied {} to {title} in {}", count(report.steps.len(), "migration"), took(report.took)));
    Ok(Exit::Done)
}
