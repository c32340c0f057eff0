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

impl Bounds {
    /// Whether every value within them is one of these.
    fn has_no_others_than(&self, values: &[Value]) -> bool {
        matches!(self, Self::In(taken) if taken.iter().all(|value| values.contains(value)))
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

impl Said {
    /// Whether no value within bounds is as it says; `None` where that can't be told.
    fn is_outside(&self, bounds: &Bounds) -> Option<bool> {
        let all = |values: &[Value], is: &dyn Fn(&Value) -> Option<bool>| {
            values.iter().try_fold(true, |all, value| Some(is(value)? && all))
        };
        match (self, bounds) {
            (Self::OneOf(values), Bounds::In(taken)) => {
                all(values, &|value| all(taken, &|other| Some(value.against(other)?.is_ne())))
            }
            (Self::OneOf(values), Bounds::Range(from, to)) => all(values, &|value| {
                let below = from.as_ref().map_or(Some(false), |from| Some(value.against(from)?.is_lt()))?;
                let above = to.as_ref().map_or(Some(false), |to| Some(value.against(to)?.is_ge()))?;
                Some(below || above)
            }),
            (Self::AtLeast(least), Bounds::In(taken)) => all(taken, &|value| Some(value.against(least)?.is_lt())),
            (Self::AtLeast(least), Bounds::Range(_, to)) => Some(least.against(to.as_ref()?)?.is_ge()),
            (Self::Below(most, with), Bounds::In(taken)) => all(taken, &|value| {
                let order = value.against(most)?;
                Some(order.is_gt() || !with && order.is_eq())
            }),
            (Self::Below(most, with), Bounds::Range(from, _)) => {
                let order = most.against(from.as_ref()?)?;
                Some(order.is_lt() || !with && order.is_eq())
            }
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

/// Whether what is known of a default partition says that it has no row within the bounds of a new one
/// (`ConstraintImpliedByRelConstraint`). NULL is in no bounds but those that name it.
pub(super) fn is_without(table: &Table, key: &[SmolStr], bounds: &str) -> bool {
    let words = words(bounds);
    let ([column], Some(bounds)) = (key, Bounds::read(&words)) else { return false };
    let valid = table.constraints.iter().filter(|constraint| constraint.valid && constraint.enforced);
    valid.into_iter().any(|constraint| match &constraint.kind {
        ConstraintKind::Check { text, .. } => rules_out(&self::words(text), column, &bounds),
        _ => false,
    })
}

/// Whether a condition holds for no value within bounds.
fn rules_out(words: &[&str], column: &str, bounds: &Bounds) -> bool {
    let ways = alternatives(words);
    if ways.len() > 1 {
        let is_null = |way: &[&str]| matches!(way, [name, is, null] if fold(name) == column && is.eq_ignore_ascii_case("is") && null.eq_ignore_ascii_case("null"));
        return ways.iter().all(|way| is_null(way) || rules_out(way, column, bounds));
    }
    let mut found = false;
    each_part(words, &mut |part| found |= part_rules_out(part, column, bounds));
    found
}

/// Whether a condition without AND at its top holds for no value within bounds.
fn part_rules_out(part: &[&str], column: &str, bounds: &Bounds) -> bool {
    if alternatives(part).len() > 1 {
        return rules_out(part, column, bounds);
    }
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    match part {
        [not, inner @ ..] if is(not, "not") => {
            let mut all = alternatives(inner).len() == 1;
            each_part(inner, &mut |part| all &= holds_within(part, column, bounds));
            all
        }
        [name, op, value @ ..] if fold(name) == column && matches!(*op, "<>" | "!=") => {
            Value::read(value).is_some_and(|value| bounds.has_no_others_than(&[value]))
        }
        [name, not, is_in, "(", values @ .., ")"] if fold(name) == column && is(not, "not") && is(is_in, "in") => {
            values_of(values).is_some_and(|values| bounds.has_no_others_than(&values))
        }
        _ => match Said::read(part, column) {
            Ok(Some(said)) => said.is_outside(bounds).unwrap_or(false),
            _ => false,
        },
    }
}

/// Whether a condition holds for every value within bounds.
fn holds_within(part: &[&str], column: &str, bounds: &Bounds) -> bool {
    match Said::read(part, column) {
        // That it is not null.
        Ok(None) => part.first().is_some_and(|first| fold(first) == column),
        Ok(Some(Said::OneOf(values))) => bounds.has_no_others_than(&values),
        Ok(Some(Said::AtLeast(least))) => {
            let with = part.contains(&">=");
            let is_above =
                |value: &Value| value.against(&least).is_some_and(|order| order.is_gt() || with && order.is_eq());
            match bounds {
                Bounds::In(values) => values.iter().all(is_above),
                Bounds::Range(from, _) => from.as_ref().is_some_and(is_above),
            }
        }
        Ok(Some(Said::Below(most, with))) => match bounds {
            Bounds::In(values) => values
                .iter()
                .all(|value| value.against(&most).is_some_and(|order| order.is_lt() || with && order.is_eq())),
            Bounds::Range(_, to) => to.as_ref().and_then(|to| to.against(&most)).is_some_and(Ordering::is_le),
        },
        Err(Unread) => false,
    }
}

/// What stands between the ORs of a condition, without the parentheses around it.
fn alternatives<'w, 's>(words: &'s [&'w str]) -> Vec<&'s [&'w str]> {
    let mut depth = 0_usize;
    let (mut ors, mut closed_early) = (Vec::new(), false);
    for (at, word) in words.iter().enumerate() {
        match word.to_ascii_lowercase().as_str() {
            "(" | "case" => depth += 1,
            ")" | "end" => depth = depth.saturating_sub(1),
            "or" if depth == 0 => ors.push(at),
            _ => {}
        }
        closed_early |= depth == 0 && at + 1 < words.len();
    }
    match (ors.as_slice(), words) {
        ([], ["(", inner @ .., ")"]) if !closed_early => alternatives(inner),
        _ => {
            let mut from = 0;
            let ends = ors.into_iter().chain([words.len()]);
            ends.map(|at| &words[std::mem::replace(&mut from, at + 1)..at]).collect()
        }
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
