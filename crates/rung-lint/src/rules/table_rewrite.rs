//! `table-rewrite`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "table-rewrite",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`SET LOGGED`, `SET UNLOGGED`, `SET ACCESS METHOD`, `SET TABLESPACE` or `SET EXPRESSION` on a table in use.",
    why: "The table is written anew under an ACCESS EXCLUSIVE lock. An unlogged table is empty after a crash, and is not \
          replicated.",
    instead: "A new table of the kind that is wanted, filled in batches and swapped in. Or a time when nobody needs it.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t SET UNLOGGED;"),
        Case::silent("CREATE UNLOGGED TABLE t (a int);"),
        Case::fires("ALTER TABLE t SET LOGGED;"),
        Case::silent("ALTER TABLE t SET LOGGED;").after("CREATE TABLE t (a int);"),
        Case::fires("ALTER TABLE t SET ACCESS METHOD columnar;"),
        Case::fires("ALTER TABLE t SET TABLESPACE fast;"),
        Case::fires("ALTER TABLE t ALTER COLUMN a SET EXPRESSION AS (b * 2);"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t SET UNLOGGED;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let rewrites = matches!(
        action,
        Action::SetLogged
            | Action::SetUnlogged
            | Action::SetAccessMethod(_)
            | Action::SetTablespace
            | Action::SetExpression(_)
    );
    let task = cx.impact.tasks.iter().find(|task| task.span == span && task.work == Work::Rewrite);
    let Some(why) = task.map(|task| task.why).filter(|_| rewrites) else { return };
    // Where a table is, most of the time, when nobody has said so.
    let usual = cx.text(span).split_whitespace().next_back().is_some_and(|word| ["heap", "pg_default"].contains(&word));
    let level = if usual { cx.level.min(Level::Note) } else { cx.level };
    if !cx.is_fresh_table(&alter.name) {
        cx.report(span, format!("{} is written anew: {why}", alter.name))
            .level(level)
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("do it when nobody needs the table, or fill a new table in batches and swap it in");
    }
}
