//! `opaque-sql`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "opaque-sql",
    group: Group::Migration,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "`DO`, `CALL` or `EXECUTE`: what it does can't be seen.",
    why: "Nothing in it is linted, and it may take any lock.",
    instead: "Plain statements, where they can do it.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DO $$ BEGIN EXECUTE 'DROP TABLE t'; END $$;"),
        Case::silent("SELECT 1;"),
        Case::fires("CALL app.rebuild();"),
        Case::silent("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    if let Statement::Opaque { .. } = statement {
        let span = cx.whole();
        cx.report(span, "what this does can't be seen, and is not linted");
    }
}
