//! From a host to a socket.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::host::{Host, Place, socket_path};
use super::settings::Keepalive;

/// What a socket connects to.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A socket that is connected.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Address {
    /// All addresses of a host, never none.
    pub(super) async fn all_of(host: &Host) -> io::Result<Vec<Self>> {
        let (name, address) = match &host.place {
            Place::Socket(directory) => return Ok(vec![Self::Unix(socket_path(directory, host.port))]),
            Place::Tcp { name, address } => (name, address),
        };
        if let Some(address) = address {
            return Ok(vec![Self::Tcp(SocketAddr::new(*address, host.port))]);
        }
        let addresses: Vec<_> = lookup_host((name.as_str(), host.port))
            .await
            // The resolver's own words differ from system to system and say no more.
            .map_err(|_| io::Error::other("the name can't be resolved"))?
            .map(Self::Tcp)
            .collect();
        if addresses.is_empty() { Err(io::Error::other("the name has no address")) } else { Ok(addresses) }
    }

    pub(super) async fn connect(&self, keepalive: Option<&Keepalive>) -> io::Result<Socket> {
        match self {
            Self::Unix(path) => Ok(Socket::Unix(UnixStream::connect(path).await?)),
            Self::Tcp(address) => {
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                if let Some(keepalive) = keepalive {
                    SockRef::from(&socket).set_tcp_keepalive(&keepalive.into())?;
                }
                Ok(Socket::Tcp(socket))
            }
        }
    }
}

impl From<&Keepalive> for TcpKeepalive {
    fn from(settings: &Keepalive) -> Self {
        let mut keepalive = Self::new();
        if let Some(idle) = settings.idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = settings.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(count) = settings.count {
            keepalive = keepalive.with_retries(count);
        }
        keepalive
    }
}
