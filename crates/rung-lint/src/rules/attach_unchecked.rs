//! `attach-unchecked`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "attach-unchecked",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`ATTACH PARTITION` of a table that was there before and has no CHECK.",
    why: "Every row of it is held against the bounds, while nobody can use that table.",
    instead: "Add a CHECK that says what the bounds say, with NOT VALID; validate it; attach; drop the CHECK.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("CREATE TABLE p1 (a int);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
            .after("CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));"),
        Case::silent("ALTER INDEX i ATTACH PARTITION j;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::Attach { partition, .. } = action else { return };
    let checked = cx.table(partition).is_some_and(|table| {
        table.constraints.iter().any(|c| c.valid && matches!(c.kind, ConstraintKind::Check { .. }))
    });
    if alter.kind == Kind::Table && !checked && !cx.is_fresh_table(partition) {
        cx.report(span, format!("nobody can use {partition} while each of its rows is held against the bounds"))
            .label(format!("ACCESS EXCLUSIVE lock on {partition}"))
            .help("first add a CHECK of the same bounds with NOT VALID, and validate it");
    }
}
