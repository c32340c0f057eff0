//! What a template is told of the schema.

use std::collections::HashMap;

use rung::catalog::{Body, Catalog, ConstraintKind, Key, Kind, Object, RowSecurity, Value};
use serde::Serialize;

use super::escape::{anchor, capital, code};
use crate::schema::{self, about, about_part, in_order, is_one_to_one, kind_of, seen_from, short, traits_of};

/// The schema, by name.
#[derive(Serialize)]
pub(super) struct Schema<'a> {
    /// Tables and their foreign keys for Mermaid; empty where they are too many for that.
    diagram: String,
    tables: Vec<Relation<'a>>,
    views: Vec<Relation<'a>>,
    types: Vec<Named<'a>>,
    routines: Vec<Named<'a>>,
    /// All else that is no part of a table: extensions, sequences, ...
    others: Vec<Named<'a>>,
    /// What was found and can't be described.
    unknown: Vec<String>,
}

/// A table or a view.
#[derive(Serialize)]
struct Relation<'a> {
    /// With its schema, but for `public`.
    name: String,
    /// `table`, `view`, `materialized view`, `partition`, ...
    kind: &'static str,
    /// The place of its heading on rung's own page.
    anchor: String,
    /// What it is a partition of, and of which values; by what it is partitioned; what it inherits from; ...
    about: Vec<String>,
    comment: Option<&'a str>,
    columns: Vec<Column<'a>>,
    primary_key: &'a [String],
    foreign_keys: Vec<ForeignKey<'a>>,
    indexes: Vec<Index<'a>>,
    /// Uniqueness, checks and the like, in words.
    constraints: Vec<Part<'a>>,
    /// Triggers, policies, rules: when they fire and what they do, whom they are for and what they let through.
    others: Vec<Part<'a>>,
    /// `on`, `forced`; none where policies do not hold.
    row_security: Option<&'static str>,
    /// The query of a view.
    query: Option<&'a str>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    r#type: &'a str,
    nullable: bool,
    default: Option<&'a str>,
    generated: Option<&'a str>,
    identity: bool,
    /// `PK`, `FK`, `UQ`, as many as hold.
    keys: Vec<&'static str>,
    /// All that is said of it, in words.
    traits: Vec<String>,
    comment: Option<&'a str>,
}

#[derive(Serialize)]
struct ForeignKey<'a> {
    name: &'a str,
    columns: &'a [String],
    /// The other table.
    table: String,
    /// The place of its heading; none where it is not told of.
    anchor: Option<String>,
    references: &'a [String],
    /// Whether a row there has at most one here.
    one_to_one: bool,
    on_delete: Option<&'a str>,
    on_update: Option<&'a str>,
}

#[derive(Serialize)]
struct Index<'a> {
    name: &'a str,
    unique: bool,
    /// Columns and expressions.
    keys: Vec<&'a str>,
    /// All of it, in words.
    what: String,
}

#[derive(Serialize)]
struct Part<'a> {
    kind: &'static str,
    name: &'a str,
    what: String,
}

#[derive(Serialize)]
struct Named<'a> {
    kind: &'static str,
    name: String,
    /// The words of an enum, the base of a domain, the columns of a composite type, the result of a function.
    what: String,
    comment: Option<&'a str>,
}

/// Collects it.
pub(super) fn schema(catalog: &Catalog) -> Schema<'_> {
    let parts = catalog.parts();
    let anchors = anchors(catalog);
    let relations = |kind: Kind| -> Vec<Relation<'_>> {
        let parts = |object: &Object| parts.get(&*object.key).map_or(&[][..], Vec::as_slice);
        catalog.of_kind(kind).map(|object| relation(object, parts(object), catalog, &anchors)).collect()
    };
    let mut found = Schema {
        diagram: diagram(catalog),
        tables: relations(Kind::Table),
        views: relations(Kind::View),
        types: Vec::new(),
        routines: Vec::new(),
        others: Vec::new(),
        unknown: catalog.unknown.iter().map(|unknown| format!("{}: {}", unknown.what, unknown.why)).collect(),
    };
    for object in catalog.iter().filter(|object| catalog.parent(object).is_none()) {
        let list = match object.key.kind {
            Kind::Type => &mut found.types,
            Kind::Routine => &mut found.routines,
            Kind::Table | Kind::View | Kind::Schema => continue,
            _ => &mut found.others,
        };
        list.push(named(object));
    }
    found
}

