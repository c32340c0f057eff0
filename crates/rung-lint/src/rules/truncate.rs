//! `truncate`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "truncate",
    group: Group::Data,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`TRUNCATE` of a table that was there before.",
    why: "Every row is gone for good; with CASCADE, those of tables that reference it too. Nobody reads or writes the table meanwhile.",
    instead: "Delete what has to go, in batches; or make a backup first, and allow the finding.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("TRUNCATE t;"),
        Case::silent("CREATE TABLE t (a int);\nTRUNCATE t;"),
        Case::fires("TRUNCATE TABLE app.t, app.u CASCADE;"),
        Case::silent("DELETE FROM t WHERE a = 1;"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Truncate { tables, cascade } = statement else { return };
    let besides = cx.locks_besides(&tables.iter().map(|name| cx.schema.key(name)).collect::<Vec<_>>());
    for name in tables {
        if cx.is_fresh_table(name) {
            continue;
        }
        let further = if *cascade { ", and of every table that references it" } else { "" };
        let found = cx
            .report(name.span, format!("every row of {name} is lost{further}"))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help("make sure that there is a backup, then allow this with the reason");
        if let Some(besides) = &besides {
            found.note(format!("it takes {besides} too"));
        }
    }
}
