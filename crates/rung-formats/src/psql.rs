//! What psql does to a script before it sends it: `\set`, variables, and commands that change only what it prints.
//!
//! Facts from PostgreSQL's documentation of psql, "Variables" and "SQL Interpolation": `:name`, `:'name'` and `:"name"`
//! outside of quotes are replaced where the variable has a value, and stay as they are where it has none.

use std::collections::BTreeMap;

use rung_sql::{Diagnostic, Script, Span, Syntax, Token, TokenKind, tokens};

/// Commands that change nothing but psql's own output.
const QUIET: [&str; 11] = ["echo", "qecho", "warn", "timing", "pset", "x", "t", "a", "encoding", "prompt", "unset"];

/// Carries out what psql would. A variable's value is that of `variables`, or of `\set` before it.
///
/// # Errors
/// A value that a program would have to give, where `variables` has none.
pub(crate) fn fill(
    script: &Script,
    variables: &BTreeMap<String, String>,
    syntax: &Syntax,
) -> Result<Script, Vec<Diagnostic>> {
    let text = script.text();
    if !syntax.meta_commands || !text.contains(['\\', ':']) {
        return Ok(script.clone());
    }
    let mut values = variables.clone();
    let all: Vec<Token> = tokens(text, syntax).collect();
    let (mut edits, mut errors) = (Vec::new(), Vec::new());
    for (at, token) in all.iter().enumerate() {
        let part = &text[token.span.range()];
        if token.kind == TokenKind::MetaCommand {
            let mut words = part[1..].splitn(3, char::is_whitespace);
            let (command, name, value) = (words.next(), words.next(), words.next().unwrap_or_default().trim());
            match (command, name) {
                (Some("set"), Some("ON_ERROR_STOP" | "ON_ERROR_ROLLBACK" | "ECHO" | "VERBOSITY" | "QUIET")) => {}
                (Some("set"), Some(name)) if variables.contains_key(name) => {}
                (Some("set"), Some(name)) if value.contains('`') => {
                    let message = format!("the value of {name} is what a program prints, and rung runs none for it");
                    let place = script.source_span(token.span);
                    let error = Diagnostic::error("psql-command", message).at(script.source(), place, "");
                    errors.push(error.help(format!("give it in rung.toml: [vars] {name} = \"...\"")));
                    continue;
                }
                (Some("set"), Some(name)) => drop(values.insert(name.to_owned(), value_of(value))),
                (Some(quiet), _) if QUIET.contains(&quiet) => {}
                _ => continue,
            }
            edits.push((token.span, String::new()));
        } else if part == ":" && !(at > 0 && touches(text, all[at - 1], *token)) {
            let Some(next) = all.get(at + 1).filter(|next| next.span.start == token.span.end) else { continue };
            let named = &text[next.span.range()];
            let (name, quote) = match named.as_bytes()[0] {
                quote @ (b'\'' | b'"') if named.len() > 2 => (&named[1..named.len() - 1], Some(char::from(quote))),
                _ => (named, None),
            };
            let Some(value) = values.get(name) else { continue };
            let value = match quote {
                Some(quote) => format!("{quote}{}{quote}", value.replace(quote, &format!("{quote}{quote}"))),
                None => value.clone(),
            };
            edits.push((Span::new(token.span.start, next.span.end), value));
        }
    }
    if errors.is_empty() { Ok(script.replaced(&edits)) } else { Err(errors) }
}

/// Whether a colon goes on from a colon: `::` is a cast.
fn touches(text: &str, before: Token, colon: Token) -> bool {
    before.span.end == colon.span.start && &text[before.span.range()] == ":"
}

/// The value that `\set` gives: its words joined, quotes taken away.
fn value_of(text: &str) -> String {
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(inside) => inside.replace("''", "'"),
        None => text.split_whitespace().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rung_sql::SourceFile;

    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        let variables = BTreeMap::from([("given".to_owned(), "it's".to_owned())]);
        let script = Script::whole(Arc::new(SourceFile::new("a.sql", text)));
        let filled = fill(&script, &variables, &Syntax::POSTGRES);
        filled.map(|script| script.text().to_owned()).map_err(|errors| errors[0].message.clone())
    }

    #[test]
    fn variables_are_put_in_where_psql_does() {
        for (text, expected) in [
            ("select :'given', :\"given\", :given;", "select 'it''s', \"it's\", it's;"),
            (
                "select ':given', 1::given, $$:given$$, a[1:2], :unknown; -- :given",
                "select ':given', 1::given, $$:given$$, a[1:2], :unknown; -- :given",
            ),
            ("\\set a 'x y'\n\\set b 1 2\nselect :'a', :b;", "\n\nselect 'x y', 12;"),
            ("\\set given `cat secret`\nselect :'given';", "\nselect 'it''s';"),
            ("\\set ON_ERROR_STOP 1\n\\echo hello\nselect 1;", "\n\nselect 1;"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
        assert!(filled("\\set a `date`\n").unwrap_err().contains("what a program prints"));
    }
}
