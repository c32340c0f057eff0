//! `unchecked-data`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unchecked-data",
    group: Group::Data,
    level: Some(Level::Note),
    dialects: ALL,
    what: "A migration changes rows that were there before, and checks nothing afterwards.",
    why: "It may change too many rows or too few, and nobody notices.",
    instead: "`-- @expect affected <= 100` below the statement, `-- @expect rows(users) unchanged`, or an `-- @verify` section: what is not so takes everything back.",
    check: Check::Migration(check),
    cases: &[
        Case::fires("UPDATE t SET a = 1 WHERE b = 2;"),
        Case::silent("UPDATE t SET a = 1 WHERE b = 2;\n-- @expect affected <= 10"),
        Case::silent("-- @up\nUPDATE t SET a = 1 WHERE b = 2;\n-- @verify\nSELECT count(*) = 0 FROM t WHERE b = 2 AND a <> 1;"),
        Case::silent("CREATE TABLE t (a int);\nUPDATE t SET a = 1;"),
        Case::silent("INSERT INTO kinds VALUES (1);"),
        Case::fires("DELETE FROM t WHERE b = 2;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>) {
    let Body::Sql(body) = &cx.file.migration.body else { return };
    if !body.verify.is_empty() || !body.expects.is_empty() || cx.file.migration.hints != Hints::NATIVE {
        return;
    }
    let changed = cx.statements().find_map(|(at, statement)| match statement {
        Statement::Data { verb: Verb::Update | Verb::Delete | Verb::Merge, table: Some(table), .. } => {
            (!cx.is_fresh_table(table)).then(|| (at, table.clone()))
        }
        _ => None,
    });
    if let Some((at, table)) = changed {
        cx.report_line(at, table.span, format!("nothing checks what becomes of the rows of {table}"))
            .help("write `-- @expect affected <= N` below it, or a @verify section");
    }
}
