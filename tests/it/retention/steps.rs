//! An engine that dies between two steps leaves work, not damage; and what is
//! about to be named is not taken.

use anyhow::{Result, ensure};
use facteur::clock::{Clock as _, SystemClock};
use facteur::documents::upload;
use facteur::ledger::{Records, Wanted, needed_through};
use facteur::retention::{Retention, Round};
use uuid::Uuid;

use super::{DAY, Place, YEAR, content, with_content};
use crate::support::desk::rulebook;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    broken_off: sqlite_every_step_may_be_the_last, postgres_every_step_may_be_the_last;
    in_flight: sqlite_what_is_about_to_be_named_stays, postgres_what_is_about_to_be_named_stays;
    together: sqlite_two_engines_do_it_once, postgres_two_engines_do_it_once;
}

/// Does each step alone, as an engine that was killed after it would have.
async fn broken_off(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    place.house.post(&with_content(Company::Active)).await?;
    place.clock.advance(YEAR + DAY * 3);
    let now = place.clock.now();
    ensure!(ledger.expire_messages(10, now).await? == 1);
    place.balances().await?;
    ensure!(ledger.expire_messages(10, now).await? == 0);
    ensure!(ledger.release_documents(now - DAY * 7, 10, now).await? == 1);
    ensure!(ledger.release_documents(now - DAY * 7, 10, now).await? == 0);
    place.balances().await?;
    // Its content is deleted, and the row is still there.
    let documents = &place.house.desk.documents;
    let sweep = ledger.sweep_documents(now - DAY * 7, 10).await?;
    ensure!(sweep.keys() == [content()?], "{:?}", sweep.keys());
    documents.delete_many(sweep.keys()).await?;
    drop(sweep);
    place.balances().await?;
    ensure!(upload::sweep(ledger, documents, DAY * 7, now).await? == 1);
    ensure!(ledger.document(&content()?).await?.is_none());
    place.balances().await?;
    place.house.close().await
}

/// A batch has looked the document up and is about to name it: a release of
/// that moment leaves it.
async fn in_flight(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    place.house.post(&with_content(Company::Active)).await?;
    place.clock.advance(YEAR + DAY * 3);
    let (now, policy) = (place.clock.now(), rulebook()?.policy);
    ensure!(ledger.expire_messages(10, now).await? == 1);
    let today = needed_through(now) - 1;
    let wanted = Wanted { documents: [content()?].into(), today, ..Wanted::default() };
    let mut batch = ledger.begin().await?;
    let reference = batch.reference().await?;
    let known = batch.look_up(reference, &wanted).await?.documents;
    ensure!(known.contains_key(&content()?), "{known:?}");
    let naming = async {
        let used = vec![(content()?, needed_through(now + YEAR))];
        let records = Records { used, ..Records::default() };
        batch.record(records, &policy, now).await?;
        anyhow::Ok(batch.commit().await?)
    };
    let release = ledger.release_documents(now - DAY * 7, 10, now);
    let (named, released) = tokio::join!(naming, release);
    named?;
    ensure!(released? == 0 && place.has_content().await?);
    ensure!(ledger.release_documents(now - DAY * 7, 10, now).await? == 0, "it is named again");

    // The other way round, nobody can build on it any more.
    let later = now + YEAR + DAY * 3;
    ensure!(ledger.release_documents(later - DAY * 7, 10, later).await? == 1);
    let mut batch = ledger.begin().await?;
    let reference = batch.reference().await?;
    let today = needed_through(later) - 1;
    let known = batch.look_up(reference, &Wanted { today, ..wanted }).await?.documents;
    ensure!(known.is_empty(), "{known:?}");
    drop(batch);
    // Uploaded again in time, it is kept: its sweep looks at its last claim.
    let (documents, key) = (&place.house.desk.documents, content()?);
    let pieces = futures_util::stream::iter([Ok::<_, std::convert::Infallible>("content".into())]);
    upload::upload(ledger, documents, &key, Some("application/pdf"), pieces, later).await?;
    ensure!(upload::sweep(ledger, documents, DAY * 7, later).await? == 0);
    ensure!(place.has_content().await?);
    place.house.close().await
}

async fn together(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    for _ in 0..20 {
        place.house.post(&with_content(Company::Active)).await?;
    }
    place.clock.advance(YEAR + DAY * 3);
    let now = place.clock.now();
    let (one, other) =
        tokio::join!(ledger.expire_messages(15, now), ledger.expire_messages(15, now));
    let both = one? + other?;
    let rest = ledger.expire_messages(100, now).await?;
    ensure!(both + rest == 20, "{both} and {rest}");
    let expired = "SELECT kind FROM journal WHERE kind = 'expired'";
    ensure!(ledger.texts(expired).await?.len() == 20, "each is told once");
    // Another engine leaves it to whoever has the lease.
    place.retention.round().await?;
    let other = Retention {
        ledger: place.retention.ledger.clone(),
        documents: place.retention.documents.clone(),
        clock: place.retention.clock.clone(),
        engine: Uuid::now_v7(),
        unreferenced: DAY * 7,
        session_idle: DAY,
        record_years: 10,
    };
    ensure!(other.round().await? == Round::default());
    place.balances().await?;
    ensure!(!place.has_content().await? && SystemClock.now() < now);
    place.house.close().await
}
