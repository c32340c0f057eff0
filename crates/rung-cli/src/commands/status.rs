//! `rung status`, `current` and `history`.

use std::collections::HashMap;
use std::fmt::Write as _;

use rung::engine::{Difference, HistoryEntry};
use rung::{Status, StatusReport};

use crate::args::{Arguments, HistoryArguments, StatusArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::progress::heading;
use crate::project::Project;
use crate::terminal::{BAD, DIM, NEXT, OK, Terminal, WARN, paint};
use crate::text::{column, local, pad};

pub(crate) fn status(arguments: &Arguments, options: &StatusArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let report = migrator.status()?;
    super::run::warn(&migrator, terminal);
    let title = migrator.driver().dialect_of().title();
    let facts = migrator.driver().facts().clone();
    if terminal.json {
        terminal.json(&as_json(&project, &report, &facts, title));
    } else {
        let mut text = heading(&project.name, &facts, title);
        text.push_str(&lines(&report));
        terminal.line(text.trim_end());
    }
    if !options.exit_code {
        return Ok(Exit::Done);
    }
    Ok(if report.differences.iter().any(Difference::is_refused) {
        Exit::Drift
    } else if report.pending.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    })
}

fn lines(report: &StatusReport) -> String {
    let applied = report.history.done().count();
    let differences: HashMap<&str, &Difference> = report.differences.iter().map(|found| (found.id(), found)).collect();
    let ids = report.history.iter().map(|row| row.id.as_str()).chain(report.pending.iter().map(String::as_str));
    let width = column(ids);
    let mut text = format!("      {applied} applied · {} pending\n", report.pending.len());
    let mut next = None;
    for row in report.history.done() {
        let time = row.execution_time_ms.map_or_else(|| "not run".to_owned(), |ms| format!("{ms} ms"));
        let (sign, remark) = match differences.get(row.id.as_str()) {
            None | Some(Difference::Reformatted { .. }) => (paint(OK, "✓"), String::new()),
            Some(Difference::Changed { .. }) => (paint(BAD, "≠"), paint(BAD, "   changed after it was applied")),
            Some(Difference::Dependencies { .. }) => (paint(BAD, "≠"), paint(BAD, "   other dependencies now")),
            Some(Difference::Missing { .. }) => (paint(BAD, "?"), paint(BAD, "   its file is gone")),
        };
        let _ = writeln!(text, "  {sign} {}  {}  {time:>8}{remark}", pad(&row.id, width), local(&row.applied_at));
    }
    for id in &report.pending {
        let row = report.history.get(id);
        let (sign, remark) = match row.map(|row| row.status) {
            Some(Status::Failed) => {
                let error = row.and_then(|row| row.error.as_deref()).unwrap_or_default();
                next = Some("mend the file, then `rung up`: it goes on where it failed".to_owned());
                (paint(BAD, "✗"), paint(BAD, format!("failed part of the way {error}")))
            }
            Some(Status::Running) => {
                next.get_or_insert("`rung up` goes on where it was interrupted".to_owned());
                (paint(WARN, "…"), paint(WARN, "running or interrupted"))
            }
            Some(Status::RolledBack) => (paint(DIM, "·"), paint(DIM, "undone")),
            Some(Status::Completed) => (paint(WARN, "↻"), "changed, will run again".to_owned()),
            _ => (paint(DIM, "·"), paint(DIM, "pending")),
        };
        let _ = writeln!(text, "  {sign} {}  {remark}", pad(id, width));
    }
    if report.differences.iter().any(Difference::is_refused) {
        next = Some("`rung check` shows what differs, and what mends it".to_owned());
    }
    if let Some(next) = next {
        let _ = writeln!(text, "{}: {next}", paint(NEXT, "next"));
    }
    text
}

fn as_json(project: &Project, report: &StatusReport, facts: &rung::engine::ServerFacts, title: &str) -> json::Status {
    let done = report.history.done().map(|row| json::Migration {
        id: row.id.clone(),
        state: "applied".to_owned(),
        applied_at: Some(row.applied_at.clone()),
        execution_time_ms: row.execution_time_ms,
        ..json::Migration::default()
    });
    let pending = report.pending.iter().map(|id| {
        let state = match report.history.get(id).map(|row| row.status) {
            Some(status @ (Status::Running | Status::Failed | Status::RolledBack)) => status.as_str(),
            _ => "pending",
        };
        json::Migration { id: id.clone(), state: state.to_owned(), ..json::Migration::default() }
    });
    json::Status {
        version: json::VERSION,
        env: project.name.clone(),
        database: json::Database {
            product: title.to_owned(),
            version: facts.version.clone(),
            place: facts.place.clone(),
        },
        applied: report.history.done().count(),
        pending: report.pending.len(),
        migrations: done.chain(pending).collect(),
        differences: report.differences.iter().map(difference).collect(),
    }
}

pub(crate) fn difference(found: &Difference) -> json::Difference {
    let kind = match found {
        Difference::Changed { .. } => "changed",
        Difference::Reformatted { .. } => "reformatted",
        Difference::Dependencies { .. } => "dependencies",
        Difference::Missing { .. } => "missing",
    };
    json::Difference { id: found.id().to_owned(), kind, refused: found.is_refused() }
}

pub(crate) fn current(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut driver = Project::resolve(arguments)?.connect_only()?;
    let history = driver.history()?;
    let newest = history.done().next_back();
    if terminal.json {
        let current = newest.map(|row| json::Migration {
            id: row.id.clone(),
            state: "applied".to_owned(),
            applied_at: Some(row.applied_at.clone()),
            execution_time_ms: row.execution_time_ms,
            ..json::Migration::default()
        });
        terminal.json(&json::Current { version: json::VERSION, current });
    }
    match newest {
        Some(row) => terminal.line(&row.id),
        None => terminal.note("nothing is applied"),
    }
    Ok(Exit::Done)
}

pub(crate) fn history(arguments: &Arguments, options: &HistoryArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut driver = Project::resolve(arguments)?.connect_only()?;
    let entries = driver.log(options.limit)?;
    if terminal.json {
        let entries = entries.into_iter().map(entry).collect();
        terminal.json(&json::History { version: json::VERSION, entries });
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        terminal.note("nothing has been run here");
    }
    let width = column(entries.iter().map(|entry| entry.migration_id.as_str()));
    let mut text = String::new();
    for entry in &entries {
        let status = match entry.status.as_str() {
            "completed" | "rolled_back" => paint(OK, pad(&entry.status, 11)),
            "failed" => paint(BAD, pad(&entry.status, 11)),
            other => pad(other, 11),
        };
        let time = entry.execution_time_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
        let by = if entry.host.is_empty() {
            entry.executed_by.clone()
        } else {
            format!("{}@{}", entry.executed_by, entry.host)
        };
        let _ = writeln!(
            text,
            "{}  {:<7}  {}  {status}  {time:>8}  {}",
            local(&entry.executed_at),
            entry.direction,
            pad(&entry.migration_id, width),
            paint(DIM, by)
        );
        if let Some(error) = &entry.error_message {
            let _ = writeln!(text, "    {}", paint(BAD, error));
        }
    }
    terminal.line(text.trim_end());
    Ok(Exit::Done)
}

fn entry(entry: HistoryEntry) -> json::Entry {
    json::Entry {
        migration_id: entry.migration_id,
        direction: entry.direction,
        executed_at: entry.executed_at,
        status: entry.status,
        execution_time_ms: entry.execution_time_ms,
        error_message: entry.error_message,
        executed_by: entry.executed_by,
        host: entry.host,
        statements_done: entry.statements_done,
    }
}
