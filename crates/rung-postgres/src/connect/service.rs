//! Reads a service from `pg_service.conf` (PostgreSQL 34.17).

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::ConfigError;

/// Debian's directory for the system-wide file, where `PGSYSCONFDIR` does not name another.
const SYSTEM_DIRECTORY: &str = "/etc/postgresql-common";

/// The keywords and values of a service, in order.
///
/// Looked for in the file given, or in `PGSERVICEFILE`'s, or in `.pg_service.conf` in the home directory; then in the
/// system-wide file.
///
/// # Errors
/// No file has the service; a file cannot be read or is malformed.
pub(super) fn load(
    service: &str,
    file: Option<&str>,
    environment: &Environment,
) -> Result<Vec<(String, String)>, ConfigError> {
    let own = match file {
        Some(file) => Some(PathBuf::from(file)),
        None => environment.in_home(".pg_service.conf").filter(|path| path.exists()),
    };
    let system = Path::new(environment.variable("PGSYSCONFDIR").unwrap_or(SYSTEM_DIRECTORY)).join("pg_service.conf");
    for path in own.into_iter().chain(system.exists().then_some(system.clone())) {
        let text = fs::read_to_string(&path).map_err(|error| {
            ConfigError::new(
                format!("can't read the service file {}: {error}", path.display()),
                "check PGSERVICEFILE and the file's permissions",
            )
        })?;
        if let Some(parameters) = find(&text, service, &path)? {
            return Ok(parameters);
        }
    }
    Err(ConfigError::new(
        format!("no service `{service}` is defined"),
        format!("add a section [{service}] to ~/.pg_service.conf, or name the file with PGSERVICEFILE"),
    ))
}

/// The section of `service`, where the file has one.
fn find(text: &str, service: &str, path: &Path) -> Result<Option<Vec<(String, String)>>, ConfigError> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if name.split_once(']').is_some_and(|(name, _)| name == service) {
                found = Some(Vec::new());
            }
            continue;
        }
        let Some(parameters) = &mut found else { continue };
        let wrong = |what: &str, help: &str| {
            Err(ConfigError::new(format!("{} line {}: {what}", path.display(), index + 1), help.to_owned()))
        };
        if line.starts_with("ldap://") || line.starts_with("ldaps://") {
            return wrong("services from LDAP are not supported", "write host=, port= and dbname= in the section");
        }
        match line.split_once('=') {
            Some(("service" | "servicefile", _)) => {
                return wrong("a service can't name another one", "write that service's parameters here");
            }
            Some((name, value)) => parameters.push((name.to_owned(), value.to_owned())),
            None => return wrong("no `=`", "write keyword=value"),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# comment
[other]
host=other.example
[app]
  host=db.example
port=5433
# password=commented
password=a = b
user=ann

[app]
host=second.example
[broken]
host
[nested]
service=app
[ldap]
ldap://ldap.example/dc=x
";

    fn pairs(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
        parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
    }

    #[test]
    fn the_first_section_of_the_name_counts() {
        let found = find(FILE, "app", Path::new("f")).unwrap().unwrap();
        assert_eq!(pairs(&found), [("host", "db.example"), ("port", "5433"), ("password", "a = b"), ("user", "ann")]);
        assert!(find(FILE, "ap", Path::new("f")).unwrap().is_none());
    }

    #[test]
    fn malformed_sections_name_file_and_line() {
        for (service, message) in [
            ("broken", "f line 14: no `=`"),
            ("nested", "f line 16: a service can't name another one"),
            ("ldap", "f line 18: services from LDAP are not supported"),
        ] {
            assert_eq!(find(FILE, service, Path::new("f")).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn files_are_looked_for_in_libpqs_order() {
        let home = tempfile::tempdir().unwrap();
        let system = tempfile::tempdir().unwrap();
        let environment = Environment::empty()
            .with_home(home.path())
            .with_variables([("PGSYSCONFDIR", system.path().display().to_string())]);
        let error = load("app", None, &environment).unwrap_err();
        assert_eq!(error.to_string(), "no service `app` is defined");

        fs::write(system.path().join("pg_service.conf"), "[app]\nhost=system\n[base]\nhost=base\n").unwrap();
        assert_eq!(pairs(&load("app", None, &environment).unwrap()), [("host", "system")]);

        fs::write(home.path().join(".pg_service.conf"), "[app]\nhost=home\n").unwrap();
        assert_eq!(pairs(&load("app", None, &environment).unwrap()), [("host", "home")]);
        assert_eq!(pairs(&load("base", None, &environment).unwrap()), [("host", "base")]);

        let own = home.path().join("own.conf");
        fs::write(&own, "[app]\nhost=own\n").unwrap();
        assert_eq!(pairs(&load("app", own.to_str(), &environment).unwrap()), [("host", "own")]);
        let error = load("app", Some("/nowhere/x.conf"), &environment).unwrap_err();
        assert!(error.to_string().starts_with("can't read the service file /nowhere/x.conf: "), "{error}");
    }
}
