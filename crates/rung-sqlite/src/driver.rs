//! The driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rung_catalog::{Catalog, Key, Kind};
use rung_engine::{
    Answer, BlockedSession, Continue, DbError, DbErrorKind, Dialect, Direction, Driver, Durability, History,
    HistoryEntry, Interrupter, JournalRow, LockHolder, Probe, Record, ServerFacts, Session, Table, Tag, Timeouts, Unit,
    UnitError, UnitObserver,
};
use rung_sql::Effect;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::error::{convert, name_file};
use crate::interrupt::Stop;
use crate::lock::FileLock;
use crate::place::{Access, Create, Place};
use crate::run::no_copy;
use crate::session::SessionState;
use crate::statement::{ends_transaction, query_all, step_all};
use crate::{SQLITE, inspect, probe, tables};

/// How to open a database.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The prefix of rung's own tables, without its `_`.
    pub schema: String,
    /// The machine's name, for other deployers to see.
    pub host: String,
    /// Whether foreign keys are enforced. Stock SQLite does not, and scripts written for it may count on that.
    pub foreign_keys: bool,
    /// Whether the file must be there, as with `mode=rw`.
    pub must_exist: bool,
    /// How long a statement waits for another program's write, where no lock timeout says otherwise.
    pub busy_timeout: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            schema: "rung".to_owned(),
            host: String::new(),
            foreign_keys: false,
            must_exist: false,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// A database file, opened when there is one, made when something is written.
pub struct Sqlite {
    place: Place,
    options: OpenOptions,
    connection: Option<Connection>,
    facts: ServerFacts,
    lock: Option<FileLock>,
    stop: Arc<Stop>,
    /// How long a statement waits for another program, in milliseconds.
    patience: Arc<AtomicU64>,
    statement_limit: Option<Duration>,
    /// The connection as it was, once something may have changed it.
    session_before: Option<SessionState>,
    sender: Sender,
}

/// Whose statements come in through [`Session`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// The engine's.
    Engine,
    /// A code migration's, within rung's transaction.
    Code,
}

/// Opens `sqlite:PATH`, `sqlite://PATH`, `sqlite::memory:` or a path, with `?mode=ro`, `rw` or `rwc` (as it is without).
///
/// A file that does not exist is not made until something is written: until then its history is empty and its schema
/// blank. With `mode=ro` and `mode=rw` it must be there.
///
/// # Errors
/// The file is there and can't be opened, or is no database; there is no directory to make it in.
pub fn open(target: &str, options: &OpenOptions) -> Result<Sqlite, DbError> {
    let mut place = Place::parse(target)?;
    if options.must_exist {
        place.must_exist();
    }
    let mut sqlite = Sqlite::new(place, options.clone());
    if let Some(connection) = sqlite.place.open(Create::No)? {
        sqlite.set_up(connection)?;
    }
    Ok(sqlite)
}

