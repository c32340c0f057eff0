//! The deployer's lock: a session advisory lock; behind a transaction pooler, where sessions are shared, a lease.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rung_engine::{Continue, DbError, DbErrorKind, Dialect, LockHolder};

use crate::POSTGRES;
use crate::connect::Settings;
use crate::wire::Wire;

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
    let (began, mut told, mut pause) = (Instant::now(), None::<Instant>, Duration::from_millis(20));
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
        pause = (pause * 2).min(Duration::from_millis(300));
    }
    Ok(())
}

pub(crate) fn try_advisory(wire: &mut Wire, schema: &str) -> Result<bool, DbError> {
    let reply = wire.query(&format!("SELECT pg_catalog.pg_try_advisory_lock({})", key(schema)))?;
    Ok(reply.rows.first().and_then(|row| row.first()).cloned().flatten().as_deref() == Some("t"))
}

pub(crate) fn advisory_holder(wire: &mut Wire, schema: &str) -> LockHolder {
    let bits = key(schema).cast_unsigned();
    let sql = format!(
        "SELECT a.pid, a.application_name, a.usename, coalesce(a.client_addr::text, 'this machine'), \
         extract(epoch FROM clock_timestamp() - a.backend_start)::bigint \
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid) \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = {} AND l.objid = {} \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
        bits >> 32,
        bits & 0xffff_ffff
    );
    let row = wire.query(&sql).ok().and_then(|reply| reply.rows.into_iter().next()).unwrap_or_default();
    let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    if row.is_empty() {
        return LockHolder { who: "another session".to_owned(), since: None, pid: None };
    }
    LockHolder {
        who: format!("{} \"{}\" ({}) from {}", text(0), text(1), text(2), text(3)),
        since: text(4).parse().ok().map(Duration::from_secs),
        pid: text(0).parse().ok(),
    }
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
        let create = format!(
            "{}; CREATE TABLE IF NOT EXISTS {table} (id integer PRIMARY KEY CHECK (id = 1), token bigint NOT NULL, \
             holder text NOT NULL, taken_at timestamptz NOT NULL, expires_at timestamptz NOT NULL)",
            POSTGRES.own_tables_ddl(schema)[0]
        );
        let take = format!(
            "INSERT INTO {table} AS l VALUES (1, 1, {who}, clock_timestamp(), clock_timestamp() + interval '{LEASE_SECONDS} s') \
             ON CONFLICT (id) DO UPDATE SET token = l.token + 1, holder = excluded.holder, taken_at = excluded.taken_at, \
             expires_at = excluded.expires_at WHERE l.expires_at < clock_timestamp() RETURNING token",
            who = POSTGRES.quote_literal(who)
        );
        let reply = match wire.query(&take) {
            Err(error) if matches!(error.code.as_deref(), Some("42P01" | "3F000")) => {
                // Two may create it at once; whoever comes second finds it there at the next attempt.
                match wire.query(&create) {
                    Ok(_) => wire.query(&take)?,
                    Err(error) if matches!(error.code.as_deref(), Some("23505" | "42P07" | "42P06")) => {
                        return Ok(None);
                    }
                    Err(error) => return Err(error),
                }
            }
            other => other?,
        };
        let token = reply.rows.first().and_then(|row| row.first()).cloned().flatten();
        let Some(token) = token.and_then(|token| token.parse::<i64>().ok()) else { return Ok(None) };
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
                if wire.as_mut().is_some_and(|wire| wire.query(&beat).is_err()) {
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
        let row = wire.query(&sql).ok().and_then(|reply| reply.rows.into_iter().next()).unwrap_or_default();
        let text = |at: usize| row.get(at).cloned().flatten();
        LockHolder {
            who: text(0).unwrap_or_else(|| "another session".to_owned()),
            since: text(1).and_then(|secs| secs.parse().ok()).map(Duration::from_secs),
            pid: None,
        }
    }

    /// Fails unless the lease is ours, and keeps it ours to the end of the transaction.
    pub(crate) fn guard(&self, schema: &str) -> String {
        let (table, token) = (POSTGRES.own_table(schema, "lease"), self.token);
        format!("SELECT 1 / pg_catalog.count(*) FROM (SELECT FROM {table} WHERE token = {token} FOR UPDATE) l")
    }

    /// A long transaction kept the heartbeat out: it renews the lease itself as it ends.
    pub(crate) fn renewal(&self, schema: &str) -> String {
        let (table, token) = (POSTGRES.own_table(schema, "lease"), self.token);
        format!(
            "UPDATE {table} SET expires_at = pg_catalog.clock_timestamp() + interval '{LEASE_SECONDS} s' WHERE token = {token};"
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
        let _ = wire.query(&format!("UPDATE {table} SET expires_at = '-infinity' WHERE token = {token}"));
    }
}
