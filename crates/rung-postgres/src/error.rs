//! PostgreSQL's errors as the engine knows them.

use rung_engine::{DbError, DbErrorKind};
use tokio_postgres::error::{DbError as ServerError, ErrorPosition, SqlState};

use crate::connect::{ConnectError, Refusal};

/// An error of a connection that stood: the server's own, or that it is gone.
pub(crate) fn from_driver(error: &tokio_postgres::Error) -> DbError {
    if let Some(server) = error.as_db_error() {
        return from_server(server);
    }
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    DbError::new(DbErrorKind::ConnectionLost, format!("the connection to the server was lost: {message}"))
}

/// Where in the message that was sent an error is, in characters from one.
pub(crate) fn position(error: &tokio_postgres::Error) -> Option<usize> {
    match error.as_db_error()?.position()? {
        ErrorPosition::Original(position) => Some(*position as usize),
        ErrorPosition::Internal { .. } => None,
    }
}

fn from_server(error: &ServerError) -> DbError {
    // The context leads to the line of a function that failed; there is no other place to keep it.
    let detail: Vec<&str> = error.detail().into_iter().chain(error.where_()).collect();
    DbError {
        kind: kind(error.code(), error.message()),
        code: Some(error.code().code().to_owned()),
        message: error.message().to_owned(),
        detail: (!detail.is_empty()).then(|| detail.join("\n")),
        hint: error.hint().map(str::to_owned),
        offset: None,
    }
}

/// What kind an SQLSTATE is (PostgreSQL, appendix A).
fn kind(state: &SqlState, message: &str) -> DbErrorKind {
    match state.code() {
        "55P03" | "40P01" | "40001" => DbErrorKind::LockTimeout,
        // One code for two causes, told apart by words only. What we asked for ourselves is known to the caller; for the
        // rest, a server that speaks another language is taken to mean its timeout.
        "57014" if message.ends_with("user request") => DbErrorKind::Canceled,
        "57014" => DbErrorKind::StatementTimeout,
        "25006" => DbErrorKind::ReadOnly,
        "42501" => DbErrorKind::Permission,
        "53100" => DbErrorKind::DiskFull,
        "58030" => DbErrorKind::Io,
        // invalid_transaction_termination, active_sql_transaction
        "2D000" | "25001" => DbErrorKind::RefusesTransaction,
        "28P01" | "28000" => DbErrorKind::Authentication,
        "3D000" => DbErrorKind::NoSuchDatabase,
        // The server ends the session: shut down, crashed, or idle or in a transaction for too long.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" => DbErrorKind::ConnectionLost,
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
