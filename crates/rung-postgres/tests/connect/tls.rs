//! A server with TLS, and users that may come with it, without it, or with a certificate.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use rung_postgres::connect::{ConnectError, Refusal};
use tempfile::TempDir;
use testkit::{Server, install};

use crate::authority::{Authority, write_private};
use crate::{Session, refusal};

const ACCESS: &str = "\
local    all all           trust
hostssl  all cert          127.0.0.1/32 cert
hostssl  all only_tls      127.0.0.1/32 scram-sha-256
hostnossl all only_plain   127.0.0.1/32 scram-sha-256
host     all md5           127.0.0.1/32 md5
host     all cleartext     127.0.0.1/32 password
host     all ann           127.0.0.1/32 scram-sha-256
";

struct Fixture {
    server: Server,
    files: TempDir,
    root: PathBuf,
    other_root: PathBuf,
}

/// The server, for the name db.test; its users' password is `hunter2`.
fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let files = tempfile::tempdir().unwrap();
        let authority = Authority::new("authority");
        let root = write_private(files.path(), "root.crt", &authority.certificate());
        let other_root = write_private(files.path(), "other.crt", &Authority::new("other").certificate());
        let client = authority.sign("cert", &[]);
        write_private(files.path(), "client.crt", &client.certificate);
        write_private(files.path(), "client.key", &client.key);
        let stranger = Authority::new("stranger").sign("cert", &[]);
        write_private(files.path(), "stranger.crt", &stranger.certificate);
        write_private(files.path(), "stranger.key", &stranger.key);

        let install = install::chosen().unwrap().pop().unwrap();
        let server = Server::private(&install, &[]).unwrap();
        let data = server.socket_dir().join("data");
        let owner = fs::metadata(&data).unwrap();
        let pair = authority.sign("db.test", &["db.test"]);
        for (name, text) in [
            ("server.crt", pair.certificate.as_str()),
            ("server.key", &pair.key),
            ("root.crt", &authority.certificate()),
            ("pg_hba.conf", ACCESS),
        ] {
            let path = write_private(&data, name, text);
            chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let mut admin = server.client("postgres");
        for sql in [
            "ALTER SYSTEM SET ssl = on",
            "ALTER SYSTEM SET ssl_ca_file = 'root.crt'",
            "SET password_encryption = 'scram-sha-256'",
            "CREATE ROLE ann LOGIN PASSWORD 'hunter2'",
            "CREATE ROLE only_tls LOGIN PASSWORD 'hunter2'",
            "CREATE ROLE only_plain LOGIN PASSWORD 'hunter2'",
            "CREATE ROLE cleartext LOGIN PASSWORD 'hunter2'",
            "CREATE ROLE cert LOGIN",
            "SET password_encryption = 'md5'",
            "CREATE ROLE md5 LOGIN PASSWORD 'hunter2'",
            "SELECT pg_reload_conf()",
        ] {
            admin.batch_execute(sql).unwrap();
        }
        let fixture = Fixture { server, files, root, other_root };
        let begin = Instant::now();
        while Session::open(&fixture.target("only_tls", "sslmode=require")).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "the server takes its settings");
            thread::sleep(Duration::from_millis(20));
        }
        fixture
    })
}

impl Fixture {
    /// A user of it, under its name.
    fn target(&self, user: &str, more: &str) -> String {
        let port = self.server.port();
        format!("host=db.test hostaddr=127.0.0.1 port={port} dbname=postgres user={user} password=hunter2 {more}")
    }

    fn root(&self, mode: &str) -> String {
        format!("sslmode={mode} sslrootcert={}", self.root.display())
    }

    fn other_root(&self, mode: &str) -> String {
        format!("sslmode={mode} sslrootcert={}", self.other_root.display())
    }
}

