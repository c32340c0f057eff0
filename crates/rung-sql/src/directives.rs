//! Directives: lines such as `-- @no-transaction` and `-- @expect rows(users) unchanged`.

use std::fmt;
use std::time::Duration;

use crate::header::{CommentLine, Spanned};
use crate::{Span, closest};

/// What a file asks for, apart from its SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// `@no-transaction`.
    pub no_transaction: Option<Span>,
    /// `@lock-timeout 5s`; zero is none.
    pub lock_timeout: Option<Spanned<Duration>>,
    /// `@statement-timeout 10min`; zero is none.
    pub statement_timeout: Option<Spanned<Duration>>,
    /// `@repeatable`.
    pub repeatable: bool,
    /// `@only production staging`.
    pub only: Vec<Spanned<String>>,
    /// `@post-deploy`.
    pub post_deploy: bool,
    /// `@allow RULE: reason`.
    pub allows: Vec<Allow>,
    /// `@replaces 001_users 002_orders`.
    pub replaces: Vec<Replaced>,
    /// `@expand all`.
    pub expand_all: bool,
    /// `@expect ...`, each with its place in the file.
    pub expects: Vec<Spanned<Expect>>,
}

/// A lint finding that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: Option<String>,
    /// Where it says so.
    pub span: Span,
}

/// A migration that another one stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Its id.
    pub id: String,
    /// Whether it is one that stands for all those that are named before it: `@replaces ... baseline 007_baseline ...`.
    pub is_baseline: bool,
}

/// What the data must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// `rows(users) unchanged`: as many rows as before.
    RowsUnchanged {
        /// The table, as it is written in SQL.
        table: String,
    },
    /// `rows(users) >= 10`, at the end.
    Rows {
        /// The table, as it is written in SQL.
        table: String,
        /// How to compare.
        op: Comparison,
        /// With what.
        count: u64,
    },
    /// `affected = 3`: of the statement before the line.
    Affected {
        /// How to compare.
        op: Comparison,
        /// With what.
        count: u64,
        /// Where in the script's text the line stands.
        at: usize,
    },
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Whether `left` stands so to `right`.
    pub fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" | "==" => Self::Equal,
            "<>" | "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

/// The words that may stand behind `@` on a line of their own.
pub(crate) const DIRECTIVES: [&str; 13] = [
    "up",
    "down",
    "verify",
    "no-transaction",
    "lock-timeout",
    "statement-timeout",
    "repeatable",
    "only",
    "post-deploy",
    "replaces",
    "allow",
    "expand",
    "expect",
];

/// What is wrong with a directive: message and help.
pub(crate) type Problem = (String, Option<String>);

impl Directives {
    /// Reads one line, without its `@`.
    pub(crate) fn read(&mut self, line: &CommentLine<'_>) -> Result<(), Problem> {
        let text = &line.content[1..];
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let nothing_else = || match rest {
            "" => Ok(()),
            _ => Err((format!("@{word} takes nothing after it"), None)),
        };
        match word.to_lowercase().as_str() {
            "no-transaction" | "no_transaction" | "notransaction" => {
                nothing_else()?;
                self.no_transaction = Some(line.span);
            }
            "repeatable" => {
                nothing_else()?;
                self.repeatable = true;
            }
            "post-deploy" | "post_deploy" | "postdeploy" => {
                nothing_else()?;
                self.post_deploy = true;
            }
            "lock-timeout" => self.lock_timeout = Some(timeout(word, rest, line.span)?),
            "statement-timeout" => self.statement_timeout = Some(timeout(word, rest, line.span)?),
            "only" => self.only(rest, line)?,
            "replaces" => self.replaces(rest)?,
            "allow" => self.allow(rest, line)?,
            "expect" => self.expects.push(Spanned { value: expectation(rest)?, span: line.span }),
            "expand" if rest.eq_ignore_ascii_case("all") => self.expand_all = true,
            "expand" => {
                return Err(("@expand is followed by `all`".to_owned(), Some("write `-- @expand all`".to_owned())));
            }
            _ => {
                let help = closest(word, DIRECTIVES).map_or_else(
                    || "known are @up, @verify, @down, @no-transaction, @lock-timeout, @statement-timeout, @repeatable, @only, @post-deploy, @replaces, @allow, @expand and @expect".to_owned(),
                    |near| format!("did you mean @{near}?"),
                );
                return Err((format!("there is no directive @{word}"), Some(help)));
            }
        }
        Ok(())
    }

    fn only(&mut self, rest: &str, line: &CommentLine<'_>) -> Result<(), Problem> {
        let names = rest.split([',', ' ']).filter(|name| !name.is_empty());
        let before = self.only.len();
        self.only.extend(names.map(|name| Spanned { value: name.to_owned(), span: line.span }));
        if self.only.len() == before {
            let help = "write e.g. `-- @only production`".to_owned();
            return Err(("@only names no environment".to_owned(), Some(help)));
        }
        Ok(())
    }

