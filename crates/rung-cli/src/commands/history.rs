//! `rung history`.

use std::fmt::Write as _;
use std::time::Duration;

use rung::engine::HistoryEntry;

use crate::args::{Arguments, HistoryArguments};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{BAD, DIM, Failure, Names, OK, Terminal, Zone, paint, took};

pub(crate) fn history(arguments: &Arguments, options: &HistoryArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let mut driver = Project::resolve(arguments)?.connect_only()?;
    let entries = driver.log(options.limit)?;
    if terminal.is_json() {
        let entries = entries.iter().map(entry).collect();
        terminal.json(&json::History { version: json::VERSION, entries });
    } else if entries.is_empty() {
        terminal.note("nothing has been run here");
    } else {
        terminal.show(lines(&entries, terminal.columns(), &Zone::here()));
    }
    Ok(Exit::Done)
}

fn lines(entries: &[HistoryEntry], columns: Option<usize>, zone: &Zone) -> String {
    let names = Names::new(entries.iter().map(|entry| entry.migration_id.as_str()), columns, 66);
    let mut text = String::with_capacity(128 * entries.len());
    for entry in entries {
        let (sign, status) = match entry.status.as_str() {
            "completed" => (paint(OK, "✓"), "applied"),
            "rolled_back" => (paint(OK, "↓"), "undone"),
            "failed" => (paint(BAD, "✗"), "failed"),
            "running" => (paint(DIM, "…"), "began"),
            other => (paint(DIM, "·"), other),
        };
        // What did not run itself says how it came about.
        let status = match entry.direction.as_str() {
            "up" | "down" => status.to_owned(),
            direction => format!("{status} ({direction})"),
        };
        let time = entry.execution_time_ms.and_then(|ms| u64::try_from(ms).ok());
        let time = time.map(|ms| took(Duration::from_millis(ms))).unwrap_or_default();
        let by = match (entry.executed_by.as_str(), entry.host.as_str()) {
            (by, "") => by.to_owned(),
            (by, host) => format!("{by}@{host}"),
        };
        let _ = write!(text, "{sign} {}  ", zone.minute(&entry.executed_at));
        names.write(&mut text, &entry.migration_id);
        let _ = writeln!(text, "  {status:<17}  {time:>8}  {}", paint(DIM, by));
        for error in entry.error_message.iter().flat_map(|error| error.lines()) {
            let _ = writeln!(text, "    {}", paint(BAD, error));
        }
    }
    text
}

fn entry(entry: &HistoryEntry) -> json::Entry<'_> {
    json::Entry {
        migration_id: &entry.migration_id,
        direction: &entry.direction,
        executed_at: &entry.executed_at,
        status: &entry.status,
        execution_time_ms: entry.execution_time_ms,
        error_message: entry.error_message.as_deref(),
        executed_by: &entry.executed_by,
        host: &entry.host,
        statements_done: entry.statements_done,
    }
}
