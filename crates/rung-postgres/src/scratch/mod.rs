//! Scratch databases: on a server that is named, or on one that is started for the purpose and ends with its user.

mod binaries;
#[cfg(unix)]
mod cluster;
mod identity;
#[cfg(unix)]
mod server;
mod witness;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rung_engine::{DbError, DbErrorKind, Scratch, ScratchDatabase, ScratchOptions, Session, Testimony};
use rung_sql::Syntax;

use crate::connect::{Environment, Settings};
use crate::name::{literal, quoted};
use crate::{OpenOptions, Postgres};
use binaries::Binaries;
pub use identity::scratch_identity;

/// The names of scratch databases begin so, and go on with the second in which they were made.
const PREFIX: &str = "rung_scratch_";

/// What is said of roles that are there only for scratch databases; the second in which their place was found follows, and
/// whose it is.
const LENT: &str = "made for scratch databases of rung at ";

/// Quotes a statement within another.
const QUOTE: &str = "$rung$";

/// A database of ours that nobody is connected to, or a role of ours that nothing belongs to, is one that was left behind,
/// once it is so old.
const ABANDONED: Duration = Duration::from_secs(3600);

/// A place for scratch databases: [`ScratchOptions::server`], else a temporary server from the PostgreSQL programs of this
/// machine.
///
/// # Errors
/// The server can't be reached, or may not be made databases on; there are no programs to start one from.
pub fn scratch(options: &ScratchOptions, environment: &Environment) -> Result<Box<dyn Scratch>, DbError> {
    scratch_of(&binaries::find(&options.path), options, environment)
}

fn scratch_of(
    binaries: &[Binaries],
    options: &ScratchOptions,
    environment: &Environment,
) -> Result<Box<dyn Scratch>, DbError> {
    let open = OpenOptions { schema: options.schema.clone() };
    let Some(server) = &options.server else {
        let wanted = options.version.map(|version| version / 10_000);
        let chosen = binaries::choose(binaries, wanted).ok_or_else(no_server)?;
        return temporary(chosen, binaries, options, open);
    };
    let settings = Settings::resolve(server, environment).map_err(crate::driver::wrong_settings)?;
    let mut admin = crate::driver::open_with(&settings, &open).map_err(out_of_reach)?;
    sweep(&mut admin, &settings, &open)?;
    let major = admin.server_version() / 10_000;
    let dump = binaries::client_for(binaries, major).cloned();
    Ok(Box::new(Place::new(admin, settings, open, dump, Power::Lent, None)))
}

fn no_server() -> DbError {
    DbError::new(DbErrorKind::Config, "there is no PostgreSQL server to try things out on").with_hint(
        "install PostgreSQL's server programs here (apt install postgresql, brew install postgresql), and rung starts one by \
         itself; or name one with --dev-url, or `[scratch] server` in rung.toml",
    )
}

/// What is wrong with a server that was named, and that there need be none.
fn out_of_reach(error: DbError) -> DbError {
    let first = error.hint.clone().map_or_else(String::new, |hint| format!("{hint}; "));
    let instead = "or leave out --dev-url, or `[scratch] server`: rung starts one by itself, where PostgreSQL's server programs \
                   are installed";
    error.with_hint(format!("{first}{instead}"))
}

#[cfg(unix)]
fn temporary(
    chosen: &Binaries,
    found: &[Binaries],
    options: &ScratchOptions,
    open: OpenOptions,
) -> Result<Box<dyn Scratch>, DbError> {
    let directory = options.directory.clone().unwrap_or_else(|| PathBuf::from("/tmp"));
    let server = server::Server::start(chosen, &directory, options.cache.as_deref())?;
    let settings = Settings::resolve(&server.url("postgres"), &Environment::empty());
    let settings = settings.map_err(crate::driver::wrong_settings)?;
    let admin = crate::driver::open_with(&settings, &open)?;
    let clients = if chosen.clients { Some(chosen) } else { binaries::client_for(found, chosen.major) };
    Ok(Box::new(Place::new(admin, settings, open, clients.cloned(), Power::All, Some(server))))
}

#[cfg(not(unix))]
fn temporary(_: &Binaries, _: &[Binaries], _: &ScratchOptions, _: OpenOptions) -> Result<Box<dyn Scratch>, DbError> {
    Err(no_server())
}

/// What may be made on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    /// Databases, and roles for as long as these are there: the server is others' too.
    Lent,
    /// Whatever is of use: the server goes with its user.
    All,
}

#[cfg(unix)]
type Server = server::Server;
#[cfg(not(unix))]
type Server = ();

struct Place {
    /// Before the server, in the order of the fields: connections are closed first.
    admin: Mutex<Postgres>,
    server: Arc<Address>,
    clients: Option<Binaries>,
    _started: Option<Server>,
}

