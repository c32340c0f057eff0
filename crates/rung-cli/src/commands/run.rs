//! `rung up`, `down` and `redo`.

use std::cell::RefCell;
use std::sync::Arc;

use rung::engine::{Action, Direction, Kept, PlanErrorKind, Runs, Step};
use rung::{
    DbErrorKind, Driver, Durability, Goal, Grouping, Migration, Migrator, Order, Plan, PostDeploy, RunError, Target,
};

use super::{lint, not_json, schema, warn};
use crate::args::{Arguments, Down, Durable, OrderChoice, Redo, Running, Up, UpTarget};
use crate::config::Project;
use crate::exit::Exit;
use crate::interrupt;
use crate::json;
use crate::prompt::{self, Answer};
use crate::render::{Comparison, Failure, Progress, Terminal, WARN, count, outside, paint, took};

/// What a run is called, before and after.
struct Words {
    /// `Apply 2 migrations to app at db.internal?`
    question: &'static str,
    /// `applied 2 migrations to dev (app.db)`
    done: &'static str,
    to: &'static str,
    /// What to type once a failure is mended; what the failure says by itself where `None`.
    again: Option<&'static str>,
}

const UP: Words = Words { question: "Apply", done: "applied", to: "to", again: None };
const DOWN: Words = Words { question: "Undo", done: "undid", to: "on", again: None };
const REDO: Words = Words { question: "Undo and apply again", done: "redid", to: "on", again: Some("rung redo") };

pub(crate) fn up(arguments: &Arguments, up: &Up, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let goal = up_goal(&project, &mut migrator, &up.target)?;
    if up.single_transaction {
        migrator.running().grouping = Grouping::Single;
    }
    let again = if up.single_transaction { "rung up --single-transaction" } else { "rung up" };
    go(&project, &mut migrator, &goal, &up.running, terminal, &Words { again: Some(again), ..UP })
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
    go(&project, &mut migrator, &goal, &down.running, terminal, &DOWN)
}

pub(crate) fn redo(arguments: &Arguments, redo: &Redo, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    go(&project, &mut migrator, &Goal::Redo(redo.count), &redo.running, terminal, &REDO)
}

/// The goal that the arguments of `up` and `plan` name.
pub(super) fn up_goal(project: &Project, migrator: &mut Migrator, target: &UpTarget) -> Result<Goal, Failure> {
    if target.pre_deploy || project.protection.is_some() && !target.post_deploy {
        migrator.planning().post_deploy = PostDeploy::Held;
    }
    match target.order {
        Some(OrderChoice::Any) => migrator.planning().order = Some(Order::Any),
        Some(OrderChoice::Strict) => migrator.planning().order = Some(Order::Strict),
        None => {}
    }
    if !target.only.is_empty() {
        return Ok(Goal::UpOnly(ids(migrator, &target.only)?));
    }
    match target.to.as_deref().or(target.target.as_deref()) {
        None | Some("head" | "heads" | "latest") => Ok(Goal::Latest),
        Some(text) => Ok(Goal::Up(migrator.target(text)?)),
    }
}

fn ids(migrator: &mut Migrator, texts: &[String]) -> Result<Vec<String>, Failure> {
    let id = |text: &String| match migrator.target(text)? {
        Target::Id(id) => Ok(id),
        _ => Err(Failure::usage(format!("{text} is no migration"), "--only takes an id or a number")),
    };
    texts.iter().map(id).collect()
}

