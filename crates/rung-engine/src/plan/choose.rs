//! Which migrations a goal means, in the order in which they run or are undone.

use std::collections::HashSet;
use std::sync::Arc;

use super::{PlanError, PlanErrors, Planner, PostDeploy, is_half_done, usage};
use crate::due::{Due, is_here, stands_for};
use crate::history::Applied;
use crate::model::{Migration, Stage};
use crate::target::Target;
use crate::version::Version;

impl<'a> Planner<'a> {
    /// Positions of what runs here. Repeatable migrations run after the versioned ones, unless they have a place. A new
    /// checkpoint is taken at `limit` or before it.
    pub(super) fn pending(&self, limit: usize) -> Vec<usize> {
        let due = Due::new(self.set, self.history, self.options, limit);
        let pending = self.graph.order().iter().copied().filter(|at| due.runs(*at, self.migrations[*at]));
        let (repeatable, mut versioned): (Vec<usize>, Vec<usize>) = pending.partition(|at| {
            let migration = self.migrations[*at];
            migration.runs.again() && migration.version != Version::Unnumbered
        });
        versioned.extend(repeatable);
        versioned
    }

    /// What of it is run before the release.
    pub(super) fn now(&self, limit: usize) -> Vec<usize> {
        let held = self.held();
        self.pending(limit).into_iter().filter(|at| !held.contains(at)).collect()
    }

    /// What waits for the release, and what depends on that, in order. What was begun is finished.
    pub(super) fn held(&self) -> Vec<usize> {
        if self.options.post_deploy == PostDeploy::Along {
            return Vec::new();
        }
        let pending: HashSet<usize> = self.pending(usize::MAX).into_iter().collect();
        let is_begun = |at: usize| self.history.get(self.migrations[at].id.as_str()).is_some_and(is_half_done);
        self.waiting(|at| pending.contains(&at) && !is_begun(at))
    }

    /// What is for after a release, or depends on what is, of those that count, in order.
    pub(super) fn waiting(&self, counts: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut waiting = Vec::new();
        for at in self.graph.order().iter().copied().filter(|at| counts(*at)) {
            let is_after = || self.graph.dependencies(at).iter().any(|needed| waiting.contains(needed));
            if self.migrations[at].stage == Stage::PostDeploy || is_after() {
                waiting.push(at);
            }
        }
        waiting
    }

    pub(super) fn pending_up_to(&self, target: &Target) -> Result<Vec<usize>, PlanErrors> {
        let limit = match target {
            Target::Id(id) => self.set.position(id),
            _ => None,
        };
        let mut pending = self.now(limit.unwrap_or(usize::MAX));
        match target {
            Target::Head => Ok(pending),
            Target::Zero => Ok(Vec::new()),
            Target::Forward(count) => {
                pending.truncate(*count);
                Ok(pending)
            }
            Target::Back(_) => Err(usage("up goes forward; `rung down` goes back").into()),
            Target::Id(id) => match pending.iter().position(|at| self.migrations[*at].id.as_str() == id) {
                Some(last) => {
                    pending.truncate(last + 1);
                    Ok(pending)
                }
                None if self.history.is_done(id) => {
                    // What is pending below an applied target is still wanted.
                    let limit = Version::of(id);
                    let is_below = |at: usize| match self.set.position(id) {
                        Some(limit) => at <= limit,
                        None => Some(&self.migrations[at].version) <= limit.as_ref(),
                    };
                    pending.retain(|at| is_below(*at));
                    Ok(pending)
                }
                None if limit.is_some_and(|at| self.held().contains(&at)) => Err(held_back(id).into()),
                None => Err(self.not_for_here(id).into()),
            },
        }
    }

    fn not_for_here(&self, id: &str) -> PlanError {
        match self.set.get(id) {
            Some(migration) if is_here(migration, self.options) => {
                usage(format!("{id} does not run here: a checkpoint stands for it"))
            }
            Some(migration) => usage(format!(
                "{id} is only for {}, and this is {}",
                migration.only.join(", "),
                self.options.environment.as_deref().unwrap_or("no named environment")
            )),
            None => usage(format!("{id} has no file: it can't be applied")),
        }
    }

    pub(super) fn with_dependencies(&self, ids: &[String]) -> Result<Vec<usize>, PlanErrors> {
        let mut wanted = HashSet::new();
        let mut stack = Vec::new();
        for id in ids {
            match self.migrations.iter().position(|migration| migration.id.as_str() == id) {
                Some(at) if is_here(self.migrations[at], self.options) => stack.push(at),
                _ => return Err(self.not_for_here(id).into()),
            }
        }
        while let Some(at) = stack.pop() {
            if wanted.insert(at) {
                stack.extend(self.graph.dependencies(at).iter().copied());
            }
        }
        Ok(self.pending(usize::MAX).into_iter().filter(|at| wanted.contains(at)).collect())
    }

