//! What can be said of a module in Python without running it: what Alembic's revisions and yoyo's migrations are made of.

use std::sync::Arc;

use rung_sql::{Script, SourceFile, Span};

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// A text in quotes: what is between them, and whether its backslashes are its own.
    Text {
        inner: Span,
        raw: bool,
    },
    /// A text that is put together when it is run.
    Formatted,
    Sign(char),
}

/// The tokens of a part of a text, each with its place; comments and blanks are left out.
fn tokens(text: &str, part: Span) -> Vec<(Token<'_>, Span)> {
    let mut found = Vec::new();
    let mut at = part.start;
    while let Some(c) = text[at..part.end].chars().next() {
        let start = at;
        if c.is_whitespace() || c == '\\' {
            at += c.len_utf8();
            continue;
        }
        if c == '#' {
            at = text[at..part.end].find('\n').map_or(part.end, |end| at + end);
            continue;
        }
        let word = text[at..part.end].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(part.end, |end| at + end);
        let quote = text[word..part.end].chars().next().filter(|c| matches!(c, '"' | '\''));
        let is_prefix = word - at <= 2 && text[at..word].chars().all(|c| "rRbBuUfF".contains(c));
        if let Some(quote) = quote.filter(|_| is_prefix) {
            let prefix = text[at..word].to_lowercase();
            let triple = quote.to_string().repeat(3);
            let mark = if text[word..part.end].starts_with(&triple) { triple } else { quote.to_string() };
            let inside = word + mark.len();
            let raw = prefix.contains('r');
            let mut end = inside;
            while end < part.end && !text[end..part.end].starts_with(&mark) {
                let c = text[end..].chars().next().map_or(1, char::len_utf8);
                let escapes = text[end..].starts_with('\\');
                end += c;
                if escapes {
                    end += text[end..].chars().next().map_or(0, char::len_utf8);
                }
            }
            let end = end.min(part.end);
            at = (end + mark.len()).min(part.end);
            let token = if prefix.contains(['f', 'b']) {
                Token::Formatted
            } else {
                Token::Text { inner: Span::new(inside, end), raw }
            };
            found.push((token, Span::new(start, at)));
        } else if word > at {
            at = word;
            found.push((Token::Word(&text[start..at]), Span::new(start, at)));
        } else {
            at += c.len_utf8();
            found.push((Token::Sign(c), Span::new(start, at)));
        }
    }
    found
}

/// The first line of a module's own documentation.
pub(crate) fn doc(text: &str) -> Option<&str> {
    let first = tokens(text, Span::new(0, text.len())).into_iter().next()?;
    let Token::Text { inner, .. } = first.0 else { return None };
    text[inner.range()].lines().map(str::trim).find(|line| !line.is_empty())
}

/// The texts that a variable of the module is set to, and where; empty for `None`. `None` where it is not set, or to
/// something else.
pub(crate) fn assigned<'a>(text: &'a str, name: &str) -> Option<(Vec<&'a str>, Span)> {
    let (span, line) = crate::migration::lines(text).find(|(_, line)| {
        let rest = line.strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('=') && !rest.starts_with("==") || rest.starts_with(':'))
    })?;
    let equals = span.start + line.find('=')?;
    let mut values = Vec::new();
    let mut depth = 0;
    for (token, place) in tokens(text, Span::new(equals + 1, text.len())) {
        match token {
            Token::Text { inner, .. } => values.push(&text[inner.range()]),
            Token::Word("None") if depth == 0 => break,
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Sign(',') => {}
            _ if place.start > span.end && depth == 0 => break,
            _ => return None,
        }
        if depth == 0 {
            break;
        }
    }
    Some((values, span))
}

/// Whether a variable of the module is set, and to which word.
pub(crate) fn word<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, line) = crate::migration::lines(text).find(|(_, line)| line.starts_with(name))?;
    let rest = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
    Some(rest.split('#').next().unwrap_or_default().trim())
}

/// A text as it is written: where each of its parts is, and whether its backslashes are its own.
pub(crate) type Texts = Vec<(Span, bool)>;

/// What yoyo's `step` is given: what goes up, and what comes back.
pub(crate) struct Step {
    pub(crate) up: Texts,
    pub(crate) down: Option<Texts>,
}

