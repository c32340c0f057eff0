//! A migration as the linter reads it: its statements, parsed.

use rung_ddl::Parsed;
use rung_engine::{Asks, Body, Dialect, Down, JournalReason, Migration, Mode, ScriptPlan};
use rung_sql::{Diagnostic, Facts, Script, Span, TransactionControl};

use crate::Language;

/// A statement of a script.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its place in the script's text.
    pub span: Span,
    /// What it says.
    pub parsed: Parsed,
    /// What its tokens tell.
    pub facts: Facts,
    /// The transaction it runs in, by number; `None` where it runs in none.
    pub transaction: Option<usize>,
}

/// A script with its statements.
#[derive(Debug, Clone)]
pub struct ScriptLines {
    /// The script.
    pub script: Script,
    /// Its statements.
    pub lines: Vec<Line>,
    /// What keeps it from being run, as the planner says it.
    pub refused: Vec<Diagnostic>,
    /// Whether it controls transactions itself.
    pub own_transactions: bool,
}

impl ScriptLines {
    fn read(script: &Script, asks: Asks, dialect: &dyn Dialect, language: &Language) -> Self {
        let plan = ScriptPlan::new(script, asks, dialect);
        let (statements, mode, refused) = match plan {
            Ok(plan) => {
                let statements: Vec<(Span, Facts)> =
                    plan.statements.iter().map(|statement| (statement.span, statement.facts.clone())).collect();
                (statements, Some(plan.mode), Vec::new())
            }
            Err(refused) => {
                // What can be split is looked at all the same.
                let text = script.text();
                let statements = script.statements(dialect.syntax()).unwrap_or_default();
                let read = |span: Span| (span, dialect.facts(&text[span.range()]));
                (statements.into_iter().map(|statement| read(statement.span)).collect(), None, refused)
            }
        };
        let own_transactions = matches!(mode, Some(Mode::Journal(JournalReason::OwnTransactions)));
        let together = matches!(mode, None | Some(Mode::Transaction));
        let (mut number, mut open) = (0, false);
        let mut lines = Vec::with_capacity(statements.len());
        for (span, facts) in statements {
            match facts.transaction {
                Some(TransactionControl::Begin) => (number, open) = (number + 1, true),
                Some(TransactionControl::Commit | TransactionControl::Rollback) => open = false,
                _ => {}
            }
            lines.push(Line {
                span,
                parsed: (language.parse)(&script.text()[span.range()]),
                facts,
                transaction: (together || own_transactions && open).then_some(number),
            });
        }
        Self { script: script.clone(), lines, refused, own_transactions }
    }

    /// The text of a statement.
    pub fn text(&self, at: usize) -> &str {
        &self.script.text()[self.lines[at].span.range()]
    }

    /// A place within a statement, as a place in the file.
    pub fn source_span(&self, at: usize, span: Span) -> Span {
        self.script.source_span(span.shifted(self.lines[at].span.start))
    }
}

/// A migration with its statements.
#[derive(Debug, Clone)]
pub struct File<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// What it runs; `None` for a program or a function.
    pub up: Option<ScriptLines>,
    /// What undoes it, where that is SQL.
    pub down: Option<ScriptLines>,
}

impl<'a> File<'a> {
    /// Reads a migration.
    pub fn read(migration: &'a Migration, dialect: &dyn Dialect, language: &Language) -> Self {
        let lines = |script: &Script, asks| ScriptLines::read(script, asks, dialect, language);
        let up = match &migration.body {
            Body::Sql(body) => Some(lines(&body.up, Asks::up(migration))),
            Body::Command(_) | Body::Code(_) => None,
        };
        let down = match &migration.down {
            Some(Down::Sql(script)) => Some(lines(script, Asks::down(migration))),
            Some(Down::Code(_)) | None => None,
        };
        Self { migration, up, down }
    }

    /// The statements that it runs.
    pub fn lines(&self) -> &[Line] {
        self.up.as_ref().map_or(&[], |up| &up.lines)
    }
}
