//! A schema as programs see it: what each column holds, whether it may be NULL, and what an INSERT must give.

use std::collections::{BTreeMap, HashMap, HashSet};

use rung_catalog::{
    Body, Catalog, Column, ConstraintKind, Key, Kind, Lineage, Object, RoutineKind, Scalar, Signature, Type, TypeRef,
    Value,
};
use rung_engine::{Literal, Types};

use crate::compare::by_name;
use crate::relationships::{Relationship, relationships};
use crate::{Options, Source};

/// The whole, schemas by name.
pub(crate) struct Model<'a> {
    pub(crate) schemas: Vec<Schema<'a>>,
    /// The schema that is meant where none is named; one of these where there is any.
    pub(crate) default_schema: String,
    pub(crate) options: &'a Options,
}

/// A schema; each list by name.
#[derive(Default)]
pub(crate) struct Schema<'a> {
    pub(crate) name: String,
    pub(crate) tables: Vec<Relation<'a>>,
    pub(crate) views: Vec<Relation<'a>>,
    pub(crate) functions: Vec<Function<'a>>,
    pub(crate) enums: Vec<(&'a Key, &'a [String])>,
    pub(crate) composites: Vec<(&'a Key, Vec<Field<'a>>)>,
}

impl Schema<'_> {
    fn is_empty(&self) -> bool {
        self.tables.is_empty()
            && self.views.is_empty()
            && self.functions.is_empty()
            && self.enums.is_empty()
            && self.composites.is_empty()
    }
}

/// A table or a view.
pub(crate) struct Relation<'a> {
    pub(crate) key: &'a Key,
    pub(crate) comment: Option<&'a str>,
    /// In their own order.
    pub(crate) fields: Vec<Field<'a>>,
    /// Whether rows can be inserted.
    pub(crate) is_writable: bool,
    pub(crate) relationships: Vec<Relationship<'a>>,
}

/// A column, or an attribute.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) comment: Option<&'a str>,
    pub(crate) of: Ty<'a>,
    pub(crate) is_nullable: bool,
    pub(crate) given: Given,
}

/// Whether an INSERT gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    Required,
    Optional,
    /// It is refused.
    Never,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ty<'a> {
    Scalar {
        means: Scalar,
        arrives: Scalar,
    },
    /// A type of the language that was asked for.
    Mapped(&'a str),
    Array(Box<Self>),
    Enum(&'a Key, &'a [String]),
    /// A row of a composite type, a table or a view.
    Row(&'a Key),
    /// One of a few values.
    OneOf(Vec<Literal>),
    Unknown,
}

/// A function.
pub(crate) struct Function<'a> {
    pub(crate) key: &'a Key,
    /// Its arguments as they are written, by which those of one name are sorted.
    pub(crate) arguments: String,
    pub(crate) takes: Vec<Parameter<'a>>,
    /// The columns that it returns, where it says them itself.
    pub(crate) gives: Vec<Parameter<'a>>,
    pub(crate) returns: Ty<'a>,
    pub(crate) result: &'a str,
    pub(crate) is_set: bool,
    pub(crate) is_one_row: bool,
}

pub(crate) struct Parameter<'a> {
    pub(crate) name: String,
    pub(crate) of: Ty<'a>,
    pub(crate) sql: String,
    pub(crate) has_default: bool,
}

/// What names and types of a catalog lead to.
struct Resolver<'a> {
    catalog: &'a Catalog,
    types: &'a dyn Types,
    map: &'a BTreeMap<String, String>,
    /// The columns of the primary key of each table.
    keys: HashMap<&'a Key, &'a [String]>,
    lineage: HashMap<&'a Key, &'a Lineage>,
    /// The values that checks list, by table and column.
    listed: HashMap<(&'a Key, String), Vec<Literal>>,
}

impl<'a> Model<'a> {
    pub(crate) fn of(source: Source<'a>, options: &'a Options) -> Self {
        let own = source.types.default_schema();
        let resolver = Resolver::new(source, options);
        let mut schemas: BTreeMap<String, Schema<'a>> = BTreeMap::new();
        let mut related = relationships(source.catalog, source.lineage, &resolver.keys);
        for object in source.catalog {
            let name = source.schema_of(object);
            let is_of_none =
                object.key.schema.is_none() && !matches!(object.key.kind, Kind::Schema | Kind::Table | Kind::View);
            if is_of_none || !options.wants(name) {
                continue;
            }
            let schema =
                schemas.entry(name.to_owned()).or_insert_with(|| Schema { name: name.to_owned(), ..Schema::default() });
            resolver.add(schema, object, &mut related);
        }
        let mut schemas: Vec<Schema<'a>> = schemas.into_values().collect();
        schemas.sort_by(|a, b| by_name(&a.name, &b.name));
        for schema in &mut schemas {
            schema.tables.sort_by(|a, b| by_name(&a.key.name, &b.key.name));
            schema.views.sort_by(|a, b| by_name(&a.key.name, &b.key.name));
            schema.enums.sort_by(|(a, _), (b, _)| by_name(&a.name, &b.name));
            schema.composites.sort_by(|(a, _), (b, _)| by_name(&a.name, &b.name));
            schema.functions.sort_by(|a, b| {
                let names = by_name(&a.key.name, &b.key.name);
                names.then_with(|| by_name(&a.arguments, &b.arguments)).then_with(|| by_name(a.result, b.result))
            });
        }
        // The schema that everybody has is not meant where nobody has put anything there.
        let has = |name: &str| schemas.iter().any(|schema| schema.name == name && !schema.is_empty());
        let first = || schemas.iter().find(|schema| !schema.is_empty()).map(|schema| schema.name.clone());
        let default_schema = match &options.default_schema {
            Some(asked) => asked.clone(),
            None if has(own) => own.to_owned(),
            None => first().unwrap_or_else(|| own.to_owned()),
        };
        Self { schemas, default_schema, options }
    }

