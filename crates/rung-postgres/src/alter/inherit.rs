//! What tables get from those that they inherit from, and what is left of it when they no more do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, Grants, Key, Kind, NotNull, Object, Origin, Table, Validity,
    Value,
};

use super::fate::must_readd;
use super::null::is_partition;

/// A table and one that it inherits from, or is a partition of.
#[derive(Debug, Clone)]
pub(super) struct Bond {
    pub(super) child: Arc<Key>,
    pub(super) parent: Arc<Key>,
    pub(super) bound: Option<String>,
    /// Foreign keys that a partition may lose when it leaves, and has not afterwards.
    pub(super) lost: Vec<String>,
}

/// The first catalog as it is when tables have left their parents, have what new parents make of them, and have followed
/// the changes of those that they keep: what still differs from the second is each table's own to change.
pub(super) struct Settled {
    pub(super) catalog: Catalog,
    pub(super) left: Vec<Bond>,
    pub(super) joined: Vec<Bond>,
    /// Columns that change with the parent's: their type, or altogether.
    pub(super) retyped: Vec<(Arc<Key>, String)>,
    pub(super) readded: Vec<(Arc<Key>, String)>,
    /// Columns that a table drops and some that inherit from it keep, each as its own.
    pub(super) kept_below: HashSet<(Arc<Key>, String)>,
    /// Tables with columns that are declared elsewhere than they are to be, which nothing alters.
    pub(super) stuck: HashSet<Arc<Key>>,
}

/// See [`Settled`].
pub(super) fn settle(from: &Catalog, to: &Catalog, major: u32) -> Settled {
    let settled = settle_but(from, to, major, HashSet::new());
    let is_first = |object: &&Object| settled.catalog.get(&object.key).is_some_and(|old| is_stuck(old, object));
    let first: Vec<&Object> = to.of_kind(Kind::Table).filter(is_first).collect();
    let stuck: HashSet<Arc<Key>> = first.into_iter().flat_map(|object| with_heirs(from, to, object)).collect();
    if stuck.is_empty() { settled } else { settle_but(from, to, major, stuck) }
}

/// A table that is made anew with all that inherit from it, before or after. None, where one of them can't be.
fn with_heirs(from: &Catalog, to: &Catalog, object: &Object) -> Vec<Arc<Key>> {
    let mut all = vec![Arc::clone(&object.key)];
    let mut at = 0;
    while let Some(key) = all.get(at).cloned() {
        at += 1;
        for heir in [from, to].iter().flat_map(|catalog| catalog.of_kind(Kind::Table)) {
            let (Some(before), Some(after)) = (from.get(&heir.key), to.get(&heir.key)) else { continue };
            if table(heir).is_some_and(|it| it.inherits.contains(&key)) && !all.contains(&heir.key) {
                if !is_plain(before) || !is_plain(after) {
                    return Vec::new();
                }
                all.push(Arc::clone(&heir.key));
            }
        }
    }
    all
}

/// Whether a table has its rows here, and is no partition.
fn is_plain(object: &Object) -> bool {
    table(object).is_some_and(|it| it.server.is_none() && it.bound.is_none())
}

/// Whether a column that stays is declared elsewhere than it is to be.
fn is_stuck(old: &Object, new: &Object) -> bool {
    let differs = |new: &Column| old.columns().iter().any(|old| old.name == new.name && old.origin != new.origin);
    is_plain(old) && is_plain(new) && new.columns().iter().any(differs)
}

