//! `unique-constraint`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unique-constraint",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A UNIQUE constraint is added to a table in use, and its index is built then and there.",
    why: "It holds an ACCESS EXCLUSIVE lock until the index is built: nobody reads or writes the table meanwhile.",
    instead: "`CREATE UNIQUE INDEX CONCURRENTLY`, and in a later migration `ADD CONSTRAINT ... UNIQUE USING INDEX`.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX i;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int UNIQUE;"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD UNIQUE (a);"),
        Case::silent("CREATE TABLE t (a int UNIQUE);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let constraints = match action {
        Action::AddConstraint(constraint) => std::slice::from_ref(constraint),
        Action::AddColumn { column, .. } => column.constraints.as_slice(),
        _ => return,
    };
    let Some(found) = constraints.iter().find(|c| matches!(c.kind, Demand::Unique { index: None, .. })) else { return };
    let built = cx.impact.tasks.iter().any(|task| task.span == span && task.work == Work::BuildIndex);
    if cx.is_fresh_table(&alter.name) || !built {
        return;
    }
    let Demand::Unique { columns, .. } = &found.kind else { return };
    let listed: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let (table, listed) = (&alter.name, listed.join(", "));
    let written = Altered::new(cx, alter);
    let steps = match action {
        Action::AddColumn { column, .. } => written.column(column, span),
        _ => written.with_index(found, None),
    };
    cx.report(span, format!("nobody can read or write {table} while the index of this constraint is built"))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help(format!("first `CREATE UNIQUE INDEX CONCURRENTLY name ON {table} ({listed})`, in a migration of its own"))
        .help(format!("then `ALTER TABLE {table} ADD CONSTRAINT name UNIQUE USING INDEX name`"))
        .steps(span, steps);
}
