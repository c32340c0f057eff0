//! One environment of the project: its database, its migrations, and how to treat it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rung::engine::Dialect;
use rung::engine::Ignore;
use rung::formats::Choice;
use rung::postgres::connect::Environment;
use rung::sql::{Diagnostic, Level, Span, closest};
use rung::{Actor, Builder, ConnectOptions, Driver, History, MigrationSet, Migrator, Order, Timeouts};
use rung::{health, lint};
use toml::Spanned;

use super::files::Origin;
use super::redact::passwords;
use super::{Env, Files};
use crate::args::{Arguments, Deny, OrderChoice};
use crate::exit::Exit;
use crate::render::Failure;

/// How long a statement waits for a lock where nothing says otherwise: long waits keep everyone behind them waiting too.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// One environment, resolved.
pub(crate) struct Project {
    pub(crate) files: Files,
    /// Its name; `None` where the URL was given by itself.
    pub(crate) name: Option<String>,
    pub(crate) url: String,
    /// Why somebody is asked before anything is written: it `is protected`, maybe `as` another environment.
    pub(crate) protection: Option<String>,
    pub(crate) dirs: Vec<PathBuf>,
    /// The format of the migrations.
    format: Choice,
    env: Env,
}

impl Project {
    /// The environment that the arguments name. The URL is the first that is there of: `--url`; that of the environment
    /// that `--env`, else `RUNG_ENV` names; `DATABASE_URL`; that of the default environment.
    ///
    /// # Errors
    /// Nothing names a database; an environment that is not there; a variable that is not set.
    pub(crate) fn resolve(arguments: &Arguments) -> Result<Self, Failure> {
        let files = Files::find(arguments)?;
        let (name, env) = choose(arguments, &files)?;
        let url = match &arguments.global.url {
            Some(url) => url.clone(),
            None => url_of(&files, name.as_deref(), &env)?,
        };
        Ok(Self::of(arguments, files, name, url, env))
    }

    /// As [`Self::resolve`], where no database is needed: without a URL where nothing names one, and without an environment
    /// where none was asked for and there is none.
    ///
    /// # Errors
    /// `rung.toml` can't be read; the environment that was typed is not there.
    pub(crate) fn offline(arguments: &Arguments) -> Result<Self, Failure> {
        let files = Files::find(arguments)?;
        let (name, env) = match choose(arguments, &files) {
            Ok(chosen) => chosen,
            Err(error) if arguments.global.env.is_some() => return Err(error),
            Err(_) => (None, Env::default()),
        };
        let named = arguments.global.url.clone();
        let url = named.or_else(|| url_of(&files, name.as_deref(), &env).ok()).unwrap_or_default();
        Ok(Self::of(arguments, files, name, url, env))
    }

    /// Another environment of the same configuration.
    ///
    /// # Errors
    /// It is not there, or has no URL.
    pub(crate) fn of_environment(arguments: &Arguments, name: &str) -> Result<Self, Failure> {
        let files = Files::find(arguments)?;
        let env = files.config.env.get(name).cloned().ok_or_else(|| no_environment(&files, name))?;
        let url = url_of(&files, Some(name), &env)?;
        Ok(Self::of(arguments, files, Some(name.to_owned()), url, env))
    }

    /// Refuses an environment that rung.toml, which has others, does not have. Beside a URL a name is enough elsewhere.
    ///
    /// # Errors
    /// It is not there.
    pub(crate) fn has_environment(&self) -> Result<(), Failure> {
        let known = &self.files.config.env;
        match &self.name {
            Some(name) if !known.is_empty() && !known.contains_key(name) => Err(no_environment(&self.files, name)),
            _ => Ok(()),
        }
    }

    /// A database by its URL, which is no environment's.
    ///
    /// # Errors
    /// `rung.toml` can't be read.
    pub(crate) fn of_url(arguments: &Arguments, url: &str) -> Result<Self, Failure> {
        Ok(Self::of(arguments, Files::find(arguments)?, None, url.to_owned(), Env::default()))
    }