    /// Whether the types of a schema are written.
    pub(crate) fn has(&self, key: &Key) -> bool {
        let name = key.schema.as_deref().unwrap_or(&self.default_schema);
        self.schemas.iter().any(|schema| schema.name == name)
    }

    /// The table or view of a key, where it is written.
    pub(crate) fn relation(&self, key: &Key) -> Option<&Relation<'a>> {
        let all = self.schemas.iter().flat_map(|schema| schema.tables.iter().chain(&schema.views));
        all.into_iter().find(|relation| relation.key == key)
    }

    /// The name of an object's schema.
    pub(crate) fn schema_of<'k>(&'k self, key: &'k Key) -> &'k str {
        key.schema.as_deref().unwrap_or(&self.default_schema)
    }
}

impl<'a> Resolver<'a> {
    fn new(source: Source<'a>, options: &'a Options) -> Self {
        let Source { catalog, lineage, types } = source;
        let mut keys: HashMap<&Key, &[String]> = HashMap::new();
        let mut listed: HashMap<(&Key, String), Vec<Literal>> = HashMap::new();
        for object in catalog.of_kind(Kind::Constraint) {
            let (Body::Constraint(constraint), Some(table)) = (&object.body, catalog.parent(object)) else { continue };
            match &constraint.kind {
                ConstraintKind::PrimaryKey { columns, .. } => {
                    keys.insert(&table.key, columns);
                }
                ConstraintKind::Check(condition) => {
                    if let Some((column, values)) = types.listed(condition) {
                        listed.insert((&table.key, column.to_lowercase()), values);
                    }
                }
                _ => {}
            }
        }
        let lineage = lineage.iter().map(|lineage| (&*lineage.view, lineage)).collect();
        Self { catalog, types, map: &options.map, keys, lineage, listed }
    }

    fn add(&self, schema: &mut Schema<'a>, object: &'a Object, related: &mut HashMap<&'a Key, Vec<Relationship<'a>>>) {
        let key = &*object.key;
        match &object.body {
            Body::Table(_) => schema.tables.push(Relation {
                key,
                comment: object.comment.as_deref(),
                fields: object.columns().iter().map(|column| self.column(object, column)).collect(),
                is_writable: true,
                relationships: related.remove(key).unwrap_or_default(),
            }),
            Body::View(_) => {
                let lineage = self.lineage.get(key);
                schema.views.push(Relation {
                    key,
                    comment: object.comment.as_deref(),
                    fields: object.columns().iter().map(|column| self.view_column(key, column)).collect(),
                    is_writable: lineage.is_some_and(|lineage| lineage.is_updatable),
                    relationships: related.remove(key).unwrap_or_default(),
                });
            }
            Body::Type(Type::Enum { labels }) => schema.enums.push((key, labels)),
            Body::Type(Type::Composite { columns }) => {
                schema.composites.push((key, columns.iter().map(|column| self.attribute(column)).collect()));
            }
            Body::Routine(routine) if routine.kind == RoutineKind::Function => {
                let Some(signature) = self.types.signature(object) else { return };
                let result = routine.result.as_deref().unwrap_or_default();
                schema.functions.push(self.function(key, &routine.arguments, result, &signature));
            }
            _ => {}
        }
    }

