//! Looks a password up in `.pgpass` (PostgreSQL 34.16).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What a connection is for, as the file's first four fields name it.
pub(super) struct Wanted<'a> {
    /// Host names of which any may match: a default socket directory also goes by `localhost`.
    pub(super) hosts: &'a [&'a str],
    pub(super) port: u16,
    pub(super) database: &'a str,
    pub(super) user: &'a str,
}

/// A password file that was read.
pub(super) struct PasswordFile(String);

impl PasswordFile {
    /// Reads the file; `None` where there is none.
    ///
    /// # Errors
    /// A warning: why the file is ignored. libpq goes on without it, and so do we.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, String> {
        let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
        let shown = path.display();
        if !metadata.is_file() {
            return Err(format!("password file {shown} is not a plain file and is ignored"));
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(format!("password file {shown} can be read by others and is ignored; run: chmod 600 {shown}"));
        }
        match fs::read_to_string(path) {
            Ok(text) => Ok(Some(Self(text))),
            Err(error) => Err(format!("password file {shown} is ignored: {error}")),
        }
    }

    /// The password of the first line that matches; `None` where it is empty, too.
    pub(super) fn find(&self, wanted: &Wanted<'_>) -> Option<String> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| password_for(wanted, line)).next().filter(|password| !password.is_empty())
    }
}

/// The password of a line, where its other fields match.
fn password_for(wanted: &Wanted<'_>, line: &str) -> Option<String> {
    let mut rest = line;
    let mut next_is = |any: &[&str]| {
        let (field, after) = split_field(rest);
        rest = after?;
        (field.wildcard || any.contains(&field.value.as_str())).then_some(())
    };
    next_is(wanted.hosts)?;
    next_is(&[&wanted.port.to_string()])?;
    next_is(&[wanted.database])?;
    next_is(&[wanted.user])?;
    Some(split_field(rest).0.value)
}

struct Field {
    value: String,
    /// A lone `*`; an escaped one is only a name.
    wildcard: bool,
}

/// Splits at the first `:` that no backslash escapes. What follows it is `None` at the end of the line.
fn split_field(line: &str) -> (Field, Option<&str>) {
    let mut value = String::new();
    let mut characters = line.char_indices();
    let mut end = line.len();
    let mut rest = None;
    while let Some((at, c)) = characters.next() {
        match c {
            ':' => {
                end = at;
                rest = Some(&line[at + 1..]);
                break;
            }
            '\\' => value.push(characters.next().map_or('\\', |(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (Field { value, wildcard: &line[..end] == "*" }, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(file: &str, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
        PasswordFile(file.to_owned()).find(&Wanted { hosts: &[host], port, database, user })
    }

    #[test]
    fn the_first_matching_line_counts() {
        let file = "\
# db:5432:app:ann:commented
db:5432:app:ann:one
db:5432:*:ann:two
*:*:*:bob:three
[::1]:5432:app:ann:bracketed
\\:\\:1:5432:app:ann:four
a\\\\b:5432:app:ann:fi\\:ve\\\\:rest
\\*:1:app:star:literal
/tmp:5432:app:ann:socket
short:5432:app
db:5433:app:ann:
db:5433:*:*:after-empty
";
        for (host, port, database, user, expected) in [
            ("db", 5432, "app", "ann", Some("one")),
            ("db", 5432, "other", "ann", Some("two")),
            ("db", 5432, "other", "bob", Some("three")),
            ("else", 1, "x", "bob", Some("three")),
            ("::1", 5432, "app", "ann", Some("four")),
            ("a\\b", 5432, "app", "ann", Some("fi:ve\\")),
            ("*", 1, "app", "star", Some("literal")),
            ("x", 1, "app", "star", None),
            ("/tmp", 5432, "app", "ann", Some("socket")),
            ("db", 5433, "app", "ann", None),
            ("db", 5433, "app", "eve", Some("after-empty")),
            ("short", 5432, "app", "ann", None),
            ("nowhere", 5432, "app", "ann", None),
        ] {
            assert_eq!(
                look_up(file, host, port, database, user).as_deref(),
                expected,
                "{host}:{port}:{database}:{user}"
            );
        }
    }

    #[test]
    fn any_of_the_hosts_may_match() {
        let file = PasswordFile("localhost:*:*:*:x".to_owned());
        let hosts = ["/var/run/postgresql", "localhost"];
        assert!(file.find(&Wanted { hosts: &hosts, port: 1, database: "a", user: "b" }).is_some());
    }

    #[test]
    fn a_file_that_others_can_read_is_ignored_with_a_warning() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pgpass");
        assert!(PasswordFile::read(&path).unwrap().is_none());

        fs::write(&path, "*:*:*:*:hunter2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let warning = PasswordFile::read(&path).err().unwrap();
        assert!(warning.ends_with(&format!("run: chmod 600 {}", path.display())), "{warning}");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(PasswordFile::read(&path).unwrap().is_some());

        let warning = PasswordFile::read(directory.path()).err().unwrap();
        assert!(warning.contains("not a plain file"), "{warning}");
    }
}
