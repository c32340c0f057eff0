//! One attempt at one address.

use std::error::Error as _;
use std::io;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::config::{ChannelBinding as Binding, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config};

use super::address::{Address, Socket};
use super::cancel::{Cancel, CancelRequest, CancelTls};
use super::certificate;
use super::error::{Attempt, ConnectError, Refusal, reason};
use super::host::Host;
use super::settings::{ChannelBinding, Settings};
use super::stream::{AsItIs, Stream, Transport};
use super::tls::{SSL_REQUEST, Tls, server_name};
use super::tls_settings::{TlsMode, TlsNegotiation};
use super::{Connected, Connection, version_number};

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    No,
    IfOffered,
    Yes,
}

/// Connects to a host at one of its addresses, with or without TLS as `sslmode` has it.
pub(super) async fn connect_to(
    settings: &Settings,
    host: &Host,
    address: &Address,
    tls: Option<&Tls>,
) -> Result<Connected, ConnectError> {
    let (first, second) = match (address, settings.tls.mode) {
        // A Unix socket never leaves the machine, and libpq ignores sslmode there.
        (Address::Unix(_), _) | (_, TlsMode::Disable) => (Encryption::No, None),
        (_, TlsMode::Allow) => (Encryption::No, Some(Encryption::Yes)),
        (_, TlsMode::Prefer) => (Encryption::IfOffered, Some(Encryption::No)),
        (_, TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull) => (Encryption::Yes, None),
    };
    let attempt = |encryption| begin(settings, host, address, tls, encryption);
    let error = match attempt(first).await {
        Ok(connected) => return Ok(connected),
        Err(error) => error,
    };
    match second {
        Some(second) if depends_on_encryption(&error) => match attempt(second).await {
            // Neither way is open: the first says why the preferred one is not.
            Err(other) if depends_on_encryption(&other) => Err(error),
            result => result,
        },
        _ => Err(error),
    }
}

/// Whether the other kind of connection may fare better: `pg_hba.conf` tells them apart, with 28000.
fn depends_on_encryption(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Tls { .. } | ConnectError::Authentication { reason: Refusal::Rejected(_), .. })
}

async fn begin(
    settings: &Settings,
    host: &Host,
    address: &Address,
    tls: Option<&Tls>,
    encryption: Encryption,
) -> Result<Connected, ConnectError> {
    let context = Context { settings, host };
    let socket = address.connect(settings.keepalive.as_ref()).await.map_err(|error| context.unreachable(&error))?;
    let mut cancel_tls = None;
    let transport = match (socket, tls) {
        (Socket::Unix(socket), _) => Transport::Unix(socket),
        (Socket::Tcp(mut socket), Some(tls)) if encryption != Encryption::No => {
            let name = server_name(&host.name())?;
            if context.negotiate(&mut socket, encryption).await? == Answer::Tls {
                let encrypted =
                    tls.start(socket, &host.name()).await.map_err(|error| context.handshake(&error, &name))?;
                cancel_tls = Some(CancelTls {
                    config: tls.config.clone(),
                    server_name: name,
                    negotiation: settings.tls.negotiation,
                });
                Transport::Tls(Box::new(encrypted))
            } else {
                Transport::Tcp(socket)
            }
        }
        (Socket::Tcp(socket), _) => Transport::Tcp(socket),
    };
    let (client, connection) =
        startup(settings, host, Stream(transport)).await.map_err(|error| context.explain(&error))?;
    let request = CancelRequest::of(&client).await;
    let server_version = connection.parameter("server_version").unwrap_or_default().to_owned();
    Ok(Connected {
        client,
        connection,
        handshake_pid: request.map(CancelRequest::process_id),
        server_version_number: version_number(&server_version),
        server_version,
        server: host.shown(),
        cancel: Cancel::new(address.clone(), cancel_tls, request),
    })
}

/// The startup message, authentication and the server's greeting.
async fn startup(
    settings: &Settings,
    host: &Host,
    stream: Stream,
) -> Result<(Client, Connection), tokio_postgres::Error> {
    let mut config = Config::new();
    config
        .user(&settings.user)
        .dbname(&settings.database)
        .application_name(&settings.application_name)
        .ssl_mode(SslMode::Require)
        .ssl_negotiation(SslNegotiation::Direct)
        .channel_binding(match settings.channel_binding {
            ChannelBinding::Disable => Binding::Disable,
            ChannelBinding::Prefer => Binding::Prefer,
            ChannelBinding::Require => Binding::Require,
        });
    if let Some(options) = &settings.options {
        config.options(options);
    }
    if let Some(password) = &host.password {
        config.password(&password.0);
    }
    config.connect_raw(stream, AsItIs).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Tls,
    Plain,
}

