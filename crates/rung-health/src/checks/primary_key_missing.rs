//! `primary-key-missing`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "primary-key-missing",
    level: Some(Level::Note),
    dialects: ALL,
    what: "A table without a primary key.",
    why: "Its rows can't be told apart: no row can be named, duplicates stay, and logical replication can't follow changes.",
    instead: "A primary key; a unique index on columns that are never NULL can become one.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE t (a int);"),
        Case::silent("CREATE TABLE t (a int PRIMARY KEY);"),
        Case::silent("CREATE TABLE t (a int NOT NULL) PARTITION BY RANGE (a); CREATE TABLE u PARTITION OF t DEFAULT; ALTER TABLE t ADD PRIMARY KEY (a);"),
        Case::fires("CREATE TABLE t (a INTEGER);").sqlite(),
        Case::silent("CREATE TABLE t (a INTEGER PRIMARY KEY);").sqlite(),
        Case::silent("CREATE VIRTUAL TABLE t USING fts5(a);").sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (object, table) in tables(cx.catalog) {
        let is_key = |part: &&Object| match &part.body {
            Body::Constraint(constraint) => matches!(constraint.kind, ConstraintKind::PrimaryKey { .. }),
            _ => false,
        };
        let is_virtual = table.access_method.is_some() && table.definition.is_some();
        // A partition is its parent's matter.
        if is_virtual || table.bound.is_some() || cx.parts(&object.key).iter().any(is_key) {
            continue;
        }
        let sql = cx.name(&object.key);
        let add = cx.word(&[("postgres", " ADD PRIMARY KEY (<columns>);")]);
        let mend = match add {
            Some(add) => format!("ALTER TABLE {sql}{add}"),
            None => format!("rung new add_primary_key_to_{}", object.key.name.to_lowercase()),
        };
        cx.report(Some(&object.key), format!("{} has no primary key", object.key.path())).mend(mend);
    }
}
