//! Certificates of all kinds, shown by a server that knows TLS and then says that it is starting up: so an attempt
//! that ends with that has found the certificate good.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, IsCa, SerialNumber, date_time_ymd};
use rung_postgres::connect::ConnectError;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::authority::{Authority, Pair, self_signed, write_private};
use crate::pretend::{error_message, listen, read_startup};
use crate::{refusal, resolve};

#[derive(Clone, Copy, PartialEq)]
enum Begin {
    Asked,
    Direct,
}

fn serve(pair: &Pair, begin: Begin) -> u16 {
    let provider = ring::default_provider();
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    // Not `with_single_cert`, which looks into the certificate: servers with OpenSSL show what rustls can't read.
    let resolver = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    if begin == Begin::Direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    let config = Arc::new(config);
    listen(move |mut stream| {
        if begin == Begin::Asked {
            if read_startup(&mut stream).is_err() {
                return;
            }
            stream.write_all(b"S").unwrap();
        }
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        if read_startup(&mut stream).is_ok() {
            let agreed = stream.conn.alpn_protocol().is_some();
            let message = if agreed == (begin == Begin::Direct) { "starting up" } else { "no protocol agreed on" };
            let _ = stream.write_all(&error_message("57P03", message));
            stream.conn.send_close_notify();
            let _ = stream.flush();
            let _ = stream.read(&mut [0]);
        }
    })
}

/// The settings that speak to it under the name db.test.
fn target(port: u16, more: &str) -> String {
    format!("host=db.test hostaddr=127.0.0.1 port={port} user=ann {more}")
}

#[track_caller]
fn accepted(pair: &Pair, more: &str) {
    let error = refusal(&target(serve(pair, Begin::Asked), more));
    assert!(matches!(&error, ConnectError::NotReady { message, .. } if message == "starting up"), "{more}: {error}");
}

#[track_caller]
fn refused(pair: &Pair, more: &str, expected: &str) {
    let error = refusal(&target(serve(pair, Begin::Asked), more));
    assert!(matches!(&error, ConnectError::Tls { reason, .. } if reason == expected), "{more}: {error}");
    assert!(!error.is_transient());
}

fn roots(directory: &Path, pem: &str, mode: &str) -> String {
    format!("sslmode={mode} sslrootcert={}", write_private(directory, "root.crt", pem).display())
}

#[test]
fn names_and_dates_are_checked() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("authority");
    let root = authority.certificate();
    let full = roots(directory.path(), &root, "verify-full");
    let chain = roots(directory.path(), &root, "verify-ca");

    accepted(&authority.sign("x", &["other.test", "db.test"]), &full);

    let other = authority.sign("db.test", &["a.test", "b.test"]);
    refused(&other, &full, "the server's certificate is for a.test, b.test, not for db.test");
    accepted(&other, &chain);
    accepted(&other, &full.replace("verify-full", "require"));

    let nameless = authority.sign("db.test", &[]);
    refused(
        &nameless,
        &full,
        "the server's certificate is for no host, as it has no subjectAltName, but not for db.test",
    );
    accepted(&nameless, &chain);

    let old = authority.sign_with("x", &["db.test"], |params| params.not_after = date_time_ymd(2020, 1, 1));
    refused(&old, &full, "the server's certificate has expired");
    refused(&old, &chain, "the server's certificate has expired");
    accepted(&old, "sslmode=require");

    let early = authority.sign_with("x", &["db.test"], |params| params.not_before = date_time_ymd(3000, 1, 1));
    refused(&early, &chain, "the server's certificate is not valid yet");
}

#[test]
fn an_address_is_a_name_too() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("authority");
    let full = roots(directory.path(), &authority.certificate(), "verify-full");
    let port = serve(&authority.sign("x", &["127.0.0.1"]), Begin::Asked);
    for host in ["host=127.0.0.1", "hostaddr=127.0.0.1"] {
        let error = refusal(&format!("{host} port={port} user=ann {full}"));
        assert!(matches!(error, ConnectError::NotReady { .. }), "{error}");
    }
    let error = refusal(&target(port, &full));
    assert!(error.to_string().ends_with("the server's certificate is for 127.0.0.1, not for db.test"), "{error}");
}

#[test]
fn strangers_are_refused_where_there_are_roots() {
    let directory = tempfile::tempdir().unwrap();
    let stranger = Authority::new("stranger").sign("x", &["db.test"]);
    let root = Authority::new("authority").certificate();
    let expected = "no trusted root vouches for the server's certificate";
    for mode in ["verify-full", "verify-ca", "require"] {
        refused(&stranger, &roots(directory.path(), &root, mode), expected);
    }
    refused(&stranger, "sslrootcert=system", expected);
    accepted(&stranger, "sslmode=require");
    accepted(&stranger, "sslmode=prefer");
    accepted(&stranger, "sslmode=prefer host=my_db");
}

