//! `rung health`.

mod report;

use rung::DbError;
use rung::engine::Driver;
use rung::health::{self, CHECKS};
use rung::sql::Level;

use super::status::heading;
use crate::args::{Arguments, Health};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{Failure, Terminal, Zone, pad};
use crate::schedule::Schedule;
use report::Report;

pub(crate) fn health(arguments: &Arguments, asked: &Health, terminal: &Terminal) -> Result<Exit, Failure> {
    if let Some(check) = asked.explain.as_deref().and_then(health::check) {
        terminal.data(&health::explain(check));
        return Ok(Exit::Done);
    }
    if asked.checks {
        terminal.show(list());
        return Ok(Exit::Done);
    }
    let project = Project::resolve(arguments)?;
    let mut options = project.health()?;
    options.checks.clone_from(&asked.check);
    options.orphans = asked.orphans.map_or(options.orphans, health::Orphans::from);
    let mut driver = project.look_only()?;
    let dialect = driver.dialect_of();
    let elsewhere = |name: &&String| health::check(name).is_some_and(|check| !check.is_for(dialect.name()));
    if let Some(name) = asked.check.iter().find(elsewhere) {
        let message = format!("{name} is no check of {}", dialect.title());
        return Err(Failure::usage(message, "list them with `rung health --checks`"));
    }
    if let Some(schedule) = &asked.watch {
        watch(&project, driver, &options, schedule, terminal);
    }
    let health = health::examine(&mut *driver, &options)?;
    let report = Report::of(&project, &*driver, &health);
    if terminal.is_json() {
        terminal.json(&report);
    } else {
        terminal.show(heading(project.name.as_deref(), driver.facts(), dialect.title()));
        terminal.show(report.findings(terminal.is_verbose()));
        terminal.say(report.summary(terminal.is_verbose()));
    }
    Ok(if health.worst() == Some(Level::Error) { Exit::Failed } else { Exit::Done })
}

fn list() -> String {
    let longest = CHECKS.iter().map(|check| check.name.len()).max().unwrap_or_default();
    let line = |check: &&health::Check| {
        let level = check.level.map_or("off", json::level);
        format!("{}  {}  {}\n", pad(check.name, longest), pad(level, 7), check.what)
    };
    CHECKS.iter().map(line).collect()
}

/// Looks again and again, until the process is ended. What is as it was the last time is one line; with `--json`, each
/// look, and each failure, is a document on a line of its own. A database that can't be reached is tried again at the next time.
fn watch(
    project: &Project,
    driver: Box<dyn Driver>,
    options: &health::Options,
    schedule: &Schedule,
    terminal: &Terminal,
) -> ! {
    let (mut connected, mut before, zone) = (Some(driver), None, Zone::here());
    loop {
        match look(project, &mut connected, options) {
            Ok(report) if terminal.is_json() => terminal.json_line(&report),
            Ok(report) => {
                let now = (report.findings(terminal.is_verbose()), report.summary(terminal.is_verbose()));
                let time = zone.minute(&report.at);
                if before.as_ref() == Some(&now) {
                    terminal.say(format!("{time}  as before"));
                } else {
                    terminal.show(&now.0);
                    terminal.show(format!("{time}  {}", now.1));
                    before = Some(now);
                }
            }
            Err(failure) => {
                failure.print_line(terminal);
                connected = None;
            }
        }
        std::thread::sleep(schedule.wait());
    }
}

fn look(
    project: &Project,
    connected: &mut Option<Box<dyn Driver>>,
    options: &health::Options,
) -> Result<Report, Failure> {
    let mut driver = connected.take().map_or_else(|| project.look_only(), Ok)?;
    let health = health::examine(&mut *driver, options).map_err(|error: DbError| Failure::from(error))?;
    let report = Report::of(project, &*driver, &health);
    *connected = Some(driver);
    Ok(report)
}
