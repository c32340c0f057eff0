//! postgres-migrations: `migrations(id, name, hash, executed_at)`, with the SHA-1 of a file's name and text.
//!
//! Facts from its `src/migrations/0_create-migrations-table.sql`, `src/migration-file.ts` and `src/with-lock.ts`. The row 0
//! is its own.

use rung_engine::{Dialect, Migration, MigrationSet, Table};
use sha1::{Digest as _, Sha1};

use super::hex;
use crate::account::{Account, Checksum, Entry, Row, by_number, optional, text};
use crate::tool::Tool;

pub(crate) struct PostgresMigrations;

impl Tool for PostgresMigrations {
    fn name(&self) -> &'static str {
        "postgres-migrations"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["id", "name", "hash", "executed_at"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        format!("SELECT id, hash, {} FROM {} WHERE id > 0 ORDER BY id", dialect.utc("executed_at"), table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let migration = by_number(set, text(row, 0));
            let checksum =
                migration.map_or(Checksum::None, |migration| Checksum::compare(text(row, 1), &hash(migration)));
            Entry { checksum, ..Entry::applied(text(row, 0), migration).at(optional(row, 2)) }
        };
        Account::of(rows.iter().map(entry))
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        vec![-8_525_285_245_963_000_605]
    }
}

fn hash(migration: &Migration) -> String {
    let name = migration.source.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let mut hash = Sha1::new();
    hash.update(name.unwrap_or_default());
    hash.update(migration.source.bytes());
    hex(&hash.finalize())
}
