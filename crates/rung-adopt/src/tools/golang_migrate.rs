//! golang-migrate: `schema_migrations(version, dirty)` with one row, which is set before a migration is run and again
//! after it.
//!
//! Facts from its `database/postgres/postgres.go`, `database/sqlite3/sqlite3.go`, `database/util.go` and `migrate.go`
//! (`runMigrations`): on the way down of N the version that is set is the one below N. So a dirty version says that its
//! up did not end well, or the down of the one above.

use rung_engine::{Change, Dialect, Keeper, Migration, MigrationSet, Piece, Table};

use super::crc32;
use crate::account::{Account, Entry, Row, State, by_number, is_true, text};
use crate::tool::Tool;

pub(crate) struct GolangMigrate;

impl Tool for GolangMigrate {
    fn name(&self) -> &'static str {
        "golang-migrate"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["schema_migrations"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version", "dirty"])
    }

    fn query(&self, table: &Table, _dialect: &dyn Dialect) -> String {
        format!("SELECT version, dirty FROM {}", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let Some(row) = rows.first() else { return Account::default() };
        let (version, dirty) = (text(row, 0), is_true(row, 1));
        let mut account = up_to(set, version);
        if !dirty {
            return account;
        }
        if let Some(last) = account.entries.last_mut().filter(|last| last.id.is_some()) {
            last.state = State::Failed(format!("golang-migrate says that version {version} is dirty"));
        }
        let number = version.parse::<u64>().ok();
        let above = set.iter().find(|migration| migration.version.number() > number);
        if let Some(above) = above {
            let why = format!("golang-migrate says that version {version} is dirty, which its down may have left so");
            let follows = account.entries.last().and_then(|last| last.id.clone());
            let state = State::Failed(why);
            account.entries.push(Entry { state, follows, ..Entry::applied(above.id.as_str(), Some(above)) });
        }
        account
    }

    fn locks(&self, table: &Table) -> Vec<i64> {
        // Opened by a URL, as its command line does, it takes the URL's path for the database's name, slash and all.
        let number = |database: &str| {
            let names = [table.schema.as_str(), table.name.as_str(), database].join("\0");
            i64::from(crc32(names.as_bytes()).wrapping_mul(1_486_364_155))
        };
        vec![number(&table.database), number(&format!("/{}", table.database))]
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        Some(Box::new(Kept { table: table.qualified.clone() }))
    }
}

/// Every migration up to a version, which is there itself.
pub(super) fn up_to(set: &MigrationSet, version: &str) -> Account {
    let number = version.parse::<u64>().ok();
    let is_below = |migration: &&Migration| migration.version.number().is_some_and(|own| Some(own) < number);
    let below = set.iter().map(|migration| &**migration).filter(is_below);
    let mut account = Account::of(below.map(|migration| Entry::applied(migration.id.as_str(), Some(migration))));
    // Nothing is called -1, or 0: that is an empty database.
    if number.is_some_and(|number| number > 0) || by_number(set, version).is_some() {
        account.entries.push(Entry::applied(version, by_number(set, version)));
    }
    account
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, _dialect: &dyn Dialect) -> Vec<Piece> {
        // The highest that is applied now; rung's own row is written already.
        vec![Piece::Sql(format!(
            "DELETE FROM {0}; INSERT INTO {0} (version, dirty) SELECT max(version), false FROM {1} \
             WHERE status = 'completed' AND version IS NOT NULL HAVING max(version) IS NOT NULL;",
            self.table, change.own_table
        ))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locks_are_those_of_the_library_and_of_the_command_line() {
        let text = |text: &str| text.to_owned();
        let table = Table {
            qualified: text("public.schema_migrations"),
            schema: text("public"),
            name: text("schema_migrations"),
            database: text("app"),
            columns: Vec::new(),
        };
        // Of "public\0schema_migrations\0app", and of the same with "/app", as `GenerateAdvisoryLockId` counts.
        assert_eq!(GolangMigrate.locks(&table), [1_787_120_056, 1_726_534_663]);
    }
}
