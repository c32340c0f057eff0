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
}

#[derive(Debug, Clone)]
struct Table {
    name: &'static str,
    key: usize,
    columns: Vec<Column>,
    unique: bool,
    check: bool,
    without_rowid: bool,
    index: usize,
    parent: Option<usize>,
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
const EXTRAS: [&str; 7] = [
    "",
    " NOT NULL DEFAULT 1",
    " DEFAULT (1 + 1)",
    " UNIQUE",
    " CHECK (length({}) < 99)",
    " COLLATE NOCASE",
    " DEFAULT 'x' -- why\n",
];

pub(super) fn schema() -> impl Strategy<Value = Schema> {
    let table = (
        0..KEYS.len(),
        subsequence(vec!["x", "y", "z w", "select"], 0..=4),
        vec((0..TYPES.len(), 0..EXTRAS.len()), 4),
        any::<[bool; 3]>(),
        0..3_usize,
        prop::option::of(0..TABLES.len()),
    );
    let tables = (subsequence(TABLES.to_vec(), 0..=4), vec(table, 4)).prop_map(|(names, tables)| {
        type Drawn = (usize, Vec<&'static str>, Vec<(usize, usize)>, [bool; 3], usize, Option<usize>);
        let of = |(name, drawn): (&'static str, Drawn)| {
            let (key, columns, kinds, [unique, check, without_rowid], index, parent) = drawn;
            let columns =
                columns.into_iter().zip(kinds).map(|(name, (kind, extra))| Column { name, kind, extra }).collect();
            Table { name, key, columns, unique, check, without_rowid, index, parent }
        };
        names.into_iter().zip(tables).map(of).collect::<Vec<_>>()
    });
    let pairs = || btree_set((0..4_usize, select(vec![0_usize, 1, 2])), 0..3);
    (tables, pairs(), pairs()).prop_map(|(tables, views, triggers)| Schema { tables, views, triggers })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Table {
    fn sql(&self, others: &[Self]) -> String {
        let mut parts = vec![KEYS[self.key].to_owned()];
        for column in &self.columns {
            let name = quoted(column.name);
            parts.push(format!("{name} {}{}", TYPES[column.kind], EXTRAS[column.extra].replace("{}", &name)));
        }
        parts.push("g AS (id || 'g')".to_owned());
        if let Some(parent) = self.parent.and_then(|at| others.get(at)).filter(|it| it.key != 3) {
            parts.push(format!("FOREIGN KEY (id) REFERENCES {} (id) ON DELETE CASCADE", quoted(parent.name)));
        }
        if self.unique && self.columns.len() > 1 {
            parts.push(format!("UNIQUE ({}, id)", quoted(self.columns[0].name)));
        }
        if self.check {
            parts.push(format!("CONSTRAINT \"is ok\" CHECK ({}.id IS NOT NULL)", quoted(self.name)));
        }
        let options = if self.without_rowid && self.key != 1 && self.key != 3 { " WITHOUT ROWID" } else { "" };
        let name = quoted(self.name);
        let mut sql = format!("CREATE TABLE {name} ({}){options};\n", parts.join(", "));
        if let Some(column) = self.columns.get(self.index) {
            let column = quoted(column.name);
            sql.push_str(&format!(
                "CREATE INDEX {} ON {name} ({column}, id DESC) WHERE {column} > 0;\n",
                quoted(&format!("{} by", self.name))
            ));
        }
        sql
    }
}

impl Schema {
    pub(super) fn sql(&self) -> String {
        let mut sql: String = self.tables.iter().map(|table| table.sql(&self.tables)).collect();
        for (at, (table, how)) in self.views.iter().enumerate() {
            let Some(table) = self.tables.get(*table) else { continue };
            let columns = if *how == 0 { "*".to_owned() } else { "id".to_owned() };
            sql.push_str(&format!("CREATE VIEW v{at} AS SELECT {columns} FROM {};\n", quoted(table.name)));
            if *how == 2 {
                sql.push_str(&format!("CREATE VIEW w{at} AS SELECT * FROM v{at};\n"));
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
        let parents = self.tables.iter().filter_map(|table| self.tables.get(table.parent?));
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
