//! What the rows of a database must be for a migration from one schema to another to go through. Pure.

mod after;
mod parts;

use std::collections::BTreeSet;
use std::sync::Arc;

use rung_catalog::{
    Body, Catalog, Column, Constraint, ConstraintKind, ForeignKey, Index, IndexKey, Key, Kind, Object, Rename, Table,
    Type, Validity, Value,
};
use rung_sql::{Syntax, TokenKind, tokens};

use self::after::is_given;
use crate::dialect::Dialect;

/// Something that rows must be, and a query that counts those that are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// In words: `no NULL in app.posts.body`.
    pub what: String,
    /// One number, which must be 0. It runs on the first schema. Where only the database can tell which values suit, it fails
    /// at the first that does not.
    pub count: String,
    /// The table of these rows, as it is called in the first schema; that of which it is a part, where it is one.
    pub table: Arc<Key>,
}

/// What rows must be for `from` to become `to`, as far as it can be asked of the first schema: values where there may be
/// none, values of another type, no rows where a new column has nothing to give them, no two alike, conditions, rows of other
/// tables, parts of a table that take them. `back` leads from the names of the second schema to those of the first.
pub fn needs(from: &Catalog, to: &Catalog, back: &[Rename], dialect: &dyn Dialect) -> Vec<Need> {
    let to = to.renamed(back, &|name| dialect.identifier(name));
    let asker = Asker { from, dialect };
    let of_objects = to.iter().flat_map(|object| match &object.body {
        Body::Table(table) => [
            asker.of_columns(&to, object, table),
            asker.of_types(&to, object, table),
            asker.of_parts(&to, object, table),
        ]
        .concat(),
        Body::Constraint(constraint) => asker.of_constraint(&to, object, constraint).into_iter().collect(),
        Body::Index(index) if index.unique && from.get(&object.key).is_none() => {
            asker.of_index(&to, index).into_iter().collect()
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
    /// A need of the rows of a table.
    fn need(&self, table: &Object, what: String, count: String) -> Need {
        let mut whole = table;
        while let Body::Table(of) = &whole.body
            && of.bound.is_some()
            && let Some(above) = of.inherits.first().and_then(|above| self.from.get(above))
        {
            whole = above;
        }
        Need { what, count, table: Arc::clone(&whole.key) }
    }

    fn of_columns(&self, to: &Catalog, object: &Object, table: &Table) -> Vec<Need> {
        let Some((before, old)) = self.table(&object.key) else { return Vec::new() };
        let name = self.dialect.object_name(&object.key);
        let need = |column: &Column| {
            let quoted = self.dialect.identifier(&column.name);
            let none_is_null = || {
                let what = format!("no NULL in {}.{}", object.key.path(), column.name);
                self.need(before, what, format!("SELECT count(*) FROM {name} WHERE {quoted} IS NULL"))
            };
            let none_is_there = || {
                let what = format!("no rows in {}: nothing gives {} a value", object.key.path(), column.name);
                self.need(before, what, format!("SELECT count(*) FROM {name}"))
            };
            let was = before.columns().iter().find(|it| it.name == column.name);
            let Some(not_null) = &column.not_null else {
                let numbers = |table: &Table, column: &Column| self.dialect.numbers_rows(table, column);
                let is_asked = was.is_some_and(|was| was.not_null.is_none() && !numbers(old, was));
                let is_empty = was.is_none() && column.value == Value::None && !self.takes_null(to, &column.data_type);
                return (is_asked && numbers(table, column))
                    .then(none_is_null)
                    .or_else(|| is_empty.then(none_is_there));
            };
            let is_computed_anew = !is_given(column) && was.is_none_or(|was| was.value != column.value);
            match was {
                _ if not_null.validity != Validity::Valid => None,
                _ if is_computed_anew => {
                    let rows = self.rows_of(to, object, &[column], None)?;
                    let what = format!("a value for {}.{} in every row", object.key.path(), column.name);
                    Some(self.need(before, what, format!("SELECT count(*) FROM {rows} WHERE {quoted} IS NULL")))
                }
                Some(was) => {
                    let is_asked = was.not_null.as_ref().is_none_or(|it| it.validity != Validity::Valid);
                    (is_asked && !self.is_filled(was, column)).then(none_is_null)
                }
                None => (column.value == Value::None).then(none_is_there),
            }
        };
        // A table that is elsewhere is not looked into.
        if table.server.is_some() || old.server.is_some() {
            return Vec::new();
        }
        // A part has the columns of the whole, and may let fewer of them be NULL.
        let whole = table.bound.as_ref().and_then(|_| to.get(table.inherits.first()?));
        let is_own = |column: &&Column| {
            let above = whole.and_then(|whole| whole.columns().iter().find(|it| it.name == column.name));
            table.bound.is_none() || column.not_null.is_some() && above.is_some_and(|it| it.not_null.is_none())
        };
        table.columns.iter().filter(is_own).filter_map(need).collect()
    }

    /// Values that the new types of columns do not take.
    fn of_types(&self, to: &Catalog, object: &Object, table: &Table) -> Vec<Need> {
        let Some((before, old)) = self.table(&object.key) else { return Vec::new() };
        if table.bound.is_some() || table.server.is_some() || old.server.is_some() {
            return Vec::new();
        }
        let need = |column: &Column| {
            let was = before.columns().iter().find(|it| it.name == column.name)?;
            let misfit = self.dialect.misfit((self.from, to), (old, table), (was, column));
            let misfit = misfit.filter(|_| is_given(was) && is_given(column))?;
            let (name, path) = (self.dialect.object_name(&object.key), object.key.path());
            let what = format!("every {path}.{} to be one that {} takes", column.name, column.data_type);
            Some(self.need(before, what, format!("SELECT count(*) FROM {name} WHERE {misfit}")))
        };
        table.columns.iter().filter_map(need).collect()
    }

    fn of_constraint(&self, to: &Catalog, object: &Object, constraint: &Constraint) -> Option<Need> {
        if constraint.validity != Validity::Valid || constraint.origin == rung_catalog::Origin::Inherited {
            return None;
        }
        let after = to.parent(object)?;
        let (table, _) = self.table(&after.key)?;
        let was = self
            .from
            .constraints(table)
            .any(|it| it.validity == Validity::Valid && self.asks_the_same(&it.kind, &constraint.kind));
        match &constraint.kind {
            _ if was => None,
            ConstraintKind::PrimaryKey { columns, without_overlaps: false }
            | ConstraintKind::Unique { columns, without_overlaps: false } => {
                let nulls = constraint.index.as_ref().is_some_and(|index| index.nulls_not_distinct);
                self.unlike((to, after), table, columns, nulls, None)
            }
            ConstraintKind::Check(condition) => self.check((to, after), table, condition),
            ConstraintKind::Foreign(foreign) => self.referred((to, after), table, foreign),
            kind => {
                let count = self.dialect.excluded(&table.key, kind)?;
                let what = format!("no two rows of {} that {} keeps apart", table.key.path(), object.key.name);
                Some(self.need(table, what, count))
            }
        }
    }

    /// Whether two constraints ask the same of rows, whatever they do when that changes.
    fn asks_the_same(&self, one: &ConstraintKind, other: &ConstraintKind) -> bool {
        match (one, other) {
            (ConstraintKind::Foreign(one), ConstraintKind::Foreign(other)) => {
                let of = |it: &ForeignKey| (it.columns.clone(), Arc::clone(&it.table), self.references(self.from, it));
                of(one) == of(other)
            }
            _ => one == other,
        }
    }

    fn of_index(&self, to: &Catalog, index: &Index) -> Option<Need> {
        let after = to.get(index.table.as_ref()?)?;
        let (table, _) = self.table(&after.key)?;
        let columns: Option<Vec<String>> = index.keys.iter().map(|key| key.column.clone()).collect();
        match columns {
            Some(columns) => {
                self.unlike((to, after), table, &columns, index.nulls_not_distinct, index.predicate.as_deref())
            }
            None => self.unlike_in(to, after, index),
        }
    }

    /// The same of an index on expressions.
    fn unlike_in(&self, to: &Catalog, after: &Object, index: &Index) -> Option<Need> {
        let (table, _) = self.table(&after.key)?;
        let of = |key: &IndexKey| {
            let bare =
                key.sql.trim_end_matches(" NULLS FIRST").trim_end_matches(" NULLS LAST").trim_end_matches(" DESC");
            key.column.as_ref().map_or_else(|| bare.to_owned(), |name| self.dialect.identifier(name))
        };
        let keys: Vec<String> = index.keys.iter().map(of).collect();
        let is_named = |it: &&Column| {
            let mut all = keys.iter().chain(&index.predicate);
            all.any(|text| self.names(text, &it.name))
        };
        let named: Vec<&Column> = after.columns().iter().filter(is_named).collect();
        // Of one that names no column no two rows differ.
        let rows = match named.as_slice() {
            [] => self.dialect.object_name(&table.key),
            named => self.rows_of(to, after, named, None)?,
        };
        let asked = index.predicate.as_ref().map(|it| in_brackets(it, self.dialect.syntax()));
        let asked = asked.map_or_else(String::new, |asked| format!(" WHERE {asked}"));
        let names: Vec<String> = (1..=keys.len()).map(|at| format!("key_{at}")).collect();
        let values: Vec<String> = keys.iter().zip(&names).map(|(key, name)| format!("{key} AS {name}")).collect();
        let known: Vec<String> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
        let known = if index.nulls_not_distinct { String::new() } else { format!(" WHERE {}", known.join(" AND ")) };
        let what = format!("no two rows of {} with the same {}", table.key.path(), keys.join(", "));
        let count = format!(
            "SELECT count(*) FROM (SELECT 1 FROM (SELECT {} FROM {rows}{asked}) AS keys{known} \
             GROUP BY {} HAVING count(*) > 1) AS repeated",
            values.join(", "),
            names.join(", ")
        );
        Some(self.need(table, what, count))
    }

    /// No two rows alike. What is unique already in fewer columns is so in these.
    fn unlike(
        &self,
        (to, after): (&Catalog, &Object),
        table: &Object,
        columns: &[String],
        nulls: bool,
        condition: Option<&str>,
    ) -> Option<Need> {
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
        // A new column that nothing is put into has NULL in every row, of which none is like another.
        let is_empty = |column: &&Column| {
            columns.contains(&column.name)
                && column.value == Value::None
                && table.columns().iter().all(|it| it.name != column.name)
        };
        if is_unique || is_indexed || !nulls && after.columns().iter().any(|column| is_empty(&column)) {
            return None;
        }
        let asked_of = |column: &&Column| {
            columns.contains(&column.name) || condition.is_some_and(|it| self.names(it, &column.name))
        };
        let named: Vec<&Column> = after.columns().iter().filter(asked_of).collect();
        let rows = self.rows_of(to, after, &named, None)?;
        let names: Vec<String> = columns.iter().map(|name| self.dialect.identifier(name)).collect();
        let known = names.iter().filter(|_| !nulls).map(|name| format!("{name} IS NOT NULL"));
        let asked: Vec<String> =
            condition.map(|it| in_brackets(it, self.dialect.syntax())).into_iter().chain(known).collect();
        let asked = if asked.is_empty() { String::new() } else { format!(" WHERE {}", asked.join(" AND ")) };
        let what = format!("no two rows of {} with the same {}", table.key.path(), columns.join(", "));
        let names = names.join(", ");
        let count = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {rows}{asked} GROUP BY {names} HAVING count(*) > 1) AS repeated"
        );
        Some(self.need(table, what, count))
    }

    /// Whether an expression names a column.
    fn names(&self, expression: &str, column: &str) -> bool {
        let words = tokens(expression, self.dialect.syntax())
            .filter(|it| matches!(it.kind, TokenKind::Word | TokenKind::QuotedIdent));
        words
            .map(|it| expression[it.span.range()].trim_matches(['"', '`', '[', ']']))
            .any(|word| word.eq_ignore_ascii_case(column))
    }

    /// A condition on the columns as they will be.
    fn check(&self, (to, after): (&Catalog, &Object), table: &Object, condition: &str) -> Option<Need> {
        let named: Vec<&Column> = after.columns().iter().filter(|it| self.names(condition, &it.name)).collect();
        let rows = self.rows_of(to, after, &named, None)?;
        let what = format!("every row of {} with {condition}", table.key.path());
        let count = format!("SELECT count(*) FROM {rows} WHERE NOT {}", in_brackets(condition, self.dialect.syntax()));
        Some(self.need(table, what, count))
    }

    /// Every value is one of the other table; of one that is new, none is.
    fn referred(&self, (to, after): (&Catalog, &Object), table: &Object, foreign: &ForeignKey) -> Option<Need> {
        if foreign.period || foreign.matching.is_some() {
            return None;
        }
        let of = |object: &Object, names: &[String], alias: &str| {
            let column = |name: &String| object.columns().iter().find(|it| it.name == *name);
            let columns: Vec<&Column> = names.iter().map(column).collect::<Option<_>>()?;
            self.rows_of(to, object, &columns, Some(alias))
        };
        let here = of(after, &foreign.columns, "here")?;
        let name = |of: &String| self.dialect.identifier(of);
        let mut asked: Vec<String> =
            foreign.columns.iter().map(|it| format!("here.{} IS NOT NULL", name(it))).collect();
        let other = to.get(&foreign.table)?;
        if self.from.get(&foreign.table).is_some() {
            let there = self.references(to, foreign)?;
            if there.len() != foreign.columns.len() {
                return None;
            }
            let same: Vec<String> = foreign
                .columns
                .iter()
                .zip(&there)
                .map(|(here, there)| format!("there.{} = here.{}", name(there), name(here)))
                .collect();
            let rows = of(other, &there, "there")?;
            asked.push(format!("NOT EXISTS (SELECT 1 FROM {rows} WHERE {})", same.join(" AND ")));
        }
        let what =
            format!("no {}.{} that {} does not have", table.key.path(), foreign.columns.join(", "), other.key.path());
        Some(self.need(table, what, format!("SELECT count(*) FROM {here} WHERE {}", asked.join(" AND "))))
    }

    /// The columns that a foreign key points at; those of the primary key where it says none.
    fn references(&self, schema: &Catalog, foreign: &ForeignKey) -> Option<Vec<String>> {
        if !foreign.references.is_empty() {
            return Some(foreign.references.clone());
        }
        schema.constraints(schema.get(&foreign.table)?).find_map(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, .. } => Some(columns.clone()),
            _ => None,
        })
    }

    /// Whether a new column of a type may have no value: a domain may ask for one.
    fn takes_null(&self, catalog: &Catalog, data_type: &str) -> bool {
        let domain = catalog.of_kind(Kind::Type).find(|it| self.dialect.object_name(&it.key) == data_type);
        match domain.map(|object| &object.body) {
            Some(Body::Type(Type::Domain { base, default: None, not_null, .. })) => {
                not_null.is_none() && self.takes_null(catalog, base)
            }
            _ => true,
        }
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
