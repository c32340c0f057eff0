//! `redundant-index`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "redundant-index",
    level: Some(Level::Note),
    dialects: ALL,
    what: "An index that is the beginning of another one: `(a)` beside `(a, b)`.",
    why: "Whatever it finds the other finds too, and every write pays for both.",
    instead: "Drop it, unless the other is much wider and this one is read very often.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b);"),
        Case::fires("CREATE TABLE t (a int, b int, PRIMARY KEY (a, b)); CREATE INDEX i ON t (a);"),
        Case::silent("CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX i ON t (a); CREATE INDEX j ON t (a, b);"),
        Case::silent("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b) WHERE b > 3;"),
        Case::silent("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (b, a);"),
        Case::silent("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a) INCLUDE (b); CREATE INDEX j ON t (a);"),
        Case::silent("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a DESC); CREATE INDEX j ON t (a, b);"),
        Case::fires("CREATE TABLE t (a INTEGER, b INTEGER); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b);").sqlite(),
        Case::silent("CREATE TABLE t (a INTEGER, b INTEGER); CREATE INDEX i ON t (b); CREATE INDEX j ON t (a, b);").sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (table, _) in tables(cx.catalog) {
        let indexes = cx.indexes(&table.key);
        for (object, index) in &indexes {
            let is_plain = |index: &Index| index.valid && matches!(index.method.as_str(), "" | "btree");
            if object.key.kind != Kind::Index || index.unique || index.parent.is_some() || !is_plain(index) {
                continue;
            }
            let covers = |(_, other): &&(&Object, Index)| {
                let begins = || index.keys.iter().zip(&other.keys).all(|(one, two)| sorted_by(one) == sorted_by(two));
                let carries = |name: &String| {
                    other.include.contains(name) || other.keys.iter().any(|key| key.column.as_ref() == Some(name))
                };
                is_plain(other)
                    && other.keys.len() > index.keys.len()
                    && begins()
                    && index.include.iter().all(carries)
                    && index.predicate == other.predicate
            };
            let Some((wider, _)) = indexes.iter().find(covers) else { continue };
            let (path, sql) = (object.key.path(), cx.name(&object.key));
            let online = if index.on_only { "" } else { cx.word(ONLINE).unwrap_or_default() };
            cx.report(Some(&object.key), format!("{path} is the beginning of {}", wider.key.path()))
                .mend(format!("DROP INDEX {online}{sql};"));
        }
    }
}
