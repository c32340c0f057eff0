//! Everything that a connection is made from, resolved.

use std::time::Duration;

use super::environment::Environment;
use super::error::ConfigError;
use super::host::{DEFAULT_PORT, Host, Place, Secret, find_passwords, resolve_hosts};
use super::parameters::Parameters;
use super::tls_settings::{Roots, TlsMode, TlsNegotiation, TlsSettings};
use super::url;

/// libpq waits for ever; a program that people watch should say something before they give up on it.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A long statement leaves its connection idle, and middleboxes drop those after a few minutes.
const DEFAULT_KEEPALIVE_IDLE: Duration = Duration::from_secs(60);

/// Where and how to connect: the hosts, the user, the database, the password, TLS.
///
/// Resolved once by [`Settings::resolve`]; connecting then reads no configuration but the certificate files.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) application_name: String,
    pub(super) options: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) server_kind: ServerKind,
    pub(super) channel_binding: ChannelBinding,
    pub(super) keepalive: Option<Keepalive>,
    pub(super) tls: TlsSettings,
    warnings: Vec<String>,
}

/// `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerKind {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

impl ServerKind {
    const WORDS: [(&'static str, Self); 6] = [
        ("any", Self::Any),
        ("read-write", Self::ReadWrite),
        ("read-only", Self::ReadOnly),
        ("primary", Self::Primary),
        ("standby", Self::Standby),
        ("prefer-standby", Self::PreferStandby),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("any", |(word, _)| word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

/// TCP keepalive; what is `None` is the system's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keepalive {
    pub(super) idle: Option<Duration>,
    pub(super) interval: Option<Duration>,
    pub(super) count: Option<u32>,
}

impl Settings {
    /// Resolves a target: a URL (`postgres://...`), a conninfo string (`host=... dbname=...`), or nothing at all, where
    /// everything comes from the environment. What the target leaves open comes from the service that it or `PGSERVICE`
    /// names, then from the `PG*` variables, then from libpq's defaults; the password also from `.pgpass`.
    ///
    /// Reads the service file, the password file, and looks whether sockets and certificates are there. Unlike libpq,
    /// gives up connecting after 30 seconds unless `connect_timeout` says otherwise, and names itself `rung`.
    ///
    /// # Errors
    /// The target is malformed, has an unknown keyword or value, or asks for what is not supported.
    pub fn resolve(target: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let parameters = Parameters::gather(target, environment)?;
        let mut warnings = Vec::new();

        let user = parameters.get("user").or(environment.os_user()).ok_or_else(|| {
            ConfigError::new(
                "no database user is given",
                "name one in the URL, postgres://USER@host/dbname, or in PGUSER",
            )
        })?;
        let database = parameters.get("dbname").unwrap_or(user);
        let gss = [("disable", "disable"), ("prefer", "prefer"), ("require", "require")];
        if parameters.choice("gssencmode", &gss)? == Some("require") {
            return Err(ConfigError::new(
                "gssencmode=require is not supported",
                "write gssencmode=prefer, and use TLS",
            ));
        }

        let mut hosts = resolve_hosts(&parameters, environment)?;
        match parameters.get("password") {
            Some(password) => hosts.iter_mut().for_each(|host| host.password = Some(Secret(password.to_owned()))),
            None => {
                let path = parameters.path("passfile").or_else(|| environment.in_home(".pgpass"));
                if let Some(Err(warning)) =
                    path.map(|path| find_passwords(&path, &mut hosts, database, user, environment))
                {
                    warnings.push(warning);
                }
            }
        }

        let application_name = parameters.get("application_name").or(parameters.get("fallback_application_name"));
        Ok(Self {
            hosts,
            user: user.to_owned(),
            database: database.to_owned(),
            application_name: application_name.unwrap_or("rung").to_owned(),
            options: parameters.get("options").map(str::to_owned),
            connect_timeout: match parameters.number("connect_timeout")? {
                None => Some(DEFAULT_CONNECT_TIMEOUT),
                Some(seconds) => positive(seconds).map(Duration::from_secs),
            },
            server_kind: parameters.choice("target_session_attrs", &ServerKind::WORDS)?.unwrap_or(ServerKind::Any),
            channel_binding: resolve_channel_binding(&parameters)?,
            keepalive: resolve_keepalive(&parameters)?,
            tls: TlsSettings::resolve(&parameters, environment)?,
            warnings,
        })
    }

    /// What was left aside on the way and should be told, one line each: a password file that others can read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The database user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The same server and user, but another database. Keeps the passwords found for this one.
    #[must_use]
    pub fn with_database(&self, database: impl Into<String>) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// With this password for all hosts, e.g. one that was typed in.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        let mut settings = self.clone();
        for host in &mut settings.hosts {
            host.password = Some(Secret(password.to_owned()));
        }
        settings
    }

    /// Host and database for people: `db.internal/app`, `db.internal:5433/app`, `[local]/app` for a Unix socket.
    pub fn display_name(&self) -> String {
        format!("{}/{}", self.place(), self.database)
    }

    /// The host for people, with the port where it is not 5432: `db.internal`, `[local]:5433`, `a,b`.
    pub fn place(&self) -> String {
        let places = self.hosts.iter().map(|host| {
            let name = match &host.place {
                Place::Socket(_) => "[local]",
                Place::Tcp { name, .. } => name,
            };
            with_port(name, host.port)
        });
        places.collect::<Vec<_>>().join(",")
    }

    /// A URL that names the same server, user, database and kind of TLS, without the password.
    pub fn redacted_url(&self) -> String {
        self.url(None)
    }

    /// The same URL with the password in it, to hand to a program that is to connect by itself. Never to be shown.
    pub fn url_with_password(&self) -> String {
        self.url(self.hosts.first().and_then(|host| host.password.as_ref()))
    }

    /// The password for the first host. Never to be shown.
    pub(crate) fn password(&self) -> Option<&str> {
        self.hosts.first()?.password.as_ref().map(|Secret(password)| password.as_str())
    }

    fn url(&self, password: Option<&Secret>) -> String {
        let mut url = format!("postgres://{}", url::encode(&self.user, ""));
        if let Some(Secret(password)) = password {
            url += &format!(":{}", url::encode(password, ""));
        }
        let hosts = self.hosts.iter().map(|host| {
            let name = match &host.place {
                Place::Socket(directory) => url::encode(&directory.to_string_lossy(), ""),
                Place::Tcp { name, .. } if name.contains(':') => format!("[{name}]"),
                Place::Tcp { name, .. } => url::encode(name, ""),
            };
            if host.port == DEFAULT_PORT { name } else { format!("{name}:{}", host.port) }
        });
        url += &format!("@{}/{}", hosts.collect::<Vec<_>>().join(","), url::encode(&self.database, ""));
        for (index, (name, value)) in self.url_parameters().iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            url += &format!("{separator}{name}={}", url::encode(value, "/:,"));
        }
        url
    }

    /// Parameters that differ from what the reader of the URL would take for granted.
    fn url_parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        let addresses = self.hosts.iter().map(|host| match &host.place {
            Place::Tcp { address: Some(address), .. } => address.to_string(),
            Place::Tcp { .. } | Place::Socket(_) => String::new(),
        });
        let addresses: Vec<_> = addresses.collect();
        if addresses.iter().any(|address| !address.is_empty()) {
            parameters.push(("hostaddr", addresses.join(",")));
        }
        let tls = &self.tls;
        if tls.mode != TlsMode::Prefer {
            parameters.push(("sslmode", tls.mode.word().to_owned()));
        }
        if tls.negotiation == TlsNegotiation::Direct {
            parameters.push(("sslnegotiation", "direct".to_owned()));
        }
        match &tls.roots {
            Roots::None => {}
            Roots::System => parameters.push(("sslrootcert", "system".to_owned())),
            Roots::File(path) => parameters.push(("sslrootcert", path.display().to_string())),
        }
        if let Some((certificate, key)) = &tls.identity {
            parameters.push(("sslcert", certificate.display().to_string()));
            parameters.push(("sslkey", key.display().to_string()));
        }
        if let Some(options) = &self.options {
            parameters.push(("options", options.clone()));
        }
        if self.server_kind != ServerKind::Any {
            parameters.push(("target_session_attrs", self.server_kind.word().to_owned()));
        }
        parameters
    }
}

