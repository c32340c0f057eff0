//! `inspect --json`: the shape of a schema.

use rung::catalog::{Body, Catalog, Column, ConstraintKind, Grant, Grantee, Key, Object, Type, Value};
use rung::engine::{Dialect, DumpOptions};
use serde::Serialize;

use super::kind_of;
use crate::json::{Database, VERSION};

/// A schema: every object once, by kind and name.
#[derive(Debug, Serialize)]
pub(crate) struct Schema<'a> {
    version: u32,
    database: Database,
    objects: Vec<Item<'a>>,
    /// What was found and can't be described.
    unknown: Vec<Unknown<'a>>,
}

#[derive(Debug, Serialize)]
struct Unknown<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    /// `table`, `view`, `index`, `constraint`, ...
    kind: &'static str,
    /// `enum`, `domain`, `materialized view`, `procedure`, ..., where the kind does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    subkind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    name: &'a str,
    /// The types of its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<&'a str>,
    /// The table of an index, constraint, trigger, rule or policy; the domain of a constraint.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// Absent where it is the owner of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<JsonColumn<'a>>,
    /// Of an enum.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constraint: Option<JsonConstraint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<JsonIndex<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    granted: Vec<JsonGrant<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<JsonGrant<'a>>,
    /// What it needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    /// The statements that make it; a key or check within its table is in the table's.
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

#[derive(Debug, Serialize)]
struct JsonColumn<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    data_type: &'a str,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
    /// The expression of a generated column.
    #[serde(skip_serializing_if = "Option::is_none")]
    generated: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    identity: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    collation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct JsonConstraint<'a> {
    /// `primary key`, `unique`, `check`, `exclude`, `foreign key`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    columns: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    references: Option<JsonReference<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonReference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    table: &'a str,
    columns: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    on_delete: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_update: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct JsonIndex<'a> {
    unique: bool,
    valid: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    method: &'a str,
    /// Columns and expressions, with what is said of them.
    keys: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    include: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct JsonGrant<'a> {
    /// `PUBLIC`, or a role.
    to: &'a str,
    privileges: &'a [String],
    with_grant_option: bool,
}

impl<'a> Schema<'a> {
    pub(crate) fn of(catalog: &'a Catalog, database: Database, dialect: &dyn Dialect, options: &DumpOptions) -> Self {
        let mut paragraphs: std::collections::HashMap<Key, String> = std::collections::HashMap::new();
        for paragraph in dialect.paragraphs(catalog, options) {
            paragraphs.entry((*paragraph.key).clone()).or_default().push_str(&paragraph.text());
        }
        let objects = catalog.iter().map(|object| item(catalog, object, paragraphs.remove(&*object.key))).collect();
        let unknown = catalog.unknown.iter().map(|it| Unknown { what: &it.what, why: &it.why }).collect();
        Self { version: VERSION, database, objects, unknown }
    }
}

fn item<'a>(catalog: &'a Catalog, object: &'a Object, sql: Option<String>) -> Item<'a> {
    let key = &*object.key;
    let subkind = Some(kind_of(object)).filter(|kind| *kind != key.kind.as_str());
    let of = catalog.parent(object).map(|parent| parent.key.path()).or_else(|| key.parent.clone());
    let mut depends_on: Vec<String> = object.depends_on.iter().map(|needed| needed.on.to_string()).collect();
    depends_on.dedup();
    Item {
        kind: key.kind.as_str(),
        subkind,
        schema: key.schema.as_deref(),
        name: &key.name,
        arguments: key.arguments.as_deref(),
        of,
        owner: object.owner.as_deref(),
        comment: object.comment.as_deref(),
        columns: object.columns().iter().map(column).collect(),
        labels: match &object.body {
            Body::Type(Type::Enum { labels }) => labels.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        },
        constraint: match &object.body {
            Body::Constraint(it) => Some(constraint(&it.kind)),
            _ => None,
        },
        index: match &object.body {
            Body::Index(it) => Some(JsonIndex {
                unique: it.unique,
                valid: it.valid,
                method: &it.method,
                keys: it.keys.iter().map(|key| key.sql.as_str()).collect(),
                include: &it.include,
                predicate: it.predicate.as_deref(),
            }),
            _ => None,
        },
        granted: object.grants.granted.iter().map(grant).collect(),
        revoked: object.grants.revoked.iter().map(grant).collect(),
        depends_on,
        sql,
    }
}

fn column(column: &Column) -> JsonColumn<'_> {
    let (default, generated) = match &column.value {
        Value::Default(default) => (Some(default.as_str()), None),
        Value::Stored(expression) | Value::Virtual(expression) => (None, Some(expression.as_str())),
        Value::None | Value::Identity(_) => (None, None),
    };
    JsonColumn {
        name: &column.name,
        data_type: &column.data_type,
        nullable: column.not_null.is_none(),
        default,
        generated,
        identity: matches!(column.value, Value::Identity(_)),
        collation: column.collation.as_deref(),
        comment: column.comment.as_deref(),
    }
}

fn constraint(kind: &ConstraintKind) -> JsonConstraint<'_> {
    let (kind, columns, expression, references) = match kind {
        ConstraintKind::PrimaryKey { columns: of, .. } => ("primary key", of.as_slice(), None, None),
        ConstraintKind::Unique { columns: of, .. } => ("unique", of.as_slice(), None, None),
        ConstraintKind::Check(condition) => ("check", &[][..], Some(condition.as_str()), None),
        ConstraintKind::Exclude(definition) => ("exclude", &[][..], Some(definition.as_str()), None),
        ConstraintKind::Foreign(foreign) => {
            let references = JsonReference {
                schema: foreign.table.schema.as_deref(),
                table: &foreign.table.name,
                columns: &foreign.references,
                on_delete: foreign.on_delete.as_deref(),
                on_update: foreign.on_update.as_deref(),
            };
            ("foreign key", foreign.columns.as_slice(), None, Some(references))
        }
    };
    JsonConstraint { kind, columns, expression, references }
}

fn grant(grant: &Grant) -> JsonGrant<'_> {
    let to = match &grant.to {
        Grantee::Public => "PUBLIC",
        Grantee::Role(role) => role,
    };
    JsonGrant { to, privileges: &grant.privileges, with_grant_option: grant.with_option }
}
