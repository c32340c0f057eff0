//! What the parser says, as one would say it: it calls tokens by the names that they have in its code.

/// Tokens that are no words, and how they are written.
const WRITTEN: &[(&str, &str)] = &[
    ("DOLLAR", "$"),
    ("SEMICOLON", ";"),
    ("COMMA", ","),
    ("L_PAREN", "("),
    ("R_PAREN", ")"),
    ("L_BRACK", "["),
    ("R_BRACK", "]"),
    ("L_CURLY", "{"),
    ("R_CURLY", "}"),
    ("L_ANGLE", "<"),
    ("LESS_LESS", "<<"),
    ("LTEQ", "<="),
    ("NEQB", "<>"),
    ("R_ANGLE", ">"),
    ("GREATER_GREATER", ">>"),
    ("GTEQ", ">="),
    ("POUND", "#"),
    ("TILDE", "~"),
    ("QUESTION", "?"),
    ("AT", "@"),
    ("AMP", "&"),
    ("PIPE", "|"),
    ("PLUS", "+"),
    ("STAR", "*"),
    ("SLASH", "/"),
    ("CARET", "^"),
    ("PERCENT", "%"),
    ("UNDERSCORE", "_"),
    ("DOT", "."),
    ("DOT_DOT", ".."),
    ("COLON", ":"),
    ("COLON_COLON", "::"),
    ("COLON_EQ", ":="),
    ("EQ", "="),
    ("FAT_ARROW", "=>"),
    ("BANG", "!"),
    ("NEQ", "!="),
    ("MINUS", "-"),
    ("BACKTICK", "`"),
];

/// Names of what has no one way to be written, and of parts of the grammar.
const CALLED: &[(&str, &str)] = &[
    ("EOF", "the end of the statement"),
    ("BIT_STRING", "a bit string"),
    ("BYTE_STRING", "a bit string"),
    ("DOLLAR_QUOTED_STRING", "a string in dollars"),
    ("ESC_STRING", "a string"),
    ("INT_NUMBER", "a number"),
    ("NATIONAL_STRING", "a string"),
    ("NUMERIC_NUMBER", "a number"),
    ("POSITIONAL_PARAM", "a parameter"),
    ("STRING", "a string"),
    ("UNICODE_ESC_STRING", "a string"),
    ("COMMENT", "a comment"),
    ("ERROR", "what can't be read"),
    ("IDENT", "a name"),
    ("WHITESPACE", "a blank"),
    ("TOMBSTONE", "nothing"),
    ("OPERATOR_CALL", "an operator"),
    ("target_el", "a list of columns"),
    ("expr", "expression"),
];

/// A message of the parser, as a clause, with each token as it is written.
pub(super) fn readable(message: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text = String::with_capacity(message.len());
    let mut rest = message.trim_end_matches('.');
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let of = |table: &[(&str, &'static str)]| table.iter().find(|(name, _)| *name == part).map(|(_, it)| *it);
        match (part.strip_suffix("_KW"), of(WRITTEN), of(CALLED)) {
            (Some(word), ..) => text.push_str(&format!("`{word}`")),
            (_, Some("`"), _) => text.push_str("a backtick"),
            (_, Some(written), _) => text.push_str(&format!("`{written}`")),
            (_, _, Some(called)) => text.push_str(called),
            // A word of prose begins with a small letter; one of SQL stays as it is.
            _ if text.is_empty() && !part.chars().skip(1).any(char::is_uppercase) => {
                text.push_str(&part.to_lowercase())
            }
            _ => text.push_str(part),
        }
        rest = after;
    }
    text
}

#[cfg(test)]
mod tests {
    use squawk_parser::SyntaxKind;

    use super::*;

    #[test]
    fn each_token_is_called_what_one_would_write() {
        let first = u16::from(SyntaxKind::TOMBSTONE);
        for kind in (first..=u16::from(SyntaxKind::WHITESPACE)).chain([u16::from(SyntaxKind::COLON_COLON)]) {
            let kind = SyntaxKind::from(kind);
            let said = readable(&format!("expected {kind:?}"));
            let is_plain = |said: &str| !said.contains('_') && said.chars().all(|c| !c.is_ascii_uppercase());
            let what = said.strip_prefix("expected ").unwrap();
            let is_quoted = what.starts_with('`') && what.ends_with('`') && what.len() > 2 && !what.contains("_KW");
            assert!(is_quoted || is_plain(what) || what == "NULL", "{kind:?}: {said}");
        }
    }

    #[test]
    fn messages_are_clauses() {
        for (message, said) in [
            ("expected R_PAREN", "expected `)`"),
            ("Expected at least one item", "expected at least one item"),
            ("expected GRANT or REVOKE", "expected GRANT or REVOKE"),
            ("LOGGED or UNLOGGED", "LOGGED or UNLOGGED"),
            (
                "expected an expression in target_el, found FROM_KW",
                "expected an expression in a list of columns, found `FROM`",
            ),
            ("expected command, found IDENT", "expected command, found a name"),
            (
                "Missing alter foreign data wrapper option or action.",
                "missing alter foreign data wrapper option or action",
            ),
            ("", ""),
            ("É", "é"),
        ] {
            assert_eq!(readable(message), said);
        }
    }
}
