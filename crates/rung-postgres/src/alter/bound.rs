//! Which rows a partition takes, and which an exclusion constraint keeps apart.

use rung_catalog::{ConstraintKind, Key, Object};
use rung_sql::{Syntax, TokenKind, tokens};

use crate::name::{full, literal, quoted};

/// See [`rung_engine::Dialect::takes`].
pub(crate) fn takes(whole: &Object, by: &str, bound: &str) -> Option<String> {
    let (how, keys) = by.split_once(' ')?;
    let keys: Vec<String> = listed(keys)?.iter().map(|key| expression(key)).collect::<Option<_>>()?;
    let bound = bound.strip_prefix("FOR VALUES ")?;
    match how {
        "LIST" => {
            let [key] = keys.as_slice() else { return None };
            let values = listed(bound.strip_prefix("IN ")?)?;
            let (nulls, values): (Vec<&str>, Vec<&str>) =
                values.into_iter().partition(|it| it.eq_ignore_ascii_case("null"));
            let is_one = (!values.is_empty()).then(|| format!("{key} IN ({})", values.join(", ")));
            let is_null = (!nulls.is_empty()).then(|| format!("{key} IS NULL"));
            let all: Vec<String> = is_one.into_iter().chain(is_null).collect();
            Some(if all.len() > 1 { format!("({})", all.join(" OR ")) } else { all.concat() })
        }
        "RANGE" => {
            let (from, to) = bound.strip_prefix("FROM ")?.split_once(" TO ").filter(|(_, to)| listed(to).is_some())?;
            let mut all: Vec<String> = keys.iter().map(|key| format!("{key} IS NOT NULL")).collect();
            all.extend(beyond(&keys, &listed(from)?, [">=", ">=", ">"], "MINVALUE"));
            all.extend(beyond(&keys, &listed(to)?, ["<", "<=", "<"], "MAXVALUE"));
            Some(format!("({})", all.join(" AND ")))
        }
        "HASH" => {
            let numbers: Vec<&str> = listed(bound.strip_prefix("WITH ")?)?;
            let number = |word: &str| numbers.iter().find_map(|it| it.strip_prefix(word)).map(str::trim);
            let (modulus, remainder) = (number("modulus ")?, number("remainder ")?);
            let whole = literal(&full(&whole.key));
            Some(format!(
                "pg_catalog.satisfies_hash_partition({whole}::pg_catalog.regclass, {modulus}, {remainder}, {})",
                keys.join(", ")
            ))
        }
        _ => None,
    }
}

/// See [`rung_engine::Dialect::excluded`].
pub(crate) fn excluded(table: &Key, constraint: &ConstraintKind) -> Option<String> {
    let columns = match constraint {
        ConstraintKind::Exclude(text) => {
            // One with a condition, or on expressions, is left to the server.
            let keys = &text[text.find('(')?..];
            let end = keys.find(" INCLUDE ").or_else(|| keys.find(" WHERE ")).unwrap_or(keys.len());
            if keys.contains(" WHERE ") {
                return None;
            }
            let pair = |key: &str| {
                let (key, operator) = key.rsplit_once(" WITH ")?;
                Some((expression(key).filter(|key| !key.contains('('))?, operator.to_owned()))
            };
            listed(&keys[..end])?.into_iter().map(pair).collect::<Option<Vec<_>>>()?
        }
        ConstraintKind::PrimaryKey { columns, without_overlaps: true }
        | ConstraintKind::Unique { columns, without_overlaps: true } => {
            let operator = |at: usize| if at + 1 == columns.len() { "&&" } else { "=" };
            columns.iter().enumerate().map(|(at, it)| (quoted(it), operator(at).to_owned())).collect()
        }
        _ => return None,
    };
    let both = columns.iter().map(|(column, operator)| format!("one.{column} {operator} other.{column}"));
    let (name, both) = (full(table), both.collect::<Vec<_>>().join(" AND "));
    // Rows of two partitions may have the same place.
    Some(format!(
        "SELECT count(*) FROM {name} AS one JOIN {name} AS other \
         ON (one.tableoid, one.ctid) < (other.tableoid, other.ctid) AND {both}"
    ))
}

/// What lies on one side of a bound. Behind the first key of which all values are on that side, or none, the others do not
/// matter (<https://www.postgresql.org/docs/current/sql-createtable.html>, PARTITION OF): of rows that are equal so far, all
/// are there, or none.
fn beyond(keys: &[String], bound: &[&str], [usual, all, none]: [&str; 3], every: &str) -> Option<String> {
    let is_open = |it: &&str| matches!(*it, "MINVALUE" | "MAXVALUE");
    let end = bound.iter().position(is_open).unwrap_or(bound.len());
    let row = |of: &[&str]| if of.len() == 1 { of.concat() } else { format!("({})", of.join(", ")) };
    let keys: Vec<&str> = keys.iter().take(end).map(String::as_str).collect();
    let operator = match bound.get(end) {
        None => usual,
        Some(it) if *it == every => all,
        Some(_) => none,
    };
    match (end, operator == all) {
        (0, true) => None,
        (0, false) => Some("false".to_owned()),
        _ => Some(format!("{} {operator} {}", row(&keys), row(&bound[..end]))),
    }
}

