//! The driver.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rung_engine::{
    BlockedSession, Continue, DbError, DbErrorKind, Dialect, Direction, Driver, Durability, FORMAT_VERSION, History,
    HistoryEntry, Interrupter, JournalRow, LockHolder, Probe, Record, ServerFacts, Session, Tag, Timeouts, Unit,
    UnitError, UnitObserver,
};
use rung_sql::Effect;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, InterruptHandle};

use crate::connection::{Create, OpenOptions, Place, connect};
use crate::error::convert;
use crate::lock::FileLock;
use crate::run::{query_all, step_all};
use crate::{SQLITE, probe, tables};

/// A database file, opened when there is one, made when something is written.
pub struct Sqlite {
    place: Place,
    pub(crate) options: OpenOptions,
    connection: Option<Connection>,
    facts: ServerFacts,
    lock: Option<FileLock>,
    interrupt: Arc<Handle>,
    deadline: Arc<Mutex<Option<Instant>>>,
    limited: bool,
}

/// Opens `sqlite:PATH`, `sqlite::memory:`, `sqlite:PATH?mode=ro` or a path. A file that does not exist is not made
/// until something is written: until then its history is empty.
///
/// # Errors
/// The file is there and can't be opened, or is no database.
pub fn open(target: &str, options: &OpenOptions) -> Result<Sqlite, DbError> {
    let place = Place::parse(target)?;
    let connection = connect(&place, Create::No, options)?;
    Ok(Sqlite::new(place, connection, options.clone()))
}

impl Sqlite {
    /// A driver on a connection that is there already; its settings are left as they are.
    pub fn from_connection(connection: Connection, options: OpenOptions) -> Self {
        let place = match connection.path() {
            Some(path) if !path.is_empty() => Place::File(path.into()),
            _ => Place::Memory,
        };
        Self::new(place, Some(connection), options)
    }

    fn new(place: Place, connection: Option<Connection>, options: OpenOptions) -> Self {
        let facts = ServerFacts {
            version: rusqlite::version().to_owned(),
            version_number: u32::try_from(rusqlite::version_number()).unwrap_or(0),
            place: place.shown(),
            user: String::new(),
            pooled: false,
        };
        let interrupt = Arc::new(Handle(Mutex::new(connection.as_ref().map(Connection::get_interrupt_handle))));
        Self { place, options, connection, facts, lock: None, interrupt, deadline: Arc::default(), limited: false }
    }

    /// The connection, for writing: the file is made where there is none.
    pub(crate) fn connected(&mut self) -> Result<&Connection, DbError> {
        if self.connection.is_none() {
            self.connection = connect(&self.place, Create::Yes, &self.options)?;
            let handle = self.connection.as_ref().map(Connection::get_interrupt_handle);
            *self.interrupt.0.lock().unwrap_or_else(PoisonError::into_inner) = handle;
        }
        self.connection.as_ref().ok_or_else(|| {
            DbError::new(DbErrorKind::NoSuchDatabase, format!("there is no database {}", self.place.shown()))
        })
    }

    /// The connection, for reading; `None` where there is no file yet.
    fn present(&mut self) -> Result<Option<&Connection>, DbError> {
        if self.connection.is_none() && self.place.path().is_some_and(std::path::Path::exists) {
            self.connected()?;
        }
        Ok(self.connection.as_ref())
    }

    /// Bounds the time of the statements that follow.
    pub(crate) fn limit_time(&mut self, limit: Option<Duration>) -> Result<(), DbError> {
        let limit = limit.filter(|limit| !limit.is_zero());
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.connected()?;
        if self.limited != limit.is_some()
            && let Some(connection) = &mut self.connection
        {
            let deadline = Arc::clone(&self.deadline);
            let is_over = move || {
                let deadline = *deadline.lock().unwrap_or_else(PoisonError::into_inner);
                deadline.is_some_and(|deadline| Instant::now() >= deadline)
            };
            connection
                .progress_handler(if limit.is_some() { 10_000 } else { 0 }, limit.map(|_| is_over))
                .map_err(convert)?;
            self.limited = limit.is_some();
        }
        self.statement_limit(limit);
        Ok(())
    }

    fn statement_limit(&self, limit: Option<Duration>) {
        let until = limit.map(|limit| Instant::now() + limit);
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Runs something on the connection, and tells a timeout from an interrupt.
    pub(crate) fn timed<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, DbError>) -> Result<T, DbError> {
        work(self.connected()?).map_err(|error| {
            let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
            if error.kind == DbErrorKind::Canceled && deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                let message = "canceled: the statement timeout was reached";
                return DbError { kind: DbErrorKind::StatementTimeout, message: message.to_owned(), ..error };
            }
            error
        })
    }

    pub(crate) fn roll_back(&mut self) -> Result<(), DbError> {
        match &self.connection {
            Some(connection) if !connection.is_autocommit() => connection.execute_batch("ROLLBACK").map_err(convert),
            _ => Ok(()),
        }
    }
}

impl Session for Sqlite {
    fn dialect(&self) -> &'static str {
        SQLITE.name()
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let (statements, _) = rung_sql::split(sql, SQLITE.syntax());
        let mut affected = 0;
        for statement in statements {
            affected =
                self.timed(|connection| step_all(connection, &sql[statement.span.range()])).map_err(|error| {
                    DbError { offset: error.offset.map(|offset| statement.span.start + offset), ..error }
                })?;
        }
        Ok(affected)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DbError> {
        if self.present()?.is_none() {
            // A question to a database that does not exist yet must not make it.
            let nowhere = Connection::open_in_memory().map_err(convert)?;
            return query_all(&nowhere, sql);
        }
        self.timed(|connection| query_all(connection, sql))
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
        let schema = self.options.schema.clone();
        self.present()?.map_or_else(|| Ok(History::default()), |connection| tables::history(connection, &schema))
    }

