//! Rows that have no parent behind a new foreign key.

use std::collections::BTreeSet;

use rung_catalog::{Body, ConstraintKind, ForeignKey, Key, Kind, Object};
use rung_engine::Dialect;

use super::{Plan, Steps, shape};
use crate::SQLITE;

impl Plan<'_> {
    /// Rows that have been there before a foreign key must have their parents.
    pub(super) fn check_references(&self, steps: &mut Steps) {
        for pair in self.pairs.iter().filter(|pair| self.finds_parents(pair.to.key)) {
            // What is done when a parent goes makes no orphans.
            let refers = |it: &shape::Constraint| it.says.split(" on ").next().map(str::to_owned);
            let is_new = |constraint: &&shape::Constraint| {
                !pair.renamed.constraints.iter().any(|it| refers(it) == refers(constraint))
            };
            for constraint in pair.to.shape.constraints.iter().filter(is_new) {
                let shape::Kind::Foreign(parent) = &constraint.kind else { continue };
                // A new column is NULL, or its default: that may be no parent.
                let is_null = |column: &String| {
                    pair.renamed.column(column).is_none()
                        && pair.to.shape.column(column).is_some_and(|it| it.default.is_none())
                };
                if constraint.columns.iter().any(is_null) {
                    continue;
                }
                let columns = constraint.columns.join(", ");
                // It is what SQLite says when a row has none.
                let said = format!("every {}.{columns} is there in {parent}", pair.to.key.path());
                let [child, parent] = [&pair.to.shape.name, parent].map(|it| SQLITE.quote_literal(it));
                let check = format!("CONSTRAINT {} CHECK (count = 0)", SQLITE.quote_identifier(&said));
                steps.push(pair.to.key, format!("CREATE TEMP TABLE orphans (count INTEGER {check})"));
                steps.last_note(format!("fails where a row has no parent: {}", constraint.says));
                steps.push(
                    pair.to.key,
                    format!(
                        "INSERT INTO temp.orphans SELECT count(*) FROM pragma_foreign_key_check({child}) WHERE lower(parent) = {parent}"
                    ),
                );
                steps.push(pair.to.key, "DROP TABLE temp.orphans".to_owned());
            }
        }
    }

    /// Whether SQLite can look for the parents of a table's rows: there is an error where those of one foreign key need not
    /// differ (<https://sqlite.org/foreignkeys.html>, 3).
    fn finds_parents(&self, table: &Key) -> bool {
        let keys = self.to.get(table).into_iter().flat_map(|table| self.to.constraints(table));
        keys.filter_map(|it| match &it.kind {
            ConstraintKind::Foreign(foreign) => Some(&**foreign),
            _ => None,
        })
        .all(|foreign| self.is_key(foreign))
    }

    /// Whether what a foreign key refers to is a key; a table that is not there has no rows, and that is no error.
    fn is_key(&self, foreign: &ForeignKey) -> bool {
        let is_it = |it: &&Object| it.key.name.eq_ignore_ascii_case(&foreign.table.name);
        let Some(parent) = self.to.of_kind(Kind::Table).find(is_it) else { return true };
        let set =
            |columns: &[String]| -> BTreeSet<String> { columns.iter().map(|it| it.to_ascii_lowercase()).collect() };
        let of_constraints = self.to.constraints(parent).any(|it| match &it.kind {
            ConstraintKind::PrimaryKey { columns, .. } if foreign.references.is_empty() => {
                columns.len() == foreign.columns.len()
            }
            ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. } => {
                set(columns) == set(&foreign.references)
            }
            _ => false,
        });
        let mut indexes = self.to.of_kind(Kind::Index);
        of_constraints
            || indexes.any(|it| match &it.body {
                Body::Index(index) if index.unique && index.predicate.is_none() => {
                    let columns: Option<Vec<String>> = index.keys.iter().map(|key| key.column.clone()).collect();
                    index.table.as_deref().is_some_and(|table| *table == *parent.key)
                        && columns.is_some_and(|columns| set(&columns) == set(&foreign.references))
                }
                _ => false,
            })
    }
}
