//! Which migrations are due: for the environment, not applied, and not covered by a checkpoint.

use std::collections::HashSet;
use std::sync::Arc;

use rung_sql::Replaced;

use crate::history::{History, Status};
use crate::model::{Migration, MigrationSet, Runs};
use crate::plan::PlanOptions;

/// Answers for one set, history and environment.
#[derive(Debug, Clone)]
pub(crate) struct Due<'a> {
    history: &'a History,
    options: &'a PlanOptions,
    /// The place before which a checkpoint stands for everything.
    from: usize,
    /// Whether the checkpoint at that place has to run.
    starts: bool,
    /// What that one and those that have run say that they stand for, wherever it would have its place.
    covered: HashSet<&'a str>,
}

impl<'a> Due<'a> {
    /// Looks for a checkpoint: the newest that is applied, or where nothing is applied yet, the last one up to `limit`.
    pub(crate) fn new(set: &'a MigrationSet, history: &'a History, options: &'a PlanOptions, limit: usize) -> Self {
        let mut due = Self { history, options, from: 0, starts: false, covered: HashSet::new() };
        let checkpoints = set.iter().enumerate().filter(|(_, migration)| migration.runs == Runs::Checkpoint);
        let mut checkpoints: Vec<(usize, Coverage)> = checkpoints
            .filter(|(_, migration)| is_here(migration, options))
            .map(|(at, migration)| (at, coverage(set, history, migration)))
            .collect();
        checkpoints
            .retain(|(at, coverage)| *coverage == Coverage::Whole || *coverage == Coverage::None && *at <= limit);
        if let Some((at, coverage)) = checkpoints.last() {
            (due.from, due.starts) = (*at, *coverage == Coverage::None);
        }
        let has_run = |(at, migration): &(usize, &Arc<Migration>)| {
            migration.runs == Runs::Checkpoint
                && (due.starts && *at == due.from || history.is_done(migration.id.as_str()))
        };
        let replaced = set.iter().enumerate().filter(has_run).flat_map(|(_, migration)| &migration.replaces);
        due.covered = replaced.map(|replaced| replaced.id.as_str()).collect();
        due
    }

    /// Whether the migration at a place is wanted and not applied as it is.
    pub(crate) fn is_pending(&self, at: usize, migration: &Migration) -> bool {
        let row = self.history.get(migration.id.as_str());
        let is_begun = row.is_some_and(|row| matches!(row.status, Status::Running | Status::Failed));
        let is_wanted = match migration.runs {
            Runs::Once => is_begun || at >= self.from && !self.covered.contains(migration.id.as_str()),
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

/// How much of what a checkpoint stands for is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// All of it, or the checkpoint itself.
    Whole,
    /// Some.
    Part,
    /// Nothing.
    None,
}

/// How much of what a checkpoint stands for is applied. One that does not say stands for whatever there was.
pub(crate) fn coverage(set: &MigrationSet, history: &History, migration: &Migration) -> Coverage {
    if history.is_done(migration.id.as_str()) {
        return Coverage::Whole;
    }
    if migration.replaces.is_empty() {
        return if is_fresh(set, history) { Coverage::None } else { Coverage::Part };
    }
    let is_there =
        |id: &str| history.get(id).is_some_and(|row| !matches!(row.status, Status::RolledBack | Status::Pending));
    if lacking(history, &migration.replaces).next().is_none() {
        Coverage::Whole
    } else if migration.replaces.iter().any(|replaced| is_there(&replaced.id)) {
        Coverage::Part
    } else {
        Coverage::None
    }
}

/// What of all that a checkpoint stands for is not applied. A baseline among it that is applied is as good as all before it,
/// and one that is not was never needed.
pub(crate) fn lacking<'a>(history: &'a History, replaces: &'a [Replaced]) -> impl Iterator<Item = &'a str> {
    let is_done = |replaced: &Replaced| history.is_done(&replaced.id);
    let from = replaces.iter().rposition(|replaced| replaced.is_baseline && is_done(replaced)).unwrap_or(0);
    let left = replaces[from..].iter().filter(move |replaced| !replaced.is_baseline && !is_done(replaced));
    left.map(|replaced| replaced.id.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Applied;
    use crate::model::Digest;

    #[test]
    fn a_baseline_among_what_is_replaced_is_as_good_as_all_before_it() {
        let replaces: Vec<Replaced> = ["001_a", "002_b", "baseline 002_base", "003_c"]
            .iter()
            .map(|text| match text.strip_prefix("baseline ") {
                Some(id) => Replaced { id: id.to_owned(), is_baseline: true },
                None => Replaced { id: (*text).to_owned(), is_baseline: false },
            })
            .collect();
        for (done, left) in [
            ("", "001_a 002_b 003_c"),
            ("001_a", "002_b 003_c"),
            ("001_a 002_b 003_c", ""),
            ("002_base", "003_c"),
            ("002_base 003_c", ""),
            ("001_a 003_c", "002_b"),
        ] {
            let row = |(at, id): (usize, &str)| Applied {
                id: id.to_owned(),
                status: Status::Completed,
                checksum: Digest([0; 32]),
                fingerprint: Digest([0; 32]),
                depends_on: Vec::new(),
                applied_at: String::new(),
                execution_time_ms: None,
                has_down: false,
                sequence: i64::try_from(at).expect("there are few"),
                error: None,
            };
            let history = History::new(done.split_whitespace().enumerate().map(row).collect());
            assert_eq!(lacking(&history, &replaces).collect::<Vec<_>>().join(" "), left, "with {done:?}");
        }
    }
}
