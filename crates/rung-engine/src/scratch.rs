//! Databases of no consequence: made empty, tried something on, and gone.

use std::path::PathBuf;

use crate::driver::Driver;
use crate::failure::DbError;

/// Where such databases are made: a server, or a directory of files. What it has started ends with it.
pub trait Scratch: Send + Sync {
    /// Makes an empty database and connects to it.
    ///
    /// # Errors
    /// The server's error.
    fn database(&self) -> Result<ScratchDatabase, DbError>;

    /// Makes another database that has all that one has, and connects to it. The one is connected to anew.
    ///
    /// # Errors
    /// The server's error.
    fn copy(&self, of: &mut ScratchDatabase) -> Result<ScratchDatabase, DbError>;

    /// Makes what an error says is lacking outside of any database, a role: for good on a server that was started for the
    /// purpose, and on another until the last of the databases is gone. Says whether it is there by now, and what failed may
    /// be tried again; it is not where this user may not make roles.
    ///
    /// # Errors
    /// The server's error.
    fn supply(&self, lacking: &DbError) -> Result<bool, DbError>;

    /// What is run instead of a statement that makes or drops something outside of any database, a role: it may be there
    /// already, from another scratch database or as somebody's own, and it stays.
    fn instead(&self, statement: &str) -> Option<String>;

    /// Asks somebody else than rung for a database's schema. `None` where nobody is there to be asked. Until the answer
    /// is heard, the schema is to stay as it is.
    ///
    /// # Errors
    /// What went wrong with asking.
    fn witness(&self, database: &mut ScratchDatabase) -> Result<Option<Testimony>, DbError>;

    /// A program that came with the server, `pg_dump` for one, where there is one that understands it.
    fn program(&self, name: &str) -> Option<PathBuf>;

    /// Drops the databases that are there when it is called, from whichever thread and whatever is being done on them: for
    /// an end that comes at any moment. It keeps nothing of this place alive.
    fn clearing(&self) -> Clearing;
}

/// What drops databases in the middle of what is done on them.
pub type Clearing = Box<dyn Fn() + Send + Sync>;

/// What somebody else than rung says of a schema, on its way.
pub struct Testimony(Box<dyn FnOnce() -> Result<Vec<String>, DbError> + Send>);

impl Testimony {
    /// What `wait` returns.
    pub fn new(wait: impl FnOnce() -> Result<Vec<String>, DbError> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// Waits for it: a list that is the same for the same schema, whatever the order of columns and of everything, with
    /// rung's own tables left out.
    ///
    /// # Errors
    /// What went wrong with asking.
    pub fn hear(self) -> Result<Vec<String>, DbError> {
        (self.0)()
    }
}

/// An empty database with a connection to it. It is dropped with the value, whoever else is connected; at the latest when
/// its place goes too.
pub struct ScratchDatabase {
    /// The connection.
    pub driver: Box<dyn Driver>,
    /// How another program gets there. It may have a password in it, so it is never shown.
    pub url: String,
    /// What drops it; after the connection, in the order of the fields.
    _guard: Box<dyn Send>,
}

impl ScratchDatabase {
    /// A database that `guard` drops when it is dropped.
    pub fn new(driver: Box<dyn Driver>, url: String, guard: Box<dyn Send>) -> Self {
        Self { driver, url, _guard: guard }
    }
}

/// Where scratch databases are to be made.
#[derive(Debug, Clone, Default)]
pub struct ScratchOptions {
    /// A server that has room for them, as a URL; a temporary one is started where none is named.
    pub server: Option<String>,
    /// The version that is wanted of a temporary server, as a number that orders: its major is taken where there is one.
    pub version: Option<u32>,
    /// Where programs are looked for, before the places where they usually are.
    pub path: Vec<PathBuf>,
    /// For temporary files; `/tmp` where nothing is said.
    pub directory: Option<PathBuf>,
    /// Where what takes long to make is kept for the next time; nothing is kept where nothing is said. Nobody else may
    /// write there.
    pub cache: Option<PathBuf>,
    /// The schema (on SQLite: the prefix) of rung's own tables.
    pub schema: String,
}
