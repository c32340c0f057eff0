//! Why a connection could not be made.

use std::fmt;
use std::io;

/// The settings are wrong, or a file that they name is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    hint: String,
}

impl ConfigError {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// What to change.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

/// Why [`connect`](super::connect) failed. The message is one line; neither it nor anything else here has a password
/// in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The settings are wrong, or a certificate file that they name is.
    #[error(transparent)]
    Config(#[from] ConfigError),

    /// No server answered at any of the addresses.
    #[error("can't reach {}", Attempts(.attempts))]
    Unreachable {
        /// What was tried, in order; never empty.
        attempts: Vec<Attempt>,
    },

    /// TLS is asked for and was not to be had, or the server's certificate is not good.
    #[error("no TLS connection to {server}: {reason}")]
    Tls {
        /// The server.
        server: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: String,
    },

    /// The server does not let the user in.
    #[error("{server} refuses user `{user}`: {reason}")]
    Authentication {
        /// The server.
        server: String,
        /// The database user.
        user: String,
        /// Why.
        reason: Refusal,
    },

    /// There is no such database (3D000).
    #[error("{server} has no database `{database}`")]
    NoSuchDatabase {
        /// The server.
        server: String,
        /// The database.
        database: String,
    },

    /// All of the server's connection slots are taken (53300), or all that the user or the database may have.
    #[error("{server} takes no more connections: {message}")]
    TooManyConnections {
        /// The server.
        server: String,
        /// In the server's words.
        message: String,
    },

    /// The server is there and starting up, shutting down or recovering (57P03).
    #[error("{server} is not ready: {message}")]
    NotReady {
        /// The server.
        server: String,
        /// In the server's words.
        message: String,
    },

    /// Servers were reached, and none is of the kind that `target_session_attrs` asks for.
    #[error("{server} is not what target_session_attrs={wanted} asks for")]
    WrongKind {
        /// The last server that was tried.
        server: String,
        /// The kind asked for.
        wanted: &'static str,
    },

    /// The server, or a proxy before it, refused for another reason.
    #[error("{server} refuses the connection: {message}")]
    Refused {
        /// The server.
        server: String,
        /// SQLSTATE, where there is one.
        code: Option<String>,
        /// In the server's words.
        message: String,
    },
}

/// A server that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Host name, address or socket directory.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The address and the port for people.
    pub server: String,
    /// What happened, e.g. `connection refused`.
    pub reason: String,
}

/// Why a user is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The server asks for a password and none is known.
    NoPassword,
    /// The password is not the right one (28P01). Servers say so for an unknown user too.
    WrongPassword,
    /// The server has another reason (28000, most often no matching line in `pg_hba.conf`), in its words.
    Rejected(String),
    /// The server asks for a way of authenticating that is not supported, or channel binding was required and not done.
    Method(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPassword => f.write_str("it asks for a password and none was given"),
            Self::WrongPassword => f.write_str("the password is wrong or the user unknown"),
            Self::Rejected(message) | Self::Method(message) => f.write_str(message),
        }
    }
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Attempt { server, reason, .. }) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{server}: {reason}")?;
        }
        Ok(())
    }
}

impl ConnectError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> String {
        match self {
            Self::Config(error) => error.hint().to_owned(),
            Self::Unreachable { attempts } => match attempts.as_slice() {
                [Attempt { host, .. }] if host.starts_with('/') => {
                    "start the server, or name its socket's directory and port: ?host=DIRECTORY&port=PORT".to_owned()
                }
                [Attempt { host, port, .. }] => format!("check the server: pg_isready -h {host} -p {port}"),
                _ => "check the hosts and ports, and that one of the servers runs".to_owned(),
            },
            Self::Tls { hint, .. } => hint.clone(),
            Self::Authentication { reason, user, .. } => match reason {
                Refusal::NoPassword => "set PGPASSWORD or add a line to ~/.pgpass: host:port:dbname:user:password",
                Refusal::WrongPassword => "check the user, and the password in the URL, PGPASSWORD or ~/.pgpass",
                Refusal::Rejected(_) if user == "postgres" => "check the user name and the server's pg_hba.conf",
                Refusal::Rejected(_) => "name another user in the URL or PGUSER, or mend the server's pg_hba.conf",
                Refusal::Method(_) => "use a password (scram-sha-256) or a client certificate in pg_hba.conf",
            }
            .to_owned(),
            Self::NoSuchDatabase { database, .. } => format!("create it: createdb {}", shell_word(database)),
            Self::TooManyConnections { .. } => "close other connections, or raise max_connections".to_owned(),
            Self::NotReady { .. } => "try again in a moment".to_owned(),
            Self::WrongKind { .. } => "add the primary's host, or remove target_session_attrs".to_owned(),
            Self::Refused { message, .. } if message.contains("startup parameter") => {
                "remove options from the URL and PGOPTIONS: a pooler does not take them".to_owned()
            }
            Self::Refused { .. } => "see the server's log for the reason".to_owned(),
        }
    }

    /// Whether the same settings may well work in a moment: the server is down, full or starting.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TooManyConnections { .. } | Self::NotReady { .. } => true,
            // A failover: the standby that was found is about to be promoted.
            Self::WrongKind { .. } => true,
            Self::Config(_)
            | Self::Tls { .. }
            | Self::Authentication { .. }
            | Self::NoSuchDatabase { .. }
            | Self::Refused { .. } => false,
        }
    }

    /// Whether libpq would go on to the next host: this one is not there or not ready, rather than unwilling.
    pub(super) fn leaves_other_hosts(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotReady { .. } | Self::WrongKind { .. })
    }
}

/// Quotes a name for a shell where it needs to be.
fn shell_word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// An error of the system as a fragment: `connection refused`.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}
