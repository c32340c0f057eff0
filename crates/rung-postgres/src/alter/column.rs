//! Columns of tables that stay.

use std::sync::Arc;

use rung_catalog::{Body, Column, Fact, Key, Kind, NotNull, Object, Origin, Validity, Value};

use super::loss::loss;
use super::null::not_null;
use super::table::{columns_of, options, server_options};
use super::types;
use super::uses;
use super::work::{Phase, Step};
use super::{Builder, steps};
use crate::name::{full, quoted, within};
use crate::render::table::column_settings;

/// A column that is no more given to those that inherit from a table, each of which has it as its own.
fn left_below(table: &Key, column: &str) -> String {
    format!("{column} given by {}", full(table))
}

impl<'a> Builder<'_, 'a> {
    pub(super) fn columns(&mut self, from: &'a Object, to: &'a Object) {
        let key = &to.key;
        let of_type = |object: &Object| match &object.body {
            Body::Table(table) => table.of_type.clone(),
            _ => None,
        };
        // The columns of a typed table are those of its type, and follow it.
        if of_type(to).is_some() && of_type(from) == of_type(to) {
            for new in to.columns() {
                match from.columns().iter().find(|old| old.name == new.name) {
                    Some(old) => self.column(from, to, old, new),
                    None => self.given_column(from, to, new),
                }
            }
            return;
        }
        for old in from.columns() {
            let is_readded = self.changes.readded.contains(&(&**key, old.name.as_str()));
            if is_readded || !to.columns().iter().any(|new| new.name == old.name) {
                self.drop_column(from, old, is_readded);
            }
        }
        for new in to.columns() {
            match from.columns().iter().find(|old| old.name == new.name) {
                Some(old) if !self.is_new_column(key, &new.name) => self.column(from, to, old, new),
                old => self.add_column(to, new, old.is_some()),
            }
        }
        self.retype(from, to);
    }

    /// A column that a table got from its type: what the table says of it besides.
    fn given_column(&mut self, from: &'a Object, to: &'a Object, new: &'a Column) {
        let bare = Column { name: new.name.clone(), origin: new.origin, ..Column::default() };
        self.column(from, to, &bare, new);
        let before = format!("{} ALTER COLUMN {}", only(to), quoted(&new.name));
        let sql: Vec<String> = column_settings(new).into_iter().map(|set| format!("{before} {set}")).collect();
        if !sql.is_empty() {
            let action = self.works.add(Phase::Make, &to.key, None, steps(sql));
            action.needs = vec![Fact::column(&to.key, &new.name)];
        }
    }

    /// A column of a table, and of all that inherit it meanwhile: those that are yet to join have one of their own.
    pub(super) fn with_heirs(&self, table: &Arc<Key>, column: &str, is_new: bool) -> Vec<Fact> {
        let (needs, catalog) =
            if is_new { (self.changes.new, self.changes.to) } else { (self.changes.old, self.changes.from) };
        let mut tables = vec![table];
        let mut at = 0;
        while let Some(parent) = tables.get(at).copied() {
            at += 1;
            let all = needs.heirs_of(parent).filter_map(|heir| catalog.get(heir));
            let own = all.filter(|heir| uses::inherits(heir, parent) && !self.changes.joins(&heir.key, parent));
            tables.extend(own.map(|heir| &heir.key));
        }
        tables.into_iter().map(|table| Fact::column(table, column)).collect()
    }

    /// What a column needs, or has done with, besides its table.
    pub(super) fn of_column(&self, object: &'a Object, column: &str, is_new: bool) -> Vec<Fact> {
        let needs = if is_new { self.changes.new } else { self.changes.old };
        uses::uses(needs, object).iter().filter(|it| it.column == Some(column)).map(uses::Use::fact).collect()
    }

    fn drop_column(&mut self, from: &'a Object, column: &'a Column, is_readded: bool) {
        let key = &from.key;
        // That of a parent takes it along.
        if is_readded && self.changes.followed.contains(&(&**key, column.name.as_str())) {
            return;
        }
        // Those that inherit it may keep it as their own.
        let is_kept = self.settled.kept_below.contains(&(Arc::clone(key), column.name.clone()));
        let alter = if is_kept { only(from) } else { alter(from) };
        let mut step = Step::from(format!("{alter} DROP COLUMN {}", quoted(&column.name)));
        match column.value {
            Value::Stored(_) | Value::Virtual(_) => {}
            _ if is_foreign(from) => {}
            _ => step = step.losing(format!("the values of {}.{}", key.path(), column.name)),
        }
        let mut takes = self.with_heirs(key, &column.name, false);
        takes.truncate(if is_kept { 1 } else { takes.len() });
        let frees = self.of_column(from, &column.name, false);
        let left = self.all_left(key);
        let action = self.works.add(Phase::Drop, key, None, vec![step]);
        action.takes = takes;
        action.frees = frees;
        action.releases = vec![columns_of(key)];
        action.releases.extend(super::null::name_of(from, column));
        action.claims = left;
        if is_kept {
            action.releases.push(left_below(key, &column.name));
        }
        if let Body::Table(table) = &from.body {
            action.claims.extend(table.inherits.iter().map(|parent| left_below(parent, &column.name)));
        }
        if let Value::Identity(identity) = &column.value {
            action.releases.push(format!("relation {}", within(key, &identity.name)));
        }
    }

    fn add_column(&mut self, to: &'a Object, column: &'a Column, is_readded: bool) {
        let key = &to.key;
        let Body::Table(table) = &to.body else { return };
        if is_readded && self.changes.followed.contains(&(&**key, column.name.as_str())) {
            return;
        }
        let rest = self.writer().column(key, table, column);
        let mut sql = vec![format!("{} ADD COLUMN {} {}{rest}", alter(to), quoted(&column.name), column.data_type)];
        let before = format!("{} ALTER COLUMN {}", only(to), quoted(&column.name));
        sql.extend(column_settings(column).into_iter().map(|set| format!("{before} {set}")));
        let makes = self.with_heirs(key, &column.name, true);
        let needs = self.of_column(to, &column.name, true).into_iter().chain(self.after_leaving(key)).collect();
        let mut all = steps(sql);
        if let Some(NotNull { validity: Validity::NotValid, .. }) = &column.not_null {
            all.extend(steps([self.add_not_null(to, column, Validity::NotValid)]));
        }
        let left = self.all_left(key);
        let action = self.works.add(Phase::Make, key, None, all);
        action.makes = makes;
        action.makes.push(not_null(key, &column.name));
        action.needs = needs;
        action.claims = left;
        action.claims.extend(super::null::name_of(to, column));
        if let Value::Identity(identity) = &column.value {
            action.claims.push(format!("relation {}", within(key, &identity.name)));
        }
    }

    /// What is done to a table that leaves a parent is done when it has left.
    pub(super) fn after_leaving(&self, key: &Arc<Key>) -> Option<Fact> {
        self.left.contains_key(&**key).then(|| super::table::left(key))
    }

    /// What changes of a column that stays, but for its type.
    fn column(&mut self, from: &'a Object, to: &'a Object, old: &Column, new: &'a Column) {
        let key = &to.key;
        if old.origin != new.origin {
            let how = |origin: Origin| match origin {
                Origin::Local => "the table's own",
                Origin::Inherited => "its parent's",
                Origin::Both => "the table's own and its parent's",
            };
            self.changes.refuse(
                key,
                format!("column {} is {}, and can't be made {}", new.name, how(old.origin), how(new.origin)),
                "drop the column and let the table inherit it, or declare it in the table as well",
            );
        }
        self.value(from, to, old, new);
        self.null(from, to, old, new);
    }

    /// Refuses a table whose rows are values elsewhere: the server gives none of its columns another type.
    fn refuse_in_values(&mut self, table: &'a Object) {
        let key = &table.key;
        let found = self.changes.from.of_kind(Kind::Table).filter(|other| other.key != *key).find_map(|other| {
            let column = other.columns().iter().find(|column| types::is_of(&column.data_type, table))?;
            Some(format!("{}.{}", other.key.path(), column.name))
        });
        if let Some(column) = found {
            self.changes.refuse(
                key,
                format!("{column} is made of its rows, and then the server gives no column of it another type"),
                format!("drop {column} in a migration before, or make it one of another type, and say what becomes of the values"),
            );
        }
    }

    /// What the values of a column lose by its new type.
    pub(super) fn loss(&self, table: &Object, old: &Column, new: &Column) -> Option<String> {
        let is_same = old.data_type == new.data_type || is_foreign(table);
        let (of, catalogs) = (format!("{}.{}", table.key.path(), new.name), (self.changes.from, self.changes.to));
        (!is_same).then(|| loss(catalogs, &of, &old.data_type, &new.data_type)).flatten()
    }

    /// All new types of a table's columns at once, so that it is written anew once.
    fn retype(&mut self, from: &'a Object, to: &'a Object) {
        let key = &to.key;
        let is_own = |column: &&&'a Column| {
            let place = (&**key, column.name.as_str());
            self.changes.retyped.contains(&place)
                && !self.changes.readded.contains(&place)
                && (!self.changes.followed.contains(&place))
        };
        let columns: Vec<&'a Column> = to.columns().iter().collect();
        let columns: Vec<&'a Column> = columns.iter().filter(is_own).copied().collect();
        if columns.is_empty() {
            return;
        }
        let (mut changes, mut facts, mut needs, mut before) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        self.refuse_in_values(to);
        let (mut lost, mut losses): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for new in columns {
            let Some(old) = from.columns().iter().find(|old| old.name == new.name) else { continue };
            before.extend(super::value::narrowed(key, old, new));
            let is_remade = self.changes.waits(from, &new.name);
            if is_remade {
                let gone = types::attributes_lost(self.changes.from, self.changes.to, &old.data_type, &new.data_type);
                lost.extend(gone.iter().map(|attribute| format!("{}.{}.{attribute}", key.path(), new.name)));
            }
            losses.extend(self.loss(to, old, new));
            let collation = new.collation.as_ref().map_or_else(String::new, |name| format!(" COLLATE {name}"));
            let using = match old.data_type == new.data_type && !is_remade {
                true => None,
                false => types::using(
                    self.changes.from,
                    self.changes.to,
                    &new.name,
                    &old.data_type,
                    &new.data_type,
                    is_remade,
                ),
            };
            let using = using.filter(|_| !is_foreign(to)).map_or_else(String::new, |using| format!(" USING {using}"));
            changes.push(format!("ALTER COLUMN {} TYPE {}{collation}{using}", quoted(&new.name), new.data_type));
            facts.extend(self.with_heirs(key, &new.name, false));
            needs.extend(
                to.depends_on
                    .iter()
                    .filter(|it| it.column.as_ref() == Some(&new.name))
                    .filter(|it| matches!(it.on.kind, Kind::Type | Kind::Collation | Kind::Table))
                    .map(|it| Fact::object(&it.on)),
            );
        }
        let joined =
            if changes.len() == 1 { format!(" {}", changes[0]) } else { format!("\n    {}", changes.join(",\n    ")) };
        let sql = format!("{}{joined}", alter(to));
        let old_types: Vec<Fact> = from
            .depends_on
            .iter()
            .filter(|it| it.on.kind == Kind::Type && !self.changes.aside.contains(&*it.on))
            .map(|it| Fact::object(&it.on))
            .collect();
        let needs = needs.into_iter().chain(self.after_leaving(key)).collect();
        let mut all = steps(before);
        if !lost.is_empty() {
            losses.insert(0, format!("the values of {}", lost.join(", ")));
        }
        let step = Step::from(sql);
        all.push(if losses.is_empty() { step } else { step.losing(losses.join("; ")) });
        let left = self.all_left(key);
        let action = self.works.add(Phase::Make, key, None, all);
        action.claims = left;
        action.makes.clone_from(&facts);
        action.takes = facts;
        action.needs = needs;
        action.frees = old_types;
    }
}

