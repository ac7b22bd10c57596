//! A store that is away, or that does not know us.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use facteur::clock::{Clock, Stopwatch, SystemClock};
use facteur::documents::DocumentStore;
use serde_json::Value;

use super::cases::{content, key};
use super::places::{Place, s3, variables};
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{self, TAX, attachment, notice_with};

/// A line must not wait long to be told, nor a readiness check hang.
const TOLD_WITHIN_SECS: u64 = 30;

#[tokio::test]
async fn s3_that_is_away_is_tried_again_and_keeps_what_it_had() -> Result<()> {
    let mut place = s3().await?;
    let (before, after) = (key("app", b"before")?, key("app", b"after")?);
    place.store.put(&before, Bytes::from_static(b"before")).await?;
    let port = place.stop();
    let told = Stopwatch::start();
    let put = place.store.put(&after, Bytes::from_static(b"after")).await;
    ensure!(put.err().context("nobody took it")?.is_transient());
    ensure!(told.elapsed().as_secs() < TOLD_WITHIN_SECS, "{:?}", told.elapsed());
    ensure!(place.store.ping().await.is_err());
    place.resume(&port).await?;
    place.store.put(&after, Bytes::from_static(b"after")).await?;
    for (key, expected) in [(&before, b"before".as_slice()), (&after, b"after")] {
        ensure!(content(&place.store, key).await?.as_deref() == Some(expected));
    }
    Ok(())
}

#[tokio::test]
async fn s3_with_a_wrong_account_or_bucket_says_which() -> Result<()> {
    let place = s3().await?;
    let wrong = variables(place.endpoint(), "guessed");
    let store = DocumentStore::open_with(&place.url, wrong.into_iter())?;
    let error = store.prove().await.err().context("it let us in")?;
    ensure!(error.is_forbidden() && error.is_transient(), "{error:?}");
    let known = place.variables.clone().into_iter();
    let store = DocumentStore::open_with("s3://nowhere/x", known)?;
    let error = store.prove().await.err().context("there is no such bucket")?;
    let words = format!("{:#}", anyhow::Error::from(error));
    ensure!(words.contains("NoSuchBucket"), "{words}");
    Ok(())
}

/// The real engine over S3: a document with an attachment goes through, waits
/// while the store is away, and is read back.
#[tokio::test]
async fn s3_holds_the_documents_of_a_line_and_may_be_away() -> Result<()> {
    let mut place = s3().await?;
    let program = on(&place)?;
    let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    publish(&program, "first", "Zmlyc3Q=").await?;
    recorded(&program, 1).await;
    let port = place.stop();
    engine.misses("documents").await;
    publish(&program, "second", "c2Vjb25k").await?;
    place.resume(&port).await?;
    recorded(&program, 2).await;
    until("search has both", async || {
        program.ask(&["search", "query"]).await.is_ok_and(|found| found["totalItems"] == 2)
    })
    .await;
    engine.stop().await;
    let account = program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["difference"] == 0 && account["documents"] == 2, "{account}");
    ensure!(place.objects()? == 2, "{}", place.objects()?);
    Ok(())
}

fn on(place: &Place) -> Result<Program> {
    let program = Program::new()?.with("DOCUMENTS__URL", &place.url);
    Ok(place.variables.iter().fold(program, |program, (name, value)| program.set(name, value)))
}

async fn publish(program: &Program, name: &str, inline: &str) -> Result<()> {
    let publication = notice_with(serde_json::json!([attachment(name, inline)]));
    let file = program.file(&format!("{name}.json"), &publication.to_string())?;
    let sent = program.ask(&["publish", "--application", TAX, "--key", name, &file]).await?;
    ensure!(sent["published"] == 1, "{sent}");
    Ok(())
}

async fn recorded(program: &Program, count: u64) {
    until("it is recorded", async || {
        let account = program.run(&["verify", "--json"]).await.and_then(|ended| ended.json());
        account.is_ok_and(|account: Value| account["accepted"] == count)
    })
    .await;
}
