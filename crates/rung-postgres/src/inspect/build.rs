//! Putting the answers together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Definition, Dependency, Extension, Firing, Grants, Index, Key, Kind, Nature, NotNull, Object,
    Origin, Policy, Routine, RoutineKind, Trigger, Type, Unknown, Value,
};
use tokio_postgres::SimpleQueryRow;

use super::row::Fields;
use crate::tables::OWN;

/// Object ids of system catalogs, which are the same everywhere (src/include/catalog).
pub(super) mod class {
    pub(in crate::inspect) const TYPE: u32 = 1247;
    pub(in crate::inspect) const CLASS: u32 = 1259;
    pub(in crate::inspect) const ATTRDEF: u32 = 2604;
    pub(in crate::inspect) const CONSTRAINT: u32 = 2606;
    pub(in crate::inspect) const OPFAMILY: u32 = 2753;
    pub(in crate::inspect) const EXTENSION: u32 = 3079;
}

/// A catalog's class, and an object's id in it.
pub(super) type Id = (u32, u32);

/// Where a row of a system catalog is described.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// The object.
    pub(super) object: usize,
    /// The column of it.
    pub(super) column: Option<String>,
    /// What of the object a comment on the row is on.
    pub(super) target: Target,
}

/// What of an object a comment is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Object,
    /// The index behind a constraint.
    Index,
    /// The constraint behind NOT NULL.
    NotNull,
    /// The sequence behind an identity column.
    Sequence,
    /// Nothing that a comment could be kept on.
    Part,
}

/// A table, view or composite type while it is read.
pub(super) struct Relation {
    pub(super) object: usize,
    pub(super) key: Arc<Key>,
    /// Names of columns by number.
    pub(super) columns: HashMap<i16, String>,
}

/// An index while it is read.
pub(super) struct FoundIndex {
    pub(super) class: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) index: Index,
}

/// A row of pg_depend.
pub(super) struct Edge {
    from: Id,
    from_column: i16,
    to: Id,
    to_column: i16,
    nature: char,
}

impl Edge {
    /// A relation that goes away with a column, most often a sequence: itself, the table, the column, and whether it is a
    /// part of that, as an identity column's sequence is.
    pub(super) fn as_ownership(&self) -> Option<(u32, u32, i16, bool)> {
        let is_one = self.from.0 == class::CLASS
            && self.to.0 == class::CLASS
            && self.to_column > 0
            && matches!(self.nature, 'a' | 'i');
        is_one.then_some((self.from.1, self.to.1, self.to_column, self.nature == 'i'))
    }
}

/// A catalog in the making.
pub(super) struct Builder {
    pub(super) objects: Vec<Object>,
    pub(super) slots: HashMap<Id, Slot>,
    pub(super) relations: HashMap<u32, Relation>,
    pub(super) indexes: HashMap<u32, FoundIndex>,
    pub(super) index_statistics: HashMap<u32, Vec<(u32, i32)>>,
    pub(super) database_owner: String,
    /// What belongs to extensions or to rung.
    pub(super) hidden: HashSet<Id>,
    pub(super) unknown: BTreeSet<Unknown>,
    pub(super) edges: Vec<Edge>,
    /// Objects that turned out to be parts of others, or rung's own.
    pub(super) gone: HashSet<usize>,
    /// Element types of arrays, ranges of multiranges.
    elements: HashMap<u32, u32>,
    parts: Vec<(Id, Id)>,
    subscriptions: HashMap<u32, (usize, String)>,
    own_schema: String,
}

impl Builder {
    pub(super) fn new(own_schema: &str) -> Self {
        Self {
            objects: Vec::new(),
            slots: HashMap::new(),
            relations: HashMap::new(),
            indexes: HashMap::new(),
            index_statistics: HashMap::new(),
            database_owner: String::new(),
            hidden: HashSet::new(),
            unknown: BTreeSet::new(),
            edges: Vec::new(),
            gone: HashSet::new(),
            elements: HashMap::new(),
            parts: Vec::new(),
            subscriptions: HashMap::new(),
            own_schema: own_schema.to_owned(),
        }
    }

