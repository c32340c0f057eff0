//! NOT NULL: put on, taken off, or called something else.

use std::sync::Arc;

use rung_catalog::{Body, Column, Fact, Key, NotNull, Object, Origin, Validity};
use rung_engine::{Cut, Locking};

use super::attribute::not_null_name;
use super::column::{alter, is_foreign};
use super::work::{Phase, Step};
use super::{Builder, steps};
use crate::name::{full, quoted};

/// That a column is never NULL.
pub(super) fn not_null(table: &Arc<Key>, column: &str) -> Fact {
    Fact::column(table, format!("{column} IS NOT NULL"))
}

/// What a table gives to those that inherit from it, as long as it does.
fn given(parent: &Key, column: &str) -> String {
    format!("NOT NULL of {column} given by {}", full(parent))
}

/// The name of a column's NOT NULL, which nothing else of the table may have meanwhile.
pub(super) fn name_of(table: &Object, column: &Column) -> Option<String> {
    let name = not_null_name(table, column, column.not_null.as_ref()?);
    Some(format!("constraint {name} of {}", full(&table.key)))
}

impl<'a> Builder<'_, 'a> {
    /// NOT NULL: put on, taken off, or called something else.
    pub(super) fn null(&mut self, from: &'a Object, to: &'a Object, old: &Column, new: &'a Column) {
        let key = &to.key;
        let before = format!("{} ALTER COLUMN {}", alter(to), quoted(&new.name));
        let column = Fact::column(key, &new.name);
        let needs: Vec<Fact> = [column.clone()].into_iter().chain(self.after_leaving(key)).collect();
        let column_before = old;
        match (&old.not_null, &new.not_null) {
            (Some(_), None) => {
                let action = self.works.add(Phase::Make, key, None, steps([format!("{before} DROP NOT NULL")]));
                action.takes = vec![not_null(key, &new.name)];
                action.needs = needs;
                // A table keeps it as long as its parent has it.
                action.releases = vec![given(key, &new.name)];
                action.releases.extend(name_of(from, old));
                if let Body::Table(table) = &from.body {
                    action.claims = table.inherits.iter().map(|parent| given(parent, &new.name)).collect();
                }
            }
            (None, Some(constraint)) => {
                let first = self.works.0.len();
                self.set_not_null(to, new, constraint, needs);
                if let Some(action) = self.works.0.get_mut(first) {
                    action.claims.extend(name_of(to, new));
                }
            }
            (Some(old), Some(of)) => {
                let name = |it: &NotNull| quoted(&not_null_name(to, new, it));
                let alter = alter(to);
                let mut sql = Vec::new();
                // The name of one that a table has from its parent is altered there alone.
                let is_own = of.origin == Origin::Local || old.origin == Origin::Local && !is_partition(to);
                if old.name != of.name && is_own {
                    sql.push(format!("{alter} RENAME CONSTRAINT {} TO {}", name(old), name(of)));
                }
                if old.no_inherit != of.no_inherit {
                    let how = if of.no_inherit { "NO INHERIT" } else { "INHERIT" };
                    sql.push(format!("{alter} ALTER CONSTRAINT {} {how}", name(of)));
                }
                match (old.validity, of.validity) {
                    (Validity::NotValid, Validity::Valid) => {
                        sql.push(format!("{alter} VALIDATE CONSTRAINT {}", name(of)))
                    }
                    (Validity::Valid, Validity::NotValid) => {
                        sql.push(format!("{before} DROP NOT NULL"));
                        sql.push(self.add_not_null(to, new, Validity::NotValid));
                    }
                    _ => {}
                }
                let (was, is) = (name_of(from, column_before), name_of(to, new));
                if !sql.is_empty() {
                    let action = self.works.add(Phase::Make, key, None, steps(sql));
                    action.needs = needs;
                    action.makes = vec![not_null(key, &new.name)];
                    action.releases = vec![given(key, &new.name)];
                    if was != is {
                        action.releases.extend(was);
                        action.claims.extend(is);
                    }
                }
            }
            (None, None) => {}
        }
    }

    pub(super) fn add_not_null(&self, to: &Object, column: &Column, validity: Validity) -> String {
        let usual = NotNull::default();
        let of = column.not_null.as_ref().unwrap_or(&usual);
        let (inherit, valid) = (
            if of.no_inherit { " NO INHERIT" } else { "" },
            if validity == Validity::Valid { "" } else { " NOT VALID" },
        );
        let name = quoted(&not_null_name(to, column, of));
        format!("{} ADD CONSTRAINT {name} NOT NULL {}{inherit}{valid}", alter(to), quoted(&column.name))
    }

    fn set_not_null(&mut self, to: &'a Object, column: &'a Column, of: &'a NotNull, needs: Vec<Fact>) {
        let key = &to.key;
        let is_named = self.changes.major() >= 18;
        // Its heirs have it by that as well.
        let all = self.with_heirs(key, &column.name, true);
        let facts: Vec<Fact> = all.iter().map(|it| not_null(&it.key, &column.name)).collect();
        let name = quoted(&column.name);
        let online = self.changes.options.locking == Locking::Online && !is_foreign(to);
        if of.validity == Validity::NotValid {
            let sql = self.add_not_null(to, column, Validity::NotValid);
            let action = self.works.add(Phase::Make, key, None, steps([sql]));
            (action.makes, action.needs) = (facts, needs);
            return;
        }
        if !online {
            let sql = match is_named && (of.name.is_some() || of.no_inherit) {
                true => self.add_not_null(to, column, Validity::Valid),
                false => format!("{} ALTER COLUMN {name} SET NOT NULL", alter(to)),
            };
            let action = self.works.add(Phase::Make, key, None, steps([sql]));
            (action.makes, action.needs) = (facts, needs);
            return;
        }
        let note = "apart, so that rows are checked under a lock that lets others write";
        if is_named {
            let constraint = quoted(&not_null_name(to, column, of));
            let add = self.add_not_null(to, column, Validity::NotValid);
            let action = self.works.add(Phase::Make, key, None, steps([add]));
            action.needs = needs;
            let added = self.works.last();
            let validate = Step::from(format!("{} VALIDATE CONSTRAINT {constraint}", alter(to))).because(note);
            let action = self.works.add(Phase::Validate, key, None, vec![validate]);
            (action.makes, action.after) = (facts, vec![added]);
            action.what.cut = Cut::New;
            return;
        }
        let short: String = format!("{}_{}", key.name, column.name).chars().take(50).collect();
        let check = quoted(&format!("{short}_is_there"));
        let add = format!("{} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID", alter(to));
        let action = self.works.add(Phase::Make, key, None, steps([add]));
        action.needs = needs;
        let added = self.works.last();
        let validate = Step::from(format!("{} VALIDATE CONSTRAINT {check}", alter(to))).because(note);
        let action = self.works.add(Phase::Validate, key, None, vec![validate]);
        action.after = vec![added];
        action.what.cut = Cut::New;
        let validated = self.works.last();
        let set = Step::from(format!("{} ALTER COLUMN {name} SET NOT NULL", alter(to)))
            .because("nothing is read, as the check has been proved");
        let drop = Step::from(format!("{} DROP CONSTRAINT {check}", alter(to)));
        let action = self.works.add(Phase::Validate, key, None, vec![set, drop]);
        (action.makes, action.after) = (facts, vec![validated]);
        action.what.cut = Cut::New;
    }
}

/// The statements that give the NOT NULL of a table's columns the names that they have afterwards.
pub(super) fn renamed(from: &Object, to: &Object) -> Vec<String> {
    let rename = |new: &Column| {
        let old = from.columns().iter().find(|it| it.name == new.name)?;
        let name = |object: &Object, of: &Column| Some(not_null_name(object, of, of.not_null.as_ref()?));
        let (was, is) = (name(from, old)?, name(to, new)?);
        (was != is).then(|| format!("{} RENAME CONSTRAINT {} TO {}", alter(to), quoted(&was), quoted(&is)))
    };
    to.columns().iter().filter_map(rename).collect()
}

pub(super) fn is_partition(object: &Object) -> bool {
    matches!(&object.body, Body::Table(table) if table.bound.is_some())
}
