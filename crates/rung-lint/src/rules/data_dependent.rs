//! `data-dependent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "data-dependent",
    group: Group::Data,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "A unique index or key, a foreign key, NOT NULL or a CHECK is put on rows that are there, or validated.",
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
        Case::fires("ALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::silent("ALTER TABLE t VALIDATE CONSTRAINT c;").after("CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a SET NOT NULL;").after("CREATE TABLE t (a int, CHECK (a IS NOT NULL));"),
        Case::fires("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id);"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id);"),
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
            report(cx, &create.table, create.table.span, columns.filter(|_| !create.partial).map(duplicates));
        }
        Statement::AlterTable(alter) => {
            for (action, span) in &alter.actions {
                if let Some(query) = broken_by(cx, alter, action, *span) {
                    report(cx, &alter.name, *span, query);
                }
            }
        }
        _ => {}
    }
}

/// Whether rows may not keep to what an action demands, and then the end of a query that finds such, where there is one.
fn broken_by(cx: &Context<'_>, alter: &AlterTable, action: &Action, span: Span) -> Option<Option<String>> {
    let looks = || cx.impact.tasks.iter().any(|task| task.span == span);
    let added = match action {
        Action::SetNotNull(column) => return looks().then(|| Some(format!("WHERE {column} IS NULL LIMIT 1"))),
        Action::ValidateConstraint(name) => return looks().then(|| breaks(cx, &alter.name, &name.name)),
        Action::AddConstraint(added) if !added.not_valid && !added.not_enforced => added,
        _ => return None,
    };
    match &added.kind {
        Demand::Unique { columns, index: None } | Demand::PrimaryKey { columns, index: None, .. } => {
            Some(Some(duplicates(columns.iter().map(|column| column.name.as_str()).collect())))
        }
        Demand::Check(expression) => Some(Some(format!("WHERE NOT ({}) LIMIT 1", cx.text(expression.span)))),
        Demand::NotNull(column) => Some(Some(format!("WHERE {column} IS NULL LIMIT 1"))),
        Demand::Exclude => Some(None),
        Demand::ForeignKey(key) => {
            let filled = key.columns.iter().all(|column| !is_all_null(cx, &alter.name, &column.name));
            filled.then(|| orphans(cx, &alter.name, key))
        }
        _ => None,
    }
}

/// Rows that do not keep to a constraint, where it is known what that is.
fn breaks(cx: &Context<'_>, table: &Name, name: &str) -> Option<String> {
    match &cx.table(table)?.constraint(name)?.kind {
        ConstraintKind::Check { text, .. } => Some(format!("WHERE NOT ({text}) LIMIT 1")),
        ConstraintKind::NotNull(column) => Some(format!("WHERE {} IS NULL LIMIT 1", quoted(column))),
        ConstraintKind::ForeignKey { columns, to, .. } => {
            let ([column], Some(referenced)) = (columns.as_slice(), cx.schema.table_at(to)) else { return None };
            let key = referenced.constraints.iter().find_map(|constraint| match &constraint.kind {
                ConstraintKind::PrimaryKey(key) => Some(key.as_slice()),
                _ => None,
            });
            // Most lead to the primary key; which column another leads to is not kept.
            let [key] = key? else { return None };
            let is_only = !referenced.constraints.iter().any(|there| matches!(there.kind, ConstraintKind::Unique(_)));
            let from = format!("{table}.{}", quoted(column));
            is_only.then(|| {
                format!(
                    "WHERE {from} IS NOT NULL AND NOT EXISTS (SELECT FROM {to} r WHERE r.{} = {from}) LIMIT 1",
                    quoted(key)
                )
            })
        }
        _ => None,
    }
}

/// Rows that lead nowhere, where it is written to which columns they should lead.
fn orphans(cx: &Context<'_>, table: &Name, key: &ForeignKey) -> Option<String> {
    let [(from, to)] = key.columns.iter().zip(&key.referenced).collect::<Vec<_>>()[..] else { return None };
    let (from, to) = (format!("{table}.{}", cx.text(from.span)), cx.text(to.span));
    let led_to = cx.text(key.table.span);
    Some(format!("WHERE {from} IS NOT NULL AND NOT EXISTS (SELECT FROM {led_to} r WHERE r.{to} = {from}) LIMIT 1"))
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

/// NULLs are no duplicates of each other.
fn duplicates(columns: Vec<&str>) -> String {
    let columns: Vec<String> = columns.into_iter().map(quoted).collect();
    let given: Vec<String> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    format!("WHERE {} GROUP BY {} HAVING count(*) > 1 LIMIT 1", given.join(" AND "), columns.join(", "))
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