impl Place {
    fn new(
        admin: Postgres,
        settings: Settings,
        open: OpenOptions,
        clients: Option<Binaries>,
        power: Power,
        started: Option<Server>,
    ) -> Self {
        let server = Arc::new(Address {
            settings,
            open,
            power,
            mark: mark(),
            drops: Mutex::default(),
            lends: AtomicBool::new(false),
        });
        Self { admin: Mutex::new(admin), server, clients, _started: started }
    }

    /// A database with all that a template has.
    fn with_content_of(&self, template: &str) -> Result<ScratchDatabase, DbError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}_{}_{count}", now().as_secs(), std::process::id());
        let make = format!("CREATE DATABASE {} TEMPLATE {}", quoted(&name), quoted(template));
        let made = statement(&mut lock(&self.admin), &make);
        made.map_err(|error| match error.kind {
            DbErrorKind::Permission => error.with_hint("ALTER ROLE ... CREATEDB, or name another server"),
            _ => error,
        })?;
        let settings = self.server.settings.with_database(&name);
        let guard = Guard { server: Arc::clone(&self.server), name };
        let driver = crate::driver::open_with(&settings, &self.server.open)?;
        Ok(ScratchDatabase::new(Box::new(driver), settings.url_with_password(), Box::new(guard)))
    }
}

impl Scratch for Place {
    fn database(&self) -> Result<ScratchDatabase, DbError> {
        // Another's objects may be in template1.
        self.with_content_of("template0")
    }

    fn copy(&self, of: &mut ScratchDatabase) -> Result<ScratchDatabase, DbError> {
        let rows = of.driver.query("SELECT pg_catalog.current_database()")?;
        let name = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        // Nobody may be connected to what is copied: meanwhile the connection is elsewhere.
        of.driver = Box::new(crate::driver::open_with(&self.server.settings, &self.server.open)?);
        let copy = self.with_content_of(&name);
        of.driver = Box::new(crate::driver::open_with(&self.server.settings.with_database(&name), &self.server.open)?);
        copy
    }

    fn supply(&self, lacking: &DbError) -> Result<bool, DbError> {
        // undefined_object, in the words of a server whose messages are not translated.
        let role = lacking.message.strip_prefix("role \"").and_then(|rest| rest.strip_suffix("\" does not exist"));
        let Some(role) = role.filter(|_| lacking.code.as_deref() == Some("42704")) else { return Ok(false) };
        let name = quoted(role);
        // Only a member may make objects its own.
        let make = self.server.role(&name, &format!("CREATE ROLE {name} ROLE CURRENT_USER"));
        match statement(&mut lock(&self.admin), &make) {
            Err(error) if error.kind == DbErrorKind::Permission => Ok(false),
            done => done.map(|()| true),
        }
    }

    fn instead(&self, statement: &str) -> Option<String> {
        let tokens = rung_sql::tokens(statement, &Syntax::POSTGRES).filter(|token| !token.kind.is_trivia());
        let words: Vec<&str> = tokens.take(6).map(|token| &statement[token.span.range()]).collect();
        let is = |at: usize, word: &str| words.get(at).is_some_and(|it| it.eq_ignore_ascii_case(word));
        // The history's schema is there already. What is made within the statement can't come along.
        let is_alone = || words.len() == 3 || is(3, "authorization") && words.len() == 5 || is(3, ";");
        if is(0, "create") && is(1, "schema") && is_alone() && identifier(words[2]) == self.server.open.schema {
            return Some(format!("CREATE SCHEMA IF NOT EXISTS {}", words[2..].join(" ")));
        }
        let is_mapping = is(1, "user") && is(2, "mapping") && (is(3, "for") || is(3, "if"));
        if is_mapping || !["role", "user", "group"].iter().any(|word| is(1, word)) || statement.contains(QUOTE) {
            return None;
        }
        match words.first()?.to_ascii_lowercase().as_str() {
            "create" => Some(self.server.role(words.get(2)?, statement)),
            "drop" => Some(format!("DO {QUOTE} BEGIN END {QUOTE}")),
            _ => None,
        }
    }

    fn witness(&self, database: &mut ScratchDatabase) -> Result<Option<Testimony>, DbError> {
        let Some(program) = self.program("pg_dump") else { return Ok(None) };
        witness::ask(&program, &database.url, &self.server.open.schema).map(Some)
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        let program = self.clients.as_ref()?.directory.join(name);
        program.is_file().then_some(program)
    }
}

/// A name as the server reads it.
fn identifier(word: &str) -> String {
    match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_ascii_lowercase(),
    }
}

/// The server, for those who drop what was made there.
struct Address {
    settings: Settings,
    open: OpenOptions,
    power: Power,
    /// What is said of roles that go with it.
    mark: String,
    drops: Mutex<Vec<JoinHandle<()>>>,
    /// Whether there may be such roles.
    lends: AtomicBool,
}

