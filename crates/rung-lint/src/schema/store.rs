//! Tables and indexes by name, and from the other end: who points at a table. A schema of thousands of tables is asked for
//! each statement.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rung_ddl::SmolStr;

use super::{ConstraintKind, Index, Key, Table};

/// Tables and views.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// Shared between moments, and between threads.
    all: HashMap<Key, Arc<Table>>,
    /// Who points at a table, and how.
    users: HashMap<Key, BTreeSet<(Link, Key)>>,
}

/// How a table points at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Link {
    /// It is a part of it, or inherits from it.
    Child,
    /// A foreign key of it does.
    Reference,
    /// It is a view of it.
    Reader,
}

impl Tables {
    pub(super) fn get(&self, key: &Key) -> Option<&Table> {
        self.all.get(key).map(Arc::as_ref)
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Table)> {
        self.all.iter().map(|(key, table)| (key, &**table))
    }

    /// Has a table as another moment has it.
    pub(super) fn share(&mut self, key: Key, from: &Self) {
        if let Some(table) = from.all.get(&key) {
            self.insert(key, Arc::clone(table));
        }
    }

    /// Who points at a table in a way, in the order of their names; itself too, where it does.
    pub(super) fn users<'a>(&'a self, key: &Key, link: Link) -> impl Iterator<Item = (&'a Key, &'a Table)> + use<'a> {
        let first = (link, Key { schema: SmolStr::default(), name: SmolStr::default() });
        let users = self.users.get(key).into_iter().flat_map(move |users| users.range(&first..));
        let users = users.take_while(move |(other, _)| *other == link);
        users.filter_map(|(_, user)| self.all.get_key_value(user)).map(|(key, table)| (key, &**table))
    }

    pub(super) fn insert(&mut self, key: Key, table: impl Into<Arc<Table>>) {
        let table = table.into();
        self.remove(&key);
        for (link, to) in links(&table) {
            self.users.entry(to.clone()).or_default().insert((link, key.clone()));
        }
        self.all.insert(key, table);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<Table>> {
        let table = self.all.remove(key)?;
        for (link, to) in links(&table) {
            if let Some(users) = self.users.get_mut(to) {
                users.remove(&(link, key.clone()));
            }
        }
        Some(table)
    }

    /// Takes a table out for a moment; what it points at stays noted.
    pub(super) fn take(&mut self, key: &Key) -> Option<Arc<Table>> {
        self.all.remove(key)
    }

    /// Puts it back. What it points at besides was noted by [`Self::link`].
    pub(super) fn put(&mut self, key: Key, table: Arc<Table>) {
        self.all.insert(key, table);
    }

    /// Notes that a table points at another.
    pub(super) fn link(&mut self, key: &Key, link: Link, to: &Key) {
        self.users.entry(to.clone()).or_default().insert((link, key.clone()));
    }

    /// Changes every table that points at one.
    pub(super) fn change_users(&mut self, key: &Key, change: impl Fn(&mut Table)) {
        for (_, user) in self.users.get(key).cloned().unwrap_or_default() {
            if let Some(mut table) = self.remove(&user) {
                change(Arc::make_mut(&mut table));
                self.insert(user, table);
            }
        }
    }

    pub(super) fn remove_schema(&mut self, schema: &str) {
        let gone: Vec<Key> = self.all.keys().filter(|key| key.schema == schema).cloned().collect();
        for key in gone {
            self.remove(&key);
        }
    }
}

/// What a table points at.
fn links(table: &Table) -> impl Iterator<Item = (Link, &Key)> {
    let referenced = table.constraints.iter().filter_map(|constraint| match &constraint.kind {
        ConstraintKind::ForeignKey { to, .. } => Some((Link::Reference, to)),
        _ => None,
    });
    let parents = table.partition_of.iter().chain(&table.inherits).map(|parent| (Link::Child, parent));
    parents.chain(table.reads.iter().map(|read| (Link::Reader, read))).chain(referenced)
}

/// Indexes.
#[derive(Debug, Clone, Default)]
pub(super) struct Indexes {
    all: HashMap<Key, Arc<Index>>,
    of: HashMap<Key, BTreeSet<Key>>,
}

impl Indexes {
    pub(super) fn get(&self, key: &Key) -> Option<&Index> {
        self.all.get(key).map(Arc::as_ref)
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Index)> {
        self.all.iter().map(|(key, index)| (key, &**index))
    }

    /// The indexes of a table, in the order of their names.
    pub(super) fn of<'a>(&'a self, table: &Key) -> impl Iterator<Item = (&'a Key, &'a Index)> + use<'a> {
        let keys = self.of.get(table).into_iter().flatten();
        keys.filter_map(|key| self.all.get_key_value(key)).map(|(key, index)| (key, &**index))
    }

    /// Has the indexes of a table as another moment has them.
    pub(super) fn share_of(&mut self, table: &Key, from: &Self) {
        for key in from.of.get(table).into_iter().flatten() {
            if let Some(index) = from.all.get(key) {
                self.insert(key.clone(), Arc::clone(index));
            }
        }
    }

    pub(super) fn insert(&mut self, key: Key, index: impl Into<Arc<Index>>) {
        let index = index.into();
        self.remove(&key);
        self.of.entry(index.table.clone()).or_default().insert(key.clone());
        self.all.insert(key, index);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<Index>> {
        let index = self.all.remove(key)?;
        if let Some(of) = self.of.get_mut(&index.table) {
            of.remove(key);
        }
        Some(index)
    }

    /// Changes every index of a table; what `change` refuses to keep is gone.
    pub(super) fn change_of(&mut self, table: &Key, change: impl Fn(&mut Index) -> bool) {
        for key in self.of.get(table).cloned().unwrap_or_default() {
            if let Some(mut index) = self.remove(&key)
                && change(Arc::make_mut(&mut index))
            {
                self.insert(key, index);
            }
        }
    }

    pub(super) fn remove_schema(&mut self, schema: &str) {
        let gone: Vec<Key> = self.all.keys().filter(|key| key.schema == schema).cloned().collect();
        for key in gone {
            self.remove(&key);
        }
    }
}
