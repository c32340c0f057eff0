//! `sqlite-autoincrement`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-autoincrement",
    group: Group::Style,
    level: Some(Level::Note),
    dialects: SQLITE,
    what: "`AUTOINCREMENT`.",
    why: "Each insert writes the table `sqlite_sequence` too. Without it, `INTEGER PRIMARY KEY` draws numbers as well; only the number of a deleted last row may come again.",
    instead: "`INTEGER PRIMARY KEY`, unless numbers must never come again.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);").sqlite(),
        Case::silent("CREATE TABLE t (id INTEGER PRIMARY KEY);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateTable(create) = statement else { return };
    for constraint in create.all_constraints() {
        if let Demand::PrimaryKey { autoincrement: true, .. } = constraint.kind {
            cx.report(constraint.span, "each insert writes a second table, to keep numbers from coming again")
                .help("leave AUTOINCREMENT out, unless that is needed");
        }
    }
}
