//! `concurrently-on-partitioned`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "concurrently-on-partitioned",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "`CREATE INDEX CONCURRENTLY` or `DROP INDEX CONCURRENTLY` on a partitioned table.",
    why: "The server refuses it.",
    instead: "`CREATE INDEX ... ON ONLY parent`, an index built concurrently on each partition, then `ALTER INDEX parent_index \
              ATTACH PARTITION partition_index`.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE INDEX CONCURRENTLY i ON p (a);").after("CREATE TABLE p (a int) PARTITION BY LIST (a);"),
        Case::silent("CREATE INDEX i ON ONLY p (a);").after("CREATE TABLE p (a int) PARTITION BY LIST (a);"),
        Case::silent("CREATE INDEX CONCURRENTLY i ON p1 (a);").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);",
        ),
        Case::fires("DROP INDEX CONCURRENTLY i;")
            .after("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE INDEX i ON ONLY p (a);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let (table, span) = match statement {
        Statement::CreateIndex(create) if create.concurrently => (cx.schema.key(&create.table), create.table.span),
        Statement::Drop { kind: Kind::Index, names, concurrently: true, .. } => {
            let Some(name) = names.first() else { return };
            match cx.schema.index(name) {
                Some(index) => (index.table.clone(), name.span),
                None => return,
            }
        }
        _ => return,
    };
    if cx.schema.table_at(&table).is_some_and(|table| table.partitioned) {
        cx.report(span, format!("{table} is partitioned, and the server does not do this concurrently"))
            .help("create it with `ON ONLY`, and on each partition with CONCURRENTLY; then `ALTER INDEX ... ATTACH PARTITION`");
    }
}
