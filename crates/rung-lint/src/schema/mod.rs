//! What is known of a schema: made by replaying the statements of earlier migrations, in memory.
//!
//! Knowledge has holes. A table that no statement made is known by what was done to it, and whoever asks must take
//! `None` for "not known", not for "not there".

mod functions;
mod published;
mod replay;
mod store;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use published::Published;
use store::{Indexes, Link, Tables};

use crate::Language;
pub use functions::{STEADY, VOLATILE, Volatility};
use rung_ddl::{DataType, Expression, ForeignKey, Kind, Name, Parsed, Persistence, SmolStr, Statement};

/// A name with its schema; the schema is empty where the database has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The schema.
    pub schema: SmolStr,
    /// The name.
    pub name: SmolStr,
}

/// Who made a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Born {
    /// It was there before, or nobody knows.
    Before,
    /// The migration of this number in the order of the run.
    In(usize),
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: SmolStr,
    /// Its type, where it is known.
    pub data_type: Option<DataType>,
    /// Its own collation.
    pub collation: Option<SmolStr>,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// Whether it has a default.
    pub default: bool,
    /// Its default as it is written.
    pub default_text: Option<String>,
    /// Whether its value is computed.
    pub generated: bool,
    /// Whether it is computed when it is read, and not stored.
    pub computed_on_read: bool,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name; where none was given, the one that the server chooses.
    pub name: SmolStr,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether the rows that are there were looked at.
    pub valid: bool,
    /// Whether it holds for anything at all: not where it is `NOT ENFORCED`.
    pub enforced: bool,
    /// The migration that added it.
    pub born: Born,
}

