//! What values lose when their column gets another type, though the server takes them all: digits, times, letters.

use rung_catalog::Catalog;

use super::types::{base, without_modifier};

/// What of the values of a column is lost on the way from one type to another, in words; `of` is the column. None where
/// each value can be told from the new one.
pub(super) fn loss((from, to): (&Catalog, &Catalog), of: &str, old: &str, new: &str) -> Option<String> {
    let (was, is) = (base(from, old), base(to, new));
    match (was.strip_suffix("[]"), is.strip_suffix("[]")) {
        (Some(was), Some(is)) => between(of, was, is),
        (Some(_), None) if !matches!(class(&is), Class::Text(_) | Class::Json) => {
            Some(format!("all but the first value of {of}"))
        }
        (None, Some(is)) => between(of, &was, is),
        _ => between(of, &was, &is),
    }
}

/// What a type keeps of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// So many digits of a whole number at most.
    Whole(u32),
    /// Digits behind the point, if there is a bound, and all digits.
    Decimal(Option<i32>, Option<i32>),
    /// So many digits are certain.
    Float(u32),
    Money,
    Boolean,
    /// So many letters, where more are cut off without a word.
    Text(Option<u32>),
    /// Blanks at the end mean nothing.
    Padded,
    Date,
    /// Digits of a second's fraction.
    Moment(i32),
    Time(i32),
    ZonedTime(i32),
    /// The same, and the smallest unit by its place in [`UNITS`].
    Interval(i32, usize),
    /// Kept as it was written.
    Json,
    Jsonb,
    Address,
    Network,
    /// Read from a text strictly as it is.
    Word,
    Other,
}

const UNITS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

fn class(of: &str) -> Class {
    let numbers = numbers(of);
    let fraction = numbers.first().copied().unwrap_or(6);
    match without_modifier(of).as_str() {
        "smallint" => Class::Whole(5),
        "integer" => Class::Whole(10),
        "bigint" => Class::Whole(19),
        "numeric" => match numbers[..] {
            [] => Class::Decimal(None, None),
            [digits] => Class::Decimal(Some(0), Some(digits)),
            [digits, scale, ..] => Class::Decimal(Some(scale), Some(digits)),
        },
        "real" => Class::Float(6),
        "double precision" => Class::Float(15),
        "money" => Class::Money,
        "boolean" => Class::Boolean,
        "text" | "character varying" => Class::Text(None),
        "name" => Class::Text(Some(63)),
        "\"char\"" => Class::Text(Some(1)),
        "character" => Class::Padded,
        "date" => Class::Date,
        "timestamp without time zone" | "timestamp with time zone" => Class::Moment(fraction),
        "time without time zone" => Class::Time(fraction),
        "time with time zone" => Class::ZonedTime(fraction),
        "json" => Class::Json,
        "jsonb" => Class::Jsonb,
        "inet" => Class::Address,
        "cidr" => Class::Network,
        "uuid" | "bytea" => Class::Word,
        interval if interval.starts_with("interval") => {
            let last = interval.split_whitespace().last().unwrap_or_default();
            Class::Interval(fraction, UNITS.iter().position(|unit| *unit == last).unwrap_or(UNITS.len() - 1))
        }
        _ => Class::Other,
    }
}

