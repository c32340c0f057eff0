//! A schema for the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rung::catalog::{Body, Catalog, Column, Kind, Object};

use super::{about_part, in_order, kind_of, line, traits_of};
use crate::render::{DIM, STRONG, WARN, count, pad, paint};

/// The schema: what has no schema of its own first, then each schema with its objects.
pub(crate) fn tree(catalog: &Catalog) -> String {
    let parts = catalog.parts();
    let mut schemas: BTreeMap<Option<&str>, Vec<&Object>> = BTreeMap::new();
    for object in catalog.iter().filter(|object| catalog.parent(object).is_none()) {
        match object.key.kind {
            Kind::Schema => schemas.entry(Some(&object.key.name)).or_default(),
            _ => schemas.entry(object.key.schema.as_deref()).or_default(),
        }
        .extend((object.key.kind != Kind::Schema).then_some(object));
    }
    let mut text = String::new();
    for (schema, objects) in schemas {
        let indent = if schema.is_some() { "  " } else { "" };
        if let Some(schema) = schema {
            let what = if objects.is_empty() { "empty".to_owned() } else { count(objects.len(), "object") };
            let _ = writeln!(text, "schema {}  {}", paint(STRONG, schema), paint(DIM, what));
        }
        for object in objects {
            let own = parts.get(&*object.key).map_or(&[][..], Vec::as_slice);
            write_object(&mut text, indent, object, own, catalog);
        }
    }
    for unknown in &catalog.unknown {
        let _ = writeln!(text, "{} {}: {}", paint(WARN, "not described"), unknown.what, unknown.why);
    }
    text
}

fn write_object(text: &mut String, indent: &str, object: &Object, parts: &[&Object], catalog: &Catalog) {
    let arguments = object.key.arguments.as_ref().map_or_else(String::new, |arguments| format!("({arguments})"));
    let name = format!("{}{arguments}", object.key.name);
    let _ = write!(text, "{indent}{} {}", kind_of(object), paint(STRONG, name));
    let about = about(object);
    if !about.is_empty() {
        let _ = write!(text, "  {}", paint(DIM, about));
    }
    text.push('\n');
    columns(text, indent, object.columns());
    let is_last = |kind| matches!(kind, Kind::Index | Kind::Statistics | Kind::Rule | Kind::Trigger | Kind::Policy);
    for part in in_order(parts) {
        let what = match &part.body {
            Body::Constraint(_) => about_part(part, catalog),
            _ if is_last(part.key.kind) => format!("{} {} {}", part.key.kind, part.key.name, about_part(part, catalog)),
            _ => continue,
        };
        let _ = writeln!(text, "{indent}  {what}");
    }
}

fn columns(text: &mut String, indent: &str, columns: &[Column]) {
    let width = |of: fn(&Column) -> usize| columns.iter().map(of).max().unwrap_or(0).min(40);
    let names = width(|column| column.name.chars().count());
    let types = width(|column| column.data_type.chars().count());
    for column in columns {
        let line = format!(
            "{indent}    {}  {}  {}",
            pad(&column.name, names),
            pad(&column.data_type, types),
            traits_of(column).join("  ")
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// What is to be known of an object beside its name.
fn about(object: &Object) -> String {
    let mut about = super::about(object);
    about.extend(object.comment.iter().map(|comment| format!("“{}”", line(comment))));
    about.join(" · ")
}
