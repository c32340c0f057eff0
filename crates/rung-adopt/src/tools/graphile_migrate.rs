//! graphile-migrate: `graphile_migrate.migrations(hash, previous_hash, filename, date)`.
//!
//! Facts from its `src/migration.ts`, `src/hash.ts` and `src/pgReal.ts`: the hash is that in the file's header, of the hash
//! before it and of the body.

use rung_engine::{Dialect, Migration, MigrationSet, Table};
use sha1::{Digest as _, Sha1};

use super::{digits, hex};
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
        format!("SELECT filename, hash, {at}, previous_hash FROM {} ORDER BY filename", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let name = text(row, 0);
            // The number alone, whatever the file is called after it.
            let migration = find(set, digits(name), |migration| digits(migration.id.as_str()).to_owned());
            let compare = |migration| Checksum::compare(text(row, 1), &hash(migration, text(row, 3)));
            let checksum = migration.map_or(Checksum::None, compare);
            Entry { checksum, ..Entry::applied(name, migration).at(optional(row, 2)) }
        };
        Account::of(rows.iter().map(entry))
    }

    fn lock(&self, _table: &Table) -> Option<i64> {
        // GRAPHILE MIGRATE on the keys of a telephone.
        Some(4_727_445_306_447_283)
    }
}

/// The hash of a file's body, as that of the one before it goes into it.
fn hash(migration: &Migration, previous: &str) -> String {
    let text = migration.source.text();
    let is_header = |line: &&str| line.strip_prefix("--! ").is_some_and(|name| name.starts_with(char::is_uppercase));
    let header: usize = text.split_inclusive('\n').take_while(is_header).map(str::len).sum();
    let hashed = format!("{previous}\n{}", text[header..].trim());
    format!("sha1:{}", hex(&Sha1::digest(format!("{}\n", hashed.trim()))))
}
