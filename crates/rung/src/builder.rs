//! What to migrate and how, before there is a connection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rung_engine::{Body, Down, Driver, History, MigrationSet, PlanOptions, RunOptions};
use rung_formats::{Choice, HeldFile, LoadOptions, Names};
use rung_sql::Diagnostic;

use crate::database::{ConnectOptions, connect, dialect_of, names_of};
use crate::migrator::{Error, Migrator};

/// Where migrations come from.
#[derive(Clone)]
pub(crate) enum Files {
    Directories(Vec<PathBuf>),
    Held(PathBuf, Vec<HeldFile>),
}

/// Says what to migrate and how, before there is a connection.
///
/// ```no_run
/// let mut migrator = rung::Migrator::from_dir("migrations").connect("sqlite:app.db")?;
/// let report = migrator.up()?;
/// println!("applied {}", report.steps.len());
/// # Ok::<(), rung::Error>(())
/// ```
#[derive(Clone)]
pub struct Builder {
    files: Files,
    format: Choice,
    variables: BTreeMap<String, String>,
    process: BTreeMap<String, String>,
    names: Names,
    unsaved: rung_formats::Unsaved,
    code: Vec<(String, rung_engine::Code, Option<rung_engine::Code>)>,
    planning: PlanOptions,
    running: RunOptions,
    connecting: ConnectOptions,
}

impl Builder {
    pub(crate) fn new(files: Files) -> Self {
        Self {
            files,
            format: Choice::default(),
            variables: BTreeMap::new(),
            process: BTreeMap::new(),
            names: Names::default(),
            unsaved: BTreeMap::new(),
            code: Vec::new(),
            planning: PlanOptions {
                timeouts: rung_engine::Timeouts { lock: Some(Duration::from_secs(3)), statement: None },
                ..PlanOptions::default()
            },
            running: RunOptions { keepers: rung_adopt::keepers, ..RunOptions::default() },
            connecting: ConnectOptions::default(),
        }
    }

    /// Gives a value to `${name}` in migrations and seeds. A variable that has none is an error at its place.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Texts to read instead of what is on disk, by canonical path: what somebody is writing and has not saved.
    #[must_use]
    pub fn unsaved(mut self, texts: rung_formats::Unsaved) -> Self {
        self.unsaved = texts;
        self
    }

    /// Says what format the files are in; where nothing is said, rung's own, unless a file has a mark of another.
    #[must_use]
    pub fn format(mut self, format: Choice) -> Self {
        self.format = format;
        self
    }

