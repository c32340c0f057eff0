//! Indexes and constraints, so that others can go on meanwhile.

use rung_catalog::{Body, Constraint, ConstraintKind, Fact, Index, Key, Object, Timing, Validity};
use rung_engine::Cut;

use super::change::Fate;
use super::uses::{above, uses};
use super::work::{Phase, Step};
use super::{Builder, names, rename, steps};
use crate::name::{full, parent, quoted, within};
use crate::render::object::{index_name, is_of_domain};
use crate::render::table;

impl<'a> Builder<'_, 'a> {
    /// Whether the new index of a name is built while the old one is still of use, under another name.
    pub(super) fn is_swapped(&self, object: &'a Object) -> bool {
        let changes = &*self.changes;
        let (Some(object), Some(new)) = (changes.from.get(&object.key), changes.to.get(&object.key)) else {
            return false;
        };
        let (Body::Index(index), Body::Index(new)) = (&object.body, &new.body) else { return false };
        changes.fate_of(&object.key) == Some(Fate::Remade)
            && index.table == new.table
            && index.table.as_deref().is_some_and(|table| changes.is_online(table) && self.stays(table))
            && ![index, new].iter().any(|index| index.on_only || index.parent.is_some())
            && !self.is_forced_early(object)
    }

    /// Makes an index or a constraint of what stays. `None` for everything else.
    pub(super) fn make_index(&mut self, object: &'a Object) -> Option<()> {
        match &object.body {
            Body::Index(index) => self.index(object, index),
            Body::Constraint(constraint) => self.constraint(object, constraint)?,
            _ => return None,
        }
        Some(())
    }

    fn index(&mut self, object: &'a Object, index: &'a Index) {
        let key = &object.key;
        let group = index.table.as_deref();
        let online = group.is_some_and(|table| self.changes.is_online(table) && self.stays(table)) && !index.on_only;
        let swapped = self.is_swapped(object);
        let old = rename::aside(key).name;
        if swapped {
            let sql = format!("ALTER INDEX {} RENAME TO {}", full(key), quoted(&old));
            let action = self.works.add(Phase::Make, key, group, steps([sql]));
            action.takes = vec![Fact::object(key)];
            action.releases = names(object);
        }
        let Some(create) = table::create_index(key, index, online) else { return };
        let mut after: Vec<String> = Vec::new();
        // A partition that is yet to be attached brings its indexes along.
        let joins = group.is_some_and(|table| self.joins(table));
        let above_is_made = above(self.changes.new, object).is_some_and(|above| self.changes.is_made(above));
        if !joins || above_is_made {
            after.extend(table::attach_index(self.changes.to, key, index));
        }
        after.extend(table::index_settings(self.changes.to, key, index));
        self.writer().attributes(object, &mut after);
        let needs = self.needs(object);
        let phase = if online { Phase::Finish } else { Phase::Make };
        let heirs: Vec<Fact> = match index.on_only {
            true => group
                .into_iter()
                .flat_map(|table| self.changes.new.heirs_of(table))
                .filter_map(|heir| self.changes.to.get(heir))
                .map(|heir| attached(&heir.key))
                .collect(),
            false => Vec::new(),
        };
        // Keys of partitions that are parts of it, and there already.
        let below: Vec<&'a Object> = self.below(object);
        let mut heirs = heirs;
        if index.on_only {
            heirs.extend(below.iter().map(|part| Fact::object(&part.key)));
            after.splice(0..0, self.attach_below(object));
        }
        let (first, rest) = if online { (vec![create], after) } else { ([vec![create], after].concat(), Vec::new()) };
        let mut first = steps(first);
        if online {
            first[0].note = Some("built while others go on writing");
        }
        let action = self.works.add(phase, key, group, first);
        action.makes = vec![Fact::object(key)];
        action.needs = needs.into_iter().chain(heirs).collect();
        action.claims = names(object);
        action.claims.extend(group.filter(|_| index.on_only).map(super::table::heirs_of));
        if online {
            action.what.cut = Cut::Outside;
        }
        let built = self.works.last();
        let above =
            above(self.changes.new, object).and_then(|above| self.changes.to.get(above)).map(|above| &above.key);
        if rest.is_empty() {
            self.works.0[built].makes.extend(above.map(parts));
        }
        if !rest.is_empty() {
            let action = self.works.add(phase, key, group, steps(rest));
            action.after = vec![built];
            action.makes = above.map(parts).into_iter().collect();
        }
        if swapped {
            let drop = Step::from(format!("DROP INDEX CONCURRENTLY {}", within(key, &old)));
            let frees = self.changes.from.get(key).map(|old| self.frees(old)).unwrap_or_default();
            let action = self.works.add(Phase::Late, key, group, vec![drop]);
            action.after = vec![built];
            // The table stays.
            action.frees = frees.into_iter().filter(|fact| Some(&*fact.key) != group).collect();
            action.what.cut = Cut::Outside;
        }
    }

    /// Whether a table becomes a partition.
    fn joins(&self, table: &Key) -> bool {
        let is_new = self.changes.is_made(table)
            && self.changes.to.get(table).is_some_and(|object| matches!(&object.body, Body::Table(of) if of.bound.is_some() && of.inherits.first().is_some_and(|parent| !self.changes.is_made(parent))));
        // What its parent has already is found and taken.
        is_new || self.settled.joined.iter().any(|bond| *bond.child == *table)
    }

    fn constraint(&mut self, object: &'a Object, constraint: &'a Constraint) -> Option<()> {
        let key = &object.key;
        let of_domain = is_of_domain(object);
        let of = self.changes.new.parent(object)?;
        let online = self.changes.is_online(of) && self.stays(of);
        let (is_partitioned, is_foreign_table) = match self.changes.to.get(of).map(|it| &it.body) {
            Some(Body::Table(table)) => (table.partition_by.is_some(), table.server.is_some()),
            _ => (false, false),
        };
        let mut needs = self.needs(object);
        let columns: Vec<Fact> = uses(self.changes.new, object)
            .into_iter()
            .filter(|it| matches!(constraint.kind, ConstraintKind::PrimaryKey { .. }) && **it.on == *of)
            .filter_map(|it| Some(super::null::not_null(it.on, it.on_column?)))
            .collect();
        needs.extend(columns);
        self.above_comes_last(object, &mut needs);
        if let ConstraintKind::Foreign(_) = constraint.kind {
            let indexes: Vec<Fact> =
                needs.iter().filter(|it| it.key.kind != rung_catalog::Kind::Table).map(|it| parts(&it.key)).collect();
            needs.extend(indexes);
        }
        let validates = constraint.validity == Validity::Valid && online && !is_foreign_table;
        let can_wait = match &constraint.kind {
            ConstraintKind::Check(_) => validates,
            ConstraintKind::Foreign(_) => validates && (!is_partitioned || self.changes.major() >= 18),
            _ => false,
        };
        let is_unique = matches!(
            constraint.kind,
            ConstraintKind::PrimaryKey { without_overlaps: false, .. }
                | ConstraintKind::Unique { without_overlaps: false, .. }
        );
        // The key of a partitioned table that is made finds those of its partitions by itself.
        let finds = above(self.changes.new, object).is_some_and(|above| self.changes.is_made(above));
        let attach = constraint.index.as_ref().filter(|_| !finds && !self.joins(of));
        let attach = attach.and_then(|index| table::attach_index(self.changes.to, key, index));
        let mut after = Vec::new();
        let mut sql = if can_wait {
            let unchecked = Constraint { validity: Validity::NotValid, ..constraint.clone() };
            let what = if of_domain { "DOMAIN" } else { "TABLE" };
            vec![format!("ALTER {what} {} ADD {}", parent(key), table::constraint(key, &unchecked))]
        } else if is_unique && online && !is_partitioned && !is_foreign_table {
            let is_there = self.takes_over(object).is_some();
            if !is_there {
                after.push(self.build(object, constraint, of)?);
            }
            let index = constraint.index.as_ref()?;
            let built = rename::built(key).name;
            let what =
                if matches!(constraint.kind, ConstraintKind::PrimaryKey { .. }) { "PRIMARY KEY" } else { "UNIQUE" };
            let timing = table::timing(constraint.timing);
            let sql = format!(
                "ALTER TABLE {} ADD CONSTRAINT {} {what} USING INDEX {}{timing}",
                parent(key),
                quoted(&key.name),
                quoted(if is_there { &key.name } else { &built })
            );
            let mut sql = vec![sql];
            sql.extend(attach);
            sql.extend(table::index_settings(self.changes.to, key, index));
            sql
        } else {
            let mut sql = self.writer().constraint_apart(object, constraint);
            if is_partitioned && constraint.index.as_ref().is_some_and(|index| !index.valid) {
                sql.extend(self.attach_below(object));
            }
            if !sql.is_empty() {
                sql.extend(attach);
            }
            sql
        };
        if !sql.is_empty() {
            self.writer().attributes(object, &mut sql);
            sql.extend(
                crate::render::object::index_comment(key, constraint.index_comment.as_deref())
                    .filter(|_| is_unique && online && !is_partitioned),
            );
        }
        let action = self.works.add(Phase::Make, key, Some(of), steps(sql));
        action.makes = vec![Fact::object(key)];
        action.needs = needs;
        action.claims = names(object);
        action.after = after;
        action.claims.extend(primary(of, constraint));
        action.claims.push(super::table::heirs_of(of));
        if let ConstraintKind::Foreign(foreign) = &constraint.kind {
            // Of two keys it would take the older one.
            let columns: Vec<&str> = foreign.references.iter().map(String::as_str).collect();
            action.claims.push(key_of(&foreign.table, columns));
            // It would hold on to partitions that go.
            let parts = std::iter::once(&*foreign.table).chain(self.changes.old.heirs_of(&foreign.table));
            action.claims.extend(parts.map(super::table::heirs_of));
        }
        if can_wait {
            self.validate(object);
        }
        Some(())
    }

    /// Checks rows in a transaction of its own, in which nobody is kept from reading or writing.
    pub(super) fn validate(&mut self, object: &'a Object) {
        let key = &object.key;
        let what = if is_of_domain(object) { "DOMAIN" } else { "TABLE" };
        let sql = Step::from(format!("ALTER {what} {} VALIDATE CONSTRAINT {}", parent(key), quoted(&key.name)))
            .because("apart, so that rows are checked under a lock that lets others write");
        let group = self.group(object);
        let action = self.works.add(Phase::Validate, key, group, vec![sql]);
        action.needs = vec![Fact::object(key)];
        action.makes = vec![validated(key)];
        action.what.cut = Cut::New;
    }

    /// The key of a partitioned table finds those of its partitions, if they are there first.
    fn above_comes_last(&self, object: &'a Object, needs: &mut Vec<Fact>) {
        if let Some(above) = above(self.changes.new, object).filter(|above| self.changes.is_made(above)) {
            needs.retain(|fact| *fact.key != *above);
        }
        needs.extend(self.below(object).into_iter().map(|part| Fact::object(&part.key)));
    }

    /// The keys of partitions whose indexes are parts of that of a partitioned table.
    fn below(&self, object: &'a Object) -> Vec<&'a Object> {
        let heirs = self.changes.new.parent(object).into_iter().flat_map(|table| self.changes.new.heirs_of(table));
        let parts = heirs.flat_map(|heir| self.changes.new.parts(heir)).copied();
        let is_below = |part: &&'a Object| {
            matches!(part.body, Body::Constraint(_)) && above(self.changes.new, part) == Some(&*object.key)
        };
        parts.filter(is_below).collect()
    }

    /// The statements by which those keys become parts of an index that was made without them.
    fn attach_below(&self, object: &'a Object) -> Vec<String> {
        let attach = |part: &'a Object| match &part.body {
            Body::Constraint(it) => table::attach_index(self.changes.to, &part.key, it.index.as_ref()?),
            _ => None,
        };
        self.below(object).into_iter().filter_map(attach).collect()
    }

    /// The index that a key of its name can be made of as it is.
    fn takes_over(&self, object: &'a Object) -> Option<&'a Object> {
        let Body::Constraint(constraint) = &object.body else { return None };
        let key = &object.key;
        let old =
            self.changes.from.get(&Key::new(rung_catalog::Kind::Index, key.schema.as_deref(), key.name.clone()))?;
        let (Body::Index(old_index), new) = (&old.body, constraint.index.as_ref()?) else { return None };
        let same = old_index.unique
            && old_index.valid
            && old_index.predicate.is_none()
            && old_index.table == new.table
            && old_index.keys == new.keys
            && old_index.include == new.include
            && old_index.nulls_not_distinct == new.nulls_not_distinct
            && old_index.parent.is_none()
            && !old_index.on_only
            && constraint.timing == Timing::NotDeferrable;
        (same && self.changes.fate_of(&old.key) == Some(Fate::Gone) && !self.is_forced(old)).then_some(old)
    }

    /// Whether an index becomes that of a key.
    pub(super) fn is_taken_over(&self, object: &'a Object) -> bool {
        let Body::Index(index) = &object.body else { return false };
        let Some(table) = &index.table else { return false };
        let key = Key::new(rung_catalog::Kind::Constraint, table.schema.as_deref(), object.key.name.clone())
            .of(table.name.clone());
        let made = self.changes.to.get(&key).filter(|_| self.changes.is_made(&key));
        made.is_some_and(|made| self.changes.is_online(table) && self.takes_over(made).is_some())
    }

    /// Builds the index of a key beforehand.
    fn build(&mut self, object: &'a Object, constraint: &'a Constraint, of: &'a Key) -> Option<usize> {
        let key = &object.key;
        let mut index = (**constraint.index.as_ref()?).clone();
        index.unique = true;
        let name = rename::built(key);
        let create = table::create_index(&name, &index, true)?;
        let needs: Vec<Fact> = self.needs(object).into_iter().filter(|fact| fact.column.is_some()).collect();
        let step = Step::from(create).because("built while others go on writing; the key is made of it at once");
        let action = self.works.add(Phase::Build, key, Some(of), vec![step]);
        action.needs = needs;
        action.what.cut = Cut::Outside;
        Some(self.works.last())
    }

    /// Builds an index anew whose build has failed.
    pub(super) fn reindex(&mut self, object: &'a Object, index: &Index) {
        let key = &object.key;
        let online = index.table.as_ref().is_some_and(|table| self.changes.is_online(table));
        let word = if online { " CONCURRENTLY" } else { "" };
        let step = Step::from(format!("REINDEX INDEX{word} {}", full(key))).because("its build had failed");
        let (group, needs) = (self.group(object), self.needs(object));
        let action = self.works.add(Phase::Validate, key, group, vec![step]);
        action.needs = needs;
        if online {
            action.what.cut = Cut::Outside;
        }
    }

    /// Alters what can be altered of an index.
    pub(super) fn alter_index(&self, key: &Key, from: &Index, to: &Index, is_key: bool) -> Vec<String> {
        let name = if is_key { index_name(key) } else { full(key) };
        let mut sql = super::table::options(&format!("ALTER INDEX {name}"), &from.options, &to.options);
        if from.tablespace != to.tablespace {
            let space = to.tablespace.as_deref().unwrap_or("pg_default");
            sql.push(format!("ALTER INDEX {name} SET TABLESPACE {}", quoted(space)));
        }
        for (number, _) in from.statistics.iter().filter(|(number, _)| !to.statistics.iter().any(|it| it.0 == *number))
        {
            sql.push(format!("ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS -1"));
        }
        for (number, target) in to.statistics.iter().filter(|it| !from.statistics.contains(it)) {
            sql.push(format!("ALTER INDEX {name} ALTER COLUMN {number} SET STATISTICS {target}"));
        }
        if from.parent != to.parent {
            sql.extend(table::attach_index(self.changes.to, key, to));
        }
        let table = to.table.as_deref();
        match (from.clustered, to.clustered, table) {
            (false, true, Some(table)) => {
                sql.push(format!("ALTER TABLE {} CLUSTER ON {}", full(table), quoted(&key.name)))
            }
            (true, false, Some(table)) if !self.has_clustered(table) => {
                sql.push(format!("ALTER TABLE {} SET WITHOUT CLUSTER", full(table)));
            }
            _ => {}
        }
        sql
    }

    /// Whether another index is the one that CLUSTER goes by.
    fn has_clustered(&self, table: &Key) -> bool {
        self.changes.new.parts(table).iter().any(|part| match &part.body {
            Body::Index(index) => index.clustered,
            Body::Constraint(constraint) => constraint.index.as_ref().is_some_and(|index| index.clustered),
            _ => false,
        })
    }

    /// Alters what can be altered of a constraint.
    pub(super) fn alter_constraint(
        &mut self,
        object: &'a Object,
        from: &'a Constraint,
        to: &'a Constraint,
    ) -> Vec<String> {
        let key = &object.key;
        let mut sql = Vec::new();
        let alter = format!("ALTER TABLE {} ALTER CONSTRAINT {}", parent(key), quoted(&key.name));
        if from.timing != to.timing {
            let timing = match to.timing {
                Timing::NotDeferrable => " NOT DEFERRABLE",
                Timing::Deferrable => " DEFERRABLE INITIALLY IMMEDIATE",
                Timing::Deferred => " DEFERRABLE INITIALLY DEFERRED",
            };
            sql.push(format!("{alter}{timing}"));
        }
        match (from.validity, to.validity) {
            (Validity::NotValid, Validity::Valid) if self.changes.options.locking == rung_engine::Locking::Online => {
                self.validate(object)
            }
            (Validity::NotValid, Validity::Valid) => {
                let what = if is_of_domain(object) { "DOMAIN" } else { "TABLE" };
                sql.push(format!("ALTER {what} {} VALIDATE CONSTRAINT {}", parent(key), quoted(&key.name)));
            }
            (Validity::NotEnforced, Validity::Valid) => sql.push(format!("{alter} ENFORCED")),
            (Validity::Valid, Validity::NotEnforced) => sql.push(format!("{alter} NOT ENFORCED")),
            _ => {}
        }
        if let (Some(from), Some(to)) = (&from.index, &to.index) {
            sql.extend(self.alter_index(key, from, to, true));
        }
        sql
    }
}

/// A table has one primary key at a time.
pub(super) fn primary(table: &Key, constraint: &Constraint) -> Option<String> {
    let is_primary = matches!(constraint.kind, ConstraintKind::PrimaryKey { .. });
    is_primary.then(|| format!("primary key of {}", full(table)))
}

/// A key that foreign keys refer to.
pub(super) fn key_of(table: &Key, mut columns: Vec<&str>) -> String {
    columns.sort_unstable();
    format!("key of {} {columns:?}", full(table))
}

/// That all rows are known to meet a constraint.
pub(super) fn validated(constraint: &std::sync::Arc<Key>) -> Fact {
    Fact::column(constraint, "its rows")
}

/// That an index of a partitioned table has its parts.
pub(super) fn parts(index: &std::sync::Arc<Key>) -> Fact {
    Fact::column(index, "its parts")
}

/// That a table is a partition, or inherits.
pub(super) fn attached(table: &std::sync::Arc<Key>) -> Fact {
    Fact::column(table, "its place among partitions")
}
