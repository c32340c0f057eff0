//! From one type to another: which can be altered, and how values get from one to the other.

use rung_catalog::{Body, Catalog, Column, Key, Kind, Object, Type};

use crate::name::{full, literal, quoted};

/// Whether `ALTER TYPE` leads from one type to another; if not, it is made anew.
pub(super) fn is_alterable((from, to): (&Catalog, &Catalog), key: &Key, old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::Enum { labels: old }, Type::Enum { labels: new }) => {
            // Those that stay, in their order.
            let kept: Vec<&String> = new.iter().filter(|label| old.contains(label)).collect();
            kept.len() == old.len() && kept.into_iter().eq(old)
        }
        (
            Type::Domain { base: old, collation: old_collation, .. },
            Type::Domain { base: new, collation: new_collation, .. },
        ) => old == new && old_collation == new_collation,
        (Type::Composite { columns: old }, Type::Composite { columns: new }) => {
            let name = |column: &Column| column.name.clone();
            let kept: Vec<String> = old.iter().map(name).filter(|name| new.iter().any(|it| it.name == *name)).collect();
            let added = new.iter().map(name).skip(kept.len()).all(|name| !kept.contains(&name));
            let is_retyped = |new: &Column| {
                old.iter()
                    .any(|it| it.name == new.name && (&it.data_type, &it.collation) != (&new.data_type, &new.collation))
            };
            let converts = |new: &Column| {
                let was = old.iter().find(|it| it.name == new.name);
                was.is_none_or(|was| using(from, to, &new.name, &was.data_type, &new.data_type, false).is_none())
            };
            added
                && new.iter().map(name).take(kept.len()).eq(kept)
                && (!new.iter().any(is_retyped) || !has_values(from, key) && new.iter().all(converts))
        }
        _ => old == new,
    }
}

/// Whether a type of this name is there before and after, and is made anew in between.
pub(super) fn is_made_anew((from, to): (&Catalog, &Catalog), name: &str) -> bool {
    from.of_kind(Kind::Type).filter(|it| is_of(name, it)).any(|before| {
        match (&before.body, to.get(&before.key).map(|after| &after.body)) {
            (Body::Type(old), Some(Body::Type(new))) => !is_alterable((from, to), &before.key, old, new),
            _ => false,
        }
    })
}

/// Whether a column of a table or another type is made of a composite type: then the server alters the type of none of its
/// attributes. A table of the type follows it, as far as the server assigns the values.
pub(super) fn has_values(catalog: &Catalog, key: &Key) -> bool {
    let is_made_of = |object: &Object| match &object.body {
        Body::Table(_) | Body::View(_) => object.depends_on.iter().any(|it| *it.on == *key && it.column.is_some()),
        Body::Type(_) => object.depends_on.iter().any(|it| *it.on == *key),
        _ => false,
    };
    catalog.iter().any(is_made_of)
}

/// The statements that add words to an enum.
pub(super) fn new_labels(key: &Key, from: &[String], to: &[String]) -> Vec<String> {
    let mut there: Vec<&String> = from.iter().collect();
    let mut sql = Vec::new();
    for (at, label) in to.iter().enumerate() {
        if from.contains(label) {
            continue;
        }
        let place = match (at.checked_sub(1).map(|at| &to[at]), there.first()) {
            (Some(before), _) if there.last() == Some(&before) => String::new(),
            (Some(before), _) => format!(" AFTER {}", literal(before)),
            (None, Some(first)) => format!(" BEFORE {}", literal(first)),
            (None, None) => String::new(),
        };
        sql.push(format!("ALTER TYPE {} ADD VALUE {}{place}", full(key), literal(label)));
        let after = at.checked_sub(1).and_then(|at| there.iter().position(|it| **it == to[at]));
        there.insert(after.map_or(0, |at| at + 1), label);
    }
    sql
}

