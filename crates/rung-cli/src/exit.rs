//! Exit codes: what a script may count on. Each is decided here and nowhere else.

use std::process::ExitCode;

use rung::engine::PlanErrorKind;
use rung::{DbError, DbErrorKind};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// A migration, a check or the database failed, or the migration files are wrong.
    Failed = 1,
    /// The command or the configuration is wrong, or the database that it names can't be worked with at all: not
    /// reached, no such database, wrong password, a history from a newer rung. Nothing was begun.
    Usage = 2,
    /// There are pending migrations (`status --exit-code`).
    Pending = 3,
    /// Files and history have come apart.
    Drift = 4,
    /// The lock was not to be had.
    Locked = 5,
    /// Interrupted: between two migrations, or in one that was rolled back.
    Interrupted = 130,
}

/// The codes as the documentation has them.
pub(crate) const TABLE: [(Exit, &str); 7] = [
    (Exit::Done, "done"),
    (Exit::Failed, "a migration or a check failed"),
    (Exit::Usage, "usage, configuration or connection"),
    (Exit::Pending, "pending migrations (`status --exit-code`)"),
    (Exit::Drift, "files and history have come apart"),
    (Exit::Locked, "the lock was not to be had"),
    (Exit::Interrupted, "interrupted"),
];

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<PlanErrorKind> for Exit {
    fn from(kind: PlanErrorKind) -> Self {
        match kind {
            PlanErrorKind::Usage => Self::Usage,
            PlanErrorKind::Files => Self::Failed,
            PlanErrorKind::Drift => Self::Drift,
        }
    }
}

impl From<&DbError> for Exit {
    fn from(error: &DbError) -> Self {
        match error.kind {
            DbErrorKind::Locked => Self::Locked,
            DbErrorKind::Canceled => Self::Interrupted,
            DbErrorKind::Config
            | DbErrorKind::Unreachable
            | DbErrorKind::Authentication
            | DbErrorKind::NoSuchDatabase
            | DbErrorKind::NewerFormat => Self::Usage,
            DbErrorKind::LockTimeout
            | DbErrorKind::StatementTimeout
            | DbErrorKind::ConnectionLost
            | DbErrorKind::Permission
            | DbErrorKind::ReadOnly
            | DbErrorKind::DiskFull
            | DbErrorKind::Io
            | DbErrorKind::RefusesTransaction
            | DbErrorKind::Guard
            | DbErrorKind::KeptTable
            | DbErrorKind::Statement => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_contract() {
        let codes: Vec<u8> = TABLE.iter().map(|(exit, _)| *exit as u8).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 130]);
    }

    #[test]
    fn what_keeps_rung_from_beginning_is_2_and_what_stops_it_is_1() {
        let code = |kind| Exit::from(&DbError::new(kind, "")) as u8;
        assert_eq!(code(DbErrorKind::Unreachable), 2);
        assert_eq!(code(DbErrorKind::Authentication), 2);
        assert_eq!(code(DbErrorKind::NewerFormat), 2);
        assert_eq!(code(DbErrorKind::ConnectionLost), 1);
        assert_eq!(code(DbErrorKind::DiskFull), 1);
        assert_eq!(code(DbErrorKind::Locked), 5);
        assert_eq!(code(DbErrorKind::Canceled), 130);
    }
}
