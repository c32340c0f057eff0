//! Hasura: what its command line knows is JSON, in `hdb_catalog.hdb_version`: for each database its versions, each with
//! whether it is dirty.
//!
//! Facts from its `cli/internal/statestore/migrations`. Older versions kept `hdb_catalog.schema_migrations`.

use rung_engine::{Dialect, MigrationSet, Table};

use crate::account::{Account, Entry, Row, State, by_number, is_true, text};
use crate::tool::Tool;

pub(crate) struct Hasura;

impl Tool for Hasura {
    fn name(&self) -> &'static str {
        "hasura"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["hdb_catalog.schema_migrations", "hdb_catalog.hdb_version"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version", "dirty"]).or_else(|_| table.has(&["cli_state"]))
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        let table_name = &table.qualified;
        match table.has(&["cli_state"]) {
            Ok(()) => format!(
                "SELECT one.key, one.value FROM {table_name}, \
                 pg_catalog.jsonb_each(cli_state -> 'migrations') AS source, \
                 pg_catalog.jsonb_each_text(source.value) AS one ORDER BY one.key::numeric"
            ),
            Err(_) => format!("SELECT version, dirty FROM {table_name} ORDER BY version"),
        }
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let version = text(row, 0);
            let dirty = || State::Failed("Hasura says that it is dirty".to_owned());
            let state = if is_true(row, 1) { dirty() } else { State::Applied };
            Entry { state, ..Entry::applied(version, by_number(set, version)) }
        };
        Account::of(rows.iter().map(entry))
    }
}
