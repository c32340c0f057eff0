//! Servers as they are: TCP and Unix sockets, passwords, kinds, notices, cancelling.

use std::future::poll_fn;
use std::thread;

use rung_postgres::connect::{ConnectError, Refusal, Settings, connect};
use testkit::{PASSWORD, Pgbouncer, Server, TestDb, USER, for_each_major, postgres};
use tokio_postgres::AsyncMessage;

use crate::authority::write_private;
use crate::{Session, nothing, refusal, refusal_of, runtime};

fn over_tcp(server: &Server) -> String {
    format!("host=127.0.0.1 port={} user={USER} dbname=postgres", server.port())
}

#[test]
fn every_major_lets_us_in() {
    for_each_major(|server| {
        for target in [server.url("postgres"), server.socket_url("postgres")] {
            let session = Session::good(&target);
            assert_eq!(session.version / 10_000, server.major());
            assert_eq!(session.value("SHOW application_name"), "rung");
            assert_eq!(
                session.handshake_pid.map(|pid| pid.to_string()),
                Some(session.value("SELECT pg_backend_pid()"))
            );
            session.is_cancelled();
            assert_eq!(session.value("SELECT 1"), "1");
        }
    });
}

#[test]
fn behind_a_pooler_the_process_is_another() {
    let database = TestDb::new();
    let pooler = Pgbouncer::new(&database, 2);
    let session = Session::good(pooler.url());
    assert_eq!(session.version / 10_000, database.server().major());
    assert_ne!(session.handshake_pid.map(|pid| pid.to_string()), Some(session.value("SELECT pg_backend_pid()")));
    session.is_cancelled();

    let error = refusal(&format!("{}?options=-c%20lock_timeout%3D7s", pooler.url()));
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    assert!(error.hint().contains("PGOPTIONS"), "{error}");
    let error = refusal(&format!("{}?user=nobody", pooler.url()));
    assert!(matches!(error, ConnectError::Authentication { .. }), "{error}");
    let error = refusal(&format!("{}?dbname=nothing", pooler.url()));
    assert!(matches!(error, ConnectError::NoSuchDatabase { .. }), "{error}");
}

#[test]
fn settings_reach_the_session() {
    let target = format!("{}?options=-c%20lock_timeout%3D7s&application_name=deploy", postgres().url("postgres"));
    let session = Session::good(&target);
    assert_eq!(session.value("SHOW lock_timeout"), "7s");
    assert_eq!(session.value("SHOW application_name"), "deploy");
    assert_eq!(session.value("SHOW client_encoding"), "UTF8");
}

#[test]
fn passwords_are_asked_for_and_checked() {
    for_each_major(|server| {
        let target = over_tcp(server);
        let place = format!("127.0.0.1:{}", server.port());

        let error = refusal(&target);
        assert!(matches!(&error, ConnectError::Authentication { reason: Refusal::NoPassword, .. }), "{error}");
        let expected = format!("{place} refuses user `{USER}`: it asks for a password and none was given");
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().contains("PGPASSWORD"));

        let error = refusal(&format!("{target} password=hunter2"));
        let expected = format!("{place} refuses user `{USER}`: the password is wrong or the user unknown");
        assert_eq!(error.to_string(), expected);

        let error = refusal(&format!("{target} password={PASSWORD} user=nobody"));
        assert!(matches!(error, ConnectError::Authentication { reason: Refusal::WrongPassword, .. }), "{error}");

        let error = refusal(&format!("{target} password={PASSWORD} dbname='no such'"));
        assert_eq!(error, ConnectError::NoSuchDatabase { server: place, database: "no such".to_owned() });
        assert_eq!(error.hint(), "create it: createdb 'no such'");
    });
}

#[test]
fn the_password_may_come_from_a_file() {
    let server = postgres();
    let home = tempfile::tempdir().unwrap();
    let environment = nothing().with_home(home.path());
    write_private(
        home.path(),
        ".pgpass",
        &format!("elsewhere:*:*:*:x\n127.0.0.1:{}:*:{USER}:{PASSWORD}\n", server.port()),
    );
    let settings = Settings::resolve(&over_tcp(server), &environment).unwrap();
    assert_eq!(Session::with(&settings).unwrap().value("SELECT current_user"), USER);

    let again = settings.with_database("no_such");
    assert!(matches!(refusal_of(&again), ConnectError::NoSuchDatabase { .. }));
    let wrong = settings.with_password("hunter2");
    assert!(matches!(refusal_of(&wrong), ConnectError::Authentication { reason: Refusal::WrongPassword, .. }));
}

