//! PostgreSQL's errors as the engine knows them.

use rung_engine::{DbError, DbErrorKind};
use rung_sql::position_to_offset;
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

/// Where an error is; positions are in characters from one.
pub(crate) enum Place {
    /// In the message that was sent.
    Sent(usize),
    /// In a query that the server has taken out of it, as it reads it.
    Within { query: String, position: usize },
}

impl Place {
    /// Where the server says that an error is.
    pub(crate) fn of(error: &tokio_postgres::Error) -> Option<Self> {
        Some(match error.as_db_error()?.position()? {
            ErrorPosition::Original(position) => Self::Sent(*position as usize),
            ErrorPosition::Internal { position, query } => {
                Self::Within { query: query.clone(), position: *position as usize }
            }
        })
    }

    /// The byte of a text that is all that was sent; `None` where the query is not written out in it, or more than once.
    pub(crate) fn offset_in(&self, text: &str) -> Option<usize> {
        match self {
            Self::Sent(position) => Some(position_to_offset(text, *position)),
            Self::Within { query, position } => {
                // `PERFORM a FROM b` is run as `SELECT a FROM b`, and `x := a` as `SELECT a` or as it is.
                let rest = query.strip_prefix("SELECT").unwrap_or(query);
                let inner = position_to_offset(query, *position).checked_sub(query.len() - rest.len())?;
                let query = rest.trim_start();
                let inner = inner.checked_sub(rest.len() - query.len()).filter(|_| !query.is_empty())?;
                let mut places = text.match_indices(query).map(|(at, _)| at + inner);
                places.next().filter(|_| places.next().is_none())
            }
        }
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
