//! How one table becomes another: not at all, column by column, or by being made anew.

use std::sync::Arc;

use rung_catalog::Key;

use super::shape::{Column, Constraint, Kind, Shape};

/// A table of the first schema and what it is in the second.
pub(super) struct Pair<'a> {
    pub(super) from: Relation<'a>,
    /// The first, with the names of the second.
    pub(super) renamed: Shape,
    pub(super) to: Relation<'a>,
    pub(super) change: Change,
}

/// A table of a catalog.
pub(super) struct Relation<'a> {
    pub(super) key: &'a Arc<Key>,
    pub(super) table: &'a rung_catalog::Table,
    pub(super) sql: &'a str,
    pub(super) shape: Shape,
}

impl Relation<'_> {
    pub(super) fn is_virtual(&self) -> bool {
        self.table.access_method.is_some()
    }
}

/// What is to be done to a table, its own name and the names of its columns apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// Columns go and come, by their names in small letters.
    Columns { dropped: Vec<String>, added: Vec<String> },
    /// It is made anew, for this reason.
    Rebuild(String),
}

/// What leads from one shape to the other, names being the same already.
pub(super) fn change(from: &Shape, to: &Shape) -> Change {
    if from.is_same(to) {
        return Change::None;
    }
    let missing = |of: &Shape, there: &Shape| -> Vec<String> {
        of.columns.iter().filter(|it| there.column(&it.name).is_none()).map(|it| it.name.clone()).collect()
    };
    let (dropped, added) = (missing(from, to), missing(to, from));
    let mut altered = from.clone();
    let goes = |with: &Option<String>| with.as_ref().is_some_and(|with| dropped.contains(with));
    altered.columns.retain(|column| !dropped.contains(&column.name));
    altered.constraints.retain(|constraint| !goes(&constraint.with));
    let comes = |with: &Option<String>| with.as_ref().is_some_and(|with| added.contains(with));
    altered.columns.extend(to.columns.iter().filter(|it| added.contains(&it.name)).cloned());
    altered.constraints.extend(to.constraints.iter().filter(|it| comes(&it.with)).cloned());
    let why = dropped
        .iter()
        .find_map(|name| keeps_from_dropping(from, name))
        .or_else(|| (from.columns.len() == dropped.len() && added.is_empty()).then(|| "no column is left".to_owned()))
        .or_else(|| to.columns.iter().filter(|it| added.contains(&it.name)).find_map(|it| keeps_from_adding(to, it)))
        .or_else(|| (!altered.is_same(to)).then(|| difference(&altered, to)));
    why.map_or(Change::Columns { dropped, added }, Change::Rebuild)
}

/// Why `DROP COLUMN` refuses (<https://sqlite.org/lang_altertable.html>), indexes, views and triggers apart.
fn keeps_from_dropping(from: &Shape, name: &str) -> Option<String> {
    let is_in_the_way = |constraint: &&Constraint| match constraint.kind {
        Kind::PrimaryKey | Kind::Unique => constraint.columns.iter().any(|column| column == name),
        // With the column they go along.
        Kind::Check | Kind::Foreign(_) => {
            constraint.with.as_deref() != Some(name) && constraint.columns.iter().any(|column| column == name)
        }
    };
    if let Some(constraint) = from.constraints.iter().find(is_in_the_way) {
        return Some(format!("{name} can't be dropped where it is: {}", constraint.says));
    }
    let computes = |column: &&Column| {
        column.name != name
            && column
                .generated
                .as_ref()
                .is_some_and(|it| it.expression.split(' ').any(|word| word.trim_matches('"') == name))
    };
    let column = from.columns.iter().find(computes)?;
    Some(format!("{name} can't be dropped where it is: {} is computed from it", column.name))
}

/// Why `ADD COLUMN` refuses.
fn keeps_from_adding(to: &Shape, column: &Column) -> Option<String> {
    let name = &column.name;
    let with = |constraint: &&Constraint| constraint.with.as_ref() == Some(name);
    let constraint = to.constraints.iter().filter(with).find(|constraint| match constraint.kind {
        Kind::PrimaryKey | Kind::Unique => true,
        Kind::Foreign(_) => column.default.is_some(),
        Kind::Check => false,
    });
    let refused = |why: &str| Some(format!("{name} can't be added where it is: {why}"));
    if let Some(constraint) = constraint {
        return refused(&constraint.says);
    }
    if column.generated.as_ref().is_some_and(|generated| generated.stored) {
        return refused("it is stored");
    }
    if column.not_null.is_some() && column.default.is_none() && column.generated.is_none() {
        return refused("it is NOT NULL and has no default");
    }
    let is_constant = column.default.as_deref().is_none_or(|default| {
        let literal = default.trim_start_matches(['-', '+', ' ']);
        let is_literal = literal.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '\'' | '.'))
            || literal.starts_with("x'")
            || matches!(literal, "true" | "false")
            // A name in place of a string.
            || !column.default_is_expression && !literal.starts_with("current_");
        is_literal && (!column.default_is_expression || !literal.contains(' '))
    });
    (!is_constant).then(|| refused("its default is no constant")).flatten()
}

/// The first thing in which two shapes differ that no `ALTER TABLE` changes.
fn difference(from: &Shape, to: &Shape) -> String {
    for (was, is) in to.columns.iter().filter_map(|is| Some((from.column(&is.name)?, is))) {
        let name = &is.name;
        let what = if was.data_type != is.data_type {
            "the type"
        } else if was.not_null != is.not_null {
            "NOT NULL"
        } else if was.default != is.default {
            "the default"
        } else if was.collation != is.collation {
            "the collation"
        } else if was.generated != is.generated {
            "the expression"
        } else {
            continue;
        };
        return format!("{what} of {name} changes");
    }
    let lacks = |one: &Shape, other: &Shape| {
        let says = |it: &&Constraint| !other.constraints.iter().any(|there| there.says == it.says);
        one.constraints.iter().find(says).map(|it| it.says.clone())
    };
    if let Some(says) = lacks(to, from) {
        return format!("it has a new constraint: {says}");
    }
    if let Some(says) = lacks(from, to) {
        return format!("it has a constraint no more: {says}");
    }
    "STRICT or WITHOUT ROWID changes".to_owned()
}

/// What becomes of the values when a table is made anew and no down brings it back, column by column.
pub(super) fn losses(from: &Shape, to: &Shape) -> Vec<String> {
    let mut losses = Vec::new();
    let table = &to.name;
    for was in &from.columns {
        let name = &was.name;
        match to.column(name) {
            _ if was.generated.is_some() => {}
            None => losses.push(format!("the values of {table}.{name}")),
            Some(is) if is.generated.is_some() => {
                losses.push(format!("the values of {table}.{name}, which is computed from now on"))
            }
            Some(is) => {
                if is.not_null.is_some() && was.not_null.is_none() && is.default.is_some() {
                    losses.push(format!("which values of {table}.{name} were NULL"));
                }
                if keeps_spelling(&was.data_type) && !keeps_spelling(&is.data_type) {
                    losses.push(format!("how the numbers among the texts of {table}.{name} were written"));
                }
            }
        }
    }
    if from.autoincrement && !to.autoincrement {
        losses.push(format!("the highest number that {table} has given out"));
    }
    losses
}

/// Whether a type's affinity leaves a text alone that looks like a number (<https://sqlite.org/datatype3.html>, 3.1).
fn keeps_spelling(data_type: &str) -> bool {
    if data_type.contains("int") {
        return false;
    }
    data_type.is_empty()
        || data_type == "any"
        || ["char", "clob", "text", "blob"].iter().any(|text| data_type.contains(text))
}
