//! What is too deep to be parsed: a parser goes down as far as its text does, and the stack ends somewhere.

use rung_sql::{Syntax, TokenKind, tokens};

/// Signs and words that put one expression or query into another.
const MOST: usize = 4000;

/// Parentheses within parentheses.
const DEEPEST: usize = 200;

/// Words that nest.
const NESTING: [&str; 12] =
    ["and", "or", "not", "case", "is", "union", "except", "intersect", "join", "like", "between", "collate"];

/// Whether a statement can be parsed on any stack. Rows and lists may be as long as they like.
pub(crate) fn is_shallow(text: &str, syntax: &Syntax) -> bool {
    let (mut depth, mut nested) = (0_usize, 0_usize);
    for token in tokens(text, syntax) {
        let word = &text[token.span.range()];
        match token.kind {
            TokenKind::Punct => match word {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "," => {}
                _ => nested += 1,
            },
            TokenKind::Word if NESTING.iter().any(|nesting| word.eq_ignore_ascii_case(nesting)) => nested += 1,
            _ => {}
        }
        if depth > DEEPEST || nested > MOST {
            return false;
        }
    }
    true
}
