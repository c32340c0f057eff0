//! The migrator: a set of migrations, a connection, and everything that can be done with them.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use rung_adopt::{Adoption, Asked};
use rung_engine::{
    Applied, Continue, DbError, Difference, Direction, Driver, DumpOptions, Event, Goal, History, HistoryEntry,
    LockHolder, MigrationSet, Plan, PlanErrors, PlanOptions, Report, Resolution, RunError, RunOptions, Seed,
    SeedChoice, Settled, Stage, Tag, Target,
};
use rung_formats::{Choice, HeldFile, LoadOptions, Names};
use rung_lint::{Standing, Subject};
use rung_sql::Diagnostic;

use crate::builder::{Builder, Files};

/// Why a migrator did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The migration files are wrong: every finding of every file.
    #[error("{}", join(.0))]
    Files(Vec<Diagnostic>),
    /// The run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The database failed, or could not be reached.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<PlanErrors> for Error {
    fn from(errors: PlanErrors) -> Self {
        Self::Run(RunError::Plan(errors))
    }
}

fn join(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A set of migrations and a connection.
pub struct Migrator {
    pub(crate) driver: Box<dyn Driver>,
    pub(crate) set: MigrationSet,
    /// As it was on connecting, for the first question about it, until it is used or may have changed.
    pub(crate) history: Option<History>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) process: BTreeMap<String, String>,
    pub(crate) names: Names,
    pub(crate) planning: PlanOptions,
    pub(crate) running: RunOptions,
}

impl Migrator {
    /// Migrations in a directory. Nothing is read before [`Builder::connect`]: a directory that is not there is an error
    /// then.
    pub fn from_dir(dir: impl Into<PathBuf>) -> Builder {
        Builder::new(Files::Directories(vec![dir.into()]))
    }

    /// Migrations in several directories, as if they were one.
    pub fn from_dirs(dirs: impl IntoIterator<Item = PathBuf>) -> Builder {
        Builder::new(Files::Directories(dirs.into_iter().collect()))
    }

    /// Migrations that were embedded when the program was compiled: [`crate::embed!`].
    pub fn embedded(migrations: crate::Embedded) -> Builder {
        let held = migrations.0.iter().map(|(name, bytes)| ((*name).into(), (*bytes).into()));
        Self::from_files("", held)
    }

    /// Migrations that are in memory: paths below a directory, and contents. Messages show them as if they were in `root`.
    pub fn from_files(root: impl Into<PathBuf>, files: impl IntoIterator<Item = HeldFile>) -> Builder {
        Builder::new(Files::Held(root.into(), files.into_iter().collect()))
    }

    /// The migrations, in order, as they were read on connecting.
    pub fn set(&self) -> &MigrationSet {
        &self.set
    }

    /// The migrations; the connection is closed.
    pub fn into_set(self) -> MigrationSet {
        self.set
    }

    /// The connection, for questions of one's own. What is written through it is in no history.
    pub fn driver(&mut self) -> &mut dyn Driver {
        &mut *self.driver
    }

    /// How plans are made.
    pub fn planning(&mut self) -> &mut PlanOptions {
        &mut self.planning
    }

    /// How plans are carried out.
    pub fn running(&mut self) -> &mut RunOptions {
        &mut self.running
    }

    /// Applies everything that is pending. With nothing to do, one query.
    ///
    /// # Errors
    /// See [`RunError`]; whatever it is, the history says what is in the database.
    pub fn up(&mut self) -> Result<Report, Error> {
        self.run(&Goal::Latest)
    }

    /// Undoes the last so many migrations; all where there are fewer, and none for 0.
    ///
    /// # Errors
    /// As [`Self::up`]; and a migration without a down, or one that stopped part of the way, before anything is undone.
    pub fn down(&mut self, count: usize) -> Result<Report, Error> {
        self.run(&Goal::Down(Target::Back(count)))
    }

