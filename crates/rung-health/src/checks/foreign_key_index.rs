//! `foreign-key-index`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "foreign-key-index",
    level: Some(Level::Warning),
    dialects: ALL,
    what: "A foreign key whose columns no index begins with.",
    why: "Each time a referenced row is deleted, or its key changed, the whole table is searched for rows that point at it.",
    instead: "An index that begins with the columns of the key, in any order.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p);"),
        Case::silent("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int, p int REFERENCES p); CREATE INDEX i ON c (p, id);"),
        Case::fires("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int, p int REFERENCES p); CREATE INDEX i ON c (id, p);"),
        Case::silent("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p); CREATE INDEX i ON c (p) WHERE p IS NOT NULL;"),
        Case::fires("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p); CREATE INDEX i ON c (p) WHERE p > 3;"),
        Case::silent("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int PRIMARY KEY REFERENCES p);"),
        Case::silent("CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE c (x int, y int, FOREIGN KEY (x, y) REFERENCES p); CREATE INDEX i ON c (y, x);"),
        Case::fires("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p);").sqlite(),
        Case::silent("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER UNIQUE REFERENCES p);").sqlite(),
        Case::silent("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p); CREATE INDEX i ON c (p);").sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>) {
    let online = cx.word(ONLINE).unwrap_or_default();
    for (object, _, key) in foreign_keys(cx.catalog) {
        let Some(table) = cx.catalog.parent(object) else { continue };
        if cx.indexes(&table.key).iter().any(|(_, index)| leads_to(index, &key.columns)) {
            continue;
        }
        let is_partitioned = matches!(&table.body, Body::Table(table) if table.partition_by.is_some());
        let online = if is_partitioned { "" } else { online };
        let name = cx.dialect.identifier(&format!("{}_{}_idx", table.key.name, key.columns.join("_")));
        let mend = format!("CREATE INDEX {online}{name} ON {} ({});", cx.name(&table.key), cx.names(&key.columns));
        let message = format!("{} has no index on {}, which points at {}", table.key.path(), key.columns.join(", "), key.table.path());
        cx.report(Some(&object.key), message).mend(mend);
    }
}
