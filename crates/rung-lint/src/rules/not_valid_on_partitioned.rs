//! `not-valid-on-partitioned`.

use super::prelude::*;

pub(super) static RULE: Rule = Rule {
    name: "not-valid-on-partitioned",
    group: Group::Migration,
    level: Some(Level::Error),
    dialects: POSTGRES,
    what: "A foreign key with `NOT VALID` on a partitioned table, before PostgreSQL 18.",
    why: "The server refuses it.",
    instead: "Add the key to each partition with NOT VALID, validate each, then add it to the partitioned table: the keys of the \
              partitions are taken over.",
    check: Check::Action(check),
    cases: &[
        Case::fires("ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) NOT VALID;")
            .after("CREATE TABLE p (a int, b int) PARTITION BY LIST (a);"),
        Case::silent("ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) NOT VALID;").after("CREATE TABLE p (a int, b int);"),
        Case::fires("ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) NOT VALID;")
            .after("CREATE TABLE p (a int, b int) PARTITION BY LIST (a);")
            .on(17),
        Case::silent("ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) NOT VALID;")
            .after("CREATE TABLE p (a int, b int) PARTITION BY LIST (a);")
            .on(18),
        Case::silent("ALTER TABLE p1 ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) NOT VALID;")
            .after("CREATE TABLE p (a int, b int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);")
            .on(17),
        Case::silent("ALTER TABLE p ADD CONSTRAINT c CHECK (b > 0) NOT VALID;")
            .after("CREATE TABLE p (a int, b int) PARTITION BY LIST (a);")
            .on(17),
    ],
};

fn check(cx: &mut Context<'_>, alter: &AlterTable, action: &Action, span: Span) {
    let Action::AddConstraint(added) = action else { return };
    let is_late = added.not_valid && matches!(added.kind, Demand::ForeignKey(_));
    let is_whole = cx.table(&alter.name).is_some_and(|table| table.partitioned);
    if !is_late || !is_whole || !cx.server().may_lack(18) {
        return;
    }
    // Where the version is not known, it may be new enough.
    let level = if cx.server().may_have(18) { cx.level.min(Level::Warning) } else { cx.level };
    cx.report(span, format!("{} is partitioned, and before PostgreSQL 18 the server refuses NOT VALID there", alter.name))
        .level(level)
        .help("add the key to each partition with NOT VALID, validate each, then add it to the partitioned table")
        .left("which partitions there are is the server's to say");
}
