//! The planner: one pure function from the files, the history and a goal to the steps that lead there.

mod checks;
mod choose;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use rung_sql::{Diagnostic, MigrationType, Script, SourceFile, Span, Want};

use crate::analyse::{Asks, JournalReason, Mode, ScriptPlan};
use crate::compare::{Difference, compare};
use crate::dialect::Dialect;
use crate::due::{Due, is_here};
use crate::former::{Renamed, renamed};
use crate::graph::Graph;
use crate::history::{Applied, History, Status};
use crate::model::{Body, Down, Migration, MigrationSet, Timeouts};
use crate::record::Direction;
use crate::target::Target;

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

/// What to do with what says `-- @post-deploy`, where it is not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostDeploy {
    /// Run it with the others.
    #[default]
    Along,
    /// Leave it, and what depends on it, for a run after the release.
    Held,
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
    /// Whether the release that migrations wait for is out.
    pub post_deploy: PostDeploy,
    /// The server's version as a number that orders, where it is known: what it is too old for is refused.
    pub server: Option<u32>,
}

/// What to run, in order.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Migrations of the set that are for other environments.
    pub elsewhere: Vec<String>,
    /// Pending migrations that are left for a run after the release, in order.
    pub held: Vec<String>,
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
            planner.up(planner.now(usize::MAX), &mut errors)
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
    let held = match goal {
        Goal::Latest | Goal::Up(_) => planner.held(),
        Goal::UpOnly(_) | Goal::Down(_) | Goal::DownOnly(_) | Goal::Redo(_) => Vec::new(),
    };
    let held = held.into_iter().map(|at| planner.migrations[at].id.to_string()).collect();
    Ok(Plan { steps, held, elsewhere: planner.elsewhere(), applied: history.done().count(), renamed })
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
    fn elsewhere(&self) -> Vec<String> {
        let others = self.migrations.iter().filter(|migration| !is_here(migration, self.options));
        others.map(|migration| migration.id.to_string()).collect()
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
                let script = self.script(&body.up, Asks::up(migration))?;
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
                    diagnostic = diagnostic.at(&migration.source, migration.beginning(), "");
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
        self.script(script, Asks::down(migration)).map_err(of_files)
    }

    /// As [`ScriptPlan::new`]; and what the server is too old for.
    fn script(&self, script: &Script, asks: Asks) -> Result<ScriptPlan, Vec<Diagnostic>> {
        let script = ScriptPlan::new(script, asks, self.dialect)?;
        let is_too_old = |version: u32| self.options.server.is_some_and(|server| server < version);
        match &script.needs {
            Some(needs) if is_too_old(needs.version_number) => Err(vec![needs.refusal.clone()]),
            _ => Ok(script),
        }
    }
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
