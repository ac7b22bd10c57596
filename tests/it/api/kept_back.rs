//! What a publication leaves behind that is not taken, and what its parts may
//! be called.

use anyhow::{Context as _, Result, ensure};
use facteur::domain::{ApplicationId, Digest, MessageId};
use serde_json::json;

use super::counter::{Counter, file, message, part, whole};
use crate::support::ledgers::{TestLedger, on_both_ledgers, sqlite};
use crate::support::world::{Company, TAX, notice_with};

on_both_ledgers! {
    large: sqlite_large_documents_are_not_stored_of_what_is_not_taken,
        postgres_large_documents_are_not_stored_of_what_is_not_taken;
}

fn letter(n: u8) -> Vec<u8> {
    [b"%PDF-1.7".to_vec(), vec![n; 200_000]].concat()
}

async fn is_stored(ledger: &TestLedger, counter: &Counter, content: &[u8]) -> Result<bool> {
    let key = (ApplicationId::new(TAX)?, Digest::of(content));
    let row = ledger.document(&key).await?;
    Ok(row.is_some() || counter.desk.documents.head(&key).await?.is_some())
}

async fn large(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let of = || notice_with(json!([{ "httpPartName": "a", "isMainContent": true }]));
    let (mut unknown, mut closed) = (of(), of());
    unknown["messageTypeId"] = json!("NOBODY-KNOWS");
    closed["recipient"]["enterpriseNumber"] = json!(Company::Closed.number());
    for (n, publication, status, code) in [
        (1, unknown, 403, "INVALID_SENDER"),
        (2, closed, 400, "ENTERPRISE_NOT_ACTIVE"),
        (3, of(), 201, ""),
        (4, of(), 409, "DUPLICATE_MESSAGE"),
    ] {
        let parts = [message(&publication), file("a", &letter(n))];
        let answer = counter.publish("large", &whole(&parts)).await;
        ensure!(answer.status == status, "{n}: {answer:?}");
        ensure!(code.is_empty() || answer.json()["code"] == code, "{n}: {answer:?}");
        let is_there = is_stored(ledger, &counter, &letter(n)).await?;
        ensure!(is_there == (status == 201), "{n}: {is_there}");
    }
    let account = serde_json::to_value(counter.account().await?)?;
    ensure!(account["repeats"] == 1 && account["accepted"] == 1, "{account}");
    Ok(())
}

/// As clients that know nothing of UTF-8 write it, and those that know RFC 5987.
#[tokio::test]
async fn file_names_of_older_clients_are_read() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let publication = notice_with(json!([{ "httpPartName": "a", "isMainContent": true }]));
    for (key, written) in [
        ("utf-8", "filename=\"r\u{e9}sum\u{e9}.pdf\"".as_bytes().to_vec()),
        ("latin-1", b"filename=\"r\xe9sum\xe9.pdf\"".to_vec()),
        ("extended", b"filename=\"x\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf".to_vec()),
    ] {
        // The head of a part is text to the helper: this one is made of bytes.
        let mark = "; @@\r\ncontent-type: application/pdf";
        let whole = whole(&[message(&publication), part("a", mark, b"%PDF-1.7")]);
        let at = whole.windows(2).position(|two| two == b"@@").context("a mark")?;
        let body = [&whole[..at], &written, &whole[at + 2..]].concat();
        let answer = counter.publish(key, &body).await;
        ensure!(answer.status == 201, "{key}: {answer:?}");
        let id: MessageId = answer.json()["messageId"].as_str().context("an id")?.parse()?;
        let explained = counter.ledger.explain(id).await?.context("not recorded")?;
        ensure!(explained.publication.contains("r\u{e9}sum\u{e9}.pdf"), "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn what_is_packed_is_refused_and_not_kept_as_what_it_is_not() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let publication = notice_with(json!([{ "httpPartName": "a", "isMainContent": true }]));
    let plain = whole(&[message(&publication), file("a", b"%PDF-1.7")]);
    let packed = counter.publication("packed", &plain).header("content-encoding", "gzip");
    let packed = packed.send().await;
    ensure!(packed.status == 415 && packed.json()["pointer"] == "/content-encoding", "{packed:?}");
    let asked = counter.request("/searchMessageStatus").header("content-encoding", "gzip");
    ensure!(asked.body(b"[]").send().await.status == 415);
    let head = "; filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\
                content-transfer-encoding: ";
    for (coding, status) in [("base64", 415), ("quoted-printable", 415), ("binary", 201)] {
        let coded = part("a", &format!("{head}{coding}"), b"JVBERi0xLjc=");
        let answer = counter.publish(coding, &whole(&[message(&publication), coded])).await;
        ensure!(answer.status == status, "{coding}: {answer:?}");
    }
    Ok(())
}
