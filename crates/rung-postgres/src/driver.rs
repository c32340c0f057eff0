//! The driver.

use std::sync::Arc;
use std::time::Duration;

use rung_engine::{
    BlockedSession, Continue, DbError, DbErrorKind, Dialect, Direction, Driver, Durability, FORMAT_VERSION, History,
    HistoryEntry, Interrupter, JournalRow, LockHolder, Probe, Record, ServerFacts, Session, Tag, Timeouts, Unit,
    UnitError, UnitObserver, render,
};
use rung_sql::Effect;

use crate::connect::{Cancel, Environment, Settings};
use crate::dialect::milliseconds;
use crate::lock::{Lease, advisory_holder, key, poll, try_advisory};
use crate::wire::{Wire, blocker, blockers_of};
use crate::{POSTGRES, probe, tables, wipe};

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
    pub(crate) lease: Option<Lease>,
    settings: Settings,
    facts: ServerFacts,
    /// Whether the session has been told from a pooler's.
    known: bool,
    locked: bool,
    open_transaction: bool,
}

/// Connects to what `target` names, a URL, a conninfo or nothing, as libpq would in `environment`.
///
/// # Errors
/// The settings are wrong; no server can be reached, or it refuses.
pub fn open(target: &str, environment: &Environment, options: &OpenOptions) -> Result<Postgres, DbError> {
    let settings = Settings::resolve(target, environment).map_err(|error| {
        let hint = error.hint().to_owned();
        let error = DbError::new(DbErrorKind::Config, error.to_string());
        if hint.is_empty() { error } else { error.with_hint(hint) }
    })?;
    let (wire, greeting) = Wire::open(&settings)?;
    let facts = ServerFacts {
        version: greeting.version.split_whitespace().next().unwrap_or_default().to_owned(),
        version_number: greeting.version_number,
        place: settings.display_name(),
        user: settings.user().to_owned(),
        pooled: false,
    };
    Ok(Postgres {
        wire,
        schema: options.schema.clone(),
        lease: None,
        settings,
        facts,
        known: false,
        locked: false,
        open_transaction: false,
    })
}

impl Postgres {
    /// Whether the session is a pooler's, and may be another one for the next transaction.
    pub(crate) fn pooled(&self) -> bool {
        self.facts.pooled
    }

    /// Compares the process that the handshake named with the one that answers: a pooler makes the first one up.
    fn learn(&mut self, backend: Option<i32>) {
        if let Some(backend) = backend {
            self.known = true;
            self.facts.pooled = self.wire.pid.is_some_and(|handshake| handshake != backend);
            if self.facts.pooled {
                self.wire.pid = None;
            }
        }
    }

    /// For a user who is called as rung's own schema is, `"$user"` in the search_path leads there: unqualified tables of
    /// migrations would land among rung's. This takes it out, to the end of the transaction. A schema that was chosen
    /// by name is where its owner wants things to be.
    pub(crate) fn own_search_path(&self) -> Option<&'static str> {
        (self.schema == "rung" && self.facts.user == "rung").then_some(
            "SELECT pg_catalog.set_config('search_path', pg_catalog.regexp_replace(\
             pg_catalog.current_setting('search_path'), '\"\\$user\"\\s*,?\\s*', ''), true)",
        )
    }

    fn learn_if_unknown(&mut self) -> Result<(), DbError> {
        if !self.known {
            let rows = self.wire.query("SELECT pg_catalog.pg_backend_pid()")?.rows;
            let pid = rows.into_iter().flatten().flatten().next();
            self.learn(pid.and_then(|pid| pid.parse().ok()));
        }
        Ok(())
    }

    fn render_all(&self, records: &[Record]) -> String {
        records.iter().map(|record| render(record, &POSTGRES, &self.schema, Some(Duration::ZERO))).collect()
    }
}

