//! Connecting to PostgreSQL as `psql` would: the same URLs, conninfo strings, services, `PG*` variables, password
//! files and TLS modes (PostgreSQL 34.1 and 34.15 to 34.19).
//!
//! [`Settings::resolve`] gathers them once, from what it is given and from files, never from the process environment;
//! [`connect`] goes through the hosts. Both are apart so that a program can say where it is about to connect.

mod address;
mod attempt;
mod cancel;
mod certificate;
mod conninfo;
mod environment;
mod error;
mod host;
mod keyword;
mod parameters;
mod passfile;
mod service;
mod settings;
mod stream;
mod tls;
mod tls_settings;
mod url;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use address::Address;
pub use cancel::Cancel;
pub use environment::Environment;
pub use error::{Attempt, ConfigError, ConnectError, Refusal};
use host::{Host, Place};
use settings::ServerKind;
pub use settings::Settings;
pub use stream::Stream;
use tls::Tls;
use tls_settings::TlsMode;

/// The half of a connection that moves bytes: a future that ends with the connection, or, polled by
/// [`poll_message`](tokio_postgres::Connection::poll_message), a source of notices.
pub type Connection = tokio_postgres::Connection<Stream, Stream>;

/// A connection that stands.
pub struct Connected {
    /// Sends statements. Does nothing unless `connection` is polled.
    pub client: Client,
    /// Moves the bytes, and yields the server's notices.
    pub connection: Connection,
    /// The process id that the server told in the handshake. A pooler makes one up, so that it differs from
    /// `pg_backend_pid()`. `None` where the server told none.
    pub handshake_pid: Option<i32>,
    /// The server's version in its words, e.g. `15.18 (Debian 15.18-0+deb12u1)`; empty where it told none.
    pub server_version: String,
    /// The version as a number that orders: 150018 for 15.18; 0 where it is not known.
    pub server_version_number: u32,
    /// The server that was reached, for people: `db.internal:5432`.
    pub server: String,
    /// Stops the running statement.
    pub cancel: Cancel,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected")
            .field("server", &self.server)
            .field("server_version", &self.server_version)
            .field("handshake_pid", &self.handshake_pid)
            .finish_non_exhaustive()
    }
}

/// Connects to the first server that is there, ready and of the kind asked for; every address of every host is tried,
/// each for as long as `connect_timeout` allows. Needs a tokio runtime with I/O and time.
///
/// A server that refuses the user or the database ends the search, as with libpq.
///
/// # Errors
/// Why none was to be had. With several failures: the addresses that did not answer, together, unless one of the
/// servers was there and not ready or of another kind.
pub async fn connect(settings: &Settings) -> Result<Connected, ConnectError> {
    let over_tcp = settings.hosts.iter().any(|host| matches!(host.place, Place::Tcp { .. }));
    let tls = match settings.tls.mode {
        TlsMode::Disable => None,
        _ if !over_tcp => None,
        _ => Some(Tls::new(&settings.tls, settings.channel_binding)?),
    };
    let mut failures = Failures::default();
    for kind in settings.server_kind.passes() {
        for host in &settings.hosts {
            let addresses = match Address::all_of(host).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    failures.add(attempt::unreachable(host, error.to_string()))?;
                    continue;
                }
            };
            for address in &addresses {
                let attempt = async {
                    let mut connected = attempt::connect_to(settings, host, address, tls.as_ref()).await?;
                    check_kind(*kind, &mut connected).await?;
                    Ok(connected)
                };
                match within(settings.connect_timeout, host, attempt).await {
                    Ok(connected) => return Ok(connected),
                    Err(error) => failures.add(error)?,
                }
            }
        }
    }
    Err(failures.into_error())
}

/// What went wrong so far, and did not end the search.
#[derive(Default)]
struct Failures {
    attempts: Vec<Attempt>,
    other: Option<ConnectError>,
}

impl Failures {
    /// Gives back an error that ends the search.
    fn add(&mut self, error: ConnectError) -> Result<(), ConnectError> {
        match error {
            ConnectError::Unreachable { attempts } => {
                for attempt in attempts {
                    // `localhost` has two addresses that fail alike.
                    if !self.attempts.contains(&attempt) {
                        self.attempts.push(attempt);
                    }
                }
            }
            error if error.leaves_other_hosts() => self.other = Some(error),
            error => return Err(error),
        }
        Ok(())
    }

    fn into_error(self) -> ConnectError {
        self.other.unwrap_or(ConnectError::Unreachable { attempts: self.attempts })
    }
}

async fn within<T>(
    limit: Option<Duration>,
    host: &Host,
    attempt: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let Some(limit) = limit else { return attempt.await };
    match tokio::time::timeout(limit, attempt).await {
        Ok(result) => result,
        Err(_) => Err(attempt::unreachable(host, format!("no answer within {} s", limit.as_secs()))),
    }
}

impl ServerKind {
    /// The kinds to go through the hosts for, one after the other.
    fn passes(self) -> &'static [Self] {
        match self {
            Self::Any => &[Self::Any],
            Self::ReadWrite => &[Self::ReadWrite],
            Self::ReadOnly => &[Self::ReadOnly],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
            Self::PreferStandby => &[Self::Standby, Self::Any],
        }
    }
}

/// Asks the server what it is, where that matters.
async fn check_kind(kind: ServerKind, connected: &mut Connected) -> Result<(), ConnectError> {
    if kind == ServerKind::Any {
        return Ok(());
    }
    let query = connected.client.simple_query(
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'",
    );
    let connection = &mut connected.connection;
    let messages = tokio::select! {
        messages = query => messages,
        () = async { while let Some(Ok(_)) = poll_fn(|cx| connection.poll_message(cx)).await {} } => Ok(Vec::new()),
    };
    let row = messages.ok().and_then(|messages| {
        messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0) == Some("t"), row.get(1) == Some("t"))),
            _ => None,
        })
    });
    let Some((in_recovery, read_only)) = row else {
        return Err(ConnectError::Refused {
            server: connected.server.clone(),
            code: None,
            message: "it does not say whether it can be written to".to_owned(),
        });
    };
    let fits = match kind {
        ServerKind::Any | ServerKind::PreferStandby => true,
        ServerKind::ReadWrite => !in_recovery && !read_only,
        ServerKind::ReadOnly => in_recovery || read_only,
        ServerKind::Primary => !in_recovery,
        ServerKind::Standby => in_recovery,
    };
    if fits { Ok(()) } else { Err(ConnectError::WrongKind { server: connected.server.clone(), wanted: kind.word() }) }
}

/// `15.18 (Debian ...)` as 150018, `9.6.24` as 90624, `18beta1` as 180000.
fn version_number(version: &str) -> u32 {
    let mut numbers = version.split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse::<u32>().unwrap_or(0)
    });
    let mut next = || numbers.next().unwrap_or(0);
    match next() {
        major @ 10.. => major * 10_000 + next(),
        major => major * 10_000 + next() * 100 + next(),
    }
}