#[test]
fn everything_may_come_from_a_service_and_variables() {
    let server = postgres();
    let home = tempfile::tempdir().unwrap();
    write_private(home.path(), ".pg_service.conf", &format!("[app]\nhost=127.0.0.1\nport={}\n", server.port()));
    let environment = nothing().with_home(home.path()).with_variables([
        ("PGSERVICE", "app"),
        ("PGUSER", USER),
        ("PGPASSWORD", PASSWORD),
        ("PGDATABASE", "postgres"),
    ]);
    let settings = Settings::resolve("", &environment).unwrap();
    assert_eq!(Session::with(&settings).unwrap().value("SELECT current_database()"), "postgres");
}

#[test]
fn the_socket_is_found_and_never_encrypted() {
    let server = postgres();
    let environment = nothing().with_socket_directories([server.socket_dir()]);
    let target = format!("port={} user={USER} dbname=postgres sslmode=verify-full", server.port());
    let settings = Settings::resolve(&target, &environment).unwrap();
    let session = Session::with(&settings).unwrap();
    assert_eq!(session.value("SELECT inet_server_addr() IS NULL"), "t");

    let error = refusal(&format!("host={} port=1 user=ann", server.socket_dir().display()));
    let socket = server.socket_dir().join(".s.PGSQL.1");
    assert_eq!(error.to_string(), format!("can't reach {}: there is no such socket", socket.display()));
}

#[test]
fn a_server_without_tls_will_do_unless_it_is_required() {
    let server = postgres();
    let target = format!("{} password={PASSWORD}", over_tcp(server));
    for mode in ["disable", "allow", "prefer"] {
        assert!(!Session::good(&format!("{target} sslmode={mode}")).is_encrypted());
    }
    let error = refusal(&format!("{target} sslmode=require"));
    let expected = format!("no TLS connection to 127.0.0.1:{}: the server does not offer it", server.port());
    assert_eq!(error.to_string(), expected);
    let error = refusal(&format!("{target} channel_binding=require"));
    assert!(matches!(error, ConnectError::Authentication { reason: Refusal::Method(_), .. }), "{error}");
}

#[test]
fn the_next_host_is_taken_where_the_first_is_down() {
    let server = postgres();
    let session = Session::good(&format!(
        "host=127.0.0.1,{} port=1,{} user={USER} dbname=postgres",
        server.socket_dir().display(),
        server.port()
    ));
    assert_eq!(session.value("SELECT 1"), "1");
}

#[test]
fn the_kind_of_server_can_be_asked_for() {
    let database = TestDb::new();
    let url = database.url();
    for kind in ["any", "read-write", "primary", "prefer-standby"] {
        assert_eq!(Session::good(&format!("{url}?target_session_attrs={kind}")).value("SELECT 1"), "1");
    }
    for kind in ["read-only", "standby"] {
        let error = refusal(&format!("{url}?target_session_attrs={kind}"));
        assert!(error.to_string().ends_with(&format!("is not what target_session_attrs={kind} asks for")), "{error}");
        assert!(matches!(error, ConnectError::WrongKind { .. }));
    }
    let read_only = format!("{url}?options=-c%20default_transaction_read_only%3Don&target_session_attrs=");
    assert_eq!(Session::good(&format!("{read_only}read-only")).value("SELECT 1"), "1");
    assert!(matches!(refusal(&format!("{read_only}read-write")), ConnectError::WrongKind { .. }));
}

#[test]
fn notices_come_with_the_connection() {
    let settings = Settings::resolve(&postgres().url("postgres"), &nothing()).unwrap();
    runtime().block_on(async {
        let mut connected = connect(&settings).await.unwrap();
        let connection = &mut connected.connection;
        let query = connected.client.batch_execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$");
        let listen = async {
            loop {
                match poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notice(notice))) => return notice.message().to_owned(),
                    Some(Ok(_)) => {}
                    other => panic!("the connection ended: {:?}", other.map(|message| message.is_ok())),
                }
            }
        };
        let notice = tokio::select! {
            biased;
            notice = listen => notice,
            _ = query => panic!("the statement ends before its notice is heard"),
        };
        assert_eq!(notice, "hello");
    });
}

#[test]
fn connections_move_between_threads() {
    let settings = Settings::resolve(&postgres().url("postgres"), &nothing()).unwrap();
    let session = thread::spawn(move || Session::with(&settings).unwrap()).join().unwrap();
    assert_eq!(session.value("SELECT 1"), "1");
}
