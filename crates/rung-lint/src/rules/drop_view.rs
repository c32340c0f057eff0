//! `drop-view`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-view",
    group: Group::Compatibility,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A view is dropped, and not created again.",
    why: "Programs that read it fail.",
    instead: "`CREATE OR REPLACE VIEW` to change it; to be rid of it, first a release that does without.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("DROP VIEW v;"),
        Case::silent("DROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS a;"),
        Case::fires("DROP MATERIALIZED VIEW v;"),
        Case::silent("CREATE VIEW v AS SELECT 1 AS a;\nDROP VIEW v;"),
        Case::silent("DROP VIEW IF EXISTS v;\nALTER VIEW w RENAME TO v;"),
        Case::fires("DROP VIEW v;").sqlite(),
        Case::silent("DROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS a;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Drop { kind: Kind::View | Kind::MaterializedView, names, if_exists, .. } = statement else { return };
    if cx.is_after_deploy() {
        return;
    }
    for name in names {
        let key = cx.schema.key(name);
        let again = cx.after(Topic::Named(&name.name)).any(|(_, statement)| match statement {
            Statement::Create { kind: Kind::View | Kind::MaterializedView, name: Some(made), .. } => {
                cx.schema.made(made) == key
            }
            Statement::CreateTable(create) => cx.schema.made_table(create) == key,
            Statement::AlterTable(alter) => {
                alter.actions.iter().any(|(action, _)| matches!(action, Action::Rename(to) if to.name == key.name))
            }
            _ => false,
        });
        let is_nowhere = *if_exists && cx.is_nowhere(Kind::View, name);
        if !again && !cx.is_fresh_key(&key) {
            cx.report(name.span, format!("programs that read {name} fail")).nowhere(is_nowhere);
        }
    }
}
