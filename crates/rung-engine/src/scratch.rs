//! Databases of no consequence: made empty, tried something on, and gone.

use crate::driver::{DbError, Driver};

/// Where such databases are made: a server, or memory. What it has started ends with it.
pub trait Scratch: Send {
    /// Makes an empty database and connects to it.
    ///
    /// # Errors
    /// The server's error.
    fn database(&mut self) -> Result<ScratchDatabase, DbError>;
}

/// An empty database with a connection to it. It is dropped with the value, whoever else is connected.
pub struct ScratchDatabase {
    /// The connection.
    pub driver: Box<dyn Driver>,
    /// How a client program gets there, pg_dump for one; no password is in it that anybody needs to keep. `None` where only
    /// the connection does.
    pub url: Option<String>,
    /// What drops it; after the connection, in the order of the fields.
    _guard: Box<dyn Send>,
}

impl ScratchDatabase {
    /// A database that `guard` drops when it is dropped.
    pub fn new(driver: Box<dyn Driver>, url: Option<String>, guard: Box<dyn Send>) -> Self {
        Self { driver, url, _guard: guard }
    }
}
