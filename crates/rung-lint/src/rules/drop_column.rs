//! `drop-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "drop-column",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: ALL,
    what: "A column is dropped.",
    why: "Its values are gone for good. And programs that run and still name it fail, those that select every column and have cached the plan among them.",
    instead: "First a release that does not name it any more, then the migration that drops it. Then allow the finding.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE t DROP COLUMN a;"),
        Case::silent("CREATE TABLE t (a int, b int);\nALTER TABLE t DROP COLUMN a;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;\nALTER TABLE t DROP COLUMN a;"),
        Case::fires("ALTER TABLE t DROP COLUMN a;").sqlite(),
        Case::silent("SELECT set_config('search_path', 'app', false);\nALTER TABLE t DROP COLUMN IF EXISTS c;")
            .after("CREATE TABLE app.t (a int, b int);"),
        Case::fires("SELECT set_config('search_path', '\"App\", public', false);\nALTER TABLE t DROP COLUMN IF EXISTS c;")
            .after("CREATE TABLE app.t (a int, b int);"),
        Case::fires("ALTER TABLE t DROP COLUMN IF EXISTS b;").after("CREATE TABLE t (a int, b int);"),
        Case::silent("ALTER TABLE t DROP COLUMN IF EXISTS c;").after("CREATE TABLE t (a int, b int);"),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::DropColumn { column, if_exists, .. } = action else { return };
    // Where every column is known, IF EXISTS finds none.
    let known = cx.table(&alter.name).filter(|table| table.complete);
    if *if_exists && known.is_some_and(|table| table.column(&column.name).is_none()) {
        return;
    }
    if !cx.is_fresh_table(&alter.name) && !cx.is_own_column(&alter.name, &column.name) {
        let lost = format!("every value of {column} in {} is lost", alter.name);
        if cx.is_after_deploy() {
            cx.report(span, lost).help("see that there is a backup, then allow this with the reason");
        } else {
            cx.report(span, format!("{lost}, and programs that name it fail"))
                .help("drop it once no program names it (see `-- @post-deploy`), and there is a backup; then allow this with the reason");
        }
    }
}
