//! Positions, concurrency, and what a deciding transaction sees.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::intake::{Arrival, Judged};
use facteur::ledger::{EntryKind, Ledger, Written};
use facteur::search::source::Source;
use futures_util::future::try_join_all;
use serde_json::json;

use crate::support::desk::{Desk, posted, posted_as, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    dense: sqlite_positions_are_dense_and_in_order, postgres_positions_are_dense_and_in_order;
    alike: sqlite_the_journal_is_alike_in_memory_and_database, postgres_the_journal_is_alike_in_memory_and_database;
    one_wins: sqlite_of_engines_with_one_key_one_wins, postgres_of_engines_with_one_key_one_wins;
    inside: sqlite_decides_on_what_holds_at_that_moment, postgres_decides_on_what_holds_at_that_moment;
    interned: sqlite_an_audience_is_stored_once, postgres_an_audience_is_stored_once;
}

const ENGINES: usize = 4;
const BATCHES: usize = 12;
const DOCUMENTS: usize = 5;

async fn engines(ledger: &TestLedger) -> Result<Vec<Desk>> {
    let mut desks = vec![Desk::open(ledger).await?];
    while desks.len() < ENGINES {
        let other = Arc::new(Ledger::open(&ledger.url, 2).await?);
        desks.push(Desk::beside(&other, rulebook()?)?);
    }
    Ok(desks)
}

/// A follower that reads while engines write never sees a gap, nor anything
/// behind what it has read.
async fn dense(ledger: &TestLedger) -> Result<()> {
    let desks = engines(ledger).await?;
    let writing = try_join_all(desks.iter().map(|desk| async move {
        for _ in 0..BATCHES {
            let batch: Result<Vec<Arrival>> =
                (0..DOCUMENTS).map(|_| posted(&notice(Company::Active))).collect();
            desk.deliver(batch?).await?;
        }
        anyhow::Ok(())
    }));
    let following = async {
        let mut last = 0;
        while last < i64::try_from(ENGINES * BATCHES * DOCUMENTS)? {
            for entry in ledger.journal_after(last, 7).await? {
                ensure!(entry.position == last + 1, "{} after {last}", entry.position);
                last = entry.position;
            }
            tokio::task::yield_now().await;
        }
        Ok(last)
    };
    let (_, last) = tokio::try_join!(writing, following)?;
    ensure!(ledger.position().await? == last);
    Ok(())
}

/// Who follows the journal beside its writer is shown what another process
/// reads from the database.
async fn alike(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let same = posted_as("same", &notice(Company::Active))?;
    let batch = [posted(&attest(Company::Active))?, same.clone(), same, posted(&json!({}))?];
    desk.deliver(batch.to_vec()).await?;
    desk.deliver_one(posted(&notice(Company::Boxless))?).await?;
    let other = Ledger::open(&ledger.url, 1).await?;
    for (after, limit) in [(0, 10), (0, 3), (2, 3), (4, 1), (5, 1)] {
        let (near, far) =
            tokio::try_join!(ledger.follow(after, limit), other.journal_after(after, limit))?;
        ensure!(near == far, "after {after}: {near:#?} {far:#?}");
        let limit = usize::try_from(limit)?;
        let (near, far) = tokio::try_join!(
            Source::after(&*ledger.ledger, after, limit),
            Source::after(&other, after, limit)
        )?;
        ensure!(near == far, "after {after}: {near:#?} {far:#?}");
    }
    other.close().await;
    Ok(())
}

/// Every engine is given the same keys at once; each key becomes one message,
/// and the others' deliveries are its repeats.
async fn one_wins(ledger: &TestLedger) -> Result<()> {
    let desks = engines(ledger).await?;
    let keys: Vec<String> = (0..20).map(|n| format!("key-{n}")).collect();
    let delivered = try_join_all(desks.iter().enumerate().map(|(n, desk)| {
        let mut keys = keys.clone();
        keys.rotate_left(n * 5);
        async move {
            let batch: Result<Vec<Arrival>> =
                keys.iter().map(|key| posted_as(key, &notice(Company::Occasional))).collect();
            desk.deliver(batch?).await
        }
    }));
    let judged: Vec<Judged> = delivered.await?.concat();
    let accepted = judged.iter().filter(|it| matches!(it, Judged::Accepted { .. })).count();
    let repeats =
        judged.iter().filter(|it| matches!(it, Judged::Repeat { first: Some(_) })).count();
    ensure!((accepted, repeats) == (20, 60), "{accepted} accepted, {repeats} repeats");
    let (account, findings) = ledger.verify().await?;
    ensure!((account.total.received, account.total.repeats) == (20, 60), "{account:?}");
    ensure!(account.total.letters.queued == 20, "{account:?}");
    ensure!(account.difference == 0 && findings.is_empty(), "{findings:?}");
    Ok(())
}

/// What another engine wrote just before counts, caches or not.
async fn inside(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let other = Ledger::open(&ledger.url, 1).await?;
    let medium = async |company| match desk.deliver_one(posted(&notice(company))?).await? {
        Judged::Accepted { medium, reason, .. } => Ok(format!("{} {reason}", medium.as_str())),
        other => bail!("{other:?}"),
    };
    let (number, now) = (Company::NeverOpened.number(), SystemClock.now());
    ensure!(medium(Company::NeverOpened).await? == "paper BOX_NEVER_OPENED");
    ensure!(other.touch_connection(number, now).await?);
    ensure!(medium(Company::NeverOpened).await? == "digital BOX_IN_USE");
    ensure!(other.change_preference(number, true, "anne", now).await? == Written::Changed);
    ensure!(medium(Company::NeverOpened).await? == "digital ALL_DIGITAL_CONSENT");
    ensure!(other.change_preference(number, false, "anne", now).await? == Written::Changed);
    ensure!(medium(Company::NeverOpened).await? == "digital BOX_IN_USE");

    let audience = async || match desk.deliver_one(posted(&attest(Company::Active))?).await? {
        Judged::Accepted { id, .. } => Ok(ledger.explain(id).await?.map(|it| it.audience)),
        other => bail!("{other:?}"),
    };
    let person = format!("person-{}", Company::Active.number());
    ensure!(audience().await? == Some(vec![person]));
    let grant = facteur::domain::GrantId::new("g")?;
    let withdrawn = other.withdraw_grant(Company::Active.number(), &grant, "anne", now);
    ensure!(withdrawn.await? == Written::Changed);
    ensure!(audience().await? == Some(vec![]), "a withdrawn grant");
    other.close().await;
    Ok(())
}

async fn interned(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    for company in [Company::Active, Company::Active, Company::Boxless, Company::Unknown] {
        desk.deliver_one(posted(&notice(company))?).await?;
    }
    // One of the company with a person, one of nobody.
    let stored = "SELECT CAST(count(*) AS TEXT),
        (SELECT CAST(count(*) AS TEXT) FROM policies) FROM audiences";
    ensure!(ledger.texts(stored).await? == [["2", "1"]]);
    let kinds = ledger.journal_after(0, 10).await?;
    ensure!(kinds.iter().all(|entry| entry.kind == EntryKind::Accepted), "{kinds:?}");
    Ok(())
}
