//! Messages on standard input and output.
//!
//! lsp-server has this too, and ends at the first message that is no JSON: the protocol wants an answer, and goes on.

use std::io::{self, BufRead, Write};
use std::thread::{self, JoinHandle};

use lsp_server::{Connection, ErrorCode, Message};
use serde_json::{Value, json};

/// A connection over standard input and output, and the thread that writes: it ends when the connection is dropped.
pub(super) fn stdio() -> (Connection, JoinHandle<()>) {
    let (here, there) = Connection::memory();
    let Connection { sender, receiver } = there;
    let writer = thread::spawn(move || {
        // An editor that does not listen any more is seen where messages are received.
        let _ = receiver.into_iter().try_for_each(|message| message.write(&mut io::stdout().lock()));
    });
    // It waits for an editor that may never say anything again: the program ends without it.
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(text)) = read(&mut input) {
            let message = match parse(&text) {
                Ok(message) => message,
                Err(answer) => match write(&mut io::stdout().lock(), &answer) {
                    Ok(()) => continue,
                    Err(_) => return,
                },
            };
            let is_exit = matches!(&message, Message::Notification(told) if told.method == "exit");
            if sender.send(message).is_err() || is_exit {
                return;
            }
        }
    });
    (here, writer)
}

/// The next message; `None` at the end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some(header) = line.strip_suffix("\r\n") else { return Err(invalid("a header without an end")) };
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(": ").ok_or_else(|| invalid("a header without a value"))?;
        if name.eq_ignore_ascii_case("Content-Length") {
            length = Some(value.trim().parse::<usize>().map_err(|_| invalid("a length that is no number"))?);
        }
    }
    let mut text = vec![0; length.ok_or_else(|| invalid("no length"))?];
    input.read_exact(&mut text)?;
    Ok(Some(text))
}

/// A message, or the answer to what is none.
fn parse(text: &[u8]) -> Result<Message, Value> {
    let refusal = |id: Value, code: ErrorCode, message: String| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } });
    let value: Value = serde_json::from_slice(text)
        .map_err(|error| refusal(Value::Null, ErrorCode::ParseError, format!("this is no JSON: {error}")))?;
    let id = value.get("id").filter(|id| id.is_number() || id.is_string()).cloned().unwrap_or_default();
    serde_json::from_value(value)
        .map_err(|_| refusal(id, ErrorCode::InvalidRequest, "this is no question, answer or notification".to_owned()))
}

fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}