impl Session for Postgres {
    fn dialect(&self) -> &'static str {
        POSTGRES.name()
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let reply = self.wire.query(sql)?;
        follow(&mut self.open_transaction, sql);
        Ok(reply.affected)
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, DbError> {
        Ok(self.wire.query(sql)?.rows)
    }
}

/// Keeps track of a transaction that statements open and end.
fn follow(open: &mut bool, sql: &str) {
    use rung_sql::TransactionControl::{Begin, Commit, Rollback};
    for statement in rung_sql::split(sql, POSTGRES.syntax()).0 {
        match POSTGRES.facts(&sql[statement.span.range()]).transaction {
            Some(Begin) => *open = true,
            Some(Commit | Rollback) => *open = false,
            _ => {}
        }
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
        let beginning = tables::history(&mut self.wire, &self.schema)?;
        self.learn(beginning.backend);
        Ok(beginning.history)
    }

    fn ensure_tables(&mut self) -> Result<(), DbError> {
        match tables::format_version(&mut self.wire, &self.schema)? {
            Some(FORMAT_VERSION) => return Ok(()),
            Some(format) if format > FORMAT_VERSION => return Err(tables::newer(format)),
            _ => {}
        }
        let mut sql = String::from("BEGIN; SET LOCAL client_min_messages = warning; ");
        if let Some(lease) = &self.lease {
            sql.push_str(&lease.guard(&self.schema));
            sql.push(';');
        }
        sql.push_str(&POSTGRES.own_tables_ddl(&self.schema).join(";\n"));
        sql.push_str("; COMMIT");
        match self.wire.query(&sql) {
            Ok(_) => Ok(()),
            Err(error) => {
                let _ = self.wire.query("ROLLBACK");
                Err(error)
            }
        }
    }

    fn acquire_lock(
        &mut self,
        wait: Duration,
        waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    ) -> Result<(), DbError> {
        self.learn_if_unknown()?;
        let wire = std::cell::RefCell::new(&mut self.wire);
        let schema = &self.schema;
        if !self.facts.pooled {
            let attempt = || try_advisory(&mut wire.borrow_mut(), schema);
            poll(wait, waiting, attempt, || advisory_holder(&mut wire.borrow_mut(), schema))?;
            self.locked = true;
            return Ok(());
        }
        let who = format!("rung, process {}", std::process::id());
        let mut lease = None;
        let attempt = || {
            lease = Lease::attempt(&mut wire.borrow_mut(), &self.settings, schema, &who)?;
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
            let _ = self.wire.query(&format!("SELECT pg_catalog.pg_advisory_unlock({})", key(&self.schema)));
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
        // A session setting would stay with the pooler's session, and a statement outside of a transaction has no
        // other place for one.
        let set: Vec<(&str, Duration)> = [("lock_timeout", timeouts.lock), ("statement_timeout", timeouts.statement)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .filter(|_| !self.pooled() && !self.open_transaction)
            .collect();
        for (name, value) in &set {
            self.wire.query(&format!("SET {name} = {}", milliseconds(*value)))?;
        }
        if let Some(search_path) = self.own_search_path() {
            // Outside of a transaction it lasts for the session, as `is_local` says.
            self.wire.query(&search_path.replace(", true)", ", false)"))?;
        }
        let sent = self.wire.send(sql)?;
        let result = self.wire.receive(sent, Some(observer));
        if result.is_ok() {
            follow(&mut self.open_transaction, sql);
        }
        for (name, _) in &set {
            // Where this fails, the connection is gone, and the statement's own result says so.
            let _ = self.wire.query(&format!("RESET {name}"));
        }
        result.map(|reply| reply.affected).map_err(|refused| refused.error)
    }

    fn copy(&mut self, statement: &str, data: &str) -> Result<u64, DbError> {
        self.wire.copy(statement, data)
    }

    fn write(&mut self, records: &[Record]) -> Result<(), DbError> {
        let rows = self.render_all(records);
        if self.open_transaction {
            self.wire.query(&rows)?;
            return Ok(());
        }
        let guard = self.lease.as_ref().map(|lease| format!("{};", lease.guard(&self.schema))).unwrap_or_default();
        match self.wire.query(&format!("BEGIN; {guard}{rows} COMMIT")) {
            Ok(_) => Ok(()),
            Err(error) => {
                let _ = self.wire.query("ROLLBACK");
                Err(error)
            }
        }
    }

    fn in_transaction(&mut self) -> bool {
        self.open_transaction
    }

    fn reset(&mut self) -> Result<(), DbError> {
        self.open_transaction = false;
        self.wire.query("ROLLBACK")?;
        if !self.pooled() {
            self.wire.query("RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; DISCARD TEMP; UNLISTEN *")?;
        }
        self.wire.take_notices();
        Ok(())
    }

    fn probe(&mut self, effect: &Effect) -> Result<Probe, DbError> {
        probe::probe(&mut self.wire, effect)
    }

    fn stored_down(&mut self, id: &str) -> Result<Option<String>, DbError> {
        tables::stored(&mut self.wire, &self.schema, "down_sql", id)
    }

    fn stored_up(&mut self, id: &str) -> Result<Option<String>, DbError> {
        tables::stored(&mut self.wire, &self.schema, "up_sql", id)
    }

    fn journal(&mut self, id: &str, direction: Direction) -> Result<Vec<JournalRow>, DbError> {
        tables::journal(&mut self.wire, &self.schema, id, direction)
    }

    fn log(&mut self, limit: Option<usize>) -> Result<Vec<HistoryEntry>, DbError> {
        tables::log(&mut self.wire, &self.schema, limit)
    }

    fn tags(&mut self) -> Result<Vec<Tag>, DbError> {
        tables::tags(&mut self.wire, &self.schema)
    }

    fn seeds(&mut self) -> Result<Vec<(String, String)>, DbError> {
        tables::seeds(&mut self.wire, &self.schema)
    }

    fn blocked_sessions(&mut self) -> Result<Vec<BlockedSession>, DbError> {
        let sql = "SELECT a.pid, a.application_name, a.usename, a.state, \
             extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, pg_catalog.left(a.query, 500), \
             (SELECT l.mode || coalesce(' on ' || l.relation::pg_catalog.regclass::text, ' (' || l.locktype || ')') \
              FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND NOT l.granted LIMIT 1) \
             FROM pg_catalog.pg_stat_activity a WHERE pg_catalog.cardinality(pg_catalog.pg_blocking_pids(a.pid)) > 0 \
             ORDER BY a.xact_start";
        let mut sessions = Vec::new();
        for row in self.wire.query(sql)?.rows {
            let waiting = blocker(&row);
            let found = self.wire.query(&blockers_of(&waiting.pid.to_string()))?.rows;
            sessions.push(BlockedSession {
                waiting,
                wants: row.get(6).cloned().flatten().unwrap_or_default(),
                blockers: found.iter().map(|row| blocker(row)).collect(),
            });
        }
        Ok(sessions)
    }

    fn kill(&mut self, pid: i32) -> Result<bool, DbError> {
        let rows = self.wire.query(&format!("SELECT pg_catalog.pg_terminate_backend({pid})"))?.rows;
        Ok(rows.into_iter().flatten().flatten().next().as_deref() == Some("t"))
    }

    fn wipe(&mut self) -> Result<(), DbError> {
        wipe::wipe(&mut self.wire)
    }

    fn is_blank(&mut self) -> Result<bool, DbError> {
        wipe::is_blank(&mut self.wire, &self.schema)
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::new(Handle(self.wire.cancel.clone()))
    }
}

struct Handle(Cancel);

impl Interrupter for Handle {
    fn interrupt(&self) {
        // Where the request does not get through, the statement goes on, and so does the wait for it.
        let _ = self.0.send();
    }
}
