//! What is known of a schema: made by replaying the statements of earlier migrations, in memory.
//!
//! Knowledge has holes. A table that no statement made is known by what was done to it, and whoever asks must take
//! `None` for "not known", not for "not there".

mod alter;
mod bounds;
mod constraints;
mod functions;
mod model;
mod published;
mod replay;
mod routines;
mod size;
mod store;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use published::Published;
use store::{Indexes, Link, Tables};

use crate::Language;
pub use bounds::Proof;
pub(crate) use constraints::each_part;
pub use functions::{STEADY, VOLATILE, Volatility};
pub use model::{Born, Column, Constraint, ConstraintKind, Domain, Index, Key, Stands, Table, Type};
use model::{Composite, DomainConstraint};
use routines::Functions;
use rung_ddl::{Action, CreateTable, DataType, Expression, Kind, Name, Parsed, Persistence, SmolStr, Statement};
pub use size::Size;

/// The schema of temporary tables.
const TEMPORARY: &str = "pg_temp";

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
    /// What migrations tell of functions.
    functions: Functions,
    published: Published,
    /// Whether a live database has told all that is there.
    live: bool,
    /// Whether the session's time zone was set to one that is always UTC.
    utc: bool,
    /// The first migration, by number, that made a table.
    first_maker: Option<usize>,
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

    /// The full name of a table that is to be made. A temporary one is in a schema of its own, before all others.
    pub fn made_table(&self, create: &CreateTable) -> Key {
        match (create.persistence, &create.name.schema) {
            (Persistence::Temporary, None) => Key { schema: TEMPORARY.into(), name: create.name.name.clone() },
            _ => self.made(&create.name),
        }
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
        let temporary = Key { schema: TEMPORARY.into(), name: name.name.clone() };
        match name.schema {
            None if self.tables.contains(&temporary) => temporary,
            _ => self.found(name, |key| self.tables.contains(key)),
        }
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
    pub(crate) fn type_key(&self, name: &Name) -> Key {
        self.found(name, |key| self.types.contains_key(key))
    }

    /// The tables that have a column of a type, or of a domain over it.
    pub(crate) fn holders_of(&self, name: &Name) -> impl Iterator<Item = &Key> {
        let wanted = self.type_key(name);
        let is_it = move |of: &DataType| {
            let name = Name { schema: of.schema.clone(), name: of.name.clone(), span: of.span };
            self.type_key(&name) == wanted
        };
        let has = move |column: &Column| column.data_type.as_ref().is_some_and(&is_it);
        self.tables.iter().filter(move |(_, table)| table.columns.iter().any(&has)).map(|(key, _)| key)
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

    /// What the foreign keys of a partitioned table lead to, each with whether a table that is to be a partition of it has
    /// the same, and has kept to it.
    pub(crate) fn foreign_keys_for(&self, whole: &Key, part: &Key) -> Vec<(Key, bool)> {
        let part = self.table_at(part);
        let of_whole = self.table_at(whole).into_iter().flat_map(|whole| &whole.constraints);
        let keys = of_whole.filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey { columns, to, .. } if constraint.enforced => Some((columns, to)),
            _ => None,
        });
        keys.map(|(columns, to)| {
            let is_same = |own: &Constraint| {
                let is_kept = own.valid && own.enforced;
                is_kept && matches!(&own.kind, ConstraintKind::ForeignKey { columns: from, to: there, .. } if (from, there) == (columns, to))
            };
            (to.clone(), part.is_some_and(|part| part.constraints.iter().any(is_same)))
        })
        .collect()
    }

    /// Whether a table is known to keep to the bounds that it is attached with: `FOR VALUES IN (1)`.
    pub fn keeps_to(&self, whole: &Key, part: &Key, bounds: &str) -> Proof {
        let key = self.table_at(whole).map(|whole| whole.partition_key.as_slice()).unwrap_or_default();
        self.table_at(part).map_or(Proof::Unknown, |part| bounds::proof(part, key, bounds))
    }

    /// Whether the default partition of a table is known to have no row within the bounds of a new one.
    pub fn is_without(&self, whole: &Key, default: &Key, bounds: &str) -> bool {
        let key = self.table_at(whole).map(|whole| whole.partition_key.as_slice()).unwrap_or_default();
        self.table_at(default).is_some_and(|default| bounds::is_without(default, key, bounds))
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
                Some(known) => Some(known.born()),
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

    /// Whether what is not known is not there, as far as can be told before the migration of a number: a live database has
    /// told all that is, or migrations before it make tables.
    pub fn tells_all(&self, number: usize) -> bool {
        self.live || self.first_maker.is_some_and(|first| first < number)
    }

    /// Whether there is nothing of a name, as far as can be told before the migration of a number.
    pub(crate) fn is_nowhere(&self, kind: Kind, name: &Name, number: usize) -> bool {
        let is_known = match kind {
            Kind::Index => self.index(name).is_some(),
            _ => self.table(name).is_some() || self.born(kind, name).is_some(),
        };
        !is_known && self.tells_all(number)
    }

    /// What a statement uses of what migrations made: the migration, by number, and the object.
    pub fn uses(&self, parsed: &Parsed) -> impl Iterator<Item = (usize, Kind, Name)> {
        parsed.uses().into_iter().filter_map(|(kind, name)| match self.born(kind, &name)? {
            Born::In(maker) => Some((maker, kind, name)),
            Born::Before => None,
        })
    }

    /// Whether a statement before has set the session's time zone to UTC.
    pub(crate) fn is_in_utc(&self) -> bool {
        self.utc
    }

    /// How sure it is that an expression gives one value for all rows of a statement.
    pub fn volatility(&self, expression: &Expression) -> Volatility {
        expression.calls.iter().map(|call| self.volatility_of(call)).max().unwrap_or(Volatility::Steady)
    }

    fn volatility_of(&self, call: &Name) -> Volatility {
        let built_in = call.schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        let own = self.functions.volatility(&self.function_key(call));
        own.unwrap_or_else(|| functions::known(&call.name, built_in))
    }

    fn function_key(&self, name: &Name) -> Key {
        self.found(name, |key| self.functions.contains(key))
    }

    /// Whether an action adds what `IF NOT EXISTS` finds there already.
    pub(crate) fn is_there(&self, table: &Name, action: &Action) -> bool {
        let Action::AddColumn { column, if_not_exists: true } = action else { return false };
        self.table(table).is_some_and(|table| table.column(&column.name.name).is_some())
    }

    /// Whether it is known of a function that it has a search path of its own.
    pub fn sets_path(&self, name: &Name) -> bool {
        self.functions.set_path(&self.function_key(name))
    }

    /// Whether migrations make a function that changes the schema.
    pub(crate) fn has_active_functions(&self) -> bool {
        self.functions.has_active()
    }

    /// The bodies of functions that change the schema.
    pub(crate) fn bodies_of(&self, name: &Name) -> Vec<&str> {
        self.functions.bodies(&self.function_key(name))
    }

    /// Whether it is known of a function that nothing but a trigger can call it.
    pub fn is_for_triggers(&self, name: &Name) -> bool {
        self.functions.are_for_triggers(&self.function_key(name))
    }
}
