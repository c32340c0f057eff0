//! What Alembic prints with `--sql`: each revision's statements, between its own.

use std::collections::BTreeMap;

use rung_engine::Dialect;
use rung_sql::{Diagnostic, Script, Span, Statement, TransactionControl, split};

use crate::files::Files;
use crate::migration::lines;

/// What Alembic printed for each revision.
#[derive(Default)]
pub(super) struct Printed {
    pub(super) up: BTreeMap<String, Part>,
    pub(super) down: BTreeMap<String, Part>,
}

impl Printed {
    pub(super) fn read(files: &Files, dialect: &'static dyn Dialect) -> Result<Self, Vec<Diagnostic>> {
        let mut printed = Self::default();
        for file in files.iter().filter(|file| file.name.ends_with(".sql")) {
            let source = file.source()?;
            let text = source.text();
            // Steps: whether up, the revision, and where its statements begin; and where the next step's do.
            let mut steps: Vec<(bool, &str, usize)> = Vec::new();
            let mut ends = Vec::new();
            for (span, line) in lines(text) {
                let Some(step) = line.strip_prefix("-- Running ") else { continue };
                let Some((way, (from, to))) =
                    step.split_once(' ').and_then(|(way, rest)| Some((way, rest.split_once("->")?)))
                else {
                    continue;
                };
                let is_up = way == "upgrade";
                let revision = if is_up { to } else { from };
                steps.push((is_up, revision.trim(), span.end));
                ends.push(span.start);
            }
            ends.push(text.len());
            for ((is_up, revision, start), end) in steps.into_iter().zip(ends.into_iter().skip(1)) {
                let part = part(&Script::slice(source.clone(), Span::new(start, end)), dialect);
                let into = if is_up { &mut printed.up } else { &mut printed.down };
                into.insert(revision.to_owned(), part);
            }
        }
        Ok(printed)
    }
}

/// One revision's statements.
pub(super) struct Part {
    pub(super) script: Script,
    /// Where it leaves the transaction, as `autocommit_block()` does.
    pub(super) outside: Option<Span>,
}

/// What was printed for a revision without what Alembic adds: its transactions, and its own table.
fn part(script: &Script, dialect: &'static dyn Dialect) -> Part {
    let (all, _) = split(script.text(), dialect.syntax());
    let text = |statement: &Statement| &script.text()[statement.span.range()];
    let is_control = |statement: &&Statement| {
        matches!(
            dialect.facts(text(statement)).transaction,
            Some(TransactionControl::Begin | TransactionControl::Commit)
        )
    };
    let is_history = |statement: &&Statement| is_of_history(text(statement));
    let last = all.iter().rposition(|statement| !is_control(&statement) && !is_history(&statement));
    let own = &all[..last.map_or(0, |last| last + 1)];
    let outside = own.iter().find(is_control).map(|statement| script.source_span(statement.span));
    let added = all.iter().filter(|statement| is_control(statement) || is_history(statement));
    let edits: Vec<(Span, &str)> = added.map(|statement| (statement.span, "")).collect();
    Part { script: script.replaced(&edits), outside }
}

/// Whether a statement is of the table of versions, whatever that is called: nobody else's has this one column.
fn is_of_history(text: &str) -> bool {
    const FORMS: [(&str, &str); 4] = [
        ("INSERT INTO ", " (VERSION_NUM) VALUES ("),
        ("UPDATE ", " SET VERSION_NUM="),
        ("DELETE FROM ", ".VERSION_NUM = '"),
        ("CREATE TABLE ", " ( VERSION_NUM VARCHAR(32) NOT NULL,"),
    ];
    let words = text.split_whitespace().take(12).collect::<Vec<_>>().join(" ").to_uppercase();
    FORMS.iter().any(|(verb, column)| words.starts_with(verb) && words.contains(column))
}
