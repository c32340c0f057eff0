//! Tables that stay.

use std::sync::Arc;

use rung_catalog::{
    Body, ConstraintKind, Fact, Key, Kind, Object, Persistence, ReplicaIdentity, RowSecurity, Table, Value,
};

use super::attribute::{attributes, given_to_sequence};
use super::index::attached;
use super::inherit::Bond;
use super::work::Phase;
use super::{Builder, definition, steps};
use crate::name::{full, literal, quoted};

impl<'a> Builder<'_, 'a> {
    pub(super) fn table(&mut self, from: &'a Object, to: &'a Object, old: &'a Table, new: &'a Table) {
        let key = &to.key;
        if old.of_type != new.of_type {
            self.change_type(from, to, old, new);
        }
        self.columns(from, to);
        self.persist(to, old, new);
        let mut sql = self.settings(to, old, new);
        sql.extend(self.all_settings(from, to));
        let mut before = from.clone();
        // What was said of a column that is made anew is said again.
        for column in before.columns_mut() {
            if self.changes.readded.contains(&(&**key, column.name.as_str())) {
                *column = rung_catalog::Column { name: column.name.clone(), ..Default::default() };
            }
        }
        sql.extend(attributes(&before, to, &self.changes.options.compared));
        let is_numbered = |object: &Object, name: &str| {
            object.columns().iter().any(|it| it.name == *name && matches!(it.value, Value::Identity(_)))
        };
        for column in to.columns().iter().filter(|it| !is_numbered(&before, &it.name)) {
            sql.extend(given_to_sequence(self.changes, to, column));
        }
        if sql.is_empty() {
            return;
        }
        let mut needs: Vec<Fact> = to.columns().iter().map(|column| Fact::column(key, &column.name)).collect();
        needs.extend(to.columns().iter().map(|column| super::value::numbered(key, &column.name)));
        if let ReplicaIdentity::Index(name) = &new.replica_identity {
            let of_index = |part: &&&'a Object| part.key.name == *name;
            needs.extend(self.changes.new.parts(key).iter().filter(of_index).map(|part| Fact::object(&part.key)));
        }
        let types = to.depends_on.iter().filter(|it| it.column.is_none()).map(|it| Fact::object(&it.on));
        needs.extend(types);
        let action = self.works.add(Phase::Make, key, None, steps(sql));
        action.needs = needs;
        if from.owner != to.owner {
            action.makes = vec![owner(key)];
        }
    }

    /// A table leaves the type that it has its columns from, first of all, and gets another, last of all.
    fn change_type(&mut self, from: &'a Object, to: &'a Object, old: &Table, new: &Table) {
        let key = &to.key;
        let of = |object: &Object| {
            let whole = object.depends_on.iter().filter(|it| it.column.is_none() && it.on.kind == Kind::Type);
            whole.map(|it| Fact::object(&it.on)).collect::<Vec<Fact>>()
        };
        if old.of_type.is_some() {
            let action = self.works.add(Phase::Make, key, None, steps([format!("ALTER TABLE {} NOT OF", full(key))]));
            (action.makes, action.frees) = (vec![left(key)], of(from));
            self.left.insert(key, self.works.last());
        }
        if let Some(name) = &new.of_type {
            let sql = format!("ALTER TABLE {} OF {name}", full(key));
            let columns = to.columns().iter().map(|column| Fact::column(key, &column.name));
            let needs = columns.chain(of(to)).chain(self.after_leaving(key)).collect();
            let action = self.works.add(Phase::Make, key, None, steps([sql]));
            (action.needs, action.claims) = (needs, vec![columns_of(key)]);
        }
    }

    /// Whether a table survives a crash. One that does refers to none that does not, at no time.
    fn persist(&mut self, to: &'a Object, old: &Table, new: &Table) {
        if old.persistence == new.persistence {
            return;
        }
        let key = &to.key;
        if new.partition_by.is_some() {
            self.changes.refuse(
                key,
                "nothing alters whether a partitioned table is UNLOGGED",
                "leave the word out: it means nothing for a table whose rows are in its partitions",
            );
        }
        let sql = format!("ALTER TABLE {} SET {}", full(key), persistence(new.persistence));
        let stays = |constraint: &&Object| !self.changes.is_made(&constraint.key);
        let pairs =
            self.changes.to.of_kind(Kind::Constraint).filter(stays).filter_map(|constraint| match &constraint.body {
                Body::Constraint(of) => match &of.kind {
                    ConstraintKind::Foreign(foreign) => Some((self.changes.new.parent(constraint)?, &foreign.table)),
                    _ => None,
                },
                _ => None,
            });
        let first: Vec<&Arc<Key>> = match new.persistence {
            Persistence::Permanent => pairs.filter(|(from, _)| **from == **key).map(|(_, to)| to).collect(),
            Persistence::Unlogged => {
                let referring = pairs.filter(|(_, to)| *to == key);
                referring.filter_map(|(from, _)| self.changes.to.get(from)).map(|it| &it.key).collect()
            }
        };
        let needs = first.into_iter().filter(|other| *other != key).map(persisted).collect();
        let action = self.works.add(Phase::Make, key, None, steps([sql]));
        // A foreign key that goes does so before, one that comes does so afterwards.
        (action.makes, action.takes, action.needs) = (vec![persisted(key)], vec![persisted(key)], needs);
    }

    /// What is set for a table as a whole.
    fn settings(&mut self, to: &'a Object, old: &'a Table, new: &'a Table) -> Vec<String> {
        let key = &to.key;
        let what = if new.server.is_some() { "FOREIGN TABLE" } else { "TABLE" };
        let alter = format!("ALTER {what} {}", full(key));
        let only = format!("ALTER {what} ONLY {}", full(key));
        let mut sql = Vec::new();
        sql.extend(options(&alter, &old.options, &new.options));
        if old.tablespace != new.tablespace {
            sql.push(format!("{alter} SET TABLESPACE {}", quoted(new.tablespace.as_deref().unwrap_or("pg_default"))));
        }
        if old.access_method != new.access_method {
            let least = if new.partition_by.is_some() { 17 } else { 15 };
            if self.changes.major() < least {
                self.changes.refuse(
                    key,
                    format!("PostgreSQL {} can't change a table's access method", self.changes.major()),
                    "make a table of another name, copy the rows, and rename both",
                );
            }
            let usual = if new.partition_by.is_some() { "DEFAULT" } else { "heap" };
            let method = new.access_method.as_deref().map_or_else(|| usual.to_owned(), quoted);
            sql.push(format!("{alter} SET ACCESS METHOD {method}"));
        }
        let security = |of: RowSecurity| {
            (
                matches!(of, RowSecurity::On | RowSecurity::Forced),
                matches!(of, RowSecurity::Forced | RowSecurity::OffAndForced),
            )
        };
        let ((was_on, was_forced), (on, forced)) = (security(old.row_security), security(new.row_security));
        if was_on != on {
            sql.push(format!("{alter} {} ROW LEVEL SECURITY", if on { "ENABLE" } else { "DISABLE" }));
        }
        if was_forced != forced {
            sql.push(format!("{only} {} ROW LEVEL SECURITY", if forced { "FORCE" } else { "NO FORCE" }));
        }
        if old.replica_identity != new.replica_identity {
            let made = |name: &str| {
                self.changes.new.parts(key).iter().any(|it| it.key.name == name && self.changes.is_made(&it.key))
            };
            match &new.replica_identity {
                ReplicaIdentity::Default => sql.push(format!("{only} REPLICA IDENTITY DEFAULT")),
                ReplicaIdentity::Full => sql.push(format!("{only} REPLICA IDENTITY FULL")),
                ReplicaIdentity::Nothing => sql.push(format!("{only} REPLICA IDENTITY NOTHING")),
                // An index that is made says so itself.
                ReplicaIdentity::Index(name) if made(name) => {}
                ReplicaIdentity::Index(name) => {
                    sql.push(format!("{only} REPLICA IDENTITY USING INDEX {}", quoted(name)))
                }
            }
        }
        sql.extend(server_options(&alter, &old.server_options, &new.server_options));
        sql
    }

    /// Tables that leave those that they inherit from, and join others.
    pub(super) fn bonds(&mut self) {
        let settled = self.settled;
        for Bond { child, parent, bound, lost } in &settled.left {
            let sql = match bound {
                Some(_) => format!("ALTER TABLE {} DETACH PARTITION {}", full(parent), full(child)),
                None => format!("ALTER TABLE {} NO INHERIT {}", full(child), full(parent)),
            };
            let (Some(from), Some(to)) = (self.changes.from.get(child), self.changes.to.get(child)) else { continue };
            let drop =
                |name: &String| format!("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", full(child), quoted(name));
            let sql = std::iter::once(sql).chain(lost.iter().map(drop));
            let action = self.works.add(Phase::Make, child, None, steps(sql));
            action.frees = vec![Fact::object(parent)];
            // First of all that is done to it.
            let taken = from.columns().iter().map(|column| Fact::column(child, &column.name));
            action.frees.extend(taken);
            action.makes = vec![left(child)];
            action.releases = vec![heirs_of(parent), leavers_of(parent)];
            self.left.insert(&to.key, self.works.last());
        }
        for Bond { child, parent, bound, .. } in &settled.joined {
            let Some(to) = self.changes.to.get(child) else { continue };
            self.attach(&to.key, parent, bound.as_deref());
        }
    }

    /// Names by which what is done to the columns of a table waits for those that leave it, or one of those below it: what
    /// left has columns of its own.
    pub(super) fn all_left(&self, table: &Key) -> Vec<String> {
        let mut names = vec![heirs_of(table)];
        let mut left = vec![table];
        while let Some(table) = left.pop() {
            names.push(leavers_of(table));
            left.extend(self.changes.old.heirs_of(table));
        }
        names
    }

    /// Makes a table a partition, or an heir.
    pub(super) fn attach(&mut self, child: &'a Arc<Key>, parent: &Arc<Key>, bound: Option<&str>) {
        let sql = match bound {
            Some(bound) => format!("ALTER TABLE ONLY {} ATTACH PARTITION {} {bound}", full(parent), full(child)),
            None => format!("ALTER TABLE {} INHERIT {}", full(child), full(parent)),
        };
        let Some(object) = self.changes.to.get(child) else { return };
        let mut needs: Vec<Fact> = object.columns().iter().map(|column| Fact::column(child, &column.name)).collect();
        needs.extend(object.columns().iter().map(|column| super::null::not_null(child, &column.name)));
        let above = self.changes.to.get(parent).map(Object::columns).unwrap_or_default();
        needs.extend(above.iter().map(|column| Fact::column(parent, &column.name)));
        needs.push(Fact::object(parent));
        needs.push(Fact::object(child));
        let parts = self.changes.new.parts(child).iter().filter(|part| {
            super::uses::above(self.changes.new, part)
                .is_none_or(|above| above.kind == Kind::Constraint || !self.changes.is_made(above))
        });
        // An index of a partition with partitions is taken for one of the whole's when it has all of its own parts.
        // One that is not validated is not taken for a check of the whole's.
        needs.extend(parts.flat_map(|part| {
            [Fact::object(&part.key), super::index::parts(&part.key), super::index::validated(&part.key)]
        }));
        let after = self.left.get(&**child).copied();
        // A partition gets the triggers of the whole.
        let above = self.changes.new.parts(parent).iter().filter(|part| bound.is_some() && is_trigger(part));
        let triggers: Vec<String> = above.map(|part| trigger(child, &part.key.name)).collect();
        // What a partition's NOT NULL is called can't be altered.
        let old = self.changes.from.get(child).filter(|_| bound.is_some());
        let mut all = old.map(|old| super::null::renamed(old, object)).unwrap_or_default();
        all.push(sql);
        let action = self.works.add(Phase::Make, child, None, steps(all));
        action.needs = needs;
        action.makes = vec![attached(child)];
        // What is gone of both would be taken for parts of each other.
        action.claims = vec![columns_of(parent), parts_gone(parent), parts_gone(child)];
        if bound.is_some() {
            // Its bounds may be those of one that leaves, or goes, and it may have no column that the whole has not.
            action.claims.extend([heirs_of(parent), columns_of(child)]);
            let wholes =
                std::iter::successors(self.changes.to.get(parent), |it| self.changes.to.get(super::uses::whole(it)?));
            action.claims.extend(wholes.map(|whole| columns_of(&whole.key)));
        }
        action.claims.extend(triggers);
        action.after.extend(after);
    }
}

