//! Requests that are no whole publication.

use std::time::Duration;

use anyhow::{Result, ensure};
use facteur::clock::Stopwatch;
use facteur::domain::Digest;
use serde_json::json;
use tokio::sync::oneshot;

use super::counter::{Counter, content_type, file, message, part, whole};
use crate::support::desk::rulebook;
use crate::support::ledgers::sqlite;
use crate::support::wait::soon;
use crate::support::world::{Company, TAX, notice, notice_with};

#[tokio::test]
async fn parts_that_do_not_fit_are_refused() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let good = message(&notice(Company::Active));
    let with_a = message(&notice_with(json!([{ "httpPartName": "a", "isMainContent": true }])));
    let a = file("a", b"%PDF-1.7");
    let nameless = part("a", "", b"%PDF-1.7");
    let typed = part("a", "; filename=\"a.exe\"\r\ncontent-type: application/x-msdownload", b"MZ");
    let many: Vec<Vec<u8>> = (0..10_000).map(|n| file(&format!("f{n}"), b"x")).collect();
    let mut truncated = whole(&[with_a.clone(), a.clone()]);
    truncated.truncate(truncated.len() - 20);
    for (what, body, pointer) in [
        ("nothing", whole(&[]), ""),
        ("no publication", whole(std::slice::from_ref(&a)), ""),
        ("a part is missing", whole(std::slice::from_ref(&with_a)), "/attachments/0/httpPartName"),
        ("a part too many", whole(&[good.clone(), a.clone()]), "/attachments"),
        ("a part twice", whole(&[a.clone(), a.clone(), with_a.clone()]), ""),
        ("the publication twice", whole(&[good.clone(), good.clone()]), ""),
        ("no file name", whole(&[with_a.clone(), nameless]), "/attachments/0/fileName"),
        ("media type", whole(&[with_a.clone(), typed]), "/attachments/0/mediaType"),
        ("10,000 parts", whole(&many), ""),
        ("truncated", truncated, ""),
        ("no multipart", b"{}".to_vec(), ""),
    ] {
        let answer = counter.publish("bad", &body).await;
        let said = answer.json();
        ensure!(answer.status == 400 && said["code"] == "INVALID_INPUT", "{what}: {said}");
        ensure!(said["pointer"] == pointer, "{what}: {said}");
    }
    let json = part("messageToPublish", "", b"{\"sender\":");
    let answer = counter.publish("bad", &whole(&[json])).await;
    ensure!(answer.status == 400 && answer.json()["code"] == "MALFORMED", "{answer:?}");
    let account = serde_json::to_value(counter.account().await?)?;
    ensure!(account["received"] == 0, "{account}");
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read_whole() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let long = vec![b' '; 200_000];
    let answer = counter.publish("large", &whole(&[part("messageToPublish", "", &long)])).await;
    ensure!(answer.status == 413 && answer.json()["code"] == "TOO_LARGE", "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn requests_without_key_or_kind_are_refused() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let keyless = counter.request("/ebox/messages").header("content-type", &content_type());
    let answer = keyless.body(&body).send().await;
    ensure!(answer.status == 400 && answer.json()["code"] == "MISSING_IDEMPOTENCY_KEY");
    let long = counter.publish(&"k".repeat(256), &body).await;
    ensure!(long.status == 400 && long.json()["code"] == "INVALID_INPUT", "{long:?}");
    let two = counter.publication("one", &body).header("idempotency-key", "two").send().await;
    ensure!(two.status == 400 && two.json()["pointer"] == "/idempotency-key", "{two:?}");
    let kind = counter.request("/ebox/messages").header("idempotency-key", "k");
    let answer = kind.header("content-type", "application/json").body(b"{}").send().await;
    ensure!(answer.status == 415, "{answer:?}");
    let consumer = counter.token(TAX, &json!({ "scope": "consume" }));
    let request = counter.request_as(&consumer, "/ebox/messages").header("idempotency-key", "k");
    let answer = request.header("content-type", &content_type()).body(&body).send().await;
    ensure!(answer.status == 403 && answer.json()["code"] == "INSUFFICIENT_SCOPE");
    Ok(())
}

/// Of two, another program on the way may have believed the other one.
#[tokio::test]
async fn who_asks_is_said_once() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let second = format!("Bearer {}", counter.token(TAX, &json!({ "client_id": "another" })));
    for (method, path, is_ebox) in [
        ("POST", "/ebox/messages", true),
        ("GET", "/referenceData/messageTypes", true),
        ("GET", "/events", false),
        ("GET", "/operate/lanes", false),
    ] {
        let asked = counter.request_to(method, path).header("authorization", &second);
        let answer = asked.send().await;
        let said = answer.json();
        ensure!(answer.status == 400 && said["code"] == "INVALID_INPUT", "{path}: {answer:?}");
        ensure!(said["pointer"] == "/authorization", "{path}: {said}");
        ensure!(said["id"].is_string() == is_ebox, "in the shape of its address: {said}");
    }
    for name in ["on-behalf-of", "facteur-enterprise"] {
        let asked = counter.request_to("GET", "/ebox").header(name, "0852093431");
        let answer = asked.header(name, "0406798006").send().await;
        ensure!(answer.status == 400 && answer.json()["pointer"] == format!("/{name}"));
    }
    Ok(())
}

#[tokio::test]
async fn a_sender_that_falls_silent_loses_its_place() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let (promised, part) = (body.len().to_string(), &body[..body.len() - 40]);
    let request = counter.publication("slow", part).header("content-length", &promised);
    let answer = request.send().await;
    ensure!(answer.status == 408, "{answer:?}");
    Ok(())
}

/// Of bytes that trickle: slow enough to last for ever, and never silent for
/// long.
const PACE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_sender_that_trickles_for_ever_is_cut_off_and_holds_up_nobody() -> Result<()> {
    let ledger = sqlite().await?;
    let keys = [("API__ARRIVAL_SECS", "2"), ("API__PUBLICATIONS_MAX", "1")];
    let counter = Counter::set(&ledger, rulebook()?, &keys).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let part = &body[..body.len() - 40];
    let trickling = counter.publication("slow", part).header("content-length", "1000000");
    let began = Stopwatch::start();
    // The one place is taken when the next comes, and free before it is told 503.
    let (takes, taken) = oneshot::channel();
    let trickling = trickling.send_trickling(PACE, || takes.send(()).unwrap_or_default());
    let (cut_off, next) = tokio::join!(trickling, async {
        soon(taken).await?;
        anyhow::Ok(counter.publish("next", &body).await)
    });
    let next = next?;
    ensure!(cut_off.status == 408, "{cut_off:?}");
    ensure!(next.status == 201, "{next:?}");
    ensure!(began.elapsed() >= Duration::from_secs(2), "cut off before its time");
    Ok(())
}

#[tokio::test]
async fn an_upload_that_trickles_for_ever_is_cut_off_and_leaves_nothing() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::set(&ledger, rulebook()?, &[("API__ARRIVAL_SECS", "2")]).await?;
    let digest = Digest::of(b"never comes whole");
    let upload = counter.request_to("PUT", &format!("/documents/{digest}"));
    let upload = upload.header("content-type", "application/pdf");
    let answer = upload.header("content-length", "1000000").send_trickling(PACE, || ()).await;
    ensure!(answer.status == 408 && answer.code() == "MALFORMED", "{answer:?}");
    let asked = counter.request_to("GET", &format!("/documents/{digest}")).send().await;
    ensure!(asked.status == 404, "{asked:?}");
    Ok(())
}
