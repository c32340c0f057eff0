//! A connection on a private runtime: what is sent and what comes back, blocking outside.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt};
use rung_engine::{DbError, DbErrorKind, Interrupter, UnitObserver};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryRow};

use crate::connect::{Connected, Settings, connect};
use crate::error::{Place, from_driver, refused};
use crate::line::{Line, Reply, Rows};
use crate::statements::nul;
use crate::watch::Watch;

/// A statement that takes longer is looked at from a second connection.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is looked at then.
const LOOK: Duration = Duration::from_secs(1);

/// COPY rows go out in pieces of this size.
const COPY_PIECE: usize = 1 << 16;

/// A message that failed.
pub(crate) struct Refused {
    /// How many of its statements had ended.
    pub(crate) completed: usize,
    /// Where in the message.
    pub(crate) place: Option<Place>,
    pub(crate) error: DbError,
}

impl Refused {
    /// The error with its place in the text that was sent.
    pub(crate) fn within(self, text: &str) -> DbError {
        let offset = self.place.and_then(|place| place.offset_in(text));
        DbError { offset, ..self.error }
    }
}

/// A message that is on its way.
pub(crate) struct Sent(u64);

/// The connection.
pub(crate) struct Wire {
    runtime: Runtime,
    /// There until the end.
    client: Option<Client>,
    line: Line,
    interrupt: Arc<Interrupt>,
    /// How to connect once more; not known of a connection that somebody else made.
    settings: Option<Settings>,
    watch: Watch,
    /// The shortest time that the server took to answer anything: that of the way there and back, nearly.
    pub(crate) quickest: Duration,
    /// The server process that serves us, where it is ours alone.
    pub(crate) pid: Option<i32>,
}

/// What is known of the server after connecting.
pub(crate) struct Greeting {
    pub(crate) version: String,
    pub(crate) version_number: u32,
    /// Whether times are written as ISO 8601 has them.
    pub(crate) iso_dates: bool,
}

impl Wire {
    pub(crate) fn open(settings: &Settings) -> Result<(Self, Greeting), DbError> {
        let runtime = runtime()?;
        let Connected { client, connection, handshake_pid, server_version, server_version_number, cancel, .. } =
            runtime.block_on(connect(settings)).map_err(refused)?;
        let greeting = Greeting {
            version: server_version,
            version_number: server_version_number,
            iso_dates: connection.parameter("DateStyle").is_some_and(|style| style.starts_with("ISO")),
        };
        let cancel = Box::new(move || drop(cancel.send()));
        let line = Line::new(connection);
        Ok((Self::new(runtime, client, line, cancel, Some(settings.clone()), handshake_pid), greeting))
    }

    /// A connection that somebody else made, and keeps moving.
    pub(crate) fn of_client(client: Client) -> Result<Self, DbError> {
        let token = client.cancel_token();
        let cancel = Box::new(move || {
            let token = token.clone();
            // A thread of its own, for whoever asks may be within an async runtime. The server takes the request without
            // TLS whatever it asks of connections.
            let asking = std::thread::spawn(move || {
                let asked = runtime().map(|runtime| {
                    runtime.block_on(async { tokio::time::timeout(LOOK, token.cancel_query(NoTls)).await })
                });
                drop(asked);
            });
            drop(asking.join());
        });
        Ok(Self::new(runtime()?, client, Line::elsewhere(), cancel, None, None))
    }

    fn new(
        runtime: Runtime,
        client: Client,
        line: Line,
        cancel: Box<dyn Fn() + Send + Sync>,
        settings: Option<Settings>,
        pid: Option<i32>,
    ) -> Self {
        Self {
            runtime,
            client: Some(client),
            line,
            interrupt: Arc::new(Interrupt { cancel, asked: AtomicBool::new(false) }),
            settings,
            watch: Watch::default(),
            quickest: Duration::MAX,
            pid,
        }
    }

    /// Puts a message on its way. It leaves with whatever is waited for next, so that several go out in one burst.
    ///
    /// # Errors
    /// The connection is gone; the text has a NUL in it, which no statement can have.
    pub(crate) fn send(&mut self, text: &str, rows: Rows) -> Result<Sent, DbError> {
        if let Some(at) = text.find('\0') {
            return Err(DbError { offset: Some(at), ..nul() });
        }
        // The future only writes to a queue: it is ready at once.
        let stream = self.client.as_ref().and_then(|client| client.simple_query_raw(text).now_or_never());
        match stream {
            Some(Ok(stream)) => Ok(Sent(self.line.push(stream, rows))),
            Some(Err(error)) => Err(self.explain(&error)),
            None => Err(lost("it was closed")),
        }
    }

