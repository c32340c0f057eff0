//! What is gone: objects that are dropped, and those that go with them.

use std::collections::HashMap;
use std::sync::Arc;

use rung_catalog::{Body, Constraint, Fact, Key, Kind, Object, Type};
use rung_engine::Cut;

use super::change::Fate;
use super::uses::uses;
use super::work::{Phase, Step};
use super::{Builder, names, steps};
use crate::name::{full, parent, quoted};
use crate::render::object::{is_of_domain, phrase};

impl<'a> Builder<'_, 'a> {
    /// Drops objects. What goes along with another has no statement of its own.
    pub(super) fn remove_all(&mut self, keys: Vec<&'a Key>) {
        let objects: Vec<&'a Object> = keys.iter().filter_map(|key| self.changes.from.get(key)).collect();
        let mut along: HashMap<&'a Key, Fact> = HashMap::new();
        for object in &objects {
            if let Some(fact) = self.goes_with(object) {
                along.insert(&object.key, fact);
            }
        }
        for object in objects {
            if self.changes.aside.contains(&*object.key) || self.is_swapped(object) || self.is_taken_over(object) {
                continue;
            }
            if self.is_moved(object) {
                self.move_aside(object);
            } else if !along.contains_key(&*object.key) {
                self.remove(object);
            }
        }
        self.along = along;
    }

    /// Gives the facts of what goes along to the work that takes it, once there is all of it.
    pub(super) fn settle_along(&mut self) {
        let takers = self.works.takers();
        let mut keys: Vec<&'a Key> = self.along.keys().copied().collect();
        keys.sort();
        for key in keys {
            let mut fact = self.along[key].clone();
            // To what nothing else takes along.
            let mut seen = 0;
            while let Some(next) = self.along.get(&*fact.key).filter(|_| seen < 8) {
                fact = next.clone();
                seen += 1;
            }
            let Some(object) = self.changes.from.get(key) else { continue };
            let Some(at) = takers.get(&fact).copied() else {
                self.remove(object);
                continue;
            };
            let frees = self.frees(object).into_iter().filter(|it| it.key != fact.key || fact.column.is_some());
            let (frees, releases): (Vec<Fact>, Vec<String>) = (frees.collect(), self.released(object));
            let action = &mut self.works.0[at];
            action.frees.extend(frees.into_iter().filter(|it| !action.takes.contains(it)));
            action.takes.push(Fact::object(&object.key));
            action.releases.extend(releases);
        }
    }

    /// What an object goes away with, where that is taken.
    fn goes_with(&self, object: &'a Object) -> Option<Fact> {
        let changes = &*self.changes;
        let is_gone = changes.fate_of(&object.key) == Some(Fate::Gone);
        if let Body::Sequence(sequence) = &object.body {
            let (table, column) = sequence.owned_by.as_ref()?;
            if changes.fate_of(table) == Some(Fate::Gone) || changes.rebuilt.contains(&**table) {
                return is_gone.then(|| Fact::object(table));
            }
            let dropped = changes.columns(table, column).is_none();
            return (dropped && is_gone).then(|| Fact::column(table, column));
        }
        // A foreign key between tables that both go, in a circle, is dropped first.
        if let Body::Constraint(constraint) = &object.body
            && self.is_of_circle(object, constraint)
        {
            return None;
        }
        if self.is_tied(object) {
            return None;
        }
        // Its classes go with it, which it needs itself.
        if object.key.kind == Kind::OperatorFamily && !object.key.name.ends_with(" (added)") {
            return None;
        }
        // What makes a type in C goes with it.
        if let Body::Routine(_) = &object.body
            && let Some(of) = self.makes_type(object)
        {
            return Some(Fact::object(of));
        }
        for used in uses(changes.old, object).into_iter().filter(|used| used.goes_along) {
            // Those that inherit are detached.
            if matches!(object.body, Body::Table(_)) {
                break;
            }
            let taken = match used.on_column {
                None => {
                    changes.is_dropped(used.on) && !changes.aside.contains(&**used.on) && !self.is_swapped_key(used.on)
                }
                Some(column) => changes.is_dropped(used.on) || is_gone && changes.columns(used.on, column).is_none(),
            };
            if taken {
                let whole = changes.is_dropped(used.on) || used.on_column.is_none();
                return Some(if whole { Fact::object(used.on) } else { used.fact() });
            }
        }
        None
    }

    /// Whether a part of a table that goes uses something that uses the table: it has to go first by itself, as that can't go
    /// before it, and the table not before that.
    fn is_tied(&self, object: &'a Object) -> bool {
        let Some(table) = self.changes.old.parent(object).filter(|table| self.changes.is_dropped(table)) else {
            return false;
        };
        let mut seen: Vec<&Key> = Vec::new();
        let mut left: Vec<&Object> = vec![object];
        while let Some(user) = left.pop() {
            for used in uses(self.changes.old, user) {
                let is_again = *user.key != *object.key && **used.on == *table;
                if is_again {
                    return true;
                }
                if **used.on != *table && self.changes.is_dropped(used.on) && !seen.contains(&&**used.on) {
                    seen.push(used.on);
                    left.extend(self.changes.from.get(used.on).filter(|it| self.changes.old.parent(it) != Some(table)));
                    // A table goes with all that belongs to it: the table that a key of its refers to stays as long.
                    left.extend(self.changes.old.parts(used.on));
                }
            }
        }
        false
    }

    /// The type in C that a function is needed for and needs itself.
    fn makes_type(&self, object: &Object) -> Option<&'a Arc<Key>> {
        let types = object.depends_on.iter().filter(|it| it.on.kind == Kind::Type);
        types.map(|it| &*it.on).find_map(|key| {
            let of = self.changes.from.get(key)?;
            let is_circle = of.depends_on.iter().any(|it| it.on == object.key);
            (self.changes.is_dropped(key) && is_circle && matches!(of.body, Body::Type(Type::Base(_) | Type::Range(_))))
                .then_some(&of.key)
        })
    }

    fn is_of_circle(&self, object: &Object, constraint: &Constraint) -> bool {
        let foreign = |object: &Object, constraint: &Constraint| match &constraint.kind {
            rung_catalog::ConstraintKind::Foreign(foreign) => {
                let own = self.changes.old.parent(object)?;
                Some((own, self.changes.from.get(&foreign.table).map(|it| &*it.key)?))
            }
            _ => None,
        };
        let Some((own, other)) = foreign(object, constraint) else { return false };
        if own == other || !self.changes.is_dropped(other) || !self.changes.is_dropped(own) {
            return false;
        }
        let mut seen: Vec<&Key> = Vec::new();
        let mut left = vec![other];
        while let Some(key) = left.pop() {
            if key == own {
                return true;
            }
            if seen.contains(&key) || !self.changes.is_dropped(key) {
                continue;
            }
            seen.push(key);
            for part in self.changes.old.parts(key) {
                if let Body::Constraint(constraint) = &part.body {
                    left.extend(foreign(part, constraint).map(|(_, other)| other));
                }
            }
        }
        false
    }

    /// Names that are free when an object is gone.
    fn released(&self, object: &'a Object) -> Vec<String> {
        let mut names = names(object);
        names.extend(super::overloads(&object.key));
        if let (Body::Constraint(constraint), Some(table)) = (&object.body, self.changes.old.parent(object)) {
            names.extend(super::index::primary(table, constraint));
        }
        if let Some(table) = self.changes.old.parent(object) {
            match &object.body {
                Body::Trigger(_) if !super::inherit::is_inherited(object) => {
                    names.push(super::table::trigger(table, &object.key.name))
                }
                Body::Constraint(_) => names.push(super::table::parts_gone(table)),
                Body::Index(index) if index.on_only => names.push(super::table::parts_gone(table)),
                _ => {}
            }
        }
        if let (Some(columns), Some(table)) = (super::uses::keys(object), self.changes.old.parent(object)) {
            names.push(super::index::key_of(table, columns));
        }
        names
    }

    fn remove(&mut self, object: &'a Object) {
        let is_gone = self.changes.fate_of(&object.key) == Some(Fate::Gone);
        let online = match &object.body {
            Body::Index(index) => index.table.as_deref().is_some_and(|table| {
                self.changes.is_online(table)
                    && is_gone
                    && !index.on_only
                    && self.stays(table)
                    && !self.is_forced(object)
            }),
            _ => false,
        };
        let mut drops = drop(object, online);
        // An extension that is made anew has its tables empty.
        if (is_gone || object.key.kind == Kind::Extension)
            && let Some(last) = drops.last_mut()
        {
            last.loses = loses(object);
        }
        let is_above = match &object.body {
            Body::Index(index) if index.on_only => self.has_keys_below(object),
            _ => false,
        };
        if is_above && let Some(last) = drops.last_mut() {
            // With the keys of partitions that are parts of it, which can't be dropped by themselves.
            last.sql.push_str(" CASCADE");
        }
        if let Body::Table(table) = &object.body
            && let (Some(_), Some(parent)) = (&table.bound, table.inherits.first())
            && is_gone
            && self.is_referred_to(parent)
        {
            let detach = format!("ALTER TABLE {} DETACH PARTITION {}", full(parent), full(&object.key));
            drops.insert(0, Step::from(detach).because("foreign keys refer to it as long as it is a partition"));
        }
        let frees = self.frees(object);
        let parents: Vec<String> = match &object.body {
            Body::Table(table) => table.inherits.iter().map(|parent| super::table::heirs_of(parent)).collect(),
            _ => Vec::new(),
        };
        let group = self.group(object);
        let phase = match object.key.kind {
            // It may keep everything else from being done, or give something to what is made meanwhile.
            Kind::EventTrigger | Kind::DefaultPrivileges => Phase::First,
            _ if online => Phase::Late,
            _ => Phase::Drop,
        };
        let releases = self.released(object).into_iter().chain(parents).collect();
        let is_of_circle = matches!(&object.body, Body::Constraint(of) if self.is_of_circle(object, of));
        let action = self.works.add(phase, &object.key, group, drops);
        action.takes = vec![Fact::object(&object.key)];
        action.frees = frees;
        action.releases = releases;
        // Of a circle it has to go before the partitions, which others of the circle refer to.
        action.claims.extend(group.filter(|_| !is_of_circle).map(super::table::heirs_of));
        let left = group.filter(|table| self.left.contains_key(table)).and_then(|table| self.changes.from.get(table));
        action.needs.extend(left.map(|table| super::table::left(&table.key)));
        if online || object.key.kind == Kind::Subscription {
            action.what.cut = Cut::Outside;
        }
    }

    fn has_keys_below(&self, object: &'a Object) -> bool {
        let heirs = self.changes.old.parent(object).into_iter().flat_map(|table| self.changes.old.heirs_of(table));
        heirs.flat_map(|heir| self.changes.old.parts(heir)).any(|part| {
            matches!(part.body, Body::Constraint(_)) && super::uses::above(self.changes.old, part) == Some(&*object.key)
        })
    }

    /// Whether a foreign key refers to a table that stays, or to one of which it is a part.
    fn is_referred_to(&self, table: &Key) -> bool {
        let above = |table: &&Object| self.changes.from.get(super::uses::whole(table)?);
        let tables: Vec<&Object> = std::iter::successors(self.changes.from.get(table), above).collect();
        let mut keys = self.changes.from.of_kind(Kind::Constraint).filter_map(super::uses::referred);
        keys.any(|referred| tables.iter().any(|it| it.key == *referred) && !self.changes.is_dropped(referred))
    }

    /// Whether an object has to go because something that it uses does.
    pub(super) fn is_forced(&self, object: &'a Object) -> bool {
        self.is_forced_by(object, |used| self.changes.is_dropped(used))
    }

    /// Whether it has to go before there is another in its place. What goes for good can wait for that, such as an operator
    /// class; but as long as there are two functions of a name, no call of them is clear.
    pub(super) fn is_forced_early(&self, object: &'a Object) -> bool {
        let waits = |used: &Key| {
            let may_wait = !matches!(used.kind, Kind::Table | Kind::Routine | Kind::Type);
            may_wait && self.changes.fate_of(used) == Some(Fate::Gone)
        };
        self.is_forced_by(object, |used| self.changes.is_dropped(used) && !waits(used))
    }

    fn is_forced_by(&self, object: &'a Object, is_taken: impl Fn(&Key) -> bool) -> bool {
        let changes = &*self.changes;
        uses(changes.old, object).iter().any(|used| match used.on_column {
            _ if is_taken(used.on) => true,
            _ if changes.is_dropped(used.on) => false,
            None => false,
            Some(column) => {
                let place = (&**used.on, column);
                changes.retyped.contains(&place)
                    || changes.readded.contains(&place)
                    || changes.columns(used.on, column).is_none()
            }
        })
    }

    fn is_swapped_key(&self, key: &Key) -> bool {
        self.changes.from.get(key).is_some_and(|object| self.is_swapped(object))
    }
}

