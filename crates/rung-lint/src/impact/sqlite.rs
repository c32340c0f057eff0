//! SQLite: whoever writes locks the whole database, so that only the work is told, and not the lock
//! (<https://sqlite.org/lang_altertable.html>).

use rung_ddl::{Action, ConstraintKind, Kind, Parsed, Statement};
use rung_sql::Span;

use super::{Impact, Server, Sure, Work};
use crate::schema::Schema;

/// What a statement does, with the schema as it stands before.
pub(crate) fn impact(parsed: &Parsed, text: &str, schema: &Schema, _server: Server) -> Impact {
    let mut impact = Impact::default();
    let whole = Span::new(0, text.len());
    match &parsed.statement {
        Statement::CreateIndex(create) => {
            let table = schema.key(&create.table);
            impact.task(Work::BuildIndex, &table, "the index is built", Sure::Yes, whole);
        }
        Statement::Reindex { kind: Kind::Other, name: Some(name), .. } => {
            // A name is an index's or a table's.
            let table = schema.index(name).map_or_else(|| schema.key(name), |index| index.table.clone());
            impact.task(Work::BuildIndex, &table, "indexes are built anew", Sure::Yes, whole);
        }
        Statement::AlterTable(alter) => {
            let table = schema.key(&alter.name);
            for (action, span) in &alter.actions {
                match action {
                    Action::DropColumn { .. } => {
                        impact.task(Work::Rewrite, &table, "each row is written without the column", Sure::Yes, *span);
                    }
                    Action::AddColumn { column, .. } => {
                        let checked = |kind: &ConstraintKind| matches!(kind, ConstraintKind::Check(_)).then_some(());
                        let generated =
                            |kind: &ConstraintKind| matches!(kind, ConstraintKind::Generated { .. }).then_some(());
                        if column.find(checked).is_some() || column.not_null() && column.find(generated).is_some() {
                            impact.task(Work::Scan, &table, "every row is checked", Sure::Yes, *span);
                        }
                    }
                    Action::SetNotNull(_) | Action::AddConstraint(_) => {
                        impact.task(Work::Scan, &table, "every row is checked", Sure::Yes, *span);
                    }
                    _ => {}
                }
            }
        }
        Statement::Vacuum { analyze_only: false, .. } => impact.outside = true,
        _ => {}
    }
    impact
}
