//! `duplicate-index`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "duplicate-index",
    level: Some(Level::Warning),
    dialects: ALL,
    what: "Two indexes of a table that are the same but for their names, or of which one is unique besides.",
    why: "Every write pays for both, and no query gains by the second.",
    instead: "Drop the one that no constraint needs.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a);"),
        Case::fires("CREATE TABLE t (a int PRIMARY KEY); CREATE INDEX i ON t (a);"),
        Case::fires("CREATE TABLE t (a int UNIQUE); CREATE UNIQUE INDEX i ON t (a);"),
        Case::silent("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);"),
        Case::silent("CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a) WHERE a > 3;"),
        Case::silent("CREATE TABLE t (a int); CREATE INDEX i ON t (a); CREATE INDEX j ON t USING hash (a);"),
        Case::silent("CREATE TABLE t (a text); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a text_pattern_ops);"),
        Case::fires("CREATE TABLE t (a INTEGER); CREATE INDEX i ON t (a); CREATE INDEX j ON t (\"a\");").sqlite(),
        Case::fires("CREATE TABLE t (a TEXT UNIQUE); CREATE INDEX i ON t (a);").sqlite(),
        Case::silent("CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a COLLATE NOCASE);").sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (table, _) in tables(cx.catalog) {
        let indexes = cx.indexes(&table.key);
        for (at, (object, index)) in indexes.iter().enumerate() {
            // What is a constraint's own can't be dropped by itself, nor what is a part of another.
            if object.key.kind != Kind::Index || index.parent.is_some() || !index.valid {
                continue;
            }
            let stays = |(other, (its, there)): &(usize, &(&Object, Index))| {
                let is_better = its.key.kind == Kind::Constraint || there.unique && !index.unique || *other < at;
                let is_worse = index.unique && !there.unique;
                *other != at && there.valid && is_better && !is_worse && same(index, there)
            };
            let Some((_, (kept, _))) = indexes.iter().enumerate().find(stays) else { continue };
            let (path, sql) = (object.key.path(), cx.name(&object.key));
            let online = if index.on_only { "" } else { cx.word(ONLINE).unwrap_or_default() };
            cx.report(Some(&object.key), format!("{path} is the same index as {}", kept.key.path()))
                .mend(format!("DROP INDEX {online}{sql};"));
        }
    }
}

/// Whether two indexes answer the same questions, uniqueness aside.
fn same(one: &Index, other: &Index) -> bool {
    one.method.trim_start_matches("btree") == other.method.trim_start_matches("btree")
        && one.keys.iter().map(sorted_by).eq(other.keys.iter().map(sorted_by))
        && one.include == other.include
        && one.predicate == other.predicate
        && one.nulls_not_distinct == other.nulls_not_distinct
}
