//! `own-transactions`.

use rung_sql::TransactionControl;

use super::prelude::*;
use crate::{Line, ScriptLines};

pub(super) static RULE: Rule = Rule {
    name: "own-transactions",
    group: Group::Migration,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A migration that `BEGIN` and `COMMIT` cut into parts that change something each.",
    why: "It is not all or nothing any more: what a COMMIT has made stand stays when a later statement fails.",
    instead: "Several migrations, each in a transaction of its own. A `BEGIN` and `COMMIT` around all that changes something is fine, as is a file that says \
              `-- @no-transaction`.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);\nCOMMIT;\nBEGIN;\nCREATE TABLE u (a int);"),
        Case::silent("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;"),
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\nBEGIN;\nCREATE TABLE u (a int);\nCOMMIT;").sqlite(),
        Case::silent(
            "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE n (a);\nINSERT INTO n SELECT a FROM t;\nDROP TABLE t;\n\
             ALTER TABLE n RENAME TO t;\nPRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys = ON;",
        )
        .sqlite(),
        Case::silent("-- @no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\nBEGIN;\nDROP TABLE u;\nCOMMIT;"),
        Case::fires("CREATE TABLE t (a int);\nCOMMIT;"),
        Case::fires("COMMIT;\nCREATE TABLE t (a int);"),
        Case::fires("CREATE TABLE t (a int);\nCREATE TABLE u (a int);\nCOMMIT;"),
        Case::silent("CREATE TABLE t (a int);\nSAVEPOINT s;\nCREATE TABLE u (a int);\nROLLBACK TO s;"),
        Case::silent("COMMIT;\nPRAGMA foreign_keys = OFF;\nBEGIN;\nDROP TABLE t;\nCOMMIT;\nPRAGMA foreign_keys = ON;\nBEGIN;").sqlite(),
        Case::silent("BEGIN;\nSELECT 1;\nCOMMIT;\nBEGIN;\nSELECT 2;\nCOMMIT;"),
        Case::fires("CREATE TABLE t (a int);\nBEGIN;\nCREATE TABLE u (a int);\nCOMMIT;"),
    ],
};

fn check(cx: &mut Context<'_>) {
    let Some(up) = cx.file.up.as_deref().filter(|up| up.own_transactions) else { return };
    // Who says that a file is not run in a transaction knows that; a BEGIN makes it more of one then, not less.
    if cx.file.migration.no_transaction.is_some() {
        return;
    }
    let Some(at) = second_change(up) else { return unopened(cx, up) };
    let commit = |at: &usize| matches!(up.lines[*at].facts.transaction, Some(TransactionControl::Commit));
    let at = (0..at).rev().find(commit).unwrap_or(at);
    let span = Span::new(0, up.text(at).len());
    cx.report_line(at, span, "what comes before this is kept when a statement after it fails")
        .help("write several migrations, each in a transaction of its own");
}

/// Reports a COMMIT that no BEGIN of the file is before, unless all that changes something has a transaction of its own.
fn unopened(cx: &mut Context<'_>, up: &ScriptLines) {
    let controls = |line: &Line| matches!(line.facts.transaction, Some(TransactionControl::Begin | TransactionControl::Commit));
    let first = up.lines.iter().position(controls).filter(|at| up.lines[*at].facts.transaction == Some(TransactionControl::Commit));
    let is_apart = |line: &Line| is_change(line) && line.transaction.is_none_or(|number| number == 0);
    if let Some(at) = first.filter(|_| up.lines.iter().any(is_apart)) {
        let span = Span::new(0, up.text(at).len());
        cx.report_line(at, span, "ends the transaction that rung opened: what comes after it is not kept together with what comes before")
            .help("take it out: rung ends the transaction by itself");
    }
}

/// Whether a statement changes something.
fn is_change(line: &Line) -> bool {
    let idle = matches!(
        line.parsed.statement,
        Statement::Set { .. } | Statement::Data { verb: Verb::Select | Verb::SelectForUpdate, .. }
    );
    line.facts.transaction.is_none() && !idle
}

/// The first statement that changes something apart from one before it that does.
fn second_change(up: &ScriptLines) -> Option<usize> {
    let mut changes = up.lines.iter().enumerate().filter(|(_, line)| is_change(line));
    let (_, Line { transaction: first, .. }) = changes.next()?;
    changes.find(|(_, line)| first.is_none() || line.transaction != *first).map(|(at, _)| at)
}
