//! The planner: one pure function from the files, the history and a goal to the steps that lead there.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use rung_sql::{Diagnostic, MigrationType, Script, SourceFile, Span, Want};

use crate::analyse::{Asks, JournalReason, Mode, ScriptPlan};
use crate::compare::{Difference, compare};
use crate::dialect::Dialect;
use crate::due::{Coverage, Due, coverage, is_here, lacking};
use crate::former::{Renamed, renamed};
use crate::graph::Graph;
use crate::history::{Applied, History, Status};
use crate::model::{Body, Down, Migration, MigrationSet, Runs, Timeouts};
use crate::record::Direction;
use crate::target::Target;
use crate::version::Version;

/// What to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Everything that is pending.
    Latest,
    /// Up to and including a target.
    Up(Target),
    /// These and the unapplied ones that they depend on.
    UpOnly(Vec<String>),
    /// Back until the target is the newest that is applied.
    Down(Target),
    /// Undo these and no other.
    DownOnly(Vec<String>),
    /// Undo the last so many, and apply them again.
    Redo(usize),
}

/// What to do with a pending migration below the newest applied one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Refuse, and name the command that mends it.
    #[default]
    Strict,
    /// Run it.
    Any,
}

/// What the planner takes from the configuration.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Out-of-order migrations; `None` leaves it to the format, and rung's own is strict.
    pub order: Option<Order>,
    /// The environment's name, for `-- @only`; `None` runs what is for all environments.
    pub environment: Option<String>,
    /// Timeouts where a migration has none of its own.
    pub timeouts: Timeouts,
}

/// What to run, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Migrations of the set that are for other environments.
    pub elsewhere: Vec<String>,
    /// How many migrations were applied when it was made.
    pub applied: usize,
    /// Migrations that the history has by former ids, which are written first.
    pub renamed: Vec<Renamed>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.renamed.is_empty()
    }
}

/// One migration, one way.
#[derive(Debug, Clone)]
pub struct Step {
    /// The migration's id.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// The migration; `None` for one whose file is gone, undone by its stored down.
    pub migration: Option<Arc<Migration>>,
    /// What runs.
    pub action: Action,
    /// What must be true afterwards.
    pub checks: Vec<CheckPlan>,
    /// Declared or inferred type.
    pub kind: MigrationType,
    /// Timeouts in force.
    pub timeouts: Timeouts,
    /// The row it has in the history, e.g. of an interrupted run.
    pub before: Option<Applied>,
}

/// A statement of a `@verify` section.
#[derive(Debug, Clone)]
pub struct CheckPlan {
    /// The section.
    pub script: Script,
    /// The statement in it.
    pub span: Span,
    /// What it must give.
    pub want: Want,
}

/// What a step runs.
#[derive(Debug, Clone)]
pub enum Action {
    /// Statements.
    Script(ScriptPlan),
    /// The migration's command or function.
    Program,
    /// The down that is stored in the history; it is read when the step is prepared.
    StoredDown,
}

impl Step {
    /// Why the step runs outside of one transaction; `None` where it runs in one.
    pub fn journal_reason(&self) -> Option<JournalReason> {
        match &self.action {
            Action::Script(ScriptPlan { mode: Mode::Journal(reason), .. }) => Some(reason.clone()),
            Action::Program => match self.migration.as_ref().map(|migration| &migration.body) {
                Some(Body::Command(_)) if self.direction == Direction::Up => Some(JournalReason::Command),
                _ => None,
            },
            Action::Script(_) | Action::StoredDown => None,
        }
    }
}

/// What kind of thing is wrong: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanErrorKind {
    /// The request names something that is not there.
    Usage,
    /// The files do not make sense together.
    Files,
    /// The files and the history have come apart.
    Drift,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct PlanError {
    /// What kind.
    pub kind: PlanErrorKind,
    /// What, where, and what to do.
    pub diagnostic: Diagnostic,
}

