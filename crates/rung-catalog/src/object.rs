//! Objects, and the catalog of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, btree_map};
use std::ops::Bound;
use std::sync::Arc;

use crate::grant::Grants;
use crate::key::{Key, Kind};
use crate::relation::{Column, Constraint, Index, NotNull, Table, Value, View};

/// A whole schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    objects: BTreeMap<Arc<Key>, Object>,
    /// What was found and can't be described; sorted.
    pub unknown: Vec<Unknown>,
    /// The schema in which rung's own tables are beside whatever else: it is there before any migration, and stays.
    pub history_schema: Option<String>,
}

/// Something that was found and can't be described.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// What, in the database's words: `large object 4711`.
    pub what: String,
    /// Why it is not described.
    pub why: Cow<'static, str>,
}

impl Catalog {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an object, or puts it in the place of the one with its key, which is returned.
    pub fn insert(&mut self, object: Object) -> Option<Object> {
        self.objects.insert(Arc::clone(&object.key), object)
    }

    /// Takes an object away.
    pub fn remove(&mut self, key: &Key) -> Option<Object> {
        self.objects.remove(key)
    }

    /// The object of a key.
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// The object of a key, to be changed. Its key must stay.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Object> {
        self.objects.get_mut(key)
    }

    /// All objects, by key.
    pub fn iter(&self) -> btree_map::Values<'_, Arc<Key>, Object> {
        self.objects.values()
    }

    /// All objects of a kind, by key.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        let first = Key::new(kind, None, "");
        let range = self.objects.range::<Key, _>((Bound::Included(&first), Bound::Unbounded));
        range.map(|(_, object)| object).take_while(move |object| object.key.kind == kind)
    }

    /// What an object is a part of: the table, view or domain of an index, constraint, trigger, rule or policy.
    pub fn parent(&self, object: &Object) -> Option<&Object> {
        let key = &*object.key;
        if let Body::Index(index) = &object.body {
            return self.get(index.table.as_deref()?);
        }
        let find = |kind| self.get(&Key::new(kind, key.schema.as_deref(), key.parent.as_deref()?));
        match key.kind {
            Kind::Constraint => find(Kind::Table).or_else(|| find(Kind::Type)),
            Kind::Rule | Kind::Trigger | Kind::Policy => find(Kind::Table).or_else(|| find(Kind::View)),
            _ => None,
        }
    }

    /// The constraints of a table.
    pub fn constraints<'b>(&'b self, table: &'b Object) -> impl Iterator<Item = &'b Constraint> {
        self.of_kind(Kind::Constraint).filter_map(move |object| match &object.body {
            Body::Constraint(it)
                if object.key.schema == table.key.schema && object.key.parent.as_ref() == Some(&table.key.name) =>
            {
                Some(&**it)
            }
            _ => None,
        })
    }

    /// The parts of every object that has any, by key.
    pub fn parts(&self) -> HashMap<&Key, Vec<&Object>> {
        let mut parts: HashMap<&Key, Vec<&Object>> = HashMap::new();
        for object in self {
            if let Some(parent) = self.parent(object) {
                parts.entry(&parent.key).or_default().push(object);
            }
        }
        parts
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is nothing, not even something unknown.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.unknown.is_empty()
    }

    /// Keeps the objects that a condition holds for.
    pub fn retain(&mut self, mut keep: impl FnMut(&Object) -> bool) {
        self.objects.retain(|_, object| keep(object));
    }
}

impl<'a> IntoIterator for &'a Catalog {
    type Item = &'a Object;
    type IntoIter = btree_map::Values<'a, Arc<Key>, Object>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it is called.
    pub key: Arc<Key>,
    /// The role that owns it; `None` where that is the owner of the database, or there are no owners.
    pub owner: Option<String>,
    /// The comment on it.
    pub comment: Option<String>,
    /// Privileges on it.
    pub grants: Grants,
    /// Security labels: provider and label; sorted.
    pub labels: Vec<(String, String)>,
    /// What it needs, sorted. What the rest of the object says already is not repeated here: its schema, the table it
    /// belongs to, the types of its columns where they are the system's, the tables of a foreign key.
    pub depends_on: Vec<Dependency>,
    /// What it is.
    pub body: Body,
}

impl Object {
    /// An object with nothing but its key and body.
    pub fn new(key: impl Into<Arc<Key>>, body: Body) -> Self {
        Self {
            key: key.into(),
            owner: None,
            comment: None,
            grants: Grants::default(),
            labels: Vec::new(),
            depends_on: Vec::new(),
            body,
        }
    }

    /// The columns of a table, view or composite type.
    pub fn columns(&self) -> &[Column] {
        match &self.body {
            Body::Table(table) => &table.columns,
            Body::View(view) => &view.columns,
            Body::Type(Type::Composite { columns }) => columns,
            _ => &[],
        }
    }

    /// The names of its columns, or the labels of an enum.
    pub fn members(&self) -> Vec<&str> {
        match &self.body {
            Body::Type(Type::Enum { labels }) => labels.iter().map(String::as_str).collect(),
            _ => self.columns().iter().map(|column| column.name.as_str()).collect(),
        }
    }