/// The name of a trigger, of which a table has one.
pub(super) fn trigger(table: &Key, name: &str) -> String {
    format!("trigger {name} on {}", full(table))
}

fn is_trigger(object: &Object) -> bool {
    matches!(object.body, Body::Trigger(_))
}

/// What is done to those that inherit from a table comes when those have left that are to leave.
pub(super) fn heirs_of(table: &Key) -> String {
    format!("heirs of {}", full(table))
}

/// What is done to those below a table, however far, comes when those have left that are to leave.
fn leavers_of(table: &Key) -> String {
    format!("leavers of {}", full(table))
}

/// The columns of a table, when those are gone that are to go.
pub(super) fn columns_of(table: &Key) -> String {
    format!("columns of {}", full(table))
}

/// The constraints of a table and the indexes that its partitions have as well, when those are gone that are to go.
pub(super) fn parts_gone(table: &Key) -> String {
    format!("constraints of {}", full(table))
}

/// That a table has its new owner, who is that of its sequences as well.
pub(super) fn owner(table: &Arc<Key>) -> Fact {
    Fact::column(table, "its owner")
}

/// That a table is a partition no more, or has no longer the columns of a type.
pub(super) fn left(table: &Arc<Key>) -> Fact {
    Fact::column(table, "its former place")
}