    fn of(arguments: &Arguments, files: Files, name: Option<String>, url: String, env: Env) -> Self {
        let dirs = dirs(arguments, &files, &env);
        let protection = protection(&files, name.as_deref(), &url);
        let format = arguments.files_format().or(files.config.format.map(|format| format.0)).unwrap_or_default();
        Self { files, name, url, protection, dirs, format, env }
    }

    /// The format that was named.
    pub(crate) fn format(&self) -> Option<&'static str> {
        match self.format {
            Choice::Named(name) => Some(name),
            Choice::Unsaid | Choice::Auto => None,
        }
    }

    /// The order that the configuration asks for.
    pub(crate) fn order(&self) -> Option<Order> {
        self.env.order.or(self.files.config.order).map(|order| match order {
            OrderChoice::Any => Order::Any,
            OrderChoice::Strict => Order::Strict,
        })
    }

    /// Timeouts: the environment's, then the file's, then 3 s for locks.
    pub(crate) fn timeouts(&self) -> Timeouts {
        let config = &self.files.config;
        Timeouts {
            lock: self.env.lock_timeout.or(config.lock_timeout).map(|time| time.0).or(Some(LOCK_TIMEOUT)),
            statement: self.env.statement_timeout.or(config.statement_timeout).map(|time| time.0),
        }
    }

    /// What the project wants of the linter.
    ///
    /// # Errors
    /// A rule or a level that there is not.
    pub(crate) fn linting(&self) -> Result<lint::Options, Failure> {
        let wanted = &self.files.config.lint;
        let known = lint::RULES.iter().map(|rule| rule.name);
        let levels = self.levels(&wanted.rules, "rule", known, "rung lint --rules")?;
        let server = wanted.server.map(lint::Server::major).unwrap_or_default();
        Ok(lint::Options { server, levels, timeouts: self.timeouts(), ..lint::Options::default() })
    }

    /// What the project wants `rung health` to look for.
    ///
    /// # Errors
    /// A check or a level that there is not; a share of more than all.
    pub(crate) fn health(&self) -> Result<health::Options, Failure> {
        let wanted = &self.files.config.health;
        let (usual, known) = (health::Options::default(), health::CHECKS.iter().map(|check| check.name));
        Ok(health::Options {
            levels: self.levels(&wanted.checks, "check", known, "rung health --checks")?,
            ignore: wanted.ignore.clone(),
            row_security: wanted.row_security.clone(),
            sequence_used: wanted.sequence_used.as_ref().map_or(Ok(usual.sequence_used), |share| self.share(share))?,
            unused_after: wanted.unused_after.unwrap_or(usual.unused_after),
            transaction_age: wanted.transaction_age.unwrap_or(usual.transaction_age),
            orphans: wanted.orphans.map_or(usual.orphans, health::Orphans::from),
            timeouts: self.timeouts(),
            checks: usual.checks,
        })
    }

    /// A part of a whole.
    fn share(&self, share: &Spanned<f64>) -> Result<f64, Failure> {
        let value = *share.get_ref();
        if (0.0..=1.0).contains(&value) {
            return Ok(value);
        }
        let found = Diagnostic::error("config", format!("{value} is no share")).help("write 0.75 for three quarters");
        let found = match &self.files.source {
            Some(source) => found.at(source, Span::new(share.span().start, share.span().end), ""),
            None => found,
        };
        Err(Failure::of(Exit::Usage, vec![found]))
    }

    /// What `rung verify` does not call drift.
    ///
    /// # Errors
    /// A rule that names nothing.
    pub(crate) fn ignored(&self) -> Result<Vec<Ignore>, Failure> {
        let read = |rule: &Spanned<String>| {
            Ignore::parse(rule.get_ref()).map_err(|message| {
                let found = Diagnostic::error("config", message)
                    .help("write NAME, SCHEMA.NAME, KIND NAME, owner:ROLE or extension:NAME");
                match &self.files.source {
                    Some(source) => found.at(source, Span::new(rule.span().start, rule.span().end), ""),
                    None => found,
                }
            })
        };
        let rules = &self.files.config.verify.ignore;
        rules.iter().map(read).collect::<Result<_, _>>().map_err(|wrong| Failure::of(Exit::Usage, vec![wrong]))
    }

    /// Levels of rules or checks, as they are written in `rung.toml`.
    fn levels(
        &self,
        wanted: &BTreeMap<String, Spanned<String>>,
        noun: &str,
        names: impl Iterator<Item = &'static str> + Clone,
        list: &str,
    ) -> Result<BTreeMap<String, Option<Level>>, Failure> {
        let (mut levels, mut wrong) = (BTreeMap::new(), Vec::new());
        for (name, level) in wanted {
            let known = match level.get_ref().as_str() {
                "error" => Some(Some(Level::Error)),
                "warning" => Some(Some(Level::Warning)),
                "note" => Some(Some(Level::Note)),
                "off" => Some(None),
                _ => None,
            };
            let (message, help) = match (names.clone().any(|there| there == name), known) {
                (true, Some(level)) => {
                    levels.insert(name.clone(), level);
                    continue;
                }
                (false, _) => {
                    let near = closest(name, names.clone());
                    let help =
                        near.map_or_else(|| format!("list them with `{list}`"), |near| format!("did you mean {near}?"));
                    (format!("there is no {noun} {name}"), help)
                }
                (_, None) => {
                    let message = format!("{:?} is no level", level.get_ref());
                    (message, "write \"error\", \"warning\", \"note\" or \"off\"".to_owned())
                }
            };
            let found = Diagnostic::error("config", message).help(help);
            wrong.push(match &self.files.source {
                Some(source) => found.at(source, Span::new(level.span().start, level.span().end), ""),
                None => found,
            });
        }
        if wrong.is_empty() { Ok(levels) } else { Err(Failure::of(Exit::Usage, wrong)) }
    }

    /// The mildest finding that is denied.
    pub(crate) fn denied(&self) -> Deny {
        self.files.config.lint.deny.unwrap_or(Deny::Error)
    }

    /// How to connect.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        let mut environment = Environment::empty().with_variables(self.files.libpq());
        if let Some(home) = env::var_os("HOME") {
            environment = environment.with_home(PathBuf::from(home));
        }
        if let Some(user) = os_user() {
            environment = environment.with_os_user(user);
        }
        let schema = self.env.schema.clone().or_else(|| self.files.config.history.schema.clone());
        ConnectOptions {
            schema: schema.unwrap_or_else(|| "rung".to_owned()),
            host: host(),
            environment,
            foreign_keys: self.env.foreign_keys,
            must_exist: false,
        }
    }

    /// As [`Self::connecting`], where the database is only looked at: one that is not there is a slip in its name.
    pub(crate) fn looking(&self) -> ConnectOptions {
        ConnectOptions { must_exist: true, ..self.connecting() }
    }

    /// Values for `${name}`: the environment's before the file's.
    fn variables(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut variables = self.files.config.vars.clone();
        variables.extend(self.env.vars.clone());
        variables.into_iter().map(|(name, value)| Ok((name, self.files.expand(&value)?))).collect()
    }

    /// The library's builder, all filled in.
    ///
    /// # Errors
    /// A variable that is not set.
    pub(crate) fn builder(&self) -> Result<Builder, Failure> {
        self.builder_of(self.dirs.iter().cloned())
    }

    /// As [`Self::builder`], for other directories.
    ///
    /// # Errors
    /// A variable that is not set.
    pub(crate) fn builder_of(&self, dirs: impl IntoIterator<Item = PathBuf>) -> Result<Builder, Failure> {
        self.with_settings(Migrator::from_dirs(dirs))
    }

    /// A builder with all that the project says of migrations and of running them.
    ///
    /// # Errors
    /// A variable that is not set.
    pub(crate) fn with_settings(&self, builder: Builder) -> Result<Builder, Failure> {
        let mut builder = builder.format(self.format).process_variables(self.files.process_variables());
        for (name, value) in self.variables()? {
            builder = builder.variable(name, value);
        }
        if let Some(name) = &self.name {
            builder = builder.environment(name);
        }
        Ok(builder
            .planning(|planning| {
                planning.order = self.order();
                planning.timeouts = self.timeouts();
            })
            .running(|running| {
                running.actor = Actor { user: os_user().unwrap_or_default(), host: host() };
                running.secrets = passwords(&self.url);
                running.secrets.extend(self.files.variable("PGPASSWORD").map(|(password, _)| password));
            })
            .connecting(|connecting| *connecting = self.connecting())
            .database(&self.url))
    }

    /// As [`Self::connecting`], for a database that may be out of reach: who asks several waits for none of them for long.
    pub(crate) fn hastily(&self) -> ConnectOptions {
        let mut connecting = self.connecting();
        if self.files.variable("PGCONNECT_TIMEOUT").is_none() {
            connecting.environment = connecting.environment.with_variables([("PGCONNECT_TIMEOUT", "5")]);
        }
        connecting
    }

    /// The dialect of its database; where none is named, the first that there is.
    ///
    /// # Errors
    /// The URL is of no kind that is known.
    pub(crate) fn dialect(&self) -> Result<&'static dyn Dialect, Failure> {
        if !self.url.is_empty() {
            return Ok(rung::dialect_of(&self.url)?);
        }
        rung::dialects().next().ok_or_else(|| Failure::usage("this rung was built without a database", ""))
    }

    /// Reads the migrations and connects.
    ///
    /// # Errors
    /// What is wrong with the files; what the database has to say.
    pub(crate) fn connect(&self) -> Result<Migrator, Failure> {
        Ok(self.builder()?.connect(&self.url)?)
    }

    /// The migrations, and what the database says of them; nothing, and no database is asked, where `is_offline`.
    ///
    /// # Errors
    /// What is wrong with the files; what the database has to say.
    pub(crate) fn migrations(&self, is_offline: bool) -> Result<(MigrationSet, History), Failure> {
        if is_offline {
            let set = self.builder()?.load(self.dialect()?).map_err(rung::Error::Files)?;
            return Ok((set, History::default()));
        }
        let mut migrator = self.connect()?;
        let history = migrator.driver().history()?;
        Ok((migrator.into_set(), history))
    }

    /// As [`Self::connect`], where the database is only looked at.
    ///
    /// # Errors
    /// As [`Self::connect`]; an SQLite file that is not there.
    pub(crate) fn look(&self) -> Result<Migrator, Failure> {
        Ok(self.builder()?.connecting(|connecting| *connecting = self.looking()).connect(&self.url)?)
    }

    /// As [`Self::connect`], with the files in a tool's format where nothing says otherwise.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub(crate) fn connect_for(&self, tool: &str) -> Result<Migrator, Failure> {
        let (Choice::Unsaid, Ok(format)) = (self.format, Choice::parse(tool)) else { return self.connect() };
        self.builder()?.format(format).connect(&self.url).map_err(|error| {
            let mut failure = Failure::from(error);
            let others = || self.builder().ok()?.load(rung::dialect_of(&self.url).ok()?).ok()?.format;
            if let Some(other) = others().filter(|other| *other != tool) {
                failure.next.push(format!(
                    "these files look like {other}'s: `--from {other}`, or `--format {other}` where the history is {tool}'s"
                ));
            }
            failure
        })
    }

    /// Whether nobody has said that the files are in a tool's format, and they do not show it either.
    pub(crate) fn lacks_format(&self, tool: &str) -> bool {
        let read = || self.builder().ok()?.load(rung::dialect_of(&self.url).ok()?).ok();
        let is_format = matches!(Choice::parse(tool), Ok(Choice::Named(_)));
        matches!(self.format, Choice::Unsaid) && is_format && read().is_none_or(|set| set.format != Some(tool))
    }

    /// Connects without reading any migrations, where the database is only looked at.
    ///
    /// # Errors
    /// What the database has to say; an SQLite file that is not there.
    pub(crate) fn look_only(&self) -> Result<Box<dyn Driver>, Failure> {
        Ok(rung::connect(&self.url, &self.looking())?)
    }

    /// Connects without reading any migrations.
    ///
    /// # Errors
    /// What the database has to say.
    pub(crate) fn connect_only(&self) -> Result<Box<dyn Driver>, Failure> {
        Ok(rung::connect(&self.url, &self.connecting())?)
    }

    /// The same as a sentence; `None` where nobody is asked.
    pub(crate) fn caution(&self, driver: &dyn Driver) -> Option<String> {
        Some(format!("{} {}", self.title(driver), self.protection.as_ref()?))
    }

    /// The environment for people: its name and where it is.
    pub(crate) fn title(&self, driver: &dyn Driver) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", driver.facts().place),
            None => driver.facts().place.clone(),
        }
    }
}

