//! PostgreSQL's errors as the engine knows them.

use rung_engine::{DbError, DbErrorKind};
use rung_sql::position_to_offset;
use tokio_postgres::error::{DbError as ServerError, ErrorPosition};

use crate::connect::{ConnectError, Refusal};

/// An error of a statement. `sent` is the text of the message, for the position.
pub(crate) fn convert(error: &tokio_postgres::Error, sent: &str) -> DbError {
    match error.as_db_error() {
        Some(server) => from_server(server, sent),
        None => {
            let mut message = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                message = format!("{message}: {inner}");
                cause = inner.source();
            }
            DbError::new(DbErrorKind::ConnectionLost, format!("the connection to the server was lost: {message}"))
                .with_hint("run the same command again: it goes on from what the history says")
        }
    }
}

fn from_server(error: &ServerError, sent: &str) -> DbError {
    let offset = match error.position() {
        Some(ErrorPosition::Original(position)) => Some(position_to_offset(sent, *position as usize)),
        _ => None,
    };
    DbError {
        kind: kind(error.code().code(), error.message()),
        code: Some(error.code().code().to_owned()),
        message: error.message().to_owned(),
        detail: error.detail().map(str::to_owned),
        hint: error.hint().map(str::to_owned),
        offset,
    }
}

/// What kind an SQLSTATE is (PostgreSQL, appendix A).
fn kind(code: &str, message: &str) -> DbErrorKind {
    match code {
        "55P03" | "40P01" | "40001" => DbErrorKind::LockTimeout,
        // The one code has two causes, told apart by words only; servers that speak another language say "timeout" too.
        "57014" if message.contains("timeout") => DbErrorKind::StatementTimeout,
        "57014" => DbErrorKind::Canceled,
        "25006" => DbErrorKind::ReadOnly,
        "42501" => DbErrorKind::Permission,
        "53100" => DbErrorKind::DiskFull,
        "28P01" | "28000" => DbErrorKind::Authentication,
        "3D000" => DbErrorKind::NoSuchDatabase,
        "57P01" | "57P02" | "57P03" | "57P05" => DbErrorKind::ConnectionLost,
        code if code.starts_with("08") => DbErrorKind::ConnectionLost,
        _ => DbErrorKind::Statement,
    }
}

impl From<ConnectError> for DbErrorKind {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unreachable { .. }
            | ConnectError::TooManyConnections { .. }
            | ConnectError::NotReady { .. }
            | ConnectError::WrongKind { .. } => Self::Unreachable,
            ConnectError::Authentication { reason: Refusal::Method(_), .. } => Self::Config,
            ConnectError::Authentication { .. } => Self::Authentication,
            ConnectError::NoSuchDatabase { .. } => Self::NoSuchDatabase,
            _ => Self::Config,
        }
    }
}

/// An error of connecting.
pub(crate) fn refused(error: ConnectError) -> DbError {
    let (message, hint) = (error.to_string(), error.hint());
    let error = DbError::new(error.into(), message);
    if hint.is_empty() { error } else { error.with_hint(hint) }
}
