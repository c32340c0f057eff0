//! SQLite's errors as the engine knows them.

use rung_engine::{DbError, DbErrorKind};
use rusqlite::ErrorCode;

/// An error of SQLite, in its own words.
pub(crate) fn convert(error: rusqlite::Error) -> DbError {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let message = message.unwrap_or_else(|| failure.to_string());
            failed(failure, message, None)
        }
        rusqlite::Error::SqlInputError { error, msg, offset, .. } => failed(error, msg, usize::try_from(offset).ok()),
        other => DbError::new(DbErrorKind::Statement, other.to_string()),
    }
}

/// Puts the file's name before an error that is about the file and not about the SQL.
pub(crate) fn name_file(place: &str, error: DbError) -> DbError {
    const FILE: [ErrorCode; 7] = [
        ErrorCode::DatabaseBusy,
        ErrorCode::ReadOnly,
        ErrorCode::SystemIoFailure,
        ErrorCode::DatabaseCorrupt,
        ErrorCode::DiskFull,
        ErrorCode::CannotOpen,
        ErrorCode::NotADatabase,
    ];
    let code = error.code.as_deref().and_then(|code| code.parse().ok());
    let is_about_file = code.is_some_and(|code| FILE.contains(&rusqlite::ffi::Error::new(code).code));
    if !is_about_file {
        return error;
    }
    DbError { message: format!("{place}: {}", error.message), ..error }
}

fn failed(failure: rusqlite::ffi::Error, message: String, offset: Option<usize>) -> DbError {
    let (kind, hint) = match failure.code {
        ErrorCode::DatabaseBusy => (DbErrorKind::LockTimeout, Some("another program is writing to the database")),
        ErrorCode::DatabaseLocked => (DbErrorKind::LockTimeout, None),
        ErrorCode::ReadOnly => (DbErrorKind::ReadOnly, Some("make the file and its directory writable for this user")),
        ErrorCode::DiskFull => (DbErrorKind::DiskFull, Some("make room on the disk, then run again")),
        ErrorCode::SystemIoFailure => (DbErrorKind::Io, None),
        ErrorCode::OperationInterrupted => (DbErrorKind::Canceled, None),
        ErrorCode::CannotOpen => (DbErrorKind::NoSuchDatabase, Some("check the path, and that this user may use it")),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => (DbErrorKind::Permission, None),
        ErrorCode::NotADatabase => (DbErrorKind::Config, Some("check the path: this file is something else")),
        ErrorCode::DatabaseCorrupt => {
            (DbErrorKind::Statement, Some("restore a backup; `PRAGMA integrity_check` tells more"))
        }
        _ => (DbErrorKind::Statement, None),
    };
    DbError {
        kind,
        // The general one says nothing that the message does not.
        code: (failure.extended_code != rusqlite::ffi::SQLITE_ERROR).then(|| failure.extended_code.to_string()),
        message,
        detail: None,
        hint: hint.map(str::to_owned),
        offset,
    }
}