    fn ensure_tables(&mut self) -> Result<(), DbError> {
        let schema = self.options.schema.clone();
        match tables::format_version(self.connected()?, &schema)? {
            Some(FORMAT_VERSION) => return Ok(()),
            Some(format) if format > FORMAT_VERSION => return Err(tables::newer(format)),
            _ => {}
        }
        let connection = self.connected()?;
        let ddl = SQLITE.own_tables_ddl(&schema).join(";\n");
        let result = connection.execute_batch(&format!("BEGIN IMMEDIATE;\n{ddl};\nCOMMIT")).map_err(convert);
        if result.is_err() {
            let _ = self.roll_back();
        }
        result
    }

    fn acquire_lock(
        &mut self,
        wait: Duration,
        waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    ) -> Result<(), DbError> {
        if let Some(path) = self.place.path() {
            self.lock = Some(FileLock::acquire(path, &self.options.host, wait, waiting)?);
        }
        Ok(())
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
        self.apply_units(units, durability, observer)
    }

    fn execute_watched(
        &mut self,
        sql: &str,
        timeouts: &Timeouts,
        _observer: &mut dyn UnitObserver,
    ) -> Result<u64, DbError> {
        self.limit_time(timeouts.statement)?;
        self.timed(|connection| step_all(connection, sql))
    }

    fn copy(&mut self, _statement: &str, _data: &str) -> Result<u64, DbError> {
        Err(DbError::new(DbErrorKind::Statement, "SQLite has no COPY ... FROM STDIN"))
    }

    fn write(&mut self, records: &[Record]) -> Result<(), DbError> {
        self.write_records(records)
    }

    fn in_transaction(&mut self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_autocommit())
    }

    fn reset(&mut self) -> Result<(), DbError> {
        self.roll_back()?;
        if self.connection.is_none() {
            return Ok(());
        }
        let foreign_keys = self.options.foreign_keys;
        self.limit_time(None)?;
        let connection = self.connected()?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, foreign_keys).map_err(convert)?;
        self.drop_temporary_objects()
    }

    fn probe(&mut self, effect: &Effect) -> Result<Probe, DbError> {
        probe::probe(self.connected()?, effect)
    }

    fn stored_down(&mut self, id: &str) -> Result<Option<String>, DbError> {
        let schema = self.options.schema.clone();
        self.present()?.map_or(Ok(None), |connection| tables::stored(connection, &schema, "down_sql", id))
    }

    fn stored_up(&mut self, id: &str) -> Result<Option<String>, DbError> {
        let schema = self.options.schema.clone();
        self.present()?.map_or(Ok(None), |connection| tables::stored(connection, &schema, "up_sql", id))
    }

    fn journal(&mut self, id: &str, direction: Direction) -> Result<Vec<JournalRow>, DbError> {
        let schema = self.options.schema.clone();
        self.present()?.map_or(Ok(Vec::new()), |connection| tables::journal(connection, &schema, id, direction))
    }

    fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
        let schema = self.options.schema.clone();
        self.present()?.map_or(Ok(Vec::new()), |connection| tables::log(connection, &schema, limit))
    }

    fn tags(&mut self) -> Result<Vec<Tag>, DbError> {
        let schema = self.options.schema.clone();
        self.present()?.map_or(Ok(Vec::new()), |connection| tables::tags(connection, &schema))
    }

    fn seeds(&mut self) -> Result<Vec<(String, String)>, DbError> {
        let schema = self.options.schema.clone();
        self.present()?.map_or(Ok(Vec::new()), |connection| tables::seeds(connection, &schema))
    }

    fn blocked_sessions(&mut self) -> Result<Vec<BlockedSession>, DbError> {
        // SQLite does not know who has its locks.
        Ok(Vec::new())
    }

    fn kill(&mut self, _pid: i32) -> Result<bool, DbError> {
        Err(DbError::new(DbErrorKind::Config, "SQLite has no sessions that could be ended"))
    }

    fn wipe(&mut self) -> Result<(), DbError> {
        // SQLite's own way: https://sqlite.org/c3ref/c_dbconfig_defensive.html, SQLITE_DBCONFIG_RESET_DATABASE.
        self.reset()?;
        let connection = self.connected()?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true).map_err(convert)?;
        let result = connection.execute_batch("VACUUM").map_err(convert);
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false).map_err(convert)?;
        result
    }

    fn is_blank(&mut self) -> Result<bool, DbError> {
        let prefix = format!("{}_", self.options.schema);
        let Some(connection) = self.present()? else { return Ok(true) };
        let names =
            query_all(connection, "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")?;
        Ok(names.into_iter().flatten().flatten().all(|name| name.starts_with(&prefix)))
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::clone(&self.interrupt) as Arc<dyn Interrupter>
    }
}

/// Reaches the connection from another thread.
struct Handle(Mutex<Option<InterruptHandle>>);

impl Interrupter for Handle {
    fn interrupt(&self) {
        if let Some(handle) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            handle.interrupt();
        }
    }
}