    /// The columns, to be changed.
    pub fn columns_mut(&mut self) -> &mut [Column] {
        match &mut self.body {
            Body::Table(table) => &mut table.columns,
            Body::View(view) => &mut view.columns,
            Body::Type(Type::Composite { columns }) => columns,
            _ => &mut [],
        }
    }

    /// Privileges on it, on its columns and on the sequences of its identity columns, to be changed.
    pub fn grants_mut(&mut self) -> Vec<&mut Grants> {
        let columns = match &mut self.body {
            Body::Table(table) => table.columns.as_mut_slice(),
            Body::View(view) => view.columns.as_mut_slice(),
            _ => &mut [],
        };
        let of_columns = columns.iter_mut().flat_map(|column| {
            let sequence = match &mut column.value {
                Value::Identity(identity) => Some(&mut identity.grants),
                _ => None,
            };
            sequence.into_iter().chain([&mut column.grants])
        });
        of_columns.chain([&mut self.grants]).collect()
    }
}

/// Something that an object needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The column whose default or expression needs it, where it is not the object as a whole.
    pub column: Option<String>,
    /// What is needed.
    pub on: Arc<Key>,
    /// The column that is needed, where it is not the whole object.
    pub on_column: Option<String>,
    /// What becomes of the object when that goes.
    pub nature: Nature,
}

/// What becomes of an object when what it needs is dropped (pg_depend, PostgreSQL 52.18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nature {
    /// The drop is refused, or cascades.
    Normal,
    /// It goes too.
    Automatic,
    /// It was told to go with an extension: `ALTER ... DEPENDS ON EXTENSION`.
    Extension,
}

/// What an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A schema.
    Schema,
    /// An extension.
    Extension(Extension),
    /// A type.
    Type(Type),
    /// A routine.
    Routine(Routine),
    /// A sequence.
    Sequence(Sequence),
    /// A table.
    Table(Box<Table>),
    /// A view.
    View(Box<View>),
    /// An index.
    Index(Box<Index>),
    /// A constraint.
    Constraint(Box<Constraint>),
    /// A trigger.
    Trigger(Trigger),
    /// A policy.
    Policy(Policy),
    /// Anything else.
    Other(Definition),
}

/// An extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its version.
    pub version: String,
    /// The schema that its objects are in.
    pub schema: String,
    /// Whether it can be moved to another schema.
    pub relocatable: bool,
    /// What belongs to it, in the database's words; sorted. These are not objects of the catalog.
    pub members: Vec<String>,
    /// Who may do what with its members, where that is not as the extension has it: each as `GRANT ... ON` calls it.
    pub grants: Vec<(String, Grants)>,
}

/// A type of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A list of words, in their order.
    Enum {
        /// The words.
        labels: Vec<String>,
    },
    /// Another type with conditions, which are objects of their own.
    Domain {
        /// The other type, as SQL.
        base: String,
        /// Where it is not that type's own; as SQL.
        collation: Option<String>,
        /// An expression.
        default: Option<String>,
        /// Whether NULL is kept out.
        not_null: Option<NotNull>,
    },
    /// A row.
    Composite {
        /// Its attributes.
        columns: Vec<Column>,
    },
    /// A range; the statement that makes it.
    Range(String),
    /// A type in C; the statement that makes it.
    Base(String),
    /// A type that was announced and never made.
    Shell,
}

/// A function, procedure, aggregate or window function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// Which of them.
    pub kind: RoutineKind,
    /// Its arguments with names, modes and defaults, as SQL.
    pub arguments: String,
    /// What it returns, as SQL; `None` for a procedure.
    pub result: Option<String>,
    /// Its language.
    pub language: String,
    /// The statement that makes it.
    pub definition: String,
}

/// Which kind of routine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoutineKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A window function.
    Window,
}

impl RoutineKind {
    /// The word for it in `ALTER` and `DROP`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function | Self::Window => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Aggregate => "AGGREGATE",
        }
    }
}

/// A sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// The type of its values, as SQL.
    pub data_type: String,
    /// The first value.
    pub start: i64,
    /// The step.
    pub increment: i64,
    /// The least value.
    pub min: i64,
    /// The greatest value.
    pub max: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Whether it begins again at its end.
    pub cycle: bool,
    /// Whether it survives a crash.
    pub persistence: crate::relation::Persistence,
    /// The column that it goes away with.
    pub owned_by: Option<(Arc<Key>, String)>,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The statement that makes it.
    pub definition: String,
    /// When it fires; one that a partition has from the whole, when that does.
    pub firing: Firing,
    /// Whether it was declared here. One that a partition has from the whole is an object only where something is said of it.
    pub origin: crate::Origin,
}

/// When a trigger or rule fires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Firing {
    /// In sessions that are no replica.
    #[default]
    Origin,
    /// Always.
    Always,
    /// In replicas.
    Replica,
    /// Never.
    Disabled,
}

/// A row security policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether one that allows is enough, or each must.
    pub permissive: bool,
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub command: String,
    /// The roles; empty for everybody. Sorted.
    pub roles: Vec<String>,
    /// What rows may be seen, as SQL without the parentheses around it.
    pub using: Option<String>,
    /// What rows may be written.
    pub check: Option<String>,
}

/// An object that is only ever made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The statements that make it, without the last semicolon.
    pub sql: String,
    /// When it fires, where it does that.
    pub firing: Firing,
}
