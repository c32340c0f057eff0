//! `autovacuum-off`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "autovacuum-off",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`autovacuum_enabled = false`.",
    why: "Dead rows pile up, the planner works with old figures, and in the end the server stops taking writes to keep transaction ids from wrapping around.",
    instead: "Make it less eager instead: `autovacuum_vacuum_scale_factor`, `autovacuum_vacuum_cost_delay`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("ALTER TABLE t SET (autovacuum_enabled = false);"),
        Case::silent("ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0.2);"),
        Case::fires("CREATE TABLE t (a int) WITH (autovacuum_enabled = off);"),
        Case::silent("ALTER TABLE t SET (autovacuum_enabled = true);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let options: Vec<&(Ident, String)> = match statement {
        Statement::CreateTable(create) => create.options.iter().collect(),
        Statement::AlterTable(alter) => alter
            .actions
            .iter()
            .flat_map(|(action, _)| match action {
                Action::SetOptions(options) => options.as_slice(),
                _ => &[],
            })
            .collect(),
        _ => return,
    };
    for (name, value) in options {
        let off = matches!(value.to_lowercase().as_str(), "false" | "off" | "0" | "no");
        if name.name.ends_with("autovacuum_enabled") && off {
            cx.report(name.span, "dead rows of this table pile up for ever")
                .help("make autovacuum less eager, and do not switch it off");
        }
    }
}
