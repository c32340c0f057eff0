//! `lock-timeout`.

use super::prelude::*;
use crate::Runner;

pub(super) static RULE: Rule = Rule {
    name: "lock-timeout",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A statement that blocks others waits for its lock without limit: `@lock-timeout 0`, `SET lock_timeout = 0`. In a \
           file that is in no project, one for which none is set: a note, since rung sets one.",
    why: "While it waits behind one long query, everyone else waits behind it.",
    instead: "Leave rung's timeout of 3 s in force: a statement that does not get its lock is rolled back and tried again.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("SET lock_timeout = 0;\nALTER TABLE t ADD COLUMN a int;"),
        Case::silent("SET lock_timeout = '5s';\nALTER TABLE t ADD COLUMN a int;"),
        Case::silent("ALTER TABLE t ADD COLUMN a int;"),
        Case::silent("-- @lock-timeout 0\nSELECT set_config('lock_timeout', '5s', true);\nALTER TABLE t ADD COLUMN a int;"),
        Case::fires("SELECT pg_catalog.set_config('lock_timeout', '0', false);\nALTER TABLE t ADD COLUMN a int;"),
        Case::fires("-- @lock-timeout 0\nSELECT set_config('lock_' || 'timeout', '5s', true);\nALTER TABLE t ADD COLUMN a int;"),
        Case::fires("-- @lock-timeout 0\nALTER TABLE t ADD COLUMN a int;"),
        Case::silent("-- @lock-timeout 0\nCREATE TABLE t (a int);"),
        Case::fires("SET LOCAL lock_timeout TO DEFAULT;\nDROP TABLE t;"),
        Case::silent("SET lock_timeout = 0;\nSELECT 1;"),
    ],
};

fn check(cx: &mut Context<'_>, _: &Statement) {
    if !cx.is_blocking() {
        return;
    }
    let span = cx.whole();
    let set = cx.before(Topic::Set("lock_timeout")).rev().find_map(|(at, statement)| match statement {
        Statement::Set { values, local, .. } => Some((values.first().cloned(), at, *local)),
        _ => None,
    });
    let endless = match &set {
        Some((value, ..)) => value.as_deref().is_none_or(is_zero),
        None => cx.file.migration.timeouts.or(cx.options.timeouts).lock.is_some_and(|lock| lock.is_zero()),
    };
    if set.is_none() && !endless && cx.options.runner == Runner::Anyone && cx.file.migration.timeouts.lock.is_none() {
        // Once is enough: one SET at the top mends all.
        if !cx.has_told() {
            cx.report(span, "nothing here limits how long this waits for its lock, with everyone else behind it")
                .note("rung sets lock_timeout to 3 s and tries again; psql and others set none")
                .help("where something else runs this file, `SET lock_timeout = '3s';` at its top")
                .level(Level::Note);
        }
    }
    if endless {
        let edit = match set {
            Some((_, at, local)) => cx.source_place(at).map(|span| {
                let scope = if local { "LOCAL " } else { "" };
                Edit { span, text: format!("SET {scope}lock_timeout = '3s'") }
            }),
            // One mends all.
            None => directive(cx).filter(|_| !cx.has_told()),
        };
        let found = cx
            .report(span, "this waits for its lock for ever, and keeps everyone else waiting meanwhile")
            .help("set a lock timeout of some seconds; rung tries again by itself");
        if let Some(edit) = edit {
            found.edits("wait for three seconds", vec![edit]);
        }
    }
}

/// The directive that says so, or one more line where none does.
fn directive(cx: &Context<'_>) -> Option<Edit> {
    let text = cx.file.migration.source.text();
    if cx.file.migration.hints != Hints::NATIVE {
        return None;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("--") && line.contains("@lock-timeout") {
            return Some(Edit { span: Span::new(at, at + line.trim_end().len()), text: "-- @lock-timeout 3s".to_owned() });
        }
        at += line.len();
    }
    let at = crate::rewrite::above(cx.file.migration.source.text(), cx.source_place(0)?.start);
    Some(Edit { span: Span::new(at, at), text: "-- @lock-timeout 3s\n".to_owned() })
}

/// Whether a setting is no timeout: `0`, `'0s'`.
pub(super) fn is_zero(value: &str) -> bool {
    rung_sql::parse_duration(value).is_some_and(|duration| duration.is_zero())
}
