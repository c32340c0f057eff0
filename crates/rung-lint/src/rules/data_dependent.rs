//! `data-dependent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "data-dependent",
    group: Group::Data,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "A unique index or key, NOT NULL or a CHECK is put on rows that are there.",
    why: "It fails if one of them does not keep to it, on the database where it matters.",
    instead: "Ask before: the finding has the query.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a, b);"),
        Case::silent("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
        Case::silent("ALTER TABLE t ADD COLUMN a text;\nCREATE UNIQUE INDEX i ON t (a);"),
        Case::fires("ALTER TABLE t ADD COLUMN a text DEFAULT 'x';\nCREATE UNIQUE INDEX i ON t (a);"),
        Case::fires("ALTER TABLE t ADD COLUMN a text;\nUPDATE t SET a = b WHERE true;\nCREATE UNIQUE INDEX i ON t (a);"),
        Case::silent("CREATE TABLE t (a int);\nCREATE UNIQUE INDEX i ON t (a);"),
        Case::fires("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    match statement {
        Statement::CreateIndex(create) if create.unique => {
            let columns: Option<Vec<&str>> =
                create.columns.iter().map(|column| column.as_ref().map(|column| column.name.as_str())).collect();
            if columns.iter().flatten().any(|column| is_all_null(cx, &create.table, column)) {
                return;
            }
            report(cx, &create.table, create.table.span, columns.map(duplicates));
        }
        Statement::AlterTable(alter) => {
            for (action, span) in &alter.actions {
                let query = match action {
                    Action::SetNotNull(column) => Some(format!("WHERE {column} IS NULL LIMIT 1")),
                    Action::AddConstraint(added) if !added.not_valid => match &added.kind {
                        Demand::Unique { columns, index: None } | Demand::PrimaryKey { columns, index: None, .. } => {
                            Some(duplicates(columns.iter().map(|column| column.name.as_str()).collect()))
                        }
                        Demand::Check(expression) => {
                            let text = cx.text(expression.span);
                            Some(format!("WHERE NOT ({text}) LIMIT 1"))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                if query.is_some() {
                    report(cx, &alter.name, *span, query);
                }
            }
        }
        _ => {}
    }
}

/// Whether a column is new and has no value yet: NULLs are no duplicates of each other.
fn is_all_null(cx: &Context<'_>, table: &Name, column: &str) -> bool {
    let key = cx.schema.key(table);
    let known = cx.schema.table_at(&key).and_then(|table| table.column(column));
    let mut written = cx.before(Topic::Written(&table.name));
    let filled = cx.before(Topic::Opaque).next().is_some()
        || written.any(|(_, statement)| {
            matches!(statement, Statement::Data { table: Some(changed), .. } if cx.schema.key(changed) == key)
        });
    cx.is_own_column(table, column) && !filled && known.is_some_and(|column| !column.default && !column.generated)
}

fn duplicates(columns: Vec<&str>) -> String {
    format!("GROUP BY {} HAVING count(*) > 1 LIMIT 1", columns.join(", "))
}

fn report(cx: &mut Context<'_>, table: &Name, span: Span, query: Option<String>) {
    if cx.is_fresh_table(table) {
        return;
    }
    let found = cx.report(span, format!("this fails if a row of {table} does not keep to it"));
    if let Some(query) = query {
        found.help(format!("ask before: `SELECT 1 FROM {table} {query}` must find nothing"));
    }
}
