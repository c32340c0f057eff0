//! `broken-foreign-key`.

use super::prelude::*;

pub(super) static CHECK: Check = Check {
    name: "broken-foreign-key",
    level: Some(Level::Error),
    dialects: SQLITE,
    what: "A foreign key to a table or to columns that are not there, or to columns that no key of that table has.",
    why: "SQLite takes such a key when the table is made. Where foreign keys are enforced, no row can be put in any more (`no such table`, `foreign key mismatch`); where they are not, nothing is held to it.",
    instead: "Make what it points at, or make the table anew without the key: `rung diff` writes how.",
    find: Find::Schema(find),
    cases: &[
        Case::fires("CREATE TABLE c (id INTEGER PRIMARY KEY, q INTEGER REFERENCES nope (id));").sqlite(),
        Case::fires("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (a INTEGER, b INTEGER, FOREIGN KEY (a, b) REFERENCES p (id, x));")
            .sqlite(),
        Case::fires("CREATE TABLE p (id INTEGER); CREATE TABLE c (p INTEGER REFERENCES p (id));").sqlite(),
        Case::fires("CREATE TABLE p (id INTEGER); CREATE TABLE c (p INTEGER REFERENCES p);").sqlite(),
        Case::fires("CREATE TABLE p (a INTEGER, b INTEGER, PRIMARY KEY (a, b)); CREATE TABLE c (p INTEGER REFERENCES p);").sqlite(),
        Case::fires("CREATE TABLE p (id INTEGER); CREATE UNIQUE INDEX u ON p (id) WHERE id > 0; CREATE TABLE c (p INTEGER REFERENCES p (id));")
            .sqlite(),
        Case::fires("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT id FROM p; CREATE TABLE c (p INTEGER REFERENCES v (id));")
            .sqlite(),
        Case::silent("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES P (ID), q INTEGER REFERENCES p);").sqlite(),
        Case::silent("CREATE TABLE p (a INTEGER, \"B x\" INTEGER, UNIQUE (a, \"B x\")); CREATE TABLE c (a, b, FOREIGN KEY (b, a) REFERENCES p (\"b x\", a));")
            .sqlite(),
        Case::silent("CREATE TABLE p (id INTEGER); CREATE UNIQUE INDEX u ON p (id); CREATE TABLE c (p INTEGER REFERENCES p (id));").sqlite(),
        Case::silent("CREATE TABLE c (id INTEGER PRIMARY KEY, up INTEGER REFERENCES c (id));").sqlite(),
    ],
};

fn find(cx: &mut Examination<'_>) {
    for (object, _, key) in foreign_keys(cx.catalog) {
        let Some(why) = lacking(cx, key) else { continue };
        let table = object.key.parent.as_deref().unwrap_or_default();
        let message = format!("{table} ({}) points at what is not there: {why}", key.columns.join(", "));
        cx.report(Some(&object.key), message)
            .note("where foreign keys are enforced, no row can be put in")
            .mend(format!("rung new mend_keys_of_{}", table.to_lowercase()));
    }
}

/// What a foreign key needs and has not.
fn lacking(cx: &Examination<'_>, key: &ForeignKey) -> Option<String> {
    let name = &key.table.name;
    let is_it = |object: &&Object| object.key.name.eq_ignore_ascii_case(name);
    let Some(table) = cx.catalog.of_kind(Kind::Table).find(is_it) else {
        return Some(format!("there is no table {name}"));
    };
    let is_column = |column: &&String| table.columns().iter().any(|it| it.name.eq_ignore_ascii_case(column));
    if let Some(absent) = key.references.iter().find(|column| !is_column(column)) {
        return Some(format!("{name} has no column {absent}"));
    }
    if key.references.is_empty() {
        let columns = primary_key(cx.catalog, &table.key);
        return match columns.len() {
            0 => Some(format!("{name} has no primary key")),
            count if count != key.columns.len() => Some(format!("the primary key of {name} has {count} columns")),
            _ => None,
        };
    }
    let is_key = |index: &Index| {
        let of = |column: &String| {
            index.keys.iter().any(|key| key.column.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(column)))
        };
        let is_whole = index.unique && index.predicate.is_none();
        is_whole && index.keys.len() == key.references.len() && key.references.iter().all(of)
    };
    let has_key = cx.indexes(&table.key).iter().any(|(_, index)| is_key(index));
    (!has_key).then(|| format!("{name} ({}) is neither its primary key nor unique", key.references.join(", ")))
}
