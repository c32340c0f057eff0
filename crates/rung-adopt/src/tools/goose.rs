//! goose: `goose_db_version`, a row for each migration that went up; older versions added one for each that went down.
//!
//! Facts from its `internal/dialects/postgres.go` and `sqlite3.go`, `provider_run.go` and `lock/session_locker_options.go`.
//! A first row has the version 0. It has no checksums; its lock is for programs that ask for it.

use std::collections::HashMap;

use rung_engine::{Change, Dialect, Keeper, MigrationSet, Now, Piece, Table};

use super::digits;
use crate::account::{Account, Entry, Row, by_number, is_true, optional, text};
use crate::tool::Tool;

pub(crate) struct Goose;

impl Tool for Goose {
    fn name(&self) -> &'static str {
        "goose"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["goose_db_version"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["id", "version_id", "is_applied", "tstamp"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        format!("SELECT version_id, is_applied, {} FROM {} ORDER BY id", dialect.utc("tstamp"), table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        // The newest row of a version says how it stands.
        let newest: HashMap<&str, usize> = rows.iter().enumerate().map(|(at, row)| (text(row, 0), at)).collect();
        let stands = |at: usize, row: &Row| newest.get(text(row, 0)) == Some(&at) && is_true(row, 1);
        let rows = rows.iter().enumerate().filter(|(at, row)| text(row, 0) != "0" && stands(*at, row));
        let entry = |row: &Row| Entry::applied(text(row, 0), by_number(set, text(row, 0))).at(optional(row, 2));
        Account::of(rows.map(|(_, row)| entry(row)))
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        // DefaultLockID: the CRC-64 of "goose".
        vec![4_097_083_626]
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        Some(Box::new(Kept { table: table.qualified.clone() }))
    }
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, _dialect: &dyn Dialect) -> Vec<Piece> {
        let Some(version) = digits(change.id).parse::<i64>().ok().filter(|version| *version > 0) else {
            return Vec::new();
        };
        let mut sql = format!("DELETE FROM {} WHERE version_id = {version};", self.table);
        if change.now == Now::Applied {
            let table = &self.table;
            sql.push_str(&format!("INSERT INTO {table} (version_id, is_applied) VALUES ({version}, true);"));
        }
        vec![Piece::Sql(sql)]
    }
}