impl Sqlite {
    /// A driver on a connection that is there already. Its settings are left as they are, but for the busy handler.
    ///
    /// # Errors
    /// The connection does not answer.
    pub fn from_connection(connection: Connection, options: OpenOptions) -> Result<Self, DbError> {
        let place = match connection.path() {
            Some(path) if !path.is_empty() => Place::File { path: path.into(), access: Access::ReadWrite },
            _ => Place::Memory,
        };
        let foreign_keys = connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).map_err(convert)?;
        let mut sqlite = Self::new(place, OpenOptions { foreign_keys, ..options });
        sqlite.set_up(connection)?;
        Ok(sqlite)
    }

    fn new(place: Place, options: OpenOptions) -> Self {
        let facts = ServerFacts {
            version: rusqlite::version().to_owned(),
            version_number: u32::try_from(rusqlite::version_number()).unwrap_or(0),
            place: place.shown(),
            user: String::new(),
            pooled: false,
        };
        let sqlite = Self {
            place,
            options,
            connection: None,
            facts,
            lock: None,
            stop: Arc::default(),
            patience: Arc::default(),
            statement_limit: None,
            session_before: None,
            sender: Sender::Engine,
        };
        sqlite.wait_at_most(None);
        sqlite
    }

    fn set_up(&mut self, connection: Connection) -> Result<(), DbError> {
        // Bundled builds default to enforcing; what holds here is chosen, not inherited.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, self.options.foreign_keys).map_err(convert)?;
        self.stop.watch(&connection);
        let connection = self.connection.insert(connection);
        be_patient(connection, Arc::clone(&self.patience), Arc::clone(&self.stop))
    }

    /// The connection, for writing: the file is made where there is none.
    fn connected(&mut self) -> Result<&mut Connection, DbError> {
        if self.connection.is_none()
            && let Some(connection) = self.place.open(Create::Yes)?
        {
            self.set_up(connection)?;
        }
        self.connection.as_mut().ok_or_else(|| {
            DbError::new(DbErrorKind::NoSuchDatabase, format!("there is no database {}", self.facts.place))
        })
    }

    /// Whether there is a database, which another program may just have made.
    fn is_present(&mut self) -> Result<bool, DbError> {
        if self.connection.is_none()
            && let Some(connection) = self.place.open(Create::No)?
        {
            self.set_up(connection)?;
        }
        Ok(self.connection.is_some())
    }

    /// Does something on the connection.
    pub(crate) fn run<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        let result = work(self.connected()?);
        result.map_err(|error| {
            // Whoever waits for another program gives up when asked to stop, and SQLite calls that busy.
            let is_stopped = matches!(error.kind, DbErrorKind::Canceled | DbErrorKind::LockTimeout) && self.stop.take();
            if is_stopped { canceled() } else { name_file(&self.facts.place, error) }
        })
    }

    /// Runs a statement that is not rung's own: within the statement timeout, and not at all after an interrupt.
    pub(crate) fn statement<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        if self.stop.take() {
            return Err(canceled());
        }
        let Some(limit) = self.statement_limit else { return self.run(work) };
        let until = Instant::now() + limit;
        self.connected()?.progress_handler(10_000, Some(move || Instant::now() >= until)).map_err(convert)?;
        let stop = Arc::clone(&self.stop);
        let result = self.run(|connection| {
            work(connection).map_err(|error| match error.kind {
                DbErrorKind::Canceled if !stop.is_raised() => DbError {
                    kind: DbErrorKind::StatementTimeout,
                    message: format!("canceled: the statement timeout of {limit:?} was reached"),
                    ..error
                },
                _ => error,
            })
        });
        self.connected()?.progress_handler(0, None::<fn() -> bool>).map_err(convert)?;
        result
    }

    /// Reads from rung's tables; an empty answer where there is no database.
    fn read<T: Default>(&mut self, work: impl FnOnce(&Connection, &str) -> Result<T, DbError>) -> Result<T, DbError> {
        if !self.is_present()? {
            return Ok(T::default());
        }
        let schema = self.options.schema.clone();
        self.run(|connection| work(connection, &schema))
    }

    /// Lets a code migration have the connection.
    pub(crate) fn as_code<T>(&mut self, work: impl FnOnce(&mut dyn Session) -> T) -> T {
        self.sender = Sender::Code;
        let result = work(self);
        self.sender = Sender::Engine;
        result
    }

    fn check_sender(&self, sql: &str) -> Result<(), DbError> {
        if self.sender == Sender::Code && ends_transaction(sql) {
            return Err(DbError::new(DbErrorKind::Statement, "a code migration can't end rung's transaction")
                .with_hint("leave BEGIN, COMMIT and ROLLBACK to rung, or use a savepoint"));
        }
        Ok(())
    }

    pub(crate) fn schema_name(&self) -> &str {
        &self.options.schema
    }

    pub(crate) fn enforces_foreign_keys(&self) -> bool {
        let now = |connection: &Connection| connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY).ok();
        self.connection.as_ref().and_then(now).unwrap_or(self.options.foreign_keys)
    }

    /// Bounds how long a statement waits for another program; zero is no bound.
    pub(crate) fn wait_at_most(&self, lock: Option<Duration>) {
        let wait = match lock {
            Some(Duration::ZERO) => Duration::MAX,
            Some(lock) => lock,
            None => self.options.busy_timeout,
        };
        self.patience.store(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Bounds how long a statement runs; zero is no bound.
    pub(crate) fn limit_statements(&mut self, limit: Option<Duration>) {
        self.statement_limit = limit.filter(|limit| !limit.is_zero());
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_autocommit())
    }

    pub(crate) fn roll_back(&mut self) -> Result<(), DbError> {
        if !self.is_in_transaction() {
            return Ok(());
        }
        self.run(|connection| connection.execute_batch("ROLLBACK").map_err(convert))
    }

    /// Notes how the connection is, before something may change it.
    pub(crate) fn remember_session(&mut self) -> Result<(), DbError> {
        if self.session_before.is_none() {
            self.session_before = Some(self.run(SessionState::of)?);
        }
        Ok(())
    }

    /// Puts the connection back as it was, where something may have changed it. No transaction may be open.
    pub(crate) fn restore_session(&mut self) -> Result<(), DbError> {
        let Some(before) = self.session_before.take() else { return Ok(()) };
        let result = self.run(|connection| before.restore(connection));
        if result.is_err() {
            self.session_before = Some(before);
        }
        result?;
        // `PRAGMA busy_timeout` would have put its own handler in the place of ours.
        let (patience, stop) = (Arc::clone(&self.patience), Arc::clone(&self.stop));
        be_patient(self.connected()?, patience, stop)
    }
}

