//! What targets, services, variables and files resolve to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::host::{Place, Secret};
use super::settings::{ChannelBinding, Keepalive, ServerKind};
use super::tls_settings::{Roots, ServerNameIndication, TlsMode, TlsNegotiation, TlsVersion};
use super::{Environment, Settings};

/// A user `os`, no sockets, no files.
fn plain() -> Environment {
    Environment::empty().with_os_user("os").with_socket_directories([""; 0])
}

fn variables(variables: &[(&str, &str)]) -> Environment {
    plain().with_variables(variables.iter().copied())
}

fn resolve(target: &str, environment: &Environment) -> Settings {
    Settings::resolve(target, environment).unwrap_or_else(|error| panic!("{target}: {error}"))
}

fn refusal(target: &str, environment: &Environment) -> String {
    Settings::resolve(target, environment).unwrap_err().to_string()
}

fn password(settings: &Settings) -> Option<&str> {
    settings.hosts[0].password.as_ref().map(|Secret(password)| password.as_str())
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn urls_name_what_was_resolved() {
    for (target, url) in [
        ("", "postgres://os@localhost/os"),
        ("postgres://", "postgres://os@localhost/os"),
        ("postgres:///app", "postgres://os@localhost/app"),
        ("user=ann", "postgres://ann@localhost/ann"),
        ("host='' dbname=app", "postgres://os@localhost/app"),
        ("  host=db port=5433 dbname=app user=ann password=x ", "postgres://ann@db:5433/app"),
        ("postgresql://ann:hunter2@db:5433/app", "postgres://ann@db:5433/app"),
        ("postgres://a:1,b:2,c/app", "postgres://os@a:1,b:2,c/app"),
        ("postgres://a,b:2/app", "postgres://os@a,b:2/app"),
        ("host=a,b port=7", "postgres://os@a:7,b:7/os"),
        ("host=a,b port=7,", "postgres://os@a:7,b/os"),
        ("postgres://[::1]:5433/app", "postgres://os@[::1]:5433/app"),
        ("hostaddr=10.0.0.1", "postgres://os@10.0.0.1/os?hostaddr=10.0.0.1"),
        ("host=db hostaddr=10.0.0.1", "postgres://os@db/os?hostaddr=10.0.0.1"),
        ("host=a,b hostaddr=10.0.0.1,::1", "postgres://os@a,b/os?hostaddr=10.0.0.1,::1"),
        ("postgres://%2Ftmp:5433/app", "postgres://os@%2Ftmp:5433/app"),
        ("postgres:///app?host=/tmp", "postgres://os@%2Ftmp/app"),
        ("host=db user='a b' dbname='x/y?z'", "postgres://a%20b@db/x%2Fy%3Fz"),
        ("postgres://db/app?host=other&port=1", "postgres://os@other:1/app"),
        (
            "host=db sslmode=verify-full sslrootcert=/ca.pem options='-c a=b'",
            "postgres://os@db/os?sslmode=verify-full&sslrootcert=/ca.pem&options=-c%20a%3Db",
        ),
    ] {
        let settings = resolve(target, &plain());
        assert_eq!(settings.redacted_url(), url, "{target}");
        // The URL stands for the same settings.
        let again = resolve(&settings.url_with_password(), &plain());
        assert_eq!(format!("{settings:?}"), format!("{again:?}"), "{target}");
        assert_eq!(password(&settings), password(&again), "{target}");
    }
}

#[test]
fn names_for_people() {
    for (target, name) in [
        ("postgres://ann:hunter2@db.internal/app", "db.internal/app"),
        ("postgres://db.internal:5433/app", "db.internal:5433/app"),
        ("postgres://a,b:1/app", "a,b:1/app"),
        ("postgres://[::1]:1/app", "[::1]:1/app"),
        ("host=/tmp dbname=app", "[local]/app"),
        ("host=/tmp port=1 dbname=app", "[local]:1/app"),
    ] {
        assert_eq!(resolve(target, &plain()).display_name(), name);
    }
}

#[test]
fn every_variable_counts_where_the_target_is_silent() {
    let environment = variables(&[
        ("PGHOST", "h"),
        ("PGHOSTADDR", "10.0.0.1"),
        ("PGPORT", "7"),
        ("PGDATABASE", "d"),
        ("PGUSER", "u"),
        ("PGPASSWORD", "hunter2"),
        ("PGSSLMODE", "verify-ca"),
        ("PGSSLROOTCERT", "/ca"),
        ("PGSSLCERT", "/crt"),
        ("PGSSLKEY", "/key"),
        ("PGSSLCRL", "/crl"),
        ("PGSSLSNI", "0"),
        ("PGSSLNEGOTIATION", "direct"),
        ("PGSSLMINPROTOCOLVERSION", "TLSv1.3"),
        ("PGCONNECT_TIMEOUT", "9"),
        ("PGAPPNAME", "app"),
        ("PGOPTIONS", "-c x=y"),
        ("PGTARGETSESSIONATTRS", "read-write"),
        ("PGCHANNELBINDING", "require"),
        ("HOME", "/ignored"),
    ]);
    let settings = resolve("", &environment);
    assert_eq!(
        settings.hosts[0].place,
        Place::Tcp { name: "h".to_owned(), address: Some("10.0.0.1".parse().unwrap()) }
    );
    assert_eq!(settings.hosts[0].port, 7);
    assert_eq!((settings.database(), settings.user(), password(&settings)), ("d", "u", Some("hunter2")));
    assert_eq!(settings.tls.mode, TlsMode::VerifyCa);
    assert_eq!(settings.tls.roots, Roots::File("/ca".into()));
    assert_eq!(settings.tls.identity, Some(("/crt".into(), "/key".into())));
    assert_eq!(settings.tls.crl, Some("/crl".into()));
    assert_eq!(settings.tls.sni, ServerNameIndication::Omit);
    assert_eq!(settings.tls.negotiation, TlsNegotiation::Direct);
    assert_eq!(settings.tls.lowest, TlsVersion::Tls13);
    assert_eq!(settings.connect_timeout, Some(Duration::from_secs(9)));
    assert_eq!(settings.application_name, "app");
    assert_eq!(settings.options.as_deref(), Some("-c x=y"));
    assert_eq!(settings.server_kind, ServerKind::ReadWrite);
    assert_eq!(settings.channel_binding, ChannelBinding::Require);

    let settings =
        resolve("postgres://ann:x@db:1/other?sslmode=disable&sslnegotiation=postgres&hostaddr=", &environment);
    assert_eq!(
        settings.redacted_url(),
        "postgres://ann@db:1/other?sslmode=disable&sslrootcert=/ca&sslcert=/crt&sslkey=/key&options=-c%20x%3Dy&target_session_attrs=read-write"
    );
    assert_eq!(password(&settings), Some("x"));
}

#[test]
fn what_nobody_says_is_the_default() {
    let settings = resolve("", &plain());
    assert_eq!(settings.tls.mode, TlsMode::Prefer);
    assert_eq!(settings.tls.roots, Roots::None);
    assert_eq!(settings.connect_timeout, Some(Duration::from_secs(30)));
    assert_eq!(settings.application_name, "rung");
    assert_eq!(settings.channel_binding, ChannelBinding::Prefer);
    assert_eq!(password(&settings), None);
    assert_eq!(settings.keepalive.unwrap().idle, Some(Duration::from_secs(60)));

    assert_eq!(resolve("connect_timeout=0", &plain()).connect_timeout, None);
    assert_eq!(resolve("fallback_application_name=x", &plain()).application_name, "x");
    assert_eq!(resolve("keepalives=0", &plain()).keepalive, None);
    assert_eq!(
        resolve("keepalives_idle=0 keepalives_interval=5 keepalives_count=3", &plain()).keepalive,
        Some(Keepalive { idle: None, interval: Some(Duration::from_secs(5)), count: Some(3) })
    );
    assert_eq!(resolve("", &variables(&[("PGREQUIRESSL", "1")])).tls.mode, TlsMode::Require);
    assert_eq!(resolve("sslmode=allow", &variables(&[("PGREQUIRESSL", "1")])).tls.mode, TlsMode::Allow);
    assert_eq!(refusal("", &Environment::empty()), "no database user is given");
}

#[test]
fn the_first_socket_that_is_there_is_the_default() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let environment = plain().with_socket_directories([one.path(), two.path()]);
    fs::write(two.path().join(".s.PGSQL.5433"), "").unwrap();
    assert_eq!(resolve("", &environment).place(), "localhost");
    assert_eq!(resolve("port=5433", &environment).hosts[0].place, Place::Socket(two.path().into()));
    fs::write(one.path().join(".s.PGSQL.5433"), "").unwrap();
    assert_eq!(resolve("port=5433", &environment).hosts[0].place, Place::Socket(one.path().into()));
    assert_eq!(resolve("port=5433 host=localhost", &environment).place(), "localhost:5433");
}