    /// Reads a message's answer to its end. Answers before it that nobody asked for are dropped.
    pub(crate) fn receive(
        &mut self,
        sent: Sent,
        mut observer: Option<&mut dyn UnitObserver>,
    ) -> Result<Reply, Refused> {
        let Sent(number) = sent;
        let mut patience = PATIENCE;
        let began = Instant::now();
        loop {
            let line = &mut self.line;
            let answered =
                self.runtime.block_on(async { tokio::time::timeout(patience, line.answered(number)).await.is_ok() });
            if let (Some(observer), Some(reply)) = (observer.as_deref_mut(), self.line.so_far(number)) {
                for notice in reply.notices.drain(..) {
                    observer.notice(&notice);
                }
            }
            if answered {
                break;
            }
            patience = LOOK;
            // A request to cancel that came between two statements had no effect.
            self.interrupt.repeat();
            if let (Some(observer), Some(pid), Some(settings)) = (observer.as_deref_mut(), self.pid, &self.settings) {
                self.watch.look(&self.runtime, settings, pid, observer);
            }
        }
        self.quickest = self.quickest.min(began.elapsed());
        let Some(pending) = self.line.take(number) else {
            return Err(Refused { completed: 0, place: None, error: lost("its answer was read already") });
        };
        match pending.error {
            None => Ok(pending.reply),
            Some(error) => Err(Refused {
                completed: pending.reply.completed,
                place: Place::of(&error),
                error: self.explain(&error),
            }),
        }
    }

    /// Sends and receives.
    pub(crate) fn query(&mut self, text: &str) -> Result<Vec<SimpleQueryRow>, DbError> {
        let sent = self.send(text, Rows::Keep)?;
        self.receive(sent, None).map(|reply| reply.rows).map_err(|refused| refused.within(text))
    }

    /// Sends and receives, for what has no rows to read.
    pub(crate) fn run(&mut self, text: &str) -> Result<Reply, DbError> {
        let sent = self.send(text, Rows::Drop)?;
        self.receive(sent, None).map_err(|refused| refused.within(text))
    }

    /// `COPY ... FROM STDIN` with its rows.
    pub(crate) fn copy(&mut self, statement: &str, data: &str) -> Result<u64, DbError> {
        let Some(client) = &self.client else { return Err(lost("it was closed")) };
        let work = async {
            let mut sink = pin!(client.copy_in::<_, bytes::Bytes>(statement).await?);
            for piece in data.as_bytes().chunks(COPY_PIECE) {
                sink.send(bytes::Bytes::copy_from_slice(piece)).await?;
            }
            sink.finish().await
        };
        let result = self.runtime.block_on(self.line.during(work));
        result.map_err(|error| {
            let refused = Refused { completed: 0, place: Place::of(&error), error: self.explain(&error) };
            refused.within(statement)
        })
    }

    /// An error with what is known beside it: who asked to cancel, and how the connection ended.
    fn explain(&self, error: &tokio_postgres::Error) -> DbError {
        if error.as_db_error().is_none()
            && let Some(end) = self.line.end()
        {
            return end.clone();
        }
        let error = from_driver(error);
        if error.code.as_deref() == Some("57014") && self.interrupt.asked.swap(false, Ordering::SeqCst) {
            return DbError { kind: DbErrorKind::Canceled, ..error };
        }
        error
    }

    pub(crate) fn interrupter(&self) -> Arc<dyn Interrupter> {
        Arc::clone(&self.interrupt) as Arc<dyn Interrupter>
    }

    /// Whether a request to cancel has not had its effect yet.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.asked.load(Ordering::SeqCst)
    }

    /// Forgets of a request to cancel.
    pub(crate) fn forget_interrupt(&self) {
        self.interrupt.asked.store(false, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Without its other half the connection says goodbye and ends. Within somebody's async runtime it can't be
        // waited for; then the socket just closes.
        drop(self.client.take());
        if tokio::runtime::Handle::try_current().is_err() {
            let goodbye = self.line.close();
            let _ = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, goodbye).await });
        }
    }
}

/// Stops the running statement.
struct Interrupt {
    cancel: Box<dyn Fn() + Send + Sync>,
    asked: AtomicBool,
}

impl Interrupt {
    fn repeat(&self) {
        if self.asked.load(Ordering::SeqCst) {
            (self.cancel)();
        }
    }
}

impl Interrupter for Interrupt {
    fn interrupt(&self) {
        self.asked.store(true, Ordering::SeqCst);
        // Where the request does not get through, it is repeated as long as the statement is waited for.
        (self.cancel)();
    }
}

fn runtime() -> Result<Runtime, DbError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        DbError::new(DbErrorKind::Config, format!("the system gives no resources to connect with: {error}"))
    })
}

fn lost(why: &str) -> DbError {
    DbError::new(DbErrorKind::ConnectionLost, format!("the connection to the server is gone: {why}"))
}

/// A value of a row; `None` where it is NULL, is not there, or is no text that UTF-8 could hold.
pub(crate) fn value(row: &SimpleQueryRow, at: usize) -> Option<&str> {
    row.try_get(at).ok().flatten()
}

/// A value of a row, empty where there is none.
pub(crate) fn text(row: &SimpleQueryRow, at: usize) -> String {
    value(row, at).unwrap_or_default().to_owned()
}

/// A value of a row as a number or the like.
pub(crate) fn parsed<T: std::str::FromStr>(row: &SimpleQueryRow, at: usize) -> Option<T> {
    value(row, at).and_then(|text| text.parse().ok())
}

/// The first value of an answer.
pub(crate) fn first(rows: &[SimpleQueryRow]) -> Option<&str> {
    rows.first().and_then(|row| value(row, 0))
}