    /// Runs to any goal.
    ///
    /// # Errors
    /// As [`Self::up`].
    pub fn run(&mut self, goal: &Goal) -> Result<Report, Error> {
        self.run_with(goal, &mut |_, _| Ok(true), &mut |_| {})
    }

    /// Runs to any goal: `approve` sees the plan first, before the lock is taken, and is not asked where there is nothing
    /// to do; `events` hears what happens.
    ///
    /// # Errors
    /// As [`Self::up`]; [`RunError::Declined`] where `approve` says no.
    pub fn run_with(
        &mut self,
        goal: &Goal,
        approve: &mut dyn FnMut(&mut dyn Driver, &Plan) -> Result<bool, RunError>,
        events: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Report, Error> {
        let (set, planning, dialect) = (&self.set, &self.planning, self.driver.dialect_of());
        let planner = |history: &History| rung_engine::plan(set, history, goal, planning, dialect);
        Ok(rung_engine::run(&mut *self.driver, self.history.take(), &planner, approve, &self.running, events)?)
    }

    /// The plan that [`Self::run`] would carry out now. Writes nothing.
    ///
    /// # Errors
    /// What would keep it from running.
    pub fn plan(&mut self, goal: &Goal) -> Result<Plan, Error> {
        let history = self.read_history()?;
        Ok(rung_engine::plan(&self.set, &history, goal, &self.planning, self.driver.dialect_of())?)
    }

    /// What the steps of a plan do to those who use the database, and what the linter has to say of them. The migrations
    /// before them are read for what they made; the database is asked for its version, and for the size of its tables where
    /// that is cheap. Writes nothing.
    ///
    /// # Errors
    /// What the database has to say.
    pub fn lint(&mut self, plan: &Plan, options: rung_lint::Options) -> Result<rung_lint::Report, Error> {
        let up = plan.steps.iter().filter(|step| step.direction == Direction::Up);
        self.lint_these(&up.map(|step| step.id.clone()).collect::<Vec<_>>(), options)
    }

    /// As [`Self::lint`], for pending migrations by their ids, whether or not they can be planned.
    ///
    /// # Errors
    /// What the database has to say.
    pub fn lint_these(
        &mut self,
        pending: &[String],
        mut options: rung_lint::Options,
    ) -> Result<rung_lint::Report, Error> {
        let planned: HashSet<&str> = pending.iter().map(String::as_str).collect();
        let dialect = self.driver.dialect_of();
        let last = self.set.iter().rposition(|migration| planned.contains(migration.id.as_str()));
        let (Some(last), Some(language)) = (last, rung_lint::language(dialect.name())) else {
            return Ok(rung_lint::Report::default());
        };
        options.server = rung_lint::Server::major(self.driver.facts().version_number / language.major);
        // The schema as the database has it, as the statements that would make it.
        let catalog = self.driver.inspect()?;
        let dump = dialect.paragraphs(&catalog, &DumpOptions { owners: false, privileges: false, versions: false });
        let statements = dump.iter().flat_map(|paragraph| &paragraph.statements).map(String::as_str);
        let mut schema = rung_lint::Schema::live(language, statements);
        if !language.statistics.is_empty() {
            schema.set_sizes(&self.driver.query(language.statistics)?);
        }
        let subjects: Vec<Subject<'_>> = self
            .set
            .iter()
            .take(last + 1)
            .map(|migration| {
                let lint = planned.contains(migration.id.as_str());
                let standing = if lint { Standing::Pending } else { Standing::Applied };
                Subject { migration, standing, lint }
            })
            .collect();
        Ok(rung_lint::lint(&subjects, dialect, &options, schema))
    }

    /// The SQL that [`Self::run`] would send now. Writes nothing. Where an interrupted migration's statement is still at
    /// work in another session, its end is waited for.
    ///
    /// # Errors
    /// What would keep it from running.
    pub fn preview(&mut self, goal: &Goal) -> Result<String, Error> {
        let history = self.history.take().map_or_else(|| self.driver.history(), Ok)?;
        let dialect = self.driver.dialect_of();
        let mut plan = rung_engine::plan(&self.set, &history, goal, &self.planning, dialect)?;
        rung_engine::read_stored_downs(&mut *self.driver, &mut plan)?;
        let first_sequence = history.next_sequence();
        Ok(rung_engine::preview(&plan, &mut *self.driver, first_sequence, &self.running)?)
    }

    /// The history, with the ids that its migrations have now: the first time as it was on connecting, then as it is.
    fn read_history(&mut self) -> Result<History, DbError> {
        let history = self.history.take().map_or_else(|| self.driver.history(), Ok)?;
        Ok(rung_engine::renamed(&self.set, &history).0.into_owned())
    }

    /// Where everything stands. Writes nothing; one query.
    ///
    /// # Errors
    /// The database; dependencies that do not go together.
    pub fn status(&mut self) -> Result<StatusReport, Error> {
        let history = self.read_history()?;
        let (mut pending, mut post_deploy) = (Vec::new(), Vec::new());
        for migration in rung_engine::pending(&self.set, &history, &self.planning)? {
            pending.push(migration.id.to_string());
            if migration.stage == Stage::PostDeploy {
                post_deploy.push(migration.id.to_string());
            }
        }
        let differences = rung_engine::compare(&self.set, &history);
        let dialect = self.driver.dialect_of();
        let refused = rung_engine::plan(&self.set, &history, &Goal::Latest, &self.planning, dialect).err();
        let stood_in_for = self.set.iter().filter(|migration| rung_engine::is_stood_in_for(migration, &history));
        let stood_in_for = stood_in_for.map(|migration| migration.id.to_string()).collect();
        Ok(StatusReport { history, pending, post_deploy, stood_in_for, differences, refused })
    }

    /// Reads a target as people type it.
    ///
    /// # Errors
    /// Nothing is called that; with "did you mean".
    pub fn target(&mut self, text: &str) -> Result<Target, Error> {
        let history = self.driver.history()?;
        let history = rung_engine::renamed(&self.set, &history).0;
        let tags = self.driver.tags()?;
        Ok(Target::parse(text, &self.set, &history, &tags).map_err(PlanErrors::from)?)
    }

    /// Records that the database is at a target, and runs nothing.
    ///
    /// # Errors
    /// See [`rung_engine::stamp`].
    pub fn stamp(&mut self, target: &Target) -> Result<Settled, Error> {
        self.history = None;
        let waiting = &mut wait_on(&self.running);
        Ok(rung_engine::stamp(&mut *self.driver, &self.set, target, &self.planning, &self.running, waiting)?)
    }

    /// Settles a migration by hand.
    ///
    /// # Errors
    /// See [`rung_engine::resolve`].
    pub fn resolve(&mut self, id: &str, resolution: Resolution) -> Result<Settled, Error> {
        self.history = None;
        let waiting = &mut wait_on(&self.running);
        Ok(rung_engine::resolve(&mut *self.driver, &self.set, id, resolution, &self.running, waiting)?)
    }

    /// Takes another tool's history over, or shows what would come of it.
    ///
    /// # Errors
    /// See [`rung_adopt::adopt`].
    pub fn adopt(&mut self, asked: &Asked) -> Result<Adoption, Error> {
        let waiting = &mut wait_on(&self.running);
        Ok(rung_adopt::adopt(&mut *self.driver, &self.set, asked, &self.running, waiting)?)
    }

    /// Does not write a tool's table along any more; says whether it was until now.
    ///
    /// # Errors
    /// The lock; the database.
    pub fn stop_writing(&mut self, tool: &str) -> Result<bool, Error> {
        let waiting = &mut wait_on(&self.running);
        Ok(rung_adopt::stop_writing(&mut *self.driver, tool, &self.running, waiting)?)
    }

    /// Puts a tag on an applied migration, or on the newest.
    ///
    /// # Errors
    /// See [`rung_engine::tag`].
    pub fn tag(&mut self, name: &str, id: Option<&str>) -> Result<Settled, Error> {
        let waiting = &mut wait_on(&self.running);
        Ok(rung_engine::tag(&mut *self.driver, name, id, &self.running, waiting)?)
    }

    /// Takes a tag away.
    ///
    /// # Errors
    /// See [`rung_engine::untag`].
    pub fn untag(&mut self, name: &str) -> Result<Settled, Error> {
        let waiting = &mut wait_on(&self.running);
        Ok(rung_engine::untag(&mut *self.driver, name, &self.running, waiting)?)
    }

    /// All tags.
    ///
    /// # Errors
    /// The database.
    pub fn tags(&mut self) -> Result<Vec<Tag>, Error> {
        Ok(self.driver.tags()?)
    }

    /// The log, newest first: so many entries, or all.
    ///
    /// # Errors
    /// The database.
    pub fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, Error> {
        Ok(self.driver.log(limit)?)
    }

    /// Reads seed files: every `.sql` file of a directory, by name.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn load_seeds(&self, dir: &std::path::Path) -> Result<Vec<Seed>, Error> {
        rung_formats::load_seeds(dir, &self.reading()).map_err(Error::Files)
    }

