//! The files against the history: what was changed, what is gone.

use std::collections::HashSet;
use std::sync::Arc;

use rung_sql::Diagnostic;

use crate::history::{Applied, History, Status};
use crate::model::{Digest, Migration, MigrationSet};
use crate::plan::{PlanError, PlanErrorKind};

/// A difference between an applied migration and its file.
#[derive(Debug, Clone)]
pub enum Difference {
    /// A statement was changed after it was applied.
    Changed {
        /// The file as it is.
        migration: Arc<Migration>,
        /// The row as it was recorded.
        applied: Applied,
    },
    /// The file was reformatted, or its comments or its down were edited; what was run is the same.
    Reformatted {
        /// The file as it is.
        migration: Arc<Migration>,
    },
    /// It depends on other migrations than when it was applied.
    Dependencies {
        /// The file as it is.
        migration: Arc<Migration>,
        /// The row as it was recorded.
        applied: Applied,
    },
    /// No file has its id any more.
    Missing {
        /// The row as it was recorded.
        applied: Applied,
    },
}

impl Difference {
    /// The migration's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Changed { migration, .. }
            | Self::Reformatted { migration }
            | Self::Dependencies { migration, .. } => migration.id.as_str(),
            Self::Missing { applied } => &applied.id,
        }
    }

    /// Whether `up` refuses because of it.
    pub fn is_refused(&self) -> bool {
        !matches!(self, Self::Reformatted { .. })
    }

    /// What is wrong, and the commands that mend it; `None` where nothing is.
    pub fn error(&self) -> Option<PlanError> {
        let diagnostic = match self {
            Self::Reformatted { .. } => return None,
            Self::Changed { migration, applied } if applied.fingerprint == of_nothing() => Diagnostic::error(
                "changed",
                format!(
                    "{} had no statements yet when it was applied on {}",
                    migration.source.path().display(),
                    day(&applied.applied_at)
                ),
            )
            .help(format!("`rung resolve {} --not-done`, then `rung up` runs it", migration.id))
            .help(format!("or `rung resolve {} --accept` if the database already looks like the file", migration.id)),
            Self::Changed { migration, applied } => Diagnostic::error(
                "changed",
                format!(
                    "{} was changed after it was applied on {}",
                    migration.source.path().display(),
                    day(&applied.applied_at)
                ),
            )
            .note(format!(
                "fingerprint {} when it was applied, {} now",
                applied.fingerprint.short(),
                migration.fingerprint.short()
            ))
            .help("put the file back and write a new migration: `rung new NAME`")
            .help(format!("or `rung resolve {} --accept` if the database already looks like the file", migration.id)),
            Self::Dependencies { migration, applied } => Diagnostic::error(
                "dependencies-changed",
                format!(
                    "{} depends on {} now, and on {} when it was applied on {}",
                    migration.id,
                    list(migration.depends_on.iter().flatten().map(|dependency| dependency.value.as_str())),
                    list(applied.depends_on.iter().map(String::as_str)),
                    day(&applied.applied_at)
                ),
            )
            .help(format!(
                "put {} back; or `rung resolve {} --accept` if it is right now",
                migration.hints.dependencies(),
                migration.id
            )),
            Self::Missing { applied } => Diagnostic::error(
                "missing",
                format!("{} is applied (on {}), and its file is gone", applied.id, day(&applied.applied_at)),
            )
            .help(if applied.has_down {
                format!("restore the file; or undo it from its stored down: `rung down --only {}`", applied.id)
            } else {
                "restore the file".to_owned()
            })
            .help(format!("or `rung resolve {} --forget`: the history drops it, the schema stays", applied.id)),
        };
        Some(PlanError::new(PlanErrorKind::Drift, diagnostic))
    }
}

/// The fingerprint of a file without statements.
fn of_nothing() -> Digest {
    Digest(rung_sql::fingerprint("", &rung_sql::Syntax::POSTGRES))
}

/// Compares every applied migration with its file, in the order of application. Repeatable ones may change.
pub fn compare(set: &MigrationSet, history: &History) -> Vec<Difference> {
    // The file of what a checkpoint stands for may well be gone.
    let replaced: HashSet<&str> =
        set.iter().flat_map(|migration| &migration.replaces).map(|replaced| replaced.id.as_str()).collect();
    let is_replaced = |row: &Applied| set.get(&row.id).is_none() && replaced.contains(row.id.as_str());
    let completed = history.iter().filter(|row| row.status == Status::Completed && !is_replaced(row));
    completed.filter_map(|row| difference(set, row)).collect()
}

fn difference(set: &MigrationSet, row: &Applied) -> Option<Difference> {
    let Some(migration) = set.get(&row.id) else {
        return Some(Difference::Missing { applied: row.clone() });
    };
    if migration.runs.again() {
        return None;
    }
    let migration = Arc::clone(migration);
    if migration.fingerprint != row.fingerprint {
        return Some(Difference::Changed { migration, applied: row.clone() });
    }
    if migration.checksum == row.checksum {
        return None;
    }
    let mut now: Vec<&str> = migration.depends_on.iter().flatten().map(|d| d.value.as_str()).collect();
    let mut then: Vec<&str> = row.depends_on.iter().map(String::as_str).collect();
    now.sort_unstable();
    then.sort_unstable();
    if now != then {
        return Some(Difference::Dependencies { migration, applied: row.clone() });
    }
    Some(Difference::Reformatted { migration })
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.collect();
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

/// The day of an RFC 3339 time.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}
