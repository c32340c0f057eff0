//! What the rows of a database must be for a migration from one schema to another to go through. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, ForeignKey, Index, Key, Kind, Object, Rename, Table, Validity,
    Value,
};
use rung_sql::{Syntax, TokenKind, tokens};

use crate::dialect::Dialect;

/// Something that rows must be, and a query that counts those that are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// In words: `no NULL in app.posts.body`.
    pub what: String,
    /// One number, which must be 0. It runs on the first schema.
    pub count: String,
}

/// What rows must be for `from` to become `to`, as far as it can be asked of the first schema: values where there may be
/// none, values of another type, no rows where a new column has nothing to give them, no two alike, conditions, rows of other
/// tables. Of types of which only the database can say whether a text is one, it is not asked. `back` leads from the names of the second schema to those of the first.
pub fn needs(from: &Catalog, to: &Catalog, back: &[Rename], dialect: &dyn Dialect) -> Vec<Need> {
    let to = to.renamed(back, &|name| dialect.identifier(name));
    let asker = Asker { from, dialect };
    let of_objects = to.iter().flat_map(|object| match &object.body {
        Body::Table(table) => [asker.of_columns(object, table), asker.of_types(&to, object, table)].concat(),
        Body::Constraint(constraint) => asker.of_constraint(&to, object, constraint).into_iter().collect(),
        Body::Index(index) if index.unique && from.get(&object.key).is_none() => {
            asker.of_index(index).into_iter().collect()
        }
        _ => Vec::new(),
    });
    of_objects.collect::<BTreeSet<Need>>().into_iter().collect()
}

struct Asker<'a> {
    from: &'a Catalog,
    dialect: &'a dyn Dialect,
}

