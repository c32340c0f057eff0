//! `statement-timeout`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "statement-timeout",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "A statement that takes long and blocks nobody (`CREATE INDEX CONCURRENTLY`, `VALIDATE CONSTRAINT`) runs under a \
           statement timeout.",
    why: "It is canceled when the table is large; a build that was canceled leaves an invalid index behind.",
    instead: "`-- @statement-timeout 0` in that migration.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("SET statement_timeout = '5s';\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::fires("SELECT set_config('statement_timeout', '5s', false);\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::silent("SELECT set_config('statement_timeout', '0', true);\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::silent("ALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::silent("SET statement_timeout = 0;\nALTER TABLE t VALIDATE CONSTRAINT c;"),
        Case::fires("-- @statement-timeout 10s\nCREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::silent("-- @statement-timeout 10s\nALTER TABLE t ADD COLUMN a int;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let patient = match statement {
        Statement::CreateIndex(create) => create.concurrently,
        Statement::Reindex { concurrently, .. } => *concurrently,
        Statement::AlterTable(alter) => {
            alter.actions.iter().any(|(action, _)| matches!(action, Action::ValidateConstraint(_)))
        }
        _ => false,
    };
    if !patient {
        return;
    }
    let set = cx.before(Topic::Set("statement_timeout")).rev().find_map(|(_, statement)| match statement {
        Statement::Set { values, .. } => Some(values.first().cloned()),
        _ => None,
    });
    let limited = match &set {
        Some(value) => value.as_deref().is_some_and(|value| !super::lock_timeout::is_zero(value)),
        None => cx.file.migration.timeouts.or(cx.options.timeouts).statement.is_some_and(|limit| !limit.is_zero()),
    };
    if limited {
        let span = cx.whole();
        cx.report(span, "this is canceled when it takes longer than the statement timeout")
            .help("write `-- @statement-timeout 0` into this migration: it blocks nobody");
    }
}
