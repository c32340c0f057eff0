//! A place to try things out: scratch databases, as the project wants them.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, fs, thread};

use rung::engine::{
    Dialect, Failure as Trouble, Goal, MigrationSet, PlanOptions, RunOptions, Runs, Scratch, ScratchDatabase,
    ScratchOptions, Timeouts,
};
use rung::sql::SourceFile;
use rung::{DbErrorKind, Migration, Migrator, Order, RunError, formats};

use crate::config::Project;
use crate::exit::Exit;
use crate::interrupt;
use crate::known::{Known, Made};
use crate::render::{Failure, remedy};

/// Scratch databases of one dialect, for several threads at once. What they need is started when the first is asked for.
pub(crate) struct Workbench<'a> {
    project: &'a Project,
    pub(crate) dialect: &'static dyn Dialect,
    options: ScratchOptions,
    scratch: OnceLock<Box<dyn Scratch>>,
    /// Who is starting the server, or running migrations.
    turn: Mutex<()>,
    memory: Memory,
}

/// Whether what migrations make may be known from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Used,
    Unused,
}

impl<'a> Workbench<'a> {
    /// On the server that `--dev-url` names, else `[scratch]`, else one that is started; of `version`, as a number that
    /// orders, where that can be had.
    ///
    /// # Errors
    /// A variable in the server's URL is not set.
    pub(crate) fn new(
        project: &'a Project,
        dialect: &'static dyn Dialect,
        dev_url: Option<&str>,
        version: Option<u32>,
    ) -> Result<Self, Failure> {
        let configured =
            || project.files.config.scratch.server.as_ref().map(|url| project.files.expand(url)).transpose();
        let of_dialect = |url: &String| rung::dialect_of(url).is_ok_and(|of| of.name() == dialect.name());
        let server = match dev_url {
            Some(url) => Some(url.to_owned()),
            // Of two dialects one has no server.
            None => configured()?.filter(of_dialect),
        };
        let path = env::var_os("PATH").unwrap_or_default();
        let options = ScratchOptions {
            server,
            version,
            path: env::split_paths(&path).filter(|path| path.is_absolute()).collect(),
            directory: Some(env::temp_dir()),
            cache: cache(),
            schema: String::new(),
        };
        let memory = if project.files.config.scratch.cache.unwrap_or(true) { Memory::Used } else { Memory::Unused };
        Ok(Self { project, dialect, options, scratch: OnceLock::new(), turn: Mutex::new(()), memory })
    }

    /// The same, where nothing is known from before.
    #[must_use]
    pub(crate) fn forgetful(mut self, no_cache: bool) -> Self {
        if no_cache {
            self.memory = Memory::Unused;
        }
        self
    }

    /// Where databases are made.
    ///
    /// # Errors
    /// There is no server, and none can be started.
    pub(crate) fn scratch(&self) -> Result<&dyn Scratch, Failure> {
        if let Some(scratch) = self.scratch.get() {
            return Ok(&**scratch);
        }
        let _turn = self.turn();
        if let Some(scratch) = self.scratch.get() {
            return Ok(&**scratch);
        }
        let made = rung::scratch(self.dialect, &self.options, &self.project.connecting());
        let made = made.map_err(|error| match error.kind {
            DbErrorKind::Config => Failure::new(Exit::Usage, error.message, error.hint.unwrap_or_default()),
            _ => Failure::from(error).saying("This was the scratch server; no other database was touched."),
        })?;
        interrupt::clear_first(made.clearing());
        Ok(&**self.scratch.get_or_init(|| made))
    }

    /// A database on which migrations were run, behind the project's own setup.
    ///
    /// # Errors
    /// One of them fails, at its place; a file of the setup can't be read.
    pub(crate) fn replay(&self, set: &MigrationSet) -> Result<ScratchDatabase, Failure> {
        let set = self.with_setup(set)?;
        self.replay_only(&set)
    }

