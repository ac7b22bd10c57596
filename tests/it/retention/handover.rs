//! What an engine of the release before leaves open, while engines are
//! exchanged one by one.

use anyhow::{Result, ensure};
use facteur::clock::Clock as _;
use facteur::ledger::{NoticeTime, needed_through};
use facteur::mailbox::Notification;
use uuid::Uuid;

use super::{DAY, Place, YEAR, with_content};
use crate::mailbox::reader;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    unknown: sqlite_a_document_of_unknown_need_stays, postgres_a_document_of_unknown_need_stays;
    again: sqlite_what_an_old_engine_names_again_stays, postgres_what_an_old_engine_names_again_stays;
    told: sqlite_a_box_that_an_old_engine_set_is_told, postgres_a_box_that_an_old_engine_set_is_told;
}

async fn needs(ledger: &TestLedger) -> Result<Vec<Vec<String>>> {
    ledger.texts("SELECT CAST(needed_through AS TEXT) FROM documents").await
}

async fn unknown(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    place.retention.round().await?;
    let posted = needed_through(place.clock.now());
    place.house.post(&with_content(Company::Active)).await?;
    let known = needs(ledger).await?;
    ledger.execute("UPDATE documents SET needed_through = 0".into()).await?;
    place.clock.advance(DAY * 60);
    let now = place.clock.now();
    ensure!(ledger.release_documents(now - DAY * 7, 10, now).await? == 0, "nobody asked yet");
    ensure!(place.retention.round().await?.released == 0 && place.has_content().await?);
    ensure!(needs(ledger).await? == known && known[0][0].parse::<i64>()? > posted + 360);

    // Its time over, it is released, and an old engine may name it once more.
    place.clock.advance(YEAR - DAY * 50);
    ensure!(place.retention.round().await?.released == 1 && !place.has_content().await?);
    place.house.post(&with_content(Company::Active)).await?;
    let now = place.clock.now() + YEAR + DAY * 3;
    ensure!(ledger.expire_messages(10, now).await? == 1);
    ensure!(ledger.release_documents(now - DAY * 7, 10, now).await? == 1);
    ensure!(needs(ledger).await? == [["0"]], "nothing of its old need is left");
    place.house.close().await
}

/// The day that it says is one of before.
async fn again(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    place.retention.round().await?;
    place.house.post(&with_content(Company::Active)).await?;
    let known = needs(ledger).await?;
    ledger.execute("UPDATE documents SET needed_through = 1".into()).await?;
    place.clock.advance(DAY * 60);
    ledger.beat(Uuid::now_v7(), place.clock.now()).await?;
    ensure!(place.retention.round().await?.released == 0 && place.has_content().await?);
    place.clock.advance(DAY);
    ensure!(place.retention.round().await?.released == 0 && place.has_content().await?);
    ensure!(needs(ledger).await? == known);
    place.balances().await?;
    place.house.close().await
}

async fn told(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    let (told, silent) = (Company::Active.number(), Company::Occasional.number());
    for (number, address) in [(told, Some("ok@company.example".to_owned())), (silent, None)] {
        let settings = Notification { address, hour: 6 };
        let chief = reader(&format!("person-{number}"))?;
        place.house.mailbox.set_notification(&chief, number, &settings).await?;
    }
    ledger.execute("UPDATE notification_settings SET next_notice_at = NULL".into()).await?;
    place.retention.round().await?;
    let planned = "SELECT CAST(enterprise AS TEXT) FROM notification_settings
        WHERE next_notice_at IS NOT NULL";
    ensure!(ledger.texts(planned).await? == [[told.value().to_string()]]);
    ensure!(ledger.make_notices(10, NoticeTime::by(&*place.clock)).await?.boxes == 1);
    place.house.close().await
}
