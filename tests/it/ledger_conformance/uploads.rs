//! Uploads between the batch that names them and the sweep that takes what
//! nobody names.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{ApplicationId, Digest};
use facteur::ledger::{Claimed, DocumentKey, Records, Wanted, needed_through};
use jiff::{SignedDuration, Timestamp};

use crate::support::desk::rulebook;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::TAX;

on_both_ledgers! {
    named: sqlite_the_sweep_leaves_what_a_batch_names, postgres_the_sweep_leaves_what_a_batch_names;
    swept: sqlite_the_sweep_takes_what_is_old_and_not_named, postgres_the_sweep_takes_what_is_old_and_not_named;
}

async fn uploaded(ledger: &TestLedger, content: &[u8], at: Timestamp) -> Result<DocumentKey> {
    let key = (ApplicationId::new(TAX)?, Digest::of(content));
    let claim = Claimed { key: key.clone(), size: 0, media_type: None };
    ledger.claim_documents(&[claim], at).await?;
    ledger.document_stored(&key, content.len() as u64, Some("application/pdf")).await?;
    Ok(key)
}

/// Looked up by a batch that is about to name it, and old enough to be swept:
/// whoever comes second leaves it or waits.
async fn named(ledger: &TestLedger) -> Result<()> {
    let key = uploaded(ledger, b"letter", Timestamp::UNIX_EPOCH).await?;
    let policy = rulebook()?.policy;
    let now = SystemClock.now();
    let mut batch = ledger.begin().await?;
    let reference = batch.reference().await?;
    let wanted = Wanted { documents: [key.clone()].into(), ..Wanted::default() };
    let known = batch.look_up(reference, &wanted).await?.documents;
    ensure!(known.get(&key).is_some_and(|document| document.size == 6), "{known:?}");
    let naming = async {
        let records = Records {
            used: vec![(key.clone(), needed_through(now + SignedDuration::from_hours(24)))],
            ..Records::default()
        };
        batch.record(records, &policy, now).await?;
        batch.commit().await
    };
    let (named, swept) = tokio::join!(naming, ledger.sweep_documents(now, 10));
    named?;
    let swept = swept?;
    ensure!(swept.keys().is_empty(), "{:?}", swept.keys());
    swept.finish().await?;
    let row = ledger.document(&key).await?.context("gone")?;
    ensure!(row.is_used && row.is_stored, "{row:?}");
    ensure!(ledger.sweep_documents(now, 10).await?.keys().is_empty(), "while it is named");
    Ok(())
}

async fn swept(ledger: &TestLedger) -> Result<()> {
    let now = SystemClock.now();
    let week = SignedDuration::from_hours(24 * 7);
    let old = uploaded(ledger, b"old", now - week - week).await?;
    let young = uploaded(ledger, b"young", now).await?;
    let again = uploaded(ledger, b"again", now - week - week).await?;
    uploaded(ledger, b"again", now).await?;
    let sweep = ledger.sweep_documents(now - week, 10).await?;
    ensure!(sweep.keys() == [old.clone()], "{:?}", sweep.keys());
    drop(sweep);
    // Broken off, it is swept again; meanwhile nobody can name it.
    let mut batch = ledger.begin().await?;
    let reference = batch.reference().await?;
    let wanted = Wanted { documents: [old.clone(), young.clone()].into(), ..Wanted::default() };
    let known = batch.look_up(reference, &wanted).await?.documents;
    ensure!(known.keys().eq([&young]), "{known:?}");
    drop(batch);
    ensure!(ledger.sweep_documents(now - week, 10).await?.finish().await? == 1);
    ensure!(ledger.document(&old).await?.is_none());
    for key in [young, again] {
        ensure!(ledger.document(&key).await?.is_some_and(|row| row.is_stored), "{key:?}");
    }
    Ok(())
}
