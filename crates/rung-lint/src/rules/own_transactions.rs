//! `own-transactions`.

use super::prelude::*;

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
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"),
        Case::fires("BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\nBEGIN;\nCREATE TABLE u (a int);\nCOMMIT;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    let Some(up) = cx.file.up.as_deref().filter(|up| up.own_transactions) else { return };
    let Some(at) = up.lines.iter().position(|line| line.facts.transaction.is_some()) else { return };
    let span = Span::new(0, up.text(at).len());
    cx.report_line(at, span, "what comes before this is kept when a statement after it fails")
        .help("write several migrations, each in a transaction of its own");
}