impl PlanError {
    /// An error.
    pub fn new(kind: PlanErrorKind, diagnostic: Diagnostic) -> Self {
        Self { kind, diagnostic }
    }
}

/// Everything that is wrong, at once. Never empty.
#[derive(Debug, Clone)]
pub struct PlanErrors(pub Vec<PlanError>);

impl PlanErrors {
    /// The worst kind.
    pub fn kind(&self) -> PlanErrorKind {
        self.0.iter().map(|error| error.kind).max().unwrap_or(PlanErrorKind::Files)
    }
}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            error.diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanErrors {}

impl From<PlanError> for PlanErrors {
    fn from(error: PlanError) -> Self {
        Self(vec![error])
    }
}

/// Plans. Pure: the same files, history and goal give the same plan.
///
/// # Errors
/// All that is wrong with the files, with the files against the history, and with the goal.
pub fn plan(
    set: &MigrationSet,
    history: &History,
    goal: &Goal,
    options: &PlanOptions,
    dialect: &dyn Dialect,
) -> Result<Plan, PlanErrors> {
    let graph = Graph::new(set).map_err(PlanErrors)?;
    let (history, renamed) = renamed(set, history);
    let history = &*history;
    let planner = Planner { set, migrations: set.iter().collect(), history, options, dialect, graph };
    let mut errors = Vec::new();
    let drift = || -> Vec<PlanError> { compare(set, history).iter().filter_map(|found| found.error()).collect() };
    let steps = match goal {
        Goal::Latest => {
            errors.extend(planner.half_undone());
            errors.extend(drift());
            errors.extend(planner.half_replaced());
            planner.up(planner.pending(usize::MAX), &mut errors)
        }
        Goal::Up(target) => {
            errors.extend(planner.half_undone());
            errors.extend(drift());
            errors.extend(planner.half_replaced());
            planner.up(planner.pending_up_to(target)?, &mut errors)
        }
        Goal::UpOnly(ids) => {
            errors.extend(planner.half_undone());
            errors.extend(drift());
            errors.extend(planner.half_replaced());
            planner.up(planner.with_dependencies(ids)?, &mut errors)
        }
        Goal::Down(target) => {
            errors.extend(planner.unfinished());
            planner.down(planner.applied_after(target)?, &mut errors)
        }
        Goal::DownOnly(ids) => planner.down(planner.applied_only(ids, &mut errors), &mut errors),
        Goal::Redo(count) => {
            errors.extend(planner.unfinished());
            let undone = planner.newest(*count);
            // A number that is too great may well be a migration's, and `redo` would drop everything.
            if *count > undone.len().max(1) {
                let applied = undone.len();
                return Err(usage(format!("redo takes how many: {count} is more than the {applied} applied")).into());
            }
            let ids: HashSet<&str> = undone.iter().map(|row| row.id.as_str()).collect();
            // To be run as it is now is what a changed file is redone for; one that is gone can't be.
            let is_for = |found: &Difference| matches!(found, Difference::Missing { .. }) || !ids.contains(found.id());
            let others = compare(set, history).into_iter().filter(is_for);
            errors.extend(others.filter_map(|found| found.error()));
            let mut steps = planner.down(undone, &mut errors);
            let again = planner.graph.order().iter().copied();
            let again = again.filter(|at| ids.contains(planner.migrations[*at].id.as_str())).collect();
            steps.extend(planner.up_again(again, &mut errors));
            steps
        }
    };
    if !errors.is_empty() {
        return Err(PlanErrors(errors));
    }
    Ok(Plan { steps, elsewhere: planner.elsewhere(), applied: history.done().count(), renamed })
}

/// The migrations that `up` would run, in order, without reading their statements: for `status`.
///
/// # Errors
/// All that is wrong with the dependencies.
pub fn pending<'a>(
    set: &'a MigrationSet,
    history: &History,
    options: &PlanOptions,
) -> Result<Vec<&'a Arc<Migration>>, PlanErrors> {
    let graph = Graph::new(set).map_err(PlanErrors)?;
    let migrations: Vec<_> = set.iter().collect();
    let due = Due::new(set, history, options, usize::MAX);
    let pending = graph.order().iter().filter(|at| due.is_pending(**at, migrations[**at]));
    Ok(pending.map(|at| migrations[*at]).collect())
}

