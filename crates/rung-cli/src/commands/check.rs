//! `rung check`.

use rung::engine::Difference;
use rung::{Goal, Migrator};
use similar::{ChangeTag, TextDiff};

use crate::args::Arguments;
use crate::diagnostics::render;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::project::Project;
use crate::terminal::{BAD, OK, Terminal, paint};
use crate::text::count;

pub(crate) fn check(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let project = Project::resolve(arguments)?;
    let mut migrator = project.connect()?;
    super::run::warn(&migrator, terminal);
    let status = migrator.status()?;
    // The plan finds what the history alone does not show: order, numbers, statements that can't share a transaction.
    let problems: Vec<_> = match migrator.plan(&Goal::Latest) {
        Err(rung::Error::Run(rung::RunError::Plan(errors))) => {
            errors.0.into_iter().map(|error| error.diagnostic).collect()
        }
        Err(error) => return Err(error.into()),
        Ok(_) => Vec::new(),
    };
    let drifted = status.differences.iter().any(Difference::is_refused);
    if terminal.json {
        terminal.json(&json::Check {
            version: json::VERSION,
            ok: problems.is_empty(),
            differences: status.differences.iter().map(super::status::difference).collect(),
            problems: problems.iter().map(ToString::to_string).collect(),
        });
    } else {
        for problem in &problems {
            terminal.line(render(problem));
        }
        for difference in &status.differences {
            match difference {
                Difference::Reformatted { migration } => terminal.line(format!(
                    "{} only comments, layout or the down of {} were edited",
                    paint(OK, "·"),
                    migration.id
                )),
                changed => terminal.line(statements_that_differ(&mut migrator, changed).trim_end()),
            }
        }
        if problems.is_empty() {
            let files = count(migrator.set().len(), "migration file");
            terminal.line(format!(
                "{} {files} checked against {} applied",
                paint(OK, "✓"),
                status.history.done().count()
            ));
        }
    }
    Ok(match (drifted, problems.is_empty()) {
        (true, _) => Exit::Drift,
        (false, true) => Exit::Done,
        (false, false) => Exit::Failed,
    })
}

/// What was applied and what the file says now, statement by statement; empty where the history does not have the SQL.
pub(crate) fn statements_that_differ(migrator: &mut Migrator, difference: &Difference) -> String {
    let Difference::Changed { migration, .. } = difference else { return String::new() };
    let Ok(Some(stored)) = migrator.driver().stored_up(migration.id.as_str()) else { return String::new() };
    let rung::engine::Body::Sql(body) = &migration.body else { return String::new() };
    let syntax = migrator.driver().dialect_of().syntax();
    let statements = |text: &str| -> Vec<String> {
        let (statements, _) = rung::sql::split(text, syntax);
        let flat = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
        statements.iter().map(|statement| flat(&text[statement.span.range()]) + "\n").collect()
    };
    let (before, after) = (statements(&stored).concat(), statements(body.up.text()).concat());
    let diff = TextDiff::from_lines(&before, &after);
    let mut text = format!("{}:\n", migration.id);
    for change in diff.iter_all_changes() {
        let line = change.value().trim_end();
        match change.tag() {
            ChangeTag::Delete => text.push_str(&format!("  {}\n", paint(BAD, format!("- {line}")))),
            ChangeTag::Insert => text.push_str(&format!("  {}\n", paint(OK, format!("+ {line}")))),
            ChangeTag::Equal => {}
        }
    }
    text
}
