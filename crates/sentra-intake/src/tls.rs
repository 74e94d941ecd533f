//! TLS 1.3 for doors, with or without certificates of clients.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::settings::TlsSettings;

/// A client that has not shaken hands after this long is let go.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Names of a certificate that are looked at.
const NAMES_MAX: usize = 64;

/// Why TLS cannot be spoken as configured.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, unreadable or holds something else.
    #[error("cannot read {what} in {path}: {detail}")]
    File {
        /// What should be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// Certificate and key do not fit, or the authority cannot be used.
    #[error("TLS cannot be set up with {path}: {detail}")]
    Setup {
        /// The file that most probably is at fault.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
}

/// Speaks TLS 1.3 with who connects.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// TLS as `settings` say; the files are read now. `protocols` are offered by ALPN.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(settings: &TlsSettings, protocols: &[&str]) -> Result<Self, TlsError> {
        let certificates = certificates("a certificate", &settings.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&settings.key)
            .map_err(unreadable("a private key", &settings.key))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let setup = |path: &Path| {
            let path = path.to_owned();
            move |error: &dyn fmt::Display| TlsError::Setup { path, detail: error.to_string() }
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| setup(&settings.certificate)(&error))?;
        let builder = match &settings.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates_of_authority(path)? {
                    roots.add(certificate).map_err(|error| setup(path)(&error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier =
                    if settings.client_required { verifier } else { verifier.allow_unauthenticated() };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| setup(path)(&error))?)
            }
        };
        let mut config = builder
            .with_single_cert(certificates, key)
            .map_err(|error| setup(&settings.certificate)(&error))?;
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Shakes hands; the names are those of the client's certificate, which is verified.
    ///
    /// # Errors
    /// When the client cannot or may not talk to us, or takes too long.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<(TlsStream<TcpStream>, Vec<String>)> {
        let shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream)).await;
        let stream = shaken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let (_, connection) = stream.get_ref();
        let own = connection.peer_certificates().and_then(|chain| chain.first());
        let names = own.map(names).unwrap_or_default();
        Ok((stream, names))
    }
}

fn certificates_of_authority(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    certificates("the certificate of an authority", path)
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(unreadable(what, path))?;
    if found.is_empty() {
        return Err(unreadable(what, path)(pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn unreadable(what: &'static str, path: &Path) -> impl FnOnce(pem::Error) -> TlsError {
    move |error| TlsError::File { what, path: path.to_owned(), detail: error.to_string() }
}

/// DNS and URI names of a certificate, and its common names.
fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.into_iter().flat_map(|extension| &extension.value.general_names);
    let alternative = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        _ => None,
    });
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    alternative.chain(common.map(str::to_owned)).take(NAMES_MAX).collect()
}
