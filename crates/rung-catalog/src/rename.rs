//! Another name, and not another object.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::key::{Key, Kind};
use crate::object::{Body, Catalog, Object, Type};
use crate::relation::{Column, ConstraintKind, Index, ReplicaIdentity, Value};
use crate::words::replace;

/// One object, or one of its columns or labels, that has another name in the other schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rename {
    /// An object. Whatever belongs to it goes along.
    Object {
        /// What it is called in the first schema.
        from: Arc<Key>,
        /// What it is called in the second.
        to: Arc<Key>,
    },
    /// A column, of a table, a view or a composite type; a label of an enum.
    Column {
        /// The table or type, as the second schema calls it.
        table: Arc<Key>,
        /// What it is called in the first schema.
        from: String,
        /// What it is called in the second.
        to: String,
    },
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { from, to } => write!(f, "{from} is now {}", to.path()),
            Self::Column { table, from, to } if table.kind == Kind::Type => write!(f, "{from} of {table} is now {to}"),
            Self::Column { table, from, to } => write!(f, "column {from} of {} is now {to}", table.path()),
        }
    }
}

impl Catalog {
    /// The catalog as it is once objects and columns have their other names, as far as a database sees to that by itself:
    /// in keys, columns and everything that is kept as SQL. A text that was written by a user and is only read when it
    /// runs, such as the body of a function, keeps the old ones. `quote` writes a name as the database does in SQL.
    ///
    /// Of a text it is guessed which names in it are meant; where that goes wrong, the object is taken to differ.
    #[must_use]
    pub fn renamed(&self, renames: &[Rename], quote: &dyn Fn(&str) -> String) -> Self {
        let mut catalog = self.clone();
        for rename in renames {
            catalog = Renaming::of(&catalog, rename, quote).apply(&catalog);
        }
        catalog
    }
}

/// One rename while it is done.
struct Renaming<'a> {
    rename: &'a Rename,
    quote: &'a dyn Fn(&str) -> String,
    /// Keys that change: of the object, of what belongs to it, of all that a schema has.
    keys: HashMap<Arc<Key>, Arc<Key>>,
    /// Whether it is a label of an enum.
    is_label: bool,
}

impl<'a> Renaming<'a> {
    fn of(catalog: &Catalog, rename: &'a Rename, quote: &'a dyn Fn(&str) -> String) -> Self {
        let mut renaming = Self { rename, quote, keys: HashMap::new(), is_label: false };
        if let Rename::Column { table, .. } = rename {
            renaming.is_label = matches!(catalog.get(table).map(|it| &it.body), Some(Body::Type(Type::Enum { .. })));
        }
        if let Rename::Object { from, to } = rename {
            for object in catalog {
                let key = renaming.key_of(object, from, to);
                if key != *object.key {
                    renaming.keys.insert(Arc::clone(&object.key), Arc::new(key));
                }
            }
        }
        renaming
    }

    fn key_of(&self, object: &Object, from: &Key, to: &Key) -> Key {
        let mut key = (*object.key).clone();
        if key == *from {
            // A part goes to its table's new name with the table.
            return if is_part_kind(key.kind) { Key { name: to.name.clone(), ..key } } else { to.clone() };
        }
        if from.kind == Kind::Schema {
            if key.schema.as_ref() == Some(&from.name) {
                key.schema = Some(to.name.clone());
            }
        } else {
            // What is its own goes where it goes.
            let is_part = key.schema == from.schema
                && match &object.body {
                    Body::Index(index) => index.table.as_deref() == Some(from),
                    Body::Sequence(sequence) => sequence.owned_by.as_ref().is_some_and(|(table, _)| **table == *from),
                    _ => {
                        let is_of = matches!(from.kind, Kind::Table | Kind::View | Kind::Type);
                        is_of && is_part_kind(key.kind) && key.parent.as_ref() == Some(&from.name)
                    }
                };
            if is_part {
                key.schema.clone_from(&to.schema);
                if key.parent.is_some() {
                    key.parent = Some(to.name.clone());
                }
            }
        }
        if let Some(arguments) = &mut key.arguments {
            *arguments = self.text(arguments);
        }
        key
    }

    fn apply(&self, catalog: &Catalog) -> Catalog {
        let mut renamed = Catalog::new();
        renamed.unknown.clone_from(&catalog.unknown);
        renamed.history_schema.clone_from(&catalog.history_schema);
        for object in catalog {
            let mut object = object.clone();
            if self.concerns(&object) {
                self.object(&mut object);
            }
            renamed.insert(object);
        }
        renamed
    }