    /// Whether an object of that name is rung's own.
    pub(super) fn is_own(&self, schema: &str, name: &str) -> bool {
        schema == self.own_schema && OWN.contains(&name)
    }

    /// Adds an object, unless it belongs to an extension.
    pub(super) fn add(&mut self, id: Id, object: Object) -> Option<usize> {
        if self.hidden.contains(&id) {
            return None;
        }
        let at = self.objects.len();
        self.slots.insert(id, Slot { object: at, column: None, target: Target::Object });
        self.objects.push(object);
        Some(at)
    }

    /// An owner, where it is worth naming.
    pub(super) fn owner(&self, name: &str) -> Option<String> {
        (!name.is_empty() && name != self.database_owner).then(|| name.to_owned())
    }

    pub(super) fn depends(&mut self, rows: &[SimpleQueryRow]) {
        self.edges.reserve(rows.len());
        for row in rows {
            let mut f = Fields::of(row);
            let edge = Edge {
                from: (f.number(), f.number()),
                from_column: f.number(),
                to: (f.number(), f.number()),
                to_column: f.number(),
                nature: f.letter(),
            };
            if edge.nature == 'e' && edge.to.0 == class::EXTENSION {
                self.hidden.insert(edge.from);
                // What uses it uses the extension.
                self.parts.push((edge.from, edge.to));
            } else {
                self.edges.push(edge);
            }
        }
    }

