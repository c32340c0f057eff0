//! `rung status`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use rung::engine::{Difference, PlanErrorKind, PlanErrors, ServerFacts};
use rung::{Applied, Status, StatusReport};

use super::warn;
use crate::args::{Arguments, StatusArguments};
use crate::config::Project;
use crate::exit::Exit;
use crate::json;
use crate::render::{BAD, DIM, Failure, NEXT, Names, OK, STRONG, Terminal, WARN, Zone, fit, paint, took};

/// Applied migrations that a screen shows; all of them with `--verbose`, and wherever no screen is.
const SHOWN: usize = 40;

pub(crate) fn status(arguments: &Arguments, options: &StatusArguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    let report = migrator.status()?;
    warn(&migrator, terminal);
    let title = migrator.driver().dialect_of().title();
    let facts = migrator.driver().facts();
    let refused = report.refused.as_ref().map(PlanErrors::kind);
    if terminal.is_json() {
        terminal.json(&as_json(&project, &report, facts, title));
    } else {
        let columns = terminal.columns();
        let shown = if columns.is_some() && !terminal.is_verbose() { SHOWN } else { usize::MAX };
        terminal.show(heading(project.name.as_deref(), facts, title) + &lines(&report, columns, shown, &Zone::here()));
    }
    Ok(match options.exit_code {
        true if refused == Some(PlanErrorKind::Drift) => Exit::Drift,
        true if refused.is_some() => Exit::Failed,
        true if !report.pending.is_empty() => Exit::Pending,
        _ => Exit::Done,
    })
}

/// Which environment, where, and what it runs on.
pub(super) fn heading(name: Option<&str>, facts: &ServerFacts, title: &str) -> String {
    let name = name.map(|name| format!("{}  ", paint(STRONG, name))).unwrap_or_default();
    format!("{name}{}  {title} {}", facts.place, facts.version)
}

fn lines(report: &StatusReport, columns: Option<usize>, shown: usize, zone: &Zone) -> String {
    let done: Vec<&Applied> = report.history.done().collect();
    let mut text = String::with_capacity(96 * (done.len() + report.pending.len() + 1));
    let _ = writeln!(text, "      {} applied · {} pending", done.len(), report.pending.len());
    let differences: HashMap<&str, &Difference> = report.differences.iter().map(|found| (found.id(), found)).collect();
    let refused = |row: &Applied| differences.get(row.id.as_str()).copied().filter(|found| found.is_refused());
    // What was changed is shown, however long ago it was applied.
    let from = done.len().saturating_sub(shown);
    let rows: Vec<_> = done.iter().enumerate().map(|(at, row)| (at, *row, refused(row))).collect();
    let rows: Vec<_> = rows.into_iter().filter(|(at, _, difference)| *at >= from || difference.is_some()).collect();
    let others = report.stood_in_for.iter().chain(&report.pending).map(String::as_str);
    let ids = rows.iter().map(|(_, row, _)| row.id.as_str()).chain(others);
    let remarks = if rows.iter().any(|(_, _, difference)| difference.is_some()) { 21 } else { 0 };
    let names = Names::new(ids, columns, 34 + remarks);
    let hidden = done.len() - rows.len();
    if hidden > 0 {
        let _ = writeln!(text, "  {}", paint(DIM, format!("… {hidden} more before; `rung status -v` shows all")));
    }
    for (_, row, difference) in rows {
        applied(&mut text, row, difference, names, zone);
    }
    for id in &report.stood_in_for {
        let _ = write!(text, "  {} ", paint(OK, "="));
        names.write(&mut text, id);
        let _ = writeln!(text, "  {}", paint(DIM, "all that it stands for is applied"));
    }
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(names.width() + 7));
    for id in &report.pending {
        let (style, sign, mut remark) = pending(report.history.get(id));
        if report.post_deploy.contains(id) {
            remark.push_str(", for after the release");
        }
        let _ = write!(text, "  {style}{sign}{style:#} ");
        names.write(&mut text, id);
        let _ = writeln!(text, "  {}", paint(style, fit(&remark, room)));
    }
    if let Some(why) = why_refused(report) {
        let _ = writeln!(text, "{} `rung up` would be refused: {why}", paint(BAD, "✗"));
    }
    if let Some(next) = next(report) {
        let _ = writeln!(text, "{}: {next}", paint(NEXT, "next"));
    }
    text
}

