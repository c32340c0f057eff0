//! What leads from one schema to another. Pure: a dialect makes it of two catalogs.

use std::fmt;
use std::sync::Arc;

use rung_catalog::{Key, Rename};

/// The statements that turn one schema into another, in the order in which they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alteration {
    /// The steps. None where the schemas are equal.
    pub steps: Vec<AlterStep>,
}

impl Alteration {
    /// Whether the schemas are equal.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether all of it may be one transaction.
    pub fn is_one_transaction(&self) -> bool {
        self.steps.iter().all(|step| step.cut == Cut::Joined)
    }
}

/// One statement of an alteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterStep {
    /// The statement, without its semicolon.
    pub sql: String,
    /// The object that it makes, alters or drops.
    pub key: Arc<Key>,
    /// Which transaction it is in.
    pub cut: Cut,
    /// What of the data is gone behind it and no down brings back, in words: `the values of app.users.email`.
    pub loses: Option<String>,
    /// Why it is done in this way, where a reader would ask.
    pub note: Option<String>,
}

/// Which transaction a statement is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cut {
    /// That of the statement before.
    #[default]
    Joined,
    /// A new one: what is before must be committed first.
    New,
    /// None.
    Outside,
}

/// How to get from one schema to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterOptions {
    /// What is another name and not another object.
    pub renames: Vec<Rename>,
    /// How to treat tables that are in use meanwhile.
    pub locking: Locking,
    /// The server's version as a number that orders, where it is known: what a statement may say depends on it.
    pub version: Option<u32>,
    /// What is taken into account besides the objects themselves.
    pub compared: crate::DumpOptions,
}

/// How to treat tables that are in use meanwhile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Locking {
    /// Others read and write while it lasts: indexes are built concurrently, constraints are validated apart.
    #[default]
    Online,
    /// As few statements and transactions as can be.
    Plain,
}

/// A difference that no statement of the dialect mends, or none that loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The object.
    pub key: Arc<Key>,
    /// Why not.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}
