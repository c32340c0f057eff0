//! `rung.toml`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rung::sql::{Diagnostic, SourceFile, Span, closest};
use serde::Deserialize;

use crate::args::{Format, OrderChoice};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The migrations directory, relative to the file; `migrations` where nothing is said.
    pub(crate) dir: Option<String>,
    /// Several of them.
    pub(crate) dirs: Vec<String>,
    /// Their format; there is one so far.
    #[serde(rename = "format")]
    pub(crate) _format: Option<Format>,
    /// What to do with pending migrations below the newest applied one.
    pub(crate) order: Option<OrderChoice>,
    /// The environment that is taken where none is named; `dev` where nothing is said.
    pub(crate) default_env: Option<String>,
    /// How long a statement waits for a lock.
    pub(crate) lock_timeout: Option<String>,
    /// How long a statement may run.
    pub(crate) statement_timeout: Option<String>,
    /// Where rung keeps its own tables.
    pub(crate) history: History,
    /// Seed files.
    pub(crate) seeds: Seeds,
    /// Values for `${name}`.
    pub(crate) vars: BTreeMap<String, String>,
    /// The environments.
    pub(crate) env: BTreeMap<String, Env>,
}

/// `[history]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct History {
    /// The schema; on SQLite, the prefix.
    pub(crate) schema: Option<String>,
}

/// `[seeds]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Seeds {
    /// The directory, relative to the file; `seeds` where nothing is said.
    pub(crate) dir: Option<String>,
}

/// `[env.NAME]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Env {
    /// The database; `${NAME}` is taken from the process' environment.
    pub(crate) url: Option<String>,
    /// Ask before writing, and refuse `reset`.
    pub(crate) protected: bool,
    /// How long a statement waits for a lock.
    pub(crate) lock_timeout: Option<String>,
    /// How long a statement may run.
    pub(crate) statement_timeout: Option<String>,
    /// What to do with pending migrations below the newest applied one.
    pub(crate) order: Option<OrderChoice>,
    /// The schema of rung's own tables.
    pub(crate) schema: Option<String>,
    /// Migrations directories, instead of the file's.
    pub(crate) dirs: Vec<String>,
    /// Whether SQLite enforces foreign keys.
    pub(crate) foreign_keys: bool,
    /// Values for `${name}`, before the file's.
    pub(crate) vars: BTreeMap<String, String>,
}

/// Reads the file's text.
///
/// # Errors
/// What is wrong, with its place; unknown keys with "did you mean".
pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, Box<Diagnostic>> {
    toml::from_str(text).map_err(|error| {
        let source = Arc::new(SourceFile::new(path, text));
        let message = error.message().trim().to_owned();
        let span = error.span().map_or(Span::default(), |span| Span::new(span.start, span.end.min(text.len())));
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        if let Some((unknown, known)) = quoted.split_first().filter(|_| message.starts_with("unknown field")) {
            let diagnostic = Diagnostic::error("unknown-key", format!("rung.toml has no key {unknown} here")).at(
                &source,
                span,
                "not known",
            );
            return Box::new(match closest(unknown, known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean {near}?")),
                None => diagnostic.help(format!("the keys here are {}", known.join(", "))),
            });
        }
        Box::new(Diagnostic::error("config", message).at(&source, span, ""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file() {
        let text = "dir = \"db\"\norder = \"any\"\n[history]\nschema = \"platform\"\n[vars]\na = \"b\"\n[env.production]\nurl = \"postgres:///app\"\nprotected = true\nlock_timeout = \"5s\"\n";
        let config = parse(Path::new("rung.toml"), text).unwrap();
        assert_eq!(config.dir.as_deref(), Some("db"));
        assert_eq!(config.order, Some(OrderChoice::Any));
        assert!(config.env["production"].protected);
        assert_eq!(config.history.schema.as_deref(), Some("platform"));
    }

    #[test]
    fn an_unknown_key_is_shown_with_what_was_meant() {
        let error = parse(Path::new("rung.toml"), "[env.dev]\nurl = \"x\"\nprotcted = true\n").unwrap_err();
        assert_eq!(error.message, "rung.toml has no key protcted here");
        assert_eq!(error.helps, ["did you mean protected?"]);
        assert_eq!(error.labels[0].source.line_column(error.labels[0].span.start).line, 3);
    }
}
