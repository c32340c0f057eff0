//! The checks, one file each: documentation, code and cases together.

use crate::Check;

/// What the files of the checks have in common.
mod prelude {
    pub(super) use rung_catalog::{
        Body, Catalog, Constraint, ConstraintKind, ForeignKey, Index, Key, Kind, Object, Origin, RowSecurity, Table,
        Validity,
    };
    pub(super) use rung_engine::DbError;
    pub(super) use rung_sql::Level;
    pub(super) use std::sync::Arc;

    pub(super) use crate::{Case, Check, Examination, Find, Live, Orphans};

    /// A row of an answer.
    pub(super) type Row = Vec<Option<String>>;

    /// Checks that are for every database.
    pub(super) const ALL: &[&str] = &[];

    /// Checks of what only PostgreSQL has.
    pub(super) const POSTGRES: &[&str] = &["postgres"];

    /// Checks of what only SQLite has.
    pub(super) const SQLITE: &[&str] = &["sqlite"];

    /// What makes a statement about an index keep nobody out, where there is such a thing.
    pub(super) const ONLINE: &[(&str, &str)] = &[("postgres", "CONCURRENTLY ")];

    /// A value of a row, empty where it is NULL.
    pub(super) fn text(row: &Row, at: usize) -> &str {
        row.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// A value of a row as a number or the like.
    pub(super) fn number<T: std::str::FromStr>(row: &Row, at: usize) -> Option<T> {
        text(row, at).parse().ok()
    }

    /// The constraints of the schema, with their bodies.
    pub(super) fn constraints(catalog: &Catalog) -> impl Iterator<Item = (&Object, &Constraint)> {
        catalog.of_kind(Kind::Constraint).filter_map(|object| match &object.body {
            Body::Constraint(constraint) => Some((object, &**constraint)),
            _ => None,
        })
    }

    /// The foreign keys of the schema that are not merely inherited.
    pub(super) fn foreign_keys(catalog: &Catalog) -> impl Iterator<Item = (&Object, &Constraint, &ForeignKey)> {
        constraints(catalog).filter_map(|(object, constraint)| match &constraint.kind {
            ConstraintKind::Foreign(key) if constraint.origin != Origin::Inherited => {
                Some((object, constraint, &**key))
            }
            _ => None,
        })
    }

    /// The columns of a table's primary key; none where it has none.
    pub(super) fn primary_key(catalog: &Catalog, table: &Key) -> Vec<String> {
        let is_its = |key: &Key| key.schema == table.schema && key.parent.as_ref() == Some(&table.name);
        let columns = |(object, constraint): (&Object, &Constraint)| match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, .. } if is_its(&object.key) => Some(columns.clone()),
            _ => None,
        };
        constraints(catalog).find_map(columns).unwrap_or_default()
    }

    /// The tables that have rows of their own kind: no foreign and no virtual ones.
    pub(super) fn tables(catalog: &Catalog) -> impl Iterator<Item = (&Object, &Table)> {
        catalog.of_kind(Kind::Table).filter_map(|object| match &object.body {
            Body::Table(table) if table.server.is_none() && table.shadows.is_empty() => Some((object, &**table)),
            _ => None,
        })
    }

    /// What a key of an index is sorted by: the column where it is no more than that.
    pub(super) fn sorted_by(key: &rung_catalog::IndexKey) -> &str {
        match &key.column {
            Some(column) if key.sql.trim_matches(['"', '`', '[', ']']) == column => column,
            _ => &key.sql,
        }
    }

    /// Whether an index finds the rows of these columns' values.
    pub(super) fn leads_to(index: &Index, columns: &[String]) -> bool {
        let sorted = matches!(index.method.as_str(), "" | "btree") || index.method == "hash" && columns.len() == 1;
        // What a condition keeps out must be what a foreign key passes over: rows with a NULL.
        let whole = index.predicate.as_deref().is_none_or(|condition| {
            let said = condition.trim_matches(['(', ')']).strip_suffix(" IS NOT NULL");
            said.is_some_and(|name| columns.iter().any(|column| column == name.trim_matches('"')))
        });
        let first: Vec<&str> = index.keys.iter().take(columns.len()).filter_map(|key| key.column.as_deref()).collect();
        let is_first = first.len() == columns.len() && columns.iter().all(|column| first.contains(&column.as_str()));
        index.valid && sorted && whole && is_first
    }
}

/// Makes a module of each file, and the table of all checks.
macro_rules! checks {
    ($($module:ident,)*) => {
        $(mod $module;)*

        /// All checks.
        pub static CHECKS: &[&Check] = &[$(&$module::CHECK,)*];
    };
}

checks! {
    integrity,
    broken_foreign_key,
    orphan,
    invalid_index,
    unvalidated_constraint,
    disabled_trigger,
    broken_routine,
    broken_view,
    sequence_end,
    transaction_age,
    policy_without_row_security,
    row_security_missing,
    row_security_without_policy,
    primary_key_missing,
    foreign_key_index,
    duplicate_index,
    redundant_index,
    unused_index,
}

/// The check of a name.
pub fn check(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name).copied()
}