/// The tables for Mermaid: without their columns where it would refuse the text, and nothing where it would refuse that.
fn diagram(catalog: &Catalog) -> String {
    /// The longest text that Mermaid draws where nobody has told it otherwise, as on GitHub
    /// (<https://mermaid.js.org/config/schema-docs/config.html#maxtextsize>).
    const MOST: usize = 50_000;
    let each = [true, false].into_iter().map(|with_columns| schema::mermaid(catalog, with_columns));
    each.into_iter().find(|text| text.chars().count() <= MOST).unwrap_or_default()
}

/// The places of the headings of tables and views, each another one, as GitHub numbers those of one text.
fn anchors(catalog: &Catalog) -> HashMap<&Key, String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let relations = catalog.of_kind(Kind::Table).chain(catalog.of_kind(Kind::View));
    let each = relations.map(|object| {
        let text = anchor(&format!("{} {}", capital(kind_of(object)), code(&short(&object.key))));
        let time = times.entry(text.clone()).or_default();
        *time += 1;
        (&*object.key, if *time == 1 { text } else { format!("{text}-{}", *time - 1) })
    });
    each.collect()
}

fn named(object: &Object) -> Named<'_> {
    let arguments = object.key.arguments.as_ref().map_or_else(String::new, |arguments| format!("({arguments})"));
    let name = format!("{}{arguments}", short(&object.key));
    // The version of an extension is the server's, and the page is the same wherever it is written.
    let what = if object.key.kind == Kind::Extension { Vec::new() } else { about(object) };
    Named { kind: kind_of(object), name, what: what.join(", "), comment: object.comment.as_deref() }
}

fn relation<'a>(
    object: &'a Object,
    parts: &[&'a Object],
    catalog: &Catalog,
    anchors: &HashMap<&Key, String>,
) -> Relation<'a> {
    let mut found = Relation {
        name: short(&object.key),
        kind: kind_of(object),
        anchor: anchors.get(&*object.key).cloned().unwrap_or_default(),
        about: about(object),
        comment: object.comment.as_deref(),
        columns: Vec::new(),
        primary_key: &[],
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        constraints: Vec::new(),
        others: Vec::new(),
        row_security: match &object.body {
            Body::Table(table) if table.row_security == RowSecurity::On => Some("on"),
            Body::Table(table) if table.row_security == RowSecurity::Forced => Some("forced"),
            _ => None,
        },
        query: match &object.body {
            Body::View(view) => Some(view.query.trim()),
            _ => None,
        },
    };
    let mut unique: Vec<&str> = Vec::new();
    for part in in_order(parts) {
        let name = part.key.name.as_str();
        match &part.body {
            Body::Constraint(it) => match &it.kind {
                ConstraintKind::PrimaryKey { columns, .. } => found.primary_key = columns,
                ConstraintKind::Foreign(foreign) => found.foreign_keys.push(ForeignKey {
                    name,
                    columns: &foreign.columns,
                    table: seen_from(object.key.schema.as_deref(), &foreign.table, catalog),
                    anchor: anchors.get(&*foreign.table).cloned(),
                    one_to_one: is_one_to_one(parts, foreign),
                    references: &foreign.references,
                    on_delete: foreign.on_delete.as_deref(),
                    on_update: foreign.on_update.as_deref(),
                }),
                kind => {
                    if let ConstraintKind::Unique { columns, .. } = kind
                        && let [one] = columns.as_slice()
                    {
                        unique.push(one);
                    }
                    found.constraints.push(Part { kind: "constraint", name, what: about_part(part, catalog) });
                }
            },
            Body::Index(it) => found.indexes.push(Index {
                name,
                unique: it.unique,
                keys: it.keys.iter().map(|key| key.sql.as_str()).collect(),
                what: about_part(part, catalog),
            }),
            _ => found.others.push(Part { kind: part.key.kind.as_str(), name, what: about_part(part, catalog) }),
        }
    }
    found.columns = object
        .columns()
        .iter()
        .map(|column| {
            let is_foreign = found.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
            let marks = [
                ("PK", found.primary_key.contains(&column.name)),
                ("FK", is_foreign),
                ("UQ", unique.contains(&column.name.as_str())),
            ];
            let (default, generated) = match &column.value {
                Value::Default(default) => (Some(default.as_str()), None),
                Value::Stored(expression) | Value::Virtual(expression) => (None, Some(expression.as_str())),
                Value::None | Value::Identity(_) => (None, None),
            };
            Column {
                name: &column.name,
                r#type: &column.data_type,
                nullable: column.not_null.is_none(),
                default,
                generated,
                identity: matches!(column.value, Value::Identity(_)),
                keys: marks.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).collect(),
                traits: traits_of(column),
                comment: column.comment.as_deref(),
            }
        })
        .collect();
    found
}