fn between(of: &str, old: &str, new: &str) -> Option<String> {
    let (was, is) = (class(old), class(new));
    let digits = |certain: u32| Some(format!("digits of {of} beyond the first {certain}"));
    let decimals = |scale: i32| {
        Some(match scale {
            ..=0 => format!("the decimals of {of}"),
            1 => format!("the decimals of {of} beyond the first"),
            _ => format!("the decimals of {of} beyond the first {scale}"),
        })
    };
    let fraction = |was: i32, is: i32| {
        (was > is).then(|| match is {
            0 => format!("fractions of a second of {of}"),
            _ => format!("fractions of a second of {of} beyond {is} digits"),
        })
    };
    match (was, is) {
        (Class::Decimal(Some(scale), _), Class::Whole(_)) if scale <= 0 => None,
        (Class::Decimal(..) | Class::Float(_) | Class::Money, Class::Whole(_)) => decimals(0),
        (Class::Whole(_), Class::Decimal(Some(scale), _)) if scale < 0 => decimals(scale),
        (Class::Decimal(Some(was), _), Class::Decimal(Some(is), _)) if was <= is => None,
        (Class::Money, Class::Decimal(Some(is), _)) if is >= 2 => None,
        (Class::Decimal(..) | Class::Float(_) | Class::Money, Class::Decimal(Some(scale), _)) => decimals(scale),
        (Class::Decimal(Some(..=2), _), Class::Money) => None,
        (Class::Decimal(..), Class::Money) => decimals(2),
        (Class::Float(certain), Class::Decimal(None, _)) => digits(certain),
        (Class::Float(was), Class::Float(is)) if was > is => digits(is),
        (Class::Whole(was), Class::Float(is)) if was > is => digits(is),
        (Class::Decimal(_, Some(was)), Class::Float(is)) if was <= is as i32 => None,
        (Class::Decimal(..), Class::Float(is)) => digits(is),
        (Class::Whole(_), Class::Boolean) => Some(format!("the numbers of {of}, but for 0")),
        (Class::Moment(_), Class::Date) => Some(format!("the times of {of}")),
        (Class::Moment(_), Class::Time(_) | Class::ZonedTime(_)) => Some(format!("the days of {of}")),
        (Class::Moment(was), Class::Moment(is)) | (Class::Time(was), Class::Time(is) | Class::ZonedTime(is)) => {
            fraction(was, is)
        }
        (Class::ZonedTime(_), Class::Time(_)) => Some(format!("the time zones of {of}")),
        (Class::ZonedTime(was), Class::ZonedTime(is)) => fraction(was, is),
        (Class::Interval(_, was), Class::Interval(_, is)) if was > is => {
            Some(format!("what of {of} is less than a {}", UNITS[is]))
        }
        (Class::Interval(was, _), Class::Interval(is, _)) => fraction(was, is),
        (Class::Interval(..), Class::Time(_) | Class::ZonedTime(_)) => Some(format!("the days of {of}")),
        (Class::Text(Some(was)), Class::Text(Some(is))) if was <= is => None,
        (Class::Text(Some(1)), Class::Padded) => None,
        (_, Class::Text(Some(1))) if was != is => Some(format!("all of {of} but the first letter")),
        (Class::Text(_) | Class::Padded, Class::Text(Some(is))) => Some(format!("letters of {of} beyond {is} bytes")),
        (Class::Text(_), Class::Padded) => Some(format!("blanks at the end of {of}")),
        (Class::Json | Class::Text(_) | Class::Padded, Class::Jsonb) => {
            Some(format!("how {of} was written, and keys that are there twice"))
        }
        (Class::Text(_) | Class::Padded, Class::Text(_) | Class::Padded | Class::Json | Class::Other) => None,
        (Class::Text(_) | Class::Padded, _) => Some(format!("how {of} was written")),
        (Class::Address, Class::Network) => Some(format!("which address {of} is within its network")),
        _ => None,
    }
}

/// The numbers in the parentheses of a type.
fn numbers(of: &str) -> Vec<i32> {
    let inner = of.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    inner.split(',').filter_map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_told_from_what_is_not() {
        let none = Catalog::new();
        let lost = |old: &str, new: &str| loss((&none, &none), "a", old, new);
        for (old, new) in [
            ("integer", "bigint"),
            ("bigint", "numeric"),
            ("integer", "double precision"),
            ("smallint", "real"),
            ("real", "double precision"),
            ("numeric(10,2)", "numeric(12,4)"),
            ("numeric(10,2)", "numeric(8,2)"),
            ("numeric(10,2)", "numeric"),
            ("numeric(10)", "bigint"),
            ("character varying(10)", "character varying(20)"),
            ("character varying(10)", "text"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("date", "timestamp without time zone"),
            ("interval day to second(2)", "interval"),
            ("boolean", "integer"),
            ("jsonb", "json"),
            ("integer", "integer[]"),
            ("integer[]", "bigint[]"),
            ("integer[]", "text"),
            ("double precision", "text"),
            ("cidr", "inet"),
            ("uuid", "text"),
            ("name", "text"),
            ("text", "app.mood"),
        ] {
            assert_eq!(lost(old, new), None, "{old} {new}");
        }
        for (old, new, what) in [
            ("numeric(12,4)", "numeric(10,2)", "the decimals of a beyond the first 2"),
            ("numeric", "integer", "the decimals of a"),
            ("double precision", "real", "digits of a beyond the first 6"),
            ("bigint", "real", "digits of a beyond the first 6"),
            ("bigint", "double precision", "digits of a beyond the first 15"),
            ("integer", "boolean", "the numbers of a, but for 0"),
            ("timestamp with time zone", "timestamp(0) with time zone", "fractions of a second of a"),
            ("timestamp without time zone", "date", "the times of a"),
            ("text", "\"char\"", "all of a but the first letter"),
            ("text", "name", "letters of a beyond 63 bytes"),
            ("character varying(9)", "character(9)", "blanks at the end of a"),
            ("json", "jsonb", "how a was written, and keys that are there twice"),
            ("text", "integer", "how a was written"),
            ("interval", "interval day to second(2)", "fractions of a second of a beyond 2 digits"),
            ("interval", "interval year to month", "what of a is less than a month"),
            ("numeric(8,3)[]", "numeric(8,1)[]", "the decimals of a beyond the first"),
            ("integer[]", "integer", "all but the first value of a"),
            ("inet", "cidr", "which address a is within its network"),
        ] {
            assert_eq!(lost(old, new).as_deref(), Some(what), "{old} {new}");
        }
    }
}