/// The statement that makes the attributes of one composite type those of another.
pub(super) fn attributes(key: &Key, from: &[Column], to: &[Column]) -> Vec<String> {
    let mut changes = Vec::new();
    let of = |column: &Column| {
        let collation = column.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
        format!("{}{collation}", column.data_type)
    };
    for old in from.iter().filter(|old| !to.iter().any(|new| new.name == old.name)) {
        changes.push(format!("DROP ATTRIBUTE {} CASCADE", quoted(&old.name)));
    }
    for new in to {
        match from.iter().find(|old| old.name == new.name) {
            None => changes.push(format!("ADD ATTRIBUTE {} {} CASCADE", quoted(&new.name), of(new))),
            Some(old) if of(old) != of(new) => {
                changes.push(format!("ALTER ATTRIBUTE {} TYPE {} CASCADE", quoted(&new.name), of(new)));
            }
            Some(_) => {}
        }
    }
    if changes.is_empty() {
        Vec::new()
    } else {
        vec![format!("ALTER TYPE {}\n    {}", full(key), changes.join(",\n    "))]
    }
}

/// The expression that gives a column's values in another type, where the server has none of its own for that. One that it
/// has refuses a value that does not fit; an explicit cast would cut it short. By way of text goes what no cast is known
/// for: then each value is read anew, or refused.
pub(super) fn using(from: &Catalog, to: &Catalog, name: &str, old: &str, new: &str, is_remade: bool) -> Option<String> {
    converted((from, to), &quoted(name), old, new, is_remade)
}

/// See [`using`]: of an expression.
pub(super) fn converted(
    catalogs: (&Catalog, &Catalog),
    name: &str,
    old: &str,
    new: &str,
    is_remade: bool,
) -> Option<String> {
    let (from, to) = catalogs;
    if is_remade
        && let Some(both) = composites(catalogs, old, new)
        && (!is_alike(catalogs, both) || is_rounded(catalogs, both))
    {
        return Some(row(catalogs, name, both, new));
    }
    if is_remade
        && let Some(both) = elements(catalogs, old, new)
        && !is_alike(catalogs, both)
    {
        // Only a query gets at their values one by one, and here none may be. As texts they might be taken for others.
        return Some(format!(
            "CASE WHEN pg_catalog.cardinality({name}) > 0 THEN ({name}::text || ' has other attributes')::{new} \
             WHEN {name} IS NOT NULL THEN '{{}}'::{new} END"
        ));
    }
    let (old_base, new_base) = (base(from, old), base(to, new));
    let arrays = |of: &str| of.len() - of.trim_end_matches("[]").len();
    let text = if arrays(&new_base) > 0 && arrays(&old_base) > 0 { "text[]" } else { "text" };
    if is_remade {
        return Some(format!("{name}::{text}::{new}"));
    }
    let has_own = [from, to].iter().any(|catalog| {
        let cast = format!("({} AS {})", without_modifier(old), without_modifier(new));
        catalog.get(&Key::new(Kind::Cast, None, cast)).is_some()
    });
    if has_own {
        return Some(format!("{name}::{new}"));
    }
    // A text may be an array as it is written. Anything else is the only value of one, or the first.
    let is_whole = |of: &str| matches!(family(of), Family::Text | Family::Json);
    if arrays(&old_base) == 0 && arrays(&new_base) > 0 && !is_whole(&old_base) {
        let value = converted(catalogs, name, old, new_base.trim_end_matches("[]"), false);
        let value = value.unwrap_or_else(|| name.to_owned());
        return Some(format!("CASE WHEN {name} IS NOT NULL THEN ARRAY[{value}]::{new} END"));
    }
    if arrays(&old_base) > 0 && arrays(&new_base) == 0 && !is_whole(&new_base) {
        let first = format!("({name})[1]");
        return Some(converted(catalogs, &first, old_base.trim_end_matches("[]"), new, false).unwrap_or(first));
    }
    let (one, two) = (family(&old_base), family(&new_base));
    // A JSON value is not what it is as a text: that of a word has quotes.
    match (&one, &two) {
        (Family::Text | Family::Json, Family::Json) | (Family::Json, Family::Text) => {}
        (_, Family::Json) => {
            let rest = if new == new_base { String::new() } else { format!("::{new}") };
            return Some(format!("pg_catalog.to_{new_base}({name}){rest}"));
        }
        (Family::Json, _) => return Some(format!("({name} #>> '{{}}')::{new}")),
        _ => {}
    }
    let is_direct = match (&one, &two) {
        _ if without_modifier(&old_base) == without_modifier(&new_base) => true,
        (_, Family::Text) => true,
        (Family::Number, Family::Number | Family::Money) | (Family::Money, Family::Number) => true,
        (Family::Time(one), Family::Time(two)) => {
            one == two || matches!((one, two), ('d' | 's', 'd' | 's') | ('s', 't'))
        }
        (Family::Json, Family::Json) | (Family::Network, Family::Network) | (Family::Bit, Family::Bit) => true,
        _ => false,
    };
    let is_known = matches!((&one, &two), (Family::Text, _))
        || matches!((old_base.as_str(), new_base.as_str()), ("integer", "boolean") | ("boolean", "integer"))
        || arrays(&old_base) > 0 && arrays(&old_base) == arrays(&new_base) && {
            let element = |of: &str| of.trim_end_matches("[]").to_owned();
            let (one, two) = (family(&element(&old_base)), family(&element(&new_base)));
            matches!(one, Family::Text) || matches!(two, Family::Text) || one == two && one != Family::Other
        };
    match (is_direct, is_known) {
        (true, _) => None,
        (false, true) => Some(format!("{name}::{new}")),
        (false, false) => Some(format!("{name}::{text}::{new}")),
    }
}