#[test]
fn a_service_stands_between_the_target_and_the_variables() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".pg_service.conf"), "[s]\nhost=service\nport=1\nuser=service\nhost=second\n").unwrap();
    let environment =
        variables(&[("PGHOST", "variable"), ("PGPORT", "9"), ("PGUSER", "variable"), ("PGDATABASE", "variable")])
            .with_home(home.path());
    assert_eq!(resolve("", &environment).redacted_url(), "postgres://variable@variable:9/variable");
    assert_eq!(resolve("service=s", &environment).redacted_url(), "postgres://service@service:1/variable");
    assert_eq!(resolve("postgres://ann@/?service=s", &environment).redacted_url(), "postgres://ann@service:1/variable");
    assert_eq!(refusal("service=t", &environment), "no service `t` is defined");

    let environment = environment.with_variables([("PGSERVICE", "s")]);
    assert_eq!(resolve("host=target", &environment).redacted_url(), "postgres://service@target:1/variable");

    let own = home.path().join("own.conf");
    fs::write(&own, "[s]\nhost=own\n[bad]\nhots=x\n").unwrap();
    let environment = environment.with_variables([("PGSERVICEFILE", own.to_str().unwrap())]);
    assert_eq!(resolve("", &environment).redacted_url(), "postgres://variable@own:9/variable");
    assert_eq!(refusal("service=bad", &environment), "unknown connection keyword `hots`");
}