    /// What comes of migrations behind the project's own setup: as is known from before, or by running them.
    ///
    /// # Errors
    /// As [`Self::replay`].
    pub(crate) fn made(&self, set: &MigrationSet) -> Result<Made, Failure> {
        self.made_only(&self.with_setup(set)?)
    }

    /// What comes of exactly these migrations: as is known from before, or by running them.
    ///
    /// # Errors
    /// As [`Self::replay_only`].
    pub(crate) fn made_only(&self, set: &MigrationSet) -> Result<Made, Failure> {
        let known = self.known(set);
        if let Some(made) = known.as_ref().and_then(Known::recall) {
            return Ok(made);
        }
        let made = Made::on(self.replay_only(set)?)?;
        if let Some(known) = known {
            known.keep(&made);
        }
        Ok(made)
    }

    fn known(&self, set: &MigrationSet) -> Option<Known> {
        let cache = self.options.cache.as_ref().filter(|_| self.memory == Memory::Used)?;
        let connecting = self.project.connecting();
        let scratch = rung::scratch_identity(self.dialect, &self.options, &connecting)?;
        Known::of(cache, set, &scratch, &[self.dialect.name(), &connecting.schema])
    }

    /// Migrations behind the project's own setup.
    ///
    /// # Errors
    /// A file of the setup can't be read.
    pub(crate) fn with_setup(&self, set: &MigrationSet) -> Result<MigrationSet, Failure> {
        let mut all = self.setup()?;
        all.extend(set.iter().map(|migration| (**migration).clone()));
        Ok(MigrationSet::ordered(all, Vec::new()).map_err(rung::Error::Files)?)
    }

    /// How many files the setup has.
    pub(crate) fn setups(&self) -> usize {
        self.project.files.config.scratch.setup.len()
    }

    /// A database on which a file of plain SQL was run.
    ///
    /// # Errors
    /// A statement fails, at its place.
    pub(crate) fn script(&self, source: &Arc<SourceFile>) -> Result<ScratchDatabase, Failure> {
        let set = self.set_of_script(source)?;
        self.replay_only(&set)
    }

    /// A file of plain SQL behind the project's own setup, as migrations.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn set_of_script(&self, source: &Arc<SourceFile>) -> Result<MigrationSet, Failure> {
        let mut all = self.setup()?;
        let name = source.path().file_name().unwrap_or_default().to_string_lossy();
        all.push(self.read(&name, Arc::clone(source))?);
        Ok(MigrationSet::ordered(all, Vec::new()).map_err(rung::Error::Files)?)
    }

    /// A schema as rung writes it, which has all that the project's setup makes, as a migration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn set_of_dump(&self, source: Arc<SourceFile>) -> Result<MigrationSet, Failure> {
        Ok(MigrationSet::ordered(vec![self.read("schema", source)?], Vec::new()).map_err(rung::Error::Files)?)
    }

    /// A migration file of rung's own format that is in memory.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn set_of_migration(&self, title: &str, text: String) -> Result<MigrationSet, Failure> {
        let files = [("999_diff.sql".into(), text.into_bytes().into())];
        let builder = Migrator::from_files(title, files).format(formats::Choice::Named("rung"));
        Ok(builder.load(self.dialect).map_err(rung::Error::Files)?)
    }

    /// A database on which exactly these migrations were run.
    ///
    /// # Errors
    /// One of them fails, at its place.
    pub(crate) fn replay_only(&self, set: &MigrationSet) -> Result<ScratchDatabase, Failure> {
        let mut database = self.scratch()?.database()?;
        self.run_on(&mut database, set, &Goal::Latest)?;
        Ok(database)
    }

    /// Runs migrations on a scratch database.
    ///
    /// # Errors
    /// One of them fails, at its place.
    pub(crate) fn run_on(
        &self,
        database: &mut ScratchDatabase,
        set: &MigrationSet,
        goal: &Goal,
    ) -> Result<(), Failure> {
        let planning = PlanOptions { order: Some(Order::Any), timeouts: Timeouts::default(), ..PlanOptions::default() };
        let scratch = self.scratch()?;
        // One after the other: roles are those of all databases, and two that make the same one would get into each other's
        // way.
        let _turn = self.turn();
        rung::replay(database, set, goal, &planning, &RunOptions::default(), scratch).map_err(on_scratch)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn setup(&self) -> Result<Vec<Migration>, Failure> {
        let files = &self.project.files;
        let paths = files.config.scratch.setup.iter().map(|path| files.path(path));
        paths.map(|path| self.read(&format!("setup {}", path.display()), read_source(&path)?)).collect()
    }

    fn read(&self, id: &str, source: Arc<SourceFile>) -> Result<Migration, Failure> {
        Ok(formats::load_script(id, source, self.dialect).map_err(rung::Error::Files)?)
    }
}

