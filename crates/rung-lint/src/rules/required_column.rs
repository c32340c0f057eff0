//! `required-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "required-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A NOT NULL column without a default is added to a table that was there before.",
    why: "It fails as soon as the table has a row. And programs that do not know the column can't insert any more.",
    instead: "Give it a default, or add it without NOT NULL, fill it, and set it NOT NULL later.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a int NOT NULL;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 0;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS IDENTITY NOT NULL;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int NOT NULL GENERATED ALWAYS AS (b + 1) STORED;"),
        Case::silent("ALTER TABLE t ADD COLUMN a bigserial NOT NULL;"),
        Case::silent("CREATE TABLE t (b int);\nALTER TABLE t ADD COLUMN a int NOT NULL;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT NULL;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddColumn { column, .. } = action else { return };
    let filled = column.default().is_some_and(|default| !default.null)
        || column.find(|kind| matches!(kind, Demand::Identity | Demand::Generated { .. }).then_some(())).is_some()
        || column.data_type.as_ref().is_some_and(|data_type| data_type.name.ends_with("serial"));
    if column.not_null() && !filled && !cx.is_fresh_table(&alter.name) {
        cx.report(span, format!("this fails if {} has a row, and programs that do not know {} can't insert", alter.name, column.name))
            .label("NOT NULL, and no default")
            .help("give it a default, or add it without NOT NULL and fill it first")
            .left("which value the rows that are there should get is not known");
    }
}
