//! Flyway: `flyway_schema_history`, a row for whatever was done, with a CRC-32 of the file's lines.
//!
//! Facts from its `PostgreSQLDatabase`, `SQLiteDatabase`, `JdbcTableSchemaHistory`, `ChecksumCalculator`,
//! `SqlMigrationResolver`, `CoreMigrationType`, `PostgreSQLConnection.lock` and `PostgreSQLAdvisoryLockTemplate`. A
//! repeatable migration's checksum is of the text with its placeholders filled in.

use rung_engine::{Change, Dialect, Keeper, Migration, MigrationSet, Now, Piece, Runs, Table, Version};

use super::{crc32, java_hash};
use crate::account::{Account, Checksum, Entry, Row, State, is_true, optional, text};
use crate::tool::Tool;

pub(crate) struct Flyway;

impl Tool for Flyway {
    fn name(&self) -> &'static str {
        "flyway"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["flyway_schema_history", "schema_version"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["installed_rank", "version", "description", "type", "script", "checksum", "success"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        format!(
            "SELECT version, type, script, checksum, {}, execution_time, success, description FROM {} ORDER BY installed_rank",
            dialect.utc("installed_on"),
            table.qualified
        )
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let mut account = Account::default();
        for row in rows {
            let (version, kind, script) = (optional(row, 0), text(row, 1), text(row, 2));
            let ends = |entry: &Entry| entry.key == key(version.as_deref(), text(row, 7));
            match kind {
                // The row that says that Flyway made the schema.
                "SCHEMA" => {}
                "BASELINE" => {
                    let version = version.as_deref().and_then(Version::dotted);
                    let below =
                        set.iter().filter(|migration| version.as_ref().is_some_and(|at| is_up_to(migration, at)));
                    account.entries.extend(
                        below.map(|migration| {
                            Entry::applied(migration.id.as_str(), Some(migration)).at(optional(row, 4))
                        }),
                    );
                }
                // Undone, or taken out by `repair`: as if it had never been.
                "DELETE" => account.entries.retain(|entry| !ends(entry)),
                _ if kind.starts_with("UNDO") => {
                    if is_true(row, 6) {
                        account.entries.retain(|entry| !ends(entry));
                    }
                }
                _ => {
                    let entry = entry(row, set, version.as_deref(), script);
                    // Of a repeatable migration the last time counts.
                    account.entries.retain(|other| other.key != entry.key);
                    if !is_to_run_again(&entry, set) {
                        account.entries.push(entry);
                    }
                }
            }
        }
        account
    }

    fn locks(&self, table: &Table) -> Vec<i64> {
        /// "Flyway", a byte each, with the first in a place of its own.
        const MAGIC: i64 = (0x46 << 40) + (0x6c << 32) + (0x79 << 24) + (0x77 << 16) + (0x61 << 8) + 0x79;
        vec![MAGIC + i64::from(java_hash(&format!("\"{}\".\"{}\"", table.schema, table.name)))]
    }

    fn keeper(&self, table: &Table) -> Option<Box<dyn Keeper>> {
        Some(Box::new(Kept { table: table.qualified.clone() }))
    }
}

fn key(version: Option<&str>, description: &str) -> String {
    version.map_or_else(|| description.to_owned(), str::to_owned)
}

fn is_up_to(migration: &Migration, version: &Version) -> bool {
    matches!(migration.version, Version::Number(_) | Version::Dotted(_)) && migration.version <= *version
}

fn entry(row: &Row, set: &MigrationSet, version: Option<&str>, script: &str) -> Entry {
    let stem = script.rsplit(['/', '\\']).next().unwrap_or(script);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let of_version = || {
        let version = Version::dotted(version?)?;
        let mut same = set.iter().filter(|migration| migration.version == version);
        same.find(|migration| !migration.id.as_str().starts_with('B'))
    };
    let migration = set.get(stem).or_else(of_version).map(|migration| &**migration);
    let failed = || State::Failed("Flyway says that it did not succeed".to_owned());
    Entry {
        took: text(row, 5).parse().ok(),
        state: if is_true(row, 6) { State::Applied } else { failed() },
        checksum: match (migration, text(row, 3)) {
            (None, _) | (_, "") => Checksum::None,
            (Some(migration), theirs) => compare(theirs, migration),
        },
        ..Entry::applied(key(version, text(row, 7)), migration).at(optional(row, 4))
    }
}

/// Of a repeatable migration both will do: that of its text, and with placeholders filled in.
fn compare(theirs: &str, migration: &Migration) -> Checksum {
    let is_filled = migration.tool_checksums.iter().any(|filled| filled == theirs);
    let of_file = || Checksum::compare(theirs, &checksum(migration.source.text()).to_string());
    if is_filled { Checksum::Same } else { of_file() }
}

/// Whether it is a repeatable migration that has been changed since: it is pending, and Flyway would run it as well.
fn is_to_run_again(entry: &Entry, set: &MigrationSet) -> bool {
    let is_repeatable =
        || entry.id.as_deref().and_then(|id| set.get(id)).is_some_and(|migration| migration.runs == Runs::WhenChanged);
    matches!(entry.checksum, Checksum::Differs { .. }) && is_repeatable()
}

/// The CRC-32 of a file's lines without their ends, as Java's `int`.
fn checksum(text: &str) -> i32 {
    let lines: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    crc32(&lines).cast_signed()
}

struct Kept {
    table: String,
}

impl Keeper for Kept {
    fn write(&self, change: &Change<'_>, dialect: &dyn Dialect) -> Vec<Piece> {
        let text = |text: &str| dialect.quote_literal(text);
        let (prefix, name) = change.id.split_once("__").unwrap_or((change.id, ""));
        let description = name.replace('_', " ");
        let number = prefix.trim_start_matches(|c: char| !c.is_ascii_digit()).replace('_', ".");
        // A callback is no row of Flyway's.
        let is_repeatable = || prefix == "R" || change.migration.is_some_and(|found| found.runs == Runs::WhenChanged);
        if number.is_empty() && !is_repeatable() {
            return Vec::new();
        }
        let version = if number.is_empty() { "NULL".to_owned() } else { text(&number) };
        let which = match number.is_empty() {
            true => format!("version IS NULL AND description = {}", text(&description)),
            false => format!("version = {version}"),
        };
        let delete = Piece::Sql(format!("DELETE FROM {} WHERE {which};", self.table));
        let (Now::Applied, Some(migration)) = (change.now, change.migration) else { return vec![delete] };
        let kind = if prefix.starts_with('B') { "SQL_BASELINE" } else { "SQL" };
        let of_path = || migration.source.path().file_name().map(|name| name.to_string_lossy().into_owned());
        let script = migration.tool_name.clone().or_else(of_path);
        let insert = format!(
            "INSERT INTO {0} (installed_rank, version, description, type, script, checksum, installed_by, success, \
             execution_time) SELECT coalesce(max(installed_rank), 0) + 1, {version}, {1}, '{kind}', {2}, {3}, {4}, true, ",
            self.table,
            text(&description),
            text(&script.unwrap_or_default()),
            checksum_kept(migration),
            dialect.session_user(),
        );
        let took = Piece::Took { took: change.took, nanoseconds: false };
        vec![delete, Piece::Sql(insert), took, Piece::Sql(format!(" FROM {};", self.table))]
    }
}

/// What Flyway would have written: of a repeatable migration, the checksum with placeholders filled in.
fn checksum_kept(migration: &Migration) -> String {
    migration.tool_checksums.first().cloned().unwrap_or_else(|| checksum(migration.source.text()).to_string())
}
