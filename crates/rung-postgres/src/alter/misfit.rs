//! Which values of a column are none of its new type, and what the others become.

use rung_catalog::{Body, Catalog, Column, ConstraintKind, Kind, Type, Validity};
use rung_sql::{Syntax, Token, TokenKind, tokens};

use super::types::{Family, base, family, is_other_array, without_modifier};
use crate::name::{full, literal, quoted};

/// A condition that holds for those values, or fails at the first where only the server can say which they are. None where
/// all of them are of the new type.
pub(crate) fn misfit(catalogs: (&Catalog, &Catalog), columns: (&Column, &Column)) -> Option<String> {
    let name = quoted(&columns.1.name);
    let (old, new) = columns;
    let (was, is) = (base(catalogs.0, &old.data_type), base(catalogs.1, &new.data_type));
    let value = if was == is { name.clone() } else { cast(catalogs, (&old.data_type, &is), &name) };
    let before = asked(catalogs.0, &old.data_type, &name);
    let asked = asked(catalogs.1, &new.data_type, &value).into_iter().filter(|it| !before.contains(it));
    let conditions = asked.filter(|it| old.not_null.is_none() || *it != is_null(&value));
    let all: Vec<String> = of_base(catalogs, columns).into_iter().chain(conditions).collect();
    match all.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        // What comes later may fail where what comes before holds.
        [rest @ .., last] => {
            let rest: String = rest.iter().map(|it| format!("WHEN {it} THEN true ")).collect();
            Some(format!("CASE {rest}ELSE {last} END"))
        }
    }
}

/// What a column's values will be, where they are another type's.
pub(crate) fn converted(catalogs: (&Catalog, &Catalog), (old, new): (&Column, &Column)) -> Option<String> {
    let of = (old.data_type.as_str(), new.data_type.as_str());
    (of.0 != of.1).then(|| cast(catalogs, of, &quoted(&new.name)))
}

/// A value of one type as one of another.
fn cast((from, to): (&Catalog, &Catalog), (old, new): (&str, &str), name: &str) -> String {
    super::types::converted((from, to), name, old, new, false).unwrap_or_else(|| format!("{name}::{new}"))
}

fn is_null(value: &str) -> String {
    format!("{value} IS NULL")
}

/// What a domain and those under it ask of a value; each a condition that holds where it is not met.
fn asked(catalog: &Catalog, of: &str, value: &str) -> Vec<String> {
    let Some(domain) = catalog.of_kind(Kind::Type).find(|it| full(&it.key) == of) else { return Vec::new() };
    let Body::Type(Type::Domain { base, not_null, .. }) = &domain.body else { return Vec::new() };
    let mut all = asked(catalog, base, value);
    all.extend(not_null.is_some().then(|| is_null(value)));
    all.extend(catalog.constraints(domain).filter_map(|it| match &it.kind {
        ConstraintKind::Check(condition) if it.validity == Validity::Valid => {
            Some(format!("NOT ({})", of_value(condition, value)))
        }
        _ => None,
    }));
    all
}

/// The condition of a domain, of a value.
fn of_value(condition: &str, value: &str) -> String {
    let word = |token: Token| {
        let word = &condition[token.span.range()];
        if token.kind == TokenKind::Word && word.eq_ignore_ascii_case("value") { value } else { word }
    };
    tokens(condition, &Syntax::POSTGRES).map(word).collect()
}