/// The attributes of two composite types, or of one before and after.
type Attributes<'a> = (&'a [Column], &'a [Column]);

fn composites<'a>((from, to): (&'a Catalog, &'a Catalog), old: &str, new: &str) -> Option<Attributes<'a>> {
    Some((composite(from, old)?, composite(to, new)?))
}

fn composite<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a [Column]> {
    let types = catalog.of_kind(Kind::Type).chain(catalog.of_kind(Kind::Table));
    types.into_iter().find(|it| full(&it.key) == name).and_then(|object| match &object.body {
        Body::Type(Type::Composite { columns }) => Some(columns.as_slice()),
        Body::Table(table) => Some(table.columns.as_slice()),
        _ => None,
    })
}

/// Those of two arrays of composites.
fn elements<'a>(catalogs: (&'a Catalog, &'a Catalog), old: &str, new: &str) -> Option<Attributes<'a>> {
    composites(catalogs, old.strip_suffix("[]")?, new.strip_suffix("[]")?)
}

/// Whether an array's values can't be taken over: they are of a composite type that is made anew with other attributes.
pub(super) fn is_other_array(catalogs: (&Catalog, &Catalog), old: &str, new: &str) -> bool {
    let Some(both) = elements(catalogs, old, new).filter(|both| !is_alike(catalogs, *both)) else { return false };
    let [was, is] = [both.0, both.1].map(|columns| Type::Composite { columns: columns.to_vec() });
    let name = |object: &&Object| full(&object.key) == old.trim_end_matches("[]");
    let key = catalogs.0.of_kind(Kind::Type).find(name).map(|object| &object.key);
    old != new || key.is_some_and(|key| !is_alterable(catalogs, key, &was, &is))
}

/// Whether values of one are values of the other when they are read as texts: the same attributes in the same order.
fn is_alike(catalogs: (&Catalog, &Catalog), (old, new): Attributes<'_>) -> bool {
    let inner = |(old, new): (&Column, &Column)| {
        let (was, is) = (&old.data_type, &new.data_type);
        let both = composites(catalogs, was, is).or_else(|| elements(catalogs, was, is));
        old.name == new.name && both.is_none_or(|both| is_alike(catalogs, both))
    };
    old.len() == new.len() && old.iter().zip(new).all(inner)
}