/// Makes a connection wait for other programs' locks, until its patience is over or it is asked to stop.
fn be_patient(connection: &mut Connection, patience: Arc<AtomicU64>, stop: Arc<Stop>) -> Result<(), DbError> {
    // The steps of SQLite's own handler: short at first, since most locks are.
    const PAUSES: [u64; 10] = [1, 2, 5, 10, 15, 20, 25, 25, 50, 100];
    let mut began = Instant::now();
    let handler = move |asked: i32| {
        if asked == 0 {
            began = Instant::now();
        }
        let left = Duration::from_millis(patience.load(Ordering::Relaxed)).saturating_sub(began.elapsed());
        if left.is_zero() || stop.is_raised() {
            return false;
        }
        let pause = usize::try_from(asked).ok().and_then(|asked| PAUSES.get(asked)).copied().unwrap_or(100);
        std::thread::sleep(Duration::from_millis(pause).min(left));
        true
    };
    connection.busy_handler(Some(handler)).map_err(convert)
}

fn canceled() -> DbError {
    DbError::new(DbErrorKind::Canceled, "canceled: asked to stop")
}

impl Session for Sqlite {
    fn dialect(&self) -> &'static str {
        SQLITE.name()
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let (statements, _) = rung_sql::split(sql, SQLITE.syntax());
        let mut affected = 0;
        for statement in statements {
            let text = &sql[statement.span.range()];
            self.check_sender(text)?;
            affected = self.statement(|connection| step_all(connection, text)).map_err(|error| DbError {
                offset: error.offset.map(|offset| statement.span.start + offset),
                ..error
            })?;
        }
        Ok(affected)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DbError> {
        self.check_sender(sql)?;
        if !self.is_present()? {
            // A question to a database that does not exist yet must not make it.
            let nowhere = Connection::open_in_memory().map_err(convert)?;
            return query_all(&nowhere, sql);
        }
        self.statement(|connection| query_all(connection, sql))
    }
}