fn with_port(name: &str, port: u16) -> String {
    match port {
        DEFAULT_PORT => name.to_owned(),
        port if name.contains(':') => format!("[{name}]:{port}"),
        port => format!("{name}:{port}"),
    }
}

fn resolve_channel_binding(parameters: &Parameters) -> Result<ChannelBinding, ConfigError> {
    let words = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    Ok(parameters.choice("channel_binding", &words)?.unwrap_or(ChannelBinding::Prefer))
}

fn resolve_keepalive(parameters: &Parameters) -> Result<Option<Keepalive>, ConfigError> {
    if parameters.number("keepalives")? == Some(0) {
        return Ok(None);
    }
    let seconds = |name| parameters.number(name).map(|number| number.and_then(positive).map(Duration::from_secs));
    Ok(Some(Keepalive {
        idle: match parameters.get("keepalives_idle") {
            None => Some(DEFAULT_KEEPALIVE_IDLE),
            Some(_) => seconds("keepalives_idle")?,
        },
        interval: seconds("keepalives_interval")?,
        count: parameters.number("keepalives_count")?.and_then(|count| u32::try_from(count).ok().filter(|n| *n > 0)),
    }))
}

fn positive(number: i64) -> Option<u64> {
    u64::try_from(number).ok().filter(|number| *number > 0)
}