/// Storage, compression, statistics and options of a column that differ.
pub(super) fn settings(alter: &str, old: &Column, new: &Column, major: u32) -> Vec<String> {
    let before = format!("{alter} ALTER COLUMN {}", quoted(&new.name));
    let mut sql = Vec::new();
    // `DEFAULT` is known from 16 on.
    let usual = match new.data_type.split(['(', '[']).next().unwrap_or_default() {
        _ if major >= 16 => "DEFAULT",
        "numeric" if !new.data_type.ends_with(']') => "MAIN",
        _ => "EXTENDED",
    };
    if old.storage != new.storage {
        sql.push(format!("{before} SET STORAGE {}", new.storage.as_deref().unwrap_or(usual)));
    }
    if old.compression != new.compression {
        sql.push(format!("{before} SET COMPRESSION {}", new.compression.as_deref().unwrap_or("default")));
    }
    if old.statistics != new.statistics {
        sql.push(format!("{before} SET STATISTICS {}", new.statistics.unwrap_or(-1)));
    }
    sql.extend(options(&before, &old.options, &new.options));
    sql.extend(server_options(&before, &old.server_options, &new.server_options));
    sql
}

impl Builder<'_, '_> {
    /// Those of all columns of a table that stay. With another type a column has the usual storage and compression again.
    pub(super) fn all_settings(&self, from: &Object, to: &Object) -> Vec<String> {
        let kept = to.columns().iter().filter(|new| !self.is_new_column(&to.key, &new.name));
        let changes = kept.filter_map(|new| {
            let mut old = from.columns().iter().find(|old| old.name == new.name)?.clone();
            if self.changes.retyped.contains(&(&*to.key, new.name.as_str())) {
                (old.storage, old.compression) = (None, None);
            }
            Some(settings(&only(to), &old, new, self.changes.major()))
        });
        changes.flatten().collect()
    }
}

pub(super) fn is_foreign(object: &Object) -> bool {
    matches!(&object.body, Body::Table(table) if table.server.is_some())
}

pub(super) fn alter(object: &Object) -> String {
    let what = if is_foreign(object) { "FOREIGN TABLE" } else { "TABLE" };
    format!("ALTER {what} {}", full(&object.key))
}

pub(super) fn only(object: &Object) -> String {
    let what = if is_foreign(object) { "FOREIGN TABLE" } else { "TABLE" };
    format!("ALTER {what} ONLY {}", full(&object.key))
}
