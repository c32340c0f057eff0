//! `detach-nonconcurrent`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "detach-nonconcurrent",
    group: Group::Locks,
    level: Some(Level::Warning),
    dialects: POSTGRES,
    what: "`DETACH PARTITION` without `CONCURRENTLY`, on PostgreSQL 14 and later; or with it, where there is a default \
           partition and the server refuses it.",
    why: "It takes an ACCESS EXCLUSIVE lock on the partitioned table: everything that uses any of its partitions waits.",
    instead: "`DETACH PARTITION ... CONCURRENTLY`, in a migration of its own. It is not to be had where there is a \
              default partition.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE p DETACH PARTITION p1;"),
        Case::silent("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;"),
        Case::silent("ALTER TABLE p DETACH PARTITION p1 FINALIZE;"),
        Case::fires("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             CREATE TABLE p0 PARTITION OF p DEFAULT;",
        ),
        Case::silent("ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;").after(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);",
        ),
        Case::silent("ALTER TABLE p DETACH PARTITION p1;").on(13),
        Case::fires("ALTER TABLE p DETACH PARTITION p1;").on(14),
        Case::silent(
            "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);\n\
             ALTER TABLE p DETACH PARTITION p1;",
        ),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::Detach { partition, concurrently, finalize: false } = action else { return };
    let key = cx.schema.key(&alter.name);
    let is_default = |part: &&Key| cx.schema.table_at(part).is_some_and(|table| table.default_partition);
    let default = cx.schema.children(&key).find(is_default).cloned();
    if *concurrently {
        if let Some(default) = default {
            cx.report(span, format!("the server refuses CONCURRENTLY here: {default} is a default partition of {}", alter.name))
                .help("detach it without CONCURRENTLY, with a short lock_timeout")
                .left("whether everyone may wait for it is not in the file")
                .level(Level::Error);
        }
        return;
    }
    if !cx.server().may_have(14) || cx.is_fresh_table(&alter.name) {
        return;
    }
    let (sure, text) = (cx.server().has(14), cx.text(span));
    let head = cx.text(Span::new(0, span.start));
    let step = Step::apart(format!("detach_{}", partition.name), format!("{head}{text} CONCURRENTLY"));
    let steps = if let Some(default) = &default {
        Err(format!("with the default partition {default} there is no other way"))
    } else if sure {
        Ok(vec![step])
    } else { Err("before PostgreSQL 14 there is no other way: say `server` in rung.toml".to_owned()) };
    let help = match default {
        Some(default) => format!("give it a short lock_timeout: with the default partition {default}, CONCURRENTLY is refused"),
        None => "add CONCURRENTLY, in a migration of its own; a CHECK of its bounds stays on the partition".to_owned(),
    };
    let besides = cx.locks_besides(&[key, cx.schema.key(partition)]);
    let found = cx
        .report(span, format!("everything that uses {} waits while {partition} is detached", alter.name))
        .label("ACCESS EXCLUSIVE lock: blocks reads and writes")
        .help(help)
        .steps(span, steps);
    if let Some(besides) = besides {
        found.note(format!("foreign keys are made anew, which takes {besides} too"));
    }
}
