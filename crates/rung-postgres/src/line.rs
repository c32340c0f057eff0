//! What is on its way on a connection: messages that were sent, and their answers in the order of sending.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::Stream;
use rung_engine::DbError;
use tokio_postgres::{AsyncMessage, SimpleQueryMessage, SimpleQueryRow, SimpleQueryStream};

use crate::connect::Connection;
use crate::error::from_driver;

/// What a message brought back.
#[derive(Default)]
pub(crate) struct Reply {
    /// Rows of the last statement that gave any, where they were asked for.
    pub(crate) rows: Vec<SimpleQueryRow>,
    /// Rows that the last statement affected or gave.
    pub(crate) affected: u64,
    /// How many statements have ended.
    pub(crate) completed: usize,
    /// What the server said meanwhile.
    pub(crate) notices: Vec<String>,
}

/// Whether an answer's rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Keep,
    /// A script may select what nobody reads, any amount of it.
    Drop,
}

/// A message without its whole answer, or with an answer that was not asked for yet.
pub(crate) struct Pending {
    number: u64,
    stream: Pin<Box<SimpleQueryStream>>,
    rows: Rows,
    pub(crate) reply: Reply,
    pub(crate) error: Option<tokio_postgres::Error>,
    ended: bool,
}

/// The moving half of a connection, and what is on its way there. It moves only while it is polled.
///
/// It is polled by hand, and not by a task of its own, because the server's notices come beside the answers: only who
/// sees both knows which statement a notice is about.
pub(crate) struct Line {
    /// Until it ends. None where somebody else moves it: then nothing is known of notices.
    connection: Option<Box<Connection>>,
    /// Why it ended, in the server's words where it gave any.
    end: Option<DbError>,
    queue: VecDeque<Pending>,
    sent: u64,
}

impl Line {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection: Some(Box::new(connection)), ..Self::elsewhere() }
    }

    /// The answers of a connection that somebody else moves.
    pub(crate) fn elsewhere() -> Self {
        Self { connection: None, end: None, queue: VecDeque::new(), sent: 0 }
    }

    /// Why the connection is gone.
    pub(crate) fn end(&self) -> Option<&DbError> {
        self.end.as_ref()
    }

    /// Takes note of a message; returns its number.
    pub(crate) fn push(&mut self, stream: SimpleQueryStream, rows: Rows) -> u64 {
        self.sent += 1;
        let (number, stream) = (self.sent, Box::pin(stream));
        self.queue.push_back(Pending { number, stream, rows, reply: Reply::default(), error: None, ended: false });
        number
    }

    /// Waits until a message is answered.
    pub(crate) async fn answered(&mut self, number: u64) {
        poll_fn(|context| self.poll_answered(context, number)).await;
    }

    fn poll_answered(&mut self, context: &mut Context<'_>, number: u64) -> Poll<()> {
        loop {
            let moved = self.advance(context);
            let is_answered = self.queue.iter().find(|pending| pending.number == number).is_none_or(|it| it.ended);
            if is_answered {
                return Poll::Ready(());
            }
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// What a message has brought so far, be it whole or not.
    pub(crate) fn so_far(&mut self, number: u64) -> Option<&mut Reply> {
        self.queue.iter_mut().find(|pending| pending.number == number).map(|pending| &mut pending.reply)
    }

    /// Takes an answer that is whole, and drops those before it that nobody took.
    pub(crate) fn take(&mut self, number: u64) -> Option<Pending> {
        while self.queue.front().is_some_and(|pending| pending.number < number) {
            self.queue.pop_front();
        }
        self.queue.pop_front_if(|pending| pending.number == number)
    }

    /// Moves the connection on while something else is waited for.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(result) = work.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            // What this brings wakes the work up.
            while self.advance(context) {}
            work.as_mut().poll(context)
        })
        .await
    }

    /// Lets the connection write and read what it can, and sorts that; false where it has to wait for the server.
    fn advance(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        if let Some(connection) = &mut self.connection {
            match connection.poll_message(context) {
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    // Answers that came before it are handed out already, and none that came after it.
                    self.sort(context);
                    let text = format!("{}: {}", notice.severity().to_lowercase(), notice.message());
                    if let Some(pending) = self.queue.iter_mut().find(|pending| !pending.ended) {
                        pending.reply.notices.push(text);
                    }
                    moved = true;
                }
                Poll::Ready(Some(Ok(_))) => moved = true,
                Poll::Ready(Some(Err(error))) => {
                    self.end = Some(from_driver(&error));
                    self.connection = None;
                }
                // Every answer ends when the half that brings them is gone.
                Poll::Ready(None) => self.connection = None,
                Poll::Pending => {}
            }
        }
        self.sort(context) || moved
    }

    /// Reads the answers that have come, in their order; true where there was anything.
    fn sort(&mut self, context: &mut Context<'_>) -> bool {
        let mut moved = false;
        for pending in self.queue.iter_mut().filter(|pending| !pending.ended) {
            while let Poll::Ready(message) = pending.stream.as_mut().poll_next(context) {
                moved = true;
                match message {
                    None => pending.ended = true,
                    Some(Err(error)) => {
                        pending.error = Some(error);
                        pending.ended = true;
                    }
                    Some(Ok(message)) => pending.note(message),
                }
                if pending.ended {
                    break;
                }
            }
            if !pending.ended {
                break;
            }
        }
        moved
    }

    /// Says goodbye to the server; the client half is gone by now.
    pub(crate) async fn close(&mut self) {
        self.queue.clear();
        while let Some(connection) = &mut self.connection {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(_)) => {}
                _ => self.connection = None,
            }
        }
    }
}

impl Pending {
    fn note(&mut self, message: SimpleQueryMessage) {
        match message {
            SimpleQueryMessage::RowDescription(_) => self.reply.rows.clear(),
            SimpleQueryMessage::Row(row) if self.rows == Rows::Keep => self.reply.rows.push(row),
            SimpleQueryMessage::CommandComplete(rows) => {
                self.reply.completed += 1;
                self.reply.affected = rows;
            }
            _ => {}
        }
    }
}