    fn column(&self, table: &'a Object, column: &'a Column) -> Field<'a> {
        let (of, refuses_null) = self.resolve(&column.data_type);
        let key = self.keys.get(&*table.key).copied().unwrap_or_default();
        // SQLite lets NULL into keys of some tables, by an old mistake; nobody puts one there.
        let is_nullable = column.not_null.is_none() && !refuses_null && !key.contains(&column.name);
        let given = match &column.value {
            Value::Stored(_) | Value::Virtual(_) => Given::Never,
            Value::Identity(identity) if identity.always => Given::Never,
            Value::Identity(_) | Value::Default(_) => Given::Optional,
            Value::None if is_nullable || self.types.fills_in(table, key, column) => Given::Optional,
            Value::None => Given::Required,
        };
        let listed = self.listed.get(&(&*table.key, column.name.to_lowercase()));
        let of = listed.map_or(of, |values| Ty::OneOf(values.clone()));
        Field { name: &column.name, comment: column.comment.as_deref(), of, is_nullable, given }
    }

    fn view_column(&self, view: &Key, column: &'a Column) -> Field<'a> {
        let descent = self.lineage.get(view).and_then(|it| it.columns.iter().find(|it| it.name == column.name));
        let given = if descent.is_some_and(|it| it.is_updatable) { Given::Optional } else { Given::Never };
        let listed = descent.and_then(|it| it.of.as_ref()).and_then(|(table, column)| {
            self.listed.get(&(self.catalog.get(table).map(|it| &*it.key)?, column.to_lowercase()))
        });
        let (of, _) = self.resolve(&column.data_type);
        let of = listed.map_or(of, |values| Ty::OneOf(values.clone()));
        Field { name: &column.name, comment: column.comment.as_deref(), of, is_nullable: true, given }
    }

    fn attribute(&self, column: &'a Column) -> Field<'a> {
        let (of, _) = self.resolve(&column.data_type);
        let comment = column.comment.as_deref();
        Field { name: &column.name, comment, of, is_nullable: true, given: Given::Optional }
    }

    fn function(&self, key: &'a Key, arguments: &str, result: &'a str, signature: &Signature) -> Function<'a> {
        let parameters = |list: &[rung_catalog::Argument]| -> Vec<Parameter<'a>> {
            let mut list: Vec<Parameter<'a>> = list
                .iter()
                .map(|argument| Parameter {
                    name: argument.name.clone(),
                    of: self.resolve(&argument.sql).0,
                    sql: argument.sql.clone(),
                    has_default: argument.has_default,
                })
                .collect();
            list.sort_by(|a, b| by_name(&a.name, &b.name));
            list
        };
        let own = format!("{}.", self.types.default_schema());
        Function {
            key,
            arguments: arguments.replace(&own, ""),
            takes: parameters(&signature.takes),
            gives: parameters(&signature.gives),
            returns: signature.returns.as_ref().map_or(Ty::Unknown, |of| self.follow(of, &mut HashSet::new()).0),
            result,
            is_set: signature.is_set,
            is_one_row: signature.is_one_row,
        }
    }

    /// What a type is, and whether it keeps NULL out by itself.
    fn resolve(&self, sql: &str) -> (Ty<'a>, bool) {
        if let Some(mapped) = self.mapped(sql) {
            return (mapped, false);
        }
        if let Some(element) = sql.strip_suffix("[]").filter(|element| self.mapped(element).is_some()) {
            return (Ty::Array(Box::new(self.resolve(element).0)), false);
        }
        self.follow(&self.types.read(sql), &mut HashSet::new())
    }

    /// The type that was asked for in the place of one; a length or a precision is no part of its name.
    fn mapped(&self, sql: &str) -> Option<Ty<'a>> {
        let plain = match (sql.find('('), sql.rfind(')')) {
            (Some(open), Some(close)) if open < close => format!("{}{}", &sql[..open], &sql[close + 1..]),
            _ => sql.to_owned(),
        };
        let found = self.map.get(sql).or_else(|| self.map.get(&plain)).or_else(|| self.map.get(&plain.to_lowercase()));
        found.map(|of| Ty::Mapped(of))
    }

    fn follow(&self, of: &TypeRef, seen: &mut HashSet<Key>) -> (Ty<'a>, bool) {
        let (schema, name) = match of {
            TypeRef::Scalar { means, arrives } => return (Ty::Scalar { means: *means, arrives: *arrives }, false),
            TypeRef::Array(element) => return (Ty::Array(Box::new(self.follow(element, seen).0)), false),
            TypeRef::Named { schema, name } => (schema.as_deref(), name),
        };
        let find = |kind| self.catalog.get(&Key::new(kind, schema, name));
        let Some(object) = find(Kind::Type).or_else(|| find(Kind::Table)).or_else(|| find(Kind::View)) else {
            return (Ty::Unknown, false);
        };
        match &object.body {
            Body::Type(Type::Enum { labels }) => (Ty::Enum(&object.key, labels), false),
            // A domain may be over another one.
            Body::Type(Type::Domain { base, not_null, .. }) if seen.insert((*object.key).clone()) => {
                let mapped = self.mapped(base).map(|mapped| (mapped, false));
                let (of, refuses_null) = mapped.unwrap_or_else(|| self.follow(&self.types.read(base), seen));
                (of, refuses_null || not_null.is_some())
            }
            Body::Type(Type::Composite { .. }) | Body::Table(_) | Body::View(_) => (Ty::Row(&object.key), false),
            Body::Type(Type::Range(_)) => (Ty::Scalar { means: Scalar::Written, arrives: Scalar::Written }, false),
            _ => (Ty::Unknown, false),
        }
    }
}