impl Asker<'_> {
    fn of_columns(&self, object: &Object, table: &Table) -> Vec<Need> {
        let Some((before, old)) = self.table(&object.key) else { return Vec::new() };
        let name = self.dialect.object_name(&object.key);
        let need = |column: &Column| {
            let quoted = self.dialect.identifier(&column.name);
            let none_is_null = || Need {
                what: format!("no NULL in {}.{}", object.key.path(), column.name),
                count: format!("SELECT count(*) FROM {name} WHERE {quoted} IS NULL"),
            };
            let was = before.columns().iter().find(|it| it.name == column.name);
            let Some(not_null) = &column.not_null else {
                let numbers = |table: &Table, column: &Column| self.dialect.numbers_rows(table, column);
                let is_asked = was.is_some_and(|was| was.not_null.is_none() && !numbers(old, was));
                return (is_asked && numbers(table, column)).then(none_is_null);
            };
            match was {
                Some(was) => {
                    let is_asked = was.not_null.as_ref().is_none_or(|it| it.validity != Validity::Valid);
                    let is_filled = self.dialect.fills_null() && matches!(column.value, Value::Default(_));
                    let is_new = is_asked && not_null.validity == Validity::Valid && !is_filled;
                    is_new.then(none_is_null)
                }
                None => (column.value == Value::None && not_null.validity == Validity::Valid).then(|| Need {
                    what: format!("no rows in {}: nothing gives {} a value", object.key.path(), column.name),
                    count: format!("SELECT count(*) FROM {name}"),
                }),
            }
        };
        // A part has the columns of the whole, and a table that is elsewhere is not looked into.
        if table.bound.is_some() || table.server.is_some() || old.server.is_some() {
            return Vec::new();
        }
        table.columns.iter().filter_map(need).collect()
    }

    /// Values that the new types of columns do not take.
    fn of_types(&self, to: &Catalog, object: &Object, table: &Table) -> Vec<Need> {
        let Some((before, old)) = self.table(&object.key) else { return Vec::new() };
        if table.bound.is_some() || table.server.is_some() || old.server.is_some() {
            return Vec::new();
        }
        let need = |column: &Column| {
            let was = before.columns().iter().find(|it| it.name == column.name)?;
            let is_given = |of: &Column| !matches!(of.value, Value::Stored(_) | Value::Virtual(_));
            let misfit = self.dialect.misfit((self.from, to), (old, table), (was, column));
            let misfit = misfit.filter(|_| is_given(was) && is_given(column))?;
            let (name, path) = (self.dialect.object_name(&object.key), object.key.path());
            Some(Need {
                what: format!("every {path}.{} to be one that {} takes", column.name, column.data_type),
                count: format!("SELECT count(*) FROM {name} WHERE {misfit}"),
            })
        };
        table.columns.iter().filter_map(need).collect()
    }

    fn of_constraint(&self, to: &Catalog, object: &Object, constraint: &Constraint) -> Option<Need> {
        if constraint.validity != Validity::Valid || constraint.origin == rung_catalog::Origin::Inherited {
            return None;
        }
        let (table, _) = self.table(&to.parent(object)?.key)?;
        let was = self
            .from
            .constraints(table)
            .any(|it| it.validity == Validity::Valid && self.asks_the_same(&it.kind, &constraint.kind));
        match &constraint.kind {
            _ if was => None,
            ConstraintKind::PrimaryKey { columns, without_overlaps: false }
            | ConstraintKind::Unique { columns, without_overlaps: false } => {
                let nulls = constraint.index.as_ref().is_some_and(|index| index.nulls_not_distinct);
                self.unlike(table, columns, nulls, None)
            }
            ConstraintKind::Check(condition) => self.check(to.parent(object)?, table, condition),
            ConstraintKind::Foreign(foreign) => self.referred(table, foreign),
            _ => None,
        }
    }

    /// Whether two constraints ask the same of rows, whatever they do when that changes.
    fn asks_the_same(&self, one: &ConstraintKind, other: &ConstraintKind) -> bool {
        match (one, other) {
            (ConstraintKind::Foreign(one), ConstraintKind::Foreign(other)) => {
                let of = |it: &ForeignKey| (it.columns.clone(), Arc::clone(&it.table), self.references(it));
                of(one) == of(other)
            }
            _ => one == other,
        }
    }

    fn of_index(&self, index: &Index) -> Option<Need> {
        let (table, _) = self.table(index.table.as_ref()?)?;
        let columns: Vec<String> = index.keys.iter().map(|key| key.column.clone()).collect::<Option<_>>()?;
        self.unlike(table, &columns, index.nulls_not_distinct, index.predicate.as_deref())
    }

    /// No two rows alike. What is unique already in fewer columns is so in these.
    fn unlike(&self, table: &Object, columns: &[String], nulls: bool, condition: Option<&str>) -> Option<Need> {
        let is_there = |name: &String| table.columns().iter().any(|it| it.name == *name);
        let is_enough = |of: &[String]| !of.is_empty() && of.iter().all(|name| columns.contains(name));
        let is_unique = self.from.constraints(table).any(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, without_overlaps: false } => is_enough(columns),
            ConstraintKind::Unique { columns, without_overlaps: false } => !nulls && is_enough(columns),
            _ => false,
        });
        let is_indexed = self.from.of_kind(Kind::Index).any(|it| match &it.body {
            Body::Index(of) => {
                let keys: Option<Vec<String>> = of.keys.iter().map(|key| key.column.clone()).collect();
                let is_whole = of.predicate.is_none() && (of.nulls_not_distinct || !nulls);
                of.table.as_ref() == Some(&table.key)
                    && of.unique
                    && of.valid
                    && is_whole
                    && keys.is_some_and(|keys| is_enough(&keys))
            }
            _ => false,
        });
        if is_unique || is_indexed || !columns.iter().all(is_there) {
            return None;
        }
        let names: Vec<String> = columns.iter().map(|name| self.dialect.identifier(name)).collect();
        let known = names.iter().filter(|_| !nulls).map(|name| format!("{name} IS NOT NULL"));
        let asked: Vec<String> =
            condition.map(|it| in_brackets(it, self.dialect.syntax())).into_iter().chain(known).collect();
        let asked = if asked.is_empty() { String::new() } else { format!(" WHERE {}", asked.join(" AND ")) };
        let (name, names) = (self.dialect.object_name(&table.key), names.join(", "));
        Some(Need {
            what: format!("no two rows of {} with the same {}", table.key.path(), columns.join(", ")),
            count: format!(
                "SELECT count(*) FROM (SELECT 1 FROM {name}{asked} GROUP BY {names} HAVING count(*) > 1) AS repeated"
            ),
        })
    }

    /// A condition that speaks of columns that are there.
    fn check(&self, after: &Object, table: &Object, condition: &str) -> Option<Need> {
        let is_new = |column: &Column| table.columns().iter().all(|it| it.name != column.name);
        let is_named = |column: &Column| {
            let words = tokens(condition, self.dialect.syntax())
                .filter(|it| matches!(it.kind, TokenKind::Word | TokenKind::QuotedIdent));
            words
                .map(|it| condition[it.span.range()].trim_matches(['"', '`', '[', ']']))
                .any(|word| word.eq_ignore_ascii_case(&column.name))
        };
        if after.columns().iter().any(|column| is_new(column) && is_named(column)) {
            return None;
        }
        Some(Need {
            what: format!("every row of {} with {condition}", table.key.path()),
            count: format!(
                "SELECT count(*) FROM {} WHERE NOT {}",
                self.dialect.object_name(&table.key),
                in_brackets(condition, self.dialect.syntax())
            ),
        })
    }

    /// Every value is one of the other table.
    fn referred(&self, table: &Object, foreign: &ForeignKey) -> Option<Need> {
        let (other, _) = self.table(&foreign.table)?;
        let there = self.references(foreign)?;
        let has = |of: &Object, name: &String| of.columns().iter().any(|it| it.name == *name);
        let are_there = foreign.columns.iter().all(|it| has(table, it)) && there.iter().all(|it| has(other, it));
        if !are_there || foreign.period || foreign.matching.is_some() || there.len() != foreign.columns.len() {
            return None;
        }
        let name = |of: &String| self.dialect.identifier(of);
        let known: Vec<String> = foreign.columns.iter().map(|it| format!("here.{} IS NOT NULL", name(it))).collect();
        let same: Vec<String> = foreign
            .columns
            .iter()
            .zip(&there)
            .map(|(here, there)| format!("there.{} = here.{}", name(there), name(here)))
            .collect();
        let (here, there) = (self.dialect.object_name(&table.key), self.dialect.object_name(&other.key));
        Some(Need {
            what: format!(
                "no {}.{} that {} does not have",
                table.key.path(),
                foreign.columns.join(", "),
                other.key.path()
            ),
            count: format!(
                "SELECT count(*) FROM {here} AS here WHERE {} AND NOT EXISTS (SELECT 1 FROM {there} AS there WHERE {})",
                known.join(" AND "),
                same.join(" AND ")
            ),
        })
    }

    /// The columns that a foreign key points at; those of the primary key where it says none.
    fn references(&self, foreign: &ForeignKey) -> Option<Vec<String>> {
        if !foreign.references.is_empty() {
            return Some(foreign.references.clone());
        }
        self.from.constraints(self.from.get(&foreign.table)?).find_map(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, .. } => Some(columns.clone()),
            _ => None,
        })
    }

    fn table(&self, key: &Arc<Key>) -> Option<(&Object, &Table)> {
        let object = self.from.get(key)?;
        match &object.body {
            Body::Table(table) => Some((object, table)),
            _ => None,
        }
    }
}

/// A condition in brackets, unless one pair is around all of it.
fn in_brackets(condition: &str, syntax: &Syntax) -> String {
    let mut depth = 0_usize;
    let closes_at_end = tokens(condition, syntax).find_map(|token| {
        match &condition[token.span.range()] {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(token.span.range().end == condition.len())
    });
    match closes_at_end {
        Some(true) if condition.starts_with('(') => condition.to_owned(),
        _ => format!("({condition})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_of_brackets_is_enough() {
        let bracketed = |condition: &str| in_brackets(condition, &Syntax::POSTGRES);
        assert_eq!(bracketed("(size > 0)"), "(size > 0)");
        assert_eq!(bracketed("((a) AND (b))"), "((a) AND (b))");
        assert_eq!(bracketed("(a) OR (b)"), "((a) OR (b))");
        assert_eq!(bracketed("size"), "(size)");
        assert_eq!(bracketed("(a = '(') OR (b = ')')"), "((a = '(') OR (b = ')'))");
    }
}
