//! Liquibase: `databasechangelog(id, author, filename, md5sum)`, a row for each change set.
//!
//! Facts from its `StandardChangeLogHistoryService`, `RanChangeSet.isSameAs`, `ChangeSet.isCheckSumValid`,
//! `StandardLockService` and `LockDatabaseChangeLogGenerator`. Checksums are those of 4.22 and later, which begin with
//! `9:`; what an older one has written is not compared, as Liquibase itself replaces it. Its lock is a row, which a process
//! that was killed leaves locked.

use rung_engine::{DbError, Dialect, Driver, Migration, MigrationSet, Runs, Table};

use crate::account::{Account, Checksum, Entry, Row, is_true, optional, text};
use crate::source::named;
use crate::tool::Tool;

pub(crate) struct Liquibase;

impl Tool for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["databasechangelog", "DATABASECHANGELOG"]
    }

    fn is_its(&self, table: &Table) -> Result<(), String> {
        table.has(&["id", "author", "filename", "dateexecuted", "orderexecuted", "exectype", "md5sum"])
    }

    fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let of = |name: &str| column(table, name, dialect);
        format!(
            "SELECT {}, {}, {}, {}, {} FROM {} ORDER BY {}, {}",
            of("id"),
            of("author"),
            of("filename"),
            of("md5sum"),
            dialect.utc(&of("dateexecuted")),
            table.qualified,
            of("dateexecuted"),
            of("orderexecuted"),
        )
    }

    fn account(&self, rows: &[Row], set: &MigrationSet, _dialect: &dyn Dialect) -> Account {
        let entry = |row: &Row| {
            let (id, author, file) = (text(row, 0), text(row, 1), text(row, 2));
            let migration = meant(set, file, &format!("::{id}::{author}"));
            let checksum = migration.map_or(Checksum::None, |migration| compare(text(row, 3), migration));
            let key = format!("{file}::{id}::{author}");
            let is_to_run_again = matches!(checksum, Checksum::Differs { .. })
                && migration.is_some_and(|migration| migration.runs == Runs::WhenChanged);
            (!is_to_run_again).then(|| Entry { checksum, ..Entry::applied(key, migration).at(optional(row, 4)) })
        };
        Account::of(rows.iter().filter_map(entry))
    }

    fn holder(&self, driver: &mut dyn Driver, table: &Table) -> Result<Option<String>, DbError> {
        let name = match table.schema.as_str() {
            "" => format!("{}lock", table.name),
            schema => format!("{schema}.{}lock", table.name),
        };
        let Some(lock) = named(driver, &name)? else { return Ok(None) };
        driver.keep_others_out(&lock, &[])?;
        let dialect = driver.dialect_of();
        let of = |name: &str| column(&lock, name, dialect);
        let since = dialect.utc(&of("lockgranted"));
        let rows =
            driver.query(&format!("SELECT {}, {}, {since} FROM {}", of("locked"), of("lockedby"), lock.qualified))?;
        let held = rows.iter().find(|row| is_true(row, 0));
        Ok(held.map(|row| {
            let (who, since) = (text(row, 1), text(row, 2));
            format!("{who}, since {since}")
        }))
    }
}

/// A column, whichever case it was made in.
fn column(table: &Table, name: &str, dialect: &dyn Dialect) -> String {
    let found = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    dialect.quote_identifier(found.map_or(name, |column| &column.name))
}

/// The change set with this id and author, in the file that is meant: paths begin where Liquibase looked for them, and
/// where rung was led to. Case does not count.
fn meant<'a>(set: &'a MigrationSet, file: &str, rest: &str) -> Option<&'a Migration> {
    let file = file.strip_prefix("classpath:").unwrap_or(file).replace('\\', "/").to_lowercase();
    let file = file.trim_start_matches("./").trim_start_matches('/');
    let rest = rest.to_lowercase();
    let alike = |migration: &&Migration| {
        let id = migration.id.as_str().to_lowercase();
        let ours = id.strip_suffix(&rest)?;
        let ends =
            |long: &str, short: &str| long == short || long.strip_suffix(short).is_some_and(|head| head.ends_with('/'));
        (ends(file, ours) || ends(ours, file)).then(|| (ours == file, ours.len().min(file.len())))
    };
    let found = set.iter().map(|migration| &**migration).filter_map(|migration| Some((alike(&migration)?, migration)));
    found.max_by_key(|(alike, _)| *alike).map(|(_, migration)| migration)
}

fn compare(theirs: &str, migration: &Migration) -> Checksum {
    let [ours, others @ ..] = migration.tool_checksums.as_slice() else { return Checksum::None };
    let is_valid =
        |valid: &String| valid == theirs || valid.eq_ignore_ascii_case("any") || valid.eq_ignore_ascii_case("1:any");
    match theirs.starts_with("9:") {
        false => Checksum::None,
        true if others.iter().any(is_valid) => Checksum::Same,
        true => Checksum::compare(theirs, ours),
    }
}
