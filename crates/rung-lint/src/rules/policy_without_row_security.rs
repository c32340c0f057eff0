//! `policy-without-row-security`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "policy-without-row-security",
    group: Group::Compatibility,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A policy on a table where row level security is not enabled.",
    why: "The policy is there and does nothing: everyone sees every row.",
    instead: "`ALTER TABLE t ENABLE ROW LEVEL SECURITY`.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);\nCREATE POLICY p ON t USING (true);"),
        Case::silent("CREATE TABLE t (a int);\nCREATE POLICY p ON t USING (true);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
        Case::silent("CREATE POLICY p ON t USING (true);"),
        Case::fires("CREATE POLICY p ON t USING (true);").after("CREATE TABLE t (a int);"),
        Case::silent("CREATE POLICY p ON t USING (true);").after("CREATE TABLE t (a int);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
    ],
};

fn check(cx: &mut Context<'_>) {
    let policies: Vec<(usize, Name)> = cx
        .statements()
        .filter_map(|(at, statement)| match statement {
            Statement::Create { kind: Kind::Policy, on: Some(on), .. } => Some((at, on.clone())),
            _ => None,
        })
        .collect();
    for (at, on) in policies {
        // Of a table that nobody has seen made, nothing is known.
        if cx.table(&on).is_some_and(|table| !table.row_security && table.complete) {
            cx.report_line(at, on.span, format!("this policy does nothing: row level security of {on} is not enabled"))
                .help(format!("`ALTER TABLE {on} ENABLE ROW LEVEL SECURITY`"));
        }
    }
}