#[test]
fn the_password_file_is_asked_last() {
    let home = tempfile::tempdir().unwrap();
    write_private(&home.path().join(".pgpass"), "a:5432:app:os:for-a\nb:*:*:*:for-b\nlocalhost:*:*:*:for-local\n");
    let sockets = tempfile::tempdir().unwrap();
    fs::write(sockets.path().join(".s.PGSQL.5432"), "").unwrap();
    let environment = plain().with_home(home.path()).with_socket_directories([sockets.path()]);

    let settings = resolve("postgres://a,b,c/app", &environment);
    let passwords: Vec<_> = settings.hosts.iter().map(|host| host.password.as_ref().map(|p| p.0.as_str())).collect();
    assert_eq!(passwords, [Some("for-a"), Some("for-b"), None]);
    assert_eq!(password(&resolve("postgres:///app", &environment)), Some("for-local"));
    assert_eq!(password(&resolve("host=/elsewhere", &environment)), None);
    assert_eq!(password(&resolve("host=a dbname=app password=given", &environment)), Some("given"));
    let with_variable = environment.clone().with_variables([("PGPASSWORD", "variable")]);
    assert_eq!(password(&resolve("host=a dbname=app", &with_variable)), Some("variable"));

    let other = home.path().join("other");
    write_private(&other, "*:*:*:*:other\n");
    let with_file = environment.clone().with_variables([("PGPASSFILE", other.to_str().unwrap())]);
    assert_eq!(password(&resolve("host=a dbname=app", &with_file)), Some("other"));

    fs::set_permissions(&other, fs::Permissions::from_mode(0o644)).unwrap();
    let settings = resolve("host=a dbname=app", &with_file);
    assert_eq!(password(&settings), None);
    assert_eq!(settings.warnings().len(), 1);
    assert!(settings.warnings()[0].contains("can be read by others"));
}

