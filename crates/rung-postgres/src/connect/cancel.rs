//! Stops a running statement, over a connection of its own (PostgreSQL 54.2.8).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Client;
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::address::Address;
use super::stream::AsItIs;
use super::tls::SSL_REQUEST;
use super::tls_settings::TlsNegotiation;

/// How long the server may take over each step.
const PATIENCE: Duration = Duration::from_secs(5);

/// Cancels what a connection runs. From any thread, with or without an async runtime, as often as wanted.
#[derive(Clone)]
pub struct Cancel {
    address: Address,
    encryption: Option<CancelTls>,
    request: Option<CancelRequest>,
}

/// TLS for the cancelling connection, as the connection itself has it.
#[derive(Clone)]
pub(super) struct CancelTls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) server_name: ServerName<'static>,
    pub(super) negotiation: TlsNegotiation,
}

/// The message that asks for it: its length, its code, the process id and the secret key.
#[derive(Clone, Copy)]
pub(super) struct CancelRequest([u8; 16]);

impl Cancel {
    pub(super) fn new(address: Address, encryption: Option<CancelTls>, request: Option<CancelRequest>) -> Self {
        Self { address, encryption, request }
    }

    /// Asks the server to cancel the running statement, which then fails with 57014. Blocks until the server has taken
    /// the request, for some seconds at most. Whether a statement was still running is not known.
    ///
    /// # Errors
    /// The server can't be reached, or gave no key to cancel with.
    pub fn send(&self) -> io::Result<()> {
        let Some(CancelRequest(request)) = &self.request else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the server gave no key to cancel with"));
        };
        match &self.address {
            Address::Unix(path) => {
                let socket = UnixStream::connect(path)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.set_write_timeout(Some(PATIENCE))?;
                deliver(socket, request)
            }
            Address::Tcp(address) => {
                let mut socket = TcpStream::connect_timeout(address, PATIENCE)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.set_write_timeout(Some(PATIENCE))?;
                let Some(tls) = &self.encryption else { return deliver(socket, request) };
                if tls.negotiation == TlsNegotiation::Postgres {
                    let mut answer = [0];
                    socket.write_all(&SSL_REQUEST)?;
                    socket.read_exact(&mut answer)?;
                    if answer != *b"S" {
                        return Err(io::Error::other("the server does not offer TLS any more"));
                    }
                }
                let session = ClientConnection::new(Arc::clone(&tls.config), tls.server_name.clone())
                    .map_err(io::Error::other)?;
                deliver(StreamOwned::new(session, socket), request)
            }
        }
    }
}

/// Sends the request and waits until the server hangs up, which it does when it has acted on it.
fn deliver(mut stream: impl Read + Write, request: &[u8]) -> io::Result<()> {
    stream.write_all(request)?;
    stream.flush()?;
    // The request is on its way: how the server ends the connection is of no consequence.
    let _ = stream.read(&mut [0]);
    Ok(())
}

impl CancelRequest {
    /// The request for a client's session; `None` where the server told no process id and key.
    ///
    /// tokio-postgres keeps both to itself, but writes the request into any stream it is given to cancel over.
    pub(super) async fn of(client: &Client) -> Option<Self> {
        let mut written = Recorder(Vec::new());
        client.cancel_token().cancel_query_raw(&mut written, AsItIs).await.ok()?;
        let request = Self(written.0.try_into().ok()?);
        (request.process_id() != 0).then_some(request)
    }

    /// The process id that the server told in the handshake.
    pub(super) fn process_id(self) -> i32 {
        i32::from_be_bytes([self.0[8], self.0[9], self.0[10], self.0[11]])
    }
}

/// Keeps what is written to it; there is nothing to read.
struct Recorder(Vec<u8>);

impl AsyncRead for Recorder {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for &mut Recorder {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}