/// Whether numbers become others, which a text may be none of: `3.00` is no integer. Where a text gets a length, it stays
/// with texts: an explicit cast would cut it short.
fn is_rounded((from, to): (&Catalog, &Catalog), (old, new): Attributes<'_>) -> bool {
    let both = || new.iter().filter_map(|new| Some((old.iter().find(|it| it.name == new.name)?, new)));
    let types = || both().filter(|(was, is)| was.data_type != is.data_type);
    let mut all = types().map(|(was, is)| (family(&base(from, &was.data_type)), base(to, &is.data_type)));
    let is_number = |(was, is): (Family, String)| was == Family::Number && family(&is) == Family::Number;
    let is_cut = |is: &str| family(is) == Family::Text && is.contains('(');
    all.any(is_number) && !types().any(|(_, is)| is_cut(&base(to, &is.data_type)))
}

/// A value of another composite type, attribute by attribute.
fn row(catalogs: (&Catalog, &Catalog), value: &str, (old, new): Attributes<'_>, of: &str) -> String {
    let field = |new: &Column| {
        let Some(was) = old.iter().find(|it| it.name == new.name) else { return "NULL".to_owned() };
        let value = format!("({value}).{}", quoted(&new.name));
        // Of a type that somebody made there may be another of its name.
        let is_made = catalogs.0.of_kind(Kind::Type).any(|it| is_of(&was.data_type, it));
        match was.data_type == new.data_type && !is_made {
            true => value,
            false => converted(catalogs, &value, &was.data_type, &new.data_type, is_made)
                .unwrap_or_else(|| format!("{value}::{}", new.data_type)),
        }
    };
    let fields: Vec<String> = new.iter().map(field).collect();
    format!("CASE WHEN {value} IS DISTINCT FROM NULL THEN ROW({})::{of} END", fields.join(", "))
}

/// The attributes that a value of a composite type has no more when it is one of another.
pub(super) fn attributes_lost(from: &Catalog, to: &Catalog, old: &str, new: &str) -> Vec<String> {
    let (old, new) = (old.trim_end_matches("[]"), new.trim_end_matches("[]"));
    let gone = |(old, new): Attributes<'_>| {
        let is_gone = |was: &&Column| !new.iter().any(|it| it.name == was.name);
        old.iter().filter(is_gone).map(|it| it.name.clone()).collect()
    };
    composites((from, to), old, new).map(gone).unwrap_or_default()
}

/// Types that the server assigns to each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Number,
    Money,
    /// A date, a timestamp, a time of day, an interval.
    Time(char),
    Json,
    Network,
    Bit,
    Array,
    Other,
}

pub(super) fn family(of: &str) -> Family {
    if of.ends_with(']') {
        return Family::Array;
    }
    match without_modifier(of).as_str() {
        "text" | "character varying" | "character" | "name" | "\"char\"" => Family::Text,
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => Family::Number,
        "money" => Family::Money,
        "date" => Family::Time('d'),
        "timestamp without time zone" | "timestamp with time zone" => Family::Time('s'),
        "time without time zone" | "time with time zone" => Family::Time('t'),
        "interval" => Family::Time('i'),
        "json" | "jsonb" => Family::Json,
        "inet" | "cidr" => Family::Network,
        "bit" | "bit varying" => Family::Bit,
        _ => Family::Other,
    }
}

/// A type without what is in parentheses: `numeric(10,2)`, `timestamp(3) with time zone`.
pub(super) fn without_modifier(of: &str) -> String {
    match (of.find('('), of.rfind(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &of[..open], &of[close + 1..]),
        _ => of.to_owned(),
    }
}

