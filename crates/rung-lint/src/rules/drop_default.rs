//! `drop-default`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-default",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`DROP DEFAULT` of a column that is NOT NULL, one that was added for the rows that are there among them.",
    why: "Programs that run and do not name the column when they insert rows counted on the default: their INSERT fails from then on.",
    instead: "Keep the default until every program names the column, and drop it in a later migration (see `-- @post-deploy`).",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0;\nALTER TABLE t ALTER COLUMN a DROP DEFAULT;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int DEFAULT 0;\nALTER TABLE t ALTER COLUMN a DROP DEFAULT;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0, ALTER COLUMN a DROP DEFAULT;"),
        Case::fires("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;").after("CREATE TABLE t (a int NOT NULL DEFAULT 1);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;").after("CREATE TABLE t (a int NOT NULL);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;").after("CREATE TABLE t (a int DEFAULT 1);"),
        Case::silent("CREATE TABLE t (a int NOT NULL DEFAULT 1);\nALTER TABLE t ALTER COLUMN a DROP DEFAULT;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;\nALTER TABLE t ALTER COLUMN a SET DEFAULT 2;")
            .after("CREATE TABLE t (a int NOT NULL DEFAULT 1);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT, ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY;")
            .after("CREATE TABLE t (a int NOT NULL DEFAULT 1);"),
        Case::silent("-- @post-deploy\nALTER TABLE t ALTER COLUMN a DROP DEFAULT;").after("CREATE TABLE t (a int NOT NULL DEFAULT 1);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropDefault(column) = action else { return };
    if cx.is_fresh_table(&alter.name) || cx.is_after_deploy() {
        return;
    }
    let added = alter.actions.iter().find_map(|(action, _)| match action {
        Action::AddColumn { column: added, .. } if added.name.name == column.name => Some(added),
        _ => None,
    });
    let is_counted_on = match added {
        Some(added) => added.not_null() && added.default().is_some_and(|default| !default.null),
        None => {
            let known = cx.table(&alter.name).and_then(|table| table.column(&column.name));
            known.is_some_and(|column| column.not_null && column.default)
        }
    };
    let key = cx.schema.key(&alter.name);
    let gives = |other: &AlterTable| {
        cx.schema.key(&other.name) == key
            && other.actions.iter().any(|(action, _)| match action {
                Action::SetDefault(of, default) => of.name == column.name && !default.null,
                Action::Identity(of) => of.name == column.name,
                _ => false,
            })
    };
    let is_given = |statement: &Statement| matches!(statement, Statement::AlterTable(other) if gives(other));
    let is_given_again =
        is_counted_on && (gives(alter) || cx.statements().skip(cx.at + 1).any(|(_, statement)| is_given(statement)));
    if is_counted_on && !is_given_again {
        let message = format!("programs that insert into {} without {column} fail from here on", alter.name);
        cx.report(span, message)
            .label("NOT NULL, and no default any more")
            .help("drop the default in a later migration, once every program names the column (see `-- @post-deploy`)")
            .left("whether all programs name the column is not in the file");
    }
}
