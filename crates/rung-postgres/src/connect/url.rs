//! Reads `postgres://user:password@host:port,host:port/dbname?keyword=value` (PostgreSQL 34.1.1.2).

use super::error::ConfigError;

const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// What follows the scheme, where `text` is such a URL.
pub(super) fn strip_scheme(text: &str) -> Option<&str> {
    SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme))
}

/// Splits a URL, its scheme taken off, into keywords and values, in order; keywords are not checked.
///
/// # Errors
/// The URL is malformed. The message quotes nothing that may be a part of a password: one that was not
/// percent-encoded shifts every part after it.
pub(super) fn parse(rest: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let mut parameters = Vec::new();
    let (rest, query) = split_query(rest);

    let (user_info, rest) = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => (Some(&rest[..at]), &rest[at + 1..]),
        _ => (None, rest),
    };
    let (authority, database) = match rest.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (rest, None),
    };
    // A raw `@` or `/` in a password ends up here; libpq would look for a host of that name and print it.
    if authority.contains('@') || (user_info.is_none() && database.is_some_and(|database| database.contains('@'))) {
        return Err(ConfigError::new(
            "the URL has an `@` after its host",
            "percent-encode the user and password: / is %2F, @ is %40, : is %3A, ? is %3F",
        ));
    }

    if let Some(user_info) = user_info {
        let (user, password) = match user_info.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (user_info, None),
        };
        push_unless_empty(&mut parameters, "user", user)?;
        push_unless_empty(&mut parameters, "password", password.unwrap_or_default())?;
    }
    let (hosts, ports) = split_hosts(authority)?;
    push_unless_empty(&mut parameters, "host", &hosts)?;
    push_unless_empty(&mut parameters, "port", &ports)?;
    push_unless_empty(&mut parameters, "dbname", database.unwrap_or_default())?;

    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(ConfigError::new(
                "a parameter of the URL has no `=`",
                "write ?keyword=value&keyword=value, with & in a value as %26",
            ));
        };
        match (decode(name)?, decode(value)?) {
            // What JDBC calls it; libpq takes it too.
            (name, value) if name == "ssl" && value == "true" => {
                parameters.push(("sslmode".to_owned(), "require".to_owned()));
            }
            parameter => parameters.push(parameter),
        }
    }
    Ok(parameters)
}

/// Splits off what follows the `?`; one before the `@` belongs to the password, as libpq has it.
fn split_query(rest: &str) -> (&str, Option<&str>) {
    let start = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => at,
        _ => 0,
    };
    match rest[start..].find('?') {
        Some(at) => (&rest[..start + at], Some(&rest[start + at + 1..])),
        None => (rest, None),
    }
}

/// `a:1,[::1]:2` as `a,::1` and `1,2`. Ports are left out where none is given.
fn split_hosts(authority: &str) -> Result<(String, String), ConfigError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for item in authority.split(',') {
        let (host, port) = match item.strip_prefix('[') {
            Some(item) => match item.split_once(']') {
                Some((host, "")) => (host, ""),
                Some((host, after)) if after.starts_with(':') => (host, &after[1..]),
                _ => {
                    return Err(ConfigError::new(
                        "an IPv6 address in the URL has no end",
                        "write it in brackets, the port after them: [::1]:5432",
                    ));
                }
            },
            None => item.split_once(':').unwrap_or((item, "")),
        };
        if port.contains(':') {
            return Err(ConfigError::new(
                "a host in the URL has more than one `:`",
                "write an IPv6 address in brackets: [::1]:5432",
            ));
        }
        hosts.push(host);
        ports.push(port);
    }
    let ports = if ports.iter().all(|port| port.is_empty()) { String::new() } else { ports.join(",") };
    Ok((hosts.join(","), ports))
}

fn push_unless_empty(
    parameters: &mut Vec<(String, String)>,
    name: &'static str,
    value: &str,
) -> Result<(), ConfigError> {
    if !value.is_empty() {
        parameters.push((name.to_owned(), decode(value)?));
    }
    Ok(())
}

