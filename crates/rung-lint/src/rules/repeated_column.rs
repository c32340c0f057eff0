//! `repeated-column`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "repeated-column",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A column that is named twice where each may stand once: in a new table or view, a key, an INSERT, a SET.",
    why: "The server refuses the statement.",
    instead: "Each column once. Parts of a column (`a.x`, `a[1]`) may be set one by one.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE t (a int, a text);"),
        Case::silent("CREATE TABLE t (a int, \"A\" text);"),
        Case::fires("UPDATE t SET a = 1, b = 2, A = 3 WHERE c;"),
        Case::silent("UPDATE t SET a[1] = 1, a[2] = 2 WHERE c;"),
        Case::fires("UPDATE t SET (a, b) = (1, 2), a = 3 WHERE c;"),
        Case::fires("INSERT INTO t (a, b, a) VALUES (1, 2, 3);"),
        Case::fires("UPDATE t SET a = ROW(1, 2), a.x = 1 WHERE c;"),
        Case::fires("CREATE VIEW v AS SELECT 1, 2;"),
        Case::silent("INSERT INTO t (a.x, a.y) VALUES (1, 2);"),
        Case::fires("INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1, a = 2;"),
        Case::silent("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1;"),
        Case::fires("MERGE INTO t USING s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (a, a) VALUES (1, 2);"),
        Case::fires("CREATE VIEW v AS SELECT a, b AS a FROM t;"),
        Case::silent("CREATE VIEW v (a, b) AS SELECT 1 AS a, 2 AS a;"),
        Case::silent("SELECT a, a FROM t;"),
        Case::fires("ALTER TABLE t ADD PRIMARY KEY (a, a);"),
        Case::fires("CREATE TABLE t (a int, b int, UNIQUE (a, b, a));"),
        Case::silent("CREATE TABLE t (a int, b int, UNIQUE (a, b), PRIMARY KEY (a));"),
        Case::silent("CREATE INDEX i ON t (a, a);"),
        Case::fires("CREATE TABLE u AS SELECT 1 AS a, 2 AS a;"),
    ],
};

fn check(cx: &mut Context<'_>, _: &Statement) {
    let repeated = cx.line().map(|line| line.parsed.repeated.clone()).unwrap_or_default();
    for column in repeated {
        cx.report(column.span, format!("{column} is named twice, and the server refuses that")).help("name it once");
    }
}
