//! From a URL to a connection, and to the dialect before there is one.

use std::time::Duration;

use rung_engine::{DbError, DbErrorKind, Dialect, Driver, Scratch, ScratchOptions};

/// What a connection needs besides its URL.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The schema (on SQLite: the prefix) of rung's own tables.
    pub schema: String,
    /// The machine's name, shown to other deployers while we have the lock.
    pub host: String,
    /// libpq's environment: `PGHOST`, `.pgpass` and the like. Empty in a library; the command line fills it.
    #[cfg(feature = "postgres")]
    pub environment: rung_postgres::connect::Environment,
    /// Whether SQLite enforces foreign keys. Stock SQLite does not, and neither does rung by default.
    pub foreign_keys: bool,
    /// Whether an SQLite file must be there: one that is not is an empty database where something may be written later, and
    /// a slip in its name where it is only to be looked at.
    pub must_exist: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            schema: "rung".to_owned(),
            host: String::new(),
            #[cfg(feature = "postgres")]
            environment: rung_postgres::connect::Environment::empty(),
            foreign_keys: false,
            must_exist: false,
        }
    }
}

/// One of the databases that this build of rung speaks to, chosen by the form of a URL.
struct Backend {
    /// Whether a URL is for it.
    claims: fn(&str) -> bool,
    dialect: fn() -> &'static dyn Dialect,
    open: Open,
    scratch: OpenScratch,
    identity: fn(&ScratchOptions, &ConnectOptions) -> Option<String>,
}

type OpenScratch = fn(&ScratchOptions, &ConnectOptions) -> Result<Box<dyn Scratch>, DbError>;
type Open = fn(&str, &ConnectOptions) -> Result<Box<dyn Driver>, DbError>;

/// In the order of asking: a path without a scheme is SQLite's, so PostgreSQL is asked first.
const BACKENDS: &[Backend] = &[
    #[cfg(feature = "postgres")]
    Backend {
        claims: is_postgres,
        dialect: || &rung_postgres::POSTGRES,
        open: open_postgres,
        scratch: scratch_postgres,
        identity: |options, connecting| rung_postgres::scratch_identity(options, &connecting.environment),
    },
    #[cfg(feature = "sqlite")]
    Backend {
        claims: is_sqlite,
        dialect: || &rung_sqlite::SQLITE,
        open: open_sqlite,
        scratch: |options, _| rung_sqlite::scratch(options),
        identity: |_, _| Some(rung_sqlite::scratch_identity()),
    },
];

fn backend(url: &str) -> Result<&'static Backend, DbError> {
    BACKENDS.iter().find(|backend| (backend.claims)(url)).ok_or_else(|| {
        let message = match url.split_once(':') {
            Some((scheme, _)) => format!("rung does not know this kind of database: {scheme}"),
            // Without a scheme it may be anything, and a password in it.
            None => "this names no database that rung knows: it has no scheme".to_owned(),
        };
        DbError::new(DbErrorKind::Config, message).with_hint("write postgres://USER@HOST/DATABASE, or sqlite:PATH")
    })
}

/// The dialect of the database behind a URL, without connecting.
///
/// # Errors
/// The URL is of no kind that this build of rung knows.
pub fn dialect_of(url: &str) -> Result<&'static dyn Dialect, DbError> {
    Ok((backend(url)?.dialect)())
}

/// Every dialect of this build.
pub fn dialects() -> impl Iterator<Item = &'static dyn Dialect> {
    BACKENDS.iter().map(|backend| (backend.dialect)())
}

/// Connects: `postgres://...`, a libpq conninfo (`host=... dbname=...`), `sqlite:PATH`, or a path that ends in `.db`,
/// `.sqlite` or `.sqlite3`.
///
/// # Errors
/// The URL is malformed; the server can't be reached or refuses. Never contains the password.
pub fn connect(url: &str, options: &ConnectOptions) -> Result<Box<dyn Driver>, DbError> {
    (backend(url)?.open)(url, options)
}

