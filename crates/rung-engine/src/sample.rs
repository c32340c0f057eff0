//! Rows that a schema could have, made up: a few for every table, as statements to be tried. Pure.
//!
//! A row is given in several spellings, the likeliest first; which of them a table takes only the database knows. Values
//! are to suit the second schema as well as the first, so that what leads from one to the other finds nothing amiss in
//! them: numbers where a text becomes a number, words that both enums have, what the conditions of both speak of.

use std::sync::Arc;

use rung_catalog::{Body, Catalog, Column, Constraint, ConstraintKind, ForeignKey, Key, Kind, Object, Type, Value};
use rung_sql::{TokenKind, tokens};

use crate::dialect::Dialect;

/// So many rows for a table.
const ROWS: usize = 3;

/// So many values of those that conditions speak of are tried, and so many kinds of the others.
const LIKELY: usize = 5;
const KINDS: usize = 3;

/// A table, and what is to be put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The table.
    pub key: Arc<Key>,
    /// The rows, each as the statements of which the first that is taken puts it in.
    pub rows: Vec<Vec<String>>,
}

/// What a column is in the schema that comes next, with its table: by the table and the name that it has now.
pub type Twin<'a, 'b> = dyn Fn(&Key, &str) -> Option<(&'a Object, &'a Column)> + 'b;

/// Rows for the tables of `from`, those first that others refer to; they are to suit `to`, too.
pub fn samples<'a>(from: &'a Catalog, twin: &Twin<'a, '_>, to: &'a Catalog, dialect: &dyn Dialect) -> Vec<Sample> {
    let tables: Vec<Arc<Key>> =
        from.of_kind(Kind::Table).filter(|table| holds_rows(table)).map(|table| Arc::clone(&table.key)).collect();
    let maker = Maker { from, to, twin, dialect };
    let in_order = from.after_those_referred_to(&tables);
    in_order.into_iter().filter_map(|key| Some(maker.sample(from.get(&key)?))).collect()
}

/// Whether a table has rows of its own that it can be given.
fn holds_rows(object: &Object) -> bool {
    match &object.body {
        Body::Table(table) => table.server.is_none() && table.bound.is_none() && table.shadows.is_empty(),
        _ => false,
    }
}

struct Maker<'a, 'b> {
    from: &'a Catalog,
    to: &'a Catalog,
    twin: &'b Twin<'a, 'b>,
    dialect: &'b dyn Dialect,
}

