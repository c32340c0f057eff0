//! The driver.

use std::sync::Arc;
use std::time::Duration;

use rung_catalog::{Catalog, Key, Lineage};
use rung_engine::{
    Answer, BlockedSession, Column, Continue, DbError, DbErrorKind, Dialect, Direction, Driver, Durability,
    FORMAT_VERSION, History, HistoryEntry, Interrupter, JournalRow, KeptTable, LockHolder, Probe, Provenance, Record,
    ServerFacts, Session, Table, Tag, Timeouts, Unit, UnitError, UnitObserver,
};
use rung_sql::{Effect, split};

use crate::connect::{ConfigError, Environment, Settings};
use crate::dialect::milliseconds;
use crate::line::Rows;
use crate::lock::{Lease, advisory_holder, hold_advisory, key, may_unlock, poll, try_advisory};
use crate::session::{AS_OURSELVES, NOTICE_DEATH};
use crate::statements::{client_copy, is_client_copy, is_open_after};
use crate::tables::Tables;
use crate::watch::{SESSION, blocker, blockers_of};
use crate::wire::{Greeting, Wire, first, text, value};
use crate::{POSTGRES, inspect, lineage, probe, provenance, tables, wipe};

/// How to open a connection.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The schema of rung's own tables.
    pub schema: String,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { schema: "rung".to_owned() }
    }
}

/// A connection to a PostgreSQL server.
pub struct Postgres {
    pub(crate) wire: Wire,
    pub(crate) schema: String,
    /// The lock behind a pooler.
    pub(crate) lease: Option<Lease>,
    /// The number of the last unit that was sent.
    pub(crate) chain: u64,
    /// Whether the server was told to look whether we are still there.
    pub(crate) notices_death: bool,
    /// Whether a transaction is open that is not a unit's.
    pub(crate) open_transaction: bool,
    /// How to connect once more; not known of a connection that somebody else made.
    settings: Option<Settings>,
    facts: ServerFacts,
    iso_dates: bool,
    /// Whether the session has been told from a pooler's.
    known: bool,
    locked: bool,
    /// How often the schema was read with plans that the session keeps; `None` where it keeps none.
    pub(crate) planned: Option<u32>,
}

/// Connects to what `target` names, a URL, a conninfo or nothing, as libpq would in `environment`.
///
/// # Errors
/// The settings are wrong; no server can be reached, or it refuses.
pub fn open(target: &str, environment: &Environment, options: &OpenOptions) -> Result<Postgres, DbError> {
    open_with(&Settings::resolve(target, environment).map_err(wrong_settings)?, options)
}

