//! What becomes of each object: made, dropped, altered, or dropped and made anew, with all that hangs on it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, Difference, Fact, Key, Kind, Nature, Object, Routine, Type,
    Validity, Value, View, differences,
};
use rung_engine::{AlterOptions, Locking, Refusal};

use super::inherit::Settled;
use super::types;
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

/// One use of an object by another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use<'a> {
    /// The column that has the use for it.
    pub(super) column: Option<&'a str>,
    pub(super) on: &'a Arc<Key>,
    pub(super) on_column: Option<&'a str>,
    /// Whether it goes away with what it uses.
    pub(super) goes_along: bool,
}

impl Use<'_> {
    pub(super) fn fact(&self) -> Fact {
        Fact { key: Arc::clone(self.on), column: self.on_column.map(str::to_owned) }
    }
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
    joined: HashSet<(Arc<Key>, Arc<Key>)>,
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

    /// Whether a column has a type that waits until no column has it any more, as there is another of its name.
    pub(super) fn waits(&self, table: &Object, column: &str) -> bool {
        let of_column = table.depends_on.iter().filter(|it| it.column.as_deref() == Some(column));
        of_column.into_iter().any(|it| it.on.kind == Kind::Type && self.aside.contains(&*it.on))
    }

    /// The two columns of a table that stays.
    pub(super) fn columns(&self, table: &Key, column: &str) -> Option<(&'a Column, &'a Column)> {
        let of = |catalog: &'a Catalog| catalog.get(table)?.columns().iter().find(|it| it.name == column);
        Some((of(self.from)?, of(self.to)?))
    }

    /// What becomes of an object that is not the same, taken by itself.
    fn fate(&mut self, from: &'a Object, to: &'a Object) -> Fate {
        let altered = |can: bool| if can { Fate::Altered } else { Fate::Remade };
        match (&from.body, &to.body) {
            (Body::Table(old), Body::Table(new)) => {
                if old.server.is_some() && (old.server != new.server || new.of_type != old.of_type) {
                    return Fate::Remade;
                }
                if super::rebuild::is_rebuilt(from, to) || self.stuck.contains(&to.key) {
                    self.rebuilt.insert(&to.key);
                    return Fate::Remade;
                }
                if old.server.is_some() != new.server.is_some() {
                    self.refuse(
                        &to.key,
                        "a table of this server can't be made one of another, or otherwise",
                        "make a table of another name, copy the rows, and rename both",
                    );
                }
                self.table(from, to);
                Fate::Altered
            }
            (Body::Type(old), Body::Type(new)) => altered(types::is_alterable((self.from, self.to), &to.key, old, new)),
            (Body::Routine(old), Body::Routine(new)) => altered(may_replace(old, new)),
            (Body::View(old), Body::View(new)) => altered(if old.materialized || new.materialized {
                old.materialized == new.materialized
                    && old.query == new.query
                    && old.access_method == new.access_method
                    && types_of(old) == types_of(new)
            } else {
                view_grows(old, new)
            }),
            (Body::Index(old), Body::Index(new)) => {
                let kept = rung_catalog::Index {
                    options: new.options.clone(),
                    tablespace: new.tablespace.clone(),
                    clustered: new.clustered,
                    statistics: new.statistics.clone(),
                    parent: if old.parent.is_none() { new.parent.clone() } else { old.parent.clone() },
                    valid: old.valid || !new.valid,
                    ..(**old).clone()
                };
                let is_same = kept == rung_catalog::Index { valid: kept.valid, ..(**new).clone() };
                altered(is_same && (old.valid || !new.valid))
            }
            (Body::Constraint(old), Body::Constraint(new)) => altered(self.constraint(old, new)),
            (Body::Trigger(old), Body::Trigger(new)) => altered(old.definition == new.definition),
            (Body::Policy(old), Body::Policy(new)) => altered(
                old.permissive == new.permissive
                    && old.command == new.command
                    && (old.using.is_none() || new.using.is_some())
                    && (old.check.is_none() || new.check.is_some()),
            ),
            (Body::Other(old), Body::Other(new)) => {
                altered(old.sql == new.sql || super::object::is_alterable(to.key.kind, &old.sql, &new.sql))
            }
            // There are scripts from a version to a later one only, and not all may be in any schema.
            (Body::Extension(old), Body::Extension(new)) => {
                altered(version(&old.version) <= version(&new.version) && (old.schema == new.schema || old.relocatable))
            }
            (Body::Schema, Body::Schema) | (Body::Sequence(_), Body::Sequence(_)) => Fate::Altered,
            _ => Fate::Remade,
        }
    }

    fn constraint(&self, old: &Constraint, new: &Constraint) -> bool {
        let is_foreign = matches!(new.kind, ConstraintKind::Foreign(_));
        let validity = match (old.validity, new.validity) {
            (one, two) if one == two => true,
            (Validity::NotValid, Validity::Valid) => true,
            (Validity::NotEnforced, Validity::Valid) | (Validity::Valid, Validity::NotEnforced) => {
                is_foreign && self.major() >= 18
            }
            _ => false,
        };
        let index = match (&old.index, &new.index) {
            (Some(old), Some(new)) => {
                let kept = rung_catalog::Index {
                    options: new.options.clone(),
                    tablespace: new.tablespace.clone(),
                    clustered: new.clustered,
                    statistics: new.statistics.clone(),
                    valid: new.valid,
                    parent: if old.parent.is_none() { new.parent.clone() } else { old.parent.clone() },
                    ..(**old).clone()
                };
                kept == **new
            }
            (one, two) => one == two,
        };
        validity
            && index
            && old.kind == new.kind
            && old.no_inherit == new.no_inherit
            && (old.timing == new.timing || is_foreign)
            && old.origin == new.origin
    }

    /// What becomes of the columns of a table that stays.
    fn table(&mut self, from: &'a Object, to: &'a Object) {
        let key = &*to.key;
        for new in to.columns() {
            let Some(old) = from.columns().iter().find(|old| old.name == new.name) else { continue };
            let name = new.name.as_str();
            if must_readd(self.major(), &old.value, &new.value) {
                self.readded.insert((key, name));
            } else if old.data_type != new.data_type || old.collation != new.collation {
                self.retyped.insert((key, name));
            }
        }
    }

    /// What an extension makes may not get the privileges for new objects that it has not got in the second schema: what
    /// it makes nobody knows, and so there are none meanwhile.
    fn withhold_privileges(&mut self) {
        let is_made = self.to.of_kind(Kind::Extension).any(|object| self.is_made(&object.key));
        for object in self.to.of_kind(Kind::DefaultPrivileges).filter(|_| is_made) {
            if self.from.get(&object.key).is_some() {
                self.fates.insert(&object.key, Fate::Remade);
            }
        }
    }

    /// Takes in all that hangs on what is taken away.
    fn close(&mut self) {
        let mut users: HashMap<&'a Key, Vec<(&'a Object, Use<'a>)>> = HashMap::new();
        if self.fates.is_empty() {
            return;
        }
        for object in self.from {
            for used in uses(self.old, object) {
                users.entry(used.on).or_default().push((object, used));
            }
        }
        let mut left: Vec<(&'a Key, Option<&'a str>)> = Vec::new();
        let taken = |fates: &HashMap<&'a Key, Fate>| -> Vec<&'a Key> {
            let mut keys: Vec<&Key> = fates
                .iter()
                .filter(|(_, fate)| matches!(fate, Fate::Gone | Fate::Remade))
                .map(|(key, _)| *key)
                .collect();
            keys.sort();
            keys
        };
        left.extend(taken(&self.fates).into_iter().map(|key| (key, None)));
        let columns = self.retyped.iter().chain(&self.readded);
        left.extend(columns.map(|(key, column)| (*key, Some(*column))));
        let altered: Vec<&'a Key> =
            self.fates.iter().filter(|(_, fate)| **fate == Fate::Altered).map(|(key, _)| *key).collect();
        for key in altered {
            let (Some(from), Some(to)) = (self.from.get(key), self.to.get(key)) else { continue };
            let gone = from.columns().iter().filter(|old| !to.columns().iter().any(|new| new.name == old.name));
            left.extend(gone.map(|column| (key, Some(column.name.as_str()))));
        }
        let mut done: HashSet<(&Key, Option<&str>, bool)> = HashSet::new();
        while let Some(fact) = left.pop() {
            if !done.insert((fact.0, fact.1, self.rebuilt.contains(fact.0))) {
                continue;
            }
            let (key, column) = fact;
            for (object, used) in users.get(key).into_iter().flatten() {
                // A column goes with its table.
                if column.is_some() && used.on_column != column {
                    continue;
                }
                self.let_go(object, *used, column, &mut left);
            }
            // What refers to the whole refers to a part that is made anew.
            let parent = self.from.get(key).filter(|_| self.rebuilt.contains(key)).and_then(whole);
            for (object, _) in parent.and_then(|parent| users.get(&**parent)).into_iter().flatten() {
                let refers = referred(object).is_some_and(|table| parent == Some(table));
                if let Some(to) = self.to.get(&object.key).filter(|to| refers && !self.is_dropped(&to.key)) {
                    self.fates.insert(&to.key, Fate::Remade);
                    left.push((&to.key, None));
                }
            }
            // Parts of the index of a partitioned table are dropped with it, and can't be dropped alone.
            if self.is_dropped(key)
                && let Some(object) = self.from.get(key)
                && let Some(above) = above(self.old, object)
                && !self.is_dropped(above)
                && self.old.parent(object).is_some_and(|table| !self.is_dropped(table))
            {
                self.fates.insert(above, Fate::Remade);
                left.push((above, None));
            }
        }
        self.wait_together();
    }

    /// What waits until no row has it any more keeps what it is made of waiting: types of types, and those of the columns of
    /// tables that wait for their rows to be copied.
    fn wait_together(&mut self) {
        let mut left: Vec<&'a Key> = self.aside.iter().chain(&self.rebuilt).copied().collect();
        while let Some(object) = left.pop().and_then(|key| self.from.get(key)) {
            for used in uses(self.old, object) {
                let may_wait = matches!(used.on.kind, Kind::Type | Kind::Collation);
                if may_wait && self.fate_of(used.on) == Some(Fate::Remade) && self.aside.insert(used.on) {
                    left.push(used.on);
                }
            }
        }
    }

    /// Something that an object uses is taken away.
    fn let_go(
        &mut self,
        object: &'a Object,
        used: Use<'a>,
        column: Option<&'a str>,
        left: &mut Vec<(&'a Key, Option<&'a str>)>,
    ) {
        let Some(to) = self.to.get(&object.key) else {
            // A partition that goes is needed until its rows have been copied.
            if let Body::Table(table) = &object.body
                && table.bound.is_some()
                && self.rebuilt.contains(&**used.on)
                && self.rebuilt.insert(&object.key)
            {
                left.push((&object.key, None));
            }
            return;
        };
        let key = &*to.key;
        if self.is_dropped(key) || self.joins_with(object, used.on) {
            return;
        }
        let is_retyped = column.is_some_and(|column| self.retyped.contains(&(&**used.on, column)));
        let is_gone = self.fate_of(used.on) == Some(Fate::Gone);
        match (&object.body, used.column) {
            (Body::Table(_), Some(name)) => {
                let Some((old, new)) = self.columns(key, name) else { return };
                let name = new.name.as_str();
                if used.on.kind == Kind::Extension && !is_gone {
                    let why = format!("column {name} uses {}, which would have to be dropped and made anew", used.on);
                    self.refuse(
                        &to.key,
                        why,
                        "make it anew in a migration of your own, and say what becomes of the values",
                    );
                    return;
                }
                let spoken = self.from.get(used.on).is_some_and(|it| {
                    types::is_of(&old.data_type, it) || old.collation.as_deref() == Some(&crate::name::full(&it.key))
                });
                if matches!(new.value, Value::Stored(_) | Value::Virtual(_))
                    && matches!(old.value, Value::Stored(_) | Value::Virtual(_))
                {
                    if self.readded.insert((key, name)) {
                        self.retyped.remove(&(key, name));
                        left.push((key, Some(name)));
                    }
                } else {
                    if spoken && !is_gone {
                        self.aside.insert(used.on);
                        if self.retyped.insert((key, name)) {
                            left.push((key, Some(name)));
                        }
                    }
                    if matches!(old.value, Value::Default(_)) {
                        self.reset.insert((key, name));
                    }
                }
                self.fates.entry(key).or_insert(Fate::Altered);
            }
            // Its parts are told by themselves, and so is what it inherits.
            // One that joins it brings rows of its own.
            (Body::Table(_), None) if self.joins(key, used.on) => {}
            (Body::Table(table), None) if table.inherits.contains(used.on) && self.rebuilt.contains(&**used.on) => {
                self.rebuilt.insert(key);
                self.fates.insert(key, Fate::Remade);
                left.push((key, None));
            }
            // What a foreign table shows is elsewhere.
            (Body::Table(table), None) if table.server.is_some() && used.on.kind == Kind::Server => {
                self.fates.insert(key, Fate::Remade);
                left.push((key, None));
            }
            // Its columns are those of its type, in their order.
            (Body::Table(table), None) if table.of_type.is_some() && is_typed(to) && used.on.kind == Kind::Type => {
                self.rebuilt.insert(key);
                self.fates.insert(key, Fate::Remade);
                left.push((key, None));
            }
            (Body::Table(table), None) => {
                if table.partition_by.is_some() && !is_gone && table.bound.is_none() {
                    let why = format!("it is partitioned by what uses {}, which has to be made anew", used.on);
                    self.refuse(&to.key, why, "make a table of another name, copy the rows, and rename both");
                }
            }
            // The server makes them anew by itself; a foreign key it would check under the strongest lock.
            (Body::Index(_), _) if is_retyped && !is_read_otherwise(object) => {}
            (Body::Constraint(constraint), _)
                if is_retyped
                    && !matches!(constraint.kind, ConstraintKind::Foreign(_))
                    && !is_read_otherwise(object) => {}
            // But it forgets how much is to be looked at.
            (Body::Other(of), _)
                if is_retyped && key.kind == Kind::Statistics && !of.sql.contains(";\nALTER STATISTICS ") => {}
            (Body::Other(_), _) if key.kind == Kind::Publication && self.is_let_out(object, to, used) => {
                self.fates.insert(key, Fate::Altered);
            }
            // What is replaced by its new definition has done with it.
            (Body::View(view), _) if !view.materialized && self.lets_go(to, used) => {
                self.fates.entry(key).or_insert(Fate::Altered);
            }
            (Body::Routine(_), _) if self.fate_of(key) == Some(Fate::Altered) && self.lets_go(to, used) => {}
            (Body::Sequence(_) | Body::Extension(_) | Body::Schema, _) => {}
            (Body::Type(of), _) => {
                if let Type::Domain { default: Some(_), base, .. } = of
                    && self.from.get(used.on).is_some_and(|it| !types::is_of(base, it))
                    && self.fate_of(key) != Some(Fate::Remade)
                {
                    // It is its default that has the use.
                    self.reset.insert((key, ""));
                    self.fates.insert(key, Fate::Altered);
                    return;
                }
                self.fates.insert(key, Fate::Remade);
                left.push((key, None));
            }
            _ => {
                self.fates.insert(key, Fate::Remade);
                left.push((key, None));
            }
        }
    }

    /// Whether an index becomes a part of another with its table: of the new one, where the old one goes.
    fn joins_with(&self, object: &Object, other: &Key) -> bool {
        above(self.old, object) == Some(other)
            && self
                .old
                .parent(object)
                .zip(self.from.get(other).and_then(|it| self.old.parent(it)))
                .is_some_and(|(child, parent)| self.joins(child, parent))
    }

    /// Whether a table is to be a partition of another, or to inherit from it, where it was not, or another one.
    pub(super) fn joins(&self, child: &Key, parent: &Key) -> bool {
        self.joined.iter().any(|(one, two)| **one == *child && **two == *parent)
    }

    /// Whether a publication has something no more that is taken away, and can be altered to that.
    fn is_let_out(&self, from: &'a Object, to: &'a Object, used: Use<'a>) -> bool {
        match (&from.body, &to.body) {
            (Body::Other(old), Body::Other(new)) => {
                self.lets_go(to, used) && super::object::is_alterable(Kind::Publication, &old.sql, &new.sql)
            }
            _ => false,
        }
    }

    /// Whether the new form of an object has no use for what the old one used.
    fn lets_go(&self, to: &'a Object, used: Use<'a>) -> bool {
        // Something of the same name and of another kind can be made only when the old one is gone.
        let same = |other: &Use<'_>| match other.on == used.on {
            true => used.on_column.is_none() || other.on_column == used.on_column,
            // Nor is a call clear as long as there are two routines that it may mean.
            false => {
                let is_routine = used.on.kind == Kind::Routine;
                other.on.name == used.on.name
                    && other.on.schema == used.on.schema
                    && (other.on.kind != used.on.kind || is_routine)
            }
        };
        !uses(self.new, to).iter().any(same)
    }
}

