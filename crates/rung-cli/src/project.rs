//! What a command works on: environment, URL, directories, and how to connect.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rung::postgres::connect::Environment;
use rung::sql::{closest, parse_duration};
use rung::{Actor, Builder, ConnectOptions, Driver, Migrator, Order, Timeouts};

use crate::args::{Arguments, OrderChoice};
use crate::config::{Config, Env, parse};
use crate::diagnostics::render;
use crate::exit::Exit;
use crate::failure::Failure;

/// The configuration file, where there is one.
pub(crate) struct Files {
    /// The directory that paths are relative to.
    pub(crate) root: PathBuf,
    /// The file's content.
    pub(crate) config: Option<Config>,
    dot_env: BTreeMap<String, String>,
}

impl Files {
    /// Finds and reads `rung.toml` and the `.env` beside it.
    pub(crate) fn find(arguments: &Arguments) -> Result<Self, Failure> {
        let here = env::current_dir().map_err(|error| {
            Failure::usage(format!("the current directory can't be read: {error}"), "change to another directory")
        })?;
        let path = match &arguments.global.config {
            Some(path) => Some(path.clone()),
            None => here.ancestors().map(|dir| dir.join("rung.toml")).find(|path| path.is_file()),
        };
        let Some(path) = path else {
            return Ok(Self { dot_env: dot_env(&here)?, root: here, config: None });
        };
        let text = fs::read_to_string(&path).map_err(|error| {
            Failure::usage(format!("{} can't be read: {error}", path.display()), "check the path given with --config")
        })?;
        let shown = path.strip_prefix(&here).unwrap_or(&path);
        let config = parse(shown, &text).map_err(|found| Failure { code: Exit::Usage, text: render(&found) })?;
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(&here).to_owned();
        Ok(Self { dot_env: dot_env(&root)?, root, config: Some(config) })
    }

    /// A variable of the process, else of `.env`.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok().or_else(|| self.dot_env.get(name).cloned())
    }

    /// A path of the configuration, as short as it can be shown from here.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let joined = self.root.join(path);
        let here = env::current_dir().unwrap_or_default();
        joined.strip_prefix(&here).map(Path::to_owned).unwrap_or(joined)
    }

    /// Puts variables in the place of `${NAME}`.
    fn expand(&self, text: &str, what: &str) -> Result<String, Failure> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            out.push_str(&self.variable(name).ok_or_else(|| {
                Failure::usage(
                    format!("{what} needs the variable {name}, which is not set"),
                    format!("`export {name}=...`, or write it in .env"),
                )
            })?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn dot_env(dir: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let path = dir.join(".env");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let wrong = |error: dotenvy::Error| {
        // The error may quote the line, and the line may be a password.
        let place = match error {
            dotenvy::Error::LineParse(_, _) => "a line has not the form NAME=VALUE".to_owned(),
            other => other.to_string(),
        };
        Failure::usage(format!("{} can't be read: {place}", path.display()), "mend the file")
    };
    dotenvy::from_path_iter(&path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}

/// One environment of the project, resolved.
pub(crate) struct Project {
    pub(crate) files: Files,
    /// Its name; `None` where the URL was given by itself.
    pub(crate) name: Option<String>,
    pub(crate) url: String,
    pub(crate) protected: bool,
    pub(crate) dirs: Vec<PathBuf>,
    env: Env,
    order: Option<OrderChoice>,
}

impl Project {
    /// The environment that the arguments name: --url, --env or RUNG_ENV, DATABASE_URL, the default one.
    pub(crate) fn resolve(arguments: &Arguments) -> Result<Self, Failure> {
        let files = Files::find(arguments)?;
        let config = files.config.clone().unwrap_or_default();
        let (name, env) = choose(arguments, &files, &config)?;
        let url = match (&arguments.global.url, &env.url) {
            (Some(url), _) => url.clone(),
            (None, Some(url)) => {
                let url = files.expand(url, "the url in rung.toml")?;
                relative_to(&files, &url)
            }
            (None, None) => match files.variable("DATABASE_URL") {
                Some(url) => url,
                None => {
                    let name = name.as_deref().unwrap_or("dev");
                    let next = format!("write `url = \"...\"` under [env.{name}] in rung.toml");
                    return Err(Failure::usage(format!("the environment {name} has no url"), next));
                }
            },
        };
        let dirs = if !arguments.global.dir.is_empty() {
            arguments.global.dir.clone()
        } else {
            let mut dirs = if env.dirs.is_empty() { config.dirs.clone() } else { env.dirs.clone() };
            dirs.extend(config.dir.clone());
            if dirs.is_empty() {
                dirs.push("migrations".to_owned());
            }
            dirs.iter().map(|dir| files.path(dir)).collect()
        };
        let order = env.order.or(config.order);
        Ok(Self { files, name, url, protected: env.protected, dirs, env, order })
    }

    /// The configuration, empty where there is none.
    fn config(&self) -> Config {
        self.files.config.clone().unwrap_or_default()
    }

    /// Timeouts: the environment's, then the file's, then 3 s for locks.
    fn timeouts(&self) -> Result<Timeouts, Failure> {
        let config = self.config();
        let read = |text: Option<String>, key: &str| -> Result<Option<Duration>, Failure> {
            text.map(|text| {
                parse_duration(&text).ok_or_else(|| {
                    Failure::usage(
                        format!("{key} = {text:?} in rung.toml is no duration"),
                        "write e.g. \"5s\" or \"10min\"",
                    )
                })
            })
            .transpose()
        };
        Ok(Timeouts {
            lock: read(self.env.lock_timeout.clone().or(config.lock_timeout), "lock_timeout")?
                .or(Some(Duration::from_secs(3))),
            statement: read(self.env.statement_timeout.clone().or(config.statement_timeout), "statement_timeout")?,
        })
    }

    /// How to connect.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        let mut variables: BTreeMap<String, String> = self
            .files
            .dot_env
            .iter()
            .filter(|(name, _)| name.starts_with("PG"))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        variables.extend(env::vars().filter(|(name, _)| name.starts_with("PG")));
        let mut environment = Environment::empty().with_variables(variables);
        if let Some(home) = env::var_os("HOME") {
            environment = environment.with_home(PathBuf::from(home));
        }
        if let Some(user) = os_user() {
            environment = environment.with_os_user(user);
        }
        let schema = self.env.schema.clone().or(self.config().history.schema);
        ConnectOptions {
            schema: schema.unwrap_or_else(|| "rung".to_owned()),
            host: host(),
            environment,
            foreign_keys: self.env.foreign_keys,
        }
    }

    /// Variables: the environment's before the file's.
    fn variables(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut variables = self.config().vars;
        variables.extend(self.env.vars.clone());
        variables
            .into_iter()
            .map(|(name, value)| {
                Ok((name.clone(), self.files.expand(&value, &format!("the variable {name} in rung.toml"))?))
            })
            .collect()
    }

    /// The library's builder, all filled in.
    pub(crate) fn builder(&self) -> Result<Builder, Failure> {
        let timeouts = self.timeouts()?;
        let mut builder = Migrator::from_dirs(self.dirs.iter().cloned());
        for (name, value) in self.variables()? {
            builder = builder.variable(name, value);
        }
        if let Some(name) = &self.name {
            builder = builder.environment(name);
        }
        let order = match self.order {
            Some(OrderChoice::Any) => Order::Any,
            _ => Order::Strict,
        };
        let script_environment = [
            ("DATABASE_URL".to_owned(), self.url.clone()),
            ("RUNG_ENV".to_owned(), self.name.clone().unwrap_or_default()),
        ];
        Ok(builder
            .planning(|planning| {
                planning.order = order;
                planning.timeouts = timeouts;
            })
            .running(|running| {
                running.actor = Actor { user: os_user().unwrap_or_default(), host: host() };
                running.script_environment = script_environment.into();
            })
            .connecting(|connecting| *connecting = self.connecting()))
    }

    /// Reads the migrations and connects.
    pub(crate) fn connect(&self) -> Result<Migrator, Failure> {
        Ok(self.builder()?.connect(&self.url)?)
    }

    /// Connects without reading any migrations.
    pub(crate) fn connect_only(&self) -> Result<Box<dyn Driver>, Failure> {
        Ok(rung::connect(&self.url, &self.connecting())?)
    }

    /// The environment for people: its name, else what it connects to.
    pub(crate) fn title<'a>(&'a self, driver: &'a dyn Driver) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", driver.facts().place),
            None => driver.facts().place.clone(),
        }
    }
}

