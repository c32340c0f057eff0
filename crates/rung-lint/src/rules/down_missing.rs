//! `down-missing`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "down-missing",
    group: Group::Migration,
    level: Some(Level::Note),
    dialects: ALL,
    what: "A migration that can't be undone: it has no down.",
    why: "`rung down` refuses it.",
    instead: "An `-- @down` section; one with nothing but a comment says that there is nothing to undo.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int);"),
        Case::silent("-- @up\nCREATE TABLE t (a int);\n-- @down\nDROP TABLE t;"),
        Case::silent("-- @repeatable\nCREATE OR REPLACE VIEW v AS SELECT 1;"),
        Case::fires("CREATE TABLE t (a int);").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    let migration = cx.file.migration;
    let Some(how) = migration.hints.down else { return };
    if migration.down.is_none() && !migration.runs.again() && !cx.file.lines().is_empty() {
        cx.report_file(format!("{} can't be undone: it has no down", migration.id)).help(how);
    }
}
