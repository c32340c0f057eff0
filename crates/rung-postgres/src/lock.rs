//! The deployer's lock: a session advisory lock; behind a transaction pooler, where sessions are shared, a lease.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rung_engine::{Continue, DbError, DbErrorKind, Dialect, LockHolder};

use crate::POSTGRES;
use crate::connect::Settings;
use crate::wire::{Wire, first, parsed, text, value};

/// A lease that is not renewed for so long is anybody's.
const LEASE_SECONDS: u32 = 15;
const HEARTBEAT: Duration = Duration::from_secs(4);

/// The key of the advisory lock: FNV-1a of a fixed word and the schema's name. (A database has its own keys.)
pub(crate) fn key(schema: &str) -> i64 {
    let bytes = b"rung deployer ".iter().chain(schema.as_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    hash.cast_signed()
}

/// Polls for a lock with growing pauses, telling the caller about once a second.
pub(crate) fn poll(
    wait: Duration,
    waiting: &mut dyn FnMut(&LockHolder, Duration) -> Continue,
    mut attempt: impl FnMut() -> Result<bool, DbError>,
    mut holder: impl FnMut() -> LockHolder,
) -> Result<(), DbError> {
    let (began, mut told, mut pause) = (Instant::now(), None::<Instant>, Duration::from_millis(50));
    while !attempt()? {
        let waited = began.elapsed();
        if waited >= wait {
            let who = holder().who;
            return Err(DbError::new(DbErrorKind::Locked, format!("another rung is at work: {who}"))
                .with_hint("wait for it, or give it more time with --lock-wait"));
        }
        if waited > Duration::from_millis(500) && told.is_none_or(|at| at.elapsed() >= Duration::from_secs(1)) {
            told = Some(Instant::now());
            if waiting(&holder(), waited) == Continue::No {
                return Err(DbError::new(DbErrorKind::Canceled, "asked to stop while waiting for the lock"));
            }
        }
        std::thread::sleep(pause.min(wait.saturating_sub(waited)));
        pause = (pause * 2).min(Duration::from_millis(500));
    }
    Ok(())
}

pub(crate) fn try_advisory(wire: &mut Wire, schema: &str) -> Result<bool, DbError> {
    let rows = wire.query(&format!("SELECT pg_catalog.pg_try_advisory_lock({})", key(schema)))?;
    Ok(first(&rows) == Some("t"))
}

/// Whether SQL may give back every advisory lock of the session, and the deployer's with them.
pub(crate) fn may_unlock(sql: &str) -> bool {
    sql.as_bytes().windows(b"advisory_unlock".len()).any(|word| word.eq_ignore_ascii_case(b"advisory_unlock"))
}

/// Takes the lock again where it was given back; fails where another has it by now.
pub(crate) fn hold_advisory(schema: &str) -> String {
    let (key, bits) = (key(schema), key(schema).cast_unsigned());
    format!(
        "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory' \
         AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND objsubid OPERATOR(pg_catalog.=) 1 \
         AND classid OPERATOR(pg_catalog.=) {} AND objid OPERATOR(pg_catalog.=) {}) THEN 0 \
         WHEN pg_catalog.pg_try_advisory_lock({key}) THEN 0 \
         ELSE pg_catalog.concat('rung: the lock was given back, and another rung has taken it')::pg_catalog.int4 END;",
        bits >> 32,
        bits & 0xffff_ffff
    )
}

pub(crate) fn advisory_holder(wire: &mut Wire, schema: &str) -> LockHolder {
    let bits = key(schema).cast_unsigned();
    let sql = format!(
        "SELECT a.pid, a.application_name, a.usename, coalesce(pg_catalog.host(a.client_addr), 'this machine'), \
         extract(epoch FROM clock_timestamp() - a.backend_start)::bigint \
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {} AND l.objid = {} \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
        bits >> 32,
        bits & 0xffff_ffff
    );
    match wire.query(&sql).unwrap_or_default().first() {
        None => nobody_known(),
        Some(row) => LockHolder {
            who: format!("{} \"{}\" ({}) from {}", text(row, 0), text(row, 1), text(row, 2), text(row, 3)),
            since: parsed(row, 4).map(Duration::from_secs),
            pid: parsed(row, 0),
        },
    }
}

/// It may have let go just now.
fn nobody_known() -> LockHolder {
    LockHolder { who: "another session".to_owned(), since: None, pid: None }
}

/// A lease with a fencing token: every transaction of ours fails once another has it.
pub(crate) struct Lease {
    token: i64,
    stop: mpsc::Sender<()>,
    heartbeat: Option<JoinHandle<()>>,
}

impl Lease {
    /// Tries to take the lease.
    pub(crate) fn attempt(
        wire: &mut Wire,
        settings: &Settings,
        schema: &str,
        who: &str,
    ) -> Result<Option<Self>, DbError> {
        let table = POSTGRES.own_table(schema, "lease");
        // A row that is locked is being used by its holder: to wait for it here would not be polling.
        let take = format!(
            "UPDATE {table} SET token = token + 1, step = 0, holder = {}, taken_at = clock_timestamp(), \
             expires_at = clock_timestamp() + interval '{LEASE_SECONDS} s' WHERE id = (SELECT id FROM {table} \
             WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED) RETURNING token",
            POSTGRES.quote_literal(who)
        );
        let rows = match wire.query(&take) {
            Err(error) if matches!(error.code.as_deref(), Some("42P01" | "3F000")) => {
                let create = format!(
                    "{}; CREATE TABLE IF NOT EXISTS {table} (id integer PRIMARY KEY CHECK (id = 1), token bigint NOT NULL, \
                     step bigint NOT NULL, holder text NOT NULL, taken_at timestamptz NOT NULL, \
                     expires_at timestamptz NOT NULL); INSERT INTO {table} VALUES (1, 0, 0, '', '-infinity', '-infinity')",
                    POSTGRES.own_tables_ddl(schema)[0]
                );
                match wire.run(&create) {
                    Ok(_) => wire.query(&take)?,
                    // Two may create it at once; whoever comes second finds it there at the next attempt.
                    Err(error) if matches!(error.code.as_deref(), Some("23505" | "42P07" | "42P06")) => {
                        return Ok(None);
                    }
                    Err(error) => return Err(error),
                }
            }
            other => other?,
        };
        let Some(token) = rows.first().and_then(|row| parsed::<i64>(row, 0)) else { return Ok(None) };
        let (stop, stopped) = mpsc::channel();
        let beat = format!(
            "UPDATE {table} SET expires_at = clock_timestamp() + interval '{LEASE_SECONDS} s' WHERE token = {token}"
        );
        let settings = settings.clone();
        let heartbeat = std::thread::spawn(move || {
            let mut wire: Option<Wire> = None;
            while stopped.recv_timeout(HEARTBEAT) == Err(mpsc::RecvTimeoutError::Timeout) {
                // A beat that is missed is made up by the next; the token is what keeps two from working at once.
                if wire.is_none() {
                    wire = Wire::open(&settings).ok().map(|(wire, _)| wire);
                }
                if wire.as_mut().is_some_and(|wire| wire.run(&beat).is_err()) {
                    wire = None;
                }
            }
        });
        Ok(Some(Self { token, stop, heartbeat: Some(heartbeat) }))
    }

    pub(crate) fn holder(wire: &mut Wire, schema: &str) -> LockHolder {
        let sql = format!(
            "SELECT holder, extract(epoch FROM clock_timestamp() - taken_at)::bigint FROM {}",
            POSTGRES.own_table(schema, "lease")
        );
        match wire.query(&sql).unwrap_or_default().first() {
            None => nobody_known(),
            Some(row) => LockHolder {
                who: value(row, 0).unwrap_or_default().to_owned(),
                since: parsed(row, 1).map(Duration::from_secs),
                pid: None,
            },
        }
    }

    /// A condition: the lease is ours, and where a step is named, it was the last. It keeps the lease ours to the end of
    /// the transaction.
    pub(crate) fn is_ours(&self, schema: &str, step: Option<u64>) -> String {
        let (table, token) = (POSTGRES.own_table(schema, "lease"), self.token);
        let step = step.map_or_else(String::new, |step| format!(" AND step OPERATOR(pg_catalog.=) {step}"));
        format!(
            "(SELECT pg_catalog.count(*) FROM (SELECT FROM {table} WHERE token OPERATOR(pg_catalog.=) {token}{step} \
             FOR UPDATE) l) OPERATOR(pg_catalog.=) 1"
        )
    }

    /// Makes a step, and makes up for the heartbeats that the transaction kept out.
    pub(crate) fn renewal(&self, schema: &str, step: u64) -> String {
        let (table, token) = (POSTGRES.own_table(schema, "lease"), self.token);
        format!(
            "UPDATE {table} SET step = {step}, expires_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) \
             interval '{LEASE_SECONDS} s' WHERE token OPERATOR(pg_catalog.=) {token};"
        )
    }

    /// Gives the lease back.
    pub(crate) fn release(mut self, wire: &mut Wire, schema: &str) {
        let _ = self.stop.send(());
        if let Some(heartbeat) = self.heartbeat.take() {
            let _ = heartbeat.join();
        }
        // If it can't be given back, it runs out.
        let (table, token) = (POSTGRES.own_table(schema, "lease"), self.token);
        let _ = wire.run(&format!("UPDATE {table} SET expires_at = '-infinity' WHERE token = {token}"));
    }
}
