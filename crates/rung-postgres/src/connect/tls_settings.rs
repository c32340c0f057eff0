//! The `ssl*` parameters (PostgreSQL 34.19).

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ConfigError;
use super::parameters::Parameters;

/// `sslmode`, from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TlsMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsNegotiation {
    /// Ask in PostgreSQL's protocol first.
    Postgres,
    /// Begin with TLS at once (PostgreSQL 17).
    Direct,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Roots {
    /// None: the certificate is not looked at, unless the mode asks for that.
    None,
    /// The system's.
    System,
    /// A file of PEM certificates.
    File(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TlsVersion {
    /// TLS 1.2, and those before it, which are not spoken.
    UpTo12,
    /// TLS 1.3.
    Tls13,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerNameIndication {
    Send,
    Omit,
}

/// The `ssl*` parameters.
#[derive(Debug, Clone)]
pub(super) struct TlsSettings {
    pub(super) mode: TlsMode,
    pub(super) negotiation: TlsNegotiation,
    pub(super) roots: Roots,
    /// A revocation list.
    pub(super) crl: Option<PathBuf>,
    /// The client's certificate and its key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) sni: ServerNameIndication,
    pub(super) lowest: TlsVersion,
    pub(super) highest: TlsVersion,
}

impl TlsMode {
    const WORDS: [(&'static str, Self); 6] = [
        ("disable", Self::Disable),
        ("allow", Self::Allow),
        ("prefer", Self::Prefer),
        ("require", Self::Require),
        ("verify-ca", Self::VerifyCa),
        ("verify-full", Self::VerifyFull),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("prefer", |(word, _)| word)
    }
}

impl TlsSettings {
    pub(super) fn resolve(parameters: &Parameters, environment: &Environment) -> Result<Self, ConfigError> {
        let in_home =
            |name: &str| environment.in_home(Path::new(".postgresql").join(name)).filter(|path| path.exists());
        let roots = match parameters.get("sslrootcert") {
            Some("system") => Roots::System,
            Some(path) => Roots::File(PathBuf::from(path)),
            None => in_home("root.crt").map_or(Roots::None, Roots::File),
        };
        let mode = parameters.choice("sslmode", &TlsMode::WORDS)?;
        // Anyone has a certificate that the system's roots vouch for: only the name tells servers apart.
        if roots == Roots::System && mode.is_some_and(|mode| mode != TlsMode::VerifyFull) {
            return Err(ConfigError::new(
                "sslrootcert=system is of use with sslmode=verify-full only",
                "write sslmode=verify-full",
            ));
        }
        let default = if roots == Roots::System { TlsMode::VerifyFull } else { TlsMode::Prefer };
        let mode = mode.unwrap_or(default);

        let negotiations = [("postgres", TlsNegotiation::Postgres), ("direct", TlsNegotiation::Direct)];
        let negotiation = parameters.choice("sslnegotiation", &negotiations)?.unwrap_or(TlsNegotiation::Postgres);
        if negotiation == TlsNegotiation::Direct && mode < TlsMode::Require {
            return Err(ConfigError::new(
                format!("sslnegotiation=direct can't be used with sslmode={}", mode.word()),
                "write sslmode=require or stronger",
            ));
        }

        let versions = [
            ("TLSv1", TlsVersion::UpTo12),
            ("TLSv1.1", TlsVersion::UpTo12),
            ("TLSv1.2", TlsVersion::UpTo12),
            ("TLSv1.3", TlsVersion::Tls13),
        ];
        let lowest = parameters.choice("ssl_min_protocol_version", &versions)?.unwrap_or(TlsVersion::UpTo12);
        let highest = parameters.choice("ssl_max_protocol_version", &versions[2..])?.unwrap_or(TlsVersion::Tls13);
        if lowest > highest {
            return Err(ConfigError::new(
                "ssl_min_protocol_version is above ssl_max_protocol_version",
                "remove one of them",
            ));
        }

        let sni = [("0", ServerNameIndication::Omit), ("1", ServerNameIndication::Send)];
        Ok(Self {
            mode,
            negotiation,
            roots,
            crl: parameters.path("sslcrl").or_else(|| in_home("root.crl")),
            identity: identity(parameters, environment)?,
            sni: parameters.choice("sslsni", &sni)?.unwrap_or(ServerNameIndication::Send),
            lowest,
            highest,
        })
    }
}

/// The client's certificate and key: those given, else those in the home directory where they exist.
fn identity(parameters: &Parameters, environment: &Environment) -> Result<Option<(PathBuf, PathBuf)>, ConfigError> {
    let words = [("disable", "disable"), ("allow", "allow"), ("require", "require")];
    match parameters.choice("sslcertmode", &words)? {
        Some("disable") => return Ok(None),
        Some("require") => {
            return Err(ConfigError::new("sslcertmode=require is not supported", "write sslcertmode=allow"));
        }
        Some(_) | None => {}
    }
    let in_home = |name: &str| environment.in_home(Path::new(".postgresql").join(name));
    let given = parameters.path("sslcert");
    let Some(certificate) = given.or_else(|| in_home("postgresql.crt").filter(|path| path.exists())) else {
        return Ok(None);
    };
    match parameters.path("sslkey").or_else(|| in_home("postgresql.key")) {
        Some(key) => Ok(Some((certificate, key))),
        None => {
            Err(ConfigError::new("a client certificate is given without its key", "name the key's file with sslkey"))
        }
    }
}
