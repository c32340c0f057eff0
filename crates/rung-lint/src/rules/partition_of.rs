//! `partition-of`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "partition-of",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`CREATE TABLE ... PARTITION OF` a table in use, or `DROP TABLE` of a partition.",
    why: "It takes an ACCESS EXCLUSIVE lock on the partitioned table: it waits for every query on any partition, and all \
          that come after wait for it.",
    instead: "`CREATE TABLE new (LIKE parent INCLUDING ALL)`, then `ALTER TABLE parent ATTACH PARTITION new`, which takes a \
              lock that blocks nobody. Detach a partition before it is dropped.",
    check: Check::Statement(check),
    cases: &[
        Case::fires("CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"),
        Case::silent("CREATE TABLE p1 (LIKE p INCLUDING ALL);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);"),
        Case::silent("CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"),
    ],
};

fn check(cx: &mut Context<'_>, statement: &Statement) {
    let Statement::CreateTable(create) = statement else { return };
    let Some(parent) = &create.partition_of else { return };
    if !cx.is_fresh_table(parent) {
        cx.report(parent.span, format!("making a partition of {parent} waits for every query on it, and keeps all others waiting"))
            .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
            .help(format!("`CREATE TABLE {} (LIKE {parent} INCLUDING ALL)`, then ATTACH PARTITION", create.name));
    }
}
