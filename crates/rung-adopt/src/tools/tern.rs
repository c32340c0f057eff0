//! tern: `schema_version(version)`, one number.
//!
//! Facts from its `migrate/migrate.go`: `ensureSchemaVersionTableExists`, `acquireAdvisoryLock`. It keeps no times.

use rung_engine::{Dialect, MigrationSet, Table};

use super::golang_migrate::up_to;
use crate::account::{Account, Row, text};
use crate::tool::Tool;

pub(crate) struct Tern;

impl Tool for Tern {
    fn name(&self) -> &'static str {
        "tern"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["public.schema_version", "schema_version"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version"])
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        format!("SELECT version FROM {}", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        rows.first().map_or_else(Account::default, |row| up_to(set, text(row, 0)))
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        vec![9_628_173_550_095_224]
    }
}