#[test]
fn files_in_the_home_directory_count_for_tls() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join(".postgresql");
    fs::create_dir(&directory).unwrap();
    let environment = plain().with_home(home.path());
    assert_eq!(resolve("", &environment).tls.roots, Roots::None);
    for name in ["root.crt", "root.crl", "postgresql.crt", "postgresql.key"] {
        fs::write(directory.join(name), "").unwrap();
    }
    let tls = resolve("", &environment).tls;
    assert_eq!(tls.roots, Roots::File(directory.join("root.crt")));
    assert_eq!(tls.crl, Some(directory.join("root.crl")));
    assert_eq!(tls.identity, Some((directory.join("postgresql.crt"), directory.join("postgresql.key"))));
    assert_eq!(resolve("sslcertmode=disable", &environment).tls.identity, None);

    let tls = resolve("sslrootcert=system", &environment).tls;
    assert_eq!((tls.roots, tls.mode), (Roots::System, TlsMode::VerifyFull));
}

#[test]
fn what_cannot_be_done_is_refused() {
    for (target, message) in [
        ("app", "no `keyword=value` at character 1 of the connection string"),
        ("mysql://db/app", "the URL does not begin with postgres:// or postgresql://"),
        ("hosst=x", "unknown connection keyword `hosst`"),
        ("postgres://db/app?sslmod=x", "unknown connection keyword `sslmod`"),
        ("sslmode=maybe", "`maybe` is not a value of `sslmode`"),
        ("port=0", "a port is not a number from 1 to 65535"),
        ("port=70000", "a port is not a number from 1 to 65535"),
        ("postgres://ann:hunter2", "a port is not a number from 1 to 65535"),
        ("host=a,b port=1,2,3", "3 in `port`, but 2 hosts"),
        ("host=a,b hostaddr=10.0.0.1", "2 in `host`, but 1 in `hostaddr`"),
        ("hostaddr=db", "`db` in `hostaddr` is not an IP address"),
        ("host=@abstract", "sockets in the abstract namespace are not supported"),
        ("connect_timeout=soon", "`connect_timeout` is not a whole number"),
        ("sslrootcert=system sslmode=require", "sslrootcert=system is of use with sslmode=verify-full only"),
        ("sslnegotiation=direct", "sslnegotiation=direct can't be used with sslmode=prefer"),
        ("sslcert=/x", "a client certificate is given without its key"),
        ("sslcertmode=require", "sslcertmode=require is not supported"),
        ("gssencmode=require", "gssencmode=require is not supported"),
        ("require_auth=scram-sha-256", "`require_auth` is not supported"),
        ("sslpassword=hunter2", "`sslpassword` is not supported"),
        (
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            "ssl_min_protocol_version is above ssl_max_protocol_version",
        ),
    ] {
        assert_eq!(refusal(target, &plain()), message, "{target}");
    }
    assert_eq!(refusal("", &variables(&[("PGREQUIREPEER", "postgres")])), "`requirepeer` is not supported");
    for harmless in [
        "gssencmode=prefer",
        "krbsrvname=postgres",
        "tcp_user_timeout=1",
        "sslcompression=0",
        "load_balance_hosts=random",
        "client_encoding=auto",
        "requirepeer=''",
        "sslpassword=",
    ] {
        resolve(harmless, &plain());
    }
}

#[test]
fn nothing_shows_the_password() {
    let environment = variables(&[("PGPASSWORD", "hunter2")]);
    let settings = resolve("host=db", &environment);
    assert_eq!(settings.url_with_password(), "postgres://os:hunter2@db/os");
    for shown in [
        format!("{settings:?}"),
        format!("{environment:?}"),
        settings.display_name(),
        settings.redacted_url(),
        format!("{:?}", settings.with_password("hunter2")),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn versions_order_as_numbers() {
    for (version, number) in [
        ("15.18 (Debian 15.18-0+deb12u1)", 150_018),
        ("13.0", 130_000),
        ("9.6.24", 90_624),
        ("18beta1", 180_000),
        ("17devel", 170_000),
        ("", 0),
    ] {
        assert_eq!(super::version_number(version), number, "{version}");
    }
}
