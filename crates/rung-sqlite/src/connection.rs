//! Opening a database file, and only then when it is needed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rung_engine::{DbError, DbErrorKind};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::convert;

/// How to open a database.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The prefix of rung's own tables, without its `_`.
    pub schema: String,
    /// The machine's name, for other deployers to see.
    pub host: String,
    /// Whether foreign keys are enforced. Stock SQLite does not, and scripts written for it may count on that.
    pub foreign_keys: bool,
    /// How long a statement waits for another program's write.
    pub busy_timeout: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            schema: "rung".to_owned(),
            host: String::new(),
            foreign_keys: false,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    File(PathBuf),
    ReadOnly(PathBuf),
}

impl Place {
    /// Reads `sqlite:PATH`, `sqlite://PATH`, `sqlite::memory:`, `PATH?mode=ro`, a path.
    pub(crate) fn parse(target: &str) -> Result<Self, DbError> {
        let rest = target.strip_prefix("sqlite3:").or_else(|| target.strip_prefix("sqlite:")).unwrap_or(target);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        if rest == ":memory:" {
            return Ok(Self::Memory);
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() {
            return Err(DbError::new(DbErrorKind::Config, "the URL names no database file")
                .with_hint("write sqlite:PATH, e.g. sqlite:app.db"));
        }
        match query {
            "" | "mode=rwc" | "mode=rw" => Ok(Self::File(path.into())),
            "mode=ro" => Ok(Self::ReadOnly(path.into())),
            "mode=memory" => Ok(Self::Memory),
            other => Err(DbError::new(DbErrorKind::Config, format!("SQLite does not know {other:?} in a URL"))
                .with_hint("known is mode=ro, mode=rw, mode=rwc and mode=memory")),
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::File(path) | Self::ReadOnly(path) => Some(path),
        }
    }

    pub(crate) fn shown(&self) -> String {
        self.path().map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string())
    }
}

/// Whether the file may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Yes,
    No,
}

/// Opens the database; `None` where there is none and none may be made.
pub(crate) fn connect(place: &Place, create: Create, options: &OpenOptions) -> Result<Option<Connection>, DbError> {
    let base = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let (path, flags) = match place {
        Place::Memory => {
            return Connection::open_in_memory().map_err(convert).and_then(|c| set_up(c, options)).map(Some);
        }
        Place::ReadOnly(path) => (path, base | OpenFlags::SQLITE_OPEN_READ_ONLY),
        Place::File(path) => {
            if create == Create::No && !path.exists() {
                return Ok(None);
            }
            (path, base | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
        }
    };
    let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, convert(error)))?;
    // The first look at the file: a file that is something else shows itself here.
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(|error| name_file(path, convert(error)))?;
    set_up(connection, options).map(Some)
}

fn set_up(connection: Connection, options: &OpenOptions) -> Result<Connection, DbError> {
    connection.busy_timeout(options.busy_timeout).map_err(convert)?;
    // Bundled builds default to enforcing; what holds here is chosen, not inherited.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, options.foreign_keys).map_err(convert)?;
    Ok(connection)
}

fn cannot_open(path: &Path, error: DbError) -> DbError {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        let message = format!("{} can't be opened: there is no directory {}", path.display(), parent.display());
        return DbError { message, ..error }.with_hint(format!("`mkdir -p {}`", parent.display()));
    }
    if path.is_dir() {
        return DbError { message: format!("{} is a directory", path.display()), ..error };
    }
    name_file(path, error)
}

fn name_file(path: &Path, error: DbError) -> DbError {
    DbError { message: format!("{}: {}", path.display(), error.message), ..error }
}
