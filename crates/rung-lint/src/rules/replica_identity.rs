//! `replica-identity`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "replica-identity",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`REPLICA IDENTITY FULL` or `NOTHING`.",
    why: "With FULL every change of a row writes the whole old row to the log, and a subscriber looks for it by comparing all columns. With NOTHING, UPDATE and DELETE fail once the table is published.",
    instead: "A primary key, or `REPLICA IDENTITY USING INDEX`.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t REPLICA IDENTITY FULL;"),
        Case::silent("ALTER TABLE t REPLICA IDENTITY USING INDEX i;"),
        Case::fires("ALTER TABLE t REPLICA IDENTITY NOTHING;"),
        Case::silent("ALTER TABLE t REPLICA IDENTITY DEFAULT;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let message = match action {
        Action::ReplicaIdentity { full: true, .. } => "every change writes the whole old row to the log",
        Action::ReplicaIdentity { nothing: true, .. } => "UPDATE and DELETE fail once the table is published",
        _ => return,
    };
    cx.report(span, format!("{message}, for {}", alter.name)).help("take a primary key, or USING INDEX");
}