/// The steps of a module that has nothing else but its documentation, imports and variables of its own.
///
/// # Errors
/// The place of what only Python can run.
pub(crate) fn steps(text: &str) -> Result<Vec<Step>, Span> {
    let all = tokens(text, Span::new(0, text.len()));
    let line_end = |place: Span| text[place.end..].find('\n').map_or(text.len(), |end| place.end + end);
    let mut found = Vec::new();
    let mut rest = all.as_slice();
    // Whether what stands here is at the top of the module, and not within a list.
    let mut depth = 0_usize;
    while let Some((token, place)) = rest.first() {
        match token {
            Token::Word("from" | "import") if depth == 0 => {
                let mut end = line_end(*place);
                if text[place.start..end].contains('(') {
                    end = text[end..].find(')').map_or(text.len(), |close| end + close + 1);
                }
                rest = &rest[rest.iter().take_while(|(_, place)| place.start < end).count()..];
            }
            Token::Word("steps") if depth == 0 => rest = rest.get(2..).unwrap_or_default(),
            Token::Word(name) if depth == 0 && name.starts_with("__") => {
                let after = &rest[1..];
                let is_next = |(_, place): &&(Token<'_>, Span)| text[..place.start].ends_with('\n');
                let is_within = |(token, _): &&(Token<'_>, Span)| !matches!(token, Token::Sign(')' | ']' | '}'));
                let count = after.iter().take_while(|at| !is_next(at) || !is_within(at)).count();
                rest = &after[count..];
            }
            Token::Word("group" | "transaction") | Token::Sign(',') => rest = &rest[1..],
            Token::Sign('(' | '[') => (depth, rest) = (depth + 1, &rest[1..]),
            Token::Sign(')' | ']') => (depth, rest) = (depth.saturating_sub(1), &rest[1..]),
            Token::Text { .. } if depth == 0 => rest = &rest[1..],
            Token::Word("step") => {
                let step;
                (step, rest) = one_step(&rest[1..]).ok_or(*place)?;
                found.push(step);
            }
            _ => return Err(*place),
        }
    }
    Ok(found)
}

/// `("...", "...")`, or the same with names.
fn one_step<'r, 'a>(tokens: Rest<'r, 'a>) -> Option<(Step, Rest<'r, 'a>)> {
    let [(Token::Sign('('), _), rest @ ..] = tokens else { return None };
    let mut rest = rest;
    let mut given: [Option<Texts>; 2] = [None, None];
    let mut at = 0;
    loop {
        match rest {
            [(Token::Sign(')'), _), after @ ..] => {
                let [up, down] = given;
                return Some((Step { up: up.unwrap_or_default(), down }, after));
            }
            [(Token::Word("apply"), _), (Token::Sign('='), _), after @ ..] => (at, rest) = (0, after),
            [(Token::Word("rollback"), _), (Token::Sign('='), _), after @ ..] => (at, rest) = (1, after),
            [(Token::Sign(','), _), after @ ..] => (at, rest) = (at + 1, after),
            [(Token::Word("None"), _), after @ ..] => rest = after,
            [(Token::Text { inner, raw }, _), after @ ..] => {
                given.get_mut(at)?.get_or_insert_default().push((*inner, *raw));
                rest = after;
            }
            _ => return None,
        }
    }
}