    /// Gives variables of the process, for the formats of other tools that put them into statements. None are read
    /// without this.
    #[must_use]
    pub fn process_variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.process.extend(variables);
        self
    }

    /// Says what database the migrations are for, for the formats of other tools that put its name into statements, where
    /// it is not connected to. Call it after [`Self::connecting`].
    #[must_use]
    pub fn database(mut self, url: &str) -> Self {
        self.names = names_of(url, &self.connecting);
        self
    }

    /// Names the environment: a migration with `-- @only` runs where it is named, and not where another is. Where nothing
    /// is named, all of them run.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.planning.environment = Some(name.into());
        self
    }

    /// Says how to plan. Without a word: in the order of the format, and with a `lock_timeout` of 3 s.
    #[must_use]
    pub fn planning(mut self, change: impl FnOnce(&mut PlanOptions)) -> Self {
        change(&mut self.planning);
        self
    }

    /// Says how to run.
    #[must_use]
    pub fn running(mut self, change: impl FnOnce(&mut RunOptions)) -> Self {
        change(&mut self.running);
        self
    }

    /// Says how to connect.
    #[must_use]
    pub fn connecting(mut self, change: impl FnOnce(&mut ConnectOptions)) -> Self {
        change(&mut self.connecting);
        self
    }

    /// Registers a function as the migration `id` (`004_backfill_roles`). It takes its place in the order, and runs
    /// within its own transaction; its checksum is that of its id, since a function has no text. An id without a number in
    /// front, or one that a file has too, is an error when the files are read.
    #[must_use]
    pub fn code<F>(mut self, id: impl Into<String>, up: F) -> Self
    where
        F: Fn(&mut dyn rung_engine::Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        self.code.push((id.into(), Arc::new(up), None));
        self
    }

    /// As [`Self::code`], with the function that undoes it.
    #[must_use]
    pub fn code_with_down<F, G>(mut self, id: impl Into<String>, up: F, down: G) -> Self
    where
        F: Fn(&mut dyn rung_engine::Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
        G: Fn(&mut dyn rung_engine::Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        self.code.push((id.into(), Arc::new(up), Some(Arc::new(down))));
        self
    }

    /// Reads the migrations for the database behind `url`, and connects.
    ///
    /// Scripts get `url` as `DATABASE_URL` and the environment's name as `RUNG_ENV`, unless
    /// [`RunOptions::script_environment`] has others.
    ///
    /// # Errors
    /// All that is wrong with the files, before the database is touched; then what the connection has to say.
    pub fn connect(mut self, url: &str) -> Result<Migrator, Error> {
        let dialect = dialect_of(url)?;
        self.names = names_of(url, &self.connecting);
        self.tell_scripts("DATABASE_URL", Some(url.to_owned()));
        self.tell_scripts("RUNG_ENV", self.planning.environment.clone());
        // Files are read while the connection is made and the history fetched: neither needs the other.
        let (set, driver) = std::thread::scope(|scope| {
            let loading = scope.spawn(|| self.load(dialect));
            let driver = connect(url, &self.connecting).and_then(|mut driver| {
                let history = driver.history()?;
                Ok((driver, history))
            });
            let set = loading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (set, driver)
        });
        let set = set.map_err(Error::Files)?;
        let (driver, history) = driver?;
        Ok(self.migrator(driver, set, Some(history)))
    }

    fn tell_scripts(&mut self, name: &str, value: Option<String>) {
        let told = &mut self.running.script_environment;
        if told.iter().all(|(known, _)| known != name) {
            told.extend(value.map(|value| (name.to_owned(), value)));
        }
    }

    /// Reads the migrations and takes a connection that is there already. What scripts are to connect to is for
    /// [`RunOptions::script_environment`] to say.
    ///
    /// ```no_run
    /// # fn both(client: rung::postgres::tokio_postgres::Client) -> Result<(), rung::Error> {
    /// use rung::{Migrator, postgres::Postgres, sqlite::Sqlite};
    ///
    /// let connection = rung::sqlite::rusqlite::Connection::open_in_memory().expect("SQLite has memory");
    /// let sqlite = Sqlite::from_connection(connection, Default::default())?;
    /// Migrator::from_dir("migrations").with_driver(Box::new(sqlite))?.up()?;
    ///
    /// let postgres = Postgres::from_client(client, &Default::default())?;
    /// Migrator::from_dir("migrations").with_driver(Box::new(postgres))?.up()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn with_driver(self, driver: Box<dyn Driver>) -> Result<Migrator, Error> {
        let set = self.load(driver.dialect_of()).map_err(Error::Files)?;
        Ok(self.migrator(driver, set, None))
    }

    fn migrator(self, driver: Box<dyn Driver>, set: MigrationSet, history: Option<History>) -> Migrator {
        let Self { variables, process, names, mut planning, running, .. } = self;
        planning.server.get_or_insert(driver.facts().version_number);
        Migrator { driver, set, history, variables, process, names, planning, running }
    }

    /// Reads files by themselves, for looking at them and not for running them: as migrations of their directory, where that
    /// is one, else as rung's own.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn load_files(
        &self,
        paths: &[PathBuf],
        dialect: &'static dyn rung_engine::Dialect,
    ) -> Result<Vec<Arc<rung_engine::Migration>>, Vec<Diagnostic>> {
        let reading = self.reading(dialect);
        let mut sets: BTreeMap<PathBuf, Option<MigrationSet>> = BTreeMap::new();
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for path in paths {
            let dir = path.parent().map(Path::to_owned).filter(|dir| !dir.as_os_str().is_empty());
            let dir = dir.unwrap_or_else(|| PathBuf::from("."));
            let set = sets.entry(dir).or_insert_with_key(|dir| {
                rung_formats::load_unsaved(std::slice::from_ref(dir), &self.unsaved, &reading).ok()
            });
            let name = path.file_name();
            match set.iter().flat_map(MigrationSet::iter).find(|one| one.source.path().file_name() == name) {
                Some(migration) => found.push(Arc::clone(migration)),
                None => match rung_formats::load_file(path, &self.unsaved, &reading) {
                    Ok(migration) => found.push(Arc::new(migration)),
                    Err(wrong) => errors.extend(wrong),
                },
            }
        }
        if errors.is_empty() { Ok(found) } else { Err(errors) }
    }

    /// Reads one file of a directory in rung's own format by itself, with what stands beside it, and nothing else.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load_file(
        &self,
        path: &Path,
        dialect: &'static dyn rung_engine::Dialect,
    ) -> Result<rung_engine::Migration, Vec<Diagnostic>> {
        rung_formats::load_file(path, &self.unsaved, &self.reading(dialect))
    }

    fn reading(&self, dialect: &'static dyn rung_engine::Dialect) -> LoadOptions<'_> {
        LoadOptions {
            format: self.format,
            dialect,
            variables: &self.variables,
            environment: &self.process,
            names: &self.names,
        }
    }

    /// Reads the migrations only, as files for a database of this dialect; nothing is connected to.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn load(&self, dialect: &'static dyn rung_engine::Dialect) -> Result<MigrationSet, Vec<Diagnostic>> {
        let reading = self.reading(dialect);
        let set = match &self.files {
            Files::Directories(dirs) => rung_formats::load_unsaved(dirs, &self.unsaved, &reading),
            Files::Held(root, files) => rung_formats::load_held(root, files, &reading),
        }?;
        if self.code.is_empty() {
            return Ok(set);
        }
        let (warnings, format) = (set.warnings.clone(), set.format);
        let mut migrations: Vec<rung_engine::Migration> = set.iter().map(|migration| (**migration).clone()).collect();
        for (id, up, down) in &self.code {
            let mut migration = rung_formats::bare_migration(id).map_err(|error| vec![*error])?;
            migration.body = Body::Code(Arc::clone(up));
            migration.down = down.as_ref().map(|down| Down::Code(Arc::clone(down)));
            // Its number gives it a place, whatever else the others are ordered by.
            let place = (migration.version.number(), migration.id.clone());
            let is_later = |other: &rung_engine::Migration| match other.version.number() {
                number @ Some(_) => (number, &other.id) > (place.0, &place.1),
                None => other.runs.again(),
            };
            let at = migrations.iter().position(is_later).unwrap_or(migrations.len());
            migrations.insert(at, migration);
        }
        let mut set = MigrationSet::ordered(migrations, warnings)?;
        set.format = format;
        Ok(set)
    }
}