    pub(super) fn arrays(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let element = f.number();
            self.elements.insert(f.number(), element);
        }
    }

    pub(super) fn parts(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            self.parts.push((id, (f.number(), f.number())));
        }
    }

    pub(super) fn schemas(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let (name, owner) = (f.text(), f.str());
            let grants = f.grants(owner);
            let is_usual = f.flag();
            self.database_owner = f.text();
            let mut object = Object::new(Key::new(Kind::Schema, None, name), Body::Schema);
            object.owner = self.owner(owner).filter(|_| !is_usual);
            object.grants = grants;
            self.add(id, object);
        }
    }

    pub(super) fn types(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let key = Key::new(Kind::Type, f.option(), f.text());
            let (kind, owner) = (f.letter(), f.str());
            let grants = f.grants(owner);
            let is_defined = f.flag();
            let (labels, base, collation, default) = (f.list(), f.text(), f.owned(), f.owned());
            let not_null = f.flag().then(NotNull::default);
            let definition = f.text();
            let body = match kind {
                'e' => Type::Enum { labels },
                'd' => Type::Domain { base, collation, default, not_null },
                'r' => Type::Range(definition),
                _ if is_defined => Type::Base(definition),
                _ => Type::Shell,
            };
            let mut object = Object::new(key, Body::Type(body));
            object.owner = self.owner(owner);
            object.grants = grants;
            self.add(id, object);
        }
    }

    pub(super) fn triggers(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let (kind, relation, name, firing) = (f.str(), f.number(), f.text(), firing(f.letter()));
            let Some(Relation { object, key, .. }) = self.relations.get(&relation) else { continue };
            let (object, table) = (*object, Arc::clone(key));
            let Some(definition) = f.sql() else {
                // A view's query is the view itself.
                self.slots.insert(id, Slot { object, column: None, target: Target::Part });
                continue;
            };
            let definition = definition.trim_end_matches(';').to_owned();
            let (kind, body) = match kind {
                "rule" => (Kind::Rule, Body::Other(Definition { sql: definition, firing })),
                _ => (Kind::Trigger, Body::Trigger(Trigger { definition, firing, origin: Origin::Local })),
            };
            let of = |table: &Key, name: String| Key::new(kind, table.schema.as_deref(), name).of(table.name.clone());
            let key = of(&table, name);
            let (constraint, other): (u32, u32) = (f.number(), f.number());
            let (whole, called): (u32, Option<String>) = (f.number(), f.owned());
            let whole = self.relations.get(&whole).zip(called).map(|(whole, called)| of(&whole.key, called));
            let other = self.relations.get(&other).map(|other| Arc::clone(&other.key));
            let mut object = Object::new(key, body);
            // The table that it was said to be FROM, of which pg_depend knows nothing.
            let from = other.map(|on| Dependency { column: None, on, on_column: None, nature: Nature::Normal });
            object.depends_on.extend(from);
            if let (Some(whole), Body::Trigger(trigger)) = (whole, &mut object.body) {
                trigger.origin = Origin::Inherited;
                let (on, nature) = (Arc::new(whole), Nature::Automatic);
                object.depends_on.push(Dependency { column: None, on, on_column: None, nature });
            }
            if let Some(at) = self.add(id, object)
                && constraint != 0
            {
                let slot = Slot { object: at, column: None, target: Target::Part };
                self.slots.insert((class::CONSTRAINT, constraint), slot);
            }
        }
    }

    pub(super) fn policies(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let Some(Relation { key, .. }) = self.relations.get(&f.number()) else { continue };
            let key = Key::new(Kind::Policy, key.schema.as_deref(), f.text()).of(key.name.clone());
            let (permissive, command, roles) = (f.flag(), f.text(), f.sorted());
            let policy = Policy { permissive, command, roles, using: f.sql(), check: f.sql() };
            self.add(id, Object::new(key, Body::Policy(policy)));
        }
    }

    pub(super) fn routines(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let (schema, name) = (f.str(), f.str());
            if self.is_own(schema, name) {
                self.hidden.insert(id);
                continue;
            }
            let kind = match f.letter() {
                'p' => RoutineKind::Procedure,
                'a' => RoutineKind::Aggregate,
                'w' => RoutineKind::Window,
                _ => RoutineKind::Function,
            };
            let owner = f.str();
            let grants = f.grants(owner);
            let key = Key::new(Kind::Routine, Some(schema), name).with_arguments(f.str());
            let (arguments, result, language) = (f.text(), f.owned(), f.text());
            let definition = f.str().trim_end().to_owned();
            let body = Routine { kind, arguments, result, language, definition };
            let mut object = Object::new(key, Body::Routine(body));
            object.owner = self.owner(owner);
            object.grants = grants;
            self.add(id, object);
        }
    }

    pub(super) fn others(&mut self, rows: &[SimpleQueryRow]) {
        let mut additions = Vec::new();
        for row in rows {
            let mut f = Fields::of(row);
            let id: Id = (f.number(), f.number());
            let Some(kind) = Kind::parse(f.str()) else { continue };
            let mut key = Key::new(kind, f.option(), "");
            key.parent = f.owned();
            key.name = f.text();
            key.arguments = f.owned();
            let owner = f.str();
            // Default privileges are their role's to give.
            let grantor =
                if kind == Kind::DefaultPrivileges { key.parent.clone().unwrap_or_default() } else { owner.to_owned() };
            let grants = f.grants(&grantor);
            let mut body = Definition { sql: f.text(), firing: firing(f.letter()) };
            if kind == Kind::Statistics {
                body.sql = crate::statistics::in_order(&body.sql);
            }
            if id.0 == 0 {
                additions.push(((class::OPFAMILY, id.1), key, body));
                continue;
            }
            let mut object = Object::new(key, Body::Other(body));
            object.owner = self.owner(owner);
            object.grants = grants;
            self.add(id, object);
        }
        for (family, key, addition) in additions {
            self.add_to_family(family, key, addition);
        }
    }

    /// Operators and functions that were added to a family by themselves.
    fn add_to_family(&mut self, family: Id, mut key: Key, addition: Definition) {
        // They need their classes, which need the family: an object of their own, which is no part of the family's.
        key.name.push_str(" (added)");
        let of = self.slots.get(&family).map(|slot| Arc::clone(&self.objects[slot.object].key));
        let mut object = Object::new(key, Body::Other(addition));
        object.depends_on.extend(of.map(|on| Dependency {
            column: None,
            on,
            on_column: None,
            nature: Nature::Automatic,
        }));
        let at = self.objects.len();
        self.objects.push(object);
        let slot = Slot { object: at, column: None, target: Target::Part };
        for (part, whole) in &self.parts {
            if *whole == family && self.is_loose(*part) {
                self.slots.insert(*part, slot.clone());
            }
        }
    }

    /// Whether an operator or a function is in a family without being in a class.
    fn is_loose(&self, part: Id) -> bool {
        self.edges.iter().any(|edge| edge.from == part && edge.to.0 == class::OPFAMILY && edge.nature == 'a')
    }

    pub(super) fn extensions(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let key = Key::new(Kind::Extension, None, f.text());
            let extension = Extension {
                version: f.text(),
                schema: f.text(),
                relocatable: f.flag(),
                members: f.sorted(),
                grants: Vec::new(),
            };
            self.add(id, Object::new(key, Body::Extension(extension)));
        }
    }

    /// Privileges on what came with extensions.
    pub(super) fn member_grants(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (class::EXTENSION, f.number());
            let (target, owner) = (f.text(), f.str());
            let grants = f.grants(owner);
            let Some(slot) = self.slots.get(&id) else { continue };
            if let Body::Extension(extension) = &mut self.objects[slot.object].body
                && grants != Grants::default()
            {
                extension.grants.push((target, grants));
            }
        }
    }

    pub(super) fn subscriptions(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id = (f.number(), f.number());
            let key = Key::new(Kind::Subscription, None, f.text());
            let (owner, publications, options) = (f.str(), f.text(), f.text());
            let body = Body::Other(Definition { sql: String::new(), firing: Firing::Origin });
            let mut object = Object::new(key, body);
            object.owner = self.owner(owner);
            if let Some(at) = self.add(id, object) {
                let rest = format!("PUBLICATION {publications}\n    WITH ({options})");
                self.subscriptions.insert(id.1, (at, rest));
            }
        }
    }

    /// Where subscriptions come from; passwords stay where they are.
    pub(super) fn conninfo(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let Some((at, rest)) = self.subscriptions.remove(&f.number()) else { continue };
            let conninfo = without_password(f.str());
            self.subscribe(at, &conninfo, &rest);
        }
    }

    /// Subscriptions may not be read.
    pub(super) fn subscriptions_refused(&mut self) {
        self.unknown
            .insert(Unknown { what: "subscriptions".to_owned(), why: "they may be read by superusers only".into() });
    }

    /// Where subscriptions come from may not be read.
    pub(super) fn conninfo_refused(&mut self) {
        for (at, rest) in std::mem::take(&mut self.subscriptions).into_values() {
            self.subscribe(at, "", &rest);
            let what = format!("connection of {}", self.objects[at].key);
            self.unknown.insert(Unknown { what, why: "it may be read by superusers only".into() });
        }
    }

    fn subscribe(&mut self, at: usize, conninfo: &str, rest: &str) {
        let object = &mut self.objects[at];
        let name = crate::name::quoted(&object.key.name);
        let sql = format!("CREATE SUBSCRIPTION {name}\n    CONNECTION {}\n    {rest}", crate::name::literal(conninfo));
        object.body = Body::Other(Definition { sql, firing: Firing::Origin });
    }

    pub(super) fn comments(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let id: Id = (f.number(), f.number());
            let column: i16 = f.number();
            let (provider, text) = (f.owned(), f.text());
            let Some(slot) = self.slots.get(&id).cloned() else { continue };
            let column = match self.relations.get(&id.1) {
                Some(relation) if id.0 == class::CLASS && column != 0 => relation.columns.get(&column).cloned(),
                _ => slot.column.clone(),
            };
            let object = &mut self.objects[slot.object];
            if object.key.kind == Kind::Schema && object.key.name == "public" && text == super::PUBLIC_COMMENT {
                continue;
            }
            let place = match (&column, slot.target, &mut object.body) {
                (_, Target::Index, Body::Constraint(constraint)) => &mut constraint.index_comment,
                (None, Target::Object, _) => match provider {
                    Some(provider) => {
                        object.labels.push((provider, text));
                        object.labels.sort();
                        continue;
                    }
                    None => &mut object.comment,
                },
                (None, Target::NotNull, Body::Type(Type::Domain { not_null: Some(not_null), .. })) => {
                    &mut not_null.comment
                }
                (Some(name), target, body) => {
                    let columns = columns_of(body);
                    let Some(found) = columns.and_then(|columns| columns.iter_mut().find(|it| it.name == *name)) else {
                        continue;
                    };
                    match (provider, target, &mut found.not_null) {
                        (Some(_), Target::Sequence, _) => {
                            let what = format!("security label on the sequence of {}.{name}", object.key.path());
                            self.unknown.insert(Unknown { what, why: "rung keeps no labels there".into() });
                            continue;
                        }
                        (None, Target::Sequence, _) => match &mut found.value {
                            Value::Identity(identity) => &mut identity.comment,
                            _ => continue,
                        },
                        (Some(provider), ..) => {
                            found.labels.push((provider, text));
                            continue;
                        }
                        (None, Target::NotNull, Some(not_null)) => &mut not_null.comment,
                        (None, ..) => &mut found.comment,
                    }
                }
                _ => {
                    let what = format!("comment on a part of {}", object.key);
                    self.unknown.insert(Unknown { what, why: "rung keeps no comments there".into() });
                    continue;
                }
            };
            *place = Some(text);
        }
    }

    pub(super) fn unknown(&mut self, rows: &[SimpleQueryRow]) {
        for row in rows {
            let mut f = Fields::of(row);
            let what = f.text();
            let why = match f.str() {
                "secret" => "it is a secret, which stays where it is",
                "part" => "it is a part of something that is switched otherwise",
                "comment" => "it is on what a partition has from the whole, and rung keeps none there",
                "system" => "it is on what belongs to the system",
                _ => "rung does not know this kind of object",
            };
            self.unknown.insert(Unknown { what, why: why.into() });
        }
    }

    /// Where a row of a catalog is described, whatever it stands for.
    fn slot(&self, id: Id) -> Option<&Slot> {
        let id = match self.elements.get(&id.1) {
            Some(element) if id.0 == class::TYPE => (class::TYPE, *element),
            _ => id,
        };
        self.slots.get(&id)
    }

    /// The catalog, with what needs what.
    pub(super) fn finish(mut self) -> Catalog {
        self.leave_own_schema_out();
        for (part, whole) in &self.parts {
            if !self.slots.contains_key(part)
                && let Some(slot) = self.slots.get(whole)
            {
                let slot = Slot { target: Target::Part, ..slot.clone() };
                self.slots.insert(*part, slot);
            }
        }
        let mut found: Vec<(usize, Dependency)> = Vec::new();
        for edge in &self.edges {
            let (Some(from), Some(to)) = (self.slot(edge.from), self.slot(edge.to)) else { continue };
            let nature = match edge.nature {
                'n' | 'P' | 'S' => Nature::Normal,
                'a' | 'i' => Nature::Automatic,
                'x' => Nature::Extension,
                _ => continue,
            };
            let column_of = |id: Id, slot: &Slot, number: i16| match &slot.column {
                Some(name) => Some(name.clone()),
                None => self.relations.get(&id.1).filter(|_| id.0 == class::CLASS)?.columns.get(&number).cloned(),
            };
            let column = column_of(edge.from, from, edge.from_column);
            let on_column = column_of(edge.to, to, edge.to_column);
            let is_same = from.object == to.object && (column == on_column || column.is_none());
            // What a sequence goes away with is said in the sequence itself.
            let is_owner = matches!(&self.objects[from.object].body, Body::Sequence(_)) && nature == Nature::Automatic;
            if is_same || is_owner || self.gone.contains(&to.object) {
                continue;
            }
            let on = Arc::clone(&self.objects[to.object].key);
            found.push((from.object, Dependency { column, on, on_column, nature }));
        }
        for (at, dependency) in found {
            self.objects[at].depends_on.push(dependency);
        }
        let has_own = self.hidden.iter().any(|id| id.0 == class::CLASS);
        let mut catalog = Catalog::new();
        for (at, mut object) in self.objects.into_iter().enumerate() {
            if self.gone.contains(&at) {
                continue;
            }
            object.depends_on.sort();
            object.depends_on.dedup();
            catalog.insert(object);
        }
        catalog.unknown = self.unknown.into_iter().collect();
        catalog.history_schema = Some(self.own_schema).filter(|schema| has_own && schema != "public");
        catalog
    }

    /// The schema of rung's own tables, where there is nothing else in it and nobody has said anything about it.
    fn leave_own_schema_out(&mut self) {
        let schema = self.own_schema.as_str();
        if schema == "public" || self.objects.iter().any(|object| object.key.schema.as_deref() == Some(schema)) {
            return;
        }
        if let Some(at) = self.objects.iter().position(|it| it.key.kind == Kind::Schema && it.key.name == schema) {
            let is_plain = self.objects[at].comment.is_none() && self.objects[at].grants == Grants::default();
            let has_own = self.hidden.iter().any(|id| id.0 == class::CLASS);
            if is_plain && has_own {
                self.gone.insert(at);
            }
        }
    }
}

