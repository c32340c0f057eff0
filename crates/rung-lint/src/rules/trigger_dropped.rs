//! `trigger-dropped`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "trigger-dropped",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A trigger of a table in use is dropped, and not created again.",
    why: "What it kept right is not kept right any more. It takes an ACCESS EXCLUSIVE lock on the table: for a moment, \
          but it waits for every query that runs, and all that come after wait for it.",
    instead: "`CREATE OR REPLACE TRIGGER` (PostgreSQL 14 and later) to change it. Else, in an allow, why it may go.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP TRIGGER g ON t;"),
        Case::silent("DROP TRIGGER IF EXISTS g ON t;\nCREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"),
        Case::silent("CREATE TABLE t (a int);\nDROP TRIGGER IF EXISTS g ON t;"),
        Case::fires("DROP TRIGGER g ON t;\nCREATE TRIGGER g BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION f();"),
        Case::silent("DROP TRIGGER g ON t;\nDROP TABLE t;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::Trigger, names, if_exists, on: Some(on), .. } = statement else { return };
    if cx.is_fresh_table(on) {
        return;
    }
    let table = cx.schema.key(on);
    let mut after = cx.after(Topic::Trigger(&on.name)).chain(cx.after(Topic::Gone(&on.name)));
    let settled = after.any(|(_, statement)| match statement {
        Statement::Create { kind: Kind::Trigger, on: Some(other), .. } => cx.schema.key(other) == table,
        Statement::Drop { kind: Kind::Table, names, .. } => names.iter().any(|name| cx.schema.key(name) == table),
        _ => false,
    });
    if !settled {
        let span = names.first().map_or(on.span, |name| name.span);
        let named: Vec<String> = names.iter().map(ToString::to_string).collect();
        let is_nowhere = *if_exists && names.iter().all(|name| cx.is_nowhere(Kind::Trigger, name));
        cx.report(span, format!("what {} does for {on} is not done any more", named.join(", ")))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes for a moment")
            .nowhere(is_nowhere);
    }
}
