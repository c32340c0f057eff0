//! Python: a Pydantic model for the rows of each table and view, one for what an INSERT and an UPDATE give, an Enum for each
//! enum. Types of the schema that is meant where none is named have their own names, those of any other its name before.

use std::collections::HashMap;
use std::fmt::Write as _;

use rung_catalog::{Key, Scalar};
use rung_engine::Literal;

use crate::model::{Field, Given, Model, Relation, Schema, Ty};
use crate::words::{Unique, pascal, screaming, snake};

/// What a class may not be called: Pydantic's and typing's names that are used here.
const TAKEN: &[&str] = &["Any", "BaseModel", "ConfigDict", "Enum", "Field", "Literal", "None", "True", "False"];

/// Keywords (The Python Language Reference, 2.3.1); names of types, which a field of that name would hide from those behind
/// it; and what every model has.
const RESERVED: &[&str] = &[
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "bool",
    "bytes",
    "float",
    "int",
    "list",
    "str",
    "datetime",
    "decimal",
    "uuid",
    "construct",
    "copy",
    "dict",
    "from_orm",
    "json",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "schema",
    "schema_json",
    "update_forward_refs",
    "validate",
];

const HEAD: &str = "# Made from the schema of the database by `rung types`. It changes with the schema, and not here.
#
# XxxInsert and XxxUpdate: what is not given is left to the database, so write `model_dump(by_alias=True, exclude_unset=True)`.

from __future__ import annotations

import datetime
import decimal
import uuid
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
";

struct Names<'a> {
    types: HashMap<&'a Key, String>,
    written: HashMap<&'a Key, (String, String)>,
}

pub(crate) fn write(model: &Model<'_>) -> String {
    let names = Names::of(model);
    let mut text = String::from(HEAD);
    for schema in &model.schemas {
        for (key, labels) in &schema.enums {
            enumeration(&mut text, &names.types[key], key, labels);
        }
    }
    for schema in &model.schemas {
        names.schema(&mut text, schema);
    }
    text
}