pub(super) fn columns_of(body: &mut Body) -> Option<&mut Vec<rung_catalog::Column>> {
    match body {
        Body::Table(table) => Some(&mut table.columns),
        Body::View(view) => Some(&mut view.columns),
        Body::Type(Type::Composite { columns }) => Some(columns),
        _ => None,
    }
}

fn firing(letter: char) -> Firing {
    match letter {
        'D' => Firing::Disabled,
        'A' => Firing::Always,
        'R' => Firing::Replica,
        _ => Firing::Origin,
    }
}

/// A conninfo without its password.
fn without_password(conninfo: &str) -> String {
    // `key = value`, the value quoted where it has blanks (PostgreSQL 34.1.1.1). A URL keeps its password in front of
    // the `@`.
    if let Some((scheme, rest)) = conninfo.split_once("://") {
        let (user, host) = rest.split_once('@').unwrap_or(("", rest));
        let user = user.split(':').next().unwrap_or_default();
        let at = if user.is_empty() { "" } else { "@" };
        let (host, parameters) = host.split_once('?').unwrap_or((host, ""));
        let kept: Vec<&str> = parameters.split('&').filter(|it| !it.is_empty() && !it.contains("password")).collect();
        let mark = if kept.is_empty() { "" } else { "?" };
        return format!("{scheme}://{user}{at}{host}{mark}{}", kept.join("&"));
    }
    let mut kept = Vec::new();
    let mut rest = conninfo.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quoted = after.starts_with('\'');
        let mut escaped = false;
        let mut end = after.len();
        for (at, c) in after.char_indices().skip(usize::from(quoted)) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' if quoted => {
                    end = at + 1;
                    break;
                }
                c if c.is_whitespace() && !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        if !key.trim().contains("password") {
            kept.push(format!("{}={}", key.trim(), &after[..end]));
        }
        rest = after[end..].trim_start();
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_where_they_are() {
        let shown = without_password("host=db password='it\\'s mine' dbname = 'a b' sslpassword=x user=u");
        assert_eq!(shown.split(' ').next(), Some("host=db"));
        for secret in ["mine", "=x"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert_eq!(without_password("host=db password=secret dbname=app"), "host=db dbname=app");
        assert_eq!(without_password("postgres://u:secret@db/app"), "postgres://u@db/app");
        assert_eq!(without_password("postgres://db/app"), "postgres://db/app");
        assert_eq!(without_password("postgres://db/app?password=x&user=u&sslpassword=y"), "postgres://db/app?user=u");
    }
}
