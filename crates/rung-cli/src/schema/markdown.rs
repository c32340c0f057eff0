//! A schema as Markdown: a table of columns for each table and view, with its keys, indexes and triggers below.

use std::fmt::Write as _;

use rung::catalog::{Body, Catalog, Kind, Object};

use super::{about, about_part, in_order, kind_of, line, short, traits_of};

/// The schema as a document; headings begin at the second level.
pub(crate) fn markdown(catalog: &Catalog) -> String {
    let parts = catalog.parts();
    let mut text = String::from("# Schema\n");
    for object in catalog.iter().filter(|it| matches!(it.key.kind, Kind::Table | Kind::View)) {
        let _ = write!(text, "\n## {}\n\n", cell(&short(&object.key)));
        let mut said = vec![capital(kind_of(object))];
        said.extend(about(object));
        let comment = object.comment.as_ref().map_or_else(String::new, |comment| format!(": {}", line(comment)));
        let _ = writeln!(text, "{}{}\n", cell(&said.join(", ")), cell(&comment));
        columns(&mut text, object);
        let own = parts.get(&*object.key).map_or(&[][..], Vec::as_slice);
        for (number, part) in in_order(own).into_iter().enumerate() {
            let what = match &part.body {
                Body::Constraint(_) => about_part(part, catalog),
                _ => format!("{} `{}` {}", part.key.kind, part.key.name, about_part(part, catalog)),
            };
            let _ = writeln!(text, "{}- {}", if number == 0 { "\n" } else { "" }, cell(&what));
        }
    }
    others(&mut text, catalog);
    text
}

fn columns(text: &mut String, object: &Object) {
    if object.columns().is_empty() {
        return;
    }
    text.push_str("| Column | Type | | |\n|---|---|---|---|\n");
    for column in object.columns() {
        let comment = column.comment.as_ref().map(|comment| line(comment)).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            cell(&column.name),
            cell(&column.data_type),
            cell(&traits_of(column).join(", ")),
            cell(&comment)
        );
    }
}

/// What is neither table nor view, by kind.
fn others(text: &mut String, catalog: &Catalog) {
    let mut last = "";
    for object in catalog {
        let is_part = catalog.parent(object).is_some();
        if is_part || matches!(object.key.kind, Kind::Table | Kind::View | Kind::Schema) {
            continue;
        }
        let kind = object.key.kind.as_str();
        if kind != last {
            let _ = write!(text, "\n## {}\n\n", capital(kind));
            last = kind;
        }
        let about = about(object);
        let about = if about.is_empty() { String::new() } else { format!(": {}", about.join(", ")) };
        let comment = object.comment.as_ref().map_or_else(String::new, |comment| format!(". {}", line(comment)));
        let _ = writeln!(text, "- `{}`{}{}", object.key.path(), cell(&about), cell(&comment));
    }
    if !catalog.unknown.is_empty() {
        text.push_str("\n## Not described\n\n");
        for unknown in &catalog.unknown {
            let _ = writeln!(text, "- {}: {}", cell(&unknown.what), unknown.why);
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A text that neither ends a cell nor begins anything else.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}