/// The environment that is meant: its name, where it has one, and its table.
fn choose(arguments: &Arguments, files: &Files) -> Result<(Option<String>, Env), Failure> {
    let config = &files.config;
    let named = arguments.global.env.clone().or_else(|| files.variable("RUNG_ENV").map(|(name, _)| name));
    if let Some(name) = named {
        return match config.env.get(&name) {
            Some(env) => Ok((Some(name), env.clone())),
            // A name is enough where the URL comes from elsewhere: it decides what `-- @only` is for.
            None if arguments.global.url.is_some() || config.env.is_empty() => Ok((Some(name), Env::default())),
            None => Err(no_environment(files, &name)),
        };
    }
    let default = default_name(files);
    let default_env = config.env.get(&default);
    if arguments.global.url.is_some() {
        return Ok((None, Env::default()));
    }
    if files.variable("DATABASE_URL").is_some() {
        // The variable is what the default environment itself asks for, or it is instead of it.
        let asks = |env: &&Env| env.url.as_ref().is_none_or(|url| url.get_ref().contains("${DATABASE_URL}"));
        return Ok(match default_env.filter(asks) {
            Some(env) => (Some(default), env.clone()),
            None => (None, Env::default()),
        });
    }
    match default_env {
        Some(env) => Ok((Some(default), env.clone())),
        None if files.source.is_none() => Err(Failure::usage(
            "there is no rung.toml here or above, and no --url",
            "make one with `rung init`; or name the database with --url and the migrations with --dir",
        )),
        None => Err(no_environment(files, &default)),
    }
}

