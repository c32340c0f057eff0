//! What is new: objects that are made, for the first time or again.

use std::sync::Arc;

use rung_catalog::{Action, Body, ConstraintKind, Fact, Key, Kind, Object};

use super::change::Fate;
use super::rebuild::rows;
use super::uses;
use super::work::{Phase, Step};
use super::{Builder, names, rename, steps};
use crate::name::{full, quoted};
use crate::render::object::{Writer, early};
use crate::render::table;

impl<'a> Builder<'_, 'a> {
    /// Writes the objects of the second schema.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer { options: &self.changes.options.compared, needs: self.changes.new, layout: self.layout }
    }

    /// What an object belongs to, for the order.
    pub(super) fn group(&self, object: &Object) -> Option<&'a Key> {
        self.changes.new.parent(object).or_else(|| self.changes.old.parent(object))
    }

    /// Announces what is in a circle with others.
    pub(super) fn announce(&mut self, object: &'a Object) {
        if !self.layout.early.contains_key(&*object.key) {
            return;
        }
        let needs = self.needs(object).into_iter().filter(|fact| fact.key.kind == Kind::Schema).collect();
        let action = self.works.add(Phase::Make, &object.key, None, steps(early(object)));
        action.needs = needs;
        action.claims = names(object);
        self.announced.insert(&object.key, self.works.last());
    }

    pub(super) fn make(&mut self, object: &'a Object) {
        let key = &*object.key;
        if self.layout.inlined.contains(key) {
            return;
        }
        if self.changes.aside.contains(key) {
            self.put_aside(key);
        }
        if let Some(index) = self.make_index(object) {
            return index;
        }
        let announced = self.announced.get(key).copied();
        let sql = self.statements(object);
        let (mut needs, mut after) = self.whole_needs(object);
        after.extend(announced);
        let mut makes = vec![Fact::object(&object.key)];
        let mut claims = if announced.is_some() { Vec::new() } else { names(object) };
        for part in self.changes.new.parts(key).iter().filter(|part| self.layout.inlined.contains(&*part.key)) {
            makes.push(Fact::object(&part.key));
            claims.extend(names(part));
        }
        if super::inherit::is_inherited(object) {
            // It is there when its table is a partition, and the one of which it is.
            let mut table = self.group(object).and_then(|table| self.changes.to.get(table));
            while let Some(part) = table {
                needs.push(super::index::attached(&part.key));
                table = uses::whole(part).and_then(|whole| self.changes.to.get(whole));
            }
        } else if let (Body::Trigger(_), Some(table)) = (&object.body, self.group(object)) {
            // The partitions of a table get it as well.
            let of = std::iter::once(table).chain(self.changes.new.heirs_of(table));
            claims.extend(of.map(|table| super::table::trigger(table, &object.key.name)));
        }
        if let Body::Table(_) = &object.body {
            // It says of its sequences that they are its own.
            let sequences = self.changes.new.sequences.get(key).into_iter().flatten();
            needs.extend(sequences.map(|sequence| Fact::object(&sequence.key)));
        }
        if let Body::Table(table) = &object.body {
            // What it inherits is what its parents are to give, by then: that is not taken back when they no more do.
            let parents = table.inherits.iter().filter_map(|parent| self.changes.to.get(parent));
            let columns = parents.flat_map(|parent| parent.columns().iter().map(|column| (&parent.key, &column.name)));
            let is_kept = |(parent, column): &(&Arc<Key>, &String)| {
                let both = self.changes.columns(parent, column);
                both.is_some_and(|(old, new)| old.not_null.is_some() && new.not_null.is_some())
            };
            needs.extend(columns.filter(is_kept).map(|(parent, column)| super::null::not_null(parent, column)));
        }
        let group = self.group(object);
        let phase = match object.key.kind {
            // What is made meanwhile is not to get what these give.
            Kind::EventTrigger | Kind::DefaultPrivileges => Phase::Last,
            _ => Phase::Make,
        };
        let action = self.works.add(phase, &object.key, group, steps(sql));
        *action = Action { makes, needs, claims, after, ..Action::new(action.what.clone()) };
        self.apart(object);
        self.copy_rows(object);
        if let Body::Sequence(sequence) = &object.body
            && let Some((table, column)) = &sequence.owned_by
            && !self.changes.is_made(table)
        {
            let sql = format!("ALTER SEQUENCE {} OWNED BY {}.{}", full(&object.key), full(table), quoted(column));
            let action = self.works.add(Phase::Make, &object.key, None, steps([sql]));
            action.needs = vec![Fact::object(&object.key), Fact::column(table, column), super::table::owner(table)];
        }
        if let Body::Table(of) = &object.body
            && self.attaches_late(of)
            && let (Some(bound), Some(parent)) = (&of.bound, of.inherits.first())
        {
            self.attach(&object.key, parent, Some(bound));
        }
    }

    /// Whether a view calls routines that are made meanwhile, by itself or by other views: what their texts speak of may come
    /// after it.
    fn calls_texts(&self, object: &'a Object) -> bool {
        let mut seen: Vec<&Key> = Vec::new();
        let mut left = vec![object];
        while let Some(object) = left.pop() {
            for used in uses::uses(self.changes.new, object) {
                let Some(on) = self.changes.to.get(used.on) else { continue };
                match &on.body {
                    Body::Routine(_) if self.changes.is_made(used.on) => return true,
                    Body::View(_) if !seen.contains(&&*on.key) => {
                        seen.push(&on.key);
                        left.push(on);
                    }
                    _ => {}
                }
            }
        }
        false
    }

    /// Fills the materialized views that are made empty, as all is there by then.
    pub(super) fn fill(&mut self) {
        let is_empty = |object: &&'a Object| match &object.body {
            Body::View(view) => view.materialized && self.changes.is_made(&object.key) && self.calls_texts(object),
            _ => false,
        };
        let views: Vec<&'a Object> = self.changes.to.of_kind(Kind::View).filter(is_empty).collect();
        let before: Vec<usize> = (0..self.works.0.len()).collect();
        let mut filled: Vec<(&Key, usize)> = Vec::new();
        for view in &views {
            let sql = format!("REFRESH MATERIALIZED VIEW {}", full(&view.key));
            let step = Step::from(sql).because("functions that it calls may speak of what is made after it");
            let makes = before.iter().copied().filter(|at| self.works.0[*at].what.phase == Phase::Make);
            let after = makes.collect();
            let action = self.works.add(Phase::Finish, &view.key, None, vec![step]);
            (action.makes, action.needs) = (vec![rows(&view.key)], vec![Fact::object(&view.key)]);
            action.after = after;
            filled.push((&view.key, self.works.last()));
        }
        // One that reads others is filled after them.
        for (key, at) in &filled {
            let Some(view) = self.changes.to.get(key) else { continue };
            let read = uses::uses(self.changes.new, view);
            self.works.0[*at].needs.extend(read.iter().filter(|it| it.on.kind == Kind::View).map(|it| rows(it.on)));
        }
    }

    /// The statements that make an object.
    fn statements(&self, object: &'a Object) -> Vec<String> {
        let mut sql = self.writer().object(object);
        match &object.body {
            // Here it is no copy of one whose rows come later.
            Body::View(view) if view.materialized && !self.calls_texts(object) => {
                sql[0] = sql[0].trim_end_matches("\n  WITH NO DATA").to_owned();
            }
            Body::Extension(extension) => {
                sql[0] = format!(
                    "CREATE EXTENSION {} WITH SCHEMA {} VERSION {}",
                    quoted(&object.key.name),
                    quoted(&extension.schema),
                    crate::name::literal(&extension.version)
                );
            }
            Body::Schema if object.key.name == "public" => sql.insert(0, "CREATE SCHEMA public".to_owned()),
            Body::Table(of) if self.attaches_late(of) => {
                let start = format!("ATTACH PARTITION {} ", full(&object.key));
                sql.retain(|statement| !(statement.starts_with("ALTER TABLE ONLY") && statement.contains(&start)));
            }
            _ => {}
        }
        let taken = super::attribute::given_by_default(self.changes, object);
        sql.extend(taken);
        sql
    }

    /// Whether a new partition is attached when its indexes are there: the parent is there before it, and would give it
    /// indexes of names of their own.
    fn attaches_late(&self, table: &rung_catalog::Table) -> bool {
        table.bound.is_some() && table.inherits.first().is_some_and(|parent| !self.changes.is_made(parent))
    }

    /// What must be there before an object as a whole; and which work, where something is only announced.
    fn whole_needs(&self, object: &'a Object) -> (Vec<Fact>, Vec<usize>) {
        let key = &*object.key;
        let mut after = Vec::new();
        let mut needs = Vec::new();
        let inlined = self.changes.new.parts(key).iter().filter(|part| self.layout.inlined.contains(&*part.key));
        for of in std::iter::once(object).chain(inlined.copied()) {
            let apart =
                |column: Option<&str>| column.is_some_and(|column| self.layout.apart.contains(&(&*of.key, column)));
            let schema = self.needs(of).into_iter().filter(|fact| fact.key.kind == Kind::Schema);
            needs.extend(schema);
            for used in uses::uses(self.changes.new, of) {
                // The key of the whole finds those of its parts, and comes last.
                let is_above = uses::above(self.changes.new, of) == Some(&**used.on) && self.changes.is_made(used.on);
                if apart(used.column) || **used.on == *key || is_above {
                    continue;
                }
                let is_announced = self.layout.early.get(&**used.on).is_some_and(|circle| circle.contains(key));
                match self.announced.get(&**used.on).filter(|_| is_announced) {
                    Some(at) => after.push(*at),
                    None => needs.push(used.fact()),
                }
            }
        }
        if let Body::Constraint(constraint) = &object.body
            && let ConstraintKind::Foreign(foreign) = &constraint.kind
        {
            let heirs =
                self.changes.new.heirs_of(&foreign.table).chain(
                    self.changes.new.parent(object).into_iter().flat_map(|table| self.changes.new.heirs_of(table)),
                );
            needs.extend(heirs.filter_map(|heir| self.changes.to.get(heir)).map(|heir| Fact::object(&heir.key)));
        }
        (needs, after)
    }

    /// Defaults that can't be part of their table.
    fn apart(&mut self, object: &'a Object) {
        let key = &*object.key;
        let columns: Vec<&str> = object
            .columns()
            .iter()
            .map(|it| it.name.as_str())
            .filter(|it| self.layout.apart.contains(&(key, it)))
            .collect();
        for column in columns {
            let needs: Vec<Fact> = uses::uses(self.changes.new, object)
                .iter()
                .filter(|it| it.column == Some(column))
                .map(uses::Use::fact)
                .chain([Fact::object(&object.key)])
                .collect();
            let action = self.works.add(Phase::Make, &object.key, None, steps(table::default_apart(object, column)));
            action.needs = needs;
        }
    }

    fn put_aside(&mut self, key: &'a Key) {
        let Some(old) = self.changes.from.get(key) else { return };
        let mut takes = vec![Fact::object(&old.key)];
        let mut sql = Vec::new();
        if is_range(old) {
            // Its functions keep their names, so that it has to go before there is another; its values are texts meanwhile.
            let retyped: Vec<(&'a Key, &'a str)> = self.changes.retyped.iter().copied().collect();
            for (table, column) in retyped {
                let Some((before, _)) = self.changes.columns(table, column) else { continue };
                let Some(table) = self.changes.from.get(table).filter(|_| super::types::is_of(&before.data_type, old))
                else {
                    continue;
                };
                let text = if before.data_type.ends_with("[]") { "text[]" } else { "text" };
                let name = quoted(column);
                sql.push(format!(
                    "ALTER TABLE {} ALTER COLUMN {name} TYPE {text} USING {name}::{text}",
                    full(&table.key)
                ));
                takes.push(Fact::column(&table.key, column));
            }
            sql.push(format!("DROP TYPE {}", full(&old.key)));
        } else {
            sql.push(rename::put_aside(old));
        }
        let action = self.works.add(Phase::Make, &old.key, None, steps(sql));
        action.takes = takes;
        action.releases = names(old);
    }

    /// Types that got out of the way go when no column has them any more.
    pub(super) fn finish_asides(&mut self) {
        let mut keys: Vec<&'a Key> = self.changes.aside.iter().copied().collect();
        keys.sort();
        let all: Vec<usize> = (0..self.works.0.len()).collect();
        for (at, key) in keys.iter().enumerate() {
            let Some(old) = self.changes.from.get(key).filter(|old| !is_range(old)) else { continue };
            // Those that get the new one, and those that get another type altogether.
            let leaves = |table: &Key| {
                self.changes.from.get(table).is_some_and(|table| table.depends_on.iter().any(|it| *it.on == **key))
            };
            let is_user = |at: &usize| {
                let work = &self.works.0[*at];
                work.needs.iter().any(|fact| *fact.key == **key)
                    || work.takes.iter().any(|fact| fact.column.is_some() && leaves(&fact.key))
            };
            let users: Vec<usize> = all.iter().copied().filter(is_user).collect();
            let action = self.works.add(Phase::Drop, &old.key, None, steps([rename::drop_aside(old)]));
            action.after = users;
            let number = self.works.last();
            // One that is made of another goes before that.
            for other in &keys[..at] {
                let uses = |one: &Object, two: &Key| uses::uses(self.changes.old, one).iter().any(|it| **it.on == *two);
                let Some(other_object) = self.changes.from.get(other) else { continue };
                let place = number - (at - keys.iter().position(|it| it == other).unwrap_or(at));
                if uses(other_object, key) {
                    self.works.0[number].after.push(place);
                } else if uses(old, other) {
                    self.works.0[place].after.push(number);
                }
            }
        }
    }

    /// Whether a table is there before and after, as itself.
    pub(super) fn stays(&self, key: &Key) -> bool {
        self.changes.from.get(key).is_some()
            && self.changes.to.get(key).is_some()
            && self.changes.fate_of(key) != Some(Fate::Remade)
    }

    /// Whether a column of a table that stays is new.
    pub(super) fn is_new_column(&self, table: &Arc<Key>, column: &str) -> bool {
        self.changes.readded.contains(&(&**table, column)) || self.changes.columns(table, column).is_none()
    }
}

fn is_range(object: &Object) -> bool {
    matches!(object.body, Body::Type(rung_catalog::Type::Range(_)))
}