fn applied(text: &mut String, row: &Applied, difference: Option<&Difference>, names: Names, zone: &Zone) {
    let (style, sign, remark) = match difference {
        None | Some(Difference::Reformatted { .. }) => (OK, "✓", ""),
        Some(Difference::Changed { .. }) => (BAD, "≠", "   changed since"),
        Some(Difference::Dependencies { .. }) => (BAD, "≠", "   other dependencies"),
        Some(Difference::Missing { .. }) => (BAD, "?", "   its file is gone"),
    };
    let _ = write!(text, "  {style}{sign}{style:#} ");
    names.write(text, &row.id);
    let time = row.execution_time_ms.and_then(|ms| u64::try_from(ms).ok());
    let time = time.map_or_else(|| "not run".to_owned(), |ms| took(Duration::from_millis(ms)));
    let _ = write!(text, "  {}  {time:>8}", zone.minute(&row.applied_at));
    if !remark.is_empty() {
        let _ = write!(text, "{}", paint(BAD, remark));
    } else if let Some(error) = row.error.as_deref().and_then(|error| error.lines().next()) {
        let _ = write!(text, "   {}", paint(BAD, error));
    }
    text.push('\n');
}

/// How a pending migration is marked, by what the history knows of it.
fn pending(row: Option<&Applied>) -> (Style, &'static str, String) {
    match row.map(|row| row.status) {
        Some(Status::Failed) => {
            let error = row.and_then(|row| row.error.as_deref()).and_then(|error| error.lines().next());
            let error = error.map(|error| format!(": {error}")).unwrap_or_default();
            (BAD, "✗", format!("failed part of the way{error}"))
        }
        Some(Status::Running) => (WARN, "…", "running, or interrupted".to_owned()),
        Some(Status::RolledBack) => (DIM, "·", "undone".to_owned()),
        Some(Status::Completed) => (WARN, "↻", "changed, will run again".to_owned()),
        Some(Status::Pending) | None => (DIM, "·", "pending".to_owned()),
    }
}

fn next(report: &StatusReport) -> Option<String> {
    let of = |status| report.history.unfinished().find(|row| row.status == status);
    if report.differences.iter().any(Difference::is_refused) {
        Some("`rung check` shows what differs, and what mends it".to_owned())
    } else if let Some(row) = of(Status::Failed) {
        Some(mend(row, "rung up"))
    } else if let Some(row) = report.history.done().find(|row| row.error.is_some()) {
        Some(mend(row, "rung down"))
    } else if report.refused.is_some() {
        Some("`rung plan` shows what mends it".to_owned())
    } else {
        of(Status::Running).map(|_| "`rung up` goes on where it was interrupted".to_owned())
    }
}

/// The first of the reasons for which nothing could run, where that is nothing that differs in one of the files shown.
fn why_refused(report: &StatusReport) -> Option<&str> {
    let refused = report.refused.as_ref().filter(|_| !report.differences.iter().any(Difference::is_refused));
    Some(&refused?.0.first()?.diagnostic.message)
}

/// What mends a failure, and what to type then: its error has a line for what does, where that is no edit of the file.
fn mend(row: &Applied, again: &str) -> String {
    let told = row.error.iter().flat_map(|error| error.lines()).find_map(|line| line.strip_prefix("next: "));
    match told {
        Some(told) => format!("{told}; then `{again}`: it goes on where it failed"),
        None => format!("mend the file, then `{again}`: it goes on where it failed"),
    }
}

