//! Atlas: `atlas_schema_revisions`, with the hash of each file and all before it, and how many of its statements ran.
//!
//! Facts from its `cmd/atlas/internal/migrate/ent/migrate/schema.go`, `sql/migrate/migrate.go`, `sql/migrate/dir.go`
//! (`NewHashFile`) and `sql/postgres/driver.go` (`Lock`). A row whose version begins with a dot is its own.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rung_engine::{Dialect, Migration, MigrationSet, Table};
use sha2::{Digest as _, Sha256};

use crate::account::{Account, Checksum, Entry, Row, State, find, optional, text};
use crate::tool::Tool;

pub(crate) struct Atlas;

impl Tool for Atlas {
    fn name(&self) -> &'static str {
        "atlas"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["atlas_schema_revisions.atlas_schema_revisions", "atlas_schema_revisions"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version", "type", "applied", "total", "executed_at", "error", "hash"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        format!(
            "SELECT version, type, applied, total, {}, execution_time, error, hash FROM {} ORDER BY version",
            dialect.utc("executed_at"),
            table.qualified
        )
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        /// What was there before the first revision.
        const BASELINE: &str = "1";
        let hashes = hashes(set);
        let mut account = Account::default();
        for row in rows.iter().filter(|row| !text(row, 0).starts_with('.')) {
            let key = text(row, 0);
            if text(row, 1) == BASELINE {
                let below = set.iter().filter(|migration| version(migration).as_str() <= key);
                account.entries.extend(
                    below.map(|migration| Entry::applied(migration.id.as_str(), Some(migration)).at(optional(row, 4))),
                );
                continue;
            }
            let migration = find(set, key, version);
            let (applied, total, error) = (text(row, 2), text(row, 3), text(row, 6));
            let failed = || {
                let error = error.lines().next().unwrap_or_default();
                State::Failed(format!("Atlas says that {applied} of its {total} statements ran: {error}"))
            };
            let ours = migration.and_then(|migration| hashes.get(migration.id.as_str()));
            account.entries.push(Entry {
                took: text(row, 5).parse::<u64>().ok().map(|nanoseconds| nanoseconds / 1_000_000),
                state: if applied == total && error.is_empty() { State::Applied } else { failed() },
                checksum: match (ours, text(row, 7)) {
                    (None, _) | (_, "") => Checksum::None,
                    (Some(ours), theirs) if ours == theirs => Checksum::Same,
                    (Some(ours), theirs) => Checksum::Differs { theirs: theirs.to_owned(), ours: ours.clone() },
                },
                ..Entry::applied(key, migration).at(optional(row, 4))
            });
        }
        account
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        vec![i64::from(fnv("atlas_migrate_execute"))]
    }
}

fn version(migration: &Migration) -> String {
    let id = migration.id.as_str();
    id.split_once('_').map_or(id, |(version, _)| version).to_owned()
}

/// The hash of each file, which goes over all before it.
fn hashes(set: &MigrationSet) -> HashMap<&str, String> {
    let mut hash = Sha256::new();
    let mut hashes = HashMap::new();
    for migration in set.iter() {
        hash.update(
            migration.source.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        );
        let bytes = migration.source.bytes();
        if !bytes.starts_with(b"-- atlas:sum ignore") {
            hash.update(&bytes);
            hashes.insert(migration.id.as_str(), STANDARD.encode(hash.clone().finalize()));
        }
    }
    hashes
}

/// FNV-1 with 32 bits.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lock_is_that_of_atlas() {
        // From its `sql/postgres/driver_test.go`.
        assert_eq!(super::fnv("name"), 797_654_004);
    }
}
