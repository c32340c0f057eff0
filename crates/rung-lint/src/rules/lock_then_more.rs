//! `lock-then-more`.

use super::prelude::*;
use crate::past::Lock;

pub(super) static RULE: Rule = Rule {
    name: "lock-then-more",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "After a statement that blocks others, slow work is done in the same transaction.",
    why: "A lock is held until the transaction ends: what takes a moment by itself keeps everyone waiting for as long as the \
          rows that are changed, or the index that is built, take.",
    instead: "The slow statement in a migration of its own; before this one, where that can be.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1;"),
        Case::silent("UPDATE t SET a = 1;\nALTER TABLE t ADD COLUMN b int;"),
        Case::fires("ALTER TABLE t ADD COLUMN a int;\nUPDATE u SET b = 1;"),
        Case::silent("CREATE TABLE t (a int);\nUPDATE u SET b = 1;"),
        Case::silent("-- @no-transaction\nALTER TABLE t ADD COLUMN a int;\nUPDATE t SET a = 1;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE u ADD COLUMN b int;"),
        Case::fires("CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f();\nDELETE FROM u WHERE a < 3;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nINSERT INTO kinds VALUES (1, 'x');"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nUPDATE n SET b = 1;\n").after("CREATE TEMP TABLE n (b int);"),
    ],
};

/// Whether a statement goes through rows that are there.
fn is_slow(cx: &Context<'_>, statement: &Statement) -> bool {
    match statement {
        Statement::Data { verb: Verb::Update | Verb::Delete | Verb::Merge | Verb::CopyIn, table, .. } => {
            !table.as_ref().is_some_and(|table| cx.is_fresh_table(table))
        }
        // What is selected is read; VALUES are a few rows.
        Statement::Data { verb: Verb::Insert, .. } => {
            cx.line().is_some_and(|line| line.parsed.relations.len() > 1)
        }
        _ => cx.impact.tasks.iter().any(|task| task.sure == Sure::Yes && !cx.is_fresh_key(&task.table)),
    }
}

fn check(cx: &mut Context<'_>, statement: &Statement) {
    if !is_slow(cx, statement) {
        return;
    }
    let Some(Lock { at, table, mode }) = cx.held().cloned() else { return };
    // What comes after the first is no news.
    if cx.has_told_together() {
        return;
    }
    // A statement that blocks by itself is another rule's; where both are one table's, that says it all.
    if cx.impact.lock_on(&table).is_some_and(|own| own.blocks() >= mode.blocks()) {
        return;
    }
    let span = cx.whole();
    let line = cx.line_of(at);
    let steps = vec![Step::anew("", cx.text(span))];
    cx.report(span, format!("{table} stays locked while this runs, since statement {} took a lock that {}", at + 1, blocks(mode)))
        .label(format!("the {mode} lock of line {line} is held"))
        .help("do this in a migration of its own")
        .steps(span, Ok(steps));
}

fn blocks(mode: LockMode) -> String {
    format!("blocks {}", mode.blocks().as_str())
}
