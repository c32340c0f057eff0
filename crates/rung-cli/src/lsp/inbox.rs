//! What an editor has sent and nobody has looked at yet.

use std::collections::VecDeque;
use std::time::Duration;

use lsp_server::{Connection, ErrorCode, Message, Notification, RequestId, Response};
use lsp_types::notification::{Cancel, Notification as _};

/// Messages that wait. A question that is taken back while it waits is answered as such.
pub(super) struct Inbox<'c> {
    connection: &'c Connection,
    waiting: VecDeque<Message>,
}

/// What came.
pub(super) enum Came {
    Message(Message),
    /// Nothing, as long as one wanted to wait.
    Nothing,
    /// Nothing, and there will be nothing: the editor is gone.
    Gone,
}

impl<'c> Inbox<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, waiting: VecDeque::new() }
    }

    /// The next message; none that comes within so long, where that is said.
    pub(super) fn next(&mut self, within: Option<Duration>) -> Came {
        let receiver = &self.connection.receiver;
        if self.waiting.is_empty() {
            let came = match within {
                Some(within) => receiver.recv_timeout(within).map_err(|error| error.is_timeout()),
                None => receiver.recv().map_err(|_| false),
            };
            match came {
                Ok(message) => self.take_in(message),
                Err(true) => return Came::Nothing,
                Err(false) => return Came::Gone,
            }
        }
        while let Ok(message) = self.connection.receiver.try_recv() {
            self.take_in(message);
        }
        self.waiting.pop_front().map_or(Came::Nothing, Came::Message)
    }

    fn take_in(&mut self, message: Message) {
        let canceled = match &message {
            Message::Notification(notification) if notification.method == Cancel::METHOD => id_of(notification),
            _ => return self.waiting.push_back(message),
        };
        let is_it =
            |message: &Message| matches!(message, Message::Request(request) if Some(&request.id) == canceled.as_ref());
        let at = self.waiting.iter().position(is_it);
        if let Some(Message::Request(request)) = at.and_then(|at| self.waiting.remove(at)) {
            let taken_back = "it was taken back".to_owned();
            let answer = Response::new_err(request.id, ErrorCode::RequestCanceled as i32, taken_back);
            // An editor that is gone is seen where messages are received.
            let _ = self.connection.sender.send(Message::Response(answer));
        }
    }
}

fn id_of(notification: &Notification) -> Option<RequestId> {
    serde_json::from_value(notification.params.get("id")?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use lsp_server::Request;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_taken_back_while_it_waits_is_answered_and_not_looked_at() {
        let (editor, server) = Connection::memory();
        let ask = |id: i32| Message::Request(Request::new(id.into(), "hover".to_owned(), json!({})));
        let cancel = |id: i32| Message::Notification(Notification::new(Cancel::METHOD.to_owned(), json!({ "id": id })));
        for message in [ask(1), ask(2), cancel(2), cancel(9), ask(3)] {
            editor.sender.send(message).unwrap();
        }
        let mut inbox = Inbox::new(&server);
        let mut seen = Vec::new();
        while let Came::Message(Message::Request(request)) = inbox.next(Some(Duration::ZERO)) {
            seen.push(request.id);
        }
        assert_eq!(seen, [RequestId::from(1), RequestId::from(3)]);
        let Ok(Message::Response(answer)) = editor.receiver.try_recv() else { panic!("no answer") };
        assert_eq!(answer.id, RequestId::from(2));
        assert!(editor.receiver.try_recv().is_err());
        drop(editor);
        assert!(matches!(inbox.next(None), Came::Gone));
    }
}
