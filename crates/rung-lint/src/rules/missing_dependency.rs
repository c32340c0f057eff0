//! `missing-dependency`.

use rung_engine::Named;

use super::prelude::*;
use crate::options::Reach;

pub(super) static RULE: Rule = Rule {
    name: "missing-dependency",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: ALL,
    what: "`Depends on` names a migration that no file has.",
    why: "rung runs nothing until it is there, or is not named any more.",
    instead: "The id, or the number, of a migration that is there, or that a baseline `@replaces`.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("-- Depends on: [001_befor]\nCREATE TABLE t (a int);"),
        Case::fires("-- Depends on: [9]\nCREATE TABLE t (a int);"),
        Case::silent("-- Depends on: [001_before]\nCREATE TABLE t (a int);"),
        Case::silent("-- Depends on: [001]\nCREATE TABLE t (a int);"),
        Case::silent("-- Depends on: []\nCREATE TABLE t (a int);"),
        Case::fires("-- Depends on: [001_before, 007]\nCREATE TABLE t (a);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    if cx.options.reach == Reach::Some {
        return;
    }
    let migration = cx.file.migration;
    for id in migration.depends_on.iter().flatten() {
        if cx.named(&id.value, migration) == Named::Nothing {
            let message = format!("{} depends on {}, which no file has", migration.id, id.value);
            cx.report_at(Arc::clone(&migration.source), id.span, None, message)
                .label("no such migration")
                .help("add the file, or take the name out of `Depends on`");
        }
    }
}
