//! sqitch: `sqitch.changes`, with the SHA-1 of each deploy script.
//!
//! Facts from its `lib/App/Sqitch/Engine/pg.sql` and `pg.pm`. A reworked change stands there once for each time, in the
//! order of the plan. The table may have several projects; those of which no script is here are none of ours. On SQLite
//! it is in a database of its own, beside the one that it is about (`sqlite.pm`, `registry_uri`).

use std::collections::{HashMap, HashSet};

use rung_engine::{Dialect, Migration, MigrationSet, Table};
use sha1::{Digest as _, Sha1};

use super::hex;
use crate::account::{Account, Checksum, Entry, Row, optional, text};
use crate::tool::Tool;

pub(crate) struct Sqitch;

impl Tool for Sqitch {
    fn name(&self) -> &'static str {
        "sqitch"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["sqitch.changes"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["change_id", "script_hash", "change", "project", "committed_at"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let at = dialect.utc("committed_at");
        format!("SELECT change, script_hash, {at}, project FROM {} ORDER BY committed_at, planned_at", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let ours: HashSet<String> = set.iter().map(|migration| hash(migration)).collect();
        let mut projects: HashSet<&str> = HashSet::new();
        projects.extend(rows.iter().filter(|row| ours.contains(text(row, 1))).map(|row| text(row, 3)));
        let mut times: HashMap<&str, usize> = HashMap::new();
        let rows = rows.iter().filter(|row| projects.is_empty() || projects.contains(text(row, 3)));
        let entry = |row| {
            let name: &str = text(row, 0);
            let time = times.entry(name).or_default();
            *time += 1;
            let id = if *time == 1 { name.to_owned() } else { format!("{name}#{time}") };
            let migration = set.get(&id).map(|migration| &**migration);
            let checksum = match (migration, text(row, 1)) {
                (None, _) | (_, "") => Checksum::None,
                (Some(migration), theirs) => Checksum::compare(theirs, &hash(migration)),
            };
            Entry { checksum, ..Entry::applied(id, migration).at(optional(row, 2)) }
        };
        Account::of(rows.map(entry))
    }

    fn locks(&self, _table: &Table) -> Vec<i64> {
        vec![75_474_063]
    }
}

fn hash(migration: &Migration) -> String {
    hex(&Sha1::digest(migration.source.bytes()))
}