/// Whether nothing leads from one way to compute a column to another but to drop it and add it again.
pub(super) fn must_readd(major: u32, old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Stored(one), Value::Stored(two)) => one != two && major < 17,
        (Value::Virtual(_), Value::Virtual(_)) => false,
        (_, Value::Stored(_) | Value::Virtual(_)) | (Value::Virtual(_), _) => old != new,
        _ => false,
    }
}

/// The index, or the constraint with one, of the partitioned table, of whose index an object's index is a part.
pub(super) fn above<'a>(needs: &Needs<'a>, object: &Object) -> Option<&'a Key> {
    let index = match &object.body {
        Body::Index(index) => Some(index),
        Body::Constraint(constraint) => constraint.index.as_ref(),
        _ => None,
    };
    crate::render::table::parent_index(needs.catalog, index?)
}

/// What an object uses.
pub(super) fn uses<'a>(needs: &Needs<'a>, object: &'a Object) -> Vec<Use<'a>> {
    let plain = |on: &'a Arc<Key>, on_column: Option<&'a str>, goes_along: bool| Use {
        column: None,
        on,
        on_column,
        goes_along,
    };
    let key_of = |key: &Key| needs.catalog.get(key).map(|object| &object.key);
    let mut all: Vec<Use<'a>> = object
        .depends_on
        .iter()
        .map(|it| Use {
            column: it.column.as_deref(),
            on: &it.on,
            on_column: it.on_column.as_deref(),
            // Tables go from publications, and not these with them.
            goes_along: it.nature == Nature::Automatic && object.key.kind != Kind::Publication,
        })
        .collect();
    let parent = needs.parent(object).and_then(key_of);
    all.extend(parent.map(|parent| plain(parent, None, true)));
    all.extend(above(needs, object).and_then(key_of).map(|above| plain(above, None, true)));
    match &object.body {
        Body::Constraint(constraint) => {
            if let Some(table) = parent {
                let own = match &constraint.kind {
                    ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                        columns.as_slice()
                    }
                    ConstraintKind::Foreign(foreign) => foreign.columns.as_slice(),
                    ConstraintKind::Check(_) | ConstraintKind::Exclude(_) => &[],
                };
                let carried = constraint.index.iter().flat_map(|index| &index.include);
                all.extend(own.iter().chain(carried).map(|column| plain(table, Some(column), true)));
            }
            if let ConstraintKind::Foreign(foreign) = &constraint.kind {
                all.push(plain(&foreign.table, None, false));
                all.extend(foreign.references.iter().map(|column| plain(&foreign.table, Some(column), false)));
                let is_key = |part: &&&Object| {
                    keys(part).is_some_and(|columns| {
                        columns.len() == foreign.references.len()
                            && columns.iter().all(|column| foreign.references.iter().any(|it| it == column))
                    })
                };
                let keys = needs.parts(&foreign.table).iter().filter(is_key);
                all.extend(keys.map(|part| plain(&part.key, None, false)));
            }
        }
        Body::Index(index) => {
            if let Some(table) = &index.table {
                let columns = index.keys.iter().filter_map(|key| key.column.as_deref());
                let columns = columns.chain(index.include.iter().map(String::as_str));
                all.extend(columns.map(|column| plain(table, Some(column), true)));
            }
        }
        Body::Table(table) => all.extend(table.inherits.iter().map(|parent| plain(parent, None, true))),
        _ => {}
    }
    all
}

