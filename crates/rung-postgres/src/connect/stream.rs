//! The bytes' way to the server.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A TCP connection with TLS around it, which knows what SCRAM binds to.
pub(super) type Encrypted = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::Stream;

/// A connection to a server over TCP, TLS or a Unix socket.
pub struct Stream(pub(super) Transport);

pub(super) enum Transport {
    Tcp(TcpStream),
    Tls(Box<Encrypted>),
    Unix(UnixStream),
}

trait Wire: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire for T {}

impl Stream {
    fn wire(self: Pin<&mut Self>) -> Pin<&mut dyn Wire> {
        match &mut self.get_mut().0 {
            Transport::Tcp(socket) => Pin::new(socket),
            Transport::Tls(encrypted) => Pin::new(encrypted),
            Transport::Unix(socket) => Pin::new(socket),
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Transport::Tcp(_) => "Stream(tcp)",
            Transport::Tls(_) => "Stream(tls)",
            Transport::Unix(_) => "Stream(unix)",
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.wire().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.wire().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire().poll_shutdown(cx)
    }
}

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.0 {
            Transport::Tls(encrypted) => encrypted.channel_binding(),
            Transport::Tcp(_) | Transport::Unix(_) => ChannelBinding::none(),
        }
    }
}

/// Takes a stream as it is for one with TLS.
///
/// Encryption is settled before tokio-postgres gets the stream, which then is told to begin TLS at once: so all of
/// libpq's modes work, their errors have types, and channel binding is asked of the stream itself.
pub(super) struct AsItIs;

impl<S: TlsStream + Unpin> TlsConnect<S> for AsItIs {
    type Stream = S;
    type Error = Infallible;
    type Future = Ready<Result<S, Infallible>>;

    fn connect(self, stream: S) -> Self::Future {
        ready(Ok(stream))
    }
}