/// Values that are not of the type that the new one is in the end.
fn of_base((from, to): (&Catalog, &Catalog), (old, new): (&Column, &Column)) -> Option<String> {
    let name = quoted(&new.name);
    if let Some(labels) = labels(to, &new.data_type) {
        let is_kept =
            self::labels(from, &old.data_type).is_some_and(|it| it.iter().all(|label| labels.contains(label)));
        let all: Vec<String> = labels.iter().map(|label| literal(label)).collect();
        return match all.as_slice() {
            _ if is_kept => None,
            [] => Some(format!("{name} IS NOT NULL")),
            all => Some(format!("{name}::text NOT IN ({})", all.join(", "))),
        };
    }
    if is_other_array((from, to), &old.data_type, &new.data_type) {
        return Some(format!("pg_catalog.cardinality({name}) > 0"));
    }
    let (was, is) = (base(from, &old.data_type), base(to, &new.data_type));
    if was == is {
        return None;
    }
    of_known(&name, &was, &is).or_else(|| {
        // What is read as a text only the server knows.
        let value = cast((from, to), (&old.data_type, &is), &name);
        let of_text = family(&was) == Family::Text && family(&is) != Family::Text;
        (of_text || value.contains("::text") || value.contains("#>>"))
            .then(|| format!("{name} IS NOT NULL AND ({value}) IS NULL"))
    })
}

/// The same of types that are no domains, where SQL can tell it without an error.
fn of_known(name: &str, was: &str, is: &str) -> Option<String> {
    let is_text = matches!(without_modifier(was).as_str(), "text" | "character varying" | "character");
    let is_number = matches!(
        without_modifier(was).as_str(),
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision"
    );
    match without_modifier(is).as_str() {
        "character varying" | "character" => {
            let length = modifiers(is).first().copied().or((is == "character").then_some(1))?;
            let is_longer = is_text && modifiers(was).first().is_some_and(|was| *was <= length);
            // Blanks that are too many are cut off.
            (!is_longer).then(|| format!("pg_catalog.length(pg_catalog.rtrim({name}::text, ' ')) > {length}"))
        }
        of @ ("smallint" | "integer" | "bigint") => {
            let (least, most) = range(of)?;
            match range(was) {
                Some((from, to)) if from >= least && to <= most => None,
                Some(_) => Some(format!("{name} NOT BETWEEN {least} AND {most}")),
                None if is_number => Some(format!("pg_catalog.round({name}::numeric) NOT BETWEEN {least} AND {most}")),
                None if is_text => Some(format!(
                    "{name} IS NOT NULL AND NOT CASE WHEN {name} ~ '^\\s*[-+]?[0-9]+\\s*$' \
                     THEN {name}::numeric BETWEEN {least} AND {most} ELSE false END"
                )),
                None => None,
            }
        }
        "numeric" => {
            let text = is_text
                .then(|| format!("{name} !~* '^\\s*([-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?|nan)\\s*$'"));
            let bound = match modifiers(is)[..] {
                [] => None,
                [precision] => Some((precision, 0)),
                [precision, scale, ..] => Some((precision, scale)),
            };
            let bound = bound.filter(|_| is_number || is_text).map(|(precision, scale)| {
                let most = precision - scale;
                format!("pg_catalog.abs(pg_catalog.round({name}::numeric, {scale})) >= 1e{most}")
            });
            match (text, bound) {
                (Some(text), Some(bound)) => Some(format!("CASE WHEN {text} THEN true ELSE {bound} END")),
                (text, bound) => text.or(bound),
            }
        }
        "boolean" if is_text => {
            Some(format!("{name} !~* '^\\s*(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0)\\s*$'"))
        }
        "uuid" if is_text => Some(format!("{name} !~* '^([{{]([0-9a-f]{{4}}-?){{8}}[}}]|([0-9a-f]{{4}}-?){{8}})$'")),
        _ => None,
    }
}

/// The labels of a type, if it is an enum.
fn labels<'a>(catalog: &'a Catalog, of: &str) -> Option<&'a [String]> {
    catalog.of_kind(Kind::Type).find(|it| full(&it.key) == of).and_then(|object| match &object.body {
        Body::Type(Type::Enum { labels }) => Some(labels.as_slice()),
        _ => None,
    })
}

fn range(of: &str) -> Option<(i64, i64)> {
    match of {
        "smallint" => Some((i16::MIN.into(), i16::MAX.into())),
        "integer" => Some((i32::MIN.into(), i32::MAX.into())),
        "bigint" => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

/// The numbers in the parentheses of a type.
fn modifiers(of: &str) -> Vec<i32> {
    let inner = of.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    inner.split(',').filter_map(|number| number.trim().parse().ok()).collect()
}
