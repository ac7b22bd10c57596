//! Changes that are made together, and when messages leave the box.

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Language, PartitionId};
use facteur::mailbox::{Change, Filter, Hidden, Order, Page, Place};
use jiff::SignedDuration;

use super::{House, is_not_found, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    together: sqlite_changes_are_made_together, postgres_changes_are_made_together;
    expiry: sqlite_a_list_knows_when_messages_leave, postgres_a_list_knows_when_messages_leave;
}

async fn together(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let manager = reader(&format!("person-{number}"))?;
    let one = house.post(&notice(Company::Active)).await?;
    let two = house.post(&notice(Company::Active)).await?;
    let work: PartitionId = "WORK".parse()?;
    let hide = Change { id: one, is_visible: Some(false), partition: None };
    let lost = Change { id: two, is_visible: None, partition: Some("NOWHERE".parse()?) };
    let before = ledger.position().await?;
    ensure!(is_not_found(house.mailbox.change(&manager, number, &[hide.clone(), lost]).await));
    let elsewhere = Company::Occasional.number();
    let asked = house.mailbox.change(&manager, elsewhere, std::slice::from_ref(&hide));
    ensure!(is_not_found(asked.await));
    ensure!(ledger.position().await? == before, "nothing was done by halves");
    ensure!(!house.mailbox.describe(&manager, one).await?.0.is_hidden);
    let moved = Change { id: two, is_visible: Some(false), partition: Some(work.clone()) };
    ensure!(house.mailbox.change(&manager, number, &[hide, moved]).await? == 3);
    let (first, _) = house.mailbox.describe(&manager, one).await?;
    let (second, _) = house.mailbox.describe(&manager, two).await?;
    ensure!(first.is_hidden && second.is_hidden && second.partition == work);
    house.close().await
}

async fn expiry(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let (manager, place) = (reader(&format!("person-{number}"))?, Place::Box(number));
    // A year, and six months.
    let later = house.post(&notice(Company::Active)).await?;
    let sooner = house.post(&attest(Company::Active)).await?;
    house.indexed().await?;
    let between = SystemClock.now() + SignedDuration::from_hours(24 * 270);
    let with = Filter { hidden: Hidden::With, ..Filter::default() };
    let (to, from) = (
        Filter { expires_to: Some(between), ..with.clone() },
        Filter { expires_from: Some(between), ..with },
    );
    let page = Page::default();
    for (filter, id) in [(to, sooner), (from, later)] {
        for mailbox in [&house.mailbox, &house.plain] {
            let listed = mailbox.list(&manager, place, &filter, Order::Newest, page).await?;
            ensure!(listed.lines.len() == 1 && listed.lines[0].id == id, "{listed:?}");
            ensure!(listed.exact == Some(1), "{listed:?}");
            ensure!(mailbox.exact_count(&manager, place, None, &filter).await? == 1);
        }
        let text = "avis de pai";
        let found = house.mailbox.search(&manager, place, Language::Fr, text, &filter, page);
        let found = found.await?;
        ensure!(found.lines.len() == 1 && found.lines[0].id == id, "{found:?}");
        ensure!(found.exact == Some(1), "{found:?}");
    }
    house.close().await
}
