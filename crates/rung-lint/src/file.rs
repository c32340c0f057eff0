//! A migration as the linter reads it: its statements, parsed.

use std::collections::HashMap;
use std::sync::Arc;

use rung_ddl::Parsed;
use rung_engine::{Asks, Body, Dialect, Down, JournalReason, Migration, MigrationId, Mode, Needs, ScriptPlan};
use rung_sql::{Diagnostic, Facts, Script, Span, SplitIssueKind, TokenKind, TransactionControl, split, tokens};

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
    /// What keeps it from being run on a server that is too old.
    pub needs: Option<Box<Needs>>,
    /// Whether it controls transactions itself.
    pub own_transactions: bool,
    /// Whether its file asks for the journal.
    apart: bool,
}

impl ScriptLines {
    fn read(script: &Script, asks: Asks, dialect: &dyn Dialect, language: &Language) -> Self {
        let plan = ScriptPlan::new(script, asks, dialect);
        let needs = plan.as_ref().ok().and_then(|plan| plan.needs.clone());
        let begins_inside = plan.as_ref().is_ok_and(ScriptPlan::begins_inside);
        let (statements, mode, refused) = match plan {
            Ok(plan) => {
                let statements: Vec<(Span, Facts)> =
                    plan.statements.iter().map(|statement| (statement.span, statement.facts.clone())).collect();
                (statements, Some(plan.mode), Vec::new())
            }
            Err(refused) => {
                // What can be split is looked at all the same; what is never closed is not, up to the end of the file.
                let text = script.text();
                let (statements, issues) = split(text, dialect.syntax());
                let open = issues.iter().find(|issue| issue.kind == SplitIssueKind::Unterminated);
                let readable = |span: &Span| open.is_none_or(|open| span.end <= open.span.start);
                let statements = statements.into_iter().map(|statement| statement.span).filter(readable);
                (statements.map(|span| (span, dialect.facts(&text[span.range()]))).collect(), None, refused)
            }
        };
        let refused = refused.into_iter().chain(in_a_block(script, &statements, mode.as_ref(), dialect)).collect();
        let own_transactions = matches!(mode, Some(Mode::Journal(JournalReason::OwnTransactions)));
        let together = matches!(mode, None | Some(Mode::Transaction));
        // The one with the number 0 is rung's own.
        let (mut number, mut open) = (0, begins_inside);
        let mut lines = Vec::with_capacity(statements.len());
        let mut mistakes = 0;
        let mut open_ones: Vec<(Span, Facts)> = statements.into_iter().rev().collect();
        while let Some((span, facts)) = open_ones.pop() {
            match facts.transaction {
                Some(TransactionControl::Begin) => (number, open) = (number + 1, true),
                Some(TransactionControl::Commit | TransactionControl::Rollback) => open = false,
                _ => {}
            }
            let text = &script.text()[span.range()];
            let parsed = (language.parse)(text);
            let end = unclosed(text, &parsed, language).filter(|_| mistakes < MOST_MISTAKES);
            if let Some(end) = end {
                mistakes += 1;
                let (more, _) = split(&text[end..], language.syntax);
                let more = more.into_iter().rev().map(|more| more.span.shifted(span.start + end));
                open_ones.extend(more.map(|span| (span, dialect.facts(&script.text()[span.range()]))));
            }
            lines.push(Line {
                span: end.map_or(span, |end| Span::new(span.start, span.start + end)),
                parsed,
                facts,
                transaction: (together || own_transactions && open).then_some(number),
            });
        }
        let apart = asks.no_transaction.is_some();
        Self { script: script.clone(), lines, refused, needs, own_transactions, apart }
    }