/// Where this user's programs keep what can be made anew (XDG Base Directory Specification).
fn cache() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(home.join("rung"))
}

/// What failed on a scratch database: nothing that matters was touched, and `up` is not what to do next.
fn on_scratch(error: rung::Error) -> Failure {
    let trouble = match &error {
        rung::Error::Database(error) | rung::Error::Run(RunError::Database(error)) => Some(error.kind),
        rung::Error::Run(RunError::Step { failure, .. }) => match &failure.failure {
            Trouble::Database(error) => Some(error.kind),
            _ => None,
        },
        _ => None,
    };
    let of_place =
        trouble.filter(|kind| matches!(kind, DbErrorKind::DiskFull | DbErrorKind::Io | DbErrorKind::ReadOnly));
    let mut failure = Failure::from(error).saying("This was a scratch database; no other database was touched.");
    let said = failure.findings.iter().flat_map(|finding| finding.diagnostic.labels.iter().map(|label| &label.text));
    let role = said.filter_map(|said| said.strip_prefix("role \"")?.strip_suffix("\" does not exist")).next();
    failure.next = vec![match (of_place.and_then(|kind| remedy(kind, "give the command again")), role) {
        (Some(remedy), _) => remedy,
        (None, Some(role)) => format!(
            "make it on the scratch server: CREATE ROLE \"{role}\"; or let rung do so, with a user who may (CREATEROLE)"
        ),
        (None, None) => "mend the file, then give the command again".to_owned(),
    }];
    failure
}

/// Does two things at once.
///
/// # Errors
/// That of the first, else that of the second.
pub(crate) fn both<A: Send, B: Send>(
    one: impl FnOnce() -> Result<A, Failure> + Send,
    other: impl FnOnce() -> Result<B, Failure> + Send,
) -> Result<(A, B), Failure> {
    thread::scope(|threads| {
        let other = threads.spawn(other);
        let one = one();
        let other = other.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok((one?, other?))
    })
}

/// Migrations without the others that they are to run behind, or instead of.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn alone(found: &[Arc<Migration>]) -> Result<MigrationSet, Failure> {
    let alone = found.iter().map(|migration| {
        let mut migration = (**migration).clone();
        (migration.runs, migration.depends_on) = (Runs::Once, None);
        migration.replaces.clear();
        migration
    });
    Ok(MigrationSet::ordered(alone.collect(), Vec::new()).map_err(rung::Error::Files)?)
}

/// A file of SQL.
///
/// # Errors
/// It can't be read, or is not UTF-8.
pub(crate) fn read_source(path: &PathBuf) -> Result<Arc<SourceFile>, Failure> {
    let bytes = fs::read(path)
        .map_err(|error| Failure::usage(format!("{} can't be read: {error}", path.display()), "check the path"))?;
    let source = SourceFile::from_bytes(path, bytes).map_err(|found| Failure::of(Exit::Usage, vec![*found]))?;
    Ok(Arc::new(source))
}
