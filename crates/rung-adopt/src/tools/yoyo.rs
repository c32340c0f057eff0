//! yoyo: `_yoyo_migration(migration_hash, migration_id, applied_at_utc)`, and a lock that is a row of `yoyo_lock`.
//!
//! Facts from its `migrations.py` (`get_migration_hash`: of the id, not of the text), `backends/base.py` and
//! `internalmigrations/v2.py`.

use rung_engine::{DbError, Dialect, Driver, MigrationSet, Table};
use sha2::{Digest as _, Sha256};

use super::hex;
use crate::account::{Account, Entry, Row, State, find, optional, text};
use crate::tool::Tool;

pub(crate) struct Yoyo;

impl Tool for Yoyo {
    fn name(&self) -> &'static str {
        "yoyo"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["_yoyo_migration"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["migration_hash", "migration_id", "applied_at_utc"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let time = dialect.utc("(applied_at_utc || 'Z')");
        let order = "applied_at_utc, migration_id";
        format!("SELECT migration_id, migration_hash, {time} FROM {} ORDER BY {order}", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let id = text(row, 0);
            let own = hex(&Sha256::digest(id));
            let state = match text(row, 1) == own {
                true => State::Applied,
                false => State::Failed(format!("its migration_hash is not that of {id}: yoyo takes it for pending")),
            };
            let entry = Entry::applied(id, find(set, id, |migration| migration.id.to_string()));
            Entry { state, ..entry.at(optional(row, 2)) }
        };
        Account::of(rows.iter().map(entry))
    }

    fn holder(&self, driver: &mut dyn Driver, table: &Table) -> Result<Option<String>, DbError> {
        let name = match table.schema.as_str() {
            "" => "yoyo_lock".to_owned(),
            schema => format!("{schema}.yoyo_lock"),
        };
        let Some(lock) = crate::source::named(driver, &name)? else { return Ok(None) };
        driver.keep_others_out(&lock, &[])?;
        let since = driver.dialect_of().utc("(ctime || 'Z')");
        let rows = driver.query(&format!("SELECT pid, {since} FROM {}", lock.qualified))?;
        Ok(rows.first().map(|row| format!("process {}, since {}", text(row, 0), text(row, 1))))
    }
}