/// Who is spoken to, for messages.
struct Context<'a> {
    settings: &'a Settings,
    host: &'a Host,
}

impl Context<'_> {
    /// Asks whether the server does TLS. Reads exactly one byte, so that nothing that was slipped in unencrypted can
    /// be taken for a part of the session.
    async fn negotiate(&self, socket: &mut TcpStream, encryption: Encryption) -> Result<Answer, ConnectError> {
        if self.settings.tls.negotiation == TlsNegotiation::Direct {
            return Ok(Answer::Tls);
        }
        let mut answer = [0];
        let ask = async {
            socket.write_all(&SSL_REQUEST).await?;
            socket.read_exact(&mut answer).await
        };
        ask.await.map_err(|error| self.unreachable(&error))?;
        match (&answer, encryption) {
            (b"S", _) => Ok(Answer::Tls),
            (b"N", Encryption::IfOffered) => Ok(Answer::Plain),
            (b"N", _) => Err(ConnectError::Tls {
                server: self.host.shown(),
                reason: "the server does not offer it".to_owned(),
                hint: "turn it on in the server (ssl = on), or write sslmode=prefer".to_owned(),
            }),
            _ => Err(self.refused(None, "it does not answer as a PostgreSQL server does".to_owned())),
        }
    }

    fn unreachable(&self, error: &io::Error) -> ConnectError {
        let reason = match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                "it closes the connection".to_owned()
            }
            io::ErrorKind::NotFound => "there is no such socket".to_owned(),
            _ => reason(error),
        };
        unreachable(self.host, reason)
    }

    fn handshake(&self, error: &io::Error, name: &ServerName<'_>) -> ConnectError {
        let (reason, hint) = match as_tls_error(error) {
            Some(error) => certificate::explain(error, &name.to_str()),
            None => (
                format!("the server breaks the handshake off: {}", reason(error)),
                "check the server's log and its TLS settings".to_owned(),
            ),
        };
        ConnectError::Tls { server: self.host.shown(), reason, hint }
    }

    fn refused(&self, code: Option<String>, message: String) -> ConnectError {
        ConnectError::Refused { server: self.host.shown(), code, message }
    }

    fn authentication(&self, reason: Refusal) -> ConnectError {
        ConnectError::Authentication { server: self.host.shown(), user: self.settings.user.clone(), reason }
    }

    fn explain(&self, error: &tokio_postgres::Error) -> ConnectError {
        if let Some(error) = error.as_db_error() {
            return self.explain_server(error.code().code(), error.message());
        }
        let Some(source) = error.source() else {
            return if error.is_closed() {
                self.unreachable(&io::ErrorKind::UnexpectedEof.into())
            } else {
                self.refused(None, error.to_string())
            };
        };
        if let Some(error) = source.downcast_ref::<io::Error>() {
            // With TLS 1.3, the server may find fault with the client's certificate only now.
            return match as_tls_error(error) {
                Some(error) => {
                    let (reason, hint) = certificate::explain(error, &self.host.name());
                    ConnectError::Tls { server: self.host.shown(), reason, hint }
                }
                None => self.unreachable(error),
            };
        }
        // tokio-postgres has no types for these.
        match source.to_string().as_str() {
            "password missing" => self.authentication(Refusal::NoPassword),
            text if error.to_string() == "authentication error" => {
                self.authentication(Refusal::Method(text.to_owned()))
            }
            text => self.refused(None, format!("{error}: {text}")),
        }
    }

    fn explain_server(&self, code: &str, message: &str) -> ConnectError {
        let server = self.host.shown();
        let message = message.to_owned();
        match code {
            "28P01" => self.authentication(Refusal::WrongPassword),
            "28000" => self.authentication(Refusal::Rejected(message)),
            "3D000" => ConnectError::NoSuchDatabase { server, database: self.settings.database.clone() },
            "53300" => ConnectError::TooManyConnections { server, message },
            "57P03" => ConnectError::NotReady { server, message },
            // pgbouncer has one code for everything.
            "08P01" if message.starts_with("no such database") => {
                ConnectError::NoSuchDatabase { server, database: self.settings.database.clone() }
            }
            "08P01" if message.contains("authentication failed") => self.authentication(Refusal::WrongPassword),
            "08P01" if message.starts_with("no more connections") => {
                ConnectError::TooManyConnections { server, message }
            }
            code => self.refused(Some(code.to_owned()), message),
        }
    }
}

pub(super) fn unreachable(host: &Host, reason: String) -> ConnectError {
    let attempt = Attempt { host: host.name(), port: host.port, server: host.shown(), reason };
    ConnectError::Unreachable { attempts: vec![attempt] }
}

fn as_tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