impl<'a> Maker<'a, '_> {
    fn sample(&self, table: &'a Object) -> Sample {
        let given: Vec<&Column> = table.columns().iter().filter(|column| self.is_given(table, column)).collect();
        let sources: Vec<Source> = given.iter().map(|column| self.source(table, column)).collect();
        let name = self.dialect.object_name(&table.key);
        let names: Vec<String> = given.iter().map(|column| self.dialect.identifier(&column.name)).collect();
        let row = |row: usize| {
            let mut spellings: Vec<String> = Vec::new();
            for (kind, likely) in (0..KINDS).flat_map(|kind| (0..LIKELY).map(move |likely| (kind, likely))) {
                let values: Vec<String> = sources.iter().map(|source| source.value(row, kind, likely)).collect();
                let statement = match names.is_empty() {
                    true => format!("INSERT INTO {name} DEFAULT VALUES"),
                    false => format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), values.join(", ")),
                };
                if !spellings.contains(&statement) {
                    spellings.push(statement);
                }
            }
            spellings
        };
        Sample { key: Arc::clone(&table.key), rows: (0..ROWS).map(row).collect() }
    }

    /// Whether a column is said. What counts by itself is let to, so that its position means something.
    fn is_given(&self, table: &Object, column: &Column) -> bool {
        match &column.value {
            Value::Stored(_) | Value::Virtual(_) | Value::Identity(_) => false,
            Value::Default(default) => !default.contains("nextval("),
            Value::None => {
                let is_number = column.data_type.eq_ignore_ascii_case("integer");
                let is_key = |it: &Constraint| matches!(&it.kind, ConstraintKind::PrimaryKey { columns, .. } if *columns == [column.name.clone()]);
                let counts = matches!(&table.body, Body::Table(of) if of.definition.is_some());
                !(counts && is_number && self.from.constraints(table).any(is_key))
            }
        }
    }

    fn source(&self, table: &'a Object, column: &Column) -> Source {
        let twin = (self.twin)(&table.key, &column.name);
        if let Some(foreign) = foreign_key(self.from, table, &column.name) {
            return self.of_other(table, foreign, column);
        }
        let mut both = vec![(self.from, table, column)];
        if let Some((object, now)) = twin {
            both.insert(0, (self.to, object, now));
        }
        let mut likely = Vec::new();
        for (catalog, object, column) in &both {
            likely.extend(self.spoken_of(catalog, object, &column.name));
        }
        let mut kinds: Vec<Vec<String>> =
            both.iter().filter_map(|(catalog, _, column)| self.literals(catalog, &column.data_type, 0)).collect();
        // Words that both have, before those of one.
        if let [now, before] = kinds.as_slice()
            && now.iter().any(|value| before.contains(value))
        {
            let shared = now.iter().filter(|value| before.contains(value)).cloned().collect();
            kinds.insert(0, shared);
        }
        let values = kinds;
        let may_be_null = both.iter().all(|(catalog, object, column)| {
            column.not_null.is_none() && !is_of_key(catalog, object, &column.name) && likely.is_empty()
        });
        Source { values, likely, may_be_null }
    }

    /// A value that another table has, of the row of the same number.
    fn of_other(&self, table: &Object, foreign: &ForeignKey, column: &Column) -> Source {
        let at = foreign.columns.iter().position(|it| it == &column.name).unwrap_or_default();
        let references = match foreign.references.as_slice() {
            [] => self.from.get(&foreign.table).map(|other| primary_key(self.from, other)).unwrap_or_default(),
            said => said.to_vec(),
        };
        let of = |row: usize| -> Option<String> {
            let referred = self.dialect.identifier(references.get(at)?);
            let order: Vec<String> = references.iter().map(|it| self.dialect.identifier(it)).collect();
            let name = self.dialect.object_name(&foreign.table);
            Some(format!("(SELECT {referred} FROM {name} ORDER BY {} LIMIT 1 OFFSET {row})", order.join(", ")))
        };
        let values: Vec<String> = (0..ROWS).filter_map(of).collect();
        // A row may refer to itself.
        let own = if *foreign.table == *table.key { self.literals(self.from, &column.data_type, 0) } else { None };
        let null = vec!["NULL".to_owned()];
        Source {
            values: [Some(values), own, Some(null)].into_iter().flatten().collect(),
            likely: Vec::new(),
            may_be_null: false,
        }
    }

    /// The words and numbers that conditions on a column speak of, and what is beside them.
    fn spoken_of(&self, catalog: &Catalog, object: &Object, column: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut texts: Vec<String> = catalog
            .constraints(object)
            .filter_map(|it| match &it.kind {
                ConstraintKind::Check(condition) => Some(condition.clone()),
                _ => None,
            })
            .collect();
        if let Body::Table(of) = &object.body
            && let Some(by) = &of.partition_by
        {
            let bounds = catalog.of_kind(Kind::Table).filter_map(|it| match &it.body {
                Body::Table(of) if of.inherits.contains(&object.key) => of.bound.clone(),
                _ => None,
            });
            texts.extend(bounds.map(|bound| format!("{by} {bound}")));
        }
        for text in texts {
            let words: Vec<(TokenKind, &str)> =
                tokens(&text, self.dialect.syntax()).map(|it| (it.kind, &text[it.span.range()])).collect();
            let is_named = |(_, word): &(TokenKind, &str)| word.trim_matches(['"', '`']).eq_ignore_ascii_case(column);
            if words.iter().any(is_named) {
                found.extend(words.iter().flat_map(|(kind, word)| around(*kind, word)));
            }
        }
        found
    }

    /// Values of a type as literals, those of the first row first; `None` where nothing is known of it.
    fn literals(&self, catalog: &Catalog, data_type: &str, depth: usize) -> Option<Vec<String>> {
        if let Some(element) = data_type.strip_suffix("[]") {
            let elements = self.literals(catalog, element, depth).unwrap_or_default();
            let lists = elements.iter().map(|element| self.dialect.quote_literal(&format!("{{{}}}", within(element))));
            return Some(lists.chain(["'{}'".to_owned()]).collect());
        }
        let own = catalog.of_kind(Kind::Type).find(|it| self.dialect.object_name(&it.key) == data_type);
        match own.map(|it| (&it.body, &it.key)) {
            Some((Body::Type(Type::Enum { labels }), _)) => {
                Some(labels.iter().map(|label| self.dialect.quote_literal(label)).collect())
            }
            Some((Body::Type(Type::Domain { base, .. }), key)) if depth < 8 => {
                let is_its = |it: &&Object| it.key.parent.as_ref() == Some(&key.name) && it.key.schema == key.schema;
                let checks = catalog.of_kind(Kind::Constraint).filter(is_its).filter_map(|it| match &it.body {
                    Body::Constraint(of) => match &of.kind {
                        ConstraintKind::Check(condition) => Some(condition),
                        _ => None,
                    },
                    _ => None,
                });
                let spoken = checks.flat_map(|text| {
                    tokens(text, self.dialect.syntax()).flat_map(|it| around(it.kind, &text[it.span.range()]))
                });
                let mut values: Vec<String> = spoken.collect();
                values.extend(self.literals(catalog, base, depth + 1)?);
                Some(values)
            }
            Some((Body::Type(Type::Composite { columns }), _)) if depth < 8 => {
                let fields: Vec<Option<Vec<String>>> =
                    columns.iter().map(|column| self.literals(catalog, &column.data_type, depth + 1)).collect();
                let field = |values: &Option<Vec<String>>, row: usize| {
                    values.iter().flatten().cycle().nth(row).map_or_else(String::new, |value| within(value))
                };
                let row = |row: usize| {
                    let fields: Vec<String> = fields.iter().map(|values| field(values, row)).collect();
                    self.dialect.quote_literal(&format!("({})", fields.join(",")))
                };
                Some((0..ROWS).map(row).collect())
            }
            // Of one that is made of anything, this is a value.
            Some((Body::Type(Type::Range(_)), _)) => Some(vec!["'empty'".to_owned()]),
            Some(_) => None,
            None => usual(data_type),
        }
    }
}

