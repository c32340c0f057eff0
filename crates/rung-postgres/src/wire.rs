//! A connection on a private runtime: what is sent and what comes back, blocking outside.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rung_engine::{Blocker, DbError, DbErrorKind, Progress, UnitObserver};
use tokio::runtime::Runtime;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, SimpleQueryStream};

use crate::connect::{Cancel, Connected, Settings, connect};
use crate::error::{convert, refused};

/// A statement that takes longer is looked at from a second connection.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is looked at then.
const LOOK: Duration = Duration::from_secs(1);

/// Rows of text.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// What a message brought back.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Rows of the last statement that gave any.
    pub(crate) rows: Rows,
    /// Rows that the last statement affected or gave.
    pub(crate) affected: u64,
}

/// A message that failed: how many of its statements had ended, and the error.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) completed: usize,
    pub(crate) error: DbError,
}

/// A message that is on its way.
pub(crate) struct Sent {
    stream: SimpleQueryStream,
    text: Arc<str>,
}

/// The connection.
pub(crate) struct Wire {
    runtime: Runtime,
    client: Client,
    notices: Arc<Mutex<VecDeque<String>>>,
    pub(crate) cancel: Cancel,
    settings: Settings,
    /// The server process that serves us, where it is ours.
    pub(crate) pid: Option<i32>,
    watcher: Option<Client>,
}

/// What is known of the server after connecting.
pub(crate) struct Greeting {
    pub(crate) version: String,
    pub(crate) version_number: u32,
}

impl Wire {
    pub(crate) fn open(settings: &Settings) -> Result<(Self, Greeting), DbError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            DbError::new(DbErrorKind::Config, format!("the system gives no resources to connect with: {error}"))
        })?;
        let connected = runtime.block_on(connect(settings)).map_err(refused)?;
        let Connected { client, mut connection, handshake_pid, server_version, server_version_number, cancel, .. } =
            connected;
        let notices: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let kept = Arc::clone(&notices);
        runtime.spawn(async move {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        kept.push_back(format!("{}: {}", notice.severity().to_lowercase(), notice.message()));
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        });
        let wire =
            Self { runtime, client, notices, cancel, settings: settings.clone(), pid: handshake_pid, watcher: None };
        Ok((wire, Greeting { version: server_version, version_number: server_version_number }))
    }

    /// Puts a message on its way; nothing is awaited, so that several leave in one burst.
    pub(crate) fn send(&self, text: impl Into<Arc<str>>) -> Result<Sent, DbError> {
        let text = text.into();
        // The future only writes to a queue: it is ready at once.
        let stream = self.runtime.block_on(self.client.simple_query_raw(&text)).map_err(|e| convert(&e, &text))?;
        Ok(Sent { stream, text })
    }

    /// Reads a message's answer to its end.
    pub(crate) fn receive(&mut self, sent: Sent, observer: Option<&mut dyn UnitObserver>) -> Result<Reply, Refused> {
        let Sent { stream, text } = sent;
        let mut answer = pin!(read(stream, &text));
        let Some(observer) = observer else { return self.runtime.block_on(answer) };
        let mut patience = PATIENCE;
        loop {
            let quick = self.runtime.block_on(async { tokio::time::timeout(patience, &mut answer).await });
            for notice in self.take_notices() {
                observer.notice(&notice);
            }
            if let Ok(reply) = quick {
                return reply;
            }
            patience = LOOK;
            self.look(observer);
        }
    }

    /// Sends and receives.
    pub(crate) fn query(&mut self, text: &str) -> Result<Reply, DbError> {
        let sent = self.send(text)?;
        self.receive(sent, None).map_err(|refused| refused.error)
    }

    /// `COPY ... FROM STDIN` with its rows.
    pub(crate) fn copy(&mut self, statement: &str, data: &str) -> Result<u64, DbError> {
        let client = &self.client;
        let work = async {
            let mut sink = pin!(client.copy_in::<_, bytes::Bytes>(statement).await?);
            let bytes = bytes::Bytes::copy_from_slice(data.as_bytes());
            let mut rest = bytes;
            while !rest.is_empty() {
                let chunk = rest.split_to(rest.len().min(1 << 16));
                sink.send(chunk).await?;
            }
            sink.finish().await
        };
        self.runtime.block_on(work).map_err(|error| convert(&error, statement))
    }

    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }

    /// Asks a second connection who is in our way, and how far we are.
    fn look(&mut self, observer: &mut dyn UnitObserver) {
        let Some(pid) = self.pid else { return };
        if self.watcher.is_none() {
            // Watching is a service: where no second connection is to be had, the work goes on without.
            let Ok(connected) = self.runtime.block_on(connect(&self.settings)) else {
                self.pid = None;
                return;
            };
            let Connected { client, mut connection, .. } = connected;
            self.runtime.spawn(async move {
                while let Some(Ok(_)) = poll_fn(|context| connection.poll_message(context)).await {}
            });
            self.watcher = Some(client);
        }
        let Some(watcher) = &self.watcher else { return };
        let sql = format!("{}; {}", blockers_of(&pid.to_string()), progress_of(pid));
        let Ok(messages) = self.runtime.block_on(watcher.simple_query(&sql)) else { return };
        let mut results: Vec<Rows> = vec![Vec::new()];
        for message in &messages {
            match message {
                SimpleQueryMessage::Row(row) => {
                    if let Some(rows) = results.last_mut() {
                        rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
                    }
                }
                SimpleQueryMessage::CommandComplete(_) => results.push(Vec::new()),
                _ => {}
            }
        }
        let blockers: Vec<Blocker> = results[0].iter().map(|row| blocker(row)).collect();
        if !blockers.is_empty() {
            observer.blocked(&blockers);
        }
        if let Some([phase, done, total]) = results.get(1).and_then(|rows| rows.first()).map(Vec::as_slice) {
            let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
            let phase = phase.clone().unwrap_or_default();
            observer.progress(&Progress { phase, done: number(done), total: number(total) });
        }
    }
}

