//! `foreign-key-validated`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "foreign-key-validated",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A foreign key is added to a table in use, and every row is checked at once.",
    why: "It holds SHARE ROW EXCLUSIVE locks on both tables until the last row is checked: nobody writes to either.",
    instead: "`ADD CONSTRAINT ... NOT VALID`, and in a later migration `VALIDATE CONSTRAINT`, which blocks nobody. On a \
              partitioned table that needs PostgreSQL 18; before it, add the key to each partition.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id);"),
        Case::silent("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id) NOT VALID;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int REFERENCES p (id);"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id);"),
        Case::silent("CREATE TABLE t (a int REFERENCES p (id));"),
        Case::fires("ALTER TABLE t ADD COLUMN a int DEFAULT 1 REFERENCES p (id);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let (key, constraint) = match action {
        Action::AddConstraint(constraint) => match &constraint.kind {
            Demand::ForeignKey(key) if !constraint.not_valid => (key, Some(constraint)),
            _ => return,
        },
        // A column without a default has nothing to check.
        Action::AddColumn { column, .. } if column.default().is_some_and(|default| !default.null) => {
            match column.find(|kind| match kind {
                Demand::ForeignKey(key) => Some(key),
                _ => None,
            }) {
                Some(key) => (key, None),
                None => return,
            }
        }
        _ => return,
    };
    if cx.is_fresh_table(&alter.name) {
        return;
    }
    let whole = cx.table(&alter.name).is_some_and(|table| table.partitioned) && cx.server().may_lack(18);
    let written = Altered::new(cx, alter);
    let steps = match (constraint, action) {
        (Some(constraint), _) => written.validated_later(constraint, Runs::Together),
        (None, Action::AddColumn { column, .. }) => written.column(column, span),
        (None, _) => return,
    };
    let found = cx
        .report(span, format!("nobody can write to {} or {} while every row is checked", alter.name, key.table))
        .label("SHARE ROW EXCLUSIVE lock on both: blocks writes");
    let help = match constraint {
        Some(_) if whole => {
            "a partitioned table takes no NOT VALID before PostgreSQL 18: add the key to each partition"
        }
        Some(constraint) if constraint.name.is_some() => {
            "add it with NOT VALID, and `VALIDATE CONSTRAINT` in a later migration"
        }
        Some(_) => "give it a name, add it with NOT VALID, and `VALIDATE CONSTRAINT` in a later migration",
        None => "add the column, then the key with NOT VALID, and `VALIDATE CONSTRAINT` in a later migration",
    };
    found.help(help).steps(span, steps);
}