    /// Whether an object may speak of what is renamed.
    fn concerns(&self, object: &Object) -> bool {
        match self.rename {
            Rename::Object { from, .. } if from.kind == Kind::Schema => true,
            Rename::Object { from, .. } => {
                self.keys.contains_key(&object.key)
                    || object.depends_on.iter().any(|it| it.on == *from || self.keys.contains_key(&it.on))
                    || is_said_of(object, from)
            }
            Rename::Column { table, from, .. } => {
                let is_on = |it: &crate::object::Dependency| {
                    it.on == *table && it.on_column.as_ref().is_none_or(|column| column == from)
                };
                object.key == *table || object.depends_on.iter().any(is_on) || is_said_of(object, table)
            }
        }
    }

    fn key(&self, key: &mut Arc<Key>) {
        if let Some(new) = self.keys.get(key) {
            *key = Arc::clone(new);
        }
    }

    /// A column of a table.
    fn column(&self, of: &Key, name: &mut String) {
        if let Rename::Column { table, from, to } = self.rename
            && **table == *of
            && name == from
        {
            to.clone_into(name);
        }
    }

    fn columns(&self, of: &Key, names: &mut [String]) {
        names.iter_mut().for_each(|name| self.column(of, name));
    }

    fn object(&self, object: &mut Object) {
        let table = of_table(object);
        let old = Arc::clone(&object.key);
        self.key(&mut object.key);
        for dependency in &mut object.depends_on {
            dependency.on_column.iter_mut().for_each(|name| self.column(&dependency.on, name));
            dependency.column.iter_mut().for_each(|name| self.column(&old, name));
            self.key(&mut dependency.on);
        }
        object.depends_on.sort();
        let each = |texts: &mut [&mut String]| texts.iter_mut().for_each(|text| **text = self.text(text));
        match &mut object.body {
            Body::Schema => {}
            Body::Extension(extension) => {
                if let Rename::Object { from, to } = self.rename
                    && from.kind == Kind::Schema
                    && extension.schema == from.name
                {
                    extension.schema.clone_from(&to.name);
                }
            }
            Body::Type(of) => match of {
                Type::Enum { labels } => self.columns(&old, labels),
                Type::Shell => {}
                Type::Domain { base, default, collation, .. } => {
                    each(&mut [base]);
                    [default, collation].into_iter().flatten().for_each(|text| *text = self.text(text));
                }
                Type::Composite { columns } => columns.iter_mut().for_each(|column| self.of_column(&old, column)),
                Type::Range(text) | Type::Base(text) => each(&mut [text]),
            },
            Body::Routine(routine) => {
                each(&mut [&mut routine.arguments, &mut routine.definition]);
                routine.result.iter_mut().for_each(|text| *text = self.text(text));
            }
            Body::Sequence(sequence) => {
                if let Some((table, column)) = &mut sequence.owned_by {
                    self.column(table, column);
                    self.key(table);
                }
            }
            Body::Table(table) => {
                table.columns.iter_mut().for_each(|column| self.of_column(&old, column));
                table.inherits.iter_mut().for_each(|parent| self.key(parent));
                for text in [&mut table.partition_by, &mut table.of_type, &mut table.definition].into_iter().flatten() {
                    *text = self.text(text);
                }
                if let (Rename::Object { from, to }, ReplicaIdentity::Index(name)) =
                    (self.rename, &mut table.replica_identity)
                    && matches!(from.kind, Kind::Index | Kind::Constraint)
                    && *name == from.name
                    && from.schema == old.schema
                {
                    name.clone_from(&to.name);
                }
            }
            Body::View(view) => {
                view.columns.iter_mut().for_each(|column| self.of_column(&old, column));
                each(&mut [&mut view.query]);
            }
            Body::Index(index) => self.index(index),
            Body::Constraint(constraint) => {
                let of = table.as_ref().unwrap_or(&old);
                match &mut constraint.kind {
                    ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                        self.columns(of, columns);
                    }
                    ConstraintKind::Check(text) | ConstraintKind::Exclude(text) => each(&mut [text]),
                    ConstraintKind::Foreign(foreign) => {
                        self.columns(of, &mut foreign.columns);
                        self.columns(&foreign.table, &mut foreign.references);
                        self.key(&mut foreign.table);
                        foreign.on_delete.iter_mut().for_each(|text| *text = self.text(text));
                    }
                }
                constraint.index.iter_mut().for_each(|index| self.index(index));
            }
            Body::Trigger(trigger) => each(&mut [&mut trigger.definition]),
            Body::Policy(policy) => {
                [&mut policy.using, &mut policy.check].into_iter().flatten().for_each(|text| *text = self.text(text));
            }
            Body::Other(definition) => each(&mut [&mut definition.sql]),
        }
    }

    fn of_column(&self, of: &Key, column: &mut Column) {
        self.column(of, &mut column.name);
        column.data_type = self.text(&column.data_type);
        column.collation.iter_mut().for_each(|text| *text = self.text(text));
        match &mut column.value {
            Value::Default(text) | Value::Stored(text) | Value::Virtual(text) => *text = self.text(text),
            Value::None | Value::Identity(_) => {}
        }
    }

    fn index(&self, index: &mut Index) {
        if let Some(table) = &mut index.table {
            for key in &mut index.keys {
                key.column.iter_mut().for_each(|name| self.column(table, name));
                key.sql = self.text(&key.sql);
            }
            self.columns(table, &mut index.include);
            self.key(table);
        }
        for text in [&mut index.predicate, &mut index.definition].into_iter().flatten() {
            *text = self.text(text);
        }
        if let (Rename::Object { from, to }, Some(parent)) = (self.rename, &mut index.parent)
            && matches!(from.kind, Kind::Index | Kind::Constraint)
            && *parent == from.name
        {
            parent.clone_from(&to.name);
        }
    }

    /// A text with the new name in the place of the old one.
    fn text(&self, text: &str) -> String {
        match self.rename {
            Rename::Column { table, from, to } if self.is_label => {
                let quote = self.quote;
                let names: Vec<String> = table.schema.iter().chain([&table.name]).map(|name| quote(name)).collect();
                let spelled = |label: &str| format!("'{}'::{}", label.replace('\'', "''"), names.join("."));
                text.replace(&spelled(from), &spelled(to))
            }
            Rename::Column { from, to, .. } => replace(text, &[from], &[(self.quote)(to)]),
            Rename::Object { from, to } if from.kind == Kind::Schema => {
                let new = (self.quote)(&to.name);
                // A schema is followed by what is in it; a name by itself is something else.
                replace(text, &[&from.name, "."], &[new, ".".to_owned()])
            }
            Rename::Object { from, to } => {
                let names = |key: &Key| [key.schema.clone(), Some(key.name.clone())];
                let (old, new) = (names(from), names(to));
                let old: Vec<&str> = match &old {
                    [Some(schema), Some(name)] => vec![schema, ".", name],
                    [_, name] => name.iter().map(String::as_str).collect(),
                };
                let mut text_of: Vec<String> = new.iter().flatten().map(|name| (self.quote)(name)).collect();
                if text_of.len() == 2 {
                    text_of.insert(1, ".".to_owned());
                }
                replace(text, &old, &text_of)
            }
        }
    }
}

