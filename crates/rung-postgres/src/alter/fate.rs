//! What becomes of an object that is not the same, taken by itself.

use rung_catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, Kind, Object, Routine, Type, Validity, Value, View,
};

use super::change::{Changes, Fate};
use super::types;

impl<'a> Changes<'a> {
    /// What becomes of an object that is not the same, taken by itself.
    pub(super) fn fate(&mut self, from: &'a Object, to: &'a Object) -> Fate {
        let altered = |can: bool| if can { Fate::Altered } else { Fate::Remade };
        match (&from.body, &to.body) {
            (Body::Table(old), Body::Table(new)) => {
                if old.server.is_some() && (old.server != new.server || new.of_type != old.of_type) {
                    return Fate::Remade;
                }
                if super::rebuild::is_rebuilt((self.from, self.to), from, to) || self.stuck.contains(&to.key) {
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
            (Body::Type(Type::Base(old)), Body::Type(Type::Base(new))) if old != new => {
                self.refuse(
                    &to.key,
                    "the functions that make a base type go with it, so that it can't be made anew",
                    "make a type of another name, and give the columns that have this one that type",
                );
                Fate::Remade
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
                // One whose build failed is built anew where it is; that of a partitioned table is valid once its parts are.
                altered(is_same && (old.valid || !new.valid || !old.on_only && !new.on_only))
            }
            (Body::Constraint(old), Body::Constraint(new)) => altered(self.constraint(old, new)),
            (Body::Trigger(old), Body::Trigger(new)) => {
                altered(old.definition == new.definition && old.origin == new.origin)
            }
            (Body::Policy(old), Body::Policy(new)) => altered(
                old.permissive == new.permissive
                    && old.command == new.command
                    && (old.using.is_none() || new.using.is_some())
                    && (old.check.is_none() || new.check.is_some()),
            ),
            (Body::Other(old), Body::Other(new)) => {
                altered(old.sql == new.sql || super::definition::is_alterable(to.key.kind, &old.sql, &new.sql))
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
            if must_readd((self.from, self.to), self.major(), old, new) {
                self.readded.insert((key, name));
            } else if old.data_type != new.data_type || old.collation != new.collation {
                self.retyped.insert((key, name));
            }
        }
    }
}

/// Whether nothing leads from one way to compute a column to another but to drop it and add it again.
pub(super) fn must_readd(catalogs: (&Catalog, &Catalog), major: u32, was: &Column, is: &Column) -> bool {
    let (old, new) = (&was.value, &is.value);
    match (old, new) {
        (Value::Stored(one), Value::Stored(two)) => one != two && major < 17,
        (Value::Virtual(one), Value::Virtual(two)) => {
            one != two && (is_checked(catalogs.0, &is.name) || is_checked(catalogs.1, &is.name))
        }
        (_, Value::Stored(_) | Value::Virtual(_)) | (Value::Virtual(_), _) => old != new,
        _ => false,
    }
}

/// Whether a table with a virtual column of that name has conditions: then the server gives it no other expression. A table has
/// its parents' and gives its heirs its own, so that all are looked at that have such a column.
fn is_checked(catalog: &Catalog, column: &str) -> bool {
    let has_it =
        |table: &&Object| table.columns().iter().any(|it| it.name == column && matches!(it.value, Value::Virtual(_)));
    let mut tables = catalog.of_kind(Kind::Table).filter(has_it);
    tables.any(|table| catalog.constraints(table).any(|it| matches!(it.kind, ConstraintKind::Check(_))))
}

/// The numbers of a version.
fn version(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
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
