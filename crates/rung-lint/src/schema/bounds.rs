//! Whether what is known of a table says that its rows keep to the bounds of a partition, so that the server need not
//! look at them (`PartConstraintImpliedByRelConstraint`).

use std::cmp::Ordering;

use rung_ddl::{SmolStr, fold};
use rung_sql::{Span, Syntax, tokens};

use super::constraints::each_part;
use super::{ConstraintKind, Table};

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The CHECKs say what the bounds say, or more.
    Holds,
    /// They don't.
    Lacks,
    /// The key, the bounds or a CHECK can't be read.
    Unknown,
}

/// A value, as far as two can be held against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(i128),
    Text(String),
}

impl Value {
    /// Reads `3`, `-3`, `'x'`, `DATE 'x'`, `'x'::date`.
    fn read(words: &[&str]) -> Option<Self> {
        let words = &words[..words.iter().position(|word| *word == "::").unwrap_or(words.len())];
        match words {
            ["(", inner @ .., ")"] => Self::read(inner),
            ["-", number] => Some(Self::Number(-number.parse::<i128>().ok()?)),
            [text] | [_, text] if text.starts_with('\'') => {
                Some(Self::Text(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned()))
            }
            [number] => Some(Self::Number(number.parse().ok()?)),
            _ => None,
        }
    }

    /// Texts are held against each other where they are alike but for their digits, as dates are.
    fn against(&self, other: &Self) -> Option<Ordering> {
        let shape = |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>();
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) if one == other || shape(one) == shape(other) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

/// Bounds of one column.
enum Bounds {
    In(Vec<Value>),
    /// From the first, up to and without the second; `None` for none.
    Range(Option<Value>, Option<Value>),
}

impl Bounds {
    fn read(words: &[&str]) -> Option<Self> {
        let is = |word: &&str, wanted: &str| word.eq_ignore_ascii_case(wanted);
        let at = words.iter().position(|word| is(word, "values"))? + 1;
        match &words[at..] {
            [first, "(", values @ .., ")"] if is(first, "in") => Some(Self::In(values_of(values)?)),
            [first, rest @ ..] if is(first, "from") => {
                let to = rest.iter().position(|word| is(word, "to"))?;
                let end = |words: &[&str], none: &str| match words {
                    ["(", word, ")"] if is(word, none) => Some(None),
                    ["(", value @ .., ")"] => Some(Some(Value::read(value)?)),
                    _ => None,
                };
                Some(Self::Range(end(&rest[..to], "minvalue")?, end(&rest[to + 1..], "maxvalue")?))
            }
            _ => None,
        }
    }
}

fn values_of(words: &[&str]) -> Option<Vec<Value>> {
    words.split(|word| *word == ",").map(Value::read).collect()
}

/// What one part of a CHECK says of the column.
enum Said {
    OneOf(Vec<Value>),
    AtLeast(Value),
    /// Up to it, and with it if that is said.
    Below(Value, bool),
}

impl Said {
    /// What a part says, with the column first; nothing of what is about something else.
    fn read(part: &[&str], column: &str) -> Result<Option<Self>, Unread> {
        let (Some(first), rest) = (part.first(), part.get(1..).unwrap_or_default()) else { return Ok(None) };
        if !part.iter().any(|word| fold(word) == column) {
            return Ok(None);
        }
        let is = |word: &&str, wanted: &str| word.eq_ignore_ascii_case(wanted);
        if fold(first) != column {
            return Err(Unread);
        }
        let said = match rest {
            [is_word, not, null] if is(is_word, "is") && is(not, "not") && is(null, "null") => return Ok(None),
            ["=", value @ ..] => Value::read(value).map(|value| Self::OneOf(vec![value])),
            [word, "(", values @ .., ")"] if is(word, "in") => values_of(values).map(Self::OneOf),
            // Of whole numbers, above one is at least the next; of others, as much as is needed.
            [">=" | ">", value @ ..] => Value::read(value).map(Self::AtLeast),
            ["<", value @ ..] => Value::read(value).map(|value| Self::Below(value, false)),
            ["<=", value @ ..] => Value::read(value).map(|value| Self::Below(value, true)),
            _ => None,
        };
        said.map(Some).ok_or(Unread)
    }

