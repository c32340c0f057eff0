//! Migrations that had another id before: their directory was written anew, and every database's history still has the
//! old ids. It is read as the files are called now, and whatever writes it next writes that as well.

use std::borrow::Cow;
use std::sync::Arc;

use crate::history::{Applied, History};
use crate::model::{Digest, Migration, MigrationSet};
use crate::record::{Actor, Direction, Record, Took};
use crate::unit::file_name;

/// What a migration was called, from its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// Its id then.
    pub id: String,
    /// Its fingerprint then, where that is not what it is now: of the same statements, before values were filled in.
    pub fingerprint: Option<Digest>,
}

/// A row of the history whose migration has another id now, or its values filled in.
#[derive(Debug, Clone)]
pub struct Renamed {
    /// The id that the history has.
    pub from: String,
    /// The row as it is to be.
    pub row: Applied,
    /// The migration.
    pub migration: Arc<Migration>,
}

/// The history with the ids that its migrations have now, and what has to be written for that. A row keeps its former id
/// where a file still has that, or the history has the new one as well.
pub fn renamed<'a>(set: &MigrationSet, history: &'a History) -> (Cow<'a, History>, Vec<Renamed>) {
    let mut found = Vec::new();
    for migration in set.iter() {
        let Some(former) = &migration.former else { continue };
        // The id may be what it was, where nothing but its values was filled in.
        let is_filled =
            |row: &Applied| former.fingerprint == Some(row.fingerprint) && row.fingerprint != migration.fingerprint;
        let is_free = match former.id == migration.id.as_str() {
            true => history.get(&former.id).is_some_and(is_filled),
            false => set.get(&former.id).is_none() && history.get(migration.id.as_str()).is_none(),
        };
        if let Some(row) = history.get(&former.id).filter(|_| is_free) {
            let row = now(row, former, migration);
            found.push(Renamed { from: former.id.clone(), row, migration: Arc::clone(migration) });
        }
    }
    if found.is_empty() {
        return (Cow::Borrowed(history), found);
    }
    let row =
        |row: &Applied| found.iter().find(|one| one.from == row.id).map_or_else(|| row.clone(), |one| one.row.clone());
    (Cow::Owned(History::new(history.iter().map(row).collect())), found)
}

/// The row as it is now. What was run is what the file has, unless the fingerprint says otherwise: then it stays as it is,
/// and is a change like any other.
fn now(row: &Applied, former: &Former, migration: &Migration) -> Applied {
    let mut row = Applied { id: migration.id.to_string(), ..row.clone() };
    if row.fingerprint == former.fingerprint.unwrap_or(migration.fingerprint) {
        row.fingerprint = migration.fingerprint;
        row.checksum = migration.checksum;
        row.depends_on = migration.depends_on.iter().flatten().map(|id| id.value.clone()).collect();
    }
    row
}

impl Renamed {
    /// What is written.
    pub(crate) fn records(&self, actor: &Actor) -> [Record; 2] {
        let rename = Record::Rename {
            from: self.from.clone(),
            to: self.row.id.clone(),
            version: self.migration.version.number(),
            name: self.migration.id.name().to_owned(),
            source: file_name(&self.migration),
            checksum: self.row.checksum.to_string(),
            fingerprint: self.row.fingerprint.to_string(),
            depends_on: self.row.depends_on.clone(),
        };
        let log = Record::Log {
            id: self.row.id.clone(),
            direction: Direction::Rename,
            status: self.row.status,
            took: Took::Unknown,
            error: None,
            actor: actor.clone(),
            statements_done: None,
        };
        [rename, log]
    }
}
