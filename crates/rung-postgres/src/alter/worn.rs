//! What of a column's values another type takes without a word and does not keep.

use rung_catalog::Catalog;

use super::misfit::modifiers;
use super::types::{base, without_modifier};

/// What is cut off the values of one type by another, in words; `None` where they are kept, or would be refused.
pub(super) fn worn((from, to): (&Catalog, &Catalog), old: &str, new: &str) -> Option<&'static str> {
    let (was, is) = (base(from, old), base(to, new));
    if was.ends_with("[]") != is.ends_with("[]") {
        return None;
    }
    let names = (without_modifier(&was), without_modifier(&is));
    let (one, other) = (names.0.trim_end_matches("[]"), names.1.trim_end_matches("[]"));
    let is_stamp = |of: &str| of.starts_with("timestamp ");
    let seconds = |of: &str| modifiers(of).first().copied().unwrap_or(6);
    match (one, other) {
        ("numeric", "smallint" | "integer" | "bigint") if scale(&was) == Some(0) => None,
        ("numeric" | "real" | "double precision", "smallint" | "integer" | "bigint") => Some("the fractions"),
        ("numeric", "numeric") => {
            let is_less = scale(&is).is_some_and(|is| scale(&was).is_none_or(|was| is < was));
            is_less.then_some("the last digits")
        }
        ("numeric" | "integer" | "bigint", "real")
        | ("numeric" | "bigint", "double precision")
        | ("double precision", "real")
        | ("real" | "double precision", "numeric") => Some("the last digits"),
        (of, "date") if is_stamp(of) => Some("the times of day"),
        (of, "time without time zone" | "time with time zone") if is_stamp(of) => Some("the dates"),
        ("time with time zone", "time without time zone") => Some("the time zones"),
        (one, other) if one.starts_with("time") && other.starts_with("time") && seconds(&is) < seconds(&was) => {
            Some("the fractions of seconds")
        }
        _ => None,
    }
}

/// How many digits a number has behind its point, where that is said.
fn scale(of: &str) -> Option<i32> {
    let modifiers = modifiers(of);
    (!modifiers.is_empty()).then(|| modifiers.get(1).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_type_cuts_off_is_known() {
        let stamp = "timestamp without time zone";
        for (old, new, is) in [
            ("numeric", "integer", Some("the fractions")),
            ("numeric(10,0)", "bigint", None),
            ("numeric(10)", "integer", None),
            ("double precision[]", "integer[]", Some("the fractions")),
            ("numeric(10,4)", "numeric(12,2)", Some("the last digits")),
            ("numeric", "numeric(12,2)", Some("the last digits")),
            ("numeric(10,2)", "numeric", None),
            ("numeric(10,2)", "numeric(8,2)", None),
            ("integer", "double precision", None),
            ("bigint", "double precision", Some("the last digits")),
            (stamp, "date", Some("the times of day")),
            ("date", stamp, None),
            ("timestamp(3) with time zone", "timestamp(6) with time zone", None),
            (stamp, "timestamp(0) without time zone", Some("the fractions of seconds")),
            ("text", "integer", None),
            ("integer", "bigint", None),
        ] {
            assert_eq!(worn((&Catalog::new(), &Catalog::new()), old, new), is, "{old} to {new}");
        }
    }
}
