//! Schemas at random: a few names, so that two of them share some.

use std::collections::BTreeSet;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

#[derive(Debug, Clone)]
pub(super) struct Schema {
    tables: Vec<Table>,
    views: BTreeSet<(usize, usize)>,
    triggers: BTreeSet<(usize, usize)>,
    /// Which of [`VIRTUAL`] there is.
    text: usize,
}

#[derive(Debug, Clone)]
struct Table {
    name: &'static str,
    key: usize,
    columns: Vec<Column>,
    unique: bool,
    check: bool,
    without_rowid: bool,
    strict: bool,
    generated: usize,
    index: (usize, usize),
    parent: Option<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    kind: usize,
    extra: usize,
}

const TABLES: [&str; 4] = ["a", "b", "Mixed", "or\"der"];
const KEYS: [&str; 4] = [
    "id INTEGER PRIMARY KEY",
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "id INT NOT NULL PRIMARY KEY",
    "id TEXT NOT NULL UNIQUE",
];
const TYPES: [&str; 3] = ["INTEGER", "TEXT", "NUMERIC(10, 2)"];
/// Those that a STRICT table may have.
const STRICT_TYPES: [&str; 3] = ["INTEGER", "TEXT", "ANY"];
const GENERATED: [&str; 4] = ["", "g AS (id || 'g')", "g TEXT AS (id || 'g') STORED", "g TEXT AS (id || 'h') VIRTUAL"];
const INDEXES: [&str; 4] = [
    "({}, id DESC) WHERE {} > 0",
    "(lower({}), id)",
    "({} COLLATE NOCASE)",
    "(id, {}) WHERE {} IS NOT NULL AND id <> 77",
];
const ACTIONS: [&str; 4] = [
    " ON DELETE CASCADE",
    " ON DELETE SET NULL ON UPDATE CASCADE",
    "",
    " ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED",
];
const VIRTUAL: [&str; 5] = [
    "",
    "CREATE VIRTUAL TABLE docs USING fts5(x, y);\n",
    "CREATE VIRTUAL TABLE docs USING fts5(y, x, tokenize = 'porter ascii');\n",
    "CREATE VIRTUAL TABLE docs USING rtree(id, low, high);\n",
    "CREATE TABLE docs (id INTEGER PRIMARY KEY, x, y);\n",
];
const EXTRAS: [&str; 9] = [
    "",
    " NOT NULL DEFAULT 1",
    " DEFAULT (1 + 1)",
    " UNIQUE",
    " CHECK (length({}) < 99)",
    " COLLATE NOCASE",
    " DEFAULT 'x' -- why\n",
    " CONSTRAINT filled NOT NULL ON CONFLICT REPLACE DEFAULT 1",
    " CONSTRAINT \"at least\" CHECK ({} >= -9) UNIQUE ON CONFLICT IGNORE",
];

