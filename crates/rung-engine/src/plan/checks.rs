//! What must hold of the files and of the history before anything is planned.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rung_sql::{Diagnostic, Span};

use super::{Order, PlanError, PlanErrorKind, Planner};
use crate::due::{Coverage, Due, coverage, is_here, lacking};
use crate::model::{Migration, Runs};
use crate::version::Version;

impl Planner<'_> {
    /// Checkpoints that stand for migrations of which some are applied, and the files of the others are gone.
    pub(super) fn half_replaced(&self) -> Vec<PlanError> {
        let is_part = |migration: &&&Arc<Migration>| {
            is_here(migration, self.options)
                && !migration.replaces.is_empty()
                && coverage(self.set, self.history, migration) == Coverage::Part
        };
        let error = |migration: &&Arc<Migration>| {
            let all: Vec<&str> = lacking(self.history, &migration.replaces).collect();
            let gone: Vec<&str> = all.iter().copied().filter(|id| self.set.get(id).is_none()).collect();
            // With their files they just run.
            let first = gone.first()?;
            let message = format!(
                "{} stands for migrations of which this database has a part: {} of {} are not applied, from {first} on",
                migration.id,
                all.len(),
                migration.replaces.iter().filter(|replaced| !replaced.is_baseline).count(),
            );
            let diagnostic = Diagnostic::error("half-replaced", message)
                .at(&migration.source, Span::new(0, 0), "")
                .help("apply the others from where their files are kept: `rung up --dir migrations --dir DIRECTORY`")
                .help("or go back to the revision before they were squashed, and `rung up` there");
            Some(PlanError::new(PlanErrorKind::Drift, diagnostic))
        };
        self.migrations.iter().filter(is_part).filter_map(error).collect()
    }

    pub(super) fn check_order(&self, pending: &[usize], errors: &mut Vec<PlanError>) {
        if self.options.order == Some(Order::Any) {
            return;
        }
        // What waits for a release is overtaken meanwhile, with what depends on it.
        let waiting = self.waiting(|_| true);
        let mut out_of_order = |at: usize, what: String| {
            let migration = self.migrations[at];
            let is_strict = self.options.order.unwrap_or(migration.order) == Order::Strict;
            if is_strict && !waiting.contains(&at) && self.history.get(migration.id.as_str()).is_none() {
                let diagnostic = Diagnostic::error("out-of-order", format!("{} is pending, and {what}", migration.id))
                    .at(&migration.source, Span::new(0, 0), "")
                    .help(migration.hints.renumbering(&migration.id))
                    .help("or let it run where it is: `order = \"any\"` in rung.toml, or `rung up --order any`");
                errors.push(PlanError::new(PlanErrorKind::Files, diagnostic));
            }
        };
        // A baseline that is about to run makes what was before it: what it does not stand for came later.
        let baseline = pending.iter().copied().rfind(|at| !self.migrations[*at].replaces.is_empty());
        if let Some(baseline) = baseline {
            let id = &self.migrations[baseline].id;
            for at in pending.iter().filter(|at| **at < baseline && self.migrations[**at].runs == Runs::Once) {
                out_of_order(*at, format!("{id} above it does not stand for it"));
            }
        }
        let applied = self.history.done().filter_map(|row| self.set.position(&row.id));
        let Some(newest) = applied.filter(|at| self.migrations[*at].version != Version::Repeatable).max() else {
            return;
        };
        let row = &self.migrations[newest];
        for at in pending {
            // Two of one number are refused as such. One that the history knows was in its place before: undone, failed
            // or interrupted.
            let version = &self.migrations[*at].version;
            if *at < newest && (*version != row.version || !row.version.is_unique()) {
                out_of_order(*at, format!("{} above it is applied", row.id));
            }
        }
    }

    pub(super) fn check_versions(&self, pending: &[usize], errors: &mut Vec<PlanError>) {
        if pending.is_empty() {
            return;
        }
        let mut by_version: HashMap<&Version, Vec<usize>> = HashMap::with_capacity(self.migrations.len());
        // A checkpoint may have the version of the last one that it stands for.
        let counts = |migration: &Migration| migration.version.is_unique() && migration.runs != Runs::Checkpoint;
        for (at, migration) in self.migrations.iter().enumerate().filter(|(_, other)| counts(other)) {
            by_version.entry(&migration.version).or_default().push(at);
        }
        for at in pending.iter().filter(|at| counts(self.migrations[**at])) {
            let migration = self.migrations[*at];
            // Two files in different environments never meet. Of two that are pending, the second is one too many.
            let is_twin = |other: usize| {
                let twin = self.migrations[other];
                is_here(twin, self.options) && (other < *at || other > *at && self.history.is_done(twin.id.as_str()))
            };
            let twins = by_version.get(&migration.version);
            let Some(twin) = twins.and_then(|twins| twins.iter().find(|other| is_twin(**other))) else { continue };
            let twin = self.migrations[*twin];
            let diagnostic = Diagnostic::error(
                "duplicate-version",
                format!("{} and {} have the same number", twin.id, migration.id),
            )
            .at(&migration.source, Span::new(0, 0), "")
            .help(migration.hints.renumbering(&migration.id));
            errors.push(PlanError::new(PlanErrorKind::Files, diagnostic));
        }
    }

    /// What a migration depends on must be applied, or be about to.
    pub(super) fn check_dependencies_here(&self, pending: &[usize], errors: &mut Vec<PlanError>) {
        let coming: HashSet<usize> = pending.iter().copied().collect();
        let due = Due::new(self.set, self.history, self.options, usize::MAX);
        for at in pending {
            let migration = self.migrations[*at];
            for (index, needed) in self.graph.dependencies(*at).iter().enumerate() {
                let other = self.migrations[*needed];
                if coming.contains(needed) || due.is_met(self.set, *needed, other) {
                    continue;
                }
                let why = if is_here(other, self.options) {
                    "is not applied and not part of this run".to_owned()
                } else {
                    format!("is only for {}", other.only.join(", "))
                };
                let mut diagnostic = Diagnostic::error(
                    "dependency-not-here",
                    format!("{} depends on {}, which {why}", migration.id, other.id),
                );
                if let Some(place) = migration.depends_on.as_ref().and_then(|all| all.get(index)) {
                    diagnostic = diagnostic.at(&migration.source, place.span, "needed here");
                }
                let help = if is_here(other, self.options) {
                    format!("run both: `rung up --only {}`", migration.id)
                } else {
                    format!("make {} `-- @only` for the same environments", migration.id)
                };
                errors.push(PlanError::new(PlanErrorKind::Files, diagnostic.help(help)));
            }
        }
    }

    /// Migrations whose way down stopped part of the way: they count as applied, and are not all there.
    pub(super) fn half_undone(&self) -> impl Iterator<Item = PlanError> {
        self.history.done().filter_map(|row| Some((row, row.error.as_deref()?))).map(|(row, error)| {
            let error = error.lines().next().unwrap_or_default();
            let diagnostic = Diagnostic::error("half-undone", format!("{} is applied, but {error}", row.id))
                .help("go on with that: `rung down`, then `rung up`")
                .help(format!("or put back by hand what is gone of it, then `rung resolve {} --done`", row.id));
            PlanError::new(PlanErrorKind::Files, diagnostic)
        })
    }

    /// Migrations that stopped part of the way. They stand on what is applied, so that nothing below them can go; and how
    /// to take them back themselves is not known.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = PlanError> {
        self.history.unfinished().map(|row| {
            let message = format!("{} stopped part of the way: nothing before it can be undone", row.id);
            let diagnostic = Diagnostic::error("unfinished", message)
                .help("finish it: `rung up`")
                .help(format!("or take back by hand what stands of it, then `rung resolve {} --not-done`", row.id));
            PlanError::new(PlanErrorKind::Files, diagnostic)
        })
    }
}
