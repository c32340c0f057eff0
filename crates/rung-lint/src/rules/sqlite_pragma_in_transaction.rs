//! `sqlite-pragma-in-transaction`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "sqlite-pragma-in-transaction",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "`PRAGMA foreign_keys` within a transaction.",
    why: "It does nothing there, and says nothing: a rebuild of a table that relies on it deletes rows of others.",
    instead: "Before the BEGIN.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("BEGIN;\nPRAGMA foreign_keys = OFF;\nDROP TABLE t;\nCOMMIT;\nVACUUM;").sqlite(),
        Case::silent("-- @no-transaction\nPRAGMA foreign_keys = OFF;\nDROP TABLE t;").sqlite(),
        Case::silent("PRAGMA foreign_keys = OFF;\nBEGIN;\nDROP TABLE t;\nCOMMIT;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Set { name, .. } = statement else { return };
    if name == "foreign_keys" && cx.line().is_some_and(|line| line.transaction.is_some()) {
        let span = cx.whole();
        cx.report(span, "this does nothing within a transaction").help("put it before the BEGIN");
    }
}
