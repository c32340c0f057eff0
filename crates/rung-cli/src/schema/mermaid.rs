//! A schema as a Mermaid diagram (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).

use std::fmt::Write as _;

use rung::catalog::{Body, Catalog, ConstraintKind, Object};

use super::{foreign_keys, is_one_to_one, short, tables};

/// Tables with their columns or without, and a line for each foreign key.
pub(crate) fn mermaid(catalog: &Catalog, with_columns: bool) -> String {
    let parts = catalog.parts();
    let mut text = String::from("erDiagram\n");
    for (object, table) in tables(catalog) {
        let own = parts.get(&*object.key).map_or(&[][..], Vec::as_slice);
        let _ = write!(text, "    {}", quoted(&short(&object.key)));
        if table.columns.is_empty() || !with_columns {
            text.push('\n');
            continue;
        }
        text.push_str(" {\n");
        for column in &table.columns {
            let marks = marks(own, &column.name);
            let _ = writeln!(text, "        {} {}{marks}", word(&column.data_type), word(&column.name));
        }
        text.push_str("    }\n");
    }
    for (table, constraint, foreign) in foreign_keys(catalog) {
        // Of rows there, one or none where a column may be null; of rows here, any number, or one where that is unique.
        let is_needed = foreign
            .columns
            .iter()
            .all(|name| table.columns().iter().any(|column| column.name == *name && column.not_null.is_some()));
        let there = if is_needed { "||" } else { "|o" };
        let own = parts.get(&*table.key).map_or(&[][..], Vec::as_slice);
        let here = if is_one_to_one(own, foreign) { "o|" } else { "o{" };
        let _ = writeln!(
            text,
            "    {} {there}--{here} {} : {}",
            quoted(&short(&foreign.table)),
            quoted(&short(&table.key)),
            quoted(&constraint.key.name)
        );
    }
    text
}

/// `PK`, `FK`, `UK`, as the keys of a table have it.
fn marks(parts: &[&Object], column: &str) -> String {
    let has = |is: fn(&ConstraintKind) -> Option<&[String]>| {
        parts.iter().any(|part| match &part.body {
            Body::Constraint(constraint) => {
                is(&constraint.kind).is_some_and(|columns| columns.iter().any(|it| it == column))
            }
            _ => false,
        })
    };
    let mut marks = Vec::new();
    if has(|kind| if let ConstraintKind::PrimaryKey { columns, .. } = kind { Some(columns) } else { None }) {
        marks.push("PK");
    }
    if has(|kind| if let ConstraintKind::Foreign(foreign) = kind { Some(&foreign.columns) } else { None }) {
        marks.push("FK");
    }
    if has(|kind| match kind {
        ConstraintKind::Unique { columns, .. } if columns.len() == 1 => Some(columns),
        _ => None,
    }) {
        marks.push("UK");
    }
    if marks.is_empty() { String::new() } else { format!(" {}", marks.join(", ")) }
}

/// A name within quotes, where what Mermaid has a meaning for is written by its number.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '%' | '\\' | '#' | ';' => _ = write!(out, "#{};", u32::from(c)),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A name of an attribute or a type, which can't be quoted: it begins with a letter, has letters, digits, hyphens,
/// underscores, parentheses and brackets, and does not begin with a word that marks a key.
fn word(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "_-()[]".contains(c) { c } else { '_' }).collect();
    let first = plain.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(plain.len());
    if ["pk", "fk", "uk"].iter().any(|mark| plain[..first].eq_ignore_ascii_case(mark)) {
        return format!("{}_{}", &plain[..first], &plain[first..]);
    }
    match plain.chars().next() {
        None => "any".to_owned(),
        Some(first) if first.is_ascii_alphabetic() => plain,
        Some(_) => format!("x{plain}"),
    }
}

#[cfg(test)]
mod tests {
    use rung::catalog::{Key, Kind};

    use super::*;

    #[test]
    fn words_are_what_the_grammar_has() {
        for (text, expected) in [
            ("", "any"),
            ("numeric(10,2)", "numeric(10_2)"),
            ("character varying[]", "character_varying[]"),
            ("1st", "x1st"),
            ("ä", "x_"),
            ("fk", "fk_"),
            ("PK-1", "PK_-1"),
            ("pkg", "pkg"),
        ] {
            assert_eq!(word(text), expected);
        }
    }

    #[test]
    fn names_with_a_schema_are_quoted() {
        assert_eq!(quoted(&short(&Key::new(Kind::Table, Some("app"), "a\"b"))), "\"app.a#34;b\"");
        assert_eq!(quoted("50% a\\b;\nc"), "\"50#37; a#92;b#59; c\"");
    }
}
