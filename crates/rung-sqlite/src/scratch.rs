//! Scratch databases: files that go when they are done with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rung_engine::{Clearing, DbError, DbErrorKind, Scratch, ScratchDatabase, ScratchOptions, Testimony};
use rusqlite::Connection;
use tempfile::TempDir;

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
    Ok(Box::new(Place {
        directory,
        open: OpenOptions { schema: options.schema.clone(), ..OpenOptions::default() },
        homes: Homes::default(),
    }))
}

/// What every scratch database is before anything is done on it, as a text: the same text, the same databases.
pub fn scratch_identity() -> String {
    format!("SQLite {}", rusqlite::version())
}

/// What the pragmas say of tables, columns, indexes and foreign keys, and which views and triggers there are.
const WITNESS: &str = "WITH t AS (SELECT * FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN (OWN)) \
    SELECT concat_ws(' ', 'column', lower(t.name), lower(c.name), lower(c.type), c.\"notnull\", c.pk, c.hidden, t.wr, t.strict, \
      trim(c.dflt_value, '() ')) AS line FROM t, pragma_table_xinfo(t.name) AS c \
    UNION ALL SELECT concat_ws(' ', 'index', lower(t.name), iif(i.origin = 'c', lower(i.name), ''), i.\"unique\", i.origin, i.partial, \
      (SELECT group_concat(concat_ws(' ', lower(x.name), x.\"desc\", lower(x.coll))) FROM pragma_index_xinfo(i.name) AS x WHERE x.key)) \
      FROM t, pragma_index_list(t.name) AS i \
    UNION ALL SELECT concat_ws(' ', 'foreign key', lower(t.name), lower(f.\"from\"), lower(f.\"table\"), lower(coalesce(f.\"to\", \
      (SELECT k.name FROM pragma_table_info(f.\"table\") AS k WHERE k.pk = f.seq + 1))), f.seq, f.on_update, \
      f.on_delete, f.match) FROM t, pragma_foreign_key_list(t.name) AS f \
    UNION ALL SELECT concat_ws(' ', type, lower(name), lower(tbl_name)) FROM main.sqlite_schema \
      WHERE type IN ('view', 'trigger') AND tbl_name NOT IN (OWN) AND name NOT IN (OWN) \
    ORDER BY line";

struct Place {
    directory: PathBuf,
    open: OpenOptions,
    homes: Homes,
}

/// The directories of the databases that are there.
type Homes = Arc<Mutex<BTreeSet<PathBuf>>>;

/// A directory that goes with its database.
struct Home {
    directory: TempDir,
    homes: Homes,
}

impl Drop for Home {
    fn drop(&mut self) {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner).remove(self.directory.path());
    }
}

impl Place {
    /// A database with all that a file has.
    fn with_content_of(&self, original: Option<&Path>) -> Result<ScratchDatabase, DbError> {
        let cannot = |error: std::io::Error| {
            let message =
                format!("a file for trying things out can't be made in {}: {error}", self.directory.display());
            DbError::new(DbErrorKind::Io, message)
        };
        let directory = tempfile::Builder::new().prefix("rung-").tempdir_in(&self.directory).map_err(cannot)?;
        self.homes.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.path().to_owned());
        let home = Home { directory, homes: Arc::clone(&self.homes) };
        let file = home.directory.path().join("scratch.db");
        if let Some(original) = original {
            std::fs::copy(original, &file).map_err(cannot)?;
        }
        let connection = Connection::open(&file).map_err(convert)?;
        connection
            .execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF")
            .map_err(convert)?;
        let driver = Sqlite::from_connection(connection, self.open.clone())?;
        Ok(ScratchDatabase::new(Box::new(driver), url_of(&file), Box::new(home)))
    }
}

impl Scratch for Place {
    fn database(&self) -> Result<ScratchDatabase, DbError> {
        self.with_content_of(None)
    }

    fn copy(&self, of: &mut ScratchDatabase) -> Result<ScratchDatabase, DbError> {
        // Between two statements all of it is in the file: its journal is in memory.
        let rows = of.driver.query("SELECT file FROM pragma_database_list WHERE name = 'main'")?;
        let file = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        self.with_content_of(Some(Path::new(&file)))
    }

    fn supply(&self, _: &DbError) -> Result<bool, DbError> {
        Ok(false)
    }

    fn instead(&self, _: &str) -> Option<String> {
        None
    }

    fn witness(&self, database: &mut ScratchDatabase) -> Result<Option<Testimony>, DbError> {
        let own = crate::tables::own_names(&self.open.schema);
        let rows = database.driver.query(&WITNESS.replace("OWN", &own))?;
        Ok(Some(Testimony::new(move || Ok(rows.into_iter().flatten().flatten().collect()))))
    }

    fn program(&self, _: &str) -> Option<PathBuf> {
        None
    }

    fn clearing(&self) -> Clearing {
        let homes = Arc::downgrade(&self.homes);
        Box::new(move || {
            for home in
                homes.upgrade().iter().flat_map(|homes| homes.lock().unwrap_or_else(PoisonError::into_inner).clone())
            {
                let _ = std::fs::remove_dir_all(home);
            }
        })
    }
}

fn url_of(file: &Path) -> String {
    format!("sqlite:{}", file.display().to_string().replace('%', "%25").replace('?', "%3F"))
}
