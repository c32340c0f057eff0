//! Scratch databases: files that go when they are done with.

use std::path::{Path, PathBuf};

use rung_engine::{DbError, DbErrorKind, Scratch, ScratchDatabase, ScratchOptions};
use rusqlite::Connection;

use crate::error::convert;
use crate::{OpenOptions, Sqlite};

/// A place for scratch databases: [`ScratchOptions::directory`].
///
/// Each is a file and not in memory, so that scripts can open it too; it waits for no disk.
///
/// # Errors
/// None; the signature is that of other databases.
pub fn scratch(options: &ScratchOptions) -> Result<Box<dyn Scratch>, DbError> {
    let directory = options.directory.clone().unwrap_or_else(|| PathBuf::from("/tmp"));
    Ok(Box::new(Place { directory, open: OpenOptions { schema: options.schema.clone(), ..OpenOptions::default() } }))
}

struct Place {
    directory: PathBuf,
    open: OpenOptions,
}

impl Scratch for Place {
    fn database(&mut self) -> Result<ScratchDatabase, DbError> {
        let cannot = |error: std::io::Error| {
            let message =
                format!("a file for trying things out can't be made in {}: {error}", self.directory.display());
            DbError::new(DbErrorKind::Io, message)
        };
        let home = tempfile::Builder::new().prefix("rung-").tempdir_in(&self.directory).map_err(cannot)?;
        let file = home.path().join("scratch.db");
        let connection = Connection::open(&file).map_err(convert)?;
        connection
            .execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF")
            .map_err(convert)?;
        let driver = Sqlite::from_connection(connection, self.open.clone())?;
        Ok(ScratchDatabase::new(Box::new(driver), url_of(&file), Box::new(home)))
    }

    fn supply(&mut self, _: &DbError) -> Result<bool, DbError> {
        Ok(false)
    }

    fn program(&self, _: &str) -> Option<PathBuf> {
        None
    }
}

fn url_of(file: &Path) -> String {
    format!("sqlite:{}", file.display().to_string().replace('%', "%25").replace('?', "%3F"))
}
