//! The plain statements of a `DO` block: what PL/pgSQL runs as it stands there.

use rung_ddl::{Parsed, Statement, parse_postgres};
use rung_sql::{Span, Syntax, TokenKind, split, tokens};

/// Words of PL/pgSQL that a statement may follow.
const BEFORE: [&str; 4] = ["begin", "then", "else", "loop"];

/// Words that what is looked at begins with.
const FIRST: [&str; 6] = ["alter", "create", "drop", "truncate", "lock", "refresh"];

/// The statements that change or lock something, with their places in the text. `body` is that of the quoted body; one in
/// plain quotes is not looked into, as its text is not as it stands there.
pub(crate) fn statements(text: &str, body: Span) -> Vec<(Span, Parsed)> {
    let quoted = text.get(body.range()).unwrap_or_default();
    let Some(tag) = quoted.strip_prefix('$').and_then(|rest| rest.find('$')).map(|end| end + 2) else {
        return Vec::new();
    };
    let inner = quoted.get(tag..quoted.len().saturating_sub(tag)).unwrap_or_default();
    let (pieces, _) = split(inner, &Syntax::POSTGRES);
    let found = pieces.into_iter().filter_map(|piece| {
        let piece = statement_of(inner, piece.span)?;
        let parsed = parse_postgres(&inner[piece.range()]);
        let is_clear = parsed.errors.is_empty() && !matches!(parsed.statement, Statement::Opaque { .. });
        is_clear.then(|| (piece.shifted(body.start + tag), parsed))
    });
    found.collect()
}

/// What is left of `IF ... THEN ALTER TABLE ...` without the words before it.
fn statement_of(text: &str, piece: Span) -> Option<Span> {
    let mut start = None;
    let mut depth = 0;
    for token in tokens(&text[piece.range()], &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()) {
        let word = text[token.span.shifted(piece.start).range()].to_ascii_lowercase();
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ if depth == 0 && token.kind == TokenKind::Word && BEFORE.contains(&word.as_str()) => start = None,
            _ if start.is_none() => start = Some((token.span.start, FIRST.contains(&word.as_str()))),
            _ => {}
        }
    }
    let (at, is_wanted) = start?;
    is_wanted.then(|| Span::new(piece.start + at, piece.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_is_found_with_its_place() {
        let text = "DO $x$ DECLARE n int; BEGIN IF NOT EXISTS (SELECT 1) THEN ALTER TABLE t ADD CHECK (a > 0); ELSE \
                    EXECUTE 'DROP TABLE t'; END IF; UPDATE t SET a = CASE WHEN b THEN 1 END; drop table u; EXCEPTION \
                    WHEN duplicate_object THEN null; END $x$";
        let body = Span::new(3, text.len());
        let found: Vec<&str> = statements(text, body).iter().map(|(span, _)| &text[span.range()]).collect();
        assert_eq!(found, ["ALTER TABLE t ADD CHECK (a > 0)", "drop table u"]);
        assert_eq!(statements("DO 'BEGIN DROP TABLE t; END'", Span::new(3, 28)), []);
    }
}
