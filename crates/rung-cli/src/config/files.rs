//! Finding `rung.toml` and the `.env` beside it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rung::sql::{Diagnostic, SourceFile, Span};
use toml::Spanned;

use super::{Config, parse};
use crate::args::Arguments;
use crate::exit::Exit;
use crate::render::Failure;

/// The configuration, where there is one, and what the process and `.env` say.
pub(crate) struct Files {
    /// The directory that paths are relative to.
    pub(crate) root: PathBuf,
    /// What the file says; empty where there is none.
    pub(crate) config: Config,
    /// The file; `None` where there is none.
    pub(crate) source: Option<Arc<SourceFile>>,
    here: PathBuf,
    dot_env: BTreeMap<String, String>,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Process,
    DotEnv,
}

impl Files {
    /// Finds and reads `rung.toml` and the `.env` beside it.
    ///
    /// # Errors
    /// The file is not there, can't be read, or says what is not known.
    pub(crate) fn find(arguments: &Arguments) -> Result<Self, Failure> {
        let here = env::current_dir().map_err(|error| {
            Failure::usage(format!("the current directory can't be read: {error}"), "change to another directory")
        })?;
        let path = match &arguments.global.config {
            Some(path) => Some(path.clone()),
            None => here.ancestors().map(|dir| dir.join("rung.toml")).find(|path| path.is_file()),
        };
        let Some(path) = path else {
            let dot_env = dot_env(&here, &here)?;
            return Ok(Self { dot_env, root: here.clone(), here, config: Config::default(), source: None });
        };
        let shown = path.strip_prefix(&here).unwrap_or(&path);
        let text = fs::read_to_string(&path).map_err(|error| {
            let next = match (&arguments.global.config, error.kind()) {
                (Some(_), std::io::ErrorKind::NotFound) => "check the path given with --config",
                (_, std::io::ErrorKind::InvalidData) => "save it as UTF-8",
                _ => "make it readable",
            };
            Failure::usage(format!("{} can't be read: {error}", shown.display()), next)
        })?;
        let (config, source) = parse(shown, &text).map_err(|found| Failure::of(Exit::Usage, vec![*found]))?;
        let root = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => here.join(parent),
            _ => here.clone(),
        };
        Ok(Self { dot_env: dot_env(&root, &here)?, root, here, config, source: Some(source) })
    }

    /// A variable of the process, else of `.env`. An empty one counts as not set.
    pub(crate) fn variable(&self, name: &str) -> Option<(String, Origin)> {
        let process = env::var(name).ok().filter(|value| !value.is_empty());
        let file = || self.dot_env.get(name).filter(|value| !value.is_empty()).cloned();
        process.map(|value| (value, Origin::Process)).or_else(|| file().map(|value| (value, Origin::DotEnv)))
    }

    /// All variables, from `.env` and from the process.
    pub(crate) fn process_variables(&self) -> BTreeMap<String, String> {
        let process =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        self.dot_env.clone().into_iter().chain(process).collect()
    }

    /// The variables that libpq reads, from `.env` and from the process.
    pub(crate) fn libpq(&self) -> BTreeMap<String, String> {
        let mut variables = self.dot_env.clone();
        variables.retain(|name, _| name.starts_with("PG"));
        variables.extend(env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("PG"))?;
            Some((name, value.into_string().ok()?))
        }));
        variables
    }

    /// A path of the configuration, as short as it can be shown from here.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let joined = self.root.join(path);
        match joined.strip_prefix(&self.here) {
            Ok(here) if here.as_os_str().is_empty() => PathBuf::from("."),
            Ok(below) => below.to_owned(),
            Err(_) => joined,
        }
    }

    /// A value with the environment's variables in the place of `${NAME}`.
    ///
    /// # Errors
    /// A variable that is not set; shown where it is asked for.
    pub(crate) fn expand(&self, value: &Spanned<String>) -> Result<String, Failure> {
        let mut out = String::new();
        let mut rest = value.get_ref().as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            match self.variable(name) {
                Some((value, _)) => out.push_str(&value),
                None => return Err(self.not_set(name, value)),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn not_set(&self, name: &str, value: &Spanned<String>) -> Failure {
        let mut found = Diagnostic::error("variable", format!("the variable {name} is not set"));
        if let Some(source) = &self.source {
            let needle = format!("${{{name}}}");
            let span = value.span();
            let at = source.text()[span.clone()].find(&needle);
            let span = at.map_or(Span::new(span.start, span.end), |at| {
                Span::new(span.start + at, span.start + at + needle.len())
            });
            found = found.at(source, span, "");
        }
        Failure::of(
            Exit::Usage,
            vec![found.help(format!("`export {name}=...`, or write it in a .env file beside rung.toml"))],
        )
    }
}

fn dot_env(dir: &Path, here: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let path = dir.join(".env");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let path = path.strip_prefix(here).map(Path::to_owned).unwrap_or(path);
    let wrong = |error: dotenvy::Error| {
        // The error quotes the line, and the line may be a password.
        let what = match error {
            dotenvy::Error::LineParse(..) => "a line has not the form NAME=VALUE".to_owned(),
            other => other.to_string(),
        };
        Failure::usage(format!("{} can't be read: {what}", path.display()), "mend the file")
    };
    dotenvy::from_path_iter(&path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}