    /// Whether it keeps a row from being below, or above, the bounds; `None` where that can't be told.
    fn keeps(&self, bounds: &Bounds) -> Option<(bool, bool)> {
        match (self, bounds) {
            (Self::OneOf(values), Bounds::In(allowed)) => {
                let all = values.iter().all(|value| allowed.contains(value));
                Some((all, all))
            }
            (Self::OneOf(values), Bounds::Range(from, to)) => {
                let (mut above, mut below) = (true, true);
                for value in values {
                    above &= from.as_ref().map_or(Some(true), |from| Some(value.against(from)?.is_ge()))?;
                    below &= to.as_ref().map_or(Some(true), |to| Some(value.against(to)?.is_lt()))?;
                }
                Some((above, below))
            }
            (Self::AtLeast(least), Bounds::Range(Some(from), _)) => Some((least.against(from)?.is_ge(), false)),
            (Self::Below(most, with), Bounds::Range(_, Some(to))) => {
                let order = most.against(to)?;
                Some((false, if *with { order.is_lt() } else { order.is_le() }))
            }
            _ => Some((false, false)),
        }
    }
}

/// A part about the column that can't be read.
struct Unread;

/// Whether a table keeps to the bounds of a partition by a key, as they are written: `FOR VALUES IN (1)`.
pub(super) fn proof(table: &Table, key: &[SmolStr], bounds: &str) -> Proof {
    let words = words(bounds);
    let ([column], Some(bounds)) = (key, Bounds::read(&words)) else { return Proof::Unknown };
    let has_no_null = table.column(column).is_some_and(|column| column.not_null) || table.proves_not_null(column);
    let no = if table.complete { Proof::Lacks } else { Proof::Unknown };
    if !has_no_null {
        return no;
    }
    let (mut above, mut below) = match &bounds {
        Bounds::In(_) => (false, false),
        Bounds::Range(from, to) => (from.is_none(), to.is_none()),
    };
    let mut is_clear = true;
    for constraint in table.constraints.iter().filter(|constraint| constraint.valid && constraint.enforced) {
        let ConstraintKind::Check { text, columns, .. } = &constraint.kind else { continue };
        // Its text has the name that a column had then.
        is_clear &= !columns.contains(column) || self::words(text).iter().any(|word| fold(word) == *column);
        each_part(&self::words(text), &mut |part| match Said::read(part, column)
            .map(|said| said.map(|s| s.keeps(&bounds)))
        {
            Ok(Some(Some((from, to)))) => {
                above |= from;
                below |= to;
            }
            Ok(None) => {}
            Ok(Some(None)) | Err(Unread) => is_clear = false,
        });
    }
    match (above && below, is_clear) {
        (true, _) => Proof::Holds,
        (false, true) => no,
        (false, false) => Proof::Unknown,
    }
}

/// The words of a text; what an operator is made of stands together.
fn words(text: &str) -> Vec<&str> {
    let mut found: Vec<Span> = Vec::new();
    for token in tokens(text, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia()) {
        match found.last_mut() {
            Some(last)
                if last.end == token.span.start
                    && matches!(&text[last.start..token.span.end], ">=" | "<=" | "<>" | "!=" | "::") =>
            {
                last.end = token.span.end;
            }
            _ => found.push(token.span),
        }
    }
    found.into_iter().map(|span| &text[span.range()]).filter(|word| *word != ";").collect()
}

/// The columns of `PARTITION BY LIST (a)`, as far as they are no expressions.
pub(super) fn key_of(text: &str) -> Vec<SmolStr> {
    let words = words(text);
    let by = words
        .windows(2)
        .rposition(|pair| pair[0].eq_ignore_ascii_case("partition") && pair[1].eq_ignore_ascii_case("by"));
    let list = by.and_then(|by| match words.get(by + 3..)? {
        ["(", rest @ ..] => rest.iter().position(|word| *word == ")").map(|end| &rest[..end]),
        _ => None,
    });
    let parts = list.unwrap_or_default().split(|word| *word == ",");
    let columns: Option<Vec<SmolStr>> =
        parts.map(|part| if let [name] = part { Some(fold(name)) } else { None }).collect();
    columns.unwrap_or_default()
}