fn choose(arguments: &Arguments, files: &Files, config: &Config) -> Result<(Option<String>, Env), Failure> {
    if let Some(name) = &arguments.global.env {
        return match config.env.get(name) {
            Some(env) => Ok((Some(name.clone()), env.clone())),
            // With a URL, a name is enough: it decides what `-- @only` is for.
            None if arguments.global.url.is_some() || config.env.is_empty() => Ok((Some(name.clone()), Env::default())),
            None => {
                let next = match closest(name, config.env.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("write [env.{name}] in rung.toml; there is {}", list(config)),
                };
                Err(Failure::usage(format!("there is no environment {name}"), next))
            }
        };
    }
    if arguments.global.url.is_some() || files.variable("DATABASE_URL").is_some() {
        return Ok((None, Env::default()));
    }
    let default = config.default_env.clone().unwrap_or_else(|| match config.env.len() {
        1 => config.env.keys().next().cloned().unwrap_or_default(),
        _ => "dev".to_owned(),
    });
    match config.env.get(&default) {
        Some(env) => Ok((Some(default), env.clone())),
        None if files.config.is_none() => Err(Failure::usage(
            "there is no rung.toml here or above, and no --url",
            "make one with `rung init`; or name the database with --url and the migrations with --dir",
        )),
        None => Err(Failure::usage(
            format!("rung.toml has no environment {default}"),
            format!("name one with --env; there is {}", list(config)),
        )),
    }
}

fn list(config: &Config) -> String {
    let names: Vec<&str> = config.env.keys().map(String::as_str).collect();
    if names.is_empty() { "none yet".to_owned() } else { names.join(", ") }
}

/// A database file is found from where rung.toml is, wherever the command is typed.
fn relative_to(files: &Files, url: &str) -> String {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with([':', '/']) => {
            let (path, query) =
                path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
            format!("sqlite:{}{query}", files.path(path).display())
        }
        _ => url.to_owned(),
    }
}

/// The user: the variables that say so, else who the system says the process runs as.
fn os_user() -> Option<String> {
    let named = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| env::var(name).ok());
    named.filter(|name| !name.is_empty()).or_else(system_user)
}

#[cfg(unix)]
fn system_user() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let ours = users.lines().find(|line| line.split(':').nth(2) == Some(uid.as_str()))?;
    ours.split(':').next().map(str::to_owned)
}

#[cfg(not(unix))]
fn system_user() -> Option<String> {
    None
}

fn host() -> String {
    let file = fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned());
    env::var("HOSTNAME").ok().or(file).unwrap_or_default()
}
