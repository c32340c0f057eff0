//! dbmate: `schema_migrations(version)`, the digits in front of the file's name as text.
//!
//! Facts from its `pkg/driver/postgres/postgres.go` and `pkg/driver/sqlite/sqlite.go`: `CreateMigrationsTable`,
//! `InsertMigration`, `DeleteMigration`. It has no checksums, no times and no lock.

use rung_engine::{Change, Dialect, Keeper, MigrationSet, Now, Piece, Table};

use super::digits;
use crate::account::{Account, Entry, Row, find, text};
use crate::tool::Tool;

pub(crate) struct Dbmate;

impl Tool for Dbmate {
    fn name(&self) -> &'static str {
        "dbmate"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["schema_migrations"]
    }

    fn columns(&self) -> &'static [&'static str] {
        &["version"]
    }

    fn foreign_columns(&self) -> &'static [&'static str] {
        &["dirty", "name", "id", "status"]
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        format!("SELECT version FROM {} ORDER BY version", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet) -> Account {
        let entry = |row: &Row| {
            let version = text(row, 0);
            Entry::applied(version, find(set, version, |migration| digits(migration.id.as_str()).to_owned()))
        };
        Account { entries: rows.iter().map(entry).collect(), ..Account::default() }
    }

    fn keeper(&self, table: &str) -> Option<Box<dyn Keeper>> {
        Some(Box::new(Kept { table: table.to_owned() }))
    }
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let version = dialect.quote_literal(digits(change.id));
        let mut sql = format!("DELETE FROM {} WHERE version = {version};", self.table);
        if change.now == Now::Applied {
            sql.push_str(&format!("INSERT INTO {} (version) VALUES ({version});", self.table));
        }
        vec![Piece::Sql(sql)]
    }
}
