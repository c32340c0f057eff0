//! Where a database is, as a URL or a path says it, and opening it there.

use std::path::{Path, PathBuf};

use rung_engine::{DbError, DbErrorKind};
use rusqlite::{Connection, OpenFlags};

use crate::error::{convert, name_file};

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    File { path: PathBuf, access: Access },
}

/// What may be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read it; it must be there.
    ReadOnly,
    /// Read and write it; it must be there.
    ReadWrite,
    /// Read and write it, and make it where something is written.
    Create,
}

/// Whether the file may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Create {
    Yes,
    No,
}

impl Place {
    /// Another database's file that is beside this one and ends like it: of `sqitch` and `app.db` it is `sqitch.db`.
    pub(crate) fn beside(&self, name: &str) -> Option<PathBuf> {
        let Self::File { path, .. } = self else { return None };
        let own = path.file_name()?.to_str()?;
        let ending = own.find('.').map_or("", |at| &own[at..]);
        let other = path.with_file_name(format!("{name}{ending}"));
        (other != *path && other.is_file()).then_some(other)
    }

    /// Reads `sqlite:PATH`, `sqlite://PATH`, `sqlite::memory:`, `PATH?mode=ro`, a path.
    pub(crate) fn parse(target: &str) -> Result<Self, DbError> {
        let url = target.strip_prefix("sqlite3:").or_else(|| target.strip_prefix("sqlite:"));
        let rest = url.unwrap_or(target);
        let rest = rest.strip_prefix("//").filter(|_| url.is_some()).unwrap_or(rest);
        if rest == ":memory:" {
            return Ok(Self::Memory);
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let access = match query {
            "mode=memory" => return Ok(Self::Memory),
            "" | "mode=rwc" => Access::Create,
            "mode=rw" => Access::ReadWrite,
            "mode=ro" => Access::ReadOnly,
            other => {
                return Err(DbError::new(DbErrorKind::Config, format!("SQLite does not know {other:?} in a URL"))
                    .with_hint("known is mode=ro, mode=rw, mode=rwc and mode=memory"));
            }
        };
        if path.is_empty() {
            return Err(DbError::new(DbErrorKind::Config, "the URL names no database file")
                .with_hint("write sqlite:PATH, e.g. sqlite:app.db"));
        }
        let path = if url.is_some() { percent_decoded(path) } else { path.to_owned() };
        Ok(Self::File { path: path.into(), access })
    }

    /// Lets no file be made.
    pub(crate) fn must_exist(&mut self) {
        if let Self::File { access: access @ Access::Create, .. } = self {
            *access = Access::ReadWrite;
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::File { path, .. } => Some(path),
        }
    }

    pub(crate) fn shown(&self) -> String {
        self.path().map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string())
    }

    /// Opens the database; `None` where there is none and none may be made.
    pub(crate) fn open(&self, create: Create) -> Result<Option<Connection>, DbError> {
        let (path, access) = match self {
            Self::Memory => return Connection::open_in_memory().map(Some).map_err(convert),
            Self::File { path, access } => (path, *access),
        };
        check_directory(path)?;
        if access == Access::Create && create == Create::No && !is_there(path)? {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
            | match (access, create) {
                (Access::ReadOnly, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
                (Access::Create, Create::Yes) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
                _ => OpenFlags::SQLITE_OPEN_READ_WRITE,
            };
        let connection = Connection::open_with_flags(path, flags).map_err(|error| cannot_open(path, convert(error)))?;
        // The first look at the file: one that is something else shows itself here, and not in the middle of the work.
        connection
            .query_row("PRAGMA schema_version", [], |_| Ok(()))
            .map_err(|error| name_file(&path.display().to_string(), convert(error)))?;
        Ok(Some(connection))
    }
}

fn check_directory(path: &Path) -> Result<(), DbError> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    if parent.is_dir() {
        return Ok(());
    }
    if is_there(parent)? {
        let message = format!("{} can't be opened: {} is not a directory", path.display(), parent.display());
        return Err(DbError::new(DbErrorKind::NoSuchDatabase, message).with_hint("check the path"));
    }
    let message = format!("{} can't be opened: there is no directory {}", path.display(), parent.display());
    Err(DbError::new(DbErrorKind::NoSuchDatabase, message).with_hint(format!("mkdir -p {}", parent.display())))
}

/// Whether a path leads somewhere. One that may not be looked at is not taken for one that is not there.
fn is_there(path: &Path) -> Result<bool, DbError> {
    match path.try_exists() {
        Ok(found) => Ok(found),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => {
            let kind = match error.kind() {
                std::io::ErrorKind::PermissionDenied => DbErrorKind::Permission,
                _ => DbErrorKind::NoSuchDatabase,
            };
            Err(DbError::new(kind, format!("{}: {error}", path.display())))
        }
    }
}

fn cannot_open(path: &Path, error: DbError) -> DbError {
    if path.is_dir() {
        let message = format!("{} is a directory, not a database file", path.display());
        return DbError { message, ..error }.with_hint("name a file in it");
    }
    if matches!(path.try_exists(), Ok(false)) {
        let message = format!("there is no database {}", path.display());
        return DbError { message, ..error }
            .with_hint("check the path; `rung up` makes it where the URL does not say mode=");
    }
    if std::fs::File::open(path).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied) {
        let message = format!("{} can't be opened: permission denied", path.display());
        return DbError { kind: DbErrorKind::Permission, message, ..error };
    }
    name_file(&path.display().to_string(), error)
}

/// Undoes `%20` and the like; what is no such thing is left as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Access, Place};

    #[test]
    fn targets() {
        let file = |path: &str, access| Ok(Place::File { path: path.into(), access });
        for (target, place) in [
            ("sqlite:app.db", file("app.db", Access::Create)),
            ("sqlite://app.db", file("app.db", Access::Create)),
            ("sqlite:///srv/app.db", file("/srv/app.db", Access::Create)),
            ("sqlite3:app.db", file("app.db", Access::Create)),
            ("app.db", file("app.db", Access::Create)),
            ("//srv/app.db", file("//srv/app.db", Access::Create)),
            ("sqlite:a%20b%zz.db", file("a b%zz.db", Access::Create)),
            ("a%20b.db", file("a%20b.db", Access::Create)),
            ("sqlite:app.db?mode=ro", file("app.db", Access::ReadOnly)),
            ("sqlite:app.db?mode=rw", file("app.db", Access::ReadWrite)),
            ("sqlite:app.db?mode=rwc", file("app.db", Access::Create)),
            ("sqlite::memory:", Ok(Place::Memory)),
            ("sqlite://:memory:", Ok(Place::Memory)),
            ("sqlite:app.db?mode=memory", Ok(Place::Memory)),
        ] {
            assert_eq!(Place::parse(target), place, "{target}");
        }
        for (target, message) in [
            ("sqlite:", "the URL names no database file"),
            ("sqlite:?mode=ro", "the URL names no database file"),
            ("sqlite:app.db?cache=shared", "SQLite does not know \"cache=shared\" in a URL"),
        ] {
            let error = Place::parse(target).expect_err(target);
            assert_eq!(error.message, message);
            assert!(error.hint.is_some(), "{target}");
        }
    }
}