/// The statements that drop an object.
fn drop(object: &Object, concurrently: bool) -> Vec<Step> {
    let key = &*object.key;
    let on = parent(key);
    let sql = match (&object.body, key.kind) {
        // It goes with that of the whole; nothing is said of it any more.
        (Body::Trigger(_), _) if super::inherit::is_inherited(object) => {
            format!("COMMENT ON {} IS NULL", phrase(object))
        }
        (Body::Constraint(_), _) if is_of_domain(object) => {
            format!("ALTER DOMAIN {on} DROP CONSTRAINT {}", quoted(&key.name))
        }
        (Body::Constraint(_), _) => format!("ALTER TABLE {on} DROP CONSTRAINT {}", quoted(&key.name)),
        (Body::Index(_), _) if concurrently => format!("DROP INDEX CONCURRENTLY {}", full(key)),
        // With the functions that make it.
        (Body::Type(Type::Base(_)), _) => format!("DROP TYPE {} CASCADE", full(key)),
        (Body::Type(Type::Range(_)), _) if object.depends_on.iter().any(|it| it.on.kind == Kind::Routine) => {
            format!("DROP TYPE {} CASCADE", full(key))
        }
        (Body::Other(of), Kind::UserMapping) => {
            of.sql.replacen("CREATE", "DROP", 1).split(" OPTIONS (").next().unwrap_or_default().to_owned()
        }
        (Body::Other(of), Kind::OperatorFamily) if key.name.ends_with(" (added)") => {
            super::definition::drop_from_family(&of.sql)
        }
        (Body::Other(of), Kind::DefaultPrivileges) => {
            return steps(super::object::default_privileges(
                key,
                &of.sql,
                &object.grants,
                &rung_catalog::Grants::default(),
            ));
        }
        (Body::Other(_), Kind::Subscription) => {
            let what = phrase(object);
            let mut all = steps([format!("ALTER {what} DISABLE"), format!("ALTER {what} SET (slot_name = NONE)")]);
            all.push(
                Step::from(format!("DROP {what}"))
                    .because("its slot on the publisher stays, and keeps the log there until it is dropped"),
            );
            return all;
        }
        _ => format!("DROP {}", phrase(object)),
    };
    steps([sql])
}

/// What of the data goes with an object.
pub(super) fn loses(object: &Object) -> Option<String> {
    let path = object.key.path();
    match &object.body {
        Body::Table(table) if table.server.is_none() => Some(format!("the rows of {path}")),
        Body::Sequence(_) => Some(format!("how far {path} has counted")),
        Body::Extension(_) => Some(format!("what extension {path} keeps")),
        Body::Other(_) if object.key.kind == Kind::Subscription => Some(format!("how far {path} has got")),
        _ => None,
    }
}
