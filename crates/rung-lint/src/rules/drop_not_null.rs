//! `drop-not-null`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-not-null",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`DROP NOT NULL`.",
    why: "Programs that read the column do not expect NULL.",
    instead: "First a release that can do with NULL, then the migration.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ALTER COLUMN a DROP NOT NULL;"),
        Case::silent("CREATE TABLE t (a int NOT NULL);\nALTER TABLE t ALTER COLUMN a DROP NOT NULL;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a DROP NOT NULL;").after("CREATE TABLE t (a int);"),
        Case::fires("ALTER TABLE t ALTER COLUMN a DROP NOT NULL;").after("CREATE TABLE t (a int NOT NULL);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropNotNull(column) = action else { return };
    let known = cx.table(&alter.name).and_then(|table| table.column(&column.name));
    if !cx.is_fresh_table(&alter.name) && known.is_none_or(|column| column.not_null) {
        cx.report(span, format!("programs that read {column} of {} may not expect NULL", alter.name));
    }
}
