//! `row-security-disabled`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "row-security-disabled",
    group: Group::Compatibility,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`DISABLE ROW LEVEL SECURITY` on a table that was there before.",
    why: "Its policies do nothing from then on: whoever may use the table sees every row.",
    instead: "A policy that lets the right ones through.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t DISABLE ROW LEVEL SECURITY;"),
        Case::silent("ALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
        Case::silent("CREATE TABLE t (a int);\nALTER TABLE t DISABLE ROW LEVEL SECURITY;"),
        Case::silent("ALTER TABLE t DISABLE ROW LEVEL SECURITY;\nUPDATE t SET a = 1 WHERE b;\nALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
        Case::silent("ALTER TABLE t DISABLE ROW LEVEL SECURITY;").after("CREATE TABLE t (a int);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    if *action != (Action::RowSecurity { enable: false }) || cx.is_fresh_table(&alter.name) {
        return;
    }
    // It is off already, where all is known of the table.
    let off = cx.table(&alter.name).is_some_and(|table| table.complete && !table.row_security);
    let key = cx.schema.key(&alter.name);
    let again = cx.after(Topic::RowSecurity(&alter.name.name)).any(|(_, statement)| {
        matches!(statement, Statement::AlterTable(other) if cx.schema.key(&other.name) == key)
    });
    if !off && !again {
        cx.report(span, format!("whoever may use {} sees every row of it from now on", alter.name))
            .help("leave it on, and write a policy that lets the right ones through");
    }
}
