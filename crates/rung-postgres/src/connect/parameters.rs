//! The keywords and values that apply to a connection, gathered from where libpq looks, in its order.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;

use super::environment::Environment;
use super::error::ConfigError;
use super::keyword::{self, KEYWORDS, Support};
use super::{conninfo, service, url};

/// Values by keyword. An empty value means the default, and hides what a later source says.
pub(super) struct Parameters(HashMap<&'static str, String>);

impl Parameters {
    /// Gathers the target's values, then the service's, then the environment's; the first source of a value wins.
    pub(super) fn gather(target: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let target = target.trim();
        let explicit = match url::strip_scheme(target) {
            Some(rest) => url::parse(rest)?,
            None if target.contains("://") => {
                return Err(ConfigError::new(
                    "the URL does not begin with postgres:// or postgresql://",
                    "write postgres://user@host/dbname",
                ));
            }
            None => conninfo::parse(target)?,
        };
        let mut parameters = Self(HashMap::new());
        for (name, value) in explicit {
            // Within a connection string the last one counts.
            parameters.0.insert(accept(&name, &value)?, value);
        }
        let or_variable = |keyword, variable| match parameters.0.get(keyword) {
            Some(value) => Some(value.as_str()).filter(|value| !value.is_empty()),
            None => environment.variable(variable),
        };
        if let Some(service) = or_variable("service", "PGSERVICE") {
            for (name, value) in service::load(service, or_variable("servicefile", "PGSERVICEFILE"), environment)? {
                // Within a service the first one counts.
                let name = accept(&name, &value)?;
                parameters.0.entry(name).or_insert(value);
            }
        }
        for keyword in KEYWORDS {
            let Some(variable) = keyword.variable else { continue };
            let Some(value) = environment.variable(variable) else { continue };
            if !parameters.0.contains_key(keyword.name) {
                accept(keyword.name, value)?;
                parameters.0.insert(keyword.name, value.to_owned());
            }
        }
        // The variable from before there was PGSSLMODE, which libpq still honours.
        if !parameters.0.contains_key("sslmode") && environment.variable("PGREQUIRESSL") == Some("1") {
            parameters.0.insert("sslmode", "require".to_owned());
        }
        Ok(parameters)
    }

    /// A value that is given and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(KEYWORDS.iter().any(|keyword| keyword.name == name), "{name} is a keyword");
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A path that is given.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// A whole number, negative ones included.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, ConfigError> {
        let parse = |value: &str| i64::from_str(value.trim());
        self.get(name).map(parse).transpose().map_err(|_| {
            ConfigError::new(format!("`{name}` is not a whole number"), format!("write a number: {name}=10"))
        })
    }

    /// One of a few words, as what it stands for.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match choices.iter().find(|(word, _)| *word == value) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                Err(ConfigError::new(
                    format!("`{value}` is not a value of `{name}`"),
                    format!("write one of {}", words.join(", ")),
                ))
            }
        }
    }

    /// A list with commas; an empty item stands for the default.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).map(|value| value.split(',').map(str::trim).collect()).unwrap_or_default()
    }
}

/// The keyword's own name, where it may have this value.
fn accept(name: &str, value: &str) -> Result<&'static str, ConfigError> {
    let keyword = keyword::find(name)?;
    match keyword.support {
        Support::Refused(help) if !value.is_empty() => {
            Err(ConfigError::new(format!("`{name}` is not supported"), help))
        }
        Support::Used | Support::Ignored | Support::Refused(_) => Ok(keyword.name),
    }
}
