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