pub(crate) fn wrong_settings(error: ConfigError) -> DbError {
    let hint = error.hint().to_owned();
    let error = DbError::new(DbErrorKind::Config, error.to_string());
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

/// As [`open`], where the settings are known.
pub(crate) fn open_with(settings: &Settings, options: &OpenOptions) -> Result<Postgres, DbError> {
    let (wire, greeting) = Wire::open(settings).map_err(|error| match error.kind {
        // A password file that is passed over is why none was found.
        DbErrorKind::Authentication if !settings.warnings().is_empty() => {
            DbError { detail: Some(settings.warnings().join("\n")), ..error }
        }
        _ => error,
    })?;
    let (place, user) = (settings.display_name(), settings.user().to_owned());
    Ok(Postgres::new(wire, greeting, place, user, Some(settings.clone()), options))
}

impl Postgres {
    /// 150001 for 15.1.
    pub(crate) fn server_version(&self) -> u32 {
        self.facts.version_number
    }

    /// A driver on a connection that is there already, and that is moved by a task or thread of its owner: not by the
    /// one that calls the driver, which blocks (in an async program, on a thread where that is allowed). It must be a
    /// session of its own, not one of a transaction pooler, which can't be told apart from here.
    ///
    /// What only a second connection can tell is not told: who is in the way of a lock, and how far an index is. Nor are
    /// notices, which go to the owner. The session is put back to what its role, database and connection set, as after
    /// `RESET ALL` and `DEALLOCATE ALL`: prepared statements are gone.
    ///
    /// # Errors
    /// The connection does not answer.
    pub fn from_client(client: tokio_postgres::Client, options: &OpenOptions) -> Result<Self, DbError> {
        let mut wire = Wire::of_client(client)?;
        let rows = wire.query(
            "SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'), \
             pg_catalog.current_setting('DateStyle'), pg_catalog.current_database(), current_user, \
             pg_catalog.pg_backend_pid()",
        )?;
        let column = |at| rows.first().map(|row| text(row, at)).unwrap_or_default();
        wire.pid = column(5).parse().ok();
        let greeting = Greeting {
            version: column(0),
            version_number: column(1).parse().unwrap_or(0),
            iso_dates: column(2).starts_with("ISO"),
        };
        Ok(Self::new(wire, greeting, column(3), column(4), None, options))
    }

    fn new(
        wire: Wire,
        greeting: Greeting,
        place: String,
        user: String,
        settings: Option<Settings>,
        options: &OpenOptions,
    ) -> Self {
        let facts = ServerFacts {
            version: greeting.version.split_whitespace().next().unwrap_or_default().to_owned(),
            version_number: greeting.version_number,
            place,
            user,
            pooled: false,
        };
        Self {
            wire,
            schema: options.schema.clone(),
            lease: None,
            chain: 0,
            notices_death: false,
            open_transaction: false,
            settings,
            facts,
            iso_dates: greeting.iso_dates,
            known: false,
            locked: false,
            planned: None,
        }
    }

    fn tables(&mut self) -> Tables<'_> {
        Tables { wire: &mut self.wire, schema: &self.schema, iso_dates: self.iso_dates }
    }

    /// Compares the process that the handshake named with the one that answers: a pooler makes the first one up. Once is
    /// enough, and behind a pooler the first one is forgotten.
    fn learn(&mut self, backend: i32) {
        if std::mem::replace(&mut self.known, true) {
            return;
        }
        self.facts.pooled = self.wire.pid.is_some_and(|handshake| handshake != backend);
        if self.facts.pooled {
            self.wire.pid = None;
        }
    }

    fn learn_if_unknown(&mut self) -> Result<(), DbError> {
        if !self.known {
            let rows = self.wire.query("SELECT pg_catalog.pg_backend_pid()")?;
            if let Some(pid) = first(&rows).and_then(|pid| pid.parse().ok()) {
                self.learn(pid);
            }
        }
        Ok(())
    }

    /// The server process of this session; `None` behind a pooler, where it is now this one and now that.
    pub(crate) fn own_backend(&mut self) -> Result<Option<i32>, DbError> {
        self.learn_if_unknown()?;
        Ok(self.wire.pid)
    }

    /// Asks the server to end the session when we are gone. It may not know how, and then it does not matter.
    fn ask_to_notice_death(&mut self) {
        if self.facts.version_number >= 140_000 && !self.notices_death {
            self.notices_death = self.wire.run(NOTICE_DEATH).is_ok();
        }
    }

    /// Whether the lock is one that a migration can give back.
    pub(crate) fn holds_advisory(&self) -> bool {
        self.locked
    }

    /// Takes the lock again, which `DISCARD ALL` gave back with all that the session had.
    fn after_discard(&mut self) -> Result<(), DbError> {
        if !self.locked {
            return Ok(());
        }
        self.notices_death = false;
        self.ask_to_notice_death();
        if try_advisory(&mut self.wire, &self.schema)? {
            return Ok(());
        }
        self.locked = false;
        let message = "DISCARD ALL gave rung's lock back, and another rung has taken it";
        Err(DbError::new(DbErrorKind::Locked, message).with_hint("run again when the other one is done"))
    }

    /// Runs a transaction of our own, in one message.
    fn transaction(&mut self, statements: &str, kept: &[(KeptTable, String)]) -> Result<(), DbError> {
        let begin = format!("BEGIN; SET LOCAL client_min_messages = warning; {AS_OURSELVES}{}", self.fence());
        let result = if kept.is_empty() {
            self.wire.run(&format!("{begin}{statements}; COMMIT")).map(|_| ())
        } else {
            let written = self.wire.run(&format!("{begin}{statements}")).and_then(|_| self.write_kept(kept));
            written.and_then(|()| self.wire.run("COMMIT").map(|_| ()))
        };
        if result.is_err() {
            let _ = self.wire.run("ROLLBACK");
        }
        result
    }

    /// Tables, views among them, for which a condition holds, each with its columns.
    fn strangers(&mut self, condition: &str) -> Result<Vec<Table>, DbError> {
        let sql = format!(
            "SELECT pg_catalog.current_database(), n.nspname, c.relname, pg_catalog.quote_ident(n.nspname) || '.' || \
             pg_catalog.quote_ident(c.relname), a.attname, pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE {condition} AND c.relkind IN ('r', 'p', 'v') ORDER BY 2, 3, a.attnum"
        );
        let mut found: Vec<Table> = Vec::new();
        for row in self.wire.query(&sql)? {
            let column = Column { name: text(&row, 4), kind: text(&row, 5) };
            let qualified = text(&row, 3);
            match found.last_mut().filter(|table| table.qualified == qualified) {
                Some(table) => table.columns.push(column),
                None => found.push(Table {
                    database: text(&row, 0),
                    schema: text(&row, 1),
                    name: text(&row, 2),
                    qualified,
                    columns: vec![column],
                }),
            }
        }
        Ok(found)
    }

    /// Writes to other tools' tables, one by one: so it shows whose table refused.
    fn write_kept(&mut self, kept: &[(KeptTable, String)]) -> Result<(), DbError> {
        kept.iter().try_for_each(|(whose, sql)| match self.wire.run(sql) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.of_kept(whose)),
        })
    }

    /// The settings for one statement, and what takes them back.
    fn timeouts_around(&self, sql: &str, timeouts: &Timeouts) -> Option<(String, String)> {
        // A session setting would stay with the pooler's session; within a transaction there is another place for it.
        if POSTGRES.facts(sql).transaction.is_some() || (self.facts.pooled && !self.open_transaction) {
            return None;
        }
        let local = if self.open_transaction { "LOCAL " } else { "" };
        let (mut set, mut reset) = (String::new(), String::new());
        for (name, value) in [("lock_timeout", timeouts.lock), ("statement_timeout", timeouts.statement)] {
            if let Some(value) = value {
                set.push_str(&format!("SET {local}{name} = {};", milliseconds(value)));
                reset.push_str(&format!("RESET {name};"));
            }
        }
        if self.open_transaction {
            reset.clear();
        }
        (!set.is_empty()).then_some((set, reset))
    }
}

