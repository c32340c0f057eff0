//! Databases of no consequence: made empty, tried something on, and gone.

use std::path::PathBuf;

use crate::driver::{DbError, Driver};

/// Where such databases are made: a server, or a directory of files. What it has started ends with it.
pub trait Scratch: Send {
    /// Makes an empty database and connects to it.
    ///
    /// # Errors
    /// The server's error.
    fn database(&mut self) -> Result<ScratchDatabase, DbError>;

    /// Makes what an error says is lacking outside of any database, where this is the place to: a role, on a server that
    /// was started for the purpose. Says whether it did, and what failed may be tried again.
    ///
    /// # Errors
    /// The server's error.
    fn supply(&mut self, lacking: &DbError) -> Result<bool, DbError>;

    /// What somebody else than rung says of a database's schema, rung's own tables left out: a list that is the same for
    /// the same schema, whatever the order of columns and of everything. `None` where nobody is there to be asked.
    ///
    /// # Errors
    /// What went wrong with asking.
    fn witness(&mut self, database: &mut ScratchDatabase) -> Result<Option<Vec<String>>, DbError>;

    /// A program that came with the server, `pg_dump` for one, where there is one that understands it.
    fn program(&self, name: &str) -> Option<PathBuf>;
}

/// An empty database with a connection to it. It is dropped with the value, whoever else is connected.
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
    /// The schema (on SQLite: the prefix) of rung's own tables.
    pub schema: String,
}
