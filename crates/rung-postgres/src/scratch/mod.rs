//! Scratch databases: on a server that is named, or on one that is started for the purpose and ends with its user.

mod binaries;
#[cfg(unix)]
mod cluster;
mod identity;
#[cfg(unix)]
mod server;
mod witness;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rung_engine::{Clearing, DbError, DbErrorKind, Scratch, ScratchDatabase, ScratchOptions, Session, Testimony};
use rung_sql::Syntax;

use crate::connect::{Environment, Settings};
use crate::name::{literal, quoted};
use crate::{OpenOptions, Postgres};
use binaries::Binaries;
pub use identity::scratch_identity;

/// The names of scratch databases begin so, and go on with the second in which they were made and with their [`Maker`].
const PREFIX: &str = "rung_scratch_";

/// What is said of roles that are there only for scratch databases; the second in which their place was found follows, and
/// whose it is.
const LENT: &str = "made for scratch databases of rung at ";

/// Quotes a statement within another.
const QUOTE: &str = "$rung$";

/// Where nobody can tell whether the maker lives, a database of ours that nobody is connected to, or a role of ours that
/// nothing belongs to, is one that was left behind, once it is so old.
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
    let maker = Maker::of(&mut admin)?;
    let major = admin.server_version() / 10_000;
    let dump = binaries::client_for(binaries, major).cloned();
    Ok(Box::new(Place::new(admin, &maker, settings, open, dump, Power::Lent, None)))
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
    let mut admin = crate::driver::open_with(&settings, &open)?;
    let maker = Maker::of(&mut admin)?;
    let clients = if chosen.clients { Some(chosen) } else { binaries::client_for(found, chosen.major) };
    Ok(Box::new(Place::new(admin, &maker, settings, open, clients.cloned(), Power::All, Some(server))))
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
    /// Before the server that was started, in the order of the fields: connections are closed first.
    server: Arc<Address>,
    clients: Option<Binaries>,
    _started: Option<Server>,
}

impl Place {
    fn new(
        admin: Postgres,
        maker: &Maker,
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
            mark: mark(maker),
            stem: format!("{PREFIX}{}_{maker}_{}_", now().as_secs(), place_number()),
            made: AtomicU32::new(0),
            admin: Mutex::new(admin),
            drops: Mutex::default(),
            lends: AtomicBool::new(false),
        });
        Self { server, clients, _started: started }
    }

    /// A database with all that a template has.
    fn with_content_of(&self, template: &str) -> Result<ScratchDatabase, DbError> {
        let name = format!("{}{}", self.server.stem, self.server.made.fetch_add(1, Ordering::Relaxed));
        let make = format!("CREATE DATABASE {} TEMPLATE {}", quoted(&name), quoted(template));
        let made = statement(&mut lock(&self.server.admin), &make);
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
        match statement(&mut lock(&self.server.admin), &make) {
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

    fn clearing(&self) -> Clearing {
        let server = Arc::downgrade(&self.server);
        Box::new(move || {
            if let Some(server) = server.upgrade().filter(|server| server.power == Power::Lent) {
                // What fails here the next run sweeps up.
                let _ = server.clear();
            }
        })
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
    /// How the names of its databases begin, which no other place has.
    stem: String,
    made: AtomicU32,
    /// Open for as long as there is a database: by this connection others see that the maker lives.
    admin: Mutex<Postgres>,
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

    /// Drops all that was made, on a connection of its own: the other one may be at work.
    fn clear(&self) -> Result<(), DbError> {
        let mut admin = crate::driver::open_with(&self.settings, &self.open)?;
        for (name, _) in databases(&mut admin)?.iter().filter(|(name, _)| name.starts_with(&self.stem)) {
            drop_database(&mut admin, &self.settings, &self.open, name)?;
        }
        self.drop_roles(&mut admin)
    }

    fn drop_roles(&self, admin: &mut Postgres) -> Result<(), DbError> {
        for (role, _) in roles(admin)?.iter().filter(|(_, mark)| *mark == self.mark) {
            drop_role(admin, role);
        }
        Ok(())
    }
}

/// Who makes databases, as others can see for themselves whether it still lives.
enum Maker {
    /// The server process of a connection that is open for as long as they are there.
    Backend(String),
    /// Behind a pooler processes come and go by themselves.
    Unknown,
}

impl Maker {
    fn of(admin: &mut Postgres) -> Result<Self, DbError> {
        let pid = admin.own_backend()?;
        Ok(pid.map_or(Self::Unknown, |pid| Self::Backend(pid.to_string())))
    }

    /// What [`Display`] wrote.
    fn parse(word: &str) -> Self {
        word.strip_prefix('b').map_or(Self::Unknown, |pid| Self::Backend(pid.to_owned()))
    }
}

impl Display for Maker {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backend(pid) => write!(f, "b{pid}"),
            Self::Unknown => write!(f, "{}", std::process::id()),
        }
    }
}