/// A place for databases of this dialect in which something can be tried: on [`ScratchOptions::server`], else on a server
/// that is started for the purpose, or in files.
///
/// # Errors
/// The server that is named is of another dialect or can't be reached; none is named, and none can be started.
pub fn scratch(
    dialect: &dyn Dialect,
    options: &ScratchOptions,
    connecting: &ConnectOptions,
) -> Result<Box<dyn Scratch>, DbError> {
    if let Some(server) = &options.server
        && (backend(server)?.dialect)().name() != dialect.name()
    {
        let message = format!("the scratch server is not {}", dialect.title());
        return Err(DbError::new(DbErrorKind::Config, message).with_hint("name one that is with --dev-url, or none"));
    }
    let backend = backend_of(dialect).ok_or_else(|| {
        DbError::new(DbErrorKind::Config, format!("this build of rung does not know {}", dialect.title()))
    })?;
    (backend.scratch)(&ScratchOptions { schema: connecting.schema.clone(), ..options.clone() }, connecting)
}

/// What databases of [`scratch`] with the same options are before anything is done on them, as a text: as long as it is the
/// same, the same statements make the same of them. Starts no server. `None` where nobody can tell.
pub fn scratch_identity(
    dialect: &dyn Dialect,
    options: &ScratchOptions,
    connecting: &ConnectOptions,
) -> Option<String> {
    let options = ScratchOptions { schema: connecting.schema.clone(), ..options.clone() };
    (backend_of(dialect)?.identity)(&options, connecting)
}

fn backend_of(dialect: &dyn Dialect) -> Option<&'static Backend> {
    BACKENDS.iter().find(|backend| (backend.dialect)().name() == dialect.name())
}

/// Tries to connect until it works or the time is over.
///
/// # Errors
/// The last error; at once where trying again can't help (a wrong password, a malformed URL).
pub fn wait_for(url: &str, options: &ConnectOptions, timeout: Duration) -> Result<Box<dyn Driver>, DbError> {
    let until = std::time::Instant::now() + timeout;
    let mut pause = Duration::from_millis(100);
    loop {
        match connect(url, options).and_then(|mut driver| driver.query("SELECT 1").map(|_| driver)) {
            Ok(driver) => return Ok(driver),
            Err(error) => {
                let hopeless = matches!(error.kind, DbErrorKind::Authentication | DbErrorKind::Config);
                let left = until.saturating_duration_since(std::time::Instant::now());
                if hopeless || left.is_zero() {
                    return Err(error);
                }
                std::thread::sleep(pause.min(left));
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }
}

#[cfg(feature = "postgres")]
fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:")
        || url.starts_with("postgresql:")
        || (url.contains('=') && !url.contains(':') && !url.contains('/'))
        || url.split_whitespace().next().is_some_and(|word| {
            word.split_once('=')
                .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !key.is_empty())
        })
}

#[cfg(feature = "postgres")]
fn open_postgres(url: &str, options: &ConnectOptions) -> Result<Box<dyn Driver>, DbError> {
    let open = rung_postgres::OpenOptions { schema: options.schema.clone() };
    Ok(Box::new(rung_postgres::open(url, &options.environment, &open)?))
}

/// What is known of a database by its URL; nothing where that can't be read, which connecting will say.
pub(crate) fn names_of(url: &str, options: &ConnectOptions) -> rung_formats::Names {
    #[cfg(feature = "postgres")]
    if is_postgres(url) {
        return rung_postgres::connect::Settings::resolve(url, &options.environment).map_or_else(
            |_| rung_formats::Names::default(),
            |settings| rung_formats::Names {
                database: Some(settings.database().to_owned()),
                user: Some(settings.user().to_owned()),
            },
        );
    }
    let _ = (url, options);
    rung_formats::Names::default()
}

#[cfg(feature = "postgres")]
fn scratch_postgres(options: &ScratchOptions, connecting: &ConnectOptions) -> Result<Box<dyn Scratch>, DbError> {
    rung_postgres::scratch(options, &connecting.environment)
}

#[cfg(feature = "sqlite")]
fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
        || url.starts_with("sqlite3:")
        || [".db", ".sqlite", ".sqlite3"].iter().any(|ending| url.ends_with(ending))
}

#[cfg(feature = "sqlite")]
fn open_sqlite(url: &str, options: &ConnectOptions) -> Result<Box<dyn Driver>, DbError> {
    let open = rung_sqlite::OpenOptions {
        schema: options.schema.clone(),
        host: options.host.clone(),
        foreign_keys: options.foreign_keys,
        must_exist: options.must_exist,
        ..Default::default()
    };
    Ok(Box::new(rung_sqlite::open(url, &open)?))
}
