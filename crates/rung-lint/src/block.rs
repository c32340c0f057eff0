//! The plain statements of a `DO` block, and of the functions that are called: what runs as it stands there.

use rung_ddl::{Name, Parsed, Statement, Verb, fold, parse_postgres};
use rung_sql::{Span, Syntax, TokenKind, split, tokens};

use crate::schema::Schema;

/// Words of PL/pgSQL that a statement may follow.
const BEFORE: [&str; 4] = ["begin", "then", "else", "loop"];

/// Words that what is looked at begins with.
const FIRST: [&str; 6] = ["alter", "create", "drop", "truncate", "lock", "refresh"];

/// How many functions deep is looked.
const DEPTH: usize = 4;

/// A statement that another one runs.
pub(crate) struct Inner {
    /// Its place in that, or the place of the call.
    pub(crate) span: Span,
    pub(crate) text: String,
    pub(crate) parsed: Parsed,
    /// The function that it stands in.
    pub(crate) of: Option<String>,
}

/// The statements that change or lock something, of those that a statement runs: of a block, and of functions that migrations
/// make and it calls.
pub(crate) fn inner(statement: &Statement, text: &str, schema: &Schema) -> Vec<Inner> {
    let mut found = Vec::new();
    let body = match statement {
        Statement::Opaque { body } => *body,
        Statement::Data { verb: Verb::Select, .. } if schema.has_active_functions() => None,
        _ => return found,
    };
    if let Some(body) = body {
        let own = statements(text, body).into_iter();
        found.extend(own.map(|(span, parsed)| Inner { span, text: text[span.range()].to_owned(), parsed, of: None }));
    }
    if schema.has_active_functions() {
        let within = body.and_then(|body| quoted(text, body));
        let (from, text) = within.unwrap_or((0, text));
        called(text, from, schema, &mut found, DEPTH);
    }
    found
}

/// What the functions do that a text calls, which begins at a place of the statement.
fn called(text: &str, from: usize, schema: &Schema, found: &mut Vec<Inner>, depth: usize) {
    let words: Vec<_> = tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()).collect();
    let word = |at: usize| words.get(at).map_or("", |token| &text[token.span.range()]);
    for at in 1..words.len() {
        let is_name = |at: usize| matches!(words[at].kind, TokenKind::Word | TokenKind::QuotedIdent);
        if word(at) != "(" || !is_name(at - 1) {
            continue;
        }
        let first = if at >= 3 && word(at - 2) == "." && is_name(at - 3) { at - 3 } else { at - 1 };
        let span = Span::new(words[first].span.start, words[at - 1].span.end);
        let name = Name { schema: (first < at - 1).then(|| fold(word(first))), name: fold(word(at - 1)), span };
        let of = text[span.range()].to_owned();
        for body in schema.bodies_of(&name) {
            let place = span.shifted(from);
            let own = bare(body).into_iter().map(|(span, parsed)| (body[span.range()].to_owned(), parsed));
            found.extend(own.map(|(text, parsed)| Inner { span: place, text, parsed, of: Some(of.clone()) }));
            if depth > 1 {
                let known = found.len();
                called(body, 0, schema, found, depth - 1);
                found[known..].iter_mut().for_each(|inner| inner.span = place);
            }
        }
    }
}

/// The statements that change or lock something in a quoted body, with their places in the text.
pub(crate) fn statements(text: &str, body: Span) -> Vec<(Span, Parsed)> {
    let Some((start, inner)) = quoted(text, body) else { return Vec::new() };
    bare(inner).into_iter().map(|(span, parsed)| (span.shifted(start), parsed)).collect()
}

/// What is within quotes, and where that begins; nothing where it is not as it stands there.
pub(crate) fn quoted(text: &str, body: Span) -> Option<(usize, &str)> {
    let quoted = text.get(body.range())?;
    let (start, inner) = match quoted.strip_prefix('\'') {
        Some(rest) => (1, rest.strip_suffix('\'').filter(|inner| !inner.contains('\''))?),
        None => {
            let tag = quoted.strip_prefix('$')?.find('$')? + 2;
            (tag, quoted.get(tag..quoted.len().checked_sub(tag)?)?)
        }
    };
    Some((body.start + start, inner))
}

/// The statements that change or lock something, with their places; those too that are executed as they stand in quotes.
pub(crate) fn bare(inner: &str) -> Vec<(Span, Parsed)> {
    let (pieces, _) = split(inner, &Syntax::POSTGRES);
    let found = pieces.into_iter().filter_map(|piece| {
        let piece = statement_of(inner, piece.span)?;
        let parsed = parse_postgres(&inner[piece.range()]);
        let is_clear = parsed.errors.is_empty() && !matches!(parsed.statement, Statement::Opaque { .. });
        is_clear.then_some((piece, parsed))
    });
    found.collect()
}

/// What is left of `IF ... THEN ALTER TABLE ...` without the words before it, and of `EXECUTE 'ALTER TABLE ...'` without its
/// quotes.
fn statement_of(text: &str, piece: Span) -> Option<Span> {
    let mut start = None;
    let mut depth = 0;
    let mut executed = None;
    for token in tokens(&text[piece.range()], &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()) {
        let word = text[token.span.shifted(piece.start).range()].to_ascii_lowercase();
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ if depth == 0 && token.kind == TokenKind::Word && BEFORE.contains(&word.as_str()) => start = None,
            _ if start.is_none() => {
                start = Some((token.span.start, FIRST.contains(&word.as_str())));
                executed = (word == "execute").then(Vec::new);
            }
            _ => {}
        }
        if let Some(tokens) = &mut executed {
            tokens.push(token.span.shifted(piece.start));
        }
    }
    let (at, is_wanted) = start?;
    if let Some([_, text_of_it]) = executed.as_deref() {
        let (start, statement) = quoted(text, *text_of_it)?;
        let first = statement.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next()?.to_ascii_lowercase();
        return FIRST.contains(&first.as_str()).then(|| Span::new(start, start + statement.len()));
    }
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
        assert_eq!(found, ["ALTER TABLE t ADD CHECK (a > 0)", "DROP TABLE t", "drop table u"]);
        let found = |text: &str| statements(text, Span::new(3, text.len())).len();
        for (text, count) in [
            ("DO 'BEGIN DROP TABLE t; END'", 1),
            ("DO 'BEGIN EXECUTE ''DROP TABLE t''; END'", 0),
            ("DO $$ BEGIN EXECUTE 'DROP TABLE ' || name; END $$", 0),
            ("DO $$ BEGIN EXECUTE $x$DROP TABLE t$x$; END $$", 1),
            ("DO $$ BEGIN EXECUTE 'SELECT 1'; END $$", 0),
        ] {
            assert_eq!(found(text), count, "{text}");
        }
    }
}