/// That a table survives a crash, or does no more.
pub(super) fn persisted(table: &Arc<Key>) -> Fact {
    Fact::column(table, "its persistence")
}

/// The words for whether a table survives a crash.
pub(super) fn persistence(of: Persistence) -> &'static str {
    match of {
        Persistence::Permanent => "LOGGED",
        Persistence::Unlogged => "UNLOGGED",
    }
}

/// Storage parameters that are set and reset.
pub(super) fn options(alter: &str, old: &[String], new: &[String]) -> Vec<String> {
    let name = |option: &String| option.split_once('=').map_or(option.clone(), |(name, _)| name.to_owned());
    let set: Vec<String> = new.iter().filter(|option| !old.contains(option)).cloned().collect();
    let gone: Vec<String> = old
        .iter()
        .map(name)
        .filter(|gone| !new.iter().any(|option| name(option) == *gone))
        .map(|gone| gone.split('.').map(quoted).collect::<Vec<_>>().join("."))
        .collect();
    let mut sql = Vec::new();
    if !gone.is_empty() {
        sql.push(format!("{alter} RESET ({})", gone.join(", ")));
    }
    if !set.is_empty() {
        sql.push(format!("{alter} SET{}", crate::render::table::with(&set).trim_start_matches(" WITH")));
    }
    sql
}

/// Options of foreign tables and their columns.
pub(super) fn server_options(alter: &str, old: &[String], new: &[String]) -> Vec<String> {
    let pairs = |list: &[String]| -> Vec<(String, String)> {
        let pair = |option: &String| option.split_once('=').map(|(name, value)| (quoted(name), literal(value)));
        list.iter().filter_map(pair).collect()
    };
    let changes = definition::option_changes(&pairs(old), &pairs(new));
    if changes.is_empty() { Vec::new() } else { vec![format!("{alter} OPTIONS ({})", changes.join(", "))] }
}
