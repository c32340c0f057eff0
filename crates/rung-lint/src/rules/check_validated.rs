//! `check-validated`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "check-validated",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A CHECK is added to a table in use, and every row is checked at once.",
    why: "It holds an ACCESS EXCLUSIVE lock until the last row is checked: nobody reads or writes the table meanwhile.",
    instead: "`ADD CONSTRAINT ... CHECK (...) NOT VALID`, and in a later migration `VALIDATE CONSTRAINT`, which blocks \
              nobody.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int CHECK (a > 0);"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD CHECK (a > 0);"),
        Case::silent("CREATE TABLE t (a int CHECK (a > 0));"),
        Case::fires("ALTER TABLE t ADD CONSTRAINT n NOT NULL a;").on(18),
        Case::silent("ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID;").on(18),
        Case::fires("ALTER TABLE t ALTER CONSTRAINT f ENFORCED;").on(18),
        Case::silent("ALTER TABLE t ALTER CONSTRAINT f NOT ENFORCED;").on(18),
        Case::fires("ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL NOT NULL;").on(18),
        Case::silent("ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL;").on(18),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let table = &alter.name;
    let computed = |column: &Column| column.find(|kind| matches!(kind, Demand::Generated { stored: false, .. }).then_some(()));
    match action {
        _ if cx.is_fresh_table(table) => return,
        Action::AlterConstraint { enforced: Some(true), .. } => {
            cx.report(span, format!("nobody can write to {table} while every row is checked"))
                .label("SHARE ROW EXCLUSIVE lock: blocks writes")
                .help("add the constraint anew with NOT VALID, validate it, and drop this one");
            return;
        }
        Action::AddColumn { column, .. } if column.not_null() && computed(column).is_some() => {
            cx.report(span, format!("nobody can read or write {table} while {} is computed for every row", column.name))
                .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
                .help("add it without NOT NULL, and a CHECK that says so with NOT VALID; validate it in a later migration");
            return;
        }
        _ => {}
    }
    let constraint = match action {
        Action::AddConstraint(constraint) => Some(constraint),
        Action::AddColumn { column, .. } => column.constraints.iter().find(|c| matches!(c.kind, Demand::Check(_))),
        _ => None,
    };
    let Some(constraint) = constraint.filter(|c| !c.not_valid) else { return };
    if !matches!(constraint.kind, Demand::Check(_) | Demand::NotNull(_)) {
        return;
    }
    let written = Altered::new(cx, alter);
    let steps = match action {
        Action::AddColumn { column, .. } => written.column(column, span),
        _ => written.validated_later(constraint, Runs::Together),
    };
    let found = cx
        .report(span, format!("nobody can read or write {} while every row is checked", alter.name))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes");
    let help = match (action, &constraint.name) {
        (Action::AddConstraint(_), Some(_)) => "add it with NOT VALID, and `VALIDATE CONSTRAINT` in a later migration",
        (Action::AddConstraint(_), None) => {
            "give it a name, add it with NOT VALID, and `VALIDATE CONSTRAINT` in a later migration"
        }
        _ => "add the column, then the CHECK with NOT VALID, and `VALIDATE CONSTRAINT` in a later migration",
    };
    found.help(help).steps(span, steps);
}