/// What is in the brackets that a text begins with and ends with.
fn listed(text: &str) -> Option<Vec<&str>> {
    let text = text.trim();
    let (mut depth, mut parts, mut start) = (0_usize, Vec::new(), 1);
    for token in tokens(text, &Syntax::POSTGRES) {
        let place = token.span.range();
        match &text[place.clone()] {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.checked_sub(1)?,
            "," if depth == 1 => {
                parts.push(text[start..place.start].trim());
                start = place.end;
            }
            _ => {}
        }
        if depth == 0 {
            parts.push(text.get(start..place.start)?.trim());
            return (place.end == text.len()).then_some(parts);
        }
    }
    None
}

/// A key without its collation and operator class.
fn expression(key: &str) -> Option<String> {
    let mut all = tokens(key, &Syntax::POSTGRES).filter(|it| !it.kind.is_trivia()).peekable();
    let first = all.next()?;
    let is_column = matches!(first.kind, TokenKind::Word | TokenKind::QuotedIdent);
    match all.peek().map(|it| &key[it.span.range()]) {
        None => Some(key.to_owned()),
        Some(next) if is_column && next != "(" && next != "." => Some(key[first.span.range()].to_owned()),
        // An expression is in brackets, or a call.
        Some(_) if key.ends_with(')') => Some(key.to_owned()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rung_catalog::{Body, Key, Kind};

    use super::*;

    #[test]
    fn what_is_kept_apart_is_told_by_pairs() {
        let t = Key::new(Kind::Table, None, "t");
        let of = |text: &str| {
            let count = excluded(&t, &ConstraintKind::Exclude(text.to_owned()))?;
            Some(count.split_once("other.ctid) AND ")?.1.to_owned())
        };
        let both = of("EXCLUDE USING gist (room WITH =, \"At\" range_ops WITH OPERATOR(app.&&)) INCLUDE (id)");
        assert_eq!(both.as_deref(), Some("one.room = other.room AND one.\"At\" OPERATOR(app.&&) other.\"At\""));
        assert_eq!(of("EXCLUDE USING gist (lower(a) WITH =)"), None);
        assert_eq!(of("EXCLUDE USING gist (a WITH =) WHERE (b > 0)"), None);
    }

    #[test]
    fn bounds_are_conditions() {
        let whole = Object::new(Key::new(Kind::Table, Some("app"), "t"), Body::Table(Box::default()));
        for (by, bound, is) in [
            ("LIST (a)", "FOR VALUES IN ('x', 'y')", "a IN ('x', 'y')"),
            ("LIST (a)", "FOR VALUES IN ('x', NULL)", "(a IN ('x') OR a IS NULL)"),
            ("LIST (lower(a))", "FOR VALUES IN (NULL)", "lower(a) IS NULL"),
            ("RANGE (a)", "FOR VALUES FROM (1) TO (10)", "(a IS NOT NULL AND a >= 1 AND a < 10)"),
            ("RANGE (a text_pattern_ops)", "FOR VALUES FROM (MINVALUE) TO ('k')", "(a IS NOT NULL AND a < 'k')"),
            (
                "RANGE (\"A\" COLLATE \"C\")",
                "FOR VALUES FROM ('(') TO (MAXVALUE)",
                "(\"A\" IS NOT NULL AND \"A\" >= '(')",
            ),
            (
                "RANGE (a, b)",
                "FOR VALUES FROM (1, 2) TO (3, MINVALUE)",
                "(a IS NOT NULL AND b IS NOT NULL AND (a, b) >= (1, 2) AND a < 3)",
            ),
            (
                "RANGE (a, b)",
                "FOR VALUES FROM (1, MINVALUE) TO (3, MAXVALUE)",
                "(a IS NOT NULL AND b IS NOT NULL AND a >= 1 AND a <= 3)",
            ),
            (
                "RANGE (a, b)",
                "FOR VALUES FROM (1, MAXVALUE) TO (MAXVALUE, MAXVALUE)",
                "(a IS NOT NULL AND b IS NOT NULL AND a > 1)",
            ),
            (
                "HASH (a)",
                "FOR VALUES WITH (modulus 4, remainder 1)",
                "pg_catalog.satisfies_hash_partition('app.t'::pg_catalog.regclass, 4, 1, a)",
            ),
        ] {
            assert_eq!(takes(&whole, by, bound).as_deref(), Some(is), "{by} {bound}");
        }
    }
}
