//! `validate-same-transaction`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "validate-same-transaction",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A constraint is validated in the transaction that adds it with NOT VALID, or by a statement that does something else too.",
    why: "The strong lock of the first statement is held until the end of the transaction, and with it while every row is \
          checked: nothing is won. A statement takes the strongest lock that any of its actions needs.",
    instead: "`VALIDATE CONSTRAINT` in a migration after it.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::silent("ALTER TABLE t VALIDATE CONSTRAINT c;").after("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Case::silent(
            "-- @no-transaction\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c;",
        ),
        Case::fires("ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN b int;")
            .after("CREATE TABLE t (a int);\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Case::silent("ALTER TABLE t VALIDATE CONSTRAINT c, ALTER COLUMN a SET STATISTICS 100;")
            .after("CREATE TABLE t (a int);\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Case::silent("ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN b int;")
            .after("CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0));"),
        Case::silent(
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE u VALIDATE CONSTRAINT c;",
        ),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\n\
                      ALTER TABLE t VALIDATE CONSTRAINT c;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::ValidateConstraint(name) = action else { return };
    let table = cx.schema.key(&alter.name);
    if cx.is_fresh_key(&table) {
        return;
    }
    let head = cx.text(Span::new(0, alter.actions.first().map_or(0, |(_, span)| span.start)));
    let step = Step::apart(format!("validate_{name}"), format!("{head}{}", cx.text(span)));
    let mut added = cx.before(Topic::Constraint(&alter.name.name, &name.name)).rev();
    let is_same = |other: &Statement| matches!(other, Statement::AlterTable(other) if cx.schema.key(&other.name) == table);
    if added.any(|(at, other)| cx.is_together(at) && is_same(other)) {
        cx.report(span, format!("{name} is validated under the lock that adding it took"))
            .label("the same transaction")
            .help("validate it in a migration after this one")
            .steps(span, Ok(vec![step]));
        return;
    }
    let mode = cx.impact.locks.iter().find(|(at, _)| *at == table).map(|(_, mode)| *mode);
    let is_scanned = cx.impact.tasks.iter().any(|task| task.span == span && task.work == Work::Scan);
    if let Some(mode) = mode.filter(|mode| *mode > LockMode::ShareUpdateExclusive && is_scanned) {
        cx.report(span, format!("{name} is validated under the lock that the rest of this statement takes"))
            .label(format!("{mode} lock on {}", alter.name))
            .help("validate it by a statement of its own, in a migration after this one")
            .steps(span, Ok(vec![step]));
    }
}