impl Session for Postgres {
    fn dialect(&self) -> &'static str {
        POSTGRES.name()
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        for statement in split(sql, POSTGRES.syntax()).0 {
            if is_client_copy(&sql[statement.span.range()]) {
                return Err(DbError { offset: Some(statement.span.start), ..client_copy() });
            }
        }
        let reply = self.wire.run(sql)?;
        self.open_transaction = is_open_after(self.open_transaction, sql);
        Ok(reply.affected)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DbError> {
        if is_client_copy(sql) {
            return Err(client_copy());
        }
        let rows = self.wire.query(sql)?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|at| value(row, at).map(str::to_owned)).collect()).collect())
    }
}

impl Driver for Postgres {
    fn dialect_of(&self) -> &'static dyn Dialect {
        &POSTGRES
    }

    fn facts(&self) -> &ServerFacts {
        &self.facts
    }

    fn schema(&self) -> &str {
        &self.schema
    }

    fn history(&mut self) -> Result<History, DbError> {
        let beginning = self.tables().history()?;
        if let Some(backend) = beginning.backend {
            self.learn(backend);
        }
        Ok(beginning.history)
    }

    fn ensure_tables(&mut self) -> Result<(), DbError> {
        match self.tables().format_version()? {
            Some(FORMAT_VERSION) => return Ok(()),
            Some(format) if format > FORMAT_VERSION => return Err(tables::newer(format)),
            Some(_) => {}
            None => self.tables().refuse_strangers()?,
        }
        self.transaction(&POSTGRES.own_tables_ddl(&self.schema).join(";\n"), &[]).map_err(|error| {
            if error.kind != DbErrorKind::Permission {
                return error;
            }
            let (schema, user) = (POSTGRES.quote_identifier(&self.schema), POSTGRES.quote_identifier(&self.facts.user));
            // That this is done in a block is of no interest.
            DbError { detail: None, ..error }.with_hint(format!(
                "rung's own tables are in a schema of its own; make it for this user: \
                 `CREATE SCHEMA {schema} AUTHORIZATION {user}`"
            ))
        })
    }

    fn has_tables(&mut self) -> Result<bool, DbError> {
        Ok(self.tables().format_version()?.is_some())
    }

    fn acquire_lock(
        &mut self,
        wait: Duration,
        waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    ) -> Result<(), DbError> {
        self.learn_if_unknown()?;
        self.wire.forget_interrupt();
        let wire = std::cell::RefCell::new(&mut self.wire);
        let schema = &self.schema;
        if !self.facts.pooled {
            let attempt = || try_advisory(&mut wire.borrow_mut(), schema);
            poll(wait, waiting, attempt, || advisory_holder(&mut wire.borrow_mut(), schema))?;
            self.locked = true;
            self.ask_to_notice_death();
            return Ok(());
        }
        let Some(settings) = &self.settings else {
            let error = DbError::new(DbErrorKind::Config, "the connection goes through a transaction pooler");
            return Err(error.with_hint("open one by its URL: rung needs a second one to keep its lease"));
        };
        let who = format!("rung, process {}", std::process::id());
        let mut lease = None;
        let attempt = || {
            lease = Lease::attempt(&mut wire.borrow_mut(), settings, schema, &who)?;
            Ok(lease.is_some())
        };
        poll(wait, waiting, attempt, || Lease::holder(&mut wire.borrow_mut(), schema))?;
        self.lease = lease;
        Ok(())
    }

    fn release_lock(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release(&mut self.wire, &self.schema);
        }
        if std::mem::take(&mut self.locked) {
            let _ = self.wire.run(&format!("SELECT pg_catalog.pg_advisory_unlock({})", key(&self.schema)));
        }
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
        observer: &mut dyn UnitObserver,
    ) -> Result<u64, DbError> {
        if is_client_copy(sql) {
            return Err(client_copy());
        }
        // All leave together; answers that nobody asks for are passed over.
        let around = self.timeouts_around(sql, timeouts);
        if let Some((set, _)) = &around {
            self.wire.send(set, Rows::Drop)?;
        }
        let sent = self.wire.send(sql, Rows::Drop)?;
        let after = match &around {
            Some((_, reset)) if !reset.is_empty() => Some(self.wire.send(reset, Rows::Drop)?),
            _ => None,
        };
        let result = self.wire.receive(sent, Some(observer)).map_err(|refused| refused.within(sql));
        if let Some(after) = after {
            // Where this fails the connection is gone, and the statement's own result says so.
            let _ = self.wire.receive(after, None);
        }
        let affected = result?.affected;
        self.open_transaction = is_open_after(self.open_transaction, sql);
        let facts = POSTGRES.facts(sql);
        if facts.effect == Effect::Session && facts.outside.is_some() {
            self.after_discard()?;
        } else if facts.effect == Effect::Session && self.open_transaction {
            // What is sent is UTF-8, whatever a file says of it.
            self.wire.run("SET client_encoding = 'UTF8'")?;
        }
        if self.locked && may_unlock(sql) {
            self.wire.run(&hold_advisory(&self.schema))?;
        }
        Ok(affected)
    }

    fn copy(&mut self, statement: &str, data: &str) -> Result<u64, DbError> {
        if !self.facts.pooled || self.open_transaction {
            return self.wire.copy(statement, data);
        }
        // It takes two steps, which a pooler may give to two sessions.
        self.wire.run("BEGIN")?;
        let result = self.wire.copy(statement, data);
        self.wire.run(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        result
    }

    fn write(&mut self, records: &[Record]) -> Result<(), DbError> {
        // No unit's transaction is running: there is no time to take from it.
        let took = Some(Duration::ZERO);
        let rows = self.render(records, took);
        let kept = self.kept(records, took);
        if self.open_transaction {
            self.wire.run(&format!("{AS_OURSELVES}{}{rows}", self.fence()))?;
            return self.write_kept(&kept);
        }
        self.transaction(&rows, &kept)
    }

    fn in_transaction(&mut self) -> bool {
        self.open_transaction
    }

    fn reset(&mut self) -> Result<(), DbError> {
        self.open_transaction = false;
        self.wire.run("ROLLBACK")?;
        self.wire.run(&self.resetting())?;
        self.wire.forget_interrupt();
        Ok(())
    }

    fn probe(&mut self, effect: &Effect) -> Result<Probe, DbError> {
        probe::probe(&mut self.wire, effect)
    }

    fn stored_down(&mut self, id: &str) -> Result<Option<String>, DbError> {
        self.tables().stored("down_sql", id)
    }

    fn stored_up(&mut self, id: &str) -> Result<Option<String>, DbError> {
        self.tables().stored("up_sql", id)
    }

    fn journal(&mut self, id: &str, direction: Direction) -> Result<Vec<JournalRow>, DbError> {
        self.tables().journal(id, direction)
    }

    fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
        self.tables().log(limit)
    }

    fn tags(&mut self) -> Result<Vec<Tag>, DbError> {
        self.tables().tags()
    }

    fn seeds(&mut self) -> Result<Vec<(String, String)>, DbError> {
        self.tables().seeds()
    }

    fn kept_tables(&mut self) -> Result<Vec<(String, String)>, DbError> {
        self.tables().kept()
    }

    fn table(&mut self, schema: Option<&str>, name: &str) -> Result<Option<Table>, DbError> {
        let quoted = POSTGRES.quote_identifier(name);
        let written = schema.map_or(quoted.clone(), |schema| format!("{}.{quoted}", POSTGRES.quote_identifier(schema)));
        let is_it = format!("c.oid = pg_catalog.to_regclass({})", POSTGRES.quote_literal(&written));
        Ok(self.strangers(&is_it)?.pop())
    }

    fn every_table(&mut self) -> Result<Vec<Table>, DbError> {
        self.strangers("n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'")
    }

    fn keep_others_out(&mut self, table: &Table, numbers: &[i64]) -> Result<bool, DbError> {
        for number in numbers {
            let rows = self.wire.query(&format!("SELECT pg_catalog.pg_try_advisory_xact_lock({number})"))?;
            if first(&rows) != Some("t") {
                return Ok(false);
            }
        }
        self.wire.run(&format!("LOCK TABLE {} IN EXCLUSIVE MODE", table.qualified))?;
        Ok(true)
    }

    fn blocked_sessions(&mut self) -> Result<Vec<BlockedSession>, DbError> {
        let sql = format!(
            "SELECT {SESSION}, (SELECT l.mode || coalesce(' on ' || l.relation::pg_catalog.regclass::text, ' (' || l.locktype || ')') \
             FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted LIMIT 1) FROM pg_catalog.pg_stat_activity a \
             WHERE a.datname = pg_catalog.current_database() \
             AND pg_catalog.cardinality(pg_catalog.pg_blocking_pids(a.pid)) > 0 ORDER BY a.xact_start"
        );
        let mut sessions = Vec::new();
        for row in self.wire.query(&sql)? {
            let waiting = blocker(&row);
            let blockers = self.wire.query(&blockers_of(&waiting.pid.to_string()))?.iter().map(blocker).collect();
            sessions.push(BlockedSession { waiting, wants: text(&row, 6), blockers });
        }
        Ok(sessions)
    }

    fn kill(&mut self, pid: i32) -> Result<bool, DbError> {
        let rows = self.wire.query(&format!("SELECT pg_catalog.pg_terminate_backend({pid})"))?;
        Ok(first(&rows) == Some("t"))
    }

    fn wipe(&mut self) -> Result<(), DbError> {
        wipe::wipe(&mut self.wire)
    }

    fn is_blank(&mut self) -> Result<bool, DbError> {
        wipe::is_blank(&mut self.wire, &self.schema)
    }

    fn inspect(&mut self) -> Result<Catalog, DbError> {
        inspect::inspect(self)
    }

    fn inspector(&mut self) -> Result<Option<Box<dyn Driver>>, DbError> {
        let Some(settings) = self.settings.as_ref().filter(|_| !self.facts.pooled) else { return Ok(None) };
        let mut other = open_with(settings, &OpenOptions { schema: self.schema.clone() })?;
        other.planned = Some(0);
        Ok(Some(Box::new(other)))
    }

    fn ask(&mut self, questions: &[String], timeouts: &Timeouts) -> Result<Vec<Answer>, DbError> {
        let begin = format!("{}; SET TRANSACTION READ ONLY", POSTGRES.begin(timeouts));
        let mut sent = Vec::with_capacity(questions.len());
        for question in questions {
            self.wire.send(&begin, Rows::Drop)?;
            let answer = self.wire.send(question, Rows::Keep)?;
            sent.push((answer, self.wire.send("ROLLBACK", Rows::Drop)?));
        }
        let values =
            |row: &tokio_postgres::SimpleQueryRow| (0..row.len()).map(|at| value(row, at).map(str::to_owned)).collect();
        let mut answers = Vec::with_capacity(questions.len());
        for ((answer, end), question) in sent.into_iter().zip(questions) {
            answers.push(match self.wire.receive(answer, None) {
                Ok(reply) => Ok(reply.rows.iter().map(values).collect()),
                Err(refused) => match refused.within(question) {
                    error if error.kind == DbErrorKind::ConnectionLost => return Err(error),
                    error => Err(error),
                },
            });
            self.wire.receive(end, None).map_err(|refused| refused.error)?;
        }
        Ok(answers)
    }

    fn positions(&mut self, catalog: &Catalog) -> Result<Vec<String>, DbError> {
        provenance::positions(self, catalog)
    }

    fn provenance(&mut self, keys: &[Arc<Key>]) -> Result<Provenance, DbError> {
        provenance::of(self, keys)
    }

    fn lineage(&mut self) -> Result<Vec<Lineage>, DbError> {
        lineage::lineage(self)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        self.wire.interrupter()
    }
}
