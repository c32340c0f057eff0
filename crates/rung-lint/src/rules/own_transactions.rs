//! `own-transactions`.

use rung_sql::TransactionControl;

use super::prelude::*;
use crate::ScriptLines;

pub(super) static RULE: Rule = Rule {
    name: "own-transactions",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A migration with `BEGIN` or `COMMIT` in its midst.",
    why: "It is not all or nothing any more: what a COMMIT has made stand stays when a later statement fails.",
    instead: "Several migrations, each in a transaction of its own. A `BEGIN` and `COMMIT` around the whole file is fine.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);\nCOMMIT;\nBEGIN;\nCREATE TABLE u (a int);"),
        Case::silent("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"),
        Case::silent("PRAGMA foreign_keys = OFF;\nBEGIN;\nDROP TABLE t;\nCOMMIT;\nPRAGMA foreign_keys = ON;").sqlite(),
        Case::fires("UPDATE t SET a = 1 WHERE b;\nBEGIN;\nDROP TABLE t;\nCOMMIT;").sqlite(),
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\nBEGIN;\nCREATE TABLE u (a int);\nCOMMIT;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    let Some(up) = cx.file.up.as_ref().filter(|up| up.own_transactions && !is_one_in_settings(up)) else { return };
    let Some(at) = up.lines.iter().position(|line| line.facts.transaction.is_some()) else { return };
    let span = Span::new(0, up.text(at).len());
    cx.report_line(at, span, "what comes before this is kept when a statement after it fails")
        .help("write several migrations, each in a transaction of its own");
}

/// Whether there is one transaction, with nothing but settings of the session before and after it: SQLite takes some nowhere
/// else.
fn is_one_in_settings(up: &ScriptLines) -> bool {
    let is = |at: usize, control| up.lines.get(at).is_some_and(|line| line.facts.transaction == Some(control));
    let begin = up.lines.iter().take_while(|line| matches!(line.parsed.statement, Statement::Set { .. })).count();
    let after = up.lines.iter().rev().take_while(|line| matches!(line.parsed.statement, Statement::Set { .. })).count();
    let controls = up.lines.iter().filter(|line| line.facts.transaction.is_some()).count();
    let end = up.lines.len() - after.min(up.lines.len());
    controls == 2 && is(begin, TransactionControl::Begin) && end > 0 && is(end - 1, TransactionControl::Commit)
}
