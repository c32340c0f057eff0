//! A schema as it is shown: a tree, Markdown, diagrams, JSON. As SQL the database's dialect writes it.

mod dot;
mod json;
mod markdown;
mod mermaid;
mod tree;

use rung::catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, ForeignKey, Index, Key, Kind, Object, Table, Timing, Type,
    Validity, Value,
};

pub(crate) use dot::dot;
pub(crate) use json::Schema as Json;
pub(crate) use markdown::markdown;
pub(crate) use mermaid::mermaid;
pub(crate) use tree::tree;

/// An object's name with its schema, but for those of `public`, which everybody leaves out.
pub(crate) fn short(key: &Key) -> String {
    match key.schema.as_deref() {
        None | Some("public") => key.name.clone(),
        Some(schema) => format!("{schema}.{}", key.name),
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
        Body::Routine(routine) => routine.kind.as_str(),
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

/// What is said of a column beside its name and type.
pub(crate) fn traits_of(column: &Column) -> Vec<String> {
    let mut traits = Vec::new();
    if column.not_null.is_some() {
        traits.push("not null".to_owned());
    }
    match &column.value {
        Value::None => {}
        Value::Default(default) => traits.push(format!("default {}", line(default))),
        Value::Stored(expression) => traits.push(format!("= {}, stored", line(expression))),
        Value::Virtual(expression) => traits.push(format!("= {}", line(expression))),
        Value::Identity(_) => traits.push("identity".to_owned()),
    }
    traits.extend(column.collation.iter().map(|name| format!("collate {name}")));
    traits
}

pub(crate) fn constraint(constraint: &Constraint) -> String {
    let mut text = match &constraint.kind {
        ConstraintKind::PrimaryKey { columns, .. } => format!("primary key ({})", columns.join(", ")),
        ConstraintKind::Unique { columns, .. } => format!("unique ({})", columns.join(", ")),
        ConstraintKind::Check(condition) => format!("check {}", in_parentheses(condition)),
        ConstraintKind::Exclude(definition) => format!("exclude {}", line(definition)),
        ConstraintKind::Foreign(foreign) => foreign_key(foreign),
    };
    match constraint.timing {
        Timing::NotDeferrable => {}
        Timing::Deferrable => text.push_str(", deferrable"),
        Timing::Deferred => text.push_str(", deferred"),
    }
    match constraint.validity {
        Validity::Valid => {}
        Validity::NotValid => text.push_str(", not valid"),
        Validity::NotEnforced => text.push_str(", not enforced"),
    }
    text
}

fn foreign_key(foreign: &ForeignKey) -> String {
    let mut text = format!("{} → {}", foreign.columns.join(", "), short(&foreign.table));
    if !foreign.references.is_empty() {
        text.push_str(&format!(" ({})", foreign.references.join(", ")));
    }
    text.extend(foreign.on_delete.iter().map(|action| format!(", on delete {}", action.to_lowercase())));
    text.extend(foreign.on_update.iter().map(|action| format!(", on update {}", action.to_lowercase())));
    text
}

pub(crate) fn index(index: &Index) -> String {
    let keys: Vec<String> = index.keys.iter().map(|key| line(&key.sql)).collect();
    let mut text = if index.unique { "unique ".to_owned() } else { String::new() };
    if !index.method.is_empty() && index.method != "btree" {
        text.push_str(&format!("{} ", index.method));
    }
    text.push_str(&format!("({})", keys.join(", ")));
    if !index.include.is_empty() {
        text.push_str(&format!(" include ({})", index.include.join(", ")));
    }
    text.extend(index.predicate.iter().map(|condition| format!(" where {}", line(condition))));
    if !index.valid && !index.on_only {
        text.push_str(", invalid");
    }
    text
}

fn in_parentheses(text: &str) -> String {
    let text = line(text);
    if text.starts_with('(') && text.ends_with(')') { text } else { format!("({text})") }
}

/// A text on one line.
pub(crate) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