fn mark(maker: &Maker) -> String {
    format!("{LENT}{} by {maker}_{}", now().as_secs(), place_number())
}

fn place_number() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
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
        if self.lends.load(Ordering::Relaxed) {
            let _ = self.drop_roles(&mut lock(&self.admin));
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
        // What fails here is swept up by another run, or goes with its server.
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

/// Databases of this kind that are ours to drop, and for each whether nobody is connected to it.
fn databases(admin: &mut Postgres) -> Result<Vec<(String, bool)>, DbError> {
    let rows = admin.query(&format!(
        "SELECT datname, EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)::text \
         FROM pg_catalog.pg_database AS d \
         WHERE pg_catalog.starts_with(datname, {}) AND pg_catalog.pg_has_role(datdba, 'USAGE')",
        literal(PREFIX)
    ))?;
    let database = |row: Vec<Option<String>>| match row.as_slice() {
        [Some(name), Some(is_used)] => Some((name.clone(), is_used == "false")),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(database).collect())
}

/// Roles that are there only for scratch databases, each with what is said of it.
fn roles(admin: &mut Postgres) -> Result<Vec<(String, String)>, DbError> {
    let rows = admin.query(&format!(
        "SELECT rolname, pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles \
         WHERE pg_catalog.starts_with(pg_catalog.shobj_description(oid, 'pg_authid'), {})",
        literal(LENT)
    ))?;
    let role = |row: Vec<Option<String>>| match row.as_slice() {
        [Some(name), Some(mark)] => Some((name.clone(), mark.clone())),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(role).collect())
}

/// Drops a role, unless another process has a use for it by now.
fn drop_role(admin: &mut Postgres, role: &str) {
    let _ = statement(admin, &format!("DROP ROLE IF EXISTS {}", quoted(role)));
}

/// Drops what a process left behind when it was killed.
fn sweep(admin: &mut Postgres, settings: &Settings, open: &OpenOptions) -> Result<(), DbError> {
    let (databases, roles) = (databases(admin)?, roles(admin)?);
    // Looked at last: whoever made one of these was there before.
    let processes = admin.query("SELECT pid FROM pg_catalog.pg_stat_activity")?;
    let processes: BTreeSet<String> = processes.into_iter().flatten().flatten().collect();
    let old = now().saturating_sub(ABANDONED).as_secs();
    let is_left = |made: &str, maker: &str, is_idle: bool| match Maker::parse(maker) {
        Maker::Backend(pid) => !processes.contains(&pid),
        Maker::Unknown => is_idle && made.parse::<u64>().is_ok_and(|made| made < old),
    };
    for (name, is_idle) in &databases {
        let mut words = name.trim_start_matches(PREFIX).split('_');
        if is_left(words.next().unwrap_or_default(), words.next().unwrap_or_default(), *is_idle) {
            // One that can't be dropped is in nobody's way.
            let _ = drop_database(admin, settings, open, name);
        }
    }
    for (role, mark) in &roles {
        let (made, by) = mark.trim_start_matches(LENT).split_once(" by ").unwrap_or_default();
        if is_left(made, by.split('_').next().unwrap_or_default(), true) {
            drop_role(admin, role);
        }
    }
    Ok(())
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
