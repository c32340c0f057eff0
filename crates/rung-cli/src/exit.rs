//! Exit codes.

use std::process::ExitCode;

use rung::{DbError, DbErrorKind};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A migration, a check or the database failed.
    Failed = 1,
    /// The command, the configuration or the connection settings are wrong.
    Usage = 2,
    /// There are pending migrations (`status --exit-code`).
    Pending = 3,
    /// Files and history have come apart.
    Drift = 4,
    /// The lock was not to be had.
    Locked = 5,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The code for an error of the database.
    pub(crate) fn of(error: &DbError) -> Self {
        match error.kind {
            DbErrorKind::Locked => Self::Locked,
            DbErrorKind::Canceled => Self::Interrupted,
            DbErrorKind::Config
            | DbErrorKind::Authentication
            | DbErrorKind::NoSuchDatabase
            | DbErrorKind::NewerFormat => Self::Usage,
            _ => Self::Failed,
        }
    }
}