/// Whether the server would make something else of an index or a constraint when it makes it anew by itself, as it does
/// from its own SQL.
fn is_read_otherwise(object: &Object) -> bool {
    let (index, text) = match &object.body {
        Body::Index(index) => (Some(index), None),
        Body::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::Check(text) | ConstraintKind::Exclude(text) => (constraint.index.as_ref(), Some(text)),
            _ => (constraint.index.as_ref(), None),
        },
        _ => (None, None),
    };
    let keys = index.iter().flat_map(|index| index.keys.iter().map(|key| &key.sql));
    let predicates = index.iter().filter_map(|index| index.predicate.as_ref());
    keys.chain(predicates).chain(text).any(|sql| crate::inspect::is_read_otherwise(sql))
}

/// Whether a table is a partition of another, or inherits from it.
pub(super) fn inherits(object: &Object, parent: &Key) -> bool {
    matches!(&object.body, Body::Table(table) if table.inherits.iter().any(|it| **it == *parent))
}

/// Whether a table has the columns of a composite type.
pub(super) fn is_typed(object: &Object) -> bool {
    matches!(&object.body, Body::Table(table) if table.of_type.is_some())
}

/// The table of which another is a partition.
pub(super) fn whole(object: &Object) -> Option<&Arc<Key>> {
    match &object.body {
        Body::Table(table) => table.inherits.first().filter(|_| table.bound.is_some()),
        _ => None,
    }
}

