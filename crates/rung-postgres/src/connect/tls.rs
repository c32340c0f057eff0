//! TLS as libpq's `sslmode` has it (PostgreSQL 34.19), over rustls.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::certificate::{Check, Verifier};
use super::error::ConfigError;
use super::settings::ChannelBinding;
use super::stream::Encrypted;
use super::tls_settings::{Roots, ServerNameIndication, TlsMode, TlsNegotiation, TlsSettings, TlsVersion};

/// What asks a server for TLS; it answers `S` or `N`.
pub(super) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What is needed to begin TLS with a server. Certificates and keys are read once.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    maker: MakeRustlsConnect,
}

impl Tls {
    /// Reads the certificate files.
    ///
    /// # Errors
    /// A file can't be read or used, or the mode asks for verification and there are no roots.
    pub(super) fn new(settings: &TlsSettings, binding: ChannelBinding) -> Result<Self, ConfigError> {
        let provider = Arc::new(ring::default_provider());
        let versions: Vec<_> =
            [(TlsVersion::UpTo12, &rustls::version::TLS12), (TlsVersion::Tls13, &rustls::version::TLS13)]
                .into_iter()
                .filter(|(version, _)| (settings.lowest..=settings.highest).contains(version))
                .map(|(_, version)| version)
                .collect();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(|error| {
                ConfigError::new(format!("no TLS is possible: {error}"), "check ssl_min_protocol_version")
            })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier(settings, &provider, binding)?));
        let mut config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = read_certificates(certificate, "sslcert")?;
                builder.with_client_auth_cert(chain, read_key(key)?).map_err(|error| {
                    ConfigError::new(
                        format!("the client certificate {} can't be used: {error}", certificate.display()),
                        format!("check that {} is its key", key.display()),
                    )
                })?
            }
        };
        config.enable_sni = settings.sni == ServerNameIndication::Send;
        if settings.negotiation == TlsNegotiation::Direct {
            // Servers insist on it, so that no other protocol can be tricked into a TLS meant for PostgreSQL.
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Self { maker: MakeRustlsConnect::new(config.clone()), config: Arc::new(config) })
    }

    /// Does the handshake over a socket on which both sides agreed to it.
    pub(super) async fn start(&self, socket: TcpStream, host: &str) -> io::Result<Encrypted> {
        let mut maker = self.maker.clone();
        let connect = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut maker, host).map_err(io::Error::other)?;
        connect.connect(socket).await
    }
}

/// The name that a certificate must be for.
///
/// # Errors
/// The host can't be the name of a server.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, ConfigError> {
    ServerName::try_from(host.to_owned()).map_err(|_| {
        ConfigError::new(
            format!("`{host}` is no host name that TLS could use"),
            "check the host, or write sslmode=disable",
        )
    })
}

fn verifier(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
    binding: ChannelBinding,
) -> Result<Verifier, ConfigError> {
    let algorithms = provider.signature_verification_algorithms;
    let roots = match &settings.roots {
        Roots::None if settings.mode >= TlsMode::VerifyCa => {
            return Err(ConfigError::new(
                format!("sslmode={} needs a root certificate, and there is none", settings.mode.word()),
                "name its file with sslrootcert, or trust the system's with sslrootcert=system",
            ));
        }
        Roots::None => return Ok(Verifier::unchecked(algorithms, binding)),
        Roots::File(path) => read_certificates(path, "sslrootcert")?,
        Roots::System => {
            let loaded = rustls_native_certs::load_native_certs();
            if loaded.certs.is_empty() {
                let reason = loaded.errors.first().map_or_else(String::new, |error| format!(": {error}"));
                return Err(ConfigError::new(
                    format!("the system has no root certificates{reason}"),
                    "install the package ca-certificates, or name a file with sslrootcert",
                ));
            }
            loaded.certs
        }
    };
    // As libpq does: roots that are there are used, whatever mode asked for TLS (34.19.1).
    let check = if settings.mode == TlsMode::VerifyFull { Check::ChainAndName } else { Check::Chain };

    let mut store = RootCertStore::empty();
    let (usable, _) = store.add_parsable_certificates(roots.iter().cloned());
    if usable == 0 {
        return Err(ConfigError::new(
            "none of the root certificates can be used",
            "check the file that sslrootcert names",
        ));
    }
    let mut builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
    if let Some(path) = &settings.crl {
        builder = builder.with_crls(read_revocations(path)?);
    }
    let inner = builder.build().map_err(|error| {
        ConfigError::new(format!("the server's certificate can't be checked: {error}"), "check sslrootcert and sslcrl")
    })?;
    Ok(Verifier::new(inner, check, roots, algorithms, binding))
}

fn read_certificates(path: &Path, keyword: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    match read() {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(ConfigError::new(
            format!("{} has no certificate in it", path.display()),
            format!("name a PEM file with {keyword}"),
        )),
        Err(error) => Err(unreadable(path, &error, keyword)),
    }
}

fn read_revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, ConfigError> {
    let read = || CertificateRevocationListDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    read().map_err(|error| unreadable(path, &error, "sslcrl"))
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    if let Ok(metadata) = fs::metadata(path) {
        // libpq's rule: nobody else may read it, but root may own it and let a group.
        let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
        if metadata.mode() & forbidden != 0 {
            return Err(ConfigError::new(
                format!("the private key {} can be read by others", path.display()),
                format!("run: chmod 600 {}", path.display()),
            ));
        }
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => ConfigError::new(
            format!("{} has no private key in it that is not encrypted", path.display()),
            format!("decrypt it: openssl pkey -in {} -out plain.key", path.display()),
        ),
        error => unreadable(path, &error, "sslkey"),
    })
}

fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error, keyword: &str) -> ConfigError {
    let reason = match error {
        rustls::pki_types::pem::Error::Io(error) => super::error::reason(error),
        error => error.to_string(),
    };
    ConfigError::new(format!("can't read {}: {reason}", path.display()), format!("check {keyword}"))
}
