//! What migrations tell of functions: of each name all that there are, which differ in what they are given.

use std::collections::HashMap;

use rung_sql::{Syntax, TokenKind, tokens};

use crate::block;

use super::{Key, Volatility};

/// A function.
#[derive(Debug, Clone)]
struct Function {
    /// What it is given, as it is written: perhaps a name, and a type.
    parameters: Vec<String>,
    volatility: Volatility,
    /// Whether nothing but a trigger can call it.
    for_triggers: bool,
    /// Whether it says `SET search_path`.
    sets_path: bool,
    /// Its body, where it may change the schema.
    body: Option<String>,
}

/// Functions by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Functions {
    all: HashMap<Key, Vec<Function>>,
    active: bool,
}

impl Functions {
    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    /// Whether what is called by a name gives one value for all rows, where it is known. Which of several it is depends on
    /// types, which nobody looks up.
    pub(super) fn volatility(&self, key: &Key) -> Option<Volatility> {
        let (first, rest) = self.all.get(key)?.split_first()?;
        let agree = rest.iter().all(|other| other.volatility == first.volatility);
        Some(if agree { first.volatility } else { Volatility::Unknown })
    }

    /// Whether nothing but a trigger can call what has this name.
    pub(super) fn are_for_triggers(&self, key: &Key) -> bool {
        self.all.get(key).is_some_and(|all| all.iter().all(|function| function.for_triggers))
    }

    /// Whether all that has this name sets its search path.
    pub(super) fn set_path(&self, key: &Key) -> bool {
        self.all.get(key).is_some_and(|all| all.iter().all(|function| function.sets_path))
    }

    /// Takes in a CREATE; what is replaced is what is given the same.
    pub(super) fn create(&mut self, key: Key, text: &str) {
        let words = text.to_ascii_lowercase();
        let volatility = match volatility_in(&words) {
            Some(Volatility::Steady) => Volatility::Steady,
            // The planner may put its body in its place, and that need not be volatile.
            _ if words.contains("language sql") => Volatility::Unknown,
            _ => Volatility::Volatile,
        };
        let mut returns = words.split_whitespace().skip_while(|word| *word != "returns").skip(1);
        let for_triggers = matches!(returns.next(), Some("trigger" | "event_trigger"));
        let parameters = parameters(text).unwrap_or_default();
        let all = self.all.entry(key).or_default();
        all.retain(|function| !is_given(&function.parameters, &parameters));
        let body = body(text);
        self.active |= body.as_ref().is_some_and(|body| !block::bare(body).is_empty());
        // One that changes nothing itself may call one that does.
        let body = body.filter(|_| self.active);
        all.push(Function { parameters, volatility, for_triggers, sets_path: says_path(&words), body });
    }

    /// Whether there may be one that changes the schema.
    pub(super) fn has_active(&self) -> bool {
        self.active
    }

    /// The bodies of those of a name that change the schema.
    pub(super) fn bodies(&self, key: &Key) -> Vec<&str> {
        self.all.get(key).into_iter().flatten().filter_map(|function| function.body.as_deref()).collect()
    }

    /// Takes in an ALTER.
    pub(super) fn alter(&mut self, key: &Key, text: &str) {
        let words = text.to_ascii_lowercase();
        let (volatility, sets_path) = (volatility_in(&words), says_path(&words));
        let wanted = parameters(text);
        let is_meant = |function: &&mut Function| wanted.as_ref().is_none_or(|w| is_given(&function.parameters, w));
        for function in self.all.get_mut(key).into_iter().flatten().filter(is_meant) {
            function.volatility = volatility.unwrap_or(function.volatility);
            function.sets_path |= sets_path;
        }
    }

    /// Takes in a DROP.
    pub(super) fn drop(&mut self, key: &Key, text: &str) {
        let Some(all) = self.all.get_mut(key) else { return };
        match parameters(text) {
            Some(wanted) => all.retain(|function| !is_given(&function.parameters, &wanted)),
            None => all.clear(),
        }
        if all.is_empty() {
            self.all.remove(key);
        }
    }
}

/// The body of a function, as far as it stands there as it is: what is quoted behind AS.
fn body(text: &str) -> Option<String> {
    let mut words = tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia());
    words.find(|token| text[token.span.range()].eq_ignore_ascii_case("as"))?;
    let body = words.next().filter(|token| token.kind == TokenKind::String)?;
    block::quoted(text, body.span).map(|(_, body)| body.to_owned())
}

/// What a text says of volatility; VOLATILE, and nothing, says little of a function whose body may take its place.
fn volatility_in(words: &str) -> Option<Volatility> {
    words.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').find_map(|word| match word {
        "immutable" | "stable" => Some(Volatility::Steady),
        "volatile" => Some(Volatility::Unknown),
        _ => None,
    })
}

fn says_path(words: &str) -> bool {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.windows(2).any(|pair| pair[0] == "set" && pair[1].starts_with("search_path"))
}

/// What stands in the first parentheses, one by one, without modes and defaults; `None` where there are none.
fn parameters(text: &str) -> Option<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut depth = 0_usize;
    let words = tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia());
    for word in words.map(|token| text[token.span.range()].to_ascii_lowercase()) {
        match (word.as_str(), depth) {
            ("(", 0) => depth = 1,
            (_, 0) => {}
            (")", 1) => {
                let default = |word: &String| matches!(word.as_str(), "default" | "=");
                let texts = found.iter().map(|words: &Vec<String>| {
                    let end = words.iter().position(default).unwrap_or(words.len());
                    words[..end].join(" ")
                });
                return Some(texts.filter(|text| !text.is_empty()).collect());
            }
            (",", 1) => found.push(Vec::new()),
            ("in" | "variadic", 1) => {}
            _ => {
                match word.as_str() {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                found.last_mut()?.push(word);
            }
        }
    }
    None
}

/// Whether two lists mean the same types; either may leave the names out.
fn is_given(one: &[String], other: &[String]) -> bool {
    let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with(' '));
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a == b || ends(a, b) || ends(b, a))
}
