//! Whether a server's certificate is good enough.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::settings::ChannelBinding;

/// What is checked of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing: the connection is encrypted, with whomever.
    Nothing,
    /// That a root vouches for it.
    Chain,
    /// That, and that it is for the host.
    ChainAndName,
}

/// Checks certificates as `sslmode` asks.
#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    /// Checks the chain, revocation, and last the name. `None` where nothing is checked.
    inner: Option<Arc<WebPkiServerVerifier>>,
    roots: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
    binding: ChannelBinding,
}

impl Verifier {
    pub(super) fn unchecked(algorithms: WebPkiSupportedAlgorithms, binding: ChannelBinding) -> Self {
        Self { check: Check::Nothing, inner: None, roots: Vec::new(), algorithms, binding }
    }

    pub(super) fn new(
        inner: Arc<WebPkiServerVerifier>,
        check: Check,
        roots: Vec<CertificateDer<'static>>,
        algorithms: WebPkiSupportedAlgorithms,
        binding: ChannelBinding,
    ) -> Self {
        Self { check, inner: Some(inner), roots, algorithms, binding }
    }

    /// The verdict on the signature that proves the server has the certificate's key.
    ///
    /// Where nothing else is checked, it still keeps SCRAM's channel binding honest. Certificates that rustls can't
    /// read at all (X.509 version 1, which PostgreSQL's manual makes with older OpenSSL) pass there, as with libpq.
    fn signed(&self, result: Result<HandshakeSignatureValid, Error>) -> Result<HandshakeSignatureValid, Error> {
        match result {
            Err(Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::BadEncoding))
                if self.check == Check::Nothing && self.binding != ChannelBinding::Require =>
            {
                Ok(HandshakeSignatureValid::assertion())
            }
            result => result,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last: all else was good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Chain => Ok(ServerCertVerified::assertion()),
            // `openssl req -x509` makes self-signed certificates that say they are an authority. OpenSSL accepts one
            // that is among the roots; webpki finds its dates good and then objects to what it says it is.
            Err(error) if is_authority(&error) && self.roots.iter().any(|root| root == end_entity) => {
                if self.check == Check::ChainAndName {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(verify_tls12_signature(message, cert, dss, &self.algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed(verify_tls13_signature(message, cert, dss, &self.algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether an authority's certificate was used as a server's. rustls gives webpki's error as an opaque one.
fn is_authority(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(other)) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

/// What is wrong with a handshake, and what to do about it.
pub(super) fn explain(error: &Error, host: &str) -> (String, String) {
    let (reason, hint) = match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => (
                "no trusted root vouches for the server's certificate".to_owned(),
                "name the certificate of its authority with sslrootcert",
            ),
            CertificateError::NotValidForName => (format!("the server's certificate is not for {host}"), NAME_HINT),
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => (
                format!("the server's certificate is for no host, as it has no subjectAltName, but not for {host}"),
                "make a certificate with subjectAltName=DNS:HOST, or write sslmode=verify-ca",
            ),
            CertificateError::NotValidForNameContext { presented, .. } => {
                (format!("the server's certificate is for {}, not for {host}", names(presented)), NAME_HINT)
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("the server's certificate has expired".to_owned(), "renew it, and check this computer's clock")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("the server's certificate is not valid yet".to_owned(), "check this computer's clock")
            }
            CertificateError::Revoked => {
                ("the server's certificate is revoked".to_owned(), "have a new one made for the server")
            }
            CertificateError::UnknownRevocationStatus => (
                "the revocation list says nothing of the certificate's authority".to_owned(),
                "add the authority's list to the file that sslcrl names",
            ),
            CertificateError::Other(other) if format!("{other:?}").contains("UnsupportedCertVersion") => (
                "the server's certificate is of X.509 version 1".to_owned(),
                "make a certificate with subjectAltName=DNS:HOST, which is of version 3",
            ),
            other => (format!("the server's certificate can't be used: {other}"), "check the server's certificate"),
        },
        Error::AlertReceived(alert) => (
            format!("the server ends the handshake: {alert:?}"),
            "check the server's log, and the client certificate (sslcert, sslkey)",
        ),
        Error::InvalidMessage(_) => {
            ("the server answers with something else".to_owned(), "check the host and the port")
        }
        other => (other.to_string(), "check the server's TLS settings and log"),
    };
    (reason, hint.to_owned())
}

const NAME_HINT: &str = "connect to a name that the certificate has, or write sslmode=verify-ca";

/// `DnsName("a")` and `IpAddress(::1)` as plain names.
fn names(presented: &[String]) -> String {
    let plain = |name: &String| match name.split_once('(') {
        Some((_, rest)) => rest.trim_end_matches(')').trim_matches('"').to_owned(),
        None => name.clone(),
    };
    presented.iter().map(plain).collect::<Vec<_>>().join(", ")
}
