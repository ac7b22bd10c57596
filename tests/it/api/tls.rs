//! `web.listen` over TLS.

use std::sync::Arc;

use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::get;
use facteur::config::Config;
use facteur::web::{self, Bounds};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/tls/certificate.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/api/tls/key.pem");

fn config(certificate: &str, key: &str) -> Result<Config, facteur::config::ConfigError> {
    let keys = [("FACTEUR__WEB__TLS_CERTIFICATE", certificate), ("FACTEUR__WEB__TLS_KEY", key)];
    Config::load(None, keys.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())))
}

#[tokio::test]
async fn a_client_that_never_greets_keeps_nobody_waiting() -> Result<()> {
    let config = config(CERTIFICATE, KEY)?;
    let tls = web::acceptor(&config.web)?;
    ensure!(tls.is_some());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/healthz", get(async || "here"));
    let stop = CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    #[expect(clippy::disallowed_methods, reason = "it is stopped when the test ends")]
    drop(tokio::spawn(web::serve_over(tls, listener, router, Bounds::of(&config.web), stop)));

    let _silent = TcpStream::connect(address).await?;
    let mut garbage = TcpStream::connect(address).await?;
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(CERTIFICATE)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    let stream = TcpStream::connect(address).await?;
    let mut stream = connector.connect(ServerName::try_from("localhost")?, stream).await?;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
    Ok(())
}

#[test]
fn what_cannot_be_used_is_told_before_anything_is_served() -> Result<()> {
    ensure!(config(CERTIFICATE, "").is_err() && config("", KEY).is_err());
    ensure!(web::acceptor(&config("", "")?.web)?.is_none());
    for (certificate, key) in [("/nowhere", KEY), (CERTIFICATE, "/nowhere"), (KEY, CERTIFICATE)] {
        ensure!(web::acceptor(&config(certificate, key)?.web).is_err(), "{certificate}");
    }
    Ok(())
}