impl Address {
    /// Makes a role by a statement, unless it is there, by this or by what somebody else does at the same time.
    fn role(&self, name: &str, make: &str) -> String {
        self.lends.store(true, Ordering::Relaxed);
        format!(
            "DO {QUOTE} BEGIN {make}\n; COMMENT ON ROLE {name} IS {}; EXCEPTION WHEN duplicate_object OR unique_violation \
             THEN END {QUOTE}",
            literal(&self.mark)
        )
    }
}

fn mark() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{LENT}{} by {}_{}", now().as_secs(), std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Drop for Address {
    fn drop(&mut self) {
        // On a server that goes itself there is nothing to wait for.
        if self.power == Power::All {
            return;
        }
        for dropping in lock(&self.drops).drain(..) {
            let _ = dropping.join();
        }
        if self.lends.load(Ordering::Relaxed)
            && let Ok(mut admin) = crate::driver::open_with(&self.settings, &self.open)
        {
            let _ = drop_roles(&mut admin, |mark| mark == self.mark);
        }
    }
}

/// Drops a database, while the work goes on: the server writes all that it has in memory to the disk first.
struct Guard {
    server: Arc<Address>,
    name: String,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let (settings, open, name) = (self.server.settings.clone(), self.server.open.clone(), self.name.clone());
        // What fails here is swept up an hour later, or goes with its server.
        let dropping = thread::spawn(move || {
            if let Ok(mut admin) = crate::driver::open_with(&settings, &open) {
                let _ = drop_database(&mut admin, &settings, &open, &name);
            }
        });
        lock(&self.server.drops).push(dropping);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn drop_database(admin: &mut Postgres, settings: &Settings, open: &OpenOptions, name: &str) -> Result<(), DbError> {
    let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    match statement(admin, &drop) {
        // object_in_use: one that has subscriptions stays, whoever is connected.
        Err(error) if error.code.as_deref() == Some("55006") => {
            let mut inside = crate::driver::open_with(&settings.with_database(name), open)?;
            let subscriptions = "SELECT pg_catalog.quote_ident(subname) FROM pg_catalog.pg_subscription WHERE subdbid = \
                (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";
            for subscription in inside.query(subscriptions)?.into_iter().flatten().flatten() {
                statement(&mut inside, &format!("ALTER SUBSCRIPTION {subscription} DISABLE"))?;
                statement(&mut inside, &format!("ALTER SUBSCRIPTION {subscription} SET (slot_name = NONE)"))?;
                statement(&mut inside, &format!("DROP SUBSCRIPTION {subscription}"))?;
            }
            std::mem::drop(inside);
            statement(admin, &drop)
        }
        done => done,
    }
}

/// Drops roles by what is said of them, but for those that another process has a use for by now.
fn drop_roles(admin: &mut Postgres, goes: impl Fn(&str) -> bool) -> Result<(), DbError> {
    let marked = admin.query(&format!(
        "SELECT rolname, pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles \
         WHERE pg_catalog.starts_with(pg_catalog.shobj_description(oid, 'pg_authid'), {})",
        literal(LENT)
    ))?;
    for row in marked {
        if let [Some(role), Some(mark)] = &row[..]
            && goes(mark)
        {
            let _ = statement(admin, &format!("DROP ROLE IF EXISTS {}", quoted(role)));
        }
    }
    Ok(())
}

/// Drops what a process left behind when it was killed.
fn sweep(admin: &mut Postgres, settings: &Settings, open: &OpenOptions) -> Result<(), DbError> {
    let rows = admin.query(&format!(
        "SELECT datname FROM pg_catalog.pg_database AS d WHERE pg_catalog.starts_with(datname, {}) \
         AND pg_catalog.pg_has_role(datdba, 'USAGE') \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)",
        literal(PREFIX)
    ))?;
    let old = now().saturating_sub(ABANDONED).as_secs();
    for name in rows.into_iter().flatten().flatten() {
        let made =
            name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()).and_then(|at| at.parse::<u64>().ok());
        if made.is_some_and(|made| made < old) {
            // One that can't be dropped is in nobody's way.
            let _ = drop_database(admin, settings, open, &name);
        }
    }
    drop_roles(admin, |mark| {
        let made = mark.strip_prefix(LENT).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
        made.is_some_and(|made| made < old)
    })
}

fn statement(admin: &mut Postgres, sql: &str) -> Result<(), DbError> {
    admin.execute(sql).map(|_| ())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_server_and_without_programs_it_is_said_how_to_get_one() {
        let nowhere = ScratchOptions::default();
        let error = scratch_of(&[], &nowhere, &Environment::empty()).err().unwrap();
        assert_eq!(error.kind, DbErrorKind::Config);
        let hint = error.hint.unwrap();
        for way in ["apt install postgresql", "brew install postgresql", "--dev-url", "[scratch] server"] {
            assert!(hint.contains(way), "{hint}");
        }
        // Programs that are clients alone start nothing.
        let clients = Binaries { directory: "/usr/bin".into(), major: 18, server: false, clients: true };
        assert!(scratch_of(&[clients], &nowhere, &Environment::empty()).is_err());
    }
}