/// Kinds whose keys name what they belong to by a name that may change.
fn is_part_kind(kind: Kind) -> bool {
    matches!(kind, Kind::Constraint | Kind::Rule | Kind::Trigger | Kind::Policy)
}

/// The table of a constraint.
fn of_table(object: &Object) -> Option<Key> {
    let key = &object.key;
    Some(Key::new(Kind::Table, key.schema.as_deref(), key.parent.clone()?))
}

/// Whether an object's own fields speak of another, besides what it depends on.
fn is_said_of(object: &Object, of: &Key) -> bool {
    let is_part =
        is_part_kind(object.key.kind) && object.key.schema == of.schema && object.key.parent.as_ref() == Some(&of.name);
    is_part
        || match &object.body {
            Body::Index(index) => index.table.as_deref() == Some(of) || index.parent.as_ref() == Some(&of.name),
            Body::Sequence(sequence) => sequence.owned_by.as_ref().is_some_and(|(table, _)| **table == *of),
            Body::Table(table) => {
                table.inherits.iter().any(|parent| **parent == *of)
                    || table.replica_identity == ReplicaIdentity::Index(of.name.clone())
            }
            Body::Constraint(constraint) => {
                let index = constraint.index.as_ref().and_then(|index| index.parent.as_ref());
                let foreign = match &constraint.kind {
                    ConstraintKind::Foreign(foreign) => *foreign.table == *of,
                    _ => false,
                };
                foreign || index == Some(&of.name)
            }
            _ => false,
        }
}

/// Something that has a name: an object, or a column of one.
type Named = (Arc<Key>, Option<String>);

