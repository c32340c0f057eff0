//! `trigger-added`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "trigger-added",
    group: Group::Locks,
    level: Some(Level::Note),
    dialects: POSTGRES,
    what: "A trigger is added to a table in use.",
    why: "`CREATE TRIGGER` waits for every writer and keeps others from writing, for a moment; from then on the trigger runs \
          for every program that writes, also those that know nothing of it.",
    instead: "Nothing, where that is meant: keep it in a migration of its own, so that its lock is short.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"),
        Case::silent("CREATE TABLE t (a int);\nCREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Create { kind: Kind::Trigger, on: Some(on), .. } = statement else { return };
    if !cx.is_fresh_table(on) {
        cx.report(on.span, format!("every program that writes to {on} runs this trigger from now on"))
            .label("SHARE ROW EXCLUSIVE lock: blocks writes for a moment");
    }
}