/// Statements, each of some texts, as one script. `more` are escapes that whoever runs them knows besides Python's.
pub(crate) fn script(source: &Arc<SourceFile>, statements: &[Texts], more: &[(&str, &'static str)]) -> Script {
    let texts: Vec<(Span, bool, bool)> = statements
        .iter()
        .flat_map(|texts| texts.iter().enumerate().map(|(at, (span, raw))| (*span, *raw, at + 1 == texts.len())))
        .collect();
    let spans: Vec<Span> = texts.iter().map(|(span, ..)| *span).collect();
    let joined = match spans.as_slice() {
        [] => Script::slice(Arc::clone(source), Span::new(0, 0)),
        spans => Script::joined(Arc::clone(source), spans),
    };
    let mut edits: Vec<(Span, &str)> = Vec::new();
    let mut at = 0;
    for (span, raw, is_last) in &texts {
        let text = &joined.text()[at..at + span.len()];
        let mut from = 0;
        while let Some(found) = text[from..].find('\\').map(|found| from + found) {
            let (length, value) = escape(&text[found..], *raw, more);
            edits.extend(value.map(|value| (Span::new(at + found, at + found + length), value)));
            from = found + length;
        }
        at += span.len();
        if texts.len() > 1 {
            edits.push((Span::new(at, at + 1), if *is_last { "\n;\n" } else { "" }));
            at += 1;
        }
    }
    joined.replaced(&edits)
}

/// How long an escape is, and what it stands for; `None` where it stays.
fn escape(text: &str, raw: bool, more: &[(&str, &'static str)]) -> (usize, Option<&'static str>) {
    const PLAIN: [(&str, &str); 7] =
        [("\\\\", "\\"), ("\\n", "\n"), ("\\t", "\t"), ("\\'", "'"), ("\\\"", "\""), ("\\\r\n", ""), ("\\\n", "")];
    let own = more.iter().chain(if raw { &[][..] } else { &PLAIN[..] });
    match own.into_iter().find(|(from, _)| text.starts_with(from)) {
        Some((from, to)) => (from.len(), Some(to)),
        None => (1, None),
    }
}

/// What a function runs.
pub(crate) enum Body {
    /// Nothing but these statements, each of some texts; and whether some of them are outside of a transaction.
    Sql { statements: Vec<Texts>, outside: Option<Span> },
    /// This, which only Python can run.
    Code(Span),
}

/// What a function of the module runs; `None` where there is no such function.
pub(crate) fn function(text: &str, name: &str) -> Option<Body> {
    let head = format!("def {name}(");
    let at = crate::migration::lines(text).find(|(_, line)| line.starts_with(&head))?.0.start;
    let colon = text[at..].find(":\n").or_else(|| text[at..].find(":\r\n")).map_or(text.len(), |end| at + end + 1);
    let ends = |(span, line): &(Span, &str)| {
        span.start > colon && line.starts_with(|c: char| !c.is_whitespace() && c != '#' && c != ')')
    };
    let end = crate::migration::lines(text).find(ends).map_or(text.len(), |(span, _)| span.start);
    let all = tokens(text, Span::new(colon, end));
    let (mut statements, mut outside) = (Vec::new(), None);
    let mut rest = all.as_slice();
    while let Some((token, place)) = rest.first() {
        let begins = |words: &[&str]| {
            words.len() <= rest.len() && words.iter().zip(rest).all(|(word, (_, span))| text[span.range()] == **word)
        };
        let block = ["with", "op", ".", "get_context", "(", ")", ".", "autocommit_block", "(", ")", ":"];
        if matches!(token, Token::Text { .. }) || begins(&["pass"]) {
            rest = &rest[1..];
        } else if begins(&block) {
            outside.get_or_insert(*place);
            rest = &rest[block.len()..];
        } else if begins(&["op", ".", "execute", "("]) {
            let Some((texts, after)) = argument(text, &rest[4..]) else { return Some(Body::Code(*place)) };
            statements.push(texts);
            rest = after;
        } else {
            return Some(Body::Code(*place));
        }
    }
    Some(Body::Sql { statements, outside })
}

/// The rest of some tokens.
type Rest<'r, 'a> = &'r [(Token<'a>, Span)];

/// The texts of `"..." "...")` or `sa.text("..."))`, and what follows.
fn argument<'r, 'a>(text: &str, tokens: Rest<'r, 'a>) -> Option<(Vec<(Span, bool)>, Rest<'r, 'a>)> {
    let mut rest = tokens;
    let mut open = 1;
    let mut texts = Vec::new();
    loop {
        let (token, place) = rest.first()?;
        rest = &rest[1..];
        match token {
            Token::Word("sa" | "sqlalchemy" | "text") if texts.is_empty() => {}
            Token::Sign('.') if texts.is_empty() => {}
            Token::Sign('(') if texts.is_empty() => open += 1,
            Token::Text { inner, raw } => texts.push((*inner, *raw)),
            Token::Sign(',') if text[place.range()] == *"," => {}
            Token::Sign(')') => {
                open -= 1;
                if open == 0 {
                    // `"...".format(...)` and the like are no texts.
                    let goes_on = matches!(rest.first(), Some((Token::Sign('.' | '%' | '+'), _)));
                    return (!texts.is_empty() && !goes_on).then_some((texts, rest));
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_as_they_are_written() {
        let text = "\"\"\"a doc\n\nmore\"\"\"\nimport x\nrevision = 'a1' # yes\ndown_revision: Union[str, None] = None\n\
            depends_on = (\n  \"b\",\n  'c',\n)\nbranch_labels = f()\n";
        let values = |name| assigned(text, name).map(|(values, _)| values);
        assert_eq!(values("revision"), Some(vec!["a1"]));
        assert_eq!(values("down_revision"), Some(vec![]));
        assert_eq!(values("depends_on"), Some(vec!["b", "c"]));
        assert_eq!((values("branch_labels"), values("nothing")), (None, None));
        assert_eq!(doc(text), Some("a doc"));
    }

    #[test]
    fn only_literal_sql_is_sql() {
        let body = |lines: &str| {
            function(&format!("def upgrade() -> None:\n{lines}\ndef other():\n    x()\n"), "upgrade").unwrap()
        };
        for sql in
            ["    pass\n", "    '''doc'''\n    # c\n    op.execute('a'\n 'b')\n    op.execute(sa.text(r\"c\"),)\n"]
        {
            assert!(matches!(body(sql), Body::Sql { .. }), "{sql}");
        }
        for code in [
            "    op.create_table('a')\n",
            "    op.execute(f'{a}')\n",
            "    op.execute('a' % b)\n",
            "    op.execute(sql)\n",
            "    op.execute('a').x\n",
        ] {
            assert!(matches!(body(code), Body::Code(_)), "{code}");
        }
        let outside = body("    with op.get_context().autocommit_block():\n        op.execute('x')\n");
        assert!(matches!(outside, Body::Sql { outside: Some(_), .. }));
    }
}
