//! A table of one's own: one column names migrations, and others are understood by their names.
//!
//! What a value names is an id, a file, a path to one, or a number. Columns that are read where they are there:
//! `status` (what is `completed`, `applied`, `success` or `done` counts), `success`, `applied_at` and its like, and
//! `checksum` where it is the SHA-256 of the file.

use rung_engine::{Dialect, Migration, MigrationSet, PlanError, Table};
use rung_sql::Diagnostic;
use sha2::{Digest as _, Sha256};

use crate::account::{Account, Checksum, Entry, Row, State, by_number, optional, text};
use crate::source::usage;
use crate::tools::hex;

/// Columns that may say when.
const TIMES: [&str; 10] = [
    "applied_at",
    "executed_at",
    "installed_on",
    "run_on",
    "applied_on",
    "migrated_at",
    "run_at",
    "completed_at",
    "created_at",
    "finished_at",
];

/// How a table of one's own is read.
pub(crate) struct HomeMade {
    column: String,
    time: Option<&'static str>,
    status: Option<&'static str>,
    has_checksum: bool,
}

impl HomeMade {
    /// Looks at the columns.
    ///
    /// # Errors
    /// The column is not there.
    pub(crate) fn new(column: &str, table: &Table) -> Result<Self, PlanError> {
        let find =
            |name: &str| table.columns.iter().map(|column| &column.name).find(|there| there.eq_ignore_ascii_case(name));
        let has = |name: &str| find(name).is_some();
        let Some(column) = find(column) else {
            let message = format!("the table {} has no column {column}", table.qualified);
            let error = Diagnostic::error("no-column", message);
            return Err(usage(error.help(format!("its columns: {}", table.column_names()))));
        };
        Ok(Self {
            column: column.clone(),
            time: TIMES.into_iter().find(|time| has(time)),
            status: ["status", "state", "success"].into_iter().find(|status| has(status)),
            has_checksum: has("checksum"),
        })
    }

    pub(crate) fn query(&self, table: &Table, dialect: &dyn Dialect) -> String {
        let column = dialect.quote_identifier(&self.column);
        let time = self.time.map_or_else(|| "NULL".to_owned(), |time| dialect.utc(time));
        let status = self.status.unwrap_or("NULL");
        let checksum = if self.has_checksum { "checksum" } else { "NULL" };
        format!(
            "SELECT {column}, {time}, {status}, {checksum} FROM {} ORDER BY {}, {column}",
            table.qualified,
            self.time.unwrap_or("1")
        )
    }

    pub(crate) fn account(&self, rows: &[Row], set: &MigrationSet, table: &Table) -> Account {
        let mut account = Account::default();
        for row in rows {
            let Some(name) = row.first().and_then(Option::as_deref) else { continue };
            let migration = meant(set, name);
            let state = match self.status.map_or(Stands::Done, |_| stands(text(row, 2))) {
                Stands::Done => State::Applied,
                Stands::Not => continue,
                Stands::Halfway => State::Failed(format!("its status is {}", text(row, 2))),
                Stands::Unknown => {
                    let (status, column) = (text(row, 2), self.status.unwrap_or_default());
                    let message = format!(
                        "{name} has the {column} {status:?} in {}, and it is not known what that means",
                        table.qualified
                    );
                    let error = Diagnostic::error("unknown-status", message);
                    account.errors.push(error.help(
                        "make a view that has only what is applied, and name that: `--from \"table:VIEW(COLUMN)\"`",
                    ));
                    continue;
                }
            };
            let checksum = match (migration, text(row, 3)) {
                (Some(migration), theirs) if is_sha256(theirs) => verify(theirs, migration),
                _ => Checksum::None,
            };
            account.entries.push(Entry { state, checksum, ..Entry::applied(name, migration).at(optional(row, 1)) });
        }
        account
    }
}

/// The migration that a value names.
fn meant<'a>(set: &'a MigrationSet, name: &str) -> Option<&'a Migration> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file.strip_suffix(".sql").unwrap_or(file);
    let stem = stem.strip_suffix(".up").unwrap_or(stem);
    let number = || by_number(set, stem);
    set.get(name).or_else(|| set.get(stem)).map(|migration| &**migration).or_else(number)
}

enum Stands {
    Done,
    Not,
    Halfway,
    Unknown,
}

/// What a status means.
fn stands(status: &str) -> Stands {
    match status.to_lowercase().as_str() {
        "completed" | "complete" | "applied" | "success" | "succeeded" | "done" | "up" | "t" | "true" | "1" => {
            Stands::Done
        }
        "pending" | "rolled_back" | "reverted" | "down" | "skipped" => Stands::Not,
        "running" | "failed" | "error" | "f" | "false" | "0" => Stands::Halfway,
        _ => Stands::Unknown,
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The file as it is, or with its line ends as another system has them.
fn verify(theirs: &str, migration: &Migration) -> Checksum {
    let as_it_is = hex(&Sha256::digest(migration.source.bytes()));
    let unix = migration.checksum.to_string();
    if theirs.eq_ignore_ascii_case(&unix) { Checksum::Same } else { Checksum::compare(theirs, &as_it_is) }
}
