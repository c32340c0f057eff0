//! Servers that are none.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use rung_postgres::connect::{ConnectError, Refusal};

use crate::refusal;

/// Accepts connections, and does this with each. The port.
pub(crate) fn listen(behave: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            behave(stream.unwrap());
        }
    });
    port
}

/// Reads a message without a type: its length comes first.
pub(crate) fn read_startup(stream: &mut impl Read) -> std::io::Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut rest)
}

/// An error message as a server sends it.
pub(crate) fn error_message(code: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let mut bytes = vec![b'E'];
    bytes.extend((fields.len() as u32 + 4).to_be_bytes());
    bytes.extend(fields.as_bytes());
    bytes
}

fn refuse_with(code: &'static str, message: &'static str) -> u16 {
    listen(move |mut stream| {
        let _ = read_startup(&mut stream);
        let _ = stream.write_all(&error_message(code, message));
    })
}

fn target(port: u16) -> String {
    format!("host=127.0.0.1 port={port} user=ann dbname=app sslmode=disable")
}

#[test]
fn what_a_server_says_decides_what_the_error_is() {
    let refused = |code, message| refusal(&target(refuse_with(code, message)));
    assert!(
        matches!(refused("53300", "sorry, too many clients already"), ConnectError::TooManyConnections { message, .. }
        if message == "sorry, too many clients already")
    );
    let error = refused("57P03", "the database system is starting up");
    assert!(matches!(error, ConnectError::NotReady { .. }) && error.is_transient());
    assert!(error.to_string().ends_with(" is not ready: the database system is starting up"), "{error}");
    // pgbouncer's.
    assert!(
        matches!(refused("08P01", "no such database: app"), ConnectError::NoSuchDatabase { database, .. } if database == "app")
    );
    let error = refused("08P01", "password authentication failed");
    assert!(matches!(error, ConnectError::Authentication { reason: Refusal::WrongPassword, .. }));
    let error = refused("08P01", "unsupported startup parameter: options");
    assert!(matches!(&error, ConnectError::Refused { code: Some(code), .. } if code == "08P01"));
    assert!(error.hint().contains("PGOPTIONS"), "{}", error.hint());
    assert!(!error.is_transient());
}

#[test]
fn silence_ends_with_the_timeout() {
    let port = listen(std::mem::forget);
    let error = refusal(&format!("{} connect_timeout=1", target(port)));
    assert_eq!(error.to_string(), format!("can't reach 127.0.0.1:{port}: no answer within 1 s"));
    assert!(error.is_transient());
}

#[test]
fn a_connection_that_is_closed_says_so() {
    let port = listen(|stream| {
        let _ = stream.shutdown(Shutdown::Both);
    });
    for target in [target(port), target(port).replace("disable", "require")] {
        let error = refusal(&target);
        assert_eq!(error.to_string(), format!("can't reach 127.0.0.1:{port}: it closes the connection"));
    }
}

#[test]
fn something_else_on_the_port_is_no_server() {
    let port = listen(|mut stream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let error = refusal(&target(port).replace("disable", "prefer"));
    assert!(matches!(&error, ConnectError::Refused { code: None, .. }), "{error}");
    assert!(error.to_string().ends_with("it does not answer as a PostgreSQL server does"), "{error}");
}

#[test]
fn hosts_are_tried_in_turn_until_one_refuses() {
    let starting = refuse_with("57P03", "the database system is starting up");
    let refusing = refuse_with("28P01", "password authentication failed for user \"ann\"");
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let try_all = |ports: &[u16]| {
        let hosts = vec!["127.0.0.1"; ports.len()].join(",");
        let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        refusal(&format!("host={hosts} port={ports} user=ann password=hunter2 sslmode=disable"))
    };
    assert!(matches!(try_all(&[closed, starting, refusing]), ConnectError::Authentication { .. }));
    assert!(matches!(try_all(&[refusing, starting]), ConnectError::Authentication { .. }));
    assert!(matches!(try_all(&[starting, closed]), ConnectError::NotReady { .. }));
    let error = try_all(&[closed, 1]);
    assert_eq!(
        error.to_string(),
        format!("can't reach 127.0.0.1:{closed}: connection refused; 127.0.0.1:1: connection refused")
    );
    assert!(matches!(error, ConnectError::Unreachable { attempts } if attempts.len() == 2));
}

#[test]
fn a_name_that_nobody_knows_can_not_be_reached() {
    let error = refusal("host=no-such-host.invalid user=ann");
    assert_eq!(error.to_string(), "can't reach no-such-host.invalid:5432: the name can't be resolved");
}
