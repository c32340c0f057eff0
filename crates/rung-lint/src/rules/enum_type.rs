//! `enum-type`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "enum-type",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`CREATE TYPE ... AS ENUM`.",
    why: "A value can't be taken away again, nor put elsewhere in the order, without a new type.",
    instead: "A text column with a CHECK, or a table of kinds and a foreign key, where values come and go.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TYPE e AS ENUM ('a', 'b');"),
        Case::silent("CREATE TYPE e AS (a int);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateEnum { name, .. } = statement else { return };
    cx.report(name.span, format!("a value of {name} can't be taken away again"))
        .help("where values come and go, take text with a CHECK, or a table and a foreign key");
}