/// Runs to a goal, asking where the environment is protected.
fn go(
    project: &Project,
    migrator: &mut Migrator,
    goal: &Goal,
    running: &Running,
    terminal: &Terminal,
    words: &Words,
) -> Result<Exit, Failure> {
    configure(migrator, running);
    warn(migrator, terminal);
    if running.dry_run {
        not_json(terminal, "--dry-run")?;
        let sql = migrator.preview(goal).map_err(|error| explained(migrator, error, None))?;
        terminal.data(&sql);
        return Ok(Exit::Done);
    }
    if project.protection.is_some() && words.question == UP.question {
        lint::refuse(project, migrator, goal)?;
    }
    interrupt::catch(migrator, terminal);
    let (title, caution) = (project.title(migrator.driver()), project.caution(migrator.driver()));
    let progress = RefCell::new(Progress::new(terminal));
    let mut refusal = None;
    let mut approve = |_: &mut dyn Driver, plan: &Plan| -> Result<bool, RunError> {
        announce(plan, terminal);
        let Some(why) = &caution else { return Ok(true) };
        let what = listed(plan);
        let question = format!("{why}. {} {what}?", words.question);
        match prompt::ask(terminal, &question) {
            Answer::Yes => Ok(true),
            Answer::No => Ok(false),
            Answer::None => {
                refusal = Some(prompt::nobody(why, "run"));
                Ok(false)
            }
        }
    };
    let result = migrator.run_with(goal, &mut approve, &mut |event| progress.borrow_mut().event(event));
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let kept = project.files.config.dump.as_deref().or(running.dump.then_some(schema::FILE));
    let kept = kept.map(|file| project.files.path(file));
    let report = result.map_err(|error| {
        let has_changed = has_changed(&error);
        // What was undone to be redone is only pending after that.
        let is_undone = matches!(&error, rung::Error::Run(RunError::Step { failure, .. })
            if matches!(goal, Goal::Redo(_)) && failure.direction == Direction::Up);
        let mut failure = explained(migrator, error, words.again.filter(|_| !is_undone));
        // The file is of what stands, however the run ended.
        if let Some(file) = kept.as_ref().filter(|_| has_changed)
            && let Err(wrong) = schema::keep_current(migrator.driver(), file, terminal)
        {
            failure.said.push(format!("{} is as it was before the run: {}.", file.display(), wrong.message()));
        }
        failure
    })?;
    if terminal.is_json() {
        terminal.json(&json::Report::from(&report));
    } else if report.steps.is_empty() && report.renamed > 0 {
        let renamed = count(report.renamed, "migration");
        terminal.say(format!("{renamed} applied to {title} have their new ids now; nothing else to do"));
    } else if report.steps.is_empty() {
        terminal.say(nothing_to_do(goal, progress.borrow().applied(), &title));
    } else {
        let steps = match goal {
            Goal::Redo(_) => report.steps.iter().filter(|step| step.direction == Direction::Down).count(),
            _ => report.steps.len(),
        };
        let (done, to) = (words.done, words.to);
        terminal.say(format!("{done} {} {to} {title} in {}", count(steps, "migration"), took(report.took)));
    }
    if !terminal.is_json() && !report.held.is_empty() {
        terminal.note(held_back(&report.held));
    }
    if let Some(file) = kept {
        schema::keep_current(migrator.driver(), &file, terminal)?;
    }
    Ok(Exit::Done)
}

/// Whether a run that failed has left anything in the database.
fn has_changed(error: &rung::Error) -> bool {
    match error {
        rung::Error::Run(RunError::Step { failure, report }) => {
            !report.steps.is_empty() || !matches!(failure.kept, Kept::Nothing | Kept::NothingOfAny(_))
        }
        rung::Error::Run(RunError::Interrupted { report, .. }) => !report.steps.is_empty(),
        _ => false,
    }
}

/// What waits for a release, and how it is run after that.
pub(super) fn held_back(held: &[String]) -> String {
    format!("after the release, with `rung up --post-deploy`: {}", held.join(", "))
}

fn nothing_to_do(goal: &Goal, applied: usize, title: &str) -> String {
    match (goal, applied) {
        (Goal::Down(_) | Goal::DownOnly(_) | Goal::Redo(_), 0) => {
            format!("nothing to do: nothing is applied to {title}")
        }
        (_, 0) => "nothing to do: there are no migrations for here; `rung new NAME` makes one".to_owned(),
        (_, applied) => format!("nothing to do: {} applied to {title}", count(applied, "migration")),
    }
}

/// How many, and which: before a question that is answered with yes or no.
fn listed(plan: &Plan) -> String {
    const SHOWN: usize = 5;
    let mut ids: Vec<&str> = Vec::new();
    for step in &plan.steps {
        if !ids.contains(&step.id.as_str()) {
            ids.push(&step.id);
        }
    }
    let more = if ids.len() > SHOWN { ", ..." } else { "" };
    format!("{} ({}{more})", count(ids.len(), "migration"), ids[..ids.len().min(SHOWN)].join(", "))
}

