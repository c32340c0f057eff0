//! `detach-nonconcurrent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "detach-nonconcurrent",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`DETACH PARTITION` without `CONCURRENTLY`, on PostgreSQL 14 and later.",
    why: "It takes an ACCESS EXCLUSIVE lock on the partitioned table: everything that uses any of its partitions waits.",
    instead: "`DETACH PARTITION ... CONCURRENTLY`, in a migration of its own. It is not to be had where there is a \
              default partition.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE p DETACH PARTITION p1;"),
        Case::silent("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;"),
        Case::silent("ALTER TABLE p DETACH PARTITION p1 FINALIZE;"),
        Case::silent("ALTER TABLE p DETACH PARTITION p1;").on(13),
        Case::fires("ALTER TABLE p DETACH PARTITION p1;").on(14),
        Case::silent(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             ALTER TABLE p DETACH PARTITION p1;",
        ),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::Detach { partition, concurrently: false, finalize: false } = action else { return };
    if !cx.server().may_have(14) || cx.is_fresh_table(&alter.name) {
        return;
    }
    let (sure, text) = (cx.server().has(14), cx.text(span));
    let head = cx.text(Span::new(0, span.start));
    let step = Step::apart(format!("detach_{}", partition.name), format!("{head}{text} CONCURRENTLY"));
    let steps = if sure { Ok(vec![step]) } else { Err("before PostgreSQL 14 there is no other way: say `server` in rung.toml".to_owned()) };
    cx.report(span, format!("everything that uses {} waits while {partition} is detached", alter.name))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help("add CONCURRENTLY, in a migration of its own; a CHECK of its bounds stays on the partition")
        .steps(span, steps);
}
