//! A column of another type: what becomes of its table, and of all that is about it.

use rung_sql::Span;

use super::Reader;
use crate::impact::{LockMode, Sure, TypeChange, Work};
use crate::schema::{ConstraintKind, Index, Key};

use LockMode::AccessExclusive;

impl Reader<'_> {
    /// Foreign keys of a column, and those that lead to it, are made anew with its type.
    pub(super) fn rekey(&mut self, table: &Key, column: &str, change: TypeChange, span: Span) {
        let constraints = self.schema.table_at(table).map(|known| known.constraints.as_slice()).unwrap_or_default();
        let referenced = constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey { columns, to, .. } if columns.iter().any(|name| name == column) => Some(to),
            _ => None,
        });
        // Which columns a key leads to is not kept: most lead to the only key that there is.
        let is_key = |index: &Index| index.unique && index.columns.iter().flatten().any(|name| name == column);
        let is_key = self.schema.indexes_of(table).any(|(_, index)| is_key(index));
        let inbound = self.schema.inbound(table).map(|(key, _)| key).filter(|_| is_key);
        let others: Vec<Key> = referenced.chain(inbound).cloned().collect();
        for other in others {
            self.impact.lock(other.clone(), AccessExclusive);
            if change != TypeChange::Free {
                self.impact.task(Work::Scan, &other, "a foreign key is checked again", Sure::Perhaps, span);
            }
        }
    }

    pub(super) fn set_type(&mut self, table: &Key, column: &str, change: TypeChange, recollated: bool, span: Span) {
        match change {
            TypeChange::Rewrite => {
                self.task(Work::Rewrite, table, "the new type is stored in another way, or has to be checked", span);
                return;
            }
            TypeChange::Unknown => {
                let why = "the type that it has is not known, and most changes rewrite the table";
                self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
                return;
            }
            TypeChange::FreeInUtc => {
                let why = "the table is rewritten unless the session's time zone is UTC";
                self.impact.task(Work::Rewrite, table, why, Sure::Perhaps, span);
            }
            TypeChange::Free | TypeChange::Reindex => {}
        }
        let Some(known) = self.schema.table_at(table) else { return };
        let checked = known.constraints.iter().any(|constraint| {
            // One that was never held against the rows is not held against them now.
            constraint.valid
                && matches!(&constraint.kind, ConstraintKind::Check { columns, .. } if columns.iter().any(|name| name == column))
        });
        if checked {
            self.task(Work::Scan, table, "a CHECK on the column is held against every row again", span);
        }
        let reindexes = recollated || matches!(change, TypeChange::Reindex | TypeChange::FreeInUtc);
        let built = self.schema.indexes_of(table).any(|(_, index)| {
            // One with an expression or a predicate about the column is never taken over as it is (`CheckIndexCompatible`).
            index.within.iter().any(|name| name == column)
                || index.columns.iter().flatten().any(|name| name == column)
                    && (reindexes || index.partial || index.columns.iter().any(Option::is_none))
        });
        if built {
            self.task(Work::BuildIndex, table, "indexes on the column are built anew", span);
        }
    }
}