impl<'a> Names<'a> {
    fn of(model: &Model<'a>) -> Self {
        let mut unique = Unique::camel(TAKEN);
        let mut types = HashMap::new();
        let mut written = HashMap::new();
        let own = |schema: &Schema<'_>| {
            if schema.name == model.default_schema { String::new() } else { pascal(&schema.name) }
        };
        for schema in &model.schemas {
            let keys = schema.tables.iter().chain(&schema.views).map(|relation| relation.key);
            let keys = keys.chain(schema.enums.iter().map(|(key, _)| *key));
            for key in keys.chain(schema.composites.iter().map(|(key, _)| *key)) {
                types.insert(key, unique.take(format!("{}{}", own(schema), pascal(&key.name))));
            }
        }
        for relation in model.schemas.iter().flat_map(|schema| schema.tables.iter().chain(&schema.views)) {
            let name = types.get(relation.key).cloned().unwrap_or_default();
            let both = (unique.take(format!("{name}Insert")), unique.take(format!("{name}Update")));
            written.insert(relation.key, both);
        }
        Self { types, written }
    }

    fn schema(&self, text: &mut String, schema: &Schema<'a>) {
        for (key, fields) in &schema.composites {
            let about = format!("The composite type {}.", key.path());
            let fields: Vec<_> = fields.iter().map(|field| (field, Presence::Always)).collect();
            self.class(text, &self.types[key], &about, "populate_by_name=True", &fields);
        }
        for relation in schema.tables.iter().chain(&schema.views) {
            self.relation(text, relation);
        }
    }

    fn relation(&self, text: &mut String, relation: &Relation<'a>) {
        let what = format!("{} {}", relation.key.kind, relation.key.path());
        let about = match relation.comment {
            Some(comment) => format!("A row of the {what}: {comment}"),
            None => format!("A row of the {what}."),
        };
        let config = "populate_by_name=True, from_attributes=True";
        let fields: Vec<_> = relation.fields.iter().map(|field| (field, Presence::Always)).collect();
        self.class(text, &self.types[relation.key], &about, config, &fields);
        if !relation.is_writable {
            return;
        }
        let config = "populate_by_name=True, extra=\"forbid\"";
        let (insert, update) = &self.written[relation.key];
        let given = || relation.fields.iter().filter(|field| field.given != Given::Never);
        let inserted: Vec<_> = given()
            .map(|field| (field, if field.given == Given::Required { Presence::Always } else { Presence::Maybe }))
            .collect();
        self.class(text, insert, &format!("What an INSERT into the {what} gives."), config, &inserted);
        let updated: Vec<_> = given().map(|field| (field, Presence::Maybe)).collect();
        self.class(text, update, &format!("What an UPDATE of the {what} gives."), config, &updated);
    }

    fn class(&self, text: &mut String, name: &str, about: &str, config: &str, fields: &[(&Field<'a>, Presence)]) {
        let _ = write!(text, "\n\nclass {name}(BaseModel):\n    {}\n\n", documentation(about, "    "));
        let _ = writeln!(text, "    model_config = ConfigDict({config})");
        if !fields.is_empty() {
            text.push('\n');
        }
        // Values are taken by either name, so that none may be another column's.
        let columns: Vec<&str> = fields.iter().map(|(field, _)| field.name).collect();
        let mut unique = Unique::snake(&columns);
        for (field, presence) in fields {
            let name = self.attribute(field.name);
            let name = if name == field.name { name } else { unique.take(name) };
            self.member(text, &name, field, *presence);
        }
    }

    fn member(&self, text: &mut String, name: &str, field: &Field<'a>, presence: Presence) {
        let of = self.ty(&field.of);
        let of = if field.is_nullable && of != "Any" { format!("{of} | None") } else { of };
        let mut arguments = Vec::new();
        // A default is not looked at, so that `None` as a value is refused where NULL is.
        arguments.extend((presence == Presence::Maybe).then(|| "default=None".to_owned()));
        arguments.extend((name != field.name).then(|| format!("alias={}", string(field.name))));
        arguments.extend(field.comment.map(|comment| format!("description={}", string(comment))));
        let value = if arguments.is_empty() { String::new() } else { format!(" = Field({})", arguments.join(", ")) };
        let _ = writeln!(text, "    {name}: {of}{value}");
    }

    /// A name that is one of an attribute of a model, and hides no type.
    fn attribute(&self, name: &str) -> String {
        let is_identifier =
            name.starts_with(|c: char| c.is_alphabetic()) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let plain = if is_identifier { name.to_owned() } else { snake(name) };
        // What begins with an underscore is no field, and `model_` is Pydantic's.
        let plain = if plain.starts_with('_') { format!("field{plain}") } else { plain };
        let is_type = || self.types.values().any(|of| *of == plain) || TAKEN.contains(&plain.as_str());
        if RESERVED.contains(&plain.as_str()) || plain.starts_with("model_") || is_type() {
            format!("{}_", plain.replacen("model_", "model", 1))
        } else {
            plain
        }
    }

    fn ty(&self, of: &Ty<'a>) -> String {
        match of {
            Ty::Mapped(name) => (*name).to_owned(),
            Ty::Scalar { means, .. } => scalar(*means).to_owned(),
            Ty::Array(element) => format!("list[{}]", self.ty(element)),
            Ty::Enum(key, labels) => match self.types.get(key) {
                Some(name) => name.clone(),
                None => format!("Literal[{}]", labels.iter().map(|it| string(it)).collect::<Vec<_>>().join(", ")),
            },
            Ty::Row(key) => self.types.get(key).cloned().unwrap_or_else(|| "Any".to_owned()),
            Ty::OneOf(values) => {
                let values: Vec<String> = values
                    .iter()
                    .map(|value| match value {
                        Literal::Text(text) => string(text),
                        Literal::Number(number) => number.to_string(),
                    })
                    .collect();
                format!("Literal[{}]", values.join(", "))
            }
            Ty::Unknown => "Any".to_owned(),
        }
    }
}

/// Whether a field must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    Maybe,
}

fn enumeration(text: &mut String, name: &str, key: &Key, labels: &[String]) {
    let about = documentation(&format!("The enum {}.", key.path()), "    ");
    let _ = write!(text, "\n\nclass {name}(str, Enum):\n    {about}\n\n");
    let mut unique = Unique::snake(&[]);
    for label in labels {
        // What begins with two underscores is no member.
        let member = unique.take(screaming(label));
        let _ = writeln!(text, "    {member} = {}", string(label));
    }
}

/// A documentation string; what would end it is written another way.
fn documentation(about: &str, indent: &str) -> String {
    let plain = about.trim().replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let plain = match plain.strip_suffix('"') {
        Some(rest) if !rest.ends_with('\\') => format!("{rest}\\\""),
        _ => plain,
    };
    let lines: Vec<String> =
        plain.lines().map(|line| format!("{indent}{}", line.trim()).trim_end().to_owned()).collect();
    format!("\"\"\"{}\"\"\"", lines.join("\n").trim_start())
}

fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::Int16 | Scalar::Int32 | Scalar::Int64 => "int",
        Scalar::Float32 | Scalar::Float64 => "float",
        Scalar::Decimal => "decimal.Decimal",
        Scalar::Text => "str",
        Scalar::Bytes => "bytes",
        Scalar::Date => "datetime.date",
        Scalar::Time | Scalar::TimeTz => "datetime.time",
        Scalar::Timestamp | Scalar::TimestampTz => "datetime.datetime",
        Scalar::Interval => "datetime.timedelta",
        Scalar::Uuid => "uuid.UUID",
        Scalar::Void => "None",
        // Drivers make objects of their own of addresses and ranges.
        Scalar::Json | Scalar::Written | Scalar::Record | Scalar::Any => "Any",
    }
}
