//! Which values of a column are none of its new type, where SQL can tell that without an error.

use rung_catalog::{Body, Catalog, Column, Kind, Type};

use super::types::{base, is_other_array, without_modifier};
use crate::name::{full, literal, quoted};

/// A condition that holds for those values. None where all of them are, or where only the server can say.
pub(crate) fn misfit((from, to): (&Catalog, &Catalog), (old, new): (&Column, &Column)) -> Option<String> {
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
    let is_text = matches!(without_modifier(&was).as_str(), "text" | "character varying" | "character");
    let is_number = matches!(
        without_modifier(&was).as_str(),
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision"
    );
    match without_modifier(&is).as_str() {
        "character varying" | "character" => {
            let length = modifiers(&is).first().copied().or((is == "character").then_some(1))?;
            let is_longer = is_text && modifiers(&was).first().is_some_and(|was| *was <= length);
            // Blanks that are too many are cut off.
            (!is_longer).then(|| format!("pg_catalog.length(pg_catalog.rtrim({name}::text, ' ')) > {length}"))
        }
        of @ ("smallint" | "integer" | "bigint") => {
            let (least, most) = range(of)?;
            match range(&was) {
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
            let bound = match modifiers(&is)[..] {
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