    fn applied_newest_first(&self) -> impl Iterator<Item = &'a Applied> {
        self.history.done().rev()
    }

    /// The newest so many. What runs again and has no way back stands on top of others: it goes with them, uncounted.
    pub(super) fn newest(&self, count: usize) -> Vec<&'a Applied> {
        let mut left = count;
        let mut is_of_them = |row: &&Applied| {
            let is_one = left > 0;
            left = left.saturating_sub(usize::from(!self.stands_on_top(row)));
            is_one
        };
        self.applied_newest_first().take_while(|row| is_of_them(row)).collect()
    }

    /// Whether nothing has to be done to undo it, but to run it again the next time.
    pub(super) fn stands_on_top(&self, row: &Applied) -> bool {
        let again = |migration: &Arc<Migration>| migration.runs.again() && migration.down.is_none();
        !row.has_down && self.set.get(&row.id).is_some_and(again)
    }

    pub(super) fn applied_after(&self, target: &Target) -> Result<Vec<&'a Applied>, PlanErrors> {
        match target {
            Target::Zero => Ok(self.applied_newest_first().collect()),
            Target::Back(count) => Ok(self.newest(*count)),
            Target::Head => Ok(Vec::new()),
            Target::Forward(_) => Err(usage("down goes back; `rung up` goes forward").into()),
            Target::Id(id) => {
                if !self.history.is_done(id) {
                    let error = usage(format!("{id} is not applied, so there is no going back to it"));
                    return Err(error.into());
                }
                Ok(self.applied_newest_first().take_while(|row| &row.id != id).collect())
            }
        }
    }

    pub(super) fn applied_only(&self, ids: &[String], errors: &mut Vec<PlanError>) -> Vec<&'a Applied> {
        for id in ids.iter().filter(|id| !self.history.is_done(id)) {
            errors.push(usage(format!("{id} is not applied")));
        }
        let chosen: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let all = self.with_dependents(&chosen);
        for row in self.history.done().filter(|row| !chosen.contains(row.id.as_str())) {
            for needed in row.depends_on.iter().filter_map(|needed| self.named(needed)) {
                if !chosen.contains(needed) {
                    continue;
                }
                let error = usage(format!("{needed} can't be undone alone: {} depends on it and is applied", row.id));
                let only: Vec<String> = all.iter().map(|id| format!(" --only {id}")).collect();
                let which = if all.len() == 2 { "both" } else { "all of them" };
                let help = format!("undo {which}: `rung down{}`", only.concat());
                errors.push(PlanError::new(error.kind, error.diagnostic.help(help)));
            }
        }
        self.applied_newest_first().filter(|row| chosen.contains(row.id.as_str())).collect()
    }

    /// The id that the history names as a dependency: a header may have it as a number, and a baseline may stand for it.
    fn named<'b>(&'b self, dependency: &'b str) -> Option<&'b str> {
        if self.history.get(dependency).is_some() {
            return Some(dependency);
        }
        let is_there = |migration: &&&Arc<Migration>| self.history.is_done(migration.id.as_str());
        let baseline = self.migrations.iter().filter(is_there).find(|migration| stands_for(migration, dependency));
        if let Some(baseline) = baseline {
            return Some(baseline.id.as_str());
        }
        let version = Version::of(dependency).filter(|_| dependency.bytes().all(|b| b.is_ascii_digit()))?;
        let mut same = self.history.done().filter(|row| row.version().as_ref() == Some(&version));
        same.next().filter(|_| same.next().is_none()).map(|row| row.id.as_str())
    }

    /// Those that are applied and depend on some, over however many others; with themselves, newest first.
    fn with_dependents(&self, some: &HashSet<&str>) -> Vec<&'a str> {
        let mut all = some.clone();
        loop {
            let before = all.len();
            for row in self.history.done() {
                if row.depends_on.iter().any(|needed| self.named(needed).is_some_and(|needed| all.contains(needed))) {
                    all.insert(&row.id);
                }
            }
            if all.len() == before {
                let ids = self.applied_newest_first().map(|row| row.id.as_str());
                return ids.filter(|id| all.contains(id)).collect();
            }
        }
    }
}

fn held_back(id: &str) -> PlanError {
    let error = usage(format!("{id} waits until the release is out, or depends on what does"));
    let help = format!("once it is: `rung up {id} --post-deploy`");
    PlanError::new(error.kind, error.diagnostic.help(help))
}