/// A literal as it is written within that of a list or a row (PostgreSQL 8.15.6, 8.16.6).
fn within(literal: &str) -> String {
    let (text, is_escaped) = literal.strip_prefix('E').map_or((literal, false), |rest| (rest, true));
    let text = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text).replace("''", "'");
    let text = if is_escaped { text.replace(r"\\", r"\") } else { text };
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// Where the values of a column come from.
struct Source {
    /// By kind, the likeliest first; each for the rows in turn.
    values: Vec<Vec<String>>,
    /// What conditions speak of.
    likely: Vec<String>,
    may_be_null: bool,
}

impl Source {
    /// The value for a row; `kind` tells which kind of values, `likely` how far along those that conditions speak of.
    fn value(&self, row: usize, kind: usize, likely: usize) -> String {
        let of = |list: &[String], at: usize| list.get(at % list.len().max(1)).cloned();
        let usual = self.values.get(kind.min(self.values.len().saturating_sub(1)));
        let found = match likely {
            // The last row has no value where it needs none.
            _ if row + 1 == ROWS && self.may_be_null => None,
            0 => usual.and_then(|list| of(list, row)),
            _ if self.likely.is_empty() => usual.and_then(|list| of(list, row)),
            at => of(&self.likely, row + at - 1),
        };
        found.unwrap_or_else(|| "NULL".to_owned())
    }
}

fn foreign_key<'a>(catalog: &'a Catalog, table: &'a Object, column: &str) -> Option<&'a ForeignKey> {
    catalog.constraints(table).find_map(|it| match &it.kind {
        ConstraintKind::Foreign(foreign) if foreign.columns.iter().any(|it| it == column) => Some(&**foreign),
        _ => None,
    })
}

fn primary_key(catalog: &Catalog, table: &Object) -> Vec<String> {
    let columns = catalog.constraints(table).find_map(|it| match &it.kind {
        ConstraintKind::PrimaryKey { columns, .. } => Some(columns.clone()),
        _ => None,
    });
    columns.unwrap_or_default()
}

fn is_of_key(catalog: &Catalog, table: &Object, column: &str) -> bool {
    primary_key(catalog, table).iter().any(|it| it == column)
}

/// What a literal within a condition says, and its neighbours where it is a number: `> 0` is not true of 0.
fn around(kind: TokenKind, word: &str) -> Vec<String> {
    match kind {
        TokenKind::String => {
            let text = word.trim_matches('\'');
            // A pattern says what there must be, and not all of it.
            let is_pattern = text.contains('%');
            let rows = (1..=ROWS).filter(|_| is_pattern);
            let filled = rows.map(|row| format!("'{}'", text.replace('%', &row.to_string()).replace('_', "a")));
            filled.chain([word.to_owned()]).collect()
        }
        TokenKind::Number => match word.parse::<i64>() {
            Ok(number) => [1, 0, -1, 2, 3, -2]
                .iter()
                .filter_map(|by| number.checked_add(*by))
                .map(|it| format!("'{it}'"))
                .collect(),
            Err(_) => vec![format!("'{word}'")],
        },
        _ => Vec::new(),
    }
}

/// Values of a type that a database came with, as quoted texts: that is how all of them can be written.
fn usual(data_type: &str) -> Option<Vec<String>> {
    let lower = data_type.to_ascii_lowercase();
    let (name, length) = match lower.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.split([',', ')']).next().and_then(|it| it.trim().parse().ok())),
        None => (lower.as_str(), None),
    };
    let each = |of: &dyn Fn(usize) -> String| Some((1..=ROWS).map(|n| format!("'{}'", of(n))).collect());
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let day = |n: usize| format!("2024-01-0{n}");
    if has(&["multirange"]) {
        return each(&|_| "{}".to_owned());
    }
    if has(&["range"]) {
        return match () {
            () if has(&["int", "num"]) => each(&|n| format!("[{n},{})", n + 1)),
            () => each(&|n| format!("[{},{})", day(n), day(n + 1))),
        };
    }
    if has(&["interval"]) {
        return each(&|n| format!("{n} days"));
    }
    if has(&["timestamp", "datetime"]) {
        return each(&|n| format!("{} 00:00:00", day(n)));
    }
    if has(&["date"]) {
        return each(&day);
    }
    if name.starts_with("time") {
        return each(&|n| format!("0{n}:00:00"));
    }
    if has(&["uuid"]) {
        return each(&|n| format!("00000000-0000-4000-8000-00000000000{n}"));
    }
    if has(&["json"]) {
        return each(&|n| format!("{{\"n\": {n}}}"));
    }
    if name == "bytea" {
        return each(&|n| format!("\\x0{n}"));
    }
    if name == "blob" {
        return Some((1..=ROWS).map(|n| format!("x'0{n}'")).collect());
    }
    if has(&["bool"]) {
        return each(&|n| (n % 2).to_string());
    }
    if name == "point" {
        return each(&|n| format!("({n},{n})"));
    }
    if name.starts_with("bit") {
        let digits = if name == "bit" { length.unwrap_or(1) } else { 1 };
        return each(&|n| (n % 2).to_string().repeat(digits));
    }
    if has(&["inet", "cidr"]) {
        return each(&|n| format!("10.0.0.{n}"));
    }
    if has(&["macaddr8"]) {
        return each(&|n| format!("08:00:2b:01:02:03:04:0{n}"));
    }
    if has(&["macaddr"]) {
        return each(&|n| format!("08:00:2b:01:02:0{n}"));
    }
    if has(&["xml"]) {
        return each(&|n| format!("<n>{n}</n>"));
    }
    if has(&[
        "int", "serial", "numeric", "decimal", "real", "double", "float", "number", "money", "oid", "char", "text",
        "clob", "name", "tsvector", "tsquery",
    ]) || name.is_empty()
        || name == "any"
    {
        return each(&|n| n.to_string());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_suit_their_types() {
        assert_eq!(usual("character varying(3)").unwrap(), ["'1'", "'2'", "'3'"]);
        assert_eq!(usual("timestamp with time zone").unwrap()[0], "'2024-01-01 00:00:00'");
        assert_eq!(usual("int4range").unwrap()[1], "'[2,3)'");
        assert_eq!(usual("bit(4)").unwrap()[0], "'1111'");
        assert_eq!(usual("int4multirange").unwrap()[0], "'{}'");
        assert_eq!(usual("app.of_somebody"), None);
    }

    #[test]
    fn what_is_within_another_value_has_quotes_of_its_own() {
        for (literal, is) in [
            ("'a'", r#""a""#),
            ("'it''s'", r#""it's""#),
            (r#"'{"a"}'"#, r#""{\"a\"}""#),
            (r"E'a\\b'", r#""a\\b""#),
            ("1", r#""1""#),
        ] {
            assert_eq!(within(literal), is, "{literal}");
        }
    }

    #[test]
    fn conditions_say_what_they_take() {
        assert_eq!(around(TokenKind::String, "'open'"), ["'open'"]);
        assert_eq!(around(TokenKind::String, "'%@%'"), ["'1@1'", "'2@2'", "'3@3'", "'%@%'"]);
        assert!(around(TokenKind::Number, "0").contains(&"'1'".to_owned()));
    }
}