impl Constraint {
    /// Whether it is valid, and proves that a column has no NULL.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.valid
            && match &self.kind {
                ConstraintKind::Check { not_null, .. } => not_null.as_deref() == Some(column),
                ConstraintKind::NotNull(name) => name == column,
                ConstraintKind::PrimaryKey(columns) => columns.iter().any(|name| name == column),
                _ => false,
            }
    }
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`.
    PrimaryKey(Vec<SmolStr>),
    /// `UNIQUE`.
    Unique(Vec<SmolStr>),
    /// `CHECK`.
    Check {
        /// Its expression.
        columns: Vec<SmolStr>,
        /// The column of `c IS NOT NULL`, where it is that.
        not_null: Option<SmolStr>,
    },
    /// `NOT NULL` as a constraint with a name.
    NotNull(SmolStr),
    /// `FOREIGN KEY`.
    ForeignKey {
        /// The columns.
        columns: Vec<SmolStr>,
        /// What they reference.
        to: Key,
        /// What happens on delete.
        cascade: bool,
    },
    /// `EXCLUDE`.
    Exclude,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its table.
    pub table: Key,
    /// Its columns, in order; `None` for an expression.
    pub columns: Vec<Option<SmolStr>>,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether it has a WHERE.
    pub partial: bool,
    /// Who made it.
    pub born: Born,
}

/// How much a table holds and how much it is used, from a live database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Rows, as the planner estimates them.
    pub rows: u64,
    /// Bytes of the table, without its indexes.
    pub bytes: u64,
    /// Bytes of its indexes.
    pub index_bytes: u64,
    /// How often it was read, by a scan or through an index, since its statistics began.
    pub reads: u64,
    /// How many rows of it were inserted, updated or deleted since then.
    pub writes: u64,
    /// How many seconds ago that is; `None` where the server does not say.
    pub seconds: Option<u64>,
}

impl Size {
    /// What a sum of parts is.
    fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            bytes: self.bytes + other.bytes,
            index_bytes: self.index_bytes + other.index_bytes,
            reads: self.reads + other.reads,
            writes: self.writes + other.writes,
            seconds: self.seconds.min(other.seconds),
        }
    }

    /// Who waits, for people: how often the table is read and written.
    pub fn traffic(self) -> String {
        let Self { reads, writes, .. } = self;
        let each_second = |count: u64, seconds: u64| count as f64 / seconds as f64;
        match self.seconds {
            _ if reads + writes == 0 => "no use of it is counted".to_owned(),
            Some(seconds @ 60..) => {
                let (reads, writes) = (each_second(reads, seconds), each_second(writes, seconds));
                format!("it is read {reads:.1} times a second, and {writes:.1} rows are written")
            }
            _ => format!("{reads} reads of it and {writes} written rows are counted"),
        }
    }
}

/// A table, or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is.
    pub kind: Kind,
    /// Who made it.
    pub born: Born,
    /// Whether every column is known.
    pub complete: bool,
    /// How long it lives.
    pub persistence: Persistence,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its constraints.
    pub constraints: Vec<Constraint>,
    /// Whether it is partitioned.
    pub partitioned: bool,
    /// What it is a partition of.
    pub partition_of: Option<Key>,
    /// Whether it is the partition of what no other one takes.
    pub default_partition: bool,
    /// What it inherits from.
    pub inherits: Vec<Key>,
    /// What it reads, if it is a view.
    pub reads: Vec<Key>,
    /// Whether row level security is on.
    pub row_security: bool,
    /// Its policies.
    pub policies: usize,
    /// Whether SQLite made it virtual.
    pub module: Option<SmolStr>,
}

impl Table {
    /// A table of which nothing is known but that it is there.
    fn unknown(kind: Kind) -> Self {
        Self {
            kind,
            born: Born::Before,
            complete: false,
            persistence: Persistence::Permanent,
            columns: Vec::new(),
            constraints: Vec::new(),
            partitioned: false,
            partition_of: None,
            default_partition: false,
            inherits: Vec::new(),
            reads: Vec::new(),
            row_security: false,
            policies: 0,
            module: None,
        }
    }

    /// A column.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Sets a column NOT NULL; most often it is the one that was added last.
    fn set_not_null(&mut self, name: &str) {
        if let Some(column) = self.columns.iter_mut().rev().find(|column| column.name == name) {
            column.not_null = true;
        }
    }

    /// A constraint.
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// Whether a valid CHECK, or a valid NOT NULL constraint, proves that a column has no NULL.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.constraints.iter().any(|constraint| constraint.proves_not_null(column))
    }
}

/// A type that is not built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// An enum.
    Enum {
        /// Its values.
        values: Vec<String>,
        /// Who made it.
        born: Born,
    },
    /// A domain.
    Domain {
        /// Whether it has a CHECK or a NOT NULL.
        constrained: bool,
        /// What it is over.
        base: Option<DataType>,
        /// Who made it.
        born: Born,
    },
}

/// What is known of a schema.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The schemas that a name without one is looked for in; none where the database has no schemas.
    search_path: Vec<SmolStr>,
    tables: Tables,
    indexes: Indexes,
    /// Shared with what a rule keeps of an earlier moment.
    types: Arc<HashMap<Key, Type>>,
    /// Everything else that was made, by kind, with who made it.
    others: HashMap<(Kind, Key), Born>,
    /// How much tables hold, where a live database was asked.
    sizes: HashMap<Key, Size>,
    /// How volatile functions are.
    functions: HashMap<Key, Volatility>,
    published: Published,
    /// Whether a live database has told all that is there.
    live: bool,
    /// Comments that call a table, or a column of it, deprecated.
    deprecated: HashMap<(Key, Option<SmolStr>), String>,
}

impl Schema {
    /// An empty schema; `search_path` is empty for a database without schemas.
    pub fn new(search_path: &[&str]) -> Self {
        Self { search_path: search_path.iter().map(SmolStr::new).collect(), ..Self::default() }
    }

    /// What a live database is made of, from the statements that would make it anew. Migrations that are applied there add
    /// nothing but their names to it.
    pub fn live<'a>(language: &Language, statements: impl Iterator<Item = &'a str>) -> Self {
        let mut schema = Self::new(language.search_path);
        for text in statements {
            schema.apply(&(language.parse)(text), text, Born::Before);
        }
        schema.live = true;
        schema
    }

    /// The publication that a table is in, where it is in one.
    pub fn published(&self, table: &Key) -> Option<&str> {
        self.published.of(table)
    }

    /// The full name of what is to be made.
    pub fn made(&self, name: &Name) -> Key {
        let first = || self.search_path.first().cloned().unwrap_or_default();
        Key { schema: name.schema.clone().unwrap_or_else(first), name: name.name.clone() }
    }

    /// The full name of what should be there: the first schema of the search path that has it.
    fn found(&self, name: &Name, has: impl Fn(&Key) -> bool) -> Key {
        if name.schema.is_none() {
            for schema in &self.search_path {
                let key = Key { schema: schema.clone(), name: name.name.clone() };
                if has(&key) {
                    return key;
                }
            }
        }
        self.made(name)
    }

    /// The full name of a table that is named.
    pub fn key(&self, name: &Name) -> Key {
        self.found(name, |key| self.tables.contains(key))
    }

    /// A table, where something is known of it.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.get(&self.key(name))
    }

    /// As [`Self::table`], by its full name.
    pub fn table_at(&self, key: &Key) -> Option<&Table> {
        self.tables.get(key)
    }

    /// All tables.
    pub fn tables(&self) -> impl Iterator<Item = (&Key, &Table)> {
        self.tables.iter()
    }

    /// An index, where it is known.
    pub fn index(&self, name: &Name) -> Option<&Index> {
        self.indexes.get(&self.found(name, |key| self.indexes.contains(key)))
    }

    /// The indexes of a table.
    pub fn indexes_of<'a>(&'a self, table: &Key) -> impl Iterator<Item = (&'a Key, &'a Index)> + use<'a> {
        self.indexes.of(table)
    }

    /// A type that is not built in, where it is known.
    pub fn named_type(&self, name: &Name) -> Option<&Type> {
        self.types.get(&self.type_key(name))
    }

    /// The full name of a type that is named.
    fn type_key(&self, name: &Name) -> Key {
        self.found(name, |key| self.types.contains_key(key))
    }

    /// The type that a column is declared with, where it is not built in and known.
    pub fn type_of(&self, data_type: &DataType) -> Option<&Type> {
        self.named_type(&Name { schema: data_type.schema.clone(), name: data_type.name.clone(), span: data_type.span })
    }

    /// All indexes.
    pub fn indexes(&self) -> impl Iterator<Item = (&Key, &Index)> {
        self.indexes.iter()
    }

    /// As [`Self::index`], by its full name.
    pub fn index_at(&self, key: &Key) -> Option<&Index> {
        self.indexes.get(key)
    }

    /// All types that are not built in.
    pub fn types(&self) -> impl Iterator<Item = &Key> {
        self.types.keys()
    }

    /// Whether there is a type of this full name.
    pub fn has_type(&self, key: &Key) -> bool {
        self.types.contains_key(key)
    }

    /// The part that some statements are about: tables by name, with their indexes, and all types.
    pub fn part<'a>(&self, statements: impl Iterator<Item = &'a Statement>) -> Self {
        let mut keys: HashSet<Key> = HashSet::new();
        for statement in statements {
            keys.extend(statement.tables().flat_map(|name| [self.key(name), self.made(name)]));
            if let Statement::Drop { kind: Kind::Index, names, .. } = statement {
                keys.extend(names.iter().filter_map(|name| self.index(name)).map(|index| index.table.clone()));
            }
        }
        let mut part =
            Self { search_path: self.search_path.clone(), types: Arc::clone(&self.types), ..Self::default() };
        for key in keys {
            part.indexes.share_of(&key, &self.indexes);
            part.tables.share(key, &self.tables);
        }
        part
    }

    /// The comment that calls a table, or a column of it, deprecated.
    pub fn deprecated(&self, table: &Key, column: Option<&str>) -> Option<&str> {
        if self.deprecated.is_empty() {
            return None;
        }
        self.deprecated.get(&(table.clone(), column.map(SmolStr::new))).map(String::as_str)
    }

    /// Takes in the comment on a table, or on a column of it.
    pub(crate) fn set_comment(&mut self, table: Key, column: Option<SmolStr>, text: Option<&str>) {
        const WORD: &str = "deprecated";
        let calls = |text: &&str| {
            let start = text.trim_start_matches(|c: char| !c.is_alphabetic());
            start.get(..WORD.len()).is_some_and(|head| head.eq_ignore_ascii_case(WORD)) || text.contains("DEPRECATED")
        };
        match text.filter(calls) {
            Some(text) => self.deprecated.insert((table, column), text.to_owned()),
            None => self.deprecated.remove(&(table, column)),
        };
    }

    /// Foreign keys of other tables to this one.
    pub fn inbound<'a>(&'a self, table: &'a Key) -> impl Iterator<Item = (&'a Key, &'a Constraint)> {
        self.tables.users(table, Link::Reference).filter(move |(key, _)| *key != table).flat_map(move |(key, other)| {
            other
                .constraints
                .iter()
                .filter(move |c| matches!(&c.kind, ConstraintKind::ForeignKey { to, .. } if to == table))
                .map(move |constraint| (key, constraint))
        })
    }

    /// The views that read a table, or a view that does.
    pub fn views_of(&self, table: &Key) -> Vec<Key> {
        let mut found = vec![table.clone()];
        let mut seen = HashSet::from([table.clone()]);
        let mut next = 0;
        while let Some(key) = found.get(next).cloned() {
            next += 1;
            let readers = self.tables.users(&key, Link::Reader).map(|(reader, _)| reader);
            found.extend(readers.filter(|reader| seen.insert((*reader).clone())).cloned());
        }
        found.split_off(1)
    }

    /// What a change of a table reaches besides: its partitions, and the tables that inherit from it.
    pub fn children<'a>(&'a self, table: &'a Key) -> impl Iterator<Item = &'a Key> {
        self.tables.users(table, Link::Child).map(|(key, _)| key)
    }

    /// Who made an object; a type may be a domain, a table's or an extension's.
    pub fn born(&self, kind: Kind, name: &Name) -> Option<Born> {
        match kind {
            Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView => {
                self.table(name).map(|table| table.born)
            }
            Kind::Index => self.index(name).map(|index| index.born),
            Kind::Type | Kind::Domain => match self.named_type(name) {
                Some(Type::Enum { born, .. } | Type::Domain { born, .. }) => Some(*born),
                None => self
                    .others
                    .get(&(kind, self.other_key(kind, name)))
                    .copied()
                    .or_else(|| self.table(name).map(|table| table.born))
                    .or_else(|| self.born(Kind::Extension, name)),
            },
            _ => self.others.get(&(kind, self.other_key(kind, name))).copied(),
        }
    }

    /// The full name of what is neither a table nor an index nor a type of its own.
    fn other_key(&self, kind: Kind, name: &Name) -> Key {
        match kind {
            // A schema is in no schema.
            Kind::Schema | Kind::Extension => Key { schema: SmolStr::default(), name: name.name.clone() },
            _ => self.found(name, |key| self.others.contains_key(&(kind, key.clone()))),
        }
    }

    /// What a statement uses of what migrations made: the migration, by number, and the object.
    pub fn uses(&self, parsed: &Parsed) -> impl Iterator<Item = (usize, Kind, Name)> {
        parsed.uses().into_iter().filter_map(|(kind, name)| match self.born(kind, &name)? {
            Born::In(maker) => Some((maker, kind, name)),
            Born::Before => None,
        })
    }

    /// Takes in what a live database answered to [`crate::Language::statistics`].
    pub fn set_sizes(&mut self, rows: &[Vec<Option<String>>]) {
        for row in rows {
            let [Some(schema), Some(name), figures @ ..] = row.as_slice() else { continue };
            let known = |at: usize| -> Option<u64> { figures.get(at)?.as_ref()?.parse().ok() };
            let figure = |at: usize| known(at).unwrap_or(0);
            let size = Size {
                rows: figure(0),
                bytes: figure(1),
                index_bytes: figure(2),
                reads: figure(3),
                writes: figure(4),
                seconds: known(5),
            };
            self.sizes.insert(Key { schema: schema.into(), name: name.into() }, size);
        }
    }

    /// How much a table holds, partitions included, where a live database was asked.
    pub fn size(&self, key: &Key) -> Option<Size> {
        let sizes = std::iter::once(key).chain(self.children(key)).filter_map(|key| self.sizes.get(key));
        sizes.copied().reduce(Size::plus)
    }

    /// How sure it is that an expression gives one value for all rows of a statement.
    pub fn volatility(&self, expression: &Expression) -> Volatility {
        expression.calls.iter().map(|call| self.volatility_of(call)).max().unwrap_or(Volatility::Steady)
    }

    fn volatility_of(&self, call: &Name) -> Volatility {
        let built_in = call.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if let Some(volatility) = self.functions.get(&self.found(call, |key| self.functions.contains_key(key))) {
            *volatility
        } else {
            functions::known(&call.name, built_in)
        }
    }
}

/// What a foreign key becomes in the model.
fn foreign_key(schema: &Schema, key: &ForeignKey) -> ConstraintKind {
    ConstraintKind::ForeignKey {
        columns: key.columns.iter().map(|column| column.name.clone()).collect(),
        to: schema.key(&key.table),
        cascade: key.on_delete == rung_ddl::OnDelete::Cascade,
    }
}