/// Takes the percent-encoding off. A `+` stays one.
fn decode(text: &str) -> Result<String, ConfigError> {
    let malformed = || {
        ConfigError::new(
            "the URL has a `%` that does not begin an encoded character",
            "write a percent sign as %25, other characters as % and two hexadecimal digits of their UTF-8",
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(malformed)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (Some(high), Some(low)) = (digit(digits[0]), digit(digits[1])) else { return Err(malformed()) };
        match (high * 16 + low) as u8 {
            0 => return Err(malformed()),
            byte => bytes.push(byte),
        }
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// Percent-encodes all but the unreserved characters and those in `keep`.
pub(super) fn encode(text: &str, keep: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) || keep.contains(c) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Vec<(String, String)>, ConfigError> {
        parse(strip_scheme(url).unwrap())
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("postgres://", &[]),
            ("postgresql:///", &[]),
            ("postgresql:///app", &[("dbname", "app")]),
            ("postgres://db", &[("host", "db")]),
            ("postgres://db/", &[("host", "db")]),
            ("postgres://db:5433/app", &[("host", "db"), ("port", "5433"), ("dbname", "app")]),
            ("postgres://ann@db", &[("user", "ann"), ("host", "db")]),
            ("postgres://ann:@db", &[("user", "ann"), ("host", "db")]),
            ("postgres://ann:se%3Acret@db", &[("user", "ann"), ("password", "se:cret"), ("host", "db")]),
            ("postgres://ann:a:b@db", &[("user", "ann"), ("password", "a:b"), ("host", "db")]),
            (
                "postgres://ann:wh?at@db/app",
                &[("user", "ann"), ("password", "wh?at"), ("host", "db"), ("dbname", "app")],
            ),
            ("postgres://a:1,b:2/app", &[("host", "a,b"), ("port", "1,2"), ("dbname", "app")]),
            ("postgres://a,b:2", &[("host", "a,b"), ("port", ",2")]),
            ("postgres://a,b/app", &[("host", "a,b"), ("dbname", "app")]),
            ("postgres://[::1]/app", &[("host", "::1"), ("dbname", "app")]),
            ("postgres://[2001:db8::1]:5433,c", &[("host", "2001:db8::1,c"), ("port", "5433,")]),
            ("postgres://%2Fvar%2Frun%2Fpostgresql/app", &[("host", "/var/run/postgresql"), ("dbname", "app")]),
            ("postgres://%2Ftmp:5433/app", &[("host", "/tmp"), ("port", "5433"), ("dbname", "app")]),
            ("postgres:///app?host=/tmp&port=5433", &[("dbname", "app"), ("host", "/tmp"), ("port", "5433")]),
            ("postgres://?host=localhost", &[("host", "localhost")]),
            ("postgres://db?sslmode=disable", &[("host", "db"), ("sslmode", "disable")]),
            ("postgres://db/app?ssl=true", &[("host", "db"), ("dbname", "app"), ("sslmode", "require")]),
            (
                "postgres://db/app?options=-c%20search_path%3Da+b&application_name=x",
                &[("host", "db"), ("dbname", "app"), ("options", "-c search_path=a+b"), ("application_name", "x")],
            ),
            (
                "postgres://db/app?options=-csearch_path=a",
                &[("host", "db"), ("dbname", "app"), ("options", "-csearch_path=a")],
            ),
            ("postgres://db/gr%C3%B6%C3%9Fe", &[("host", "db"), ("dbname", "größe")]),
            ("postgres://u@db/a@b", &[("user", "u"), ("host", "db"), ("dbname", "a@b")]),
        ];
        for (url, expected) in cases {
            let parsed = read(url).unwrap();
            let parsed: Vec<_> = parsed.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(&parsed, expected, "{url}");
        }
    }

    #[test]
    fn malformed_urls_are_refused_without_quoting_them() {
        for (url, message) in [
            ("postgres://ann:hun/ter2@db/app", "the URL has an `@` after its host"),
            ("postgres://ann:hun@ter2@db/app", "the URL has an `@` after its host"),
            ("postgres://db/app?x", "a parameter of the URL has no `=`"),
            ("postgres://[::1/app", "an IPv6 address in the URL has no end"),
            ("postgres://[::1]x/app", "an IPv6 address in the URL has no end"),
            ("postgres://::1/app", "a host in the URL has more than one `:`"),
            ("postgres://db/app%2", "the URL has a `%` that does not begin an encoded character"),
            ("postgres://db/app%zz", "the URL has a `%` that does not begin an encoded character"),
            ("postgres://db/app%00", "the URL has a `%` that does not begin an encoded character"),
            ("postgres://db/app%ff", "the URL has a `%` that does not begin an encoded character"),
        ] {
            assert_eq!(read(url).unwrap_err().to_string(), message, "{url}");
        }
    }

    #[test]
    fn encoding_is_undone_by_decoding() {
        for text in ["plain", "a/b:c@d?e&f=g%h i", "größe", "/var/run"] {
            assert_eq!(decode(&encode(text, "/")).unwrap(), text);
            assert!(!encode(text, "").contains(['/', '@', ':', '?', '&', ' ']));
        }
    }
}
