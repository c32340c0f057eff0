//! Passwords taken out of what is written in a configuration, whatever its form.

/// What stands in a password's place.
const HIDDEN: &str = "***";

/// A URL or conninfo without its passwords. Works on the text, so that one with variables or mistakes in it keeps its
/// secrets too. A password that is a variable's name, `${NAME}`, gives nothing away and stays.
pub(crate) fn redacted(text: &str) -> String {
    let text = match text.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", user_info(rest)),
        None => text.to_owned(),
    };
    parameters(&text)
}

/// `user:password@rest`: a password may hold a `/` that should have been escaped, so the last `@` before the
/// parameters counts.
fn user_info(rest: &str) -> String {
    let before_query = rest.split('?').next().unwrap_or(rest);
    let Some(at) = before_query.rfind('@') else { return rest.to_owned() };
    match rest[..at].split_once(':') {
        Some((user, password)) if !is_variable(password) && !password.is_empty() => {
            format!("{user}:{HIDDEN}{}", &rest[at..])
        }
        _ => rest.to_owned(),
    }
}

/// `password=...`, `sslpassword=...`, up to a `&` or a blank, or within quotes.
fn parameters(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("password") {
        let after = &rest[at + "password".len()..];
        let value = after.trim_start();
        let Some(value) = value.strip_prefix('=').map(str::trim_start) else {
            out.push_str(&rest[..at + "password".len()]);
            rest = after;
            continue;
        };
        let length = match value.strip_prefix('\'') {
            Some(quoted) => quoted.find('\'').map_or(value.len(), |end| end + 2),
            None => value.find(|c: char| c == '&' || c.is_whitespace()).unwrap_or(value.len()),
        };
        out.push_str(&rest[..rest.len() - value.len()]);
        out.push_str(if is_variable(&value[..length]) { &value[..length] } else { HIDDEN });
        rest = &value[length..];
    }
    out.push_str(rest);
    out
}

/// The passwords in a URL or conninfo, for what is printed by programs that know it.
pub(crate) fn passwords(url: &str) -> Vec<String> {
    let user_info = url.split_once("://").and_then(|(_, rest)| {
        let before_query = rest.split('?').next().unwrap_or(rest);
        Some(before_query[..before_query.rfind('@')?].split_once(':')?.1)
    });
    let parameters = url.split(['&', '?', ' ']).filter_map(|part| part.strip_prefix("password="));
    let parameters = parameters.map(|value| value.trim_matches('\''));
    user_info.into_iter().chain(parameters).filter(|password| !password.is_empty()).map(str::to_owned).collect()
}

fn is_variable(text: &str) -> bool {
    text.strip_prefix("${")
        .and_then(|name| name.strip_suffix('}'))
        .is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn passwords_are_found_in_every_form() {
        assert_eq!(super::passwords("postgres://app:s3/cret@db/app?x=1"), ["s3/cret"]);
        assert_eq!(super::passwords("host=db password='s3cret' user=app"), ["s3cret"]);
        assert_eq!(super::passwords("postgres://app@db/app?sslmode=require&password=x"), ["x"]);
        assert!(super::passwords("sqlite:app.db").is_empty());
    }

    use super::*;

    #[test]
    fn no_form_of_a_password_is_left() {
        for (text, shown) in [
            ("postgres://app@db/app", "postgres://app@db/app"),
            ("postgres://app:secret@db/app", "postgres://app:***@db/app"),
            ("postgres://app:se/cr@et@db/app?sslmode=require", "postgres://app:***@db/app?sslmode=require"),
            ("postgres://app:${DB_PASSWORD}@db/app", "postgres://app:${DB_PASSWORD}@db/app"),
            ("postgres://app:a${B}@${HOST}/app", "postgres://app:***@${HOST}/app"),
            ("postgres://db/app?user=a&password=secret&sslmode=x", "postgres://db/app?user=a&password=***&sslmode=x"),
            ("postgres://db/app?sslPassword=secret", "postgres://db/app?sslPassword=***"),
            ("host=db password=secret user=a", "host=db password=*** user=a"),
            ("host=db password = 'a b' user=a", "host=db password = *** user=a"),
            ("sqlite:app.db", "sqlite:app.db"),
            ("${DATABASE_URL}", "${DATABASE_URL}"),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }
}
