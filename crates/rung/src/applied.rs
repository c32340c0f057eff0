//! The migrations that a database has, as they were applied.

use std::path::PathBuf;
use std::sync::Arc;

use rung_engine::{Body, Driver, History, Migration, MigrationSet, Runs};
use rung_sql::{Diagnostic, SourceFile};

use crate::migrator::Error;

/// What was applied, to be run again on an empty database.
#[derive(Debug)]
pub struct AppliedSet {
    /// The migrations, in the order of application.
    pub set: MigrationSet,
    /// Those whose file is gone, or says something else now: what the history has of them is taken.
    pub from_history: Vec<String>,
}

/// The applied migrations of a history: each as its file says, where the file is what was applied, else as the history
/// has it. Checks of data are left out: an empty database has none. What a migration is recorded for without having run
/// (stamped, adopted) is taken as if it had.
///
/// # Errors
/// The database; a migration of which neither file nor history has the statements.
pub fn applied_set(set: &MigrationSet, history: &History, driver: &mut dyn Driver) -> Result<AppliedSet, Error> {
    let dialect = driver.dialect_of();
    let (mut applied, mut from_history, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for row in history.done() {
        let file = set.get(&row.id).filter(|file| file.fingerprint == row.fingerprint);
        let mut migration = match file {
            Some(file) => (**file).clone(),
            None => match driver.stored_up(&row.id)? {
                Some(text) => {
                    from_history.push(row.id.clone());
                    let place = PathBuf::from(format!("{} (as it was applied)", row.id));
                    let source = Arc::new(SourceFile::new(place, &text));
                    rung_formats::load_script(&row.id, source, dialect).map_err(Error::Files)?
                }
                None => match set.get(&row.id) {
                    // A program has no statements: what it is now is all that is known of it.
                    Some(file) if !matches!(file.body, Body::Sql(_)) => (**file).clone(),
                    _ => {
                        lost.push(gone(&row.id, set.get(&row.id).map(Arc::as_ref)));
                        continue;
                    }
                },
            },
        };
        if let Body::Sql(body) = &mut migration.body {
            body.verify.clear();
            body.expects.clear();
        }
        applied.push(migration);
    }
    if !lost.is_empty() {
        return Err(Error::Files(lost));
    }
    // What runs again has last run when all the others were there.
    applied.sort_by_key(|migration| migration.runs.again());
    for migration in &mut applied {
        // They are in order, and all of them are here.
        (migration.depends_on, migration.runs) = (None, Runs::Once);
        migration.only.clear();
    }
    let set = MigrationSet::ordered(applied, Vec::new()).map_err(Error::Files)?;
    Ok(AppliedSet { set, from_history })
}

fn gone(id: &str, file: Option<&Migration>) -> Diagnostic {
    let what = if file.is_some() { "its file says something else now" } else { "its file is gone" };
    Diagnostic::error(
        "lost",
        format!("nobody knows what {id} did: {what}, and the history does not have its statements"),
    )
    .help("put the file back as it was applied, from git or a backup")
}
