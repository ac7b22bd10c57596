//! Programs are told totals that were counted before, and never one that no
//! longer holds.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use facteur::clock::{Clock, FixedClock, SystemClock};
use facteur::domain::{PartitionId, Scope};
use facteur::mailbox::{Filter, Hidden, NewGrant, Page, Reader};
use jiff::SignedDuration;

use super::{House, is_not_found, reader};
use crate::support::desk::Desk;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    todays: sqlite_a_total_is_todays, postgres_a_total_is_todays;
    kept: sqlite_a_total_is_counted_once, postgres_a_total_is_counted_once;
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A box that programs ask for.
struct Polled<'a> {
    house: House<'a>,
    clock: Arc<FixedClock>,
    manager: Reader,
}

impl<'a> Polled<'a> {
    async fn open(ledger: &'a TestLedger) -> Result<Self> {
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let shared: Arc<dyn Clock> = clock.clone();
        let house = House::with_clock(ledger, Desk::open(ledger).await?, &shared)?;
        let manager = reader(&format!("person-{}", Company::Active.number()))?;
        Ok(Self { house, clock, manager })
    }

    async fn total(&self, reader: &Reader, filter: &Filter) -> Result<u64> {
        let (number, page) = (Company::Active.number(), Page { number: 1, size: 2 });
        let listed = self.house.mailbox.page(reader, number, filter, page).await?;
        listed.exact.context("no exact total")
    }

    /// Of the list, of what is unread in it, and of all with what is hidden: asked
    /// twice, since the first may have been counted.
    async fn totals(&self) -> Result<[u64; 3]> {
        let with_hidden = Filter { hidden: Hidden::With, ..Filter::default() };
        let mut totals = [0; 3];
        for (total, filter) in
            totals.iter_mut().zip([Filter::default(), Filter::unread(), with_hidden])
        {
            *total = self.total(&self.manager, &filter).await?;
            let again = self.total(&self.manager, &filter).await?;
            ensure!(again == *total, "{again} after {total}: {filter:?}");
        }
        Ok(totals)
    }

    async fn are(&self, what: &str, expected: [u64; 3]) -> Result<()> {
        let totals = self.totals().await?;
        ensure!(totals == expected, "{what}: {totals:?}, but {expected:?} is right");
        Ok(())
    }
}

async fn todays(ledger: &TestLedger) -> Result<()> {
    let polled = Polled::open(ledger).await?;
    let (house, manager) = (&polled.house, &polled.manager);
    polled.are("an empty box", [0, 0, 0]).await?;
    let one = house.post(&notice(Company::Active)).await?;
    let two = house.post(&attest(Company::Active)).await?;
    polled.are("two arrived", [2, 2, 2]).await?;
    house.post(&notice(Company::Occasional)).await?;
    polled.are("another box's", [2, 2, 2]).await?;
    house.mailbox.hide(manager, &[one]).await?;
    polled.are("one is hidden", [1, 1, 2]).await?;
    house.mailbox.show(manager, &[one]).await?;
    polled.are("and shown", [2, 2, 2]).await?;
    house.mailbox.open(manager, one).await?;
    polled.are("one is read", [2, 1, 2]).await?;
    house.post(&notice(Company::Active)).await?;
    polled.are("another arrived", [3, 2, 3]).await?;
    house.mailbox.hide(manager, &[two]).await?;
    house.post(&notice(Company::Active)).await?;
    polled.are("one went, one came", [3, 2, 4]).await?;
    house.mailbox.show(manager, &[two]).await?;
    // Six months are over, a year is not; and back.
    polled.clock.advance(DAY * 270);
    polled.are("what was valid for six months left", [3, 2, 3]).await?;
    polled.clock.advance(-DAY * 270);
    polled.are("it is here again when the clock is set back", [4, 3, 4]).await?;
    polled.clock.advance(DAY * 370);
    polled.are("all left", [0, 0, 0]).await?;
    polled.house.close().await
}

/// What a program may read is part of what its total counts.
async fn kept(ledger: &TestLedger) -> Result<()> {
    let polled = Polled::open(ledger).await?;
    let (house, manager) = (&polled.house, &polled.manager);
    let (number, all) = (Company::Active.number(), Filter::default());
    let general = house.post(&notice(Company::Active)).await?;
    house.post(&notice(Company::Active)).await?;
    let work: PartitionId = "WORK".parse()?;
    let program = reader("program")?;
    let new = NewGrant {
        id: None,
        person: program.record(),
        scope: Scope::All,
        partition: Some(work.clone()),
        from: None,
        to: None,
    };
    let grant = house.mailbox.give(manager, number, new).await?;
    ensure!(polled.total(&program, &all).await? == 0 && polled.total(manager, &all).await? == 2);
    house.mailbox.move_to(manager, &[general], work).await?;
    ensure!(polled.total(&program, &all).await? == 1 && polled.total(manager, &all).await? == 2);

    // What is changed behind the ledger's back shows that nothing is counted.
    ledger.execute("UPDATE messages SET hidden = 1".to_owned()).await?;
    ensure!(polled.total(manager, &all).await? == 2, "it was counted again");
    ledger.execute("UPDATE messages SET hidden = 0".to_owned()).await?;

    house.mailbox.withdraw(manager, number, grant).await?;
    let page = Page { number: 1, size: 2 };
    ensure!(is_not_found(house.mailbox.page(&program, number, &all, page).await));
    polled.house.close().await
}