async fn read(stream: SimpleQueryStream, text: &str) -> Result<Reply, Refused> {
    let mut stream = pin!(stream);
    let mut reply = Reply::default();
    let mut completed = 0;
    let mut fresh = true;
    while let Some(message) = stream.next().await {
        match message {
            Ok(SimpleQueryMessage::Row(row)) => {
                if std::mem::take(&mut fresh) {
                    reply.rows.clear();
                }
                reply.rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
            }
            Ok(SimpleQueryMessage::RowDescription(_)) => {
                reply.rows.clear();
                fresh = false;
            }
            Ok(SimpleQueryMessage::CommandComplete(rows)) => {
                completed += 1;
                reply.affected = rows;
                fresh = true;
            }
            Ok(_) => {}
            Err(error) => return Err(Refused { completed, error: convert(&error, text) }),
        }
    }
    Ok(reply)
}

/// The sessions in the way of one, as [`blocker`] reads them.
pub(crate) fn blockers_of(pid: &str) -> String {
    format!(
        "SELECT a.pid, a.application_name, a.usename, a.state, \
         extract(epoch FROM clock_timestamp() - a.xact_start)::bigint, pg_catalog.left(a.query, 500) \
         FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids({pid})) ORDER BY a.xact_start"
    )
}

pub(crate) fn blocker(row: &[Option<String>]) -> Blocker {
    let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    Blocker {
        pid: text(0).parse().unwrap_or(0),
        application: text(1),
        user: text(2),
        state: text(3),
        age: Duration::from_secs(text(4).parse().unwrap_or(0)),
        query: text(5).split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn progress_of(pid: i32) -> String {
    format!(
        "SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END, \
         CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END \
         FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {pid} \
         UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = {pid}"
    )
}
