//! sqlx: `_sqlx_migrations`, with the SHA-384 of each file that went up.
//!
//! Facts from `sqlx-postgres/src/migrate.rs`, `sqlx-sqlite/src/migrate.rs` and `sqlx-core/src/migrate/migration.rs`. Times
//! are nanoseconds, and -1 until a migration is through.

use rung_engine::{Change, Dialect, Keeper, Migration, MigrationSet, Now, Piece, Table};
use sha2::{Digest as _, Sha384};

use super::{crc32, digits, hex};
use crate::account::{Account, Checksum, Entry, Row, State, by_number, is_true, optional, text};
use crate::tool::Tool;

pub(crate) struct Sqlx;

impl Tool for Sqlx {
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["_sqlx_migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version", "description", "installed_on", "success", "checksum", "execution_time"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let (at, checksum) = (dialect.utc("installed_on"), dialect.hex("checksum"));
        format!(
            "SELECT version, success, {at}, {checksum}, execution_time FROM {} ORDER BY installed_on, version",
            table.qualified
        )
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let version = text(row, 0);
            let migration = by_number(set, version);
            let failed = || State::Failed("sqlx says that it did not succeed".to_owned());
            let compare = |migration| Checksum::compare(text(row, 3), &checksum(migration));
            Entry {
                took: text(row, 4).parse::<u64>().ok().map(|nanoseconds| nanoseconds / 1_000_000),
                state: if is_true(row, 1) { State::Applied } else { failed() },
                checksum: migration.map_or(Checksum::None, compare),
                ..Entry::applied(version, migration).at(optional(row, 2))
            }
        };
        Account::of(rows.iter().map(entry))
    }

    fn locks(&self, table: &Table) -> Vec<i64> {
        vec![0x3d32_ad9e * i64::from(crc32(table.database.as_bytes()))]
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        Some(Box::new(Kept { table: table.qualified.clone() }))
    }
}

/// In hexadecimal digits: that of the file, unless sqlx was told to take it of a part of that.
fn checksum(migration: &Migration) -> String {
    let of_file = || hex(&Sha384::digest(migration.source.bytes()));
    migration.tool_checksums.first().cloned().unwrap_or_else(of_file)
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let Ok(version) = digits(change.id).parse::<i64>() else { return Vec::new() };
        let delete = Piece::Sql(format!("DELETE FROM {} WHERE version = {version};", self.table));
        let (Now::Applied, Some(migration)) = (change.now, change.migration) else { return vec![delete] };
        let description = change.id.split_once('_').map_or("", |(_, name)| name).replace('_', " ");
        let insert = format!(
            "INSERT INTO {} (version, description, success, checksum, execution_time) VALUES ({version}, {}, true, {}, ",
            self.table,
            dialect.quote_literal(&description),
            dialect.bytes(&checksum(migration))
        );
        let took = Piece::Took { took: change.took, nanoseconds: true };
        vec![delete, Piece::Sql(insert), took, Piece::Sql(");".to_owned())]
    }
}
