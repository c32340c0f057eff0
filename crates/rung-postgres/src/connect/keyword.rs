//! The keywords of a connection string, and what becomes of each (PostgreSQL 34.1.2 and 34.15).

use rung_sql::closest;

use super::error::ConfigError;

/// A keyword of libpq.
pub(super) struct Keyword {
    /// Its name in conninfo strings, URLs and service files.
    pub(super) name: &'static str,
    /// The environment variable that stands for it.
    pub(super) variable: Option<&'static str>,
    /// What becomes of it.
    pub(super) support: Support,
}

/// What becomes of a keyword.
pub(super) enum Support {
    /// It counts.
    Used,
    /// It is accepted and makes no difference that matters here.
    Ignored,
    /// It asks for something that would silently not be done; what to do instead.
    Refused(&'static str),
}

const fn used(name: &'static str, variable: &'static str) -> Keyword {
    Keyword { name, variable: Some(variable), support: Support::Used }
}

const fn used_without_variable(name: &'static str) -> Keyword {
    Keyword { name, variable: None, support: Support::Used }
}

const fn ignored(name: &'static str) -> Keyword {
    Keyword { name, variable: None, support: Support::Ignored }
}

const fn refused(name: &'static str, variable: Option<&'static str>, help: &'static str) -> Keyword {
    Keyword { name, variable, support: Support::Refused(help) }
}

/// All keywords of libpq up to PostgreSQL 18.
pub(super) static KEYWORDS: &[Keyword] = &[
    used("host", "PGHOST"),
    used("hostaddr", "PGHOSTADDR"),
    used("port", "PGPORT"),
    used("dbname", "PGDATABASE"),
    used("user", "PGUSER"),
    used("password", "PGPASSWORD"),
    used("passfile", "PGPASSFILE"),
    used("service", "PGSERVICE"),
    used("servicefile", "PGSERVICEFILE"),
    used("connect_timeout", "PGCONNECT_TIMEOUT"),
    used("application_name", "PGAPPNAME"),
    used("options", "PGOPTIONS"),
    used("target_session_attrs", "PGTARGETSESSIONATTRS"),
    used("channel_binding", "PGCHANNELBINDING"),
    used("sslmode", "PGSSLMODE"),
    used("sslnegotiation", "PGSSLNEGOTIATION"),
    used("sslrootcert", "PGSSLROOTCERT"),
    used("sslcert", "PGSSLCERT"),
    used("sslkey", "PGSSLKEY"),
    used("sslcertmode", "PGSSLCERTMODE"),
    used("sslcrl", "PGSSLCRL"),
    used("sslsni", "PGSSLSNI"),
    used("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    used("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    used("gssencmode", "PGGSSENCMODE"),
    used_without_variable("fallback_application_name"),
    used_without_variable("keepalives"),
    used_without_variable("keepalives_idle"),
    used_without_variable("keepalives_interval"),
    used_without_variable("keepalives_count"),
    ignored("client_encoding"),
    ignored("gssdelegation"),
    ignored("gsslib"),
    ignored("krbsrvname"),
    ignored("load_balance_hosts"),
    ignored("max_protocol_version"),
    ignored("sslcompression"),
    ignored("sslkeylogfile"),
    ignored("tcp_user_timeout"),
    refused("min_protocol_version", Some("PGMINPROTOCOLVERSION"), "remove it: protocol version 3.0 is spoken"),
    refused("oauth_client_id", None, "remove it and use a password or a client certificate"),
    refused("oauth_client_secret", None, "remove it and use a password or a client certificate"),
    refused("oauth_issuer", None, "remove it and use a password or a client certificate"),
    refused("oauth_scope", None, "remove it and use a password or a client certificate"),
    refused("replication", None, "remove it: migrations need an ordinary connection"),
    refused("require_auth", Some("PGREQUIREAUTH"), "remove it; channel_binding=require asks for SCRAM over TLS"),
    refused("requirepeer", Some("PGREQUIREPEER"), "remove it, or connect over TLS with sslmode=verify-full"),
    refused("requiressl", None, "write sslmode=require"),
    refused("scram_client_key", None, "remove it and give the password"),
    refused("scram_server_key", None, "remove it and give the password"),
    refused("sslcrldir", Some("PGSSLCRLDIR"), "put the revocation lists in one file and name it with sslcrl"),
    refused("sslpassword", None, "decrypt the key: openssl pkey -in client.key -out plain.key"),
];

/// Finds a keyword by its name.
///
/// # Errors
/// There is none of this name; the help says which one may be meant.
pub(super) fn find(name: &str) -> Result<&'static Keyword, ConfigError> {
    if let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.name == name) {
        return Ok(keyword);
    }
    let lower = name.trim().to_ascii_lowercase();
    let help = match synonym(&lower).or_else(|| closest(&lower, KEYWORDS.iter().map(|keyword| keyword.name))) {
        Some(near) => format!("did you mean {near}?"),
        None => "the keywords are libpq's: host, port, dbname, user, password, sslmode, ...".to_owned(),
    };
    Err(ConfigError::new(format!("unknown connection keyword `{name}`"), help))
}

/// What other drivers call a keyword.
fn synonym(name: &str) -> Option<&'static str> {
    Some(match name {
        "database" | "db" => "dbname",
        "username" | "login" => "user",
        "passwd" | "pwd" => "password",
        "server" | "hostname" => "host",
        "ssl" => "sslmode",
        "timeout" => "connect_timeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_libpqs_and_sorted_into_one_entry_each() {
        for keyword in KEYWORDS {
            assert_eq!(KEYWORDS.iter().filter(|other| other.name == keyword.name).count(), 1, "{}", keyword.name);
            assert!(find(keyword.name).is_ok());
        }
    }

    #[test]
    fn an_unknown_keyword_names_the_near_one() {
        for (typed, meant) in [
            ("sslmod", "sslmode"),
            ("SSLMODE", "sslmode"),
            ("host ", "host"),
            ("database", "dbname"),
            ("conect_timeout", "connect_timeout"),
            ("aplication_name", "application_name"),
        ] {
            let error = find(typed).err().unwrap();
            assert_eq!(error.hint(), format!("did you mean {meant}?"), "{typed}");
        }
        assert!(find("frobnicate").err().unwrap().hint().starts_with("the keywords are libpq's"));
    }
}
