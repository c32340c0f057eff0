//! `foreign-key-index`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "foreign-key-index",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A foreign key whose columns no index begins with.",
    why: "Each time a referenced row is deleted, or its key changed, the whole table is searched for rows that point at it.",
    instead: "An index that begins with the columns of the key, in any order.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int REFERENCES p (id));"),
        Case::silent("CREATE TABLE t (a int REFERENCES p (id));\nCREATE INDEX i ON t (a);"),
        Case::silent("CREATE TABLE t (a int, b int, c int, FOREIGN KEY (a, b) REFERENCES p (x, y));\nCREATE INDEX i ON t (b, a, c);"),
        Case::fires("CREATE TABLE t (a int, b int, FOREIGN KEY (a, b) REFERENCES p (x, y));\nCREATE INDEX i ON t (a);"),
        Case::fires("CREATE TABLE t (a int REFERENCES p (id), b int);\nCREATE INDEX i ON t (b, a);"),
        Case::silent("CREATE TABLE t (a int PRIMARY KEY REFERENCES p (id));"),
        Case::fires("ALTER TABLE t ADD COLUMN a int REFERENCES p (id);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id) NOT VALID;"),
        Case::fires("CREATE TABLE t (a int REFERENCES p (id));\nCREATE INDEX i ON t (a) WHERE a > 3;"),
        Case::fires("CREATE TABLE t (a INTEGER REFERENCES p (id));").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    let mut bare = Vec::new();
    for (at, statement) in cx.statements() {
        let keys: Vec<(&Name, &rung_ddl::ForeignKey, Span, Known)> = match statement {
            Statement::CreateTable(create) => foreign_keys(create.all_constraints())
                .map(|(key, span)| (&create.name, key, span, Known::Columns))
                .collect(),
            Statement::AlterTable(alter) => alter
                .actions
                .iter()
                .flat_map(|(action, _)| match action {
                    Action::AddColumn { column, .. } => foreign_keys(column.constraints.iter())
                        .map(|(key, span)| (&alter.name, key, span, Known::Columns))
                        .collect::<Vec<_>>(),
                    Action::AddConstraint(constraint) => foreign_keys(std::iter::once(constraint))
                        .map(|(key, span)| (&alter.name, key, span, Known::Nothing))
                        .collect(),
                    _ => Vec::new(),
                })
                .collect(),
            _ => continue,
        };
        for (name, key, span, known) in keys {
            let table = cx.schema.key(name);
            let Some(there) = cx.schema.table_at(&table) else { continue };
            // Of a table that nobody has seen made, an index may be there.
            if known == Known::Nothing && !there.complete {
                continue;
            }
            let columns: Vec<&str> = key.columns.iter().map(|column| column.name.as_str()).collect();
            let covered = cx.schema.indexes_of(&table).any(|(_, index)| {
                let first: Vec<&str> = index.columns.iter().take(columns.len()).flatten().map(SmolStr::as_str).collect();
                !index.partial && first.len() == columns.len() && columns.iter().all(|column| first.contains(column))
            });
            if !covered && !cx.is_indexed_later(&table, &columns) {
                bare.push((at, span, table.to_string(), key.table.to_string(), columns.join(", ")));
            }
        }
    }
    for (at, span, table, to, columns) in bare {
        cx.report_line(at, span, format!("whoever deletes from {to} searches all of {table} for rows that point there"))
            .label("no index begins with its columns")
            .help(format!("create an index on {table} ({columns})"));
    }
}

/// What is known of the table's indexes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The column is new: all of them.
    Columns,
    /// There may be others than those that were seen.
    Nothing,
}

fn foreign_keys<'a>(
    constraints: impl Iterator<Item = &'a rung_ddl::Constraint>,
) -> impl Iterator<Item = (&'a rung_ddl::ForeignKey, Span)> {
    constraints.filter_map(|constraint| match &constraint.kind {
        Demand::ForeignKey(key) => Some((key, constraint.span)),
        _ => None,
    })
}
