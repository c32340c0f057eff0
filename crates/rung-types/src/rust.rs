//! Rust: a struct for the rows of each table and view, one for what an INSERT and an UPDATE give, an enum for each enum.
//! The schema that is meant where none is named stands at the top, each other one in a module of its name.

use std::collections::HashMap;
use std::fmt::Write as _;

use rung_catalog::{Key, Scalar};
use rung_engine::Literal;

use crate::model::{Field, Given, Model, Relation, Schema, Ty};
use crate::words::{Unique, pascal, snake};

/// Names that types of ours would take from those that are used here.
const TAKEN: &[&str] = &["Option", "Vec", "String", "Box", "Self", "Default", "Serialize", "Deserialize", "Result"];

/// The first names of the paths that are written, which a module would hide.
const CRATES: &[&str] = &["given", "serde", "serde_json", "chrono", "uuid", "rust_decimal", "std", "core", "alloc"];

/// Words that can be a name behind `r#` (The Rust Reference, "Keywords"), and those that can't at all.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
const PATHS: &[&str] = &["self", "super", "crate"];

const HEAD: &str =
    "// Made from the schema of the database by `rung types`. It changes with the schema, and not here.\n";

/// Tells NULL from nothing: a value that is there is `Some`, even where it is NULL.
const GIVEN: &str = "
/// Reads a value that may be NULL, or may not be there at all.
#[allow(dead_code)]
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    <Option<T> as serde::Deserialize>::deserialize(deserializer).map(Some)
}
";

/// What each type is called, and in which module it stands.
struct Names<'m, 'a> {
    model: &'m Model<'a>,
    types: HashMap<&'a Key, String>,
    /// The enums of columns whose values a check lists, by table and column.
    listed: HashMap<(&'a Key, &'a str), String>,
    /// What INSERT and UPDATE give.
    written: HashMap<&'a Key, (String, String)>,
    modules: HashMap<String, String>,
}

pub(crate) fn write(model: &Model<'_>) -> String {
    let names = Names::of(model);
    let mut text = String::from(HEAD);
    let mut needs_given = false;
    let (top, others): (Vec<_>, Vec<_>) = model.schemas.iter().partition(|schema| schema.name == model.default_schema);
    for schema in top {
        text.push_str(&names.schema(schema));
    }
    for schema in others {
        let inner = names.schema(schema);
        let name = names.modules.get(&schema.name).cloned().unwrap_or_default();
        let _ = write!(text, "\n/// The schema `{}`.\npub mod {name} {{", schema.name);
        let indented = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
        let body: String = inner.trim_start().lines().map(indented).collect();
        let _ = writeln!(text, "\n{body}}}");
    }
    needs_given |= text.contains("::given\"") || text.contains("\"given\"");
    if needs_given {
        text.push_str(GIVEN);
    }
    text
}

impl<'m, 'a> Names<'m, 'a> {
    fn of(model: &'m Model<'a>) -> Self {
        let mut types = HashMap::new();
        let mut listed = HashMap::new();
        let mut written = HashMap::new();
        let mut modules = HashMap::new();
        let mut module_names = Unique::snake(CRATES);
        for schema in &model.schemas {
            modules.insert(schema.name.clone(), identifier(&module_names.take(snake(&schema.name))));
            let mut unique = Unique::camel(TAKEN);
            let keys = schema.tables.iter().chain(&schema.views).map(|relation| relation.key);
            let keys = keys.chain(schema.enums.iter().map(|(key, _)| *key));
            for key in keys.chain(schema.composites.iter().map(|(key, _)| *key)) {
                types.insert(key, unique.take(pascal(&key.name)));
            }
            for relation in schema.tables.iter().chain(&schema.views) {
                let own = types.get(relation.key).cloned().unwrap_or_default();
                for field in &relation.fields {
                    if texts(&field.of).is_some() {
                        listed.insert((relation.key, field.name), unique.take(format!("{own}{}", pascal(field.name))));
                    }
                }
                let both = (unique.take(format!("{own}Insert")), unique.take(format!("{own}Update")));
                written.insert(relation.key, both);
            }
        }
        Self { model, types, listed, written, modules }
    }

