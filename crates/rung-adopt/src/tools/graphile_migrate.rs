//! graphile-migrate: `graphile_migrate.migrations(hash, previous_hash, filename, date)`.
//!
//! Facts from its `src/migration.ts` and `src/pgReal.ts`: the hash is that in the file's header.

use rung_engine::{Dialect, Migration, MigrationSet, Table};

use super::digits;
use crate::account::{Account, Checksum, Entry, Row, find, optional, text};
use crate::tool::Tool;

pub(crate) struct GraphileMigrate;

impl Tool for GraphileMigrate {
    fn name(&self) -> &'static str {
        "graphile-migrate"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["graphile_migrate.migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["hash", "previous_hash", "filename", "date"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let at = dialect.utc("date");
        format!("SELECT filename, hash, {at} FROM {} ORDER BY filename", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let name = text(row, 0);
            // The number alone, whatever the file is called after it.
            let migration = find(set, digits(name), |migration| digits(migration.id.as_str()).to_owned());
            let compare = |migration| Checksum::compare(text(row, 1), hash(migration));
            let checksum = migration.map_or(Checksum::None, compare);
            Entry { checksum, ..Entry::applied(name, migration).at(optional(row, 2)) }
        };
        Account::of(rows.iter().map(entry))
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        // GRAPHILE MIGRATE on the keys of a telephone.
        vec![4_727_445_306_447_283]
    }
}

/// The hash in a file's header, which is what it writes: where the header has `AllowInvalidHash`, the body has another one.
/// A file that is not what its hash says is never read.
fn hash(migration: &Migration) -> &str {
    let lines = migration.source.text().lines().take_while(|line| line.starts_with("--! "));
    lines.filter_map(|line| line.strip_prefix("--! Hash:")).next().map_or("", str::trim)
}