struct Planner<'a> {
    set: &'a MigrationSet,
    migrations: Vec<&'a Arc<Migration>>,
    history: &'a History,
    options: &'a PlanOptions,
    dialect: &'a dyn Dialect,
    graph: Graph,
}

impl<'a> Planner<'a> {
    /// Checkpoints that stand for migrations of which some are applied, and the files of the others are gone.
    fn half_replaced(&self) -> Vec<PlanError> {
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
                .help("apply the others from where their files are kept: `rung up --dir DIRECTORY`")
                .help("or go back to the revision before they were squashed, and `rung up` there");
            Some(PlanError::new(PlanErrorKind::Drift, diagnostic))
        };
        self.migrations.iter().filter(is_part).filter_map(error).collect()
    }

    fn elsewhere(&self) -> Vec<String> {
        let others = self.migrations.iter().filter(|migration| !is_here(migration, self.options));
        others.map(|migration| migration.id.to_string()).collect()
    }

    /// Positions of what runs here. Repeatable migrations run after the versioned ones, unless they have a place. A new
    /// checkpoint is taken at `limit` or before it.
    fn pending(&self, limit: usize) -> Vec<usize> {
        let due = Due::new(self.set, self.history, self.options, limit);
        let pending = self.graph.order().iter().copied().filter(|at| due.runs(*at, self.migrations[*at]));
        let (repeatable, mut versioned): (Vec<usize>, Vec<usize>) = pending.partition(|at| {
            let migration = self.migrations[*at];
            migration.runs.again() && migration.version != Version::Unnumbered
        });
        versioned.extend(repeatable);
        versioned
    }

    fn pending_up_to(&self, target: &Target) -> Result<Vec<usize>, PlanErrors> {
        let limit = match target {
            Target::Id(id) => self.set.position(id),
            _ => None,
        };
        let mut pending = self.pending(limit.unwrap_or(usize::MAX));
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

    fn with_dependencies(&self, ids: &[String]) -> Result<Vec<usize>, PlanErrors> {
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
    fn newest(&self, count: usize) -> Vec<&'a Applied> {
        let mut left = count;
        let mut is_of_them = |row: &&Applied| {
            let is_one = left > 0;
            left = left.saturating_sub(usize::from(!self.stands_on_top(row)));
            is_one
        };
        self.applied_newest_first().take_while(|row| is_of_them(row)).collect()
    }

    /// Whether nothing has to be done to undo it, but to run it again the next time.
    fn stands_on_top(&self, row: &Applied) -> bool {
        let again = |migration: &Arc<Migration>| migration.runs.again() && migration.down.is_none();
        !row.has_down && self.set.get(&row.id).is_some_and(again)
    }

    fn applied_after(&self, target: &Target) -> Result<Vec<&'a Applied>, PlanErrors> {
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

    fn applied_only(&self, ids: &[String], errors: &mut Vec<PlanError>) -> Vec<&'a Applied> {
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

    /// The id that the history names as a dependency: a header may have it as a number.
    fn named<'b>(&'b self, dependency: &'b str) -> Option<&'b str> {
        if self.history.get(dependency).is_some() {
            return Some(dependency);
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

    /// Steps up, with every check that concerns the files that are about to run.
    fn up(&self, pending: Vec<usize>, errors: &mut Vec<PlanError>) -> Vec<Step> {
        self.check_order(&pending, errors);
        self.check_versions(&pending, errors);
        self.check_dependencies_here(&pending, errors);
        self.up_again(pending, errors)
    }

    fn up_again(&self, pending: Vec<usize>, errors: &mut Vec<PlanError>) -> Vec<Step> {
        pending
            .into_iter()
            .filter_map(|at| {
                let migration = self.migrations[at];
                match self.up_step(migration) {
                    Ok(step) => Some(step),
                    Err(found) => {
                        errors.extend(of_files(found));
                        None
                    }
                }
            })
            .collect()
    }

    fn up_step(&self, migration: &Arc<Migration>) -> Result<Step, Vec<Diagnostic>> {
        let mut checks = Vec::new();
        let (action, inferred) = match &migration.body {
            Body::Sql(body) => {
                let script = ScriptPlan::new(&body.up, Asks::up(migration), self.dialect)?;
                let inferred = script.inferred;
                for verify in &body.verify {
                    let statements = verify.script.statements(self.dialect.syntax())?;
                    checks.extend(statements.into_iter().map(|statement| CheckPlan {
                        script: verify.script.clone(),
                        span: statement.span,
                        want: verify.want,
                    }));
                }
                (Action::Script(script), inferred)
            }
            Body::Command(_) | Body::Code(_) => (Action::Program, MigrationType::CustomSql),
        };
        Ok(Step {
            id: migration.id.to_string(),
            direction: Direction::Up,
            migration: Some(Arc::clone(migration)),
            action,
            checks,
            kind: migration.declared_type.unwrap_or(inferred),
            timeouts: migration.timeouts.or(self.options.timeouts),
            before: self.history.get(migration.id.as_str()).cloned(),
        })
    }

    fn check_order(&self, pending: &[usize], errors: &mut Vec<PlanError>) {
        if self.options.order == Some(Order::Any) {
            return;
        }
        let applied = self.history.done().filter_map(|row| self.set.position(&row.id));
        let Some(newest) = applied.filter(|at| self.migrations[*at].version != Version::Repeatable).max() else {
            return;
        };
        let row = &self.migrations[newest];
        for at in pending {
            let migration = self.migrations[*at];
            let is_strict = self.options.order.unwrap_or(migration.order) == Order::Strict;
            // Two of one number are refused as such. One that the history knows was in its place before: undone, failed
            // or interrupted.
            let is_below = *at < newest && (migration.version != row.version || !row.version.is_unique());
            if is_strict && is_below && self.history.get(migration.id.as_str()).is_none() {
                let diagnostic = Diagnostic::error(
                    "out-of-order",
                    format!("{} is pending, and {} above it is applied", migration.id, row.id),
                )
                .at(&migration.source, Span::new(0, 0), "")
                .help(migration.hints.renumbering(&migration.id))
                .help("or let it run where it is: `order = \"any\"` in rung.toml, or `rung up --order any`");
                errors.push(PlanError::new(PlanErrorKind::Files, diagnostic));
            }
        }
    }

    fn check_versions(&self, pending: &[usize], errors: &mut Vec<PlanError>) {
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
    fn check_dependencies_here(&self, pending: &[usize], errors: &mut Vec<PlanError>) {
        let coming: HashSet<usize> = pending.iter().copied().collect();
        for at in pending {
            let migration = self.migrations[*at];
            for (index, needed) in self.graph.dependencies(*at).iter().enumerate() {
                let other = self.migrations[*needed];
                if coming.contains(needed) || self.history.is_done(other.id.as_str()) {
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
    fn half_undone(&self) -> impl Iterator<Item = PlanError> {
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
    fn unfinished(&self) -> impl Iterator<Item = PlanError> {
        self.history.unfinished().map(|row| {
            let message = format!("{} stopped part of the way: nothing before it can be undone", row.id);
            let diagnostic = Diagnostic::error("unfinished", message)
                .help("finish it: `rung up`")
                .help(format!("or take back by hand what stands of it, then `rung resolve {} --not-done`", row.id));
            PlanError::new(PlanErrorKind::Files, diagnostic)
        })
    }

    fn down(&self, rows: Vec<&'a Applied>, errors: &mut Vec<PlanError>) -> Vec<Step> {
        rows.into_iter()
            .filter_map(|row| match self.down_step(row) {
                Ok(step) => Some(step),
                Err(found) => {
                    errors.extend(found);
                    None
                }
            })
            .collect()
    }

    fn down_step(&self, row: &Applied) -> Result<Step, Vec<PlanError>> {
        let migration = self.set.get(&row.id);
        let timeouts = migration.map_or_else(Timeouts::default, |migration| migration.timeouts);
        // The down in a file that was changed since undoes what the file does now; what undoes what was run is stored.
        let is_changed = |migration: &Migration| migration.fingerprint != row.fingerprint && row.has_down;
        let of_file = migration.filter(|migration| !is_changed(migration));
        let action = match of_file.and_then(|migration| Some((migration, migration.down.as_ref()?))) {
            Some((migration, Down::Sql(script))) => Action::Script(self.down_script(migration, script)?),
            Some((_, Down::Code(_))) => Action::Program,
            None if row.has_down => Action::StoredDown,
            None if self.stands_on_top(row) => {
                let nothing = Script::whole(Arc::new(SourceFile::new(row.id.clone(), "")));
                Action::Script(ScriptPlan::new(&nothing, Asks::default(), self.dialect).map_err(of_files)?)
            }
            None => {
                let mut diagnostic =
                    Diagnostic::error("no-down", format!("{} has no down: it can't be undone", row.id));
                if let Some(migration) = migration {
                    diagnostic = diagnostic.at(&migration.source, beginning(migration), "");
                    let companion = migration.source.path().with_extension("down.sql");
                    diagnostic = match migration.body {
                        Body::Sql(_) => {
                            diagnostic.help(migration.hints.down.unwrap_or("write a new migration that undoes it"))
                        }
                        Body::Command(_) => {
                            diagnostic.help(format!("write what undoes it into {}", companion.display()))
                        }
                        Body::Code(_) => diagnostic.help("register a function that undoes it"),
                    };
                }
                return Err(vec![PlanError::new(PlanErrorKind::Files, diagnostic)]);
            }
        };
        let inferred = match &action {
            Action::Script(script) => script.inferred,
            Action::Program | Action::StoredDown => MigrationType::CustomSql,
        };
        Ok(Step {
            id: row.id.clone(),
            direction: Direction::Down,
            migration: migration.cloned(),
            action,
            checks: Vec::new(),
            kind: inferred,
            timeouts: timeouts.or(self.options.timeouts),
            before: Some(row.clone()),
        })
    }

    fn down_script(&self, migration: &Migration, script: &Script) -> Result<ScriptPlan, Vec<PlanError>> {
        ScriptPlan::new(script, Asks::down(migration), self.dialect).map_err(of_files)
    }
}

/// Where a migration's statements begin in its file, which may have others.
fn beginning(migration: &Migration) -> Span {
    let Body::Sql(body) = &migration.body else { return Span::default() };
    let blanks = body.up.text().len() - body.up.text().trim_start().len();
    body.up.source_span(Span::new(blanks, blanks))
}

fn of_files(found: Vec<Diagnostic>) -> Vec<PlanError> {
    found.into_iter().map(|diagnostic| PlanError::new(PlanErrorKind::Files, diagnostic)).collect()
}

/// Reads a stored down as a script, as if it were a file.
///
/// # Errors
/// As [`ScriptPlan::new`].
pub(crate) fn stored_script(id: &str, sql: &str, dialect: &dyn Dialect) -> Result<ScriptPlan, PlanErrors> {
    let source = Arc::new(SourceFile::new(format!("{id} (its stored down)"), sql));
    let script = Script::whole(source);
    ScriptPlan::new(&script, Asks::default(), dialect).map_err(|found| PlanErrors(of_files(found)))
}

/// A migration that is half done, which other runs must not pass over.
pub(crate) fn is_half_done(row: &Applied) -> bool {
    matches!(row.status, Status::Running | Status::Failed)
}

fn usage(message: impl Into<String>) -> PlanError {
    PlanError::new(PlanErrorKind::Usage, Diagnostic::error("target", message))
}
