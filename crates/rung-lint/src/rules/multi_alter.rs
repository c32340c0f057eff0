//! `multi-alter`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "multi-alter",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "Several `ALTER TABLE` of one transaction go through the rows of one table.",
    why: "Each reads or writes the whole table by itself. In one statement they share one pass.",
    instead: "One `ALTER TABLE` with several actions.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE bigint;\nALTER TABLE t ALTER COLUMN b TYPE bigint;")
            .after("CREATE TABLE t (a int, b int);"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE bigint, ALTER COLUMN b TYPE bigint;")
            .after("CREATE TABLE t (a int, b int);"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE t ADD COLUMN b int;"),
        Case::silent("CREATE TABLE t (a int, b int);\nALTER TABLE t ALTER COLUMN a TYPE bigint;\n\
                      ALTER TABLE t ALTER COLUMN b TYPE bigint;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text;\nALTER TABLE t ALTER COLUMN b TYPE text;"),
        Case::silent("ALTER TABLE t ADD CHECK (a > 0);\nALTER TABLE u ADD CHECK (a > 0);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::AlterTable(alter) = statement else { return };
    let table = cx.schema.key(&alter.name);
    let passes = |action: &Action| {
        matches!(action, Action::SetType { .. } | Action::SetNotNull(_))
            || matches!(action, Action::AddConstraint(c) if !c.not_valid && matches!(c.kind, Demand::Check(_)))
    };
    if cx.is_fresh_key(&table) || !cx.impact.tasks.iter().any(|task| task.work != Work::BuildIndex && task.sure == Sure::Yes) {
        return;
    }
    let mut together = cx.before(Topic::Pass(&alter.name.name)).rev().take_while(|(at, _)| cx.is_together(*at));
    let earlier = together.find(|(_, other)| {
        matches!(other, Statement::AlterTable(other) if cx.schema.key(&other.name) == table)
    });
    if let Some((at, _)) = earlier.filter(|_| alter.actions.iter().any(|(action, _)| passes(action))) {
        let span = cx.whole();
        let line = cx.line_of(at);
        cx.report(span, format!("{} is gone through again, after the statement of line {line}", alter.name))
            .help("write both as one ALTER TABLE");
    }
}