impl Rename {
    /// Renames in an order in which every name is free when it is given, by a third name where they go round. Those of
    /// columns, whose tables have their new names by then, stay behind those of objects if they were.
    pub fn in_turns(renames: &[&Self]) -> Vec<Self> {
        let is_relation =
            |key: &Key| matches!(key.kind, Kind::Table | Kind::View | Kind::Sequence | Kind::Index | Kind::Constraint);
        let same = |(one, column): &Named, (other, another): &Named| {
            let alike = one.kind == other.kind && one.parent == other.parent && one.arguments == other.arguments;
            let names = one.schema == other.schema && one.name == other.name;
            names && column == another && (alike || is_relation(one) && is_relation(other))
        };
        let aside = |(key, column): &Named| match column {
            Some(column) => (Arc::clone(key), Some(format!("{column}_aside"))),
            None => {
                let name: String = key.name.chars().take(50).collect();
                (Arc::new(Key { name: format!("{name}_aside"), ..(**key).clone() }), None)
            }
        };
        let is_column = |rename: &&Self| matches!(rename, Self::Column { .. });
        let alike = renames.chunk_by(|one, other| is_column(one) == is_column(other));
        let turns = alike.flat_map(|renames| {
            let names: Vec<(Named, Named)> = renames.iter().map(|rename| rename.names()).collect();
            in_turn(&names, same, aside)
        });
        turns.map(Self::of_names).collect()
    }

    fn names(&self) -> (Named, Named) {
        match self {
            Self::Object { from, to } => ((Arc::clone(from), None), (Arc::clone(to), None)),
            Self::Column { table, from, to } => {
                ((Arc::clone(table), Some(from.clone())), (Arc::clone(table), Some(to.clone())))
            }
        }
    }

    fn of_names(names: (Named, Named)) -> Self {
        match names {
            ((table, Some(from)), (_, Some(to))) => Self::Column { table, from, to },
            ((from, _), (to, _)) => Self::Object { from, to },
        }
    }
}