fn as_json<'a>(
    project: &'a Project,
    report: &'a StatusReport,
    facts: &'a ServerFacts,
    title: &'static str,
) -> json::Status<'a> {
    let done = report.history.done().map(applied_json);
    let stood_in_for = report.stood_in_for.iter();
    let stood_in_for = stood_in_for.map(|id| json::Migration { id, state: "replaced", ..json::Migration::default() });
    let pending = report.pending.iter().map(|id| {
        let row = report.history.get(id);
        let state = match row.map(|row| row.status) {
            Some(status @ (Status::Running | Status::Failed | Status::RolledBack)) => status.as_str(),
            _ => Status::Pending.as_str(),
        };
        let post_deploy = report.post_deploy.contains(id);
        let error = row.and_then(|row| row.error.as_deref());
        json::Migration { id, state, error, post_deploy, ..json::Migration::default() }
    });
    json::Status {
        version: json::VERSION,
        environment: project.name.as_deref(),
        database: json::Database::of(title, facts),
        applied: report.history.done().count(),
        pending: report.pending.len(),
        migrations: done.chain(stood_in_for).chain(pending).collect(),
        differences: report.differences.iter().map(json::Difference::from).collect(),
        refused: why_refused(report),
    }
}

/// An applied migration.
pub(super) fn applied_json(row: &Applied) -> json::Migration<'_> {
    json::Migration {
        id: &row.id,
        state: "applied",
        applied_at: Some(&row.applied_at),
        execution_time_ms: row.execution_time_ms,
        error: row.error.as_deref(),
        post_deploy: false,
    }
}

#[cfg(test)]
mod tests {
    use rung::History;
    use rung::engine::Digest;

    use super::*;

    fn row(id: &str, status: Status, sequence: i64) -> Applied {
        Applied {
            id: id.to_owned(),
            status,
            checksum: Digest([0; 32]),
            fingerprint: Digest([0; 32]),
            depends_on: Vec::new(),
            applied_at: "2026-11-20T10:14:00Z".to_owned(),
            execution_time_ms: Some(sequence * 3),
            has_down: true,
            sequence,
            error: (status == Status::Failed).then(|| "could not create unique index\nmore".to_owned()),
        }
    }

    fn shown(rows: Vec<Applied>, pending: &[&str], shown: usize) -> String {
        let report = StatusReport {
            history: History::new(rows),
            pending: pending.iter().map(|id| (*id).to_owned()).collect(),
            post_deploy: Vec::new(),
            stood_in_for: Vec::new(),
            differences: vec![Difference::Missing { applied: row("002_gone", Status::Completed, 2) }],
            refused: None,
        };
        let zone = Zone::utc();
        anstream::adapter::strip_str(&lines(&report, Some(80), shown, &zone)).to_string()
    }

    #[test]
    fn everything_is_on_a_line_with_what_is_to_be_known_of_it() {
        let rows = vec![
            row("001_create_users", Status::Completed, 1),
            row("002_gone", Status::Completed, 2),
            row("003_a_name_that_is_much_too_long_for_the_terminal_it_is_shown_on", Status::Completed, 3),
            row("004_index", Status::Failed, 4),
        ];
        let all = "      3 applied · 2 pending
  ✓ 001_create_users          2026-11-20 10:14      3 ms
  ? 002_gone                  2026-11-20 10:14      6 ms   its file is gone
  ✓ 003_a_name_t…is_shown_on  2026-11-20 10:14      9 ms
  ✗ 004_index                 failed part of the way: … not create unique index
  · 005_next                  pending
next: `rung check` shows what differs, and what mends it
";
        assert_eq!(shown(rows.clone(), &["004_index", "005_next"], 10), all);
        let newest = "      3 applied · 0 pending
  … 1 more before; `rung status -v` shows all
  ? 002_gone                  2026-11-20 10:14      6 ms   its file is gone
  ✓ 003_a_name_t…is_shown_on  2026-11-20 10:14      9 ms
next: `rung check` shows what differs, and what mends it
";
        assert_eq!(shown(rows, &[], 1), newest);
    }
}
