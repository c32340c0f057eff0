//! What hangs on something that is taken away, and what becomes of that.

use std::collections::{HashMap, HashSet};

use rung_catalog::{Body, Catalog, ConstraintKind, Key, Kind, Object, Origin, Type, Value};

use super::change::{Changes, Fate};
use super::types;
use super::uses::{Use, above, is_read_otherwise, is_typed, referred, uses, whole};

impl<'a> Changes<'a> {
    /// What an extension makes may not get the privileges for new objects that it has not got in the second schema: what
    /// it makes nobody knows, and so there are none meanwhile.
    pub(super) fn withhold_privileges(&mut self) {
        let is_made = self.to.of_kind(Kind::Extension).any(|object| self.is_made(&object.key));
        for object in self.to.of_kind(Kind::DefaultPrivileges).filter(|_| is_made) {
            if self.from.get(&object.key).is_some() {
                self.fates.insert(&object.key, Fate::Remade);
            }
        }
    }

    /// Of tables that refer to each other none can be the first that survives a crash, or does no more: such foreign keys go,
    /// and come again.
    pub(super) fn part_persistent(&mut self) {
        let persistence = |catalog: &Catalog, key: &Key| match catalog.get(key).map(|it| &it.body) {
            Some(Body::Table(table)) => Some(table.persistence),
            _ => None,
        };
        let changes = |key: &&'a Key| {
            self.fate_of(key) == Some(Fate::Altered) && persistence(self.from, key) != persistence(self.to, key)
        };
        let tables: HashSet<&'a Key> = self.fates.keys().copied().filter(changes).collect();
        let between = |object: &'a Object| {
            let (one, other) = (self.new.parent(object)?, referred(object)?);
            let is_apart = *one != **other && tables.contains(one) && tables.contains(&**other);
            is_apart.then_some((one, &**other, &*object.key))
        };
        let keys: Vec<(&Key, &Key, &'a Key)> = match tables.len() {
            0 | 1 => Vec::new(),
            _ => self.to.of_kind(Kind::Constraint).filter_map(between).collect(),
        };
        let leads = |start: &Key, end: &Key| {
            let (mut seen, mut left) = (HashSet::new(), vec![start]);
            while let Some(table) = left.pop() {
                if seen.insert(table) {
                    left.extend(keys.iter().filter(|(one, _, _)| *one == table).map(|(_, other, _)| *other));
                }
            }
            seen.contains(end)
        };
        let in_circle = keys.iter().filter(|(one, other, _)| leads(other, one)).map(|(_, _, key)| *key);
        let again: Vec<&'a Key> = in_circle.filter(|key| self.from.get(key).is_some()).collect();
        self.fates.extend(again.into_iter().map(|key| (key, Fate::Remade)));
    }

    /// Takes in all that hangs on what is taken away.
    pub(super) fn close(&mut self) {
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
        let mut done: HashSet<(&Key, Option<&str>, bool, bool)> = HashSet::new();
        while let Some(fact) = left.pop() {
            // A column that is to be added again takes along what another type alone does not.
            let is_readded = fact.1.is_some_and(|column| self.readded.contains(&(fact.0, column)));
            if !done.insert((fact.0, fact.1, self.rebuilt.contains(fact.0), is_readded)) {
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
        // Of what goes as a whole, no other column may be used either.
        let taken = Use { on_column: used.on_column.filter(|_| column.is_some()), ..used };
        match (&object.body, used.column) {
            // Its rows go to partitions of the new type's values.
            (Body::Table(table), Some(name))
                if used.on.kind == Kind::Type && !is_gone && super::rebuild::splits_by(table, name) =>
            {
                self.aside.insert(used.on);
                self.rebuilt.insert(key);
                self.fates.insert(key, Fate::Remade);
                left.push((key, None));
            }
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
                        // A table that is made anew waits until its rows are copied as it is.
                        if !self.rebuilt.contains(&**used.on) {
                            self.aside.insert(used.on);
                        }
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
            // What a table has from its parent goes and comes with that of the parent.
            (Body::Constraint(constraint), _)
                if constraint.origin == Origin::Inherited && matches!(constraint.kind, ConstraintKind::Check(_)) => {}
            // The server makes them anew by itself; a foreign key it would check under the strongest lock.
            (Body::Index(_), _) if is_retyped && !is_read_otherwise(object) => {}
            (Body::Constraint(constraint), _)
                if is_retyped
                    && !matches!(constraint.kind, ConstraintKind::Foreign(_))
                    && !is_read_otherwise(object) => {}
            // But it forgets how much is to be looked at.
            (Body::Other(of), _)
                if is_retyped && key.kind == Kind::Statistics && !of.sql.contains(";\nALTER STATISTICS ") => {}
            (Body::Other(_), _) if key.kind == Kind::Publication && self.is_let_out(object, to, taken) => {
                self.fates.insert(key, Fate::Altered);
            }
            // What is replaced by its new definition has done with it.
            (Body::View(view), _) if !view.materialized && self.lets_go(to, taken) => {
                self.fates.entry(key).or_insert(Fate::Altered);
            }
            (Body::Routine(_), _) if self.fate_of(key) == Some(Fate::Altered) && self.lets_go(to, taken) => {}
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
                self.lets_go(to, used) && super::definition::is_alterable(Kind::Publication, &old.sql, &new.sql)
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
