//! Tools with a row for each applied migration and nothing to check it by. They differ in names only, so that they are a
//! table.

use rung_engine::{Change, Dialect, Keeper, MigrationSet, Now, Piece, Table};

use super::{crc32, digits};
use crate::account::{Account, Entry, Row, find, optional, text};
use crate::tool::Tool;

/// A tool that keeps what it has applied by a name.
pub(crate) struct Plain {
    name: &'static str,
    tables: &'static [&'static str],
    /// The column that names a migration.
    key: &'static str,
    /// The column that says when.
    time: Option<&'static str>,
    /// Columns that the table has besides.
    others: &'static [&'static str],
    /// Columns of other tools' tables of that name.
    foreign: &'static [&'static str],
    /// What the rows are ordered by.
    order: &'static str,
    /// What stands in the column for the migration of an id.
    of: fn(&str) -> String,
    lock: fn(&Table) -> Option<i64>,
    /// Whether rung writes it along.
    is_kept: bool,
}

const PLAIN: Plain = Plain {
    name: "",
    tables: &[],
    key: "version",
    time: None,
    others: &[],
    foreign: &[],
    order: "version",
    of: leading_digits,
    lock: |_| None,
    is_kept: false,
};

/// dbmate: `pkg/driver/postgres/postgres.go` and `pkg/driver/sqlite/sqlite.go`, `CreateMigrationsTable` and
/// `InsertMigration`.
pub(crate) const DBMATE: Plain = Plain {
    name: "dbmate",
    tables: &["schema_migrations"],
    foreign: &["dirty", "name", "id", "status", "statements"],
    is_kept: true,
    ..PLAIN
};

/// diesel: `diesel/src/migration/setup_migration_table.sql`; a version is what stands before the first `_`, without
/// dashes.
pub(crate) const DIESEL: Plain = Plain {
    name: "diesel",
    tables: &["__diesel_schema_migrations"],
    time: Some("run_on"),
    of: |id| id.split('_').next().unwrap_or(id).replace('-', ""),
    is_kept: true,
    ..PLAIN
};

/// pop: `migrator.go` and `schema_migrations.go`; soda's table has another name than all others.
pub(crate) const POP: Plain = Plain { name: "pop", tables: &["schema_migration"], ..PLAIN };

/// Rails: `active_record/schema_migration.rs`; the lock is `generate_migrator_advisory_lock_id` of
/// `active_record/migration.rs`.
pub(crate) const RAILS: Plain = Plain {
    name: "rails",
    tables: &["schema_migrations"],
    foreign: DBMATE.foreign,
    lock: |table| Some(2_053_462_845 * i64::from(crc32(table.database.as_bytes()))),
    ..PLAIN
};

/// node-pg-migrate: `src/runner.ts`; a name is a file's without its ending.
pub(crate) const NODE_PG_MIGRATE: Plain = Plain {
    name: "node-pg-migrate",
    tables: &["pgmigrations"],
    key: "name",
    time: Some("run_on"),
    order: "run_on, id",
    of: str::to_owned,
    lock: |_| Some(7_241_865_325_823_964),
    ..PLAIN
};

fn leading_digits(id: &str) -> String {
    digits(id).to_owned()
}

impl Tool for Plain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tables(&self) -> &'static [&'static str] {
        self.tables
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&[self.key])?;
        table.has(&self.time.map_or_else(Vec::new, |time| vec![time]))?;
        table.has(self.others)?;
        table.has_none(self.foreign)
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let time = self.time.map_or_else(|| "NULL".to_owned(), |time| dialect.utc(time));
        format!("SELECT {}, {time} FROM {} ORDER BY {}", self.key, table.qualified, self.order)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let key = text(row, 0);
            Entry::applied(key, find(set, key, |migration| (self.of)(migration.id.as_str()))).at(optional(row, 1))
        };
        Account::of(rows.iter().map(entry))
    }

    fn locks(&self, table: &Table) -> Vec<i64> {
        (self.lock)(table).into_iter().collect()
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        let kept = || Box::new(Kept { table: table.qualified.clone(), of: self.of }) as Box<dyn Keeper>;
        self.is_kept.then(kept)
    }
}

/// Writes a row with nothing but a version; when, the table says itself.
struct Kept {
    table: String,
    of: fn(&str) -> String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let version = dialect.quote_literal(&(self.of)(change.id));
        let mut sql = format!("DELETE FROM {} WHERE version = {version};", self.table);
        if change.now == Now::Applied {
            sql.push_str(&format!("INSERT INTO {} (version) VALUES ({version});", self.table));
        }
        vec![Piece::Sql(sql)]
    }
}
