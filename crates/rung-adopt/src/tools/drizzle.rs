//! Drizzle: `__drizzle_migrations(hash, created_at)`, the SHA-256 of each file, and the time in its journal.
//!
//! Facts from drizzle-orm's `migrator.ts`, `pg-core/dialect.ts` and `sqlite-core/dialect.ts`: what is newer than the
//! newest row is run, all in one transaction. A row has no name: its hash tells which file it is of, and where no file
//! has it, its place.

use rung_engine::{Dialect, Migration, MigrationSet, Table};
use sha2::{Digest as _, Sha256};

use super::hex;
use crate::account::{Account, Checksum, Entry, Row, text};
use crate::tool::Tool;

pub(crate) struct Drizzle;

impl Tool for Drizzle {
    fn name(&self) -> &'static str {
        "drizzle"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["drizzle.__drizzle_migrations", "__drizzle_migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["hash", "created_at"])
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        format!("SELECT hash, created_at FROM {} ORDER BY created_at", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let hashes: Vec<String> = set.iter().map(|migration| hash(migration)).collect();
        let at = |place: usize| set.iter().nth(place).map(|migration| &**migration);
        let known = |theirs: &str| hashes.iter().position(|hash| hash == theirs);
        let entry = |(place, row): (usize, &Row)| {
            let theirs = text(row, 0);
            if let Some(migration) = known(theirs).and_then(at) {
                return Entry { checksum: Checksum::Same, ..Entry::applied(theirs, Some(migration)) };
            }
            // A file that another row has is not this one's.
            let is_free =
                |place: &usize| !rows.iter().any(|row| hashes.get(*place).is_some_and(|hash| hash == text(row, 0)));
            let migration = Some(place).filter(is_free).and_then(at);
            let compare = |migration| Checksum::compare(theirs, &hash(migration));
            Entry { checksum: migration.map_or(Checksum::None, compare), ..Entry::applied(theirs, migration) }
        };
        Account::of(rows.iter().enumerate().map(entry))
    }
}

fn hash(migration: &Migration) -> String {
    hex(&Sha256::digest(migration.source.bytes()))
}
