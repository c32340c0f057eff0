//! `row-security-without-policy`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "row-security-without-policy",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "Row level security is enabled on a table that has no policy, or its last policy is dropped.",
    why: "Nobody but its owner sees a row or writes one.",
    instead: "A policy in the same migration.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("ALTER TABLE t ENABLE ROW LEVEL SECURITY;").after("CREATE TABLE t (a int);"),
        Case::silent("ALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON t USING (true);").after("CREATE TABLE t (a int);"),
        Case::silent("ALTER TABLE t ENABLE ROW LEVEL SECURITY;"),
        Case::fires("DROP POLICY p ON t;")
            .after("CREATE TABLE t (a int);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON t USING (true);"),
        Case::silent("DROP POLICY p ON t;\nCREATE POLICY p ON t USING (false);")
            .after("CREATE TABLE t (a int);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY p ON t USING (true);"),
        Case::silent("ALTER TABLE t DISABLE ROW LEVEL SECURITY;").after("CREATE TABLE t (a int);"),
    ],
};

fn check(cx: &mut Context<'_>) {
    let enabled: Vec<(usize, Name)> = cx
        .statements()
        .filter_map(|(at, statement)| match statement {
            Statement::AlterTable(alter) => alter
                .actions
                .iter()
                .any(|(action, _)| *action == Action::RowSecurity { enable: true })
                .then(|| (at, alter.name.clone())),
            Statement::Drop { kind: Kind::Policy, on: Some(on), .. } => Some((at, on.clone())),
            _ => None,
        })
        .collect();
    for (at, name) in enabled {
        if cx.table(&name).is_some_and(|table| table.policies == 0 && table.row_security && table.complete) {
            cx.report_line(at, name.span, format!("nobody but its owner sees a row of {name}, for want of a policy"))
                .help(format!("`CREATE POLICY ... ON {name} ...`"));
        }
    }
}
