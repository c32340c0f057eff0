//! refinery: `refinery_schema_history`, with a SipHash-1-3 of name, version and text.
//!
//! Facts from its `refinery_core/src/traits/mod.rs` and `runner.rs`. The version is 32 or 64 bits, as the crate was built,
//! and the type of the column tells which; names are what stands after the `__`. Times are text.

use std::hash::{Hash, Hasher};

use rung_engine::{Change, Dialect, Keeper, Migration, MigrationSet, Now, Piece, Table};
use siphasher::sip::SipHasher13;

use crate::account::{Account, Checksum, Entry, Row, by_number, optional, text};
use crate::tool::Tool;

pub(crate) struct Refinery;

impl Tool for Refinery {
    fn name(&self) -> &'static str {
        "refinery"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["refinery_schema_history"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["version", "name", "applied_on", "checksum"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let at = dialect.utc("applied_on");
        format!("SELECT version, {at}, checksum FROM {} ORDER BY applied_on, version", table.qualified)
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let version = text(row, 0);
            let migration = by_number(set, version);
            let compare = |migration: &Migration| {
                let theirs = text(row, 2);
                match Width::BOTH.into_iter().any(|width| checksum(migration, width) == theirs) {
                    true => Checksum::Same,
                    false => Checksum::compare(theirs, &checksum(migration, Width::Narrow)),
                }
            };
            let checksum = migration.map_or(Checksum::None, compare);
            Entry { checksum, ..Entry::applied(version, migration).at(optional(row, 1)) }
        };
        Account::of(rows.iter().map(entry))
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        let kind = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case("version"));
        let is_wide = kind.is_some_and(|column| matches!(column.kind.to_lowercase().as_str(), "bigint" | "int8"));
        let width = if is_wide { Width::Wide } else { Width::Narrow };
        Some(Box::new(Kept { table: table.qualified.clone(), width }))
    }
}

/// How many bits a version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Narrow,
    Wide,
}

impl Width {
    const BOTH: [Self; 2] = [Self::Narrow, Self::Wide];
}

/// The version and the name of a file `V1__name.sql`.
fn parts(id: &str) -> Option<(i64, &str)> {
    let (version, name) = id.split_once("__")?;
    Some((version.trim_start_matches(['V', 'U']).parse().ok()?, name))
}

fn checksum(migration: &Migration, width: Width) -> String {
    let (version, name) = parts(migration.id.as_str()).unwrap_or_default();
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    match (width, i32::try_from(version)) {
        (Width::Narrow, Ok(version)) => version.hash(&mut hasher),
        _ => version.hash(&mut hasher),
    }
    String::from_utf8_lossy(&migration.source.bytes()).hash(&mut hasher);
    hasher.finish().to_string()
}

struct Kept {
    table: String,
    width: Width,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let Some((version, name)) = parts(change.id) else { return Vec::new() };
        let mut sql = format!("DELETE FROM {} WHERE version = {version};", self.table);
        if let (Now::Applied, Some(migration)) = (change.now, change.migration) {
            sql.push_str(&format!(
                "INSERT INTO {} (version, name, applied_on, checksum) VALUES ({version}, {}, {}, '{}');",
                self.table,
                dialect.quote_literal(name),
                dialect.utc(dialect.now()),
                checksum(migration, self.width)
            ));
        }
        vec![Piece::Sql(sql)]
    }
}