fn settle_but(from: &Catalog, to: &Catalog, major: u32, stuck: HashSet<Arc<Key>>) -> Settled {
    let mut settled = Settled {
        catalog: from.clone(),
        left: Vec::new(),
        joined: Vec::new(),
        retyped: Vec::new(),
        readded: Vec::new(),
        kept_below: HashSet::new(),
        stuck,
    };
    let mut heirs: Vec<&Object> = to
        .of_kind(Kind::Table)
        .filter(|object| from.get(&object.key).is_some_and(|old| inherits(old) || inherits(object)))
        .filter(|object| !is_rebuilt(from, to, object) && !settled.stuck.contains(&object.key))
        .collect();
    // Parents come first.
    let depths: HashMap<&Key, usize> = heirs.iter().map(|object| (&*object.key, depth(to, object))).collect();
    heirs.sort_by_key(|object| depths.get(&*object.key).copied());
    for object in &heirs {
        settled.leave(object, major);
    }
    for object in heirs.iter().rev() {
        settled.keep(from, to, object);
    }
    for object in heirs {
        settled.follow(from, to, object, major);
        settled.join(to, object);
    }
    settled
}

/// Whether a table is made anew, by itself or with the one of which it is a partition before and after.
fn is_rebuilt(from: &Catalog, to: &Catalog, object: &Object) -> bool {
    let Some(old) = from.get(&object.key) else { return false };
    let parents =
        |of: &Object| table(of).filter(|it| it.bound.is_some()).map(|it| it.inherits.clone()).unwrap_or_default();
    let (before, after) = (parents(old), parents(object));
    let kept = before.iter().filter(|parent| after.contains(parent)).filter_map(|parent| to.get(parent));
    super::rebuild::is_rebuilt((from, to), old, object) || kept.into_iter().any(|parent| is_rebuilt(from, to, parent))
}

fn table(object: &Object) -> Option<&Table> {
    match &object.body {
        Body::Table(table) => Some(table),
        _ => None,
    }
}

impl Settled {
    /// Whether the index that an index is to be a part of is one of new parents.
    fn finds(&self, joined: &[Arc<Key>], after: Option<&Body>) -> bool {
        let name = match after {
            Some(Body::Constraint(it)) => it.index.as_ref().and_then(|index| index.parent.as_ref()),
            Some(Body::Index(index)) => index.parent.as_ref(),
            _ => None,
        };
        let of = |parent: &Arc<Key>, name: &String| {
            let key = Key::new(Kind::Index, parent.schema.as_deref(), name.clone());
            let index = self.catalog.get(&key).map(|object| &object.body);
            let is_index = matches!(index, Some(Body::Index(index)) if index.table.as_ref() == Some(parent));
            let key = Key::new(Kind::Constraint, parent.schema.as_deref(), name.clone()).of(parent.name.clone());
            is_index || self.catalog.get(&key).is_some()
        };
        name.is_none_or(|name| joined.iter().any(|parent| of(parent, name)))
    }
}

/// The name of a parent's NOT NULL constraint, as an heir says it: only where it is not the usual one there.
fn inherited_name(parent: &Object, column: &Column, not_null: &NotNull, child: &Key) -> Option<String> {
    let name = super::attribute::not_null_name(parent, column, not_null);
    (name != format!("{}_{}_not_null", child.name, column.name)).then_some(name)
}

/// Whether something is an index of a table, by itself or behind a key, as far as its name tells. Parts of indexes depend
/// on nothing else of that kind.
fn is_index_of(key: &Key, table: &Key) -> bool {
    match key.kind {
        Kind::Constraint => key.schema == table.schema && key.parent.as_ref() == Some(&table.name),
        Kind::Index => key.schema == table.schema,
        _ => false,
    }
}

fn inherits(object: &Object) -> bool {
    table(object).is_some_and(|table| !table.inherits.is_empty())
}

fn depth(catalog: &Catalog, object: &Object) -> usize {
    let parents = table(object).into_iter().flat_map(|table| &table.inherits);
    parents.filter_map(|parent| catalog.get(parent)).map(|parent| depth(catalog, parent) + 1).max().unwrap_or(0)
}

