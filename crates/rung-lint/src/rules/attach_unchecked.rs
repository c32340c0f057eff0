//! `attach-unchecked`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "attach-unchecked",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`ATTACH PARTITION` of a table that was there before and has no CHECK, or lacks an index; or to a table that has a \
           default partition.",
    why: "Every row of it is held against the bounds, the index is built, and the rows of the default partition are looked \
          through, while nobody can use these tables.",
    instead: "Add a CHECK that says what the bounds say, with NOT VALID; validate it; attach; drop the CHECK. For the \
              default partition, a CHECK that says the opposite. Indexes first, with CONCURRENTLY.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("CREATE TABLE p1 (a int);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
            .after("CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));"),
        Case::silent("ALTER INDEX i ATTACH PARTITION j;"),
        Case::fires("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE INDEX ON p (a);\n\
             CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));",
        ),
        Case::silent("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE INDEX ON p (a);\n\
             CREATE TABLE p1 (a int, CHECK (a IS NOT NULL AND a = 1));\nCREATE INDEX ON p1 (a);",
        ),
        Case::fires("CREATE TABLE p1 (a int);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);")
            .after("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p0 PARTITION OF p DEFAULT;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::Attach { partition, .. } = action else { return };
    if alter.kind != Kind::Table {
        return;
    }
    let checked = cx.table(partition).is_some_and(|table| {
        table.constraints.iter().any(|c| c.valid && matches!(c.kind, ConstraintKind::Check { .. }))
    });
    let key = cx.schema.key(partition);
    let tasks = || cx.impact.tasks.iter().filter(|task| task.span == span && !cx.is_fresh_key(&task.table));
    let built = tasks().any(|task| task.table == key && task.work == Work::BuildIndex);
    let default = tasks().find(|task| task.table != key).map(|task| task.table.clone());
    if !checked && !cx.is_fresh_key(&key) {
        cx.report(span, format!("nobody can use {partition} while each of its rows is held against the bounds"))
            .label(format!("ACCESS EXCLUSIVE lock on {partition}"))
            .help("first add a CHECK of the same bounds with NOT VALID, and validate it");
    }
    if built {
        cx.report(span, format!("nobody can use {partition} while an index that {} has is built for it", alter.name))
            .label(format!("ACCESS EXCLUSIVE lock on {partition}"))
            .help("first build the same index on it with CONCURRENTLY: it is taken over");
    }
    if let Some(default) = default {
        cx.report(span, format!("nobody can use {default} while rows of the new partition are looked for in it"))
            .label(format!("ACCESS EXCLUSIVE lock on {default}"))
            .help(format!("first add a CHECK to {default} that rules them out, with NOT VALID, and validate it"));
    }
}
