//! What was applied, against what its file says now.

use rung::Migrator;
use rung::engine::{Body, Difference};
use rung::sql::Syntax;
use similar::{ChangeTag, TextDiff};

use super::{BAD, DIM, OK, fit, paint};

/// Statements shown; a file that was rewritten is not shown whole.
const SHOWN: usize = 12;

/// Statements that differ, each on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Applied(String),
    Now(String),
}

impl Comparison {
    /// Compares; `None` where the history does not have the SQL, or it is no SQL.
    pub(crate) fn of(migrator: &mut Migrator, difference: &Difference) -> Option<Self> {
        let Difference::Changed { migration, .. } = difference else { return None };
        let Body::Sql(body) = &migration.body else { return None };
        // What can't be read can't be shown; the difference itself is known.
        let applied = migrator.driver().stored_up(migration.id.as_str()).ok().flatten()?;
        let syntax = migrator.driver().dialect_of().syntax();
        Some(Self::between(&applied, body.up.text(), syntax))
    }

    fn between(applied: &str, now: &str, syntax: &Syntax) -> Self {
        let (applied, now) = (statements(applied, syntax), statements(now, syntax));
        let diff = TextDiff::from_slices(&as_strs(&applied), &as_strs(&now));
        let lines = diff.iter_all_changes().filter_map(|change| match change.tag() {
            ChangeTag::Delete => Some(Line::Applied(change.value().to_owned())),
            ChangeTag::Insert => Some(Line::Now(change.value().to_owned())),
            ChangeTag::Equal => None,
        });
        Self { lines: lines.collect() }
    }

    /// How many statements differ: one that was put in the place of another counts once.
    pub(crate) fn statements(&self) -> usize {
        let applied = self.lines.iter().filter(|line| matches!(line, Line::Applied(_))).count();
        applied.max(self.lines.len() - applied)
    }

    /// The lines, without colours.
    pub(crate) fn plain(&self) -> Vec<String> {
        let line = |line: &Line| match line {
            Line::Applied(text) => format!("- {text}"),
            Line::Now(text) => format!("+ {text}"),
        };
        self.lines.iter().map(line).collect()
    }

    /// The lines for the terminal, each no wider than `columns`.
    pub(crate) fn render(&self, columns: Option<usize>) -> String {
        let mut text = String::new();
        for (line, plain) in self.lines.iter().zip(self.plain()).take(SHOWN) {
            let shown = columns.map_or_else(|| plain.clone(), |columns| fit(&plain, columns.saturating_sub(3)));
            let style = if matches!(line, Line::Applied(_)) { BAD } else { OK };
            text.push_str(&format!("  {}\n", paint(style.effects(anstyle::Effects::new()), shown)));
        }
        if self.lines.len() > SHOWN {
            text.push_str(&format!("  {}\n", paint(DIM, format!("... {} more lines", self.lines.len() - SHOWN))));
        }
        text
    }
}

fn as_strs(statements: &[String]) -> Vec<&str> {
    statements.iter().map(String::as_str).collect()
}

/// The statements, each without comments and on one line.
fn statements(text: &str, syntax: &Syntax) -> Vec<String> {
    let (statements, _) = rung::sql::split(text, syntax);
    statements.iter().map(|statement| flat(&text[statement.span.range()], syntax)).collect()
}

fn flat(sql: &str, syntax: &Syntax) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut space = false;
    for token in rung::sql::tokens(sql, syntax) {
        use rung::sql::TokenKind::{BlockComment, LineComment, Whitespace};
        if matches!(token.kind, Whitespace | LineComment | BlockComment) {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) && !out.is_empty() {
            out.push(' ');
        }
        // A quoted text may have line ends of its own.
        out.push_str(&sql[token.span.range()].replace(['\n', '\r'], " "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_compared_whatever_their_layout() {
        let applied = "ALTER TABLE users\n  DROP COLUMN legacy_id; -- gone\nSELECT 1;\nSELECT 2;";
        let now = "-- tidy\nALTER TABLE users DROP COLUMN legacy_ref;\nSELECT 1;\nSELECT   2;\nSELECT 3;";
        let comparison = Comparison::between(applied, now, &Syntax::POSTGRES);
        assert_eq!(
            comparison.plain(),
            ["- ALTER TABLE users DROP COLUMN legacy_id", "+ ALTER TABLE users DROP COLUMN legacy_ref", "+ SELECT 3"]
        );
        assert_eq!(comparison.statements(), 2);
    }
}