    fn schema(&self, schema: &Schema<'a>) -> String {
        let mut text = String::new();
        for (key, labels) in &schema.enums {
            self.enumeration(&mut text, &self.types[key], &format!("The enum `{}`.", key.path()), labels);
        }
        for (key, fields) in &schema.composites {
            let about = format!("The composite type `{}`.", key.path());
            self.structure(&mut text, &self.types[key], &about, &self.model.options.derive, |text, unique| {
                for field in fields {
                    let of = format!("Option<{}>", self.ty(schema, &field.of, None));
                    member(text, unique, field, &of, &[]);
                }
            });
        }
        for relation in schema.tables.iter().chain(&schema.views) {
            self.relation(&mut text, schema, relation);
        }
        text
    }

    fn relation(&self, text: &mut String, schema: &Schema<'a>, relation: &Relation<'a>) {
        let what = format!("{} `{}`", relation.key.kind, relation.key.path());
        for field in &relation.fields {
            if let (Some(labels), Some(name)) = (texts(&field.of), self.listed.get(&(relation.key, field.name))) {
                self.enumeration(text, name, &format!("What `{}` of the {what} may be.", field.name), &labels);
            }
        }
        let about = match relation.comment {
            Some(comment) => format!("A row of the {what}: {comment}"),
            None => format!("A row of the {what}."),
        };
        let ty = |field: &Field<'a>| self.ty(schema, &field.of, Some((relation.key, field.name)));
        let derive = &self.model.options.derive;
        self.structure(text, &self.types[relation.key], &about, derive, |text, unique| {
            for field in &relation.fields {
                let of = if field.is_nullable { format!("Option<{}>", ty(field)) } else { ty(field) };
                member(text, unique, field, &of, &[]);
            }
        });
        if !relation.is_writable {
            return;
        }
        let (insert, update) = &self.written[relation.key];
        let given = if schema.name == self.model.default_schema { "given" } else { "super::given" };
        let optional = |text: &mut String, unique: &mut Unique, field: &Field<'a>| {
            let skip = "skip_serializing_if = \"Option::is_none\"".to_owned();
            if field.is_nullable {
                let with = format!("deserialize_with = \"{given}\"");
                member(text, unique, field, &format!("Option<Option<{}>>", ty(field)), &["default".into(), with, skip]);
            } else {
                member(text, unique, field, &format!("Option<{}>", ty(field)), &["default".into(), skip]);
            }
        };
        let about = format!("What an INSERT into the {what} gives; `None` leaves it to the database.");
        let written = |is_required: fn(&Field<'a>) -> bool| {
            move |text: &mut String, unique: &mut Unique| {
                for field in relation.fields.iter().filter(|field| field.given != Given::Never) {
                    if is_required(field) {
                        member(text, unique, field, &ty(field), &[]);
                    } else {
                        optional(text, unique, field);
                    }
                }
            }
        };
        self.structure(text, insert, &about, &[], written(|field| field.given == Given::Required));
        let about = format!("What an UPDATE of the {what} gives; `None` leaves it as it is.");
        self.structure(text, update, &about, &["Default".to_owned()], written(|_| false));
    }

    fn structure(
        &self,
        text: &mut String,
        name: &str,
        about: &str,
        derive: &[String],
        members: impl FnOnce(&mut String, &mut Unique),
    ) {
        comment(text, "", about);
        let more: String = derive.iter().map(|of| format!(", {of}")).collect();
        let _ = writeln!(text, "#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize{more})]");
        let mut inner = String::new();
        members(&mut inner, &mut Unique::snake(&[]));
        if inner.is_empty() {
            let _ = writeln!(text, "pub struct {name} {{}}");
        } else {
            let _ = write!(text, "pub struct {name} {{\n{inner}}}\n");
        }
    }

    fn enumeration(&self, text: &mut String, name: &str, about: &str, labels: &[String]) {
        comment(text, "", about);
        let more: String = self.model.options.derive_enums.iter().map(|of| format!(", {of}")).collect();
        // Of an enum without labels there is no value.
        text.push_str(
            "#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize",
        );
        let _ = writeln!(text, "{more})]\npub enum {name} {{");
        let mut unique = Unique::camel(&["Self"]);
        for label in labels {
            let variant = unique.take(pascal(label));
            if variant != *label {
                let _ = writeln!(text, "    #[serde(rename = {label:?})]");
            }
            let _ = writeln!(text, "    {variant},");
        }
        text.push_str("}\n");
    }

    /// The type of a value, as it is called within a schema.
    fn ty(&self, schema: &Schema<'a>, of: &Ty<'a>, place: Option<(&'a Key, &'a str)>) -> String {
        let named = |key: &Key| match self.types.get(key) {
            Some(name) => self.path(schema, self.model.schema_of(key), name),
            None => "serde_json::Value".to_owned(),
        };
        match of {
            Ty::Mapped(name) => (*name).to_owned(),
            Ty::Scalar { means, .. } => scalar(*means).to_owned(),
            Ty::Array(element) => format!("Vec<{}>", self.ty(schema, element, place)),
            // The values of an enum that is not written are texts.
            Ty::Enum(key, _) if !self.types.contains_key(key) => "String".to_owned(),
            Ty::Enum(key, _) | Ty::Row(key) => named(key),
            Ty::OneOf(values) => match place.and_then(|place| self.listed.get(&place)) {
                Some(name) => name.clone(),
                None if values.iter().all(|value| matches!(value, Literal::Number(_))) => "i64".to_owned(),
                None => "serde_json::Value".to_owned(),
            },
            Ty::Unknown => "serde_json::Value".to_owned(),
        }
    }

    fn path(&self, from: &Schema<'_>, to: &str, name: &str) -> String {
        let module = self.modules.get(to).map(String::as_str).unwrap_or_default();
        match (from.name == to, from.name == self.model.default_schema, to == self.model.default_schema) {
            (true, ..) => name.to_owned(),
            (_, true, _) => format!("{module}::{name}"),
            (_, _, true) => format!("super::{name}"),
            _ => format!("super::{module}::{name}"),
        }
    }
}

