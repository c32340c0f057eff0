//! Tables and indexes by name, and from the other end: who points at a table. A schema of thousands of tables is asked for
//! each statement.

use std::collections::{BTreeSet, HashMap};

use super::{ConstraintKind, Index, Key, Table};

/// Tables and views.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    all: HashMap<Key, Table>,
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
        self.all.get(key)
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Table)> {
        self.all.iter()
    }

    /// Who points at a table in a way, in the order of their names; itself too, where it does.
    pub(super) fn users<'a>(&'a self, key: &Key, link: Link) -> impl Iterator<Item = (&'a Key, &'a Table)> + use<'a> {
        let first = (link, Key { schema: String::new(), name: String::new() });
        let users = self.users.get(key).into_iter().flat_map(move |users| users.range(&first..));
        users.take_while(move |(other, _)| *other == link).filter_map(|(_, user)| self.all.get_key_value(user))
    }

    pub(super) fn insert(&mut self, key: Key, table: Table) {
        self.remove(&key);
        for (link, to) in links(&table) {
            self.users.entry(to.clone()).or_default().insert((link, key.clone()));
        }
        self.all.insert(key, table);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Table> {
        let table = self.all.remove(key)?;
        for (link, to) in links(&table) {
            if let Some(users) = self.users.get_mut(to) {
                users.remove(&(link, key.clone()));
            }
        }
        Some(table)
    }

    /// Takes a table out for a moment; what it points at stays noted.
    pub(super) fn take(&mut self, key: &Key) -> Option<Table> {
        self.all.remove(key)
    }

    /// Puts it back. What it points at besides was noted by [`Self::link`].
    pub(super) fn put(&mut self, key: Key, table: Table) {
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
                change(&mut table);
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
    all: HashMap<Key, Index>,
    of: HashMap<Key, BTreeSet<Key>>,
}

impl Indexes {
    pub(super) fn get(&self, key: &Key) -> Option<&Index> {
        self.all.get(key)
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.all.contains_key(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Index)> {
        self.all.iter()
    }

    /// The indexes of a table, in the order of their names.
    pub(super) fn of<'a>(&'a self, table: &Key) -> impl Iterator<Item = (&'a Key, &'a Index)> + use<'a> {
        self.of.get(table).into_iter().flatten().filter_map(|key| self.all.get_key_value(key))
    }

    pub(super) fn insert(&mut self, key: Key, index: Index) {
        self.remove(&key);
        self.of.entry(index.table.clone()).or_default().insert(key.clone());
        self.all.insert(key, index);
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Index> {
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
                && change(&mut index)
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