impl Settled {
    fn table(&mut self, key: &Key) -> Option<&mut Table> {
        match &mut self.catalog.get_mut(key)?.body {
            Body::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The keys of what a table has.
    fn parts(&self, key: &Key) -> Vec<Arc<Key>> {
        let is_part = |object: &&Object| match &object.body {
            Body::Constraint(_) => object.key.schema == key.schema && object.key.parent.as_ref() == Some(&key.name),
            Body::Index(index) => index.table.as_deref() == Some(key),
            _ => false,
        };
        let of = |kind| self.catalog.of_kind(kind).filter(is_part).map(|object| Arc::clone(&object.key));
        of(Kind::Constraint).chain(of(Kind::Index)).collect()
    }

    fn constraint(&mut self, key: &Key) -> Option<&mut Constraint> {
        match &mut self.catalog.get_mut(key)?.body {
            Body::Constraint(constraint) => Some(constraint),
            _ => None,
        }
    }

    fn leave(&mut self, to: &Object, major: u32) {
        let (Some(new), Some(old)) = (table(to), self.catalog.get(&to.key).and_then(table).cloned()) else { return };
        let stays = |parent: &Arc<Key>| new.inherits.contains(parent) && old.bound == new.bound;
        let left: Vec<Arc<Key>> = old.inherits.iter().filter(|parent| !stays(parent)).cloned().collect();
        if left.is_empty() {
            return;
        }
        let kept: Vec<Arc<Key>> = old.inherits.iter().filter(|parent| stays(parent)).cloned().collect();
        let above: HashSet<String> = self.inherited(&kept);
        let parts = self.parts(&to.key);
        let foreign: Vec<Object> = match old.bound {
            Some(_) => left.iter().flat_map(|parent| self.foreign_keys(parent, &to.key)).collect(),
            None => Vec::new(),
        };
        // Servers before 15 drop a partition's keys that refer to partitioned tables when it leaves, or not, as it happens.
        let may_go = |object: &Object| {
            let referred = super::uses::referred(object).and_then(|key| table(self.catalog.get(key)?));
            major < 15 && referred.is_some_and(|it| it.partition_by.is_some())
        };
        let (lost, foreign): (Vec<Object>, Vec<Object>) = foreign.into_iter().partition(may_go);
        let lost: Vec<String> = lost.into_iter().map(|object| object.key.name.clone()).collect();
        if let Some(table) = self.table(&to.key) {
            table.inherits = kept;
            table.bound = None;
            for column in table.columns.iter_mut().filter(|column| !above.contains(&column.name)) {
                column.origin = Origin::Local;
                column.not_null.iter_mut().for_each(|it| it.origin = Origin::Local);
            }
        }
        for part in parts {
            let name = format!("check {}", part.name);
            if let Some(object) = self.catalog.get_mut(&part) {
                object.depends_on.retain(|it| !left.iter().any(|parent| is_index_of(&it.on, parent)));
            }
            match self.catalog.get_mut(&part).map(|object| &mut object.body) {
                Some(Body::Constraint(constraint)) => {
                    if !above.contains(&name) {
                        constraint.origin = Origin::Local;
                    }
                    constraint.index.iter_mut().for_each(|index| index.parent = None);
                }
                Some(Body::Index(index)) => index.parent = None,
                _ => {}
            }
        }
        self.leave_triggers(&to.key);
        for object in foreign {
            if self.catalog.get(&object.key).is_none() {
                self.catalog.insert(object);
            }
        }
        let bond = |parent| Bond { child: Arc::clone(&to.key), parent, bound: old.bound.clone(), lost: lost.clone() };
        self.left.extend(left.into_iter().map(bond));
    }

    /// The triggers that a table and those below it have from above it go when it leaves.
    fn leave_triggers(&mut self, key: &Arc<Key>) {
        let mut below = vec![Arc::clone(key)];
        let mut at = 0;
        while let Some(parent) = below.get(at).cloned() {
            at += 1;
            let heirs = self.catalog.of_kind(Kind::Table).filter(|it| super::uses::inherits(it, &parent));
            let heirs: Vec<Arc<Key>> = heirs.map(|it| Arc::clone(&it.key)).collect();
            below.extend(heirs);
        }
        let is_of = |trigger: &Key| below.iter().any(|table| super::uses::belongs(trigger, table));
        let is_left = |trigger: &&Object| {
            let mut whole = trigger.depends_on.iter().filter(|it| it.on.kind == Kind::Trigger);
            is_inherited(trigger) && is_of(&trigger.key) && !whole.any(|it| is_of(&it.on))
        };
        let left: Vec<Arc<Key>> =
            self.catalog.of_kind(Kind::Trigger).filter(is_left).map(|it| Arc::clone(&it.key)).collect();
        for key in left {
            self.catalog.remove(&key);
        }
    }

    /// The foreign keys of a partitioned table, as a partition has them once it is one no more.
    fn foreign_keys(&self, parent: &Key, child: &Key) -> Vec<Object> {
        let own = self.parts(parent).into_iter().filter_map(|key| self.catalog.get(&key));
        let foreign = own.filter(
            |object| matches!(&object.body, Body::Constraint(it) if matches!(it.kind, ConstraintKind::Foreign(_))),
        );
        let of_child = |object: &Object| Object {
            key: Arc::new(
                Key::new(Kind::Constraint, child.schema.as_deref(), object.key.name.clone()).of(child.name.clone()),
            ),
            ..object.clone()
        };
        foreign.map(of_child).collect()
    }

    /// Names of columns, and of checks, that some tables give to their heirs.
    fn inherited(&self, parents: &[Arc<Key>]) -> HashSet<String> {
        let mut names = HashSet::new();
        for parent in parents {
            names.extend(self.catalog.get(parent).into_iter().flat_map(Object::columns).map(|it| it.name.clone()));
            let checks = self.parts(parent).into_iter().filter(|key| key.kind == Kind::Constraint);
            names.extend(checks.map(|key| format!("check {}", key.name)));
        }
        names
    }

    /// The columns that a table or those below it keep, while a parent of its drops them.
    fn keep(&mut self, from: &Catalog, to: &Catalog, object: &Object) {
        let parents = self.catalog.get(&object.key).and_then(table).map(|it| it.inherits.clone()).unwrap_or_default();
        let has = |of: Option<&Object>, name: &str| {
            of.is_some_and(|object| object.columns().iter().any(|column| column.name == name))
        };
        for parent in &parents {
            for column in from.get(parent).into_iter().flat_map(Object::columns) {
                let name = &column.name;
                let is_given = parents.iter().any(|parent| has(to.get(parent), name));
                let inherits = |it: &Column| it.name == *name && it.origin == Origin::Inherited;
                let is_inherited = self.catalog.get(&object.key).is_some_and(|it| it.columns().iter().any(inherits));
                let is_kept = is_inherited && has(Some(object), name)
                    || self.kept_below.contains(&(Arc::clone(&object.key), name.clone()));
                if !is_given && is_kept {
                    self.kept_below.insert((Arc::clone(parent), name.clone()));
                }
            }
        }
    }

    /// The changes of the parents that a table keeps.
    fn follow(&mut self, from: &Catalog, to: &Catalog, object: &Object, major: u32) {
        let parents: Vec<Arc<Key>> =
            self.catalog.get(&object.key).and_then(table).map(|it| it.inherits.clone()).unwrap_or_default();
        let columns = parents.iter().filter_map(|parent| to.get(parent)).flat_map(Object::columns);
        let given: HashSet<String> = columns.map(|column| column.name.clone()).collect();
        for parent in parents {
            let (Some(old), Some(new)) = (from.get(&parent), to.get(&parent)) else { continue };
            // From 18 on a key of the part alone makes the NOT NULL that it has from the whole its own as well.
            let child = from.get(&object.key).filter(|child| major >= 18 && is_partition(child));
            let keys = child.into_iter().flat_map(|child| from.constraints(child)).filter_map(|it| match &it.kind {
                ConstraintKind::PrimaryKey { columns, .. } => Some(columns),
                _ => None,
            });
            let keyed: HashSet<String> = keys.flatten().cloned().collect();
            self.follow_columns((from, to), object, (old, new), (&given, &keyed), major);
            self.follow_checks(from, to, &object.key, &parent);
        }
    }

    /// `given` are the columns that a table has from its parents, `keyed` those that its own key keeps from being NULL.
    fn follow_columns(
        &mut self,
        catalogs: (&Catalog, &Catalog),
        object: &Object,
        (old, new): (&Object, &Object),
        (given, keyed): (&HashSet<String>, &HashSet<String>),
        major: u32,
    ) {
        let find = |of: &Object, name: &str| of.columns().iter().find(|it| it.name == name).cloned();
        let (mut retyped, mut readded) = (Vec::new(), Vec::new());
        let key = Arc::clone(&object.key);
        let kept_below = self.kept_below.clone();
        let Some(table) = self.table(&key) else { return };
        for column in new.columns() {
            let before = find(old, &column.name);
            let place = table.columns.iter().position(|it| it.name == column.name);
            let inherited = || Column {
                origin: Origin::Inherited,
                not_null: column.not_null.as_ref().filter(|it| !it.no_inherit).map(|it| NotNull {
                    name: inherited_name(new, column, it, &key).filter(|_| major >= 18),
                    origin: Origin::Inherited,
                    comment: None,
                    ..it.clone()
                }),
                value: match &column.value {
                    Value::Identity(_) => Value::None,
                    value => value.clone(),
                },
                storage: None,
                compression: None,
                statistics: None,
                options: Vec::new(),
                comment: None,
                grants: Grants::default(),
                labels: Vec::new(),
                ..column.clone()
            };
            match (before, place) {
                (None, None) => table.columns.push(inherited()),
                (None, Some(at)) => table.columns[at].origin = Origin::Both,
                (Some(before), Some(at)) if must_readd(catalogs, major, &before, column) => {
                    if table.columns[at].origin == Origin::Inherited {
                        table.columns[at] = inherited();
                        readded.push((Arc::clone(&key), column.name.clone()));
                    }
                }
                (Some(before), Some(at)) => {
                    let here = &mut table.columns[at];
                    if before.data_type != column.data_type || before.collation != column.collation {
                        here.data_type.clone_from(&column.data_type);
                        here.collation.clone_from(&column.collation);
                        retyped.push((Arc::clone(&key), column.name.clone()));
                    }
                    let given = |of: &Column| of.not_null.as_ref().is_some_and(|it| !it.no_inherit);
                    match (given(&before), given(column)) {
                        (false, true) if here.not_null.is_none() => here.not_null = inherited().not_null,
                        (true, false) => match &mut here.not_null {
                            // What is only given no more is the table's own.
                            Some(it)
                                if it.origin == Origin::Both
                                    || keyed.contains(&column.name)
                                    || column.not_null.is_some() =>
                            {
                                it.origin = Origin::Local;
                            }
                            it => *it = None,
                        },
                        _ => {}
                    }
                }
                (Some(_), None) => {}
            }
        }
        for column in old.columns().iter().filter(|column| find(new, &column.name).is_none()) {
            let Some(at) = table.columns.iter().position(|it| it.name == column.name) else { continue };
            let is_kept = kept_below.contains(&(Arc::clone(&old.key), column.name.clone()));
            match table.columns[at].origin {
                Origin::Inherited if given.contains(&column.name) => {}
                Origin::Inherited if !is_kept => _ = table.columns.remove(at),
                _ => table.columns[at].origin = Origin::Local,
            }
        }
        self.retyped.extend(retyped);
        self.readded.extend(readded);
    }

    fn follow_checks(&mut self, from: &Catalog, to: &Catalog, child: &Key, parent: &Key) {
        let checks = |catalog: &Catalog| -> HashMap<String, Constraint> {
            let own = catalog
                .of_kind(Kind::Constraint)
                .filter(|it| it.key.schema == parent.schema && it.key.parent.as_ref() == Some(&parent.name));
            own.filter_map(|object| match &object.body {
                Body::Constraint(it) if matches!(it.kind, ConstraintKind::Check(_)) && !it.no_inherit => {
                    Some((object.key.name.clone(), (**it).clone()))
                }
                _ => None,
            })
            .collect()
        };
        let (old, new) = (checks(from), checks(to));
        let key = |name: &str| Key::new(Kind::Constraint, child.schema.as_deref(), name).of(child.name.clone());
        for (name, before) in &old {
            let same = |after: &&Constraint| after.kind == before.kind;
            match new.get(name).filter(same) {
                Some(after) => {
                    if let Some(here) = self.constraint(&key(name))
                        && after.validity == Validity::Valid
                    {
                        here.validity = Validity::Valid;
                    }
                }
                None => {
                    let origin = self.constraint(&key(name)).map(|here| here.origin);
                    match origin {
                        Some(Origin::Inherited) => _ = self.catalog.remove(&key(name)),
                        Some(_) => {
                            if let Some(here) = self.constraint(&key(name)) {
                                here.origin = Origin::Local;
                            }
                        }
                        None => {}
                    }
                }
            }
        }
        for (name, after) in new {
            if old.get(&name).is_some_and(|before| before.kind == after.kind) {
                continue;
            }
            match self.constraint(&key(&name)) {
                Some(here) => here.origin = Origin::Both,
                None => {
                    if let Some(object) = to.get(&key(&name)) {
                        let constraint = Constraint { origin: Origin::Inherited, ..after };
                        let depends_on = object.depends_on.clone();
                        let object = Object::new(Arc::clone(&object.key), Body::Constraint(Box::new(constraint)));
                        self.catalog.insert(Object { depends_on, ..object });
                    }
                }
            }
        }
    }

    /// What new parents make of a table.
    fn join(&mut self, all: &Catalog, to: &Object) {
        let (Some(new), Some(old)) = (table(to), self.catalog.get(&to.key).and_then(table).cloned()) else { return };
        let joined: Vec<Arc<Key>> =
            new.inherits.iter().filter(|parent| !old.inherits.contains(parent)).cloned().collect();
        if joined.is_empty() {
            return;
        }
        let is_partition = new.bound.is_some();
        let shared = |origin: Origin, to: Origin| match (to, is_partition) {
            (Origin::Inherited, true) => Origin::Inherited,
            (Origin::Inherited | Origin::Both, false) if origin == Origin::Local => Origin::Both,
            _ => origin,
        };
        if let Some(table) = self.table(&to.key) {
            table.inherits.clone_from(&new.inherits);
            table.bound.clone_from(&new.bound);
            for column in &mut table.columns {
                let Some(after) = new.columns.iter().find(|it| it.name == column.name) else { continue };
                column.origin = shared(column.origin, after.origin);
                if let (Some(here), Some(after)) = (&mut column.not_null, &after.not_null) {
                    here.origin = shared(here.origin, after.origin);
                }
            }
        }
        for part in self.parts(&to.key) {
            let after = all.get(&part).map(|object| &object.body);
            // An index that is there already finds its part; one that is yet to be made is given it.
            let finds = self.finds(&joined, after);
            match (self.catalog.get_mut(&part).map(|object| &mut object.body), after) {
                (Some(Body::Constraint(here)), Some(Body::Constraint(after))) => {
                    here.origin = shared(here.origin, after.origin);
                    if let (Some(here), Some(after)) = (&mut here.index, &after.index)
                        && finds
                    {
                        here.parent.clone_from(&after.parent);
                    }
                }
                (Some(Body::Index(here)), Some(Body::Index(after))) if finds => here.parent.clone_from(&after.parent),
                _ => {}
            }
        }
        let bond = |parent| Bond { child: Arc::clone(&to.key), parent, bound: new.bound.clone(), lost: Vec::new() };
        self.joined.extend(joined.into_iter().map(bond));
    }
}

/// Whether an object is a trigger that a partition has from the whole.
pub(super) fn is_inherited(object: &Object) -> bool {
    matches!(&object.body, Body::Trigger(trigger) if trigger.origin == Origin::Inherited)
}