/// What a domain is made of, to the last.
pub(super) fn base(catalog: &Catalog, of: &str) -> String {
    let name = of.trim_end_matches("[]");
    let domain = catalog.of_kind(Kind::Type).find(|it| full(&it.key) == name);
    match domain.map(|it| &it.body) {
        Some(Body::Type(Type::Domain { base: inner, .. })) => base(catalog, &format!("{inner}{}", &of[name.len()..])),
        _ => of.to_owned(),
    }
}

/// Whether a type's SQL names an object: `app.mood`, `app.mood[]`, `app.kilo(3)`; or the multirange of one.
pub(super) fn is_of(sql: &str, object: &Object) -> bool {
    let name = without_modifier(sql);
    let name = name.trim_end_matches("[]");
    name == full(&object.key) || super::multirange::of(object) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(of: &str) -> Vec<String> {
        of.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_added_where_they_belong() {
        let key = Key::new(Kind::Type, Some("app"), "mood");
        for (from, to) in [("b d", "a b c d e"), ("", "a b c"), ("x", "a b x"), ("x y", "x a b y")] {
            let sql = new_labels(&key, &labels(from), &labels(to));
            // As the server does it.
            let mut there = labels(from);
            for statement in &sql {
                let words: Vec<&str> = statement.split_whitespace().skip(5).collect();
                let bare = |word: &str| word.trim_matches('\'').to_owned();
                let at = match words[1..] {
                    ["BEFORE", other] => there.iter().position(|it| *it == bare(other)).unwrap(),
                    ["AFTER", other] => there.iter().position(|it| *it == bare(other)).unwrap() + 1,
                    _ => there.len(),
                };
                there.insert(at, bare(words[0]));
            }
            assert_eq!(there, labels(to), "{sql:?}");
        }
        let of = |text: &str| Type::Enum { labels: labels(text) };
        let none = Catalog::new();
        let is_alterable = |from: &str, to: &str| is_alterable((&none, &none), &key, &of(from), &of(to));
        assert!(is_alterable("a c", "a b c"));
        assert!(!is_alterable("a c", "c a"));
        assert!(!is_alterable("a c", "a"));
    }

    #[test]
    fn values_are_cast_where_the_server_does_not_by_itself() {
        let none = Catalog::new();
        let using = |old: &str, new: &str| using(&none, &none, "c", old, new, false);
        for (old, new) in [
            ("integer", "bigint"),
            ("character varying(20)", "character varying(10)"),
            ("uuid", "text"),
            ("numeric(10,2)", "numeric"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("timestamp without time zone", "date"),
            ("json", "jsonb"),
            ("text[]", "text[]"),
        ] {
            assert_eq!(using(old, new), None, "{old} {new}");
        }
        for (old, new, cast) in [
            ("text", "integer", "c::integer"),
            ("integer", "boolean", "c::boolean"),
            ("integer", "uuid", "c::text::uuid"),
            ("text[]", "integer[]", "c::integer[]"),
            ("integer", "integer[]", "CASE WHEN c IS NOT NULL THEN ARRAY[c]::integer[] END"),
            ("integer", "uuid[]", "CASE WHEN c IS NOT NULL THEN ARRAY[c::text::uuid]::uuid[] END"),
            ("integer[]", "bigint", "(c)[1]"),
            ("text[]", "integer", "(c)[1]::integer"),
            ("text", "integer[]", "c::integer[]"),
            ("date[]", "uuid[]", "c::text[]::uuid[]"),
            ("date", "interval", "c::text::interval"),
            ("text[]", "jsonb", "pg_catalog.to_jsonb(c)"),
            ("date", "json", "pg_catalog.to_json(c)"),
            ("jsonb", "date", "(c #>> '{}')::date"),
        ] {
            assert_eq!(using(old, new).as_deref(), Some(cast), "{old} {new}");
        }
    }
}
