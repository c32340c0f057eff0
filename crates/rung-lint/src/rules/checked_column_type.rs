//! `checked-column-type`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "checked-column-type",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "The type of a column with a CHECK is widened.",
    why: "The rows stay as they are, but the CHECK is held against every one of them again, under an ACCESS EXCLUSIVE lock.",
    instead: "Drop the CHECK, change the type, add the CHECK with NOT VALID, and validate it in a later migration.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ALTER COLUMN a TYPE text;")
            .after("CREATE TABLE t (a varchar(20) CHECK (a <> ''));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text;").after("CREATE TABLE t (a varchar(20), b int CHECK (b > 0));"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE text;")
            .after("CREATE TABLE t (a varchar(20));\nALTER TABLE t ADD CHECK (a <> '') NOT VALID;"),
        Case::silent("ALTER TABLE t ALTER COLUMN a TYPE bigint;").after("CREATE TABLE t (a int CHECK (a > 0));"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::SetType { column, .. } = action else { return };
    let rewritten = cx.impact.tasks.iter().any(|task| task.span == span && task.work == Work::Rewrite);
    let table = cx.schema.key(&alter.name);
    let scanned =
        cx.impact.tasks.iter().any(|task| task.span == span && task.work == Work::Scan && task.table == table);
    if scanned && !rewritten && !cx.is_fresh_table(&alter.name) {
        cx.report(span, format!("a CHECK on {column} is held against every row of {} again", alter.name))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("drop the CHECK first, and add it again with NOT VALID");
    }
}