impl Driver for Sqlite {
    fn dialect_of(&self) -> &'static dyn Dialect {
        &SQLITE
    }

    fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    fn schema(&self) -> &str {
        &self.options.schema
    }

    fn history(&mut self) -> Result<History, DbError> {
        self.read(tables::history)
    }

    fn ensure_tables(&mut self) -> Result<(), DbError> {
        let schema = self.options.schema.clone();
        self.run(|connection| tables::ensure(connection, &schema))
    }

    fn has_tables(&mut self) -> Result<bool, DbError> {
        Ok(self.read(tables::format_version)?.is_some())
    }

    fn acquire_lock(
        &mut self,
        wait: Duration,
        waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    ) -> Result<(), DbError> {
        match &self.place {
            // Nobody else can see it.
            Place::Memory => Ok(()),
            Place::File { access: Access::ReadOnly, .. } => {
                let message = format!("{} was opened with mode=ro", self.facts.place);
                Err(DbError::new(DbErrorKind::ReadOnly, message).with_hint("leave mode=ro out of the URL to write"))
            }
            Place::File { path, .. } => {
                let name = format!("{}.lock", self.options.schema);
                self.lock = Some(FileLock::acquire(path, &name, &self.options.host, wait, waiting)?);
                Ok(())
            }
        }
    }

    fn release_lock(&mut self) {
        self.lock = None;
    }

    fn apply(
        &mut self,
        units: &mut dyn Iterator<Item = Unit>,
        durability: Durability,
        observer: &mut dyn UnitObserver,
    ) -> Result<(), Box<UnitError>> {
        // A wish to stop from before is answered by whoever asked for this run.
        self.stop.take();
        self.apply_units(units, durability, observer)
    }

    fn execute_watched(
        &mut self,
        sql: &str,
        timeouts: &Timeouts,
        _observer: &mut dyn UnitObserver,
    ) -> Result<u64, DbError> {
        self.stop.take();
        if !self.is_in_transaction() {
            self.remember_session()?;
        }
        self.wait_at_most(timeouts.lock);
        self.limit_statements(timeouts.statement);
        let result = self.statement(|connection| step_all(connection, sql));
        self.limit_statements(None);
        result
    }

    fn copy(&mut self, _statement: &str, _data: &str) -> Result<u64, DbError> {
        Err(no_copy())
    }

    fn write(&mut self, records: &[Record]) -> Result<(), DbError> {
        self.write_records(records)
    }

    fn in_transaction(&mut self) -> bool {
        self.is_in_transaction()
    }

    fn reset(&mut self) -> Result<(), DbError> {
        self.stop.take();
        self.limit_statements(None);
        self.roll_back()?;
        self.restore_session()
    }

    fn probe(&mut self, effect: &Effect) -> Result<Probe, DbError> {
        self.run(|connection| probe::probe(connection, effect))
    }

    fn stored_down(&mut self, id: &str) -> Result<Option<String>, DbError> {
        self.read(|connection, schema| tables::stored(connection, schema, "down_sql", id))
    }

    fn stored_up(&mut self, id: &str) -> Result<Option<String>, DbError> {
        self.read(|connection, schema| tables::stored(connection, schema, "up_sql", id))
    }

    fn journal(&mut self, id: &str, direction: Direction) -> Result<Vec<JournalRow>, DbError> {
        self.read(|connection, schema| tables::journal(connection, schema, id, direction))
    }

    fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
        self.read(|connection, schema| tables::log(connection, schema, limit))
    }

    fn tags(&mut self) -> Result<Vec<Tag>, DbError> {
        self.read(tables::tags)
    }

    fn seeds(&mut self) -> Result<Vec<(String, String)>, DbError> {
        self.read(tables::seeds)
    }

    fn kept_tables(&mut self) -> Result<Vec<(String, String)>, DbError> {
        self.read(tables::kept)
    }

    fn table(&mut self, schema: Option<&str>, name: &str) -> Result<Option<Table>, DbError> {
        let beside = schema.and_then(|schema| Some((schema, self.place.beside(schema)?)));
        self.read(|connection, _| {
            let found = match beside {
                Some((schema, path)) => tables::stranger_beside(connection, schema, &path, name)?,
                None => None,
            };
            found.map_or_else(|| tables::stranger(connection, name), |found| Ok(Some(found)))
        })
    }

    fn every_table(&mut self) -> Result<Vec<Table>, DbError> {
        self.read(|connection, _| tables::strangers(connection))
    }

    fn keep_others_out(&mut self, _table: &Table, _numbers: &[i64]) -> Result<bool, DbError> {
        // Whoever has begun to write has every other program kept out.
        Ok(true)
    }

    fn blocked_sessions(&mut self) -> Result<Vec<BlockedSession>, DbError> {
        // SQLite does not know who has its locks.
        Ok(Vec::new())
    }

    fn kill(&mut self, _pid: i32) -> Result<bool, DbError> {
        Err(DbError::new(DbErrorKind::Config, "SQLite has no sessions that could be ended"))
    }

    fn wipe(&mut self) -> Result<(), DbError> {
        if !self.is_present()? {
            return Ok(());
        }
        self.reset()?;
        self.wait_at_most(None);
        self.run(|connection| {
            // SQLite's own way: https://sqlite.org/c3ref/c_dbconfig_defensive.html, SQLITE_DBCONFIG_RESET_DATABASE.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true).map_err(convert)?;
            let result = connection.execute_batch("VACUUM").map_err(convert);
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false).map_err(convert)?;
            result
        })
    }

    fn is_blank(&mut self) -> Result<bool, DbError> {
        if !self.is_present()? {
            return Ok(true);
        }
        let schema = self.options.schema.clone();
        self.run(|connection| tables::is_blank(connection, &schema))
    }

    fn inspector(&mut self) -> Result<Option<Box<dyn Driver>>, DbError> {
        Ok(None)
    }

    fn inspect(&mut self) -> Result<Catalog, DbError> {
        if !self.is_present()? {
            return Ok(Catalog::new());
        }
        let schema = self.options.schema.clone();
        self.run(|connection| inspect::inspect(connection, &schema))
    }

    fn ask(&mut self, questions: &[String], _: &Timeouts) -> Result<Vec<Answer>, DbError> {
        if !self.is_present()? {
            let nowhere = Connection::open_in_memory().map_err(convert)?;
            return Ok(questions.iter().map(|question| query_all(&nowhere, question)).collect());
        }
        self.run(|connection| {
            let only = |on: bool| connection.pragma_update(None, "query_only", on).map_err(convert);
            only(true)?;
            let answers = questions.iter().map(|question| query_all(connection, question)).collect();
            only(false)?;
            Ok(answers)
        })
    }

    fn positions(&mut self, catalog: &Catalog) -> Result<Vec<String>, DbError> {
        let there = self.query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'")?;
        if there.is_empty() {
            return Ok(Vec::new());
        }
        let mut statements = Vec::new();
        for row in self.query("SELECT name, quote(name), seq FROM sqlite_sequence")? {
            let [Some(name), Some(quoted), Some(position)] = row.as_slice() else { continue };
            if catalog.get(&Key::new(Kind::Table, None, name)).is_some() {
                statements.push(format!("DELETE FROM sqlite_sequence WHERE name = {quoted}"));
                statements.push(format!("INSERT INTO sqlite_sequence (name, seq) VALUES ({quoted}, {position})"));
            }
        }
        Ok(statements)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::clone(&self.stop) as Arc<dyn Interrupter>
    }
}
