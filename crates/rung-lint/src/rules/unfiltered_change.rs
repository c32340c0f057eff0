//! `unfiltered-change`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "unfiltered-change",
    group: Group::Data,
    level: Some(Level::Warning),
    dialects: ALL,
    what: "`UPDATE` or `DELETE` without WHERE on a table that was there before.",
    why: "Every row is locked until the end of the transaction, and written anew: on a large table, for long.",
    instead: "Batches by key, each a transaction of its own. `WHERE true` says that every row is meant.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("UPDATE t SET a = 1;"),
        Case::silent("UPDATE t SET a = 1 WHERE a IS NULL;"),
        Case::fires("DELETE FROM t;"),
        Case::silent("CREATE TABLE t (a int);\nUPDATE t SET a = 1;"),
        Case::fires("DELETE FROM t;").sqlite(),
        Case::fires("EXPLAIN ANALYZE DELETE FROM t;"),
        Case::fires("EXPLAIN (BUFFERS, ANALYZE) DELETE FROM t;"),
        Case::silent("EXPLAIN DELETE FROM t;"),
        Case::silent("EXPLAIN (ANALYZE off, COSTS) DELETE FROM t;"),
        Case::silent("EXPLAIN ANALYZE DELETE FROM t WHERE a = 1;"),
        Case::silent("DELETE FROM t WHERE a = 1;").sqlite(),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::Data { verb: verb @ (Verb::Update | Verb::Delete), table: Some(table), filtered: false } = statement
    else {
        return;
    };
    if !cx.is_fresh_table(table) {
        let what = if *verb == Verb::Update { "written anew" } else { "deleted" };
        cx.report(table.span, format!("every row of {table} is {what} in one transaction"))
            .label("no WHERE")
            .help("do it in batches; or write WHERE true, if every row at once is meant");
    }
}