pub(super) fn schema() -> impl Strategy<Value = Schema> {
    let table = (
        0..KEYS.len(),
        subsequence(vec!["x", "y", "z w", "select"], 0..=4),
        vec((0..TYPES.len(), 0..EXTRAS.len()), 4),
        any::<[bool; 4]>(),
        (0..GENERATED.len(), (0..3_usize, 0..INDEXES.len())),
        prop::option::of((0..TABLES.len(), 0..ACTIONS.len())),
    );
    let tables = (subsequence(TABLES.to_vec(), 0..=4), vec(table, 4)).prop_map(|(names, tables)| {
        type Placed = (usize, (usize, usize));
        type Drawn = (usize, Vec<&'static str>, Vec<(usize, usize)>, [bool; 4], Placed, Option<(usize, usize)>);
        let of = |(name, drawn): (&'static str, Drawn)| {
            let (key, columns, kinds, [unique, check, without_rowid, strict], (generated, index), parent) = drawn;
            let columns =
                columns.into_iter().zip(kinds).map(|(name, (kind, extra))| Column { name, kind, extra }).collect();
            Table { name, key, columns, unique, check, without_rowid, strict, generated, index, parent }
        };
        names.into_iter().zip(tables).map(of).collect::<Vec<_>>()
    });
    let pairs = || btree_set((0..4_usize, select(vec![0_usize, 1, 2])), 0..3);
    (tables, pairs(), pairs(), 0..VIRTUAL.len()).prop_map(|(tables, views, triggers, text)| Schema {
        tables,
        views,
        triggers,
        text,
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Table {
    fn sql(&self, others: &[Self]) -> String {
        let mut parts = vec![KEYS[self.key].to_owned()];
        for column in &self.columns {
            let name = quoted(column.name);
            let kind = if self.strict { STRICT_TYPES[column.kind] } else { TYPES[column.kind] };
            // A STRICT number has no word for a default.
            let extra = if self.strict && kind == "INTEGER" && column.extra == 6 { "" } else { EXTRAS[column.extra] };
            parts.push(format!("{name} {kind}{}", extra.replace("{}", &name)));
        }
        parts.extend(
            [GENERATED[self.generated]]
                .into_iter()
                .filter(|it| !it.is_empty() && (!self.strict || !it.starts_with("g AS")))
                .map(str::to_owned),
        );
        if let Some((parent, action)) = self.parent
            && let Some(parent) = others.get(parent).filter(|it| it.key != 3)
        {
            parts.push(format!("FOREIGN KEY (id) REFERENCES {} (id){}", quoted(parent.name), ACTIONS[action]));
        }
        if self.unique && self.columns.len() > 1 {
            parts.push(format!("UNIQUE ({}, id)", quoted(self.columns[0].name)));
        }
        if self.check {
            parts.push(format!("CONSTRAINT \"is ok\" CHECK ({}.id IS NOT NULL)", quoted(self.name)));
        }
        let without_rowid = self.without_rowid && self.key != 1 && self.key != 3;
        let options = [(" WITHOUT ROWID", without_rowid), (" STRICT", self.strict)];
        let options: Vec<&str> = options.into_iter().filter(|(_, has)| *has).map(|(option, _)| option).collect();
        let options = options.join(",");
        let name = quoted(self.name);
        let mut sql = format!("CREATE TABLE {name} ({}){options};\n", parts.join(", "));
        if let Some(column) = self.columns.get(self.index.0) {
            let terms = INDEXES[self.index.1].replace("{}", &quoted(column.name));
            sql.push_str(&format!("CREATE INDEX {} ON {name} {terms};\n", quoted(&format!("{} by", self.name))));
        }
        sql
    }
}

impl Schema {
    pub(super) fn sql(&self) -> String {
        let mut sql: String = self.tables.iter().map(|table| table.sql(&self.tables)).collect();
        sql.push_str(VIRTUAL[self.text]);
        if self.text > 0 && self.triggers.len() > 1 {
            sql.push_str("CREATE VIEW found AS SELECT rowid FROM docs;\n");
        }
        for (at, (table, how)) in self.views.iter().enumerate() {
            let Some(table) = self.tables.get(*table) else { continue };
            let columns = if *how == 0 { "*".to_owned() } else { "id".to_owned() };
            sql.push_str(&format!("CREATE VIEW v{at} AS SELECT {columns} FROM {};\n", quoted(table.name)));
            if *how == 2 {
                sql.push_str(&format!("CREATE VIEW w{at} AS SELECT * FROM v{at};\n"));
            }
            if *how > 0 {
                sql.push_str(&format!(
                    "CREATE TRIGGER \"in {at}\" INSTEAD OF INSERT ON v{at} BEGIN INSERT INTO {} (id) VALUES (new.id); END;\n",
                    quoted(table.name)
                ));
            }
        }
        for (table, how) in &self.triggers {
            let Some(on) = self.tables.get(*table) else { continue };
            let other = quoted(self.tables[how % self.tables.len()].name);
            sql.push_str(&format!(
                "CREATE TRIGGER \"on {} {how}\" AFTER UPDATE ON {} BEGIN DELETE FROM {other} WHERE id = new.id; END;\n",
                on.name.replace('"', ""),
                quoted(on.name)
            ));
        }
        sql
    }

    /// Whether a foreign key is on a table that another schema has not got.
    pub(super) fn refers_beyond(&self, other: &Self) -> bool {
        let parents = self.tables.iter().filter_map(|table| self.tables.get(table.parent?.0));
        parents.into_iter().any(|parent| other.tables.iter().all(|it| it.name != parent.name))
    }

    /// Rows that each schema takes: numbers that differ, all filled in, and each has its parent.
    pub(super) fn rows(&self) -> String {
        let mut sql = "PRAGMA foreign_keys = OFF;".to_owned();
        for table in &self.tables {
            for row in 1..4 {
                let names: Vec<String> =
                    std::iter::once("id").chain(table.columns.iter().map(|it| it.name)).map(quoted).collect();
                let values = vec![row.to_string(); names.len()];
                sql.push_str(&format!(
                    "INSERT INTO {} ({}) VALUES ({});\n",
                    quoted(table.name),
                    names.join(", "),
                    values.join(", ")
                ));
            }
        }
        sql.push_str("PRAGMA foreign_keys = ON;");
        sql
    }
}
