//! Prisma: `_prisma_migrations`, a row for each attempt, with the SHA-256 of the file.
//!
//! Facts from its schema engine's `sql_migration_persistence.rs`, `migrations_directory.rs` and `apply_migrations.rs`: an
//! attempt is begun, then finished or marked as rolled back; what is neither has failed, and its `logs` say why.

use rung_engine::{Change, Dialect, Keeper, Migration, MigrationSet, Now, Piece, Table};
use sha2::{Digest as _, Sha256};

use super::hex;
use crate::account::{Account, Checksum, Entry, Row, State, find, is_true, optional, text};
use crate::tool::Tool;

pub(crate) struct Prisma;

impl Tool for Prisma {
    fn name(&self) -> &'static str {
        "prisma"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["_prisma_migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["id", "checksum", "finished_at", "migration_name", "rolled_back_at", "started_at"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        format!(
            "SELECT migration_name, checksum, {}, logs, finished_at IS NOT NULL FROM {} WHERE rolled_back_at IS NULL ORDER BY started_at",
            dialect.utc("finished_at"),
            table.qualified
        )
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let name = text(row, 0);
            let migration = find(set, name, |migration| migration.id.to_string());
            let said = text(row, 3).lines().map(str::trim).find(|line| !line.is_empty());
            let failed = || State::Failed(format!("Prisma says that it failed: {}", said.unwrap_or("nothing more")));
            Entry {
                state: if is_true(row, 4) { State::Applied } else { failed() },
                checksum: migration.map_or(Checksum::None, |migration| compare(text(row, 1), migration)),
                ..Entry::applied(name, migration).at(optional(row, 2))
            }
        };
        Account::of(rows.iter().map(entry))
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        vec![72_707_369]
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        Some(Box::new(Kept { table: table.qualified.clone() }))
    }
}

/// Prisma does not mind line ends: either kind will do. Its first versions wrote bytes below 16 as one digit.
fn compare(theirs: &str, migration: &Migration) -> Checksum {
    let unix = migration.source.text().replace("\r\n", "\n");
    let both = [unix.clone(), unix.replace('\n', "\r\n")];
    let ours = checksum(migration);
    let old = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:x}")).collect::<String>();
    let is_same = both.iter().map(Sha256::digest).any(|digest| hex(&digest) == theirs || old(&digest) == theirs);
    if is_same { Checksum::Same } else { Checksum::compare(theirs, &ours) }
}

fn checksum(migration: &Migration) -> String {
    hex(&Sha256::digest(migration.source.bytes()))
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let (table, name) = (&self.table, dialect.quote_literal(change.id));
        let now = dialect.now();
        let mut sql = format!(
            "UPDATE {table} SET rolled_back_at = {now} WHERE migration_name = {name} AND rolled_back_at IS NULL;"
        );
        if let (Now::Applied, Some(migration)) = (change.now, change.migration) {
            sql = format!("DELETE FROM {table} WHERE migration_name = {name} AND rolled_back_at IS NULL;");
            sql.push_str(&format!(
                "INSERT INTO {table} (id, checksum, migration_name, logs, started_at, finished_at, applied_steps_count) \
                 VALUES ('{}', '{}', {name}, NULL, {now}, {now}, 1);",
                uuid::Uuid::now_v7(),
                checksum(migration)
            ));
        }
        vec![Piece::Sql(sql)]
    }
}
