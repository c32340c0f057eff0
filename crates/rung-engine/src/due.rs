//! Which migrations are due: for the environment, not applied, and not covered by a checkpoint.

use crate::history::{History, Status};
use crate::model::{Migration, MigrationSet, Runs};
use crate::plan::PlanOptions;

/// Answers for one set, history and environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due<'a> {
    history: &'a History,
    options: &'a PlanOptions,
    /// The place before which a checkpoint stands for everything.
    from: usize,
    /// Whether the checkpoint at that place has to run.
    starts: bool,
}

impl<'a> Due<'a> {
    /// Looks for a checkpoint: the newest that is applied, or where nothing is applied yet, the last one up to `limit`.
    pub(crate) fn new(set: &MigrationSet, history: &'a History, options: &'a PlanOptions, limit: usize) -> Self {
        let mut due = Self { history, options, from: 0, starts: false };
        let checkpoints = set.iter().enumerate().filter(|(_, migration)| migration.runs == Runs::Checkpoint);
        let mut checkpoints: Vec<(usize, bool)> = checkpoints
            .filter(|(_, migration)| is_here(migration, options))
            .map(|(at, migration)| (at, history.is_done(migration.id.as_str())))
            .collect();
        let is_fresh = !checkpoints.is_empty() && is_fresh(set, history);
        checkpoints.retain(|(at, is_done)| *is_done || is_fresh && *at <= limit);
        if let Some((at, is_done)) = checkpoints.last() {
            (due.from, due.starts) = (*at, !is_done);
        }
        due
    }

    /// Whether the migration at a place is wanted and not applied as it is.
    pub(crate) fn is_pending(&self, at: usize, migration: &Migration) -> bool {
        let row = self.history.get(migration.id.as_str());
        let is_begun = row.is_some_and(|row| matches!(row.status, Status::Running | Status::Failed));
        let is_wanted = match migration.runs {
            Runs::Once => is_begun || at >= self.from,
            Runs::Checkpoint => is_begun || self.starts && at == self.from,
            Runs::WhenChanged | Runs::Always => true,
        };
        let is_applied = row.is_some_and(|row| {
            row.is_done() && (migration.runs != Runs::WhenChanged || row.fingerprint == migration.fingerprint)
        });
        is_here(migration, self.options) && is_wanted && !is_applied
    }

    /// Whether a run takes it along.
    pub(crate) fn runs(&self, at: usize, migration: &Migration) -> bool {
        migration.runs == Runs::Always && is_here(migration, self.options) || self.is_pending(at, migration)
    }
}

/// Whether a migration is for the environment.
pub(crate) fn is_here(migration: &Migration, options: &PlanOptions) -> bool {
    migration.only.is_empty()
        || options.environment.as_ref().is_some_and(|here| migration.only.iter().any(|name| name == here))
}

/// Whether nothing is applied or begun that a checkpoint could stand for.
fn is_fresh(set: &MigrationSet, history: &History) -> bool {
    let counts = |id: &str| set.get(id).is_none_or(|migration| migration.runs == Runs::Once);
    let is_there = |status| matches!(status, Status::Completed | Status::Running | Status::Failed);
    !history.iter().any(|row| is_there(row.status) && counts(&row.id))
}
