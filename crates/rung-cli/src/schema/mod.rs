//! A schema as it is shown: a tree, Markdown, diagrams, JSON. As SQL the database's dialect writes it.

mod dot;
mod json;
mod markdown;
mod mermaid;
mod tree;
mod words;

use rung::catalog::{Body, Catalog, ConstraintKind, ForeignKey, Key, Kind, Object, RoutineKind, Table, Type};

pub(crate) use dot::dot;
pub(crate) use json::Schema as Json;
pub(crate) use markdown::markdown;
pub(crate) use mermaid::mermaid;
pub(crate) use tree::tree;
pub(crate) use words::{about, about_part, line, traits_of};

/// An object's name with its schema, but for those of `public`, which everybody leaves out.
pub(crate) fn short(key: &Key) -> String {
    match key.schema.as_deref() {
        None | Some("public") => key.name.clone(),
        Some(schema) => format!("{schema}.{}", key.name),
    }
}

/// A table that one of `schema` points at, as it is called there: with its own schema where that one has another of its
/// name, which it would be taken for.
pub(crate) fn seen_from(schema: Option<&str>, key: &Key, catalog: &Catalog) -> String {
    let other = Key::new(key.kind, schema, &*key.name);
    match key.schema.as_deref() {
        Some(own) if schema != Some(own) && catalog.get(&other).is_some() => format!("{own}.{}", key.name),
        _ => short(key),
    }
}

/// What belongs to a table, in the order in which people look for it: keys, checks, indexes, the rest.
pub(crate) fn in_order<'a>(parts: &[&'a Object]) -> Vec<&'a Object> {
    let rank = |object: &&Object| match &object.body {
        Body::Constraint(constraint) => match constraint.kind {
            ConstraintKind::PrimaryKey { .. } => 0,
            ConstraintKind::Unique { .. } => 1,
            ConstraintKind::Foreign(_) => 2,
            ConstraintKind::Check(_) | ConstraintKind::Exclude(_) => 3,
        },
        Body::Index(_) => 4,
        _ => 5,
    };
    let mut sorted = parts.to_vec();
    sorted.sort_by_key(rank);
    sorted
}

/// What an object is called by its kind: `enum`, `materialized view`, `procedure`.
pub(crate) fn kind_of(object: &Object) -> &'static str {
    match &object.body {
        Body::Table(table) if table.server.is_some() => "foreign table",
        Body::Table(table) if table.partition_by.is_some() => "partitioned table",
        Body::Table(table) if table.bound.is_some() => "partition",
        Body::Table(table) if table.definition.is_some() && table.access_method.is_some() => "virtual table",
        Body::View(view) if view.materialized => "materialized view",
        Body::Routine(routine) => match routine.kind {
            RoutineKind::Function | RoutineKind::Window => "function",
            RoutineKind::Procedure => "procedure",
            RoutineKind::Aggregate => "aggregate",
        },
        Body::Type(Type::Enum { .. }) => "enum",
        Body::Type(Type::Domain { .. }) => "domain",
        Body::Type(Type::Composite { .. }) => "composite type",
        Body::Type(Type::Range(_)) => "range type",
        _ => object.key.kind.as_str(),
    }
}

/// Tables with their parts, by key.
pub(crate) fn tables(catalog: &Catalog) -> impl Iterator<Item = (&Object, &Table)> {
    catalog.of_kind(Kind::Table).filter_map(|object| match &object.body {
        Body::Table(table) => Some((object, &**table)),
        _ => None,
    })
}

/// Foreign keys of tables: the table, the name, what it says.
pub(crate) fn foreign_keys(catalog: &Catalog) -> impl Iterator<Item = (&Object, &Object, &ForeignKey)> {
    catalog.of_kind(Kind::Constraint).filter_map(|object| match &object.body {
        Body::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::Foreign(foreign) => Some((catalog.parent(object)?, object, &**foreign)),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a row of the other table has at most one of these: what the foreign key is on is unique here.
pub(crate) fn is_one_to_one(parts: &[&Object], foreign: &ForeignKey) -> bool {
    parts.iter().any(|part| {
        let unique: Vec<&str> = match &part.body {
            Body::Constraint(it) => match &it.kind {
                ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                    columns.iter().map(String::as_str).collect()
                }
                _ => return false,
            },
            Body::Index(it) if it.unique && it.valid && it.predicate.is_none() => {
                let columns: Option<Vec<&str>> = it.keys.iter().map(|key| key.column.as_deref()).collect();
                let Some(columns) = columns else { return false };
                columns
            }
            _ => return false,
        };
        unique.iter().all(|name| foreign.columns.iter().any(|column| column == name))
    })
}
