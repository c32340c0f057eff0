//! A schema as a graph for Graphviz (<https://graphviz.org/doc/info/lang.html>).

use std::fmt::Write as _;

use rung::catalog::Catalog;

use super::{foreign_keys, short, tables};

/// Tables with their columns, and an arrow for each foreign key.
pub(crate) fn dot(catalog: &Catalog) -> String {
    let mut text =
        String::from("digraph schema {\n    rankdir=LR;\n    node [shape=plaintext, fontname=\"sans-serif\"];\n");
    for (object, table) in tables(catalog) {
        let name = short(&object.key);
        let mut label = format!(
            "<table border=\"0\" cellborder=\"1\" cellspacing=\"0\"><tr><td><b>{}</b></td></tr>",
            escaped(&name)
        );
        for (number, column) in table.columns.iter().enumerate() {
            let _ = write!(
                label,
                "<tr><td align=\"left\" port=\"c{number}\">{} {}</td></tr>",
                escaped(&column.name),
                escaped(&column.data_type)
            );
        }
        let _ = writeln!(text, "    {} [label=<{label}</table>>];", quoted(&name));
    }
    for (table, _, foreign) in foreign_keys(catalog) {
        let port =
            foreign.columns.first().and_then(|name| table.columns().iter().position(|column| column.name == *name));
        let port = port.map_or_else(String::new, |number| format!(":c{number}"));
        let _ = writeln!(text, "    {}{port} -> {};", quoted(&short(&table.key)), quoted(&short(&foreign.table)));
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