fn default_name(files: &Files) -> String {
    let config = &files.config;
    let only = || config.env.keys().next().filter(|_| config.env.len() == 1).cloned();
    config.default_env.clone().or_else(only).unwrap_or_else(|| "dev".to_owned())
}

pub(crate) fn no_environment(files: &Files, name: &str) -> Failure {
    let names: Vec<&str> = files.config.env.keys().map(String::as_str).collect();
    let message = format!("there is no environment {name}");
    if let Some(near) = closest(name, names.iter().copied()) {
        return Failure::usage(message, format!("did you mean {near}?"));
    }
    let there = match names.as_slice() {
        [] => String::new(),
        [one] => format!("; there is {one}"),
        several => format!("; there are {}", several.join(", ")),
    };
    Failure::usage(message, format!("write [env.{name}] in rung.toml{there}"))
}

/// The URL of an environment, its variables filled in.
///
/// # Errors
/// It has none, and `DATABASE_URL` is not set; a variable that is not set.
pub(crate) fn url_of(files: &Files, name: Option<&str>, env: &Env) -> Result<String, Failure> {
    if let Some(url) = &env.url {
        return Ok(relative_to(files, &files.expand(url)?));
    }
    match files.variable("DATABASE_URL") {
        Some((url, Origin::Process)) => Ok(url),
        Some((url, Origin::DotEnv)) => Ok(relative_to(files, &url)),
        None => {
            let name = name.unwrap_or("dev");
            let found = Diagnostic::error("no-url", format!("the environment {name} has no url"));
            let help = match &files.source {
                Some(_) => format!("write `url = \"...\"` under [env.{name}] in rung.toml, or set DATABASE_URL"),
                None => "give --url, or set DATABASE_URL".to_owned(),
            };
            Err(Failure::of(Exit::Usage, vec![found.help(help)]))
        }
    }
}

