//! Mail over TLS, to a server that is not ours and takes nothing without: the
//! program itself, with the machine's certificates as the test sets them.

use anyhow::{Result, ensure};
use facteur::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use super::sink::{CERTIFICATE, PASSWORD, Sink, USER};
use crate::support::desk::{Desk, posted, rulebook};
use crate::support::ledgers::{TestLedger, sqlite};
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, notice};

/// A box with mail that is to be told of now.
async fn due() -> Result<TestLedger> {
    let ledger = sqlite().await?;
    let desk = Desk::with(&ledger, rulebook()?).await?;
    desk.deliver_one(posted(&notice(Company::Active))?).await?;
    let record = json!({ "address": "ok@company.example", "hour": 6 });
    let (number, now) = (Company::Active.number(), SystemClock.now().as_microsecond());
    ledger
        .execute(format!(
            "INSERT INTO notification_settings (enterprise, record, next_notice_at)
             VALUES ({}, '{record}', {now})",
            number.value()
        ))
        .await?;
    Ok(ledger)
}

/// An engine that trusts the server's certificate, and knows its password.
fn program(ledger: &TestLedger, sink: &Sink, tls: &str) -> Result<Program> {
    Ok(Program::new()?
        .with("LEDGER__URL", &ledger.url)
        .with("NOTICES__HOST", "localhost")
        .with("NOTICES__PORT", &sink.port.to_string())
        .with("NOTICES__TLS", tls)
        .with("NOTICES__USER", USER)
        .with("NOTICES__PASSWORD", PASSWORD)
        .with("NOTICES__SENDER", "no-reply@facteur.example")
        .set("SSL_CERT_FILE", CERTIFICATE))
}

/// The notice, once the engine has tried.
async fn tried(program: &Program) -> Result<Value> {
    let engine = program.start(&["serve", "--roles", "relay"], "engine.log");
    let listed = async || program.ask(&["notices", "list"]).await.unwrap_or_default();
    until("the notice was tried", async || {
        let notice = listed().await[0].clone();
        notice["state"] == "sent" || notice["answer"].is_string()
    })
    .await;
    engine.stop().await;
    Ok(listed().await[0].clone())
}

#[tokio::test]
async fn mail_goes_over_tls_either_way() -> Result<()> {
    for tls in ["starttls", "tls"] {
        let (sink, ledger) = (Sink::over(tls)?, due().await?);
        let notice = tried(&program(&ledger, &sink, tls)?).await?;
        ensure!(notice["state"] == "sent", "{tls}: {notice}");
        let mails = sink.mails()?;
        ensure!(mails.len() == 1 && mails[0]["tls"] == "TLSv1.3", "{tls}: {mails:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_goes_to_a_server_that_does_not_prove_who_it_is() -> Result<()> {
    for tls in ["starttls", "tls"] {
        let (sink, ledger) = (Sink::over(tls)?, due().await?);
        // The certificate names `localhost` alone.
        let elsewhere = program(&ledger, &sink, tls)?.with("NOTICES__HOST", "127.0.0.1");
        // And nobody but these tests trusts it.
        let unknown = program(&ledger, &sink, tls)?.set("SSL_CERT_FILE", OTHERS);
        for (program, why) in [(elsewhere, "not valid for name"), (unknown, "UnknownIssuer")] {
            let notice = tried(&program).await?;
            ensure!(notice["state"] == "waiting", "{tls}: {notice}");
            let answer = notice["answer"].as_str().unwrap_or_default();
            ensure!(answer.contains(why), "{tls}: {answer}");
            ledger.execute("UPDATE notices SET try_at = 0, answer = NULL".into()).await?;
        }
        ensure!(sink.mails()?.is_empty(), "{tls}");
    }
    Ok(())
}

/// Somebody in between may have taken the offer of TLS out of what the server
/// said.
#[tokio::test]
async fn nothing_goes_in_the_clear_where_tls_is_not_offered() -> Result<()> {
    let (sink, ledger) = (Sink::start()?, due().await?);
    let notice = tried(&program(&ledger, &sink, "starttls")?).await?;
    ensure!(notice["state"] == "waiting" && notice["answer"].is_string(), "{notice}");
    ensure!(sink.mails()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_waits_for_a_person() -> Result<()> {
    let (sink, ledger) = (Sink::over("tls")?, due().await?);
    let wrong = program(&ledger, &sink, "tls")?.with("NOTICES__PASSWORD", "another");
    let notice = tried(&wrong).await?;
    // A refusal would be a word about the company's address.
    ensure!(notice["state"] == "waiting", "{notice}");
    ensure!(notice["answer"].as_str().is_some_and(|it| it.contains("535")), "{notice}");
    ensure!(sink.mails()?.is_empty());
    Ok(())
}

/// A certificate that has nothing to do with the server's.
const OTHERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/notices/others.pem");
