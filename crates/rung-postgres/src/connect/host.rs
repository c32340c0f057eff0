//! The servers to try, and the password for each.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ConfigError;
use super::parameters::Parameters;
use super::passfile::{PasswordFile, Wanted};

pub(super) const DEFAULT_PORT: u16 = 5432;

/// A server to try.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) place: Place,
    pub(super) port: u16,
    pub(super) password: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The directory of a Unix socket.
    Socket(PathBuf),
    /// A host by name or address, and the address to use in place of looking the name up.
    Tcp { name: String, address: Option<IpAddr> },
}

/// A password. It shows as nothing.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Host {
    /// The server for people: `db.internal:5432`, `/var/run/postgresql/.s.PGSQL.5432`.
    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::Socket(directory) => socket_path(directory, self.port).display().to_string(),
            Place::Tcp { name, .. } if name.contains(':') => format!("[{name}]:{}", self.port),
            Place::Tcp { name, .. } => format!("{name}:{}", self.port),
        }
    }

    /// The host alone.
    pub(super) fn name(&self) -> String {
        match &self.place {
            Place::Socket(directory) => directory.display().to_string(),
            Place::Tcp { name, .. } => name.clone(),
        }
    }
}

/// The file of a server's socket.
pub(super) fn socket_path(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!(".s.PGSQL.{port}"))
}

/// Pairs `host`, `hostaddr` and `port` up, as PostgreSQL 34.1.1.3 has it.
pub(super) fn resolve_hosts(parameters: &Parameters, environment: &Environment) -> Result<Vec<Host>, ConfigError> {
    let names = parameters.list("host");
    let addresses = parameters.list("hostaddr");
    let ports = parameters.list("port");
    let count = names.len().max(addresses.len()).max(1);
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(ConfigError::new(
            format!("{} in `host`, but {} in `hostaddr`", names.len(), addresses.len()),
            "give as many addresses as hosts",
        ));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(ConfigError::new(
            format!("{} in `port`, but {count} hosts", ports.len()),
            "give one port, or one for each host",
        ));
    }
    let mut hosts = Vec::with_capacity(count);
    for index in 0..count {
        let port = match ports.get(index).or(ports.first().filter(|_| ports.len() == 1)) {
            None | Some(&"") => DEFAULT_PORT,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                // Not quoted: after a password with a raw `/` or `@`, it is a part of the password.
                ConfigError::new(
                    "a port is not a number from 1 to 65535",
                    "check the port; in a URL, a user or password has / as %2F and @ as %40",
                )
            })?,
        };
        let address = match addresses.get(index) {
            None | Some(&"") => None,
            Some(address) => Some(address.parse::<IpAddr>().map_err(|_| {
                ConfigError::new(
                    format!("`{address}` in `hostaddr` is not an IP address"),
                    "write an address, or the name as `host`",
                )
            })?),
        };
        let place = match (names.get(index).copied().unwrap_or_default(), address) {
            (name, _) if name.starts_with('@') => {
                return Err(ConfigError::new(
                    "sockets in the abstract namespace are not supported",
                    "give the socket's directory as host=/DIRECTORY",
                ));
            }
            (name, None) if name.starts_with('/') => Place::Socket(PathBuf::from(name)),
            ("", None) => default_place(environment, port),
            ("", Some(address)) => Place::Tcp { name: address.to_string(), address: Some(address) },
            (name, address) => Place::Tcp { name: name.to_owned(), address },
        };
        hosts.push(Host { place, port, password: None });
    }
    Ok(hosts)
}

/// The first of the usual directories with a server's socket in it, else `localhost`.
fn default_place(environment: &Environment, port: u16) -> Place {
    match environment.socket_directories().iter().find(|directory| socket_path(directory, port).exists()) {
        Some(directory) => Place::Socket(directory.clone()),
        None => Place::Tcp { name: "localhost".to_owned(), address: None },
    }
}

/// Gives each host the password that the file has for it.
///
/// # Errors
/// A warning: why the file is ignored.
pub(super) fn find_passwords(
    path: &Path,
    hosts: &mut [Host],
    database: &str,
    user: &str,
    environment: &Environment,
) -> Result<(), String> {
    let Some(file) = PasswordFile::read(path)? else { return Ok(()) };
    for host in hosts {
        let name = host.name();
        // A line for a connection over the default socket names localhost.
        let is_default = matches!(&host.place, Place::Socket(path) if environment.socket_directories().contains(path));
        let names = [name.as_str(), "localhost"];
        let names = if is_default { &names[..] } else { &names[..1] };
        host.password = file.find(&Wanted { hosts: names, port: host.port, database, user }).map(Secret);
    }
    Ok(())
}