/// Whether an environment is protected, or one that has this very URL: going round its name does not go round its
/// protection.
fn protection(files: &Files, name: Option<&str>, url: &str) -> Option<String> {
    let is_ours = |other: &str| name == Some(other);
    let mut protected: Vec<_> = files.config.env.iter().filter(|(_, env)| env.protected).collect();
    protected.sort_by_key(|(other, _)| !is_ours(other));
    let (other, _) = protected.into_iter().find(|(other, env)| {
        is_ours(other) || env.url.is_some() && url_of(files, None, env).is_ok_and(|of| of == url)
    })?;
    Some(if is_ours(other) { "is protected".to_owned() } else { format!("is protected as {other}") })
}

/// The migrations directories, as they are named: on the command line, by the environment, by the file.
fn dirs(arguments: &Arguments, files: &Files, env: &Env) -> Vec<PathBuf> {
    if !arguments.global.dir.is_empty() {
        return arguments.global.dir.clone();
    }
    let config = &files.config;
    let mut dirs: Vec<&str> = env.dirs.iter().map(String::as_str).collect();
    if dirs.is_empty() {
        dirs.extend(config.dir.as_deref());
        dirs.extend(config.dirs.iter().map(String::as_str));
    }
    if dirs.is_empty() {
        dirs.push("migrations");
    }
    dirs.iter().map(|dir| files.path(dir)).collect()
}

