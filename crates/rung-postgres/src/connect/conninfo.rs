//! Reads `host=db port=5432 password='it''s'` (PostgreSQL 34.1.1.1).

use super::error::ConfigError;

/// Splits a conninfo string into its keywords and values, in order; keywords are not checked.
///
/// # Errors
/// The string is malformed. The message gives a place and quotes nothing, as any part may be a password.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let mut reader = Reader { text, at: 0 };
    let mut parameters = Vec::new();
    loop {
        reader.skip_blanks();
        if reader.peek().is_none() {
            return Ok(parameters);
        }
        let start = reader.at;
        let name = reader.take_while(|c| c != '=' && !c.is_whitespace()).to_owned();
        reader.skip_blanks();
        if name.is_empty() || reader.next() != Some('=') {
            return Err(ConfigError::new(
                format!(
                    "no `keyword=value` at character {} of the connection string",
                    text[..start].chars().count() + 1
                ),
                "write keyword=value pairs, a value with spaces as 'a value', or a URL: postgres://user@host/dbname",
            ));
        }
        reader.skip_blanks();
        let value = if reader.peek() == Some('\'') { reader.quoted(&name)? } else { reader.bare() };
        parameters.push((name, value));
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// A value up to the next blank; a backslash takes what follows as it is.
    fn bare(&mut self) -> String {
        let mut value = String::new();
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
            self.at += c.len_utf8();
            match c {
                '\\' => value.extend(self.next()),
                _ => value.push(c),
            }
        }
        value
    }

    fn quoted(&mut self, name: &str) -> Result<String, ConfigError> {
        let mut value = String::new();
        self.next();
        loop {
            match self.next() {
                Some('\'') => return Ok(value),
                Some('\\') => value.extend(self.next()),
                Some(c) => value.push(c),
                None => {
                    return Err(ConfigError::new(
                        format!("the value of `{name}` has no closing quote"),
                        r"end it with ', and write a quote inside of it as \'",
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_libpq_reads_them() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("  ", &[]),
            ("host=db", &[("host", "db")]),
            ("host = db  port\t=\n5432", &[("host", "db"), ("port", "5432")]),
            ("host='' port=1", &[("host", ""), ("port", "1")]),
            ("password='it\\'s \\\\ me' user=a", &[("password", "it's \\ me"), ("user", "a")]),
            (r"password=a\ b\'c user=x", &[("password", "a b'c"), ("user", "x")]),
            ("password=a=b", &[("password", "a=b")]),
            ("user='größe'", &[("user", "größe")]),
            ("a='x'b=y", &[("a", "x"), ("b", "y")]),
            // libpq takes the next word where a value is missing before a blank.
            ("user= dbname=x", &[("user", "dbname=x")]),
            ("user=", &[("user", "")]),
        ];
        for (text, expected) in cases {
            let parsed = parse(text).unwrap();
            let parsed: Vec<_> = parsed.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(&parsed, expected, "{text:?}");
        }
    }

    #[test]
    fn malformed_strings_are_refused_without_quoting_them() {
        for (text, message) in [
            ("host", "no `keyword=value` at character 1 of the connection string"),
            ("password=my hunter2 host=x", "no `keyword=value` at character 13 of the connection string"),
            ("=x", "no `keyword=value` at character 1 of the connection string"),
            ("password='hunter2", "the value of `password` has no closing quote"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