/// The table that a foreign key refers to.
pub(super) fn referred(object: &Object) -> Option<&Arc<Key>> {
    match &object.body {
        Body::Constraint(constraint) => match &constraint.kind {
            ConstraintKind::Foreign(foreign) => Some(&foreign.table),
            _ => None,
        },
        _ => None,
    }
}

/// The numbers of a version.
fn version(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

/// The columns of a unique index that a foreign key can refer to.
pub(super) fn keys(part: &Object) -> Option<Vec<&str>> {
    let index = match &part.body {
        Body::Index(index) if index.unique && index.predicate.is_none() => index,
        Body::Constraint(constraint) => constraint.index.as_ref()?,
        _ => return None,
    };
    index.keys.iter().map(|key| key.column.as_deref()).collect()
}

/// Whether `CREATE OR REPLACE` leads from one routine to another: the same result, the same names of arguments, no default
/// less.
fn may_replace(old: &Routine, new: &Routine) -> bool {
    let (one, two) = (arguments(&old.arguments), arguments(&new.arguments));
    let same = one.len() == two.len()
        && one
            .iter()
            .zip(&two)
            .all(|((old, old_default), (new, new_default))| old == new && (!old_default || *new_default));
    let is_aggregate = new.kind == rung_catalog::RoutineKind::Aggregate && old.definition != new.definition;
    old.kind == new.kind && old.result == new.result && same && !is_aggregate
}

/// Arguments one by one, each with whether it has a default.
fn arguments(text: &str) -> Vec<(String, bool)> {
    let mut found: Vec<String> = vec![String::new()];
    let (mut depth, mut quote) = (0_i32, None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    let split = |argument: String| match argument.split_once(" DEFAULT ") {
        Some((argument, _)) => (argument.trim().to_owned(), true),
        None => (argument.trim().to_owned(), false),
    };
    found.into_iter().map(split).collect()
}

/// Whether a view has all columns that it had, in their places, and at most more behind them.
fn view_grows(old: &View, new: &View) -> bool {
    let (old, new) = (types_of(old), types_of(new));
    old.len() <= new.len() && old.iter().zip(&new).all(|(old, new)| old == new)
}

fn types_of(view: &View) -> Vec<(&str, &str, Option<&str>)> {
    view.columns.iter().map(|it| (it.name.as_str(), it.data_type.as_str(), it.collation.as_deref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_told_apart() {
        let found = arguments("a integer, b text DEFAULT 'x, y'::text, OUT c numeric(10,2)");
        let found: Vec<(&str, bool)> = found.iter().map(|(text, default)| (text.as_str(), *default)).collect();
        assert_eq!(found, [("a integer", false), ("b text", true), ("OUT c numeric(10,2)", false)]);
    }
}
