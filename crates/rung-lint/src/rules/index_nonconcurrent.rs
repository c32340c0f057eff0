//! `index-nonconcurrent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "index-nonconcurrent",
    group: Group::Locks,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "An index is built with `CREATE INDEX` on a table that is in use.",
    why: "It holds a SHARE lock until the index is built: nobody writes to the table meanwhile, and the time grows with \
          the table.",
    instead: "`CREATE INDEX CONCURRENTLY`, in a migration of its own. On a partitioned table, which has no such thing: \
              `CREATE INDEX ... ON ONLY parent`, an index built concurrently on each partition, and `ALTER INDEX ... \
              ATTACH PARTITION`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE INDEX i ON t (a);"),
        Case::silent("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Case::fires("CREATE UNIQUE INDEX ON app.t (lower(a));"),
        Case::silent("CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);"),
        Case::silent("CREATE TABLE app.t (a int);\nSET search_path TO app, public;\nCREATE INDEX i ON t (a);"),
        Case::fires("CREATE TABLE app.t (a int);\nCREATE INDEX i ON t (a);"),
        Case::fires("CREATE INDEX i ON t (a);").after("CREATE TABLE t (a int);"),
        Case::silent("CREATE TEMP TABLE t (a int);\nCREATE INDEX i ON t (a);"),
        Case::silent("CREATE INDEX i ON ONLY p (a);").after("CREATE TABLE p (a int) PARTITION BY LIST (a);"),
        Case::silent("CREATE INDEX i ON ONLY p (a);"),
        Case::fires("CREATE INDEX i ON ONLY t (a);").after("CREATE TABLE t (a int);"),
        Case::fires("CREATE INDEX i ON p (a);").after("CREATE TABLE p (a int) PARTITION BY LIST (a);"),
        Case::silent("CREATE INDEX i ON p (a);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             CREATE INDEX j ON p1 (a);",
        ),
        Case::fires("CREATE INDEX i ON p (a);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);\nCREATE INDEX j ON p1 (a);",
        ),
        Case::silent("CREATE TABLE old (a int);\nALTER TABLE old RENAME TO t;\nCREATE INDEX i ON t (a);"),
        Case::silent("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;\nCREATE UNIQUE INDEX i ON m (a);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateIndex(create) = statement else { return };
    if create.concurrently || cx.is_fresh_table(&create.table) || cx.impact.tasks.is_empty() {
        return;
    }
    let partitioned = cx.table(&create.table).is_some_and(|table| table.partitioned);
    let alone = cx.file.lines().len() == 1;
    let index_word = cx.word("index").filter(|_| !create.if_not_exists);
    let steps = concurrent_index(cx, create);
    let whole = cx.whole();
    let found = cx
        .report(create.table.span, format!("nobody can write to {} while this index is built", create.table))
        .label("SHARE lock: blocks writes");
    if partitioned {
        found
            .help(format!("create it with `ON ONLY {}`, and on each partition with CONCURRENTLY", create.table))
            .help("then `ALTER INDEX ... ATTACH PARTITION` for each")
            .left("which partitions there are is known to the database alone");
    } else {
        let found = found.help(if alone {
            "write `CREATE INDEX CONCURRENTLY`"
        } else {
            "write `CREATE INDEX CONCURRENTLY`, in a migration of its own"
        });
        if let (true, Some(word)) = (alone, index_word) {
            found.fix("build the index concurrently", &[(Span::new(word.end, word.end), " CONCURRENTLY")]);
        } else {
            found.steps(whole, steps.ok_or_else(String::new));
        }
    }
}