/// What the reader should know before it runs.
fn announce(plan: &Plan, terminal: &Terminal) {
    for step in &plan.steps {
        if let Action::Script(script) = &step.action
            && script.statements.is_empty()
        {
            let about = match step.direction {
                Direction::Up => Some("has no statements: it is only recorded"),
                Direction::Down => stays(plan, step).then_some("has no way back: what it made stays as it is"),
                _ => None,
            };
            if let Some(about) = about {
                terminal.note(format!("{} {} {about}", paint(WARN, "·"), step.id));
            }
        }
        if terminal.is_verbose()
            && let Some(why) = outside(step)
        {
            terminal.note(format!("{} {} runs outside a transaction: {why}", paint(WARN, "·"), step.id));
        }
    }
}

/// Whether what is repeatable is undone in name alone, and not run again at once.
fn stays(plan: &Plan, step: &Step) -> bool {
    let again = |other: &Step| other.id == step.id && other.direction == Direction::Up;
    let has_none = |migration: &Arc<Migration>| migration.runs == Runs::WhenChanged && migration.down.is_none();
    step.migration.as_ref().is_some_and(has_none) && !plan.steps.iter().any(again)
}

fn configure(migrator: &mut Migrator, running: &Running) {
    let timeouts = &mut migrator.planning().timeouts;
    timeouts.lock = running.lock_timeout.or(timeouts.lock);
    timeouts.statement = running.statement_timeout.or(timeouts.statement);
    let run = migrator.running();
    run.lock_wait = running.lock_wait;
    run.durability = match running.durable {
        Durable::Each => Durability::Each,
        Durable::Run => Durability::Run,
    };
}

/// A failure with what can only be said by looking again: the statements that differ, and what a first run ran into.
/// `again` is what to type once it is mended.
pub(super) fn explained(migrator: &mut Migrator, error: rung::Error, again: Option<&str>) -> Failure {
    let first_run = met_what_was_there(&error).then(|| migrator.driver().history());
    let refused = match &error {
        rung::Error::Run(RunError::Plan(errors)) => Some(errors.kind()),
        _ => None,
    };
    let mut failure = match error {
        rung::Error::Run(error) => Failure::of_run(error, again),
        other => other.into(),
    };
    if refused == Some(PlanErrorKind::Drift) {
        compare(migrator, &mut failure);
    }
    if matches!(refused, Some(PlanErrorKind::Drift | PlanErrorKind::Files)) {
        failure.said.push("Nothing was run.".to_owned());
    }
    if let Some(Ok(history)) = first_run
        && history.done().next().is_none()
    {
        failure.next.push(
            "or, if the database had all this before rung came: `rung stamp head`, or `rung stamp ID` for the last one it has"
                .to_owned(),
        );
    }
    failure
}

/// Whether a statement failed because what it makes is there.
fn met_what_was_there(error: &rung::Error) -> bool {
    /// duplicate_table, duplicate_object, duplicate_schema, duplicate_function.
    const CODES: [&str; 4] = ["42P07", "42710", "42P06", "42723"];
    let rung::Error::Run(RunError::Step { failure, .. }) = error else { return false };
    match &failure.failure {
        rung::engine::Failure::Database(error) if error.kind == DbErrorKind::Statement => {
            error.code.as_deref().is_some_and(|code| CODES.contains(&code)) || error.message.contains("already exists")
        }
        _ => false,
    }
}

/// Puts the statements that differ to the findings that they belong to.
pub(super) fn compare(migrator: &mut Migrator, failure: &mut Failure) {
    let Ok(status) = migrator.status() else { return };
    for finding in failure.findings.iter_mut().filter(|finding| finding.diagnostic.code == "changed") {
        let found = status.differences.iter().find(|difference| {
            difference.error().is_some_and(|error| error.diagnostic.message == finding.diagnostic.message)
        });
        finding.comparison = found.and_then(|difference| Comparison::of(migrator, difference));
    }
}
