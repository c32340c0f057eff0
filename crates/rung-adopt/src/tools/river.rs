//! River: `river_migration(line, version, created_at)`; before version 5 of its schema without a line.
//!
//! Facts from `riverdatabasesql/migration/main/005_migration_unique_client.up.sql`. Its migrations are its library's; who
//! keeps them as files names the line of each by its folder, or has the line `main`.

use rung_engine::{Dialect, MigrationSet, Table};

use crate::account::{Account, Entry, Row, by_number, find, optional, text};
use crate::tool::Tool;

pub(crate) struct River;

impl Tool for River {
    fn name(&self) -> &'static str {
        "river"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["river_migration"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version", "created_at"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let line = if table.has(&["line"]).is_ok() { "line" } else { "'main'" };
        let (at, table) = (dialect.utc("created_at"), &table.qualified);
        format!("SELECT {line}, version, {at} FROM {table} ORDER BY created_at, 1, version")
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let (line, version) = (text(row, 0), text(row, 1));
            let (key, migration) = match line {
                "main" => (version.to_owned(), by_number(set, version)),
                _ => {
                    let key = format!("{line}/{version:0>3}");
                    let migration = find(set, &key, |migration| migration.version.to_string());
                    (key, migration)
                }
            };
            Entry::applied(key, migration).at(optional(row, 2))
        };
        Account::of(rows.iter().map(entry))
    }
}
