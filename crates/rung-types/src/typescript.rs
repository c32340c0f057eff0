//! TypeScript, in the shape that `supabase gen types typescript` made known: a `Database` of schemas with tables, views,
//! functions, enums and composite types, and helpers to name them by. Laid out as Prettier does it, without semicolons.

mod functions;

use rung_catalog::{Key, Kind, Scalar};
use rung_engine::Literal;

use crate::compare::by_name;
use crate::doc::Doc;
use crate::model::{Field, Given, Model, Relation, Schema, Ty};
use functions::Reading;

/// What stands before the types.
const HEAD: &str = "// Made from the schema of the database by `rung types`. It changes with the schema, and not here.

export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]

export type Database = ";

/// The names that programs use: `Tables<\"users\">`, `Tables<{ schema: \"app\" }, \"users\">`.
const HELPERS: &str = include_str!("typescript/helpers.ts");

pub(crate) fn write(model: &Model<'_>) -> String {
    let schemas = model.schemas.iter().map(|schema| entry(&schema.name, "", schema_type(model, schema)));
    let constants = model.schemas.iter().map(|schema| {
        let enums = schema.enums.iter().map(|(key, labels)| {
            let labels = labels.iter().map(|label| Doc::text(string(label)));
            entry(&key.name, "", list(labels.collect()))
        });
        entry(&schema.name, "", value(vec![entry("Enums", "", value(enums.collect()))]))
    });
    format!(
        "{HEAD}{}\n{}\nexport const Constants = {} as const\n",
        record(schemas.collect()).print(),
        HELPERS.replace("\"public\"", &string(&model.default_schema)),
        value(constants.collect()).print()
    )
}

fn schema_type(model: &Model<'_>, schema: &Schema<'_>) -> Doc {
    let reading = Reading { model, schema };
    let tables = schema.tables.iter().map(|table| entry(&table.key.name, "", relation(&reading, table)));
    let views = schema.views.iter().map(|view| entry(&view.key.name, "", relation(&reading, view)));
    let enums = schema.enums.iter().map(|(key, labels)| entry(&key.name, "", enumeration(labels)));
    let composites = schema.composites.iter().map(|(key, fields)| {
        let fields = fields.iter().map(|field| entry(field.name, "", nullable(model, &field.of)));
        entry(&key.name, "", record(fields.collect()))
    });
    record(vec![
        entry("Tables", "", record_or_never(tables.collect())),
        entry("Views", "", record_or_never(views.collect())),
        entry("Functions", "", record_or_never(reading.functions())),
        entry("Enums", "", record_or_never(enums.collect())),
        entry("CompositeTypes", "", record_or_never(composites.collect())),
    ])
}

fn relation(reading: &Reading<'_, '_>, relation: &Relation<'_>) -> Doc {
    let model = reading.model;
    let mut fields: Vec<&Field<'_>> = relation.fields.iter().collect();
    fields.sort_by(|a, b| by_name(a.name, b.name));
    let row = fields.iter().map(|field| column(model, field, ""));
    let row = row.chain(reading.computed(relation)).collect();
    let written = |is_given: fn(Given) -> bool| {
        let fields = fields.iter().map(|field| match field.given {
            Given::Never => entry(field.name, "?", Doc::text("never")),
            given => column(model, field, if is_given(given) { "" } else { "?" }),
        });
        record(fields.collect())
    };
    let relationships = relation
        .relationships
        .iter()
        // Clients follow those of one schema.
        .filter(|to| to.referenced.schema == relation.key.schema)
        .map(|to| {
            let names = |columns: &[&str]| list(columns.iter().map(|column| Doc::text(string(column))).collect());
            record(vec![
                entry("foreignKeyName", "", Doc::text(string(to.name))),
                entry("columns", "", names(&to.columns)),
                entry("isOneToOne", "", Doc::text(to.is_one_to_one.to_string())),
                entry("referencedRelation", "", Doc::text(string(&to.referenced.name))),
                entry("referencedColumns", "", names(&to.referenced_columns)),
            ])
        });
    let mut entries = vec![entry("Row", "", record(row))];
    if relation.is_writable {
        entries.push(entry("Insert", "", written(|given| given == Given::Required)));
        entries.push(entry("Update", "", written(|_| false)));
    }
    entries.push(entry("Relationships", "", list(relationships.collect())));
    record(entries)
}

fn column(model: &Model<'_>, field: &Field<'_>, mark: &str) -> Doc {
    entry(field.name, mark, if field.is_nullable { nullable(model, &field.of) } else { never_null(model, &field.of) })
}

/// The type of a value.
fn type_of(model: &Model<'_>, of: &Ty<'_>) -> Doc {
    match of {
        Ty::Mapped(name) => Doc::text(*name),
        Ty::Scalar { arrives, .. } => Doc::text(scalar(*arrives)),
        Ty::Array(element) => match &**element {
            Ty::OneOf(_) => in_parentheses(type_of(model, element)),
            Ty::Enum(key, labels) if !model.has(key) && labels.len() > 1 => in_parentheses(type_of(model, element)),
            _ => Doc::All(vec![type_of(model, element), Doc::text("[]")]),
        },
        Ty::Enum(key, labels) if !model.has(key) => enumeration(labels),
        Ty::Enum(key, _) => Doc::text(path(model, key, "Enums", "")),
        Ty::Row(key) if !model.has(key) => Doc::text("unknown"),
        Ty::Row(key) => Doc::text(match key.kind {
            Kind::Table => path(model, key, "Tables", "[\"Row\"]"),
            Kind::View => path(model, key, "Views", "[\"Row\"]"),
            _ => path(model, key, "CompositeTypes", ""),
        }),
        Ty::OneOf(values) => union(values.iter().map(literal).collect()),
        Ty::Unknown => Doc::text("unknown"),
    }
}

fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "boolean",
        Scalar::Int16 | Scalar::Int32 | Scalar::Int64 | Scalar::Float32 | Scalar::Float64 | Scalar::Decimal => "number",
        Scalar::Bytes => "Uint8Array",
        Scalar::Text
        | Scalar::Date
        | Scalar::Time
        | Scalar::TimeTz
        | Scalar::Timestamp
        | Scalar::TimestampTz
        | Scalar::Interval
        | Scalar::Uuid => "string",
        Scalar::Json => "Json",
        Scalar::Void => "undefined",
        Scalar::Record => "Record<string, unknown>",
        Scalar::Written | Scalar::Any => "unknown",
    }
}

/// The type of a value that may be NULL.
fn nullable(model: &Model<'_>, of: &Ty<'_>) -> Doc {
    let null = || Doc::text("null");
    match of {
        Ty::OneOf(values) => union(values.iter().map(literal).chain([null()]).collect()),
        Ty::Enum(key, labels) if !model.has(key) => {
            union(labels.iter().map(|label| Doc::text(string(label))).chain([null()]).collect())
        }
        _ => or_null(type_of(model, of)),
    }
}

/// The type of a value that is not NULL. `Json` has null among its values.
fn never_null(model: &Model<'_>, of: &Ty<'_>) -> Doc {
    match (of, type_of(model, of)) {
        (Ty::Scalar { .. }, Doc::Text(text)) if text == "Json" => Doc::text("NonNullable<Json>"),
        (_, of) => of,
    }
}

/// A type, or null; the unknown may be that anyway.
fn or_null(of: Doc) -> Doc {
    match &of {
        Doc::Text(text) if text == "unknown" || text == "any" => of,
        _ => union(vec![of, Doc::text("null")]),
    }
}

fn literal(value: &Literal) -> Doc {
    Doc::text(match value {
        Literal::Text(text) => string(text),
        Literal::Number(number) => number.to_string(),
    })
}

fn enumeration(labels: &[String]) -> Doc {
    match labels {
        [] => Doc::text("never"),
        labels => union(labels.iter().map(|label| Doc::text(string(label))).collect()),
    }
}

fn path(model: &Model<'_>, key: &Key, kind: &str, rest: &str) -> String {
    format!("Database[{}][{}][{}]{rest}", string(model.schema_of(key)), string(kind), string(&key.name))
}

/// `key: type`.
fn entry(key: &str, mark: &str, of: Doc) -> Doc {
    Doc::All(vec![Doc::text(format!("{}{mark}: ", property(key))), of])
}

/// A key without quotes where it is an identifier.
fn property(key: &str) -> String {
    let is_plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'));
    if is_plain { key.to_owned() } else { string(key) }
}

/// A text as a literal, in the quotes of which it has fewer itself.
fn string(text: &str) -> String {
    let quote = if text.matches('"').count() > text.matches('\'').count() { '\'' } else { '"' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// A type with an entry on each line.
fn record(entries: Vec<Doc>) -> Doc {
    braced(entries, &Doc::HardLine, "")
}

/// The same; what nothing is in has no keys.
fn record_or_never(entries: Vec<Doc>) -> Doc {
    let nothing = || vec![Doc::text("[_ in never]: never")];
    record(if entries.is_empty() { nothing() } else { entries })
}

/// A value with an entry on each line.
fn value(entries: Vec<Doc>) -> Doc {
    braced(entries, &Doc::All(vec![Doc::text(","), Doc::HardLine]), ",")
}

fn braced(entries: Vec<Doc>, between: &Doc, last: &str) -> Doc {
    if entries.is_empty() {
        return Doc::text("{}");
    }
    let inner = Doc::All(vec![Doc::HardLine, Doc::join(entries, between), Doc::text(last)]);
    Doc::All(vec![Doc::text("{"), Doc::indent(inner), Doc::HardLine, Doc::text("}")])
}

/// A type on one line where it fits.
fn object(entries: Vec<Doc>) -> Doc {
    let between = Doc::All(vec![Doc::IfBroken("", ";"), Doc::Line]);
    let inner = Doc::All(vec![Doc::Line, Doc::join(entries, &between)]);
    Doc::group(Doc::All(vec![Doc::text("{"), Doc::indent(inner), Doc::Line, Doc::text("}")]))
}

fn list(items: Vec<Doc>) -> Doc {
    if items.is_empty() {
        return Doc::text("[]");
    }
    let comma = Doc::All(vec![Doc::text(","), Doc::Line]);
    let inner = Doc::All(vec![Doc::SoftLine, Doc::join(items, &comma)]);
    Doc::group(Doc::All(vec![
        Doc::text("["),
        Doc::indent(inner),
        Doc::IfBroken(",", ""),
        Doc::SoftLine,
        Doc::text("]"),
    ]))
}

/// One of several types; an object that may be null stays where it is.
fn union(members: Vec<Doc>) -> Doc {
    match members.as_slice() {
        [Doc::All(parts), Doc::Text(null)]
            if null == "null" && matches!(parts.first(), Some(Doc::Text(open)) if open == "{") =>
        {
            Doc::join(members, &Doc::text(" | "))
        }
        [_] => Doc::All(members),
        _ => {
            let or = Doc::All(vec![Doc::Line, Doc::text("| ")]);
            let members = members.into_iter().map(Doc::indent);
            let inner = Doc::All(vec![Doc::SoftLine, Doc::IfBroken("| ", ""), Doc::join(members, &or)]);
            Doc::group(Doc::indent(inner))
        }
    }
}

fn in_parentheses(of: Doc) -> Doc {
    Doc::All(vec![Doc::text("("), of, Doc::text(")[]")])
}