/// A database file is found from where the configuration is, wherever the command is typed.
fn relative_to(files: &Files, url: &str) -> String {
    let scheme = ["sqlite:", "sqlite3:"].into_iter().find(|scheme| url.starts_with(scheme));
    let Some(scheme) = scheme else {
        let is_file = [".db", ".sqlite", ".sqlite3"].iter().any(|ending| url.ends_with(ending)) && !url.contains(':');
        return if is_file { files.path(url).display().to_string() } else { url.to_owned() };
    };
    let path = &url[scheme.len()..];
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with([':', '/', '?']) {
        return url.to_owned();
    }
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    // The path is part of a URL, the directories before it are not.
    let joined = files.path(path);
    let before = joined.to_string_lossy();
    let before = before.strip_suffix(path).unwrap_or_default().replace('%', "%25").replace('?', "%3F");
    format!("{scheme}{before}{path}{query}")
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
    let named = env::var("HOSTNAME").ok().filter(|name| !name.is_empty());
    let system = || Some(fs::read_to_string("/etc/hostname").ok()?.trim().to_owned());
    named.or_else(system).or_else(|| env::var("COMPUTERNAME").ok()).unwrap_or_default()
}

/// The migrations directories, where no database is needed: of the environment that is named, else of the file.
///
/// # Errors
/// `rung.toml` can't be read; the environment is not there.
pub(crate) fn migration_dirs(arguments: &Arguments) -> Result<Vec<PathBuf>, Failure> {
    let files = Files::find(arguments)?;
    let env = match choose(arguments, &files) {
        Ok((_, env)) => env,
        // Only a name that was typed, and is wrong, is worth a word.
        Err(error) if arguments.global.env.is_some() => return Err(error),
        Err(_) => Env::default(),
    };
    Ok(dirs(arguments, &files, &env))
}
