//! What a project wants of the linter.

use std::collections::BTreeMap;

use rung_engine::Timeouts;
use rung_sql::Level;

use crate::Server;

/// Who runs what is linted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runner {
    /// rung, which sets a lock timeout and tries again.
    #[default]
    Rung,
    /// Nobody knows: files that stand in no project.
    Anyone,
}

/// Whether the linter is given all migrations that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// All.
    #[default]
    All,
    /// Some, and there may be others.
    Some,
}

/// What a project wants of the linter.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who runs it.
    pub runner: Runner,
    /// Whether there may be other migrations than those that it is given.
    pub reach: Reach,
    /// The server's version.
    pub server: Server,
    /// Levels of rules, instead of their own; `None` is off.
    pub levels: BTreeMap<String, Option<Level>>,
    /// The timeouts that a run has where a file says nothing.
    pub timeouts: Timeouts,
}
