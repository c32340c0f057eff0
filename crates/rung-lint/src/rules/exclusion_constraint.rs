//! `exclusion-constraint`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "exclusion-constraint",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "An exclusion constraint is added to a table in use.",
    why: "It holds an ACCESS EXCLUSIVE lock until its index is built and every row compared. There is no NOT VALID and no \
          USING INDEX for it.",
    instead: "A new table with the constraint, filled in batches and swapped in. Or a time when nobody needs the table.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (r WITH &&);"),
        Case::silent("CREATE TABLE t (r tstzrange);\nALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (r WITH &&);"),
        Case::silent("CREATE TABLE t (r tstzrange, EXCLUDE USING gist (r WITH &&));"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddConstraint(constraint) = action else { return };
    if constraint.kind == Demand::Exclude && !cx.is_fresh_table(&alter.name) {
        cx.report(span, format!("nobody can read or write {} while every row is compared", alter.name))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("it can't be had without: create a new table with the constraint, and move the rows in batches");
    }
}
