//! What becomes of each object: made, dropped, altered, or dropped and made anew, with all that hangs on it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rung_catalog::{Catalog, Column, Difference, Key, Kind, Object, differences};
use rung_engine::{AlterOptions, Locking, Refusal};

use super::inherit::Settled;
use crate::render::plan::Needs;

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there afterwards only.
    Made,
    /// It is there before only.
    Gone,
    /// It stays, and is not the same.
    Altered,
    /// It is dropped and made anew.
    Remade,
}

/// All that changes.
pub(super) struct Changes<'a> {
    pub(super) from: &'a Catalog,
    pub(super) to: &'a Catalog,
    pub(super) old: &'a Needs<'a>,
    pub(super) new: &'a Needs<'a>,
    pub(super) options: &'a AlterOptions,
    pub(super) fates: HashMap<&'a Key, Fate>,
    /// Columns that get another type, or the same one made anew. Nothing but indexes and keys may be on them meanwhile.
    pub(super) retyped: BTreeSet<(&'a Key, &'a str)>,
    /// Columns that are dropped and added again, as nothing else changes how they are computed.
    pub(super) readded: BTreeSet<(&'a Key, &'a str)>,
    /// Defaults that are taken off and set again.
    pub(super) reset: BTreeSet<(&'a Key, &'a str)>,
    /// Types and collations that columns have which stay: the old one gets out of the way, and goes when they have the
    /// new one.
    pub(super) aside: HashSet<&'a Key>,
    /// Tables that are made anew with their rows, and partitions of such.
    pub(super) rebuilt: BTreeSet<&'a Key>,
    /// Tables that are made anew for where their columns are declared.
    pub(super) stuck: &'a HashSet<Arc<Key>>,
    /// Tables and parents that they did not have before.
    pub(super) joined: HashSet<(Arc<Key>, Arc<Key>)>,
    /// Columns that change with those of their tables' parents.
    pub(super) followed: HashSet<(&'a Key, &'a str)>,
    pub(super) refused: Vec<Refusal>,
}

impl<'a> Changes<'a> {
    /// What becomes of everything. Nothing, where the catalogs are the same. Columns that change with
    /// those of their tables' parents are told apart from those that change by themselves.
    pub(super) fn of(old: &'a Needs<'a>, new: &'a Needs<'a>, options: &'a AlterOptions, settled: &'a Settled) -> Self {
        let (from, to) = (old.catalog, new.catalog);
        let mut changes = Self {
            from,
            to,
            old,
            new,
            options,
            fates: HashMap::new(),
            retyped: BTreeSet::new(),
            readded: BTreeSet::new(),
            reset: BTreeSet::new(),
            aside: HashSet::new(),
            rebuilt: BTreeSet::new(),
            stuck: &settled.stuck,
            joined: settled.joined.iter().map(|it| (Arc::clone(&it.child), Arc::clone(&it.parent))).collect(),
            followed: HashSet::new(),
            refused: Vec::new(),
        };
        for difference in differences(from, to) {
            let (key, fate) = match difference {
                Difference::New(object) => (&*object.key, Fate::Made),
                Difference::Gone(object) => (&*object.key, Fate::Gone),
                Difference::Changed { from, to } => (&*to.key, changes.fate(from, to)),
            };
            changes.fates.insert(key, fate);
        }
        changes.withhold_privileges();
        changes.part_persistent();
        let places = |list: &[(Arc<Key>, String)]| -> Vec<(&'a Key, &'a str)> {
            let place = |(table, column): &(Arc<Key>, String)| {
                let object = to.get(table)?;
                let column = object.columns().iter().find(|it| it.name == *column)?;
                Some((&*object.key, column.name.as_str()))
            };
            list.iter().filter_map(place).collect()
        };
        changes.followed = places(&settled.retyped).into_iter().chain(places(&settled.readded)).collect();
        changes.retyped.extend(places(&settled.retyped));
        changes.readded.extend(places(&settled.readded));
        changes.close();
        changes
    }

    pub(super) fn fate_of(&self, key: &Key) -> Option<Fate> {
        self.fates.get(key).copied()
    }

    /// Whether an object is made, for the first time or anew.
    pub(super) fn is_made(&self, key: &Key) -> bool {
        matches!(self.fate_of(key), Some(Fate::Made | Fate::Remade))
    }

    /// Whether an object is dropped, be it to be made anew.
    pub(super) fn is_dropped(&self, key: &Key) -> bool {
        matches!(self.fate_of(key), Some(Fate::Gone | Fate::Remade))
    }

    /// Whether others may be using a table meanwhile, and are to be let.
    pub(super) fn is_online(&self, table: &Key) -> bool {
        self.options.locking == Locking::Online && self.from.get(table).is_some() && !self.is_made(table)
    }

    /// The server's major version; where it is not known, the oldest, which the others understand.
    pub(super) fn major(&self) -> u32 {
        self.options.version.map_or(13, |version| version / 10_000)
    }

    pub(super) fn refuse(&mut self, key: &Arc<Key>, why: impl Into<String>, instead: impl Into<String>) {
        let refusal = Refusal { key: Arc::clone(key), why: why.into(), instead: instead.into() };
        if !self.refused.contains(&refusal) {
            self.refused.push(refusal);
        }
    }

    /// Whether a column has a type that waits until no column has it any more, as there is another of its name; that may be
    /// the row of a table.
    pub(super) fn waits(&self, table: &Object, column: &str) -> bool {
        let mut of_column = table.depends_on.iter().filter(|it| it.column.as_deref() == Some(column));
        of_column.any(|it| match it.on.kind {
            Kind::Type => self.aside.contains(&*it.on),
            Kind::Table => self.rebuilt.contains(&*it.on),
            _ => false,
        })
    }

    /// The two columns of a table that stays.
    pub(super) fn columns(&self, table: &Key, column: &str) -> Option<(&'a Column, &'a Column)> {
        let of = |catalog: &'a Catalog| catalog.get(table)?.columns().iter().find(|it| it.name == column);
        Some((of(self.from)?, of(self.to)?))
    }
}