    /// Reads the seed files that the tool whose format the migrations are in has of its own; `None` where it has no such
    /// thing.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn load_own_seeds(&self) -> Result<Option<Vec<Seed>>, Error> {
        let own = self.set.seeds.as_ref();
        own.map(|files| rung_formats::load_own_seeds(files, &self.reading()).map_err(Error::Files)).transpose()
    }

    fn reading(&self) -> LoadOptions<'_> {
        LoadOptions {
            format: Choice::Unsaid,
            dialect: self.driver.dialect_of(),
            variables: &self.variables,
            environment: &self.process,
            names: &self.names,
        }
    }

    /// Runs seeds that are new or changed, or all, each in a transaction of its own.
    ///
    /// # Errors
    /// See [`rung_engine::seed`].
    pub fn seed(&mut self, seeds: &[Seed], choice: SeedChoice) -> Result<Report, Error> {
        let waiting = &mut wait_on(&self.running);
        let timeouts = self.planning.timeouts;
        Ok(rung_engine::seed(&mut *self.driver, seeds, choice, timeouts, &self.running, waiting)?)
    }

    /// Drops everything in the database, rung's own tables included, under the lock. It asks nobody.
    ///
    /// # Errors
    /// The lock or the database.
    pub fn wipe(&mut self) -> Result<(), Error> {
        self.history = None;
        let waiting = &mut wait_on(&self.running);
        let wait = self.running.lock_wait;
        Ok(rung_engine::locked(&mut *self.driver, wait, waiting, |driver| driver.wipe())?)
    }
}

/// Waits on for the lock until asked to stop.
fn wait_on(running: &RunOptions) -> impl FnMut(&LockHolder, Duration) -> Continue + use<> {
    let interrupt = running.interrupt.clone();
    move |_, _| if interrupt.is_raised() { Continue::No } else { Continue::Yes }
}

/// Where everything stands.
#[derive(Debug)]
pub struct StatusReport {
    /// What the database has.
    pub history: History,
    /// What would run, in order.
    pub pending: Vec<String>,
    /// What of it says `-- @post-deploy`.
    pub post_deploy: Vec<String>,
    /// Baselines that are as good as applied: all that they stand for is.
    pub stood_in_for: Vec<String>,
    /// Where files and history have come apart.
    pub differences: Vec<Difference>,
    /// Why nothing could run as it is: what [`Migrator::up`] would say.
    pub refused: Option<PlanErrors>,
}

impl StatusReport {
    /// The newest that is applied.
    pub fn current(&self) -> Option<&Applied> {
        self.history.done().next_back()
    }
}
