//! `generated-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "generated-column",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A serial, identity or stored generated column is added to a table in use.",
    why: "It has a value for each row that is there, and the table is written anew under an ACCESS EXCLUSIVE lock.",
    instead: "Add a plain column, let a trigger or the program fill it, fill the rows that are there in batches. PostgreSQL \
              18 has `GENERATED ... VIRTUAL`, which stores nothing.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN id bigserial;"),
        Case::silent("ALTER TABLE t ADD COLUMN id bigint;"),
        Case::fires("ALTER TABLE t ADD COLUMN id smallserial;"),
        Case::fires("ALTER TABLE t ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;"),
        Case::fires("ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) STORED;"),
        Case::silent("ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) VIRTUAL;").on(18),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN id bigserial;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddColumn { column, .. } = action else { return };
    let serial = column.data_type.as_ref().filter(|data_type| data_type.name.ends_with("serial"));
    let what = match (serial, column.find(|kind| match kind {
        Demand::Identity => Some("identity"),
        Demand::Generated { stored: true, .. } => Some("stored"),
        _ => None,
    })) {
        (Some(serial), _) => serial.name.as_str(),
        (None, Some(what)) => what,
        (None, None) => return,
    };
    if cx.is_fresh_table(&alter.name) {
        return;
    }
    let virtual_too = what == "stored" && cx.server().may_have(18);
    let found = cx
        .report(span, format!("{} is written anew: a column that is {what} has a value for each row", alter.name))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help("add a plain column, fill it in batches, and give it its default, identity or trigger then")
        .left("who fills the rows that come meanwhile has to be decided");
    if virtual_too {
        found.help("with PostgreSQL 18, VIRTUAL instead of STORED writes nothing");
    }
}