fn member(text: &mut String, unique: &mut Unique, field: &Field<'_>, of: &str, attributes: &[String]) {
    if let Some(about) = field.comment {
        comment(text, "    ", about);
    }
    let plain = unique.take(snake(field.name));
    let rename = (plain != field.name).then(|| format!("rename = {:?}", field.name));
    let attributes: Vec<String> = rename.into_iter().chain(attributes.iter().cloned()).collect();
    if !attributes.is_empty() {
        let _ = writeln!(text, "    #[serde({})]", attributes.join(", "));
    }
    let _ = writeln!(text, "    pub {}: {of},", identifier(&plain));
}

/// The texts, where a value is one of a few texts.
fn texts(of: &Ty<'_>) -> Option<Vec<String>> {
    let Ty::OneOf(values) = of else { return None };
    let text = |value: &Literal| match value {
        Literal::Text(text) => Some(text.clone()),
        Literal::Number(_) => None,
    };
    values.iter().map(text).collect()
}

/// A name that may be a keyword. serde reads `r#type` as `type`.
fn identifier(name: &str) -> String {
    match name {
        name if PATHS.contains(&name) => format!("{name}_"),
        name if KEYWORDS.contains(&name) => format!("r#{name}"),
        name => name.to_owned(),
    }
}

fn comment(text: &mut String, indent: &str, about: &str) {
    if indent.is_empty() {
        text.push('\n');
    }
    for line in about.trim().lines() {
        let _ = writeln!(text, "{}", format!("{indent}/// {line}").trim_end());
    }
}

fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::Int16 => "i16",
        Scalar::Int32 => "i32",
        Scalar::Int64 => "i64",
        Scalar::Float32 => "f32",
        Scalar::Float64 => "f64",
        Scalar::Decimal => "rust_decimal::Decimal",
        Scalar::Text | Scalar::TimeTz | Scalar::Interval | Scalar::Written => "String",
        Scalar::Bytes => "Vec<u8>",
        Scalar::Date => "chrono::NaiveDate",
        Scalar::Time => "chrono::NaiveTime",
        Scalar::Timestamp => "chrono::NaiveDateTime",
        Scalar::TimestampTz => "chrono::DateTime<chrono::Utc>",
        Scalar::Uuid => "uuid::Uuid",
        Scalar::Void => "()",
        Scalar::Json | Scalar::Record | Scalar::Any => "serde_json::Value",
    }
}