#[test]
fn certificates_are_checked_as_the_mode_asks() {
    let fixture = fixture();
    for more in [
        fixture.root("verify-full"),
        fixture.root("verify-ca"),
        fixture.root("require"),
        "sslmode=require".to_owned(),
        "sslmode=prefer".to_owned(),
        format!("{} channel_binding=require", fixture.root("verify-full")),
        format!("{} channel_binding=disable", fixture.root("verify-full")),
        format!("{} sslsni=0", fixture.root("verify-full")),
    ] {
        assert!(Session::good(&fixture.target("ann", &more)).is_encrypted(), "{more}");
    }
    for mode in ["verify-full", "verify-ca", "require"] {
        let error = refusal(&fixture.target("ann", &fixture.other_root(mode)));
        assert!(matches!(error, ConnectError::Tls { .. }), "{mode}: {error}");
    }
    let elsewhere = |mode| fixture.target("ann", &format!("host=other.test {}", fixture.root(mode)));
    let error = refusal(&elsewhere("verify-full"));
    assert!(error.to_string().ends_with("the server's certificate is for db.test, not for other.test"), "{error}");
    assert!(Session::good(&elsewhere("verify-ca")).is_encrypted());
}

#[test]
fn encryption_follows_what_the_server_asks_of_the_user() {
    let fixture = fixture();
    for (user, mode, encrypted) in [
        ("ann", "disable", Some(false)),
        ("ann", "allow", Some(false)),
        ("ann", "prefer", Some(true)),
        ("only_tls", "disable", None),
        ("only_tls", "allow", Some(true)),
        ("only_tls", "prefer", Some(true)),
        ("only_plain", "allow", Some(false)),
        ("only_plain", "prefer", Some(false)),
        ("only_plain", "require", None),
    ] {
        let target = fixture.target(user, &format!("sslmode={mode}"));
        match encrypted {
            Some(encrypted) => assert_eq!(Session::good(&target).is_encrypted(), encrypted, "{user} {mode}"),
            None => {
                let error = refusal(&target);
                let ConnectError::Authentication { reason: Refusal::Rejected(message), .. } = &error else {
                    panic!("{user} {mode}: {error}")
                };
                assert!(message.starts_with("no pg_hba.conf entry for host"), "{message}");
            }
        }
    }
    // As libpq: roots that do not fit leave `prefer` with a plain connection, where that is allowed.
    assert!(!Session::good(&fixture.target("ann", &fixture.other_root("prefer"))).is_encrypted());
    let error = refusal(&fixture.target("only_tls", &fixture.other_root("prefer")));
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
}

#[test]
fn old_password_methods_work_and_are_told_apart() {
    let fixture = fixture();
    for user in ["md5", "cleartext"] {
        for mode in ["disable", "require"] {
            Session::good(&fixture.target(user, &format!("sslmode={mode}")));
        }
        let error = refusal(&fixture.target(user, "password=hunter2x"));
        assert!(matches!(error, ConnectError::Authentication { reason: Refusal::WrongPassword, .. }), "{error}");
        let error = refusal(&fixture.target(user, "password=''"));
        assert!(matches!(error, ConnectError::Authentication { reason: Refusal::NoPassword, .. }), "{error}");
        let error = refusal(&fixture.target(user, "channel_binding=require"));
        assert!(matches!(error, ConnectError::Authentication { reason: Refusal::Method(_), .. }), "{error}");
    }
}

#[test]
fn a_client_certificate_stands_for_the_password() {
    let fixture = fixture();
    let files = fixture.files.path();
    let target = |name: &str| {
        let certificate = files.join(format!("{name}.crt"));
        let key = files.join(format!("{name}.key"));
        let pair =
            format!("{} sslcert={} sslkey={}", fixture.root("verify-full"), certificate.display(), key.display());
        fixture.target("cert", &pair)
    };
    assert_eq!(Session::good(&target("client")).value("SELECT current_user"), "cert");
    let error = refusal(&format!("{} sslcertmode=disable", target("client")));
    assert!(matches!(error, ConnectError::Authentication { reason: Refusal::Rejected(_), .. }), "{error}");
    let error = refusal(&target("stranger"));
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");

    fs::copy(files.join("client.crt"), files.join("open.crt")).unwrap();
    fs::copy(files.join("client.key"), files.join("open.key")).unwrap();
    fs::set_permissions(files.join("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let error = refusal(&target("open"));
    assert!(error.to_string().ends_with("open.key can be read by others"), "{error}");
}

#[test]
fn an_encrypted_session_knows_its_process_and_can_be_cancelled() {
    let fixture = fixture();
    let session = Session::good(&fixture.target("only_tls", &fixture.root("verify-full")));
    assert_eq!(session.handshake_pid.map(|pid| pid.to_string()), Some(session.value("SELECT pg_backend_pid()")));
    session.is_cancelled();
    assert_eq!(session.value("SELECT 1"), "1");
}
