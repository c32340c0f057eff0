//! `attribute-type-change`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "attribute-type-change",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`ALTER TYPE ... ALTER ATTRIBUTE ... TYPE ... CASCADE` where tables are made of the composite type.",
    why: "Each of them is written anew, or read from end to end, under an ACCESS EXCLUSIVE lock.",
    instead: "A new attribute, filled in batches, that takes the old one's place. Or a time when nobody needs the tables.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint CASCADE;")
            .after("CREATE TYPE c AS (a int);\nCREATE TABLE t OF c;"),
        Case::silent("ALTER TYPE c ALTER ATTRIBUTE a TYPE varchar(20) CASCADE;")
            .after("CREATE TYPE c AS (a varchar(10));\nCREATE TABLE t OF c;"),
        Case::silent("ALTER TYPE c ADD ATTRIBUTE b int CASCADE;").after("CREATE TYPE c AS (a int);\nCREATE TABLE t OF c;"),
        Case::silent("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint;").after("CREATE TYPE c AS (a int);"),
        Case::silent("CREATE TABLE t OF c;\nALTER TYPE c ALTER ATTRIBUTE a TYPE bigint CASCADE;")
            .after("CREATE TYPE c AS (a int);"),
        Case::silent("ALTER TYPE c ALTER ATTRIBUTE a TYPE bigint CASCADE;")
            .after("CREATE TYPE c AS (a int);\nCREATE TABLE t OF c;\nALTER TABLE t NOT OF;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::AlterComposite { changes, .. } = statement else { return };
    for (_, span) in changes {
        let tasks = cx.impact.tasks.iter().filter(|task| task.span == *span && !cx.is_fresh_key(&task.table));
        let Some(task) = tasks.max_by_key(|task| (task.work, task.sure)).cloned() else { continue };
        let what = if task.work == Work::Rewrite { "is written anew" } else { "is gone through" };
        cx.report(*span, format!("{}, which is of this type, {what}: {}", task.table, task.why))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("add a new attribute, fill it in batches, and let it take the old one's place");
    }
}