/// Names, each with the one that takes its place, in an order in which none is given that is still had. Where they go round
/// in a circle, one goes by a third name, which `aside` makes of it.
pub fn in_turn<N: Clone>(names: &[(N, N)], same: impl Fn(&N, &N) -> bool, aside: impl Fn(&N) -> N) -> Vec<(N, N)> {
    let mut left: Vec<(N, N)> = names.to_vec();
    let mut turns = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |(at, (_, new)): (usize, &(N, N))| {
            !left.iter().enumerate().any(|(other, (old, _))| other != at && same(old, new))
        };
        match left.iter().enumerate().position(is_free) {
            Some(at) => turns.push(left.remove(at)),
            None => {
                let third = aside(&left[0].0);
                turns.push((std::mem::replace(&mut left[0].0, third.clone()), third));
            }
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{Dependency, Nature, Policy};
    use crate::relation::{Constraint, IndexKey, Origin, Table, Timing, Validity, View};

    fn quote(name: &str) -> String {
        if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') { name.to_owned() } else { format!("\"{name}\"") }
    }

    fn catalog() -> Catalog {
        let users = Arc::new(Key::new(Kind::Table, Some("app"), "users"));
        let on = |column: &str| Dependency {
            column: None,
            on: Arc::clone(&users),
            on_column: Some(column.to_owned()),
            nature: Nature::Normal,
        };
        let mut catalog = Catalog::new();
        let column = |name: &str, value: Value| Column { name: name.to_owned(), value, ..Column::default() };
        let columns = vec![
            column("id", Value::Default("nextval('app.users_id_seq'::regclass)".to_owned())),
            column("mail", Value::None),
            column("low", Value::Stored("lower(mail)".to_owned())),
        ];
        catalog.insert(Object::new(Arc::clone(&users), Body::Table(Box::new(Table { columns, ..Table::default() }))));
        let index = Index {
            table: Some(Arc::clone(&users)),
            keys: vec![IndexKey { column: None, sql: "lower(mail)".to_owned() }],
            predicate: Some("(mail <> 'mail'::text)".to_owned()),
            ..Index::default()
        };
        catalog.insert(Object::new(Key::new(Kind::Index, Some("app"), "by_mail"), Body::Index(Box::new(index))));
        let constraint = Constraint {
            kind: ConstraintKind::Unique { columns: vec!["mail".to_owned()], without_overlaps: false },
            timing: Timing::NotDeferrable,
            validity: Validity::Valid,
            no_inherit: false,
            origin: Origin::Local,
            index: None,
            index_comment: None,
        };
        let key = Key::new(Kind::Constraint, Some("app"), "users_mail_key").of("users");
        catalog.insert(Object::new(key, Body::Constraint(Box::new(constraint))));
        let policy = Policy {
            permissive: true,
            command: "ALL".to_owned(),
            roles: vec![],
            using: Some("(mail = CURRENT_USER)".to_owned()),
            check: None,
        };
        let mut policy = Object::new(Key::new(Kind::Policy, Some("app"), "own").of("users"), Body::Policy(policy));
        policy.depends_on.push(on("mail"));
        catalog.insert(policy);
        let query = "SELECT users.mail AS \"mail\", email FROM app.users, other.users".to_owned();
        let mut view = Object::new(
            Key::new(Kind::View, Some("app"), "mails"),
            Body::View(Box::new(View { query, ..View::default() })),
        );
        view.depends_on.push(on("mail"));
        catalog.insert(view);
        catalog
    }

    fn text_of(catalog: &Catalog) -> String {
        catalog.iter().map(|object| format!("{object:?}\n")).collect()
    }

    #[test]
    fn names_are_given_when_they_are_free() {
        let turns = |names: &[(&'static str, &'static str)]| {
            let names: Vec<(String, String)> = names.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let turns = in_turn(&names, |one, other| one == other, |name| format!("{name}_aside"));
            turns.iter().map(|(old, new)| format!("{old}={new}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(turns(&[("a", "b"), ("b", "c")]), "b=c a=b");
        assert_eq!(turns(&[("a", "b"), ("b", "a")]), "a=a_aside b=a a_aside=b");
        assert_eq!(turns(&[("a", "b"), ("b", "c"), ("c", "a"), ("x", "y")]), "x=y a=a_aside c=a b=c a_aside=b");
    }

    #[test]
    fn a_table_takes_what_is_its_own_along() {
        let rename = Rename::Object {
            from: Arc::new(Key::new(Kind::Table, Some("app"), "users")),
            to: Arc::new(Key::new(Kind::Table, Some("other"), "People")),
        };
        let renamed = catalog().renamed(&[rename], &quote);
        let keys: Vec<String> = renamed.iter().map(|object| object.key.to_string()).collect();
        assert_eq!(
            keys,
            [
                "table other.People",
                "view app.mails",
                "index other.by_mail",
                "constraint users_mail_key on other.People",
                "policy own on other.People"
            ]
        );
        let text = text_of(&renamed);
        assert!(text.contains("FROM other.\\\"People\\\", other.users"), "{text}");
        assert!(text.contains("nextval('app.users_id_seq'::regclass)"), "{text}");
        assert!(!text.contains("app.users,"), "{text}");
    }

    #[test]
    fn a_part_that_was_given_its_new_name_goes_along_all_the_same() {
        let part = |name: &str, table: &str| Arc::new(Key::new(Kind::Constraint, Some("app"), name).of(table));
        let table = |name: &str| Arc::new(Key::new(Kind::Table, Some("app"), name));
        let renames = [
            Rename::Object { from: part("users_mail_key", "users"), to: part("people_mail_key", "people") },
            Rename::Object { from: table("users"), to: table("people") },
        ];
        let renamed = catalog().renamed(&renames, &quote);
        assert!(renamed.get(&part("people_mail_key", "people")).is_some());
    }

    #[test]
    fn a_column_has_its_new_name_in_every_expression() {
        let table = Arc::new(Key::new(Kind::Table, Some("app"), "users"));
        let rename = Rename::Column { table, from: "mail".into(), to: "address".into() };
        let text = text_of(&catalog().renamed(&[rename], &quote));
        for part in [
            "lower(address)",
            "(address <> 'mail'::text)",
            "columns: [\"address\"]",
            "(address = CURRENT_USER)",
            "SELECT users.address",
            "on_column: Some(\"address\")",
            "email FROM",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_schema_is_in_front_of_all_that_is_in_it() {
        let rename = Rename::Object {
            from: Arc::new(Key::new(Kind::Schema, None, "app")),
            to: Arc::new(Key::new(Kind::Schema, None, "core")),
        };
        let text = text_of(&catalog().renamed(&[rename], &quote));
        assert!(text.contains("nextval('core.users_id_seq'::regclass)"), "{text}");
        assert!(text.contains("FROM core.users, other.users") && !text.contains("\"app\""), "{text}");
    }
}
