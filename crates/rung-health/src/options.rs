//! What to look for, and from where on it is found.

use std::collections::BTreeMap;

use rung_engine::Timeouts;
use rung_sql::Level;

/// How to examine a database.
#[derive(Debug, Clone)]
pub struct Options {
    /// The names of the checks to make; all that are not off where it is empty.
    pub checks: Vec<String>,
    /// Levels instead of the checks' own; `None` is off.
    pub levels: BTreeMap<String, Option<Level>>,
    /// Objects that nothing is said of: globs on `schema.name`, or on the name alone.
    pub ignore: Vec<String>,
    /// Schemas, as globs, in which every table must have row security. Where none is named, it is expected where another
    /// table of the schema has it.
    pub row_security: Vec<String>,
    /// The share of its values from which a sequence is near its end, 0 to 1.
    pub sequence_used: f64,
    /// How often a table must have been read for an index of it that never was to be unused.
    pub unused_after: u64,
    /// Transactions from which the age of the oldest is a danger, of the two thousand million that there are.
    pub transaction_age: u64,
    /// Which foreign keys have their rows checked.
    pub orphans: Orphans,
    /// For every question.
    pub timeouts: Timeouts,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checks: Vec::new(),
            levels: BTreeMap::new(),
            ignore: Vec::new(),
            row_security: Vec::new(),
            sequence_used: 0.75,
            unused_after: 1000,
            transaction_age: 1_000_000_000,
            orphans: Orphans::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// Which foreign keys have their rows checked. On SQLite, all of them always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Orphans {
    /// Those that the database does not vouch for: not valid, not enforced, or with triggers that are switched off.
    #[default]
    Suspect,
    /// Every one. It reads all their tables.
    All,
}
