//! `trigger-disabled`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "trigger-disabled",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`DISABLE TRIGGER` on a table in use.",
    why: "What the trigger keeps right is not kept right for rows that are written until it is enabled again; `ALL` \
          includes the triggers that check foreign keys. Both directions wait for every writer, and keep others from \
          writing meanwhile.",
    instead: "`SET LOCAL session_replication_role = replica` turns triggers off for this session alone, and locks nothing.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t DISABLE TRIGGER ALL;"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t DISABLE TRIGGER ALL;"),
        Case::fires("ALTER TABLE t DISABLE TRIGGER g;\nUPDATE t SET a = 1 WHERE b;\nALTER TABLE t ENABLE TRIGGER g;"),
        Case::silent("ALTER TABLE t DISABLE RULE r;"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::Trigger { enable } = *action else { return };
    if cx.is_fresh_table(&alter.name) {
        return;
    }
    let table = &alter.name;
    let (message, level) = if enable {
        (format!("everyone who writes to {table} waits for this"), Level::Note)
    } else {
        (format!("rows of {table} that are written from now on are not seen by the trigger"), cx.level)
    };
    cx.report(span, message)
        .label("SHARE ROW EXCLUSIVE lock: blocks writes for a moment")
        .help("`SET LOCAL session_replication_role = replica` does it for this session alone, without a lock")
        .level(level);
}