    /// Whether another script would be read as this one was.
    fn is_of(&self, script: &Script, asks: Asks) -> bool {
        let place = |script: &Script| (script.source_offset(0), script.text().len());
        self.apart == asks.no_transaction.is_some()
            && place(&self.script) == place(script)
            && self.script.text() == script.text()
            && self.script.source() == script.source()
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
    pub up: Option<Arc<ScriptLines>>,
    /// What undoes it, where that is SQL.
    pub down: Option<Arc<ScriptLines>>,
}

/// Scripts as they were read, for reading a set again of which little has changed.
#[derive(Debug, Default)]
pub struct Memory {
    scripts: HashMap<MigrationId, [Option<Arc<ScriptLines>>; 2]>,
}

impl Memory {
    /// Keeps what these files have, and forgets the rest.
    pub(crate) fn keep(&mut self, files: &[File<'_>]) {
        let scripts = |file: &File<'_>| (file.migration.id.clone(), [file.up.clone(), file.down.clone()]);
        self.scripts = files.iter().map(scripts).collect();
    }
}

impl<'a> File<'a> {
    /// Reads a migration.
    pub fn read(migration: &'a Migration, dialect: &dyn Dialect, language: &Language) -> Self {
        Self::remembered(migration, dialect, language, &Memory::default())
    }

    /// As [`Self::read`], without reading what was read before.
    pub(crate) fn remembered(
        migration: &'a Migration,
        dialect: &dyn Dialect,
        language: &Language,
        memory: &Memory,
    ) -> Self {
        let [up, down] =
            memory.scripts.get(&migration.id).map_or([None, None], |old| old.each_ref().map(Option::as_ref));
        let lines = |script: &Script, asks, old: Option<&Arc<ScriptLines>>| match old {
            Some(old) if old.is_of(script, asks) => Arc::clone(old),
            _ => Arc::new(ScriptLines::read(script, asks, dialect, language)),
        };
        let up = match &migration.body {
            Body::Sql(body) => Some(lines(&body.up, Asks::up(migration), up)),
            Body::Command(_) | Body::Code(_) => None,
        };
        let down = match &migration.down {
            Some(Down::Sql(script)) => Some(lines(script, Asks::down(migration), down)),
            Some(Down::Code(_)) | None => None,
        };
        Self { migration, up, down }
    }

    /// The statements that it runs.
    pub fn lines(&self) -> &[Line] {
        self.up.as_ref().map_or(&[], |up| &up.lines)
    }
}

/// After as many statements of a file that are never closed, what follows is not looked at any more.
const MOST_MISTAKES: usize = 50;

/// Where a statement that can't be read ends after all: a parenthesis that is never closed takes the next `;` with it, and
/// all that comes after.
fn unclosed(text: &str, parsed: &Parsed, language: &Language) -> Option<usize> {
    /// Nobody types a longer one, and each is read several times.
    const LONGEST: usize = 1_000_000;
    if parsed.errors.is_empty() || text.len() > LONGEST {
        return None;
    }
    let end = tokens(text, language.syntax).find(|token| token.kind == TokenKind::Semicolon)?.span.end;
    (!text[end..].trim().is_empty()).then_some(end)
}

/// A statement that refuses a transaction, in a file that asks for one by BEGIN and COMMIT around it. rung leaves the two
/// out; whoever else runs the file is refused by the server.
fn in_a_block(
    script: &Script,
    statements: &[(Span, Facts)],
    mode: Option<&Mode>,
    dialect: &dyn Dialect,
) -> Option<Diagnostic> {
    if !matches!(mode, Some(Mode::Journal(JournalReason::Statement(_)))) {
        return None;
    }
    let (span, facts) = statements.iter().find(|(_, facts)| facts.outside.is_some())?;
    let (first, _) = split(script.text(), dialect.syntax());
    let begin = first.first().map(|statement| statement.span).filter(|begin| begin.end <= span.start)?;
    let reason = facts.outside.as_ref()?;
    Some(
        Diagnostic::error("mixed-transaction", format!("{reason}, and the file asks for one"))
            .at(script.source(), script.source_span(*span), "refuses a transaction")
            .at(script.source(), script.source_span(begin), "opens one")
            .note("rung leaves BEGIN and COMMIT out here; anything else that runs the file is refused")
            .help("take BEGIN and COMMIT out"),
    )
}