#[test]
fn self_signed_certificates_stand_for_themselves_among_the_roots() {
    let directory = tempfile::tempdir().unwrap();
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let own = self_signed(&["db.test"], is_ca);
        accepted(&own, &roots(directory.path(), &own.certificate, "verify-full"));
        accepted(&own, &roots(directory.path(), &own.certificate, "verify-ca"));
        let elsewhere = self_signed(&["other.test"], is_ca);
        refused(
            &elsewhere,
            &roots(directory.path(), &elsewhere.certificate, "verify-full"),
            "the server's certificate is for other.test, not for db.test",
        );
        accepted(&elsewhere, &roots(directory.path(), &elsewhere.certificate, "verify-ca"));
        // Another certificate that looks the same.
        let root = roots(directory.path(), &self_signed(&["db.test"], is_ca).certificate, "verify-ca");
        let error = refusal(&target(serve(&own, Begin::Asked), &root));
        assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    }
}

#[test]
fn revoked_certificates_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("authority");
    let list = write_private(directory.path(), "list.crl", &authority.revoke(7));
    let with_serial = |serial: u64| {
        authority.sign_with("x", &["db.test"], |params| params.serial_number = Some(SerialNumber::from(serial)))
    };
    for mode in ["verify-full", "verify-ca"] {
        let more = format!("{} sslcrl={}", roots(directory.path(), &authority.certificate(), mode), list.display());
        refused(&with_serial(7), &more, "the server's certificate is revoked");
        accepted(&with_serial(8), &more);
    }
}

#[test]
fn a_version_1_certificate_will_do_where_nothing_is_checked() {
    let directory = tempfile::tempdir().unwrap();
    let pair = Pair {
        certificate: include_str!("data/version1.crt").to_owned(),
        key: include_str!("data/version1.key").to_owned(),
    };
    accepted(&pair, "sslmode=require");
    let expected = "the server's certificate is of X.509 version 1";
    refused(&pair, &roots(directory.path(), &pair.certificate, "verify-ca"), expected);
    refused(&pair, "sslmode=require channel_binding=require", expected);
}

#[test]
fn direct_negotiation_asks_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new("authority");
    let full = roots(directory.path(), &authority.certificate(), "verify-full");
    let port = serve(&authority.sign("x", &["db.test"]), Begin::Direct);
    let error = refusal(&target(port, &format!("{full} sslnegotiation=direct")));
    assert!(matches!(&error, ConnectError::NotReady { message, .. } if message == "starting up"), "{error}");
}

#[test]
fn versions_can_be_narrowed() {
    let pair = Authority::new("authority").sign("x", &["db.test"]);
    accepted(&pair, "sslmode=require ssl_min_protocol_version=TLSv1.3");
    accepted(&pair, "sslmode=require ssl_max_protocol_version=TLSv1.2");
}

#[test]
fn files_that_are_not_there_or_no_good_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let pair = Authority::new("authority").sign("x", &["db.test"]);
    let port = serve(&pair, Begin::Asked);
    let certificate = write_private(directory.path(), "client.crt", &pair.certificate);
    let certificate = certificate.display();
    let other_key = write_private(directory.path(), "other.key", &Authority::new("a").sign("y", &[]).key);
    let empty = write_private(directory.path(), "empty", "");
    let (other_key, empty) = (other_key.display(), empty.display());
    for (more, expected) in [
        (
            "sslmode=verify-full".to_owned(),
            "sslmode=verify-full needs a root certificate, and there is none".to_owned(),
        ),
        ("sslrootcert=/nowhere/ca".to_owned(), "can't read /nowhere/ca: no such file or directory".to_owned()),
        (format!("sslrootcert={empty}"), format!("{empty} has no certificate in it")),
        (
            format!("sslcert={certificate} sslkey={empty}"),
            format!("{empty} has no private key in it that is not encrypted"),
        ),
        (
            format!("sslcert={certificate} sslkey=/nowhere/key"),
            "can't read /nowhere/key: no such file or directory".to_owned(),
        ),
        (
            format!("sslcert={certificate} sslkey={other_key}"),
            format!("the client certificate {certificate} can't be used: keys may not be consistent: KeyMismatch"),
        ),
    ] {
        let error = refusal(&target(port, &more));
        assert!(matches!(error, ConnectError::Config(_)), "{error}");
        assert_eq!(error.to_string(), expected, "{more}");
        assert!(resolve(&target(port, &more)).warnings().is_empty());
    }
}