    fn replaces(&mut self, rest: &str) -> Result<(), Problem> {
        let mut words = rest.split([',', ' ']).filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() {
            let help = "write e.g. `-- @replaces 001_users 002_orders`".to_owned();
            return Err(("@replaces names no migration".to_owned(), Some(help)));
        }
        while let Some(word) = words.next() {
            let is_baseline = word == "baseline";
            let Some(id) = (if is_baseline { words.next() } else { Some(word) }) else {
                return Err(("`baseline` is followed by the id of one".to_owned(), None));
            };
            self.replaces.push(Replaced { id: id.to_owned(), is_baseline });
        }
        Ok(())
    }

    fn allow(&mut self, rest: &str, line: &CommentLine<'_>) -> Result<(), Problem> {
        let (rule, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let (rule, reason) = (rule.trim(), reason.trim());
        if rule.is_empty() || rule.contains(char::is_whitespace) {
            let help = "write `-- @allow RULE: reason`".to_owned();
            return Err(("@allow is followed by the name of a rule".to_owned(), Some(help)));
        }
        let reason = (!reason.is_empty()).then(|| reason.to_owned());
        self.allows.push(Allow { rule: rule.to_owned(), reason, span: line.span });
        Ok(())
    }
}

fn timeout(word: &str, text: &str, span: Span) -> Result<Spanned<Duration>, Problem> {
    match parse_duration(text) {
        Some(value) => Ok(Spanned { value, span }),
        None => Err((
            match text {
                "" => format!("@{word} names no duration"),
                _ => format!("@{word} is followed by a duration, not by {text:?}"),
            },
            Some(format!("write e.g. `-- @{word} 5s`; units are ms, s, min and h, and 0 is no timeout")),
        )),
    }
}

/// A duration as people write it: `250ms`, `5s`, `10min`, `1h`, `0`; a number alone counts milliseconds, as PostgreSQL
/// has it.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit: u64 = match text[digits..].trim().to_lowercase().as_str() {
        "" | "ms" => 1,
        "s" | "sec" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(unit).map(Duration::from_millis)
}

fn expectation(text: &str) -> Result<Expect, Problem> {
    let problem = || {
        (
            format!("this expectation can't be read: {text:?}"),
            Some("write `rows(TABLE) unchanged`, `rows(TABLE) >= 10` or `affected = 3`".to_owned()),
        )
    };
    if let Some(rest) = text.strip_prefix("rows(") {
        let rest = rest.trim_start();
        // What stands here becomes part of a query: a name, not an expression.
        let (table, rest) = rest.split_at(name_length(rest).ok_or_else(problem)?);
        let table = table.to_owned();
        let rest = rest.trim_start().strip_prefix(')').ok_or_else(problem)?;
        if rest.trim() == "unchanged" {
            return Ok(Expect::RowsUnchanged { table });
        }
        let (op, count) = comparison(rest).ok_or_else(problem)?;
        return Ok(Expect::Rows { table, op, count });
    }
    let rest = text.strip_prefix("affected").ok_or_else(problem)?;
    let (op, count) = comparison(rest).ok_or_else(problem)?;
    Ok(Expect::Affected { op, count, at: 0 })
}

/// How long the name is with which a text begins: words and names in quotes, with dots between them.
fn name_length(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let part = &text[at..];
        let length = match part.strip_prefix('"') {
            Some(inner) => quoted_length(inner)? + 1,
            None => part.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$'))).unwrap_or(part.len()),
        };
        if length == 0 {
            return None;
        }
        at += length;
        match text[at..].strip_prefix('.') {
            Some(_) => at += 1,
            None => return Some(at),
        }
    }
}

/// How long a name in quotes is behind the first of them, with the last. One that is meant is doubled.
fn quoted_length(inner: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += inner[at..].find('"')? + 1;
        match inner[at..].starts_with('"') {
            true => at += 1,
            false => return Some(at).filter(|length| *length > 1),
        }
    }
}

fn comparison(text: &str) -> Option<(Comparison, u64)> {
    let text = text.trim();
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    Some((Comparison::parse(text[..digits].trim())?, text[digits..].trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_as_in_sql() {
        for (text, name) in [
            ("rows(users) unchanged", "users"),
            ("rows( app.users ) unchanged", "app.users"),
            ("rows(\"ta \"\"b;le\") unchanged", "\"ta \"\"b;le\""),
            ("rows(app.\"a)b\".\"\"\"\") unchanged", "app.\"a)b\".\"\"\"\""),
        ] {
            assert_eq!(expectation(text).ok(), Some(Expect::RowsUnchanged { table: name.to_owned() }), "{text}");
        }
        for text in [
            "rows() unchanged",
            "rows(\"\") unchanged",
            "rows(a b) unchanged",
            "rows(\"a) unchanged",
            "rows(a.) unchanged",
            "rows(a;b) = 1",
            "rows(\"a\"\"b) = 1",
        ] {
            assert!(expectation(text).is_err(), "{text}");
        }
    }
}
