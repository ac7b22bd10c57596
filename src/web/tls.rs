//! TLS on `web.listen`, where the configuration has a certificate.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::Web;

/// A client that does not finish its greeting gives its place to another.
const GREETING_MAX: Duration = Duration::from_secs(10);
/// Greetings at the same time.
const GREETINGS_MAX: usize = 256;

/// The certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, or is no PEM.
    #[error("{0} cannot be read as PEM")]
    File(PathBuf, #[source] rustls::pki_types::pem::Error),
    /// The certificate does not belong to the key.
    #[error("the certificate cannot be used")]
    Certificate(#[from] rustls::Error),
}

/// The configuration's TLS; none where it has none.
///
/// # Errors
/// When certificate and key cannot be used.
pub fn acceptor(web: &Web) -> Result<Option<TlsAcceptor>, TlsError> {
    if web.tls_certificate.as_os_str().is_empty() {
        return Ok(None);
    }
    let file = |path: &Path| {
        let path = path.to_owned();
        move |error| TlsError::File(path, error)
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&web.tls_certificate)
        .map_err(file(&web.tls_certificate))?
        .collect();
    let certificates = certificates.map_err(file(&web.tls_certificate))?;
    let key = PrivateKeyDer::from_pem_file(&web.tls_key).map_err(file(&web.tls_key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

type Greeted = Option<(TlsStream<TcpStream>, SocketAddr)>;

/// Accepts connections and greets several clients at the same time, so that a
/// slow one keeps nobody waiting.
pub(super) struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    greetings: FuturesUnordered<BoxFuture<'static, Greeted>>,
}

impl TlsListener {
    pub(super) fn new(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self { listener, acceptor, greetings: FuturesUnordered::new() }
    }

    fn greet(&self, stream: TcpStream, from: SocketAddr) {
        let greeting = tokio::time::timeout(GREETING_MAX, self.acceptor.accept(stream));
        self.greetings.push(Box::pin(async move {
            // Scanners greet wrongly all day: that is nobody's concern.
            greeting.await.ok()?.ok().map(|stream| (stream, from))
        }));
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let has_room = self.greetings.len() < GREETINGS_MAX;
            tokio::select! {
                (stream, from) = Listener::accept(&mut self.listener), if has_room => {
                    self.greet(stream, from);
                }
                Some(greeted) = self.greetings.next(), if !self.greetings.is_empty() => {
                    if let Some(greeted) = greeted {
                        return greeted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
