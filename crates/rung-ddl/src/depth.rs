//! What is too deep to be parsed: a parser goes down as far as its text does, and the stack ends somewhere.

use rung_sql::{Syntax, TokenKind, tokens};

/// Signs and words that put one expression or query into another.
const MOST: usize = 4000;

/// Parentheses within parentheses.
const DEEPEST: usize = 200;

/// Words that nest expressions.
const NESTING: [&str; 7] = ["and", "or", "not", "is", "like", "between", "collate"];

/// Words that nest what may have lists in it.
const JOINING: [&str; 5] = ["union", "except", "intersect", "join", "case"];

/// What nests within a parenthesis that is open.
#[derive(Debug, Default)]
struct Nest {
    /// In the item of a list.
    item: usize,
    /// Over all of its items.
    list: usize,
}

/// Whether a statement can be parsed on any stack. Rows and lists may be as long as they like.
pub(crate) fn is_shallow(text: &str, syntax: &Syntax) -> bool {
    let mut open: Vec<Nest> = vec![Nest::default()];
    let mut nested = 0;
    for token in tokens(text, syntax) {
        let word = &text[token.span.range()];
        let is_one_of = |words: &[&str]| words.iter().any(|nesting| word.eq_ignore_ascii_case(nesting));
        let (depth, Some(inner)) = (open.len(), open.last_mut()) else { return false };
        match (token.kind, word) {
            (TokenKind::Punct, "(" | "[" | "{") => open.push(Nest::default()),
            (TokenKind::Punct, ")" | "]" | "}") if depth > 1 => {
                nested -= inner.item + inner.list;
                open.pop();
            }
            (TokenKind::Punct, ")" | "]" | "}") => {}
            (TokenKind::Punct, ",") => nested -= std::mem::take(&mut inner.item),
            (TokenKind::Punct, _) => (inner.item, nested) = (inner.item + 1, nested + 1),
            (TokenKind::Word, _) if is_one_of(&NESTING) => (inner.item, nested) = (inner.item + 1, nested + 1),
            (TokenKind::Word, _) if is_one_of(&JOINING) => (inner.list, nested) = (inner.list + 1, nested + 1),
            _ => {}
        }
        if depth > DEEPEST || nested > MOST {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_may_be_long_and_nests_may_not_be_deep() {
        let is_shallow = |text: &str| is_shallow(text, &Syntax::POSTGRES);
        assert!(is_shallow(&format!(
            "INSERT INTO t VALUES {}",
            "(-1, 'a'::text, CASE WHEN a AND b THEN 1 END), ".repeat(9000)
        )));
        assert!(is_shallow(&format!("SELECT {}", "-a + b, ".repeat(9000))));
        assert!(!is_shallow(&format!("SELECT {}1{}", "(".repeat(201), ")".repeat(201))));
        assert!(!is_shallow(&format!("SELECT {}1", "- ".repeat(4001))));
        assert!(!is_shallow(&format!("SELECT a, b {}", "UNION SELECT a, b ".repeat(4001))));
        assert!(!is_shallow(&format!("SELECT a WHERE {}", "(b) AND ".repeat(4001))));
        assert!(is_shallow(&")".repeat(9000)));
    }
}
