//! `missing-dependency`.

use rung_engine::Version;

use super::prelude::*;
use crate::options::Reach;

pub(super) static RULE: Rule = Rule {
    name: "missing-dependency",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: ALL,
    what: "`Depends on` names a migration that no file has.",
    why: "rung runs nothing until it is there, or is not named any more.",
    instead: "The id, or the number, of a migration that is there.",
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
    let source = &cx.file.migration.source;
    for id in cx.file.migration.depends_on.iter().flatten() {
        let is_number = id.value.bytes().all(|byte| byte.is_ascii_digit());
        let version = Version::of(&id.value).filter(|_| is_number);
        let by_number = || version.as_ref().is_some_and(|version| cx.versions().any(|there| there == version));
        if cx.migration(&id.value).is_none() && !by_number() {
            let message = format!("{} depends on {}, which no file has", cx.file.migration.id, id.value);
            cx.report_at(Arc::clone(source), id.span, None, message)
                .label("no such migration")
                .help("add the file, or take the name out of `Depends on`");
        }
    }
}
