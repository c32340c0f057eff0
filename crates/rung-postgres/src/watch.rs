//! A second connection, for looking at what the first is waiting for.

use std::time::Duration;

use rung_engine::{Blocker, Progress, UnitObserver};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::connect::{Settings, connect};
use crate::wire::{parsed, text, value};

/// Looking is a service: it must not hold the work up.
const LIMIT: Duration = Duration::from_secs(2);

/// The watching connection, opened when it is first needed.
#[derive(Default)]
pub(crate) enum Watch {
    #[default]
    NotYet,
    Open(Client),
    /// None is to be had: the work goes on without.
    Never,
}

impl Watch {
    /// Tells who is in the way of a server process, and how far it is.
    pub(crate) fn look(&mut self, runtime: &Runtime, settings: &Settings, pid: i32, observer: &mut dyn UnitObserver) {
        let looked = runtime.block_on(async { tokio::time::timeout(LIMIT, self.ask(settings, pid)).await });
        let Ok(Some(messages)) = looked else {
            *self = Self::Never;
            return;
        };
        let mut results: [Vec<&SimpleQueryRow>; 2] = Default::default();
        let mut at = 0;
        for message in &messages {
            match message {
                SimpleQueryMessage::Row(row) => results[at].push(row),
                SimpleQueryMessage::CommandComplete(_) => at = 1,
                _ => {}
            }
        }
        let [blockers, progress] = results;
        if !blockers.is_empty() {
            let blockers: Vec<Blocker> = blockers.into_iter().map(blocker).collect();
            observer.blocked(&blockers);
        }
        if let Some(row) = progress.first() {
            let number = |at| parsed(row, at).unwrap_or(0);
            observer.progress(&Progress { phase: text(row, 0), done: number(1), total: number(2) });
        }
    }

    async fn ask(&mut self, settings: &Settings, pid: i32) -> Option<Vec<SimpleQueryMessage>> {
        if let Self::NotYet = self {
            let connected = connect(settings).await.ok()?;
            tokio::spawn(connected.connection);
            *self = Self::Open(connected.client);
        }
        match self {
            Self::Open(client) => {
                let sql = format!("{}; {}", blockers_of(&pid.to_string()), progress_of(pid));
                client.simple_query(&sql).await.ok()
            }
            Self::NotYet | Self::Never => None,
        }
    }
}

/// The columns that [`blocker`] reads, of `pg_stat_activity a`.
pub(crate) const SESSION: &str = "a.pid, a.application_name, a.usename, a.state, \
     extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, pg_catalog.left(a.query, 500)";

/// The sessions in the way of one.
pub(crate) fn blockers_of(pid: &str) -> String {
    format!(
        "SELECT {SESSION} FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids({pid})) \
         ORDER BY a.xact_start"
    )
}

pub(crate) fn blocker(row: &SimpleQueryRow) -> Blocker {
    Blocker {
        pid: parsed(row, 0).unwrap_or(0),
        application: text(row, 1),
        user: text(row, 2),
        state: text(row, 3),
        age: Duration::from_secs(parsed(row, 4).unwrap_or(0)),
        query: value(row, 5).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn progress_of(pid: i32) -> String {
    let of = |view: &str, done: &str, total: &str| {
        format!("SELECT phase, {done}, {total} FROM pg_catalog.pg_stat_progress_{view} WHERE pid = {pid}")
    };
    // A build counts blocks while it reads the table, and rows while it sorts them in.
    [
        of(
            "create_index",
            "CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END",
            "CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END",
        ),
        of("vacuum", "heap_blks_scanned", "heap_blks_total"),
        of("cluster", "heap_blks_scanned", "heap_blks_total"),
    ]
    .join(" UNION ALL ")
}
