//! Issuer of tokens, mail server, certificate.

use anyhow::Result;

use super::Diagnosis;
use super::files::migrated;
use crate::api::issuer::{AUDIENCE, Issuer, Key};
use crate::notices::sink::{CERTIFICATE, KEY, PASSWORD, Sink, USER};
use crate::support::program::Program;

#[tokio::test]
async fn token_issuer_that_is_away_or_without_keys_is_named() -> Result<()> {
    let issuer = Issuer::start(&Key::new("one")).await;
    let with = |program: Program, url: &str| {
        program.with("API__ISSUER", url).with("API__AUDIENCE", AUDIENCE)
    };
    let outside = ["identity provider", "token issuer", "mail server", "certificate"];
    let program = migrated().await?;
    Diagnosis::of(&program).await?.leaves_alone(&outside)?;
    let program = with(program, &issuer.url());
    let found = Diagnosis::of(&program).await?;
    found.is_well()?;
    found.leaves_alone(&[outside[0], outside[2], outside[3]])?;
    let asked = program
        .with("API__INTROSPECTION_CLIENT_ID", "facteur")
        .with("API__INTROSPECTION_CLIENT_SECRET", "s3cret")
        .with("API__INTROSPECTION_URL", &format!("{}/introspect", issuer.url()));
    Diagnosis::of(&asked).await?.is_well()?;
    let asked = asked.with("API__INTROSPECTION_URL", &format!("{}/nowhere", issuer.url()));
    let cure = "api.introspection_client_id";
    Diagnosis::of(&asked).await?.names("token issuer", "did not answer", cure)?;
    issuer.publish(&[]);
    let program = with(migrated().await?, &issuer.url());
    Diagnosis::of(&program).await?.names("token issuer", "keys", "api.issuer")?;
    let program = with(program, "http://127.0.0.1:1");
    Diagnosis::of(&program).await?.names("token issuer", "did not answer", "this machine")
}

#[tokio::test]
async fn mail_server_that_is_away_or_does_not_know_us_is_named() -> Result<()> {
    let sink = Sink::over("starttls")?;
    let program = migrated()
        .await?
        .with("NOTICES__HOST", "localhost")
        .with("NOTICES__PORT", &sink.port.to_string())
        .with("NOTICES__USER", USER)
        .with("NOTICES__PASSWORD", PASSWORD)
        .with("NOTICES__SENDER", "no-reply@facteur.example")
        .set("SSL_CERT_FILE", CERTIFICATE);
    Diagnosis::of(&program).await?.is_well()?;
    let unknown = program.with("NOTICES__PASSWORD", "guessed");
    let cure = "user and password";
    Diagnosis::of(&unknown).await?.names("mail server", "did not let us in", cure)?;
    let away = unknown.with("NOTICES__PORT", "1");
    Diagnosis::of(&away).await?.names("mail server", "", "notices.host, port and tls")
}

#[tokio::test]
async fn certificate_that_is_missing_or_anothers_is_named() -> Result<()> {
    let program = migrated().await?.with("WEB__TLS_KEY", KEY);
    let program = program.with("WEB__TLS_CERTIFICATE", CERTIFICATE);
    Diagnosis::of(&program).await?.is_well()?;
    let others = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/notices/others.pem");
    let program = program.with("WEB__TLS_CERTIFICATE", others);
    Diagnosis::of(&program).await?.names("certificate", "cannot be used", "belong together")?;
    let program = program.with("WEB__TLS_CERTIFICATE", "/nowhere.pem");
    Diagnosis::of(&program).await?.names("certificate", "/nowhere.pem", "may read")
}
