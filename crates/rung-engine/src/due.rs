//! Which migrations are due: for the environment, not applied, and not covered by a checkpoint.

use std::collections::HashSet;

use rung_sql::Replaced;

use crate::history::{History, Status};
use crate::model::{Migration, MigrationSet, Runs};
use crate::plan::PlanOptions;

/// Answers for one set, history and environment.
#[derive(Debug, Clone)]
pub(crate) struct Due<'a> {
    history: &'a History,
    options: &'a PlanOptions,
    /// The place before which a checkpoint that does not say what it stands for stands for everything.
    from: usize,
    /// The checkpoints that have to run, in order.
    starts: Vec<usize>,
    /// What is there by what stands for it, or is about to be.
    covered: HashSet<&'a str>,
}

impl<'a> Due<'a> {
    /// Looks for checkpoints: those that are applied or as good as that, and of those that nothing is applied of the ones up
    /// to `limit` that no other stands for.
    pub(crate) fn new(set: &'a MigrationSet, history: &'a History, options: &'a PlanOptions, limit: usize) -> Self {
        let mut due = Self { history, options, from: 0, starts: Vec::new(), covered: HashSet::new() };
        let checkpoints: Vec<(usize, &'a Migration, Coverage)> = set
            .iter()
            .enumerate()
            .filter(|(_, migration)| migration.runs == Runs::Checkpoint && is_here(migration, options))
            .map(|(at, migration)| (at, &**migration, coverage(set, history, migration)))
            .collect();
        let may_start = |at: usize, coverage: Coverage| coverage == Coverage::None && at <= limit;
        let plain = checkpoints.iter().rfind(|(at, migration, coverage)| {
            migration.replaces.is_empty() && (*coverage == Coverage::Whole || may_start(*at, *coverage))
        });
        if let Some((at, _, coverage)) = plain {
            due.from = *at;
            due.starts.extend(may_start(*at, *coverage).then_some(*at));
        }
        for (_, migration, coverage) in &checkpoints {
            let there = match coverage {
                Coverage::Whole => migration.replaces.as_slice(),
                Coverage::Part => &migration.replaces[..since_baseline(history, &migration.replaces)],
                Coverage::None => &[],
            };
            due.covered.extend(there.iter().map(|replaced| replaced.id.as_str()));
        }
        let mut starting: Vec<(usize, &'a Migration)> = Vec::new();
        // The later one stands for the earlier one, where it names it.
        for (at, migration, coverage) in checkpoints.iter().rev() {
            let id = migration.id.as_str();
            let is_covered = due.covered.contains(id) || starting.iter().any(|(_, other)| stands_for(other, id));
            if !migration.replaces.is_empty() && *at >= due.from && may_start(*at, *coverage) && !is_covered {
                starting.push((*at, migration));
            }
        }
        for (at, migration) in starting.into_iter().rev() {
            due.starts.push(at);
            due.covered.extend(migration.replaces.iter().map(|replaced| replaced.id.as_str()));
        }
        due
    }

    /// Whether the migration at a place is wanted and not applied as it is.
    pub(crate) fn is_pending(&self, at: usize, migration: &Migration) -> bool {
        let row = self.history.get(migration.id.as_str());
        let is_begun = row.is_some_and(|row| matches!(row.status, Status::Running | Status::Failed));
        let is_wanted = match migration.runs {
            Runs::Once => is_begun || at >= self.from && !self.covered.contains(migration.id.as_str()),
            Runs::Checkpoint => is_begun || self.starts.contains(&at),
            Runs::WhenChanged | Runs::Always => true,
        };
        let is_applied = row.is_some_and(|row| {
            row.is_done() && (migration.runs != Runs::WhenChanged || row.fingerprint == migration.fingerprint)
        });
        is_here(migration, self.options) && is_wanted && !is_applied
    }

    /// Whether what a migration makes is there, or about to be: by itself, by what stands for it, or by what it stands for.
    pub(crate) fn is_met(&self, set: &MigrationSet, at: usize, migration: &Migration) -> bool {
        let id = migration.id.as_str();
        let is_whole =
            || migration.runs == Runs::Checkpoint && coverage(set, self.history, migration) == Coverage::Whole;
        at < self.from || self.covered.contains(id) || self.history.is_done(id) || is_whole()
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

/// Whether a checkpoint is not applied itself, and as good as that: all that it says it stands for is.
pub fn is_stood_in_for(migration: &Migration, history: &History) -> bool {
    !migration.replaces.is_empty()
        && !history.is_done(migration.id.as_str())
        && lacking(history, &migration.replaces).next().is_none()
}

/// What of all that a checkpoint stands for is not applied. A baseline among it that is applied is as good as all before it,
/// and one that is not was never needed.
pub(crate) fn lacking<'a>(history: &'a History, replaces: &'a [Replaced]) -> impl Iterator<Item = &'a str> {
    let is_done = |replaced: &Replaced| history.is_done(&replaced.id);
    let from = since_baseline(history, replaces);
    let left = replaces[from..].iter().filter(move |replaced| !replaced.is_baseline && !is_done(replaced));
    left.map(|replaced| replaced.id.as_str())
}

/// The place of the last baseline among what is replaced that is applied: all before it is there.
fn since_baseline(history: &History, replaces: &[Replaced]) -> usize {
    replaces.iter().rposition(|replaced| replaced.is_baseline && history.is_done(&replaced.id)).unwrap_or(0)
}

/// Whether a checkpoint says that it stands for a migration.
pub(crate) fn stands_for(checkpoint: &Migration, id: &str) -> bool {
    checkpoint.replaces.iter().any(|replaced| replaced.id == id)
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
