//! Content that is stored before its publication joins a batch, and what may
//! happen to it until the batch is committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use bytes::Bytes;
use facteur::clock::SystemClock;
use facteur::documents::upload::sweep;
use facteur::domain::{ApplicationId, Digest, IdempotencyKey};
use facteur::intake::{self, Direct, Hold, Judged, Step};
use facteur::ledger::LedgerError;
use facteur::lifecycle::Lifecycle;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::support::desk::Desk;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{TAX, notice_with};

on_both_ledgers! {
    swept_between_tries: sqlite_content_that_is_swept_between_two_tries_is_stored_again, postgres_content_that_is_swept_between_two_tries_is_stored_again;
}

const CONTENT: &[u8] = b"%PDF-1.7 a letter";

async fn direct(ledger: &TestLedger) -> Result<Direct> {
    let digest = Digest::of(CONTENT);
    let publication = notice_with(json!([{
        "httpPartName": "letter", "fileName": "letter.pdf", "isMainContent": true,
        "mediaType": "application/pdf",
        "content": { "sha256": digest.to_string(), "size": CONTENT.len() } }]));
    Ok(Direct {
        application: ApplicationId::new(TAX)?,
        reference: ledger.reference().await?,
        key: IdempotencyKey::new("placed")?,
        body: publication.to_string().into(),
        carried: vec![(digest, Bytes::from_static(CONTENT))],
    })
}

/// The first try fails for a passing reason, and by the second the claim is so
/// old that a sweep has taken the content.
async fn swept_between_tries(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let key = (ApplicationId::new(TAX)?, Digest::of(CONTENT));
    let (tries, swept) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (ours, documents) = (Arc::clone(&ledger.ledger), desk.documents.clone());
    let (counted, gone) = (Arc::clone(&tries), Arc::clone(&swept));
    let hold: Hold = Arc::new(move |step| {
        let is_first = step == Step::InlineStored && counted.fetch_add(1, Ordering::SeqCst) == 0;
        let (ours, documents, gone) = (Arc::clone(&ours), documents.clone(), Arc::clone(&gone));
        Box::pin(async move {
            if !is_first {
                return Ok(());
            }
            let (week, later) = (SignedDuration::from_hours(168), Timestamp::MAX);
            let count = sweep(&ours, &documents, week, later).await.unwrap_or(0);
            gone.store(count, Ordering::SeqCst);
            Err(LedgerError::Conflict)
        })
    });
    let intake = Arc::new(desk.intake_beside(ledger)?.held_by(hold));
    let lifecycle = Lifecycle::new();
    intake::run_direct(&lifecycle, Arc::clone(&intake), Arc::new(SystemClock), Uuid::now_v7());
    let verdict = intake.publish(direct(ledger).await?).await?;
    ensure!(matches!(verdict.judged, Judged::Accepted { .. }), "{verdict:?}");
    ensure!(swept.load(Ordering::SeqCst) == 1, "it was stored before its batch, and swept");
    ensure!(tries.load(Ordering::SeqCst) == 2, "{tries:?}");
    ensure!(desk.documents.head(&key).await? == Some(CONTENT.len() as u64), "it is missing");
    let row = ledger.document(&key).await?;
    ensure!(row.as_ref().is_some_and(|row| row.is_used && row.is_stored), "{row:?}");
    Ok(())
}
