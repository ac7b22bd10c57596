//! What several engines share: cursors, leases, the letters that wait.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Change, Enterprise, Language, Record};
use facteur::ledger::{Cursor, Releasable};
use facteur::paper::days;
use facteur::paper::ticket::Ticket;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::support::desk::{Desk, posted};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::office;
use crate::support::world::{Company, LETTER, notice};

on_both_ledgers! {
    cursors: sqlite_cursors_never_move_back, postgres_cursors_never_move_back;
    leases: sqlite_a_lease_has_one_owner, postgres_a_lease_has_one_owner;
    fast: sqlite_a_clock_that_is_fast_keeps_no_lease, postgres_a_clock_that_is_fast_keeps_no_lease;
    alive: sqlite_engines_are_counted_while_they_live, postgres_engines_are_counted_while_they_live;
    idle: sqlite_an_idle_engine_lends_its_share, postgres_an_idle_engine_lends_its_share;
    under_way: sqlite_tickets_under_way_are_sent_or_wait_again, postgres_tickets_under_way_are_sent_or_wait_again;
    remembered: sqlite_a_ticket_from_memory_says_what_the_ledger_says, postgres_a_ticket_from_memory_says_what_the_ledger_says;
    letters: sqlite_letters_are_released_once_registered_first, postgres_letters_are_released_once_registered_first;
}

fn cursor(name: &str, position: i64) -> Cursor {
    Cursor { name: name.into(), position }
}

async fn cursors(ledger: &TestLedger) -> Result<()> {
    ledger.move_cursors(&[cursor("receipts", 5), cursor("receipts/a", 2)], &[]).await?;
    ledger.move_cursors(&[cursor("receipts", 3)], &[]).await?;
    let all = [cursor("receipts", 5), cursor("receipts/a", 2)];
    ensure!(ledger.cursors("receipts").await? == all);
    ensure!(ledger.cursors("letters").await?.is_empty());
    ledger.move_cursors(&[cursor("receipts", 9)], &[cursor("receipts/a", 1)]).await?;
    let moved = "it was moved since it was read: what lies behind it would be lost";
    ensure!(ledger.cursors("receipts/a").await? == [cursor("receipts/a", 2)], "{moved}");
    ledger.move_cursors(&[], &[cursor("receipts/a", 2)]).await?;
    ensure!(ledger.cursors("receipts").await? == [cursor("receipts", 9)]);
    Ok(())
}

async fn leases(ledger: &TestLedger) -> Result<()> {
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let length = SignedDuration::from_secs(10);
    let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds);
    let lease = async |engine, seconds| {
        anyhow::Ok(ledger.lease("task", engine, at(seconds)?, length).await?)
    };
    ensure!(lease(one, 0).await?);
    ensure!(!lease(other, 5).await?, "it is taken");
    ensure!(lease(one, 9).await?, "its owner renews it");
    ensure!(!lease(other, 15).await?, "it was renewed");
    ensure!(lease(other, 20).await?, "it ran out");
    ensure!(!lease(one, 21).await?);
    ensure!(ledger.lease("another", one, at(21)?, length).await?, "another task");
    ledger.leave(other, at(22)?).await?;
    ensure!(lease(one, 22).await?, "whoever leaves gives it back");
    Ok(())
}

/// An engine dies while its clock is wrong: nobody waits until that time comes.
async fn fast(ledger: &TestLedger) -> Result<()> {
    const FAST_S: i64 = 7_200;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let length = SignedDuration::from_secs(10);
    let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds);
    ensure!(ledger.lease("task", one, at(FAST_S)?, length).await?);
    ensure!(ledger.lease("task", other, at(0)?, length).await?, "such a lease is not believed");
    ensure!(ledger.lease("another", one, at(5)?, length).await?);
    ensure!(!ledger.lease("another", other, at(0)?, length).await?, "clocks differ a little");
    ledger.beat(one, at(FAST_S)?).await?;
    ensure!(ledger.beat(other, at(0)?).await? == 1, "nobody is seen in the future");
    Ok(())
}

async fn alive(ledger: &TestLedger) -> Result<()> {
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds);
    ensure!(ledger.beat(one, at(0)?).await? == 1);
    ensure!(ledger.beat(other, at(1)?).await? == 2);
    ensure!(ledger.beat(other, at(14)?).await? == 2);
    ensure!(ledger.beat(other, at(20)?).await? == 1, "one is silent");
    ensure!(ledger.beat(one, at(21)?).await? == 2);
    ledger.leave(other, at(22)?).await?;
    ensure!(ledger.beat(one, at(23)?).await? == 1);
    Ok(())
}

/// A pace is shared among those that take; who begins takes its own share only.
async fn idle(ledger: &TestLedger) -> Result<()> {
    let (takes, waits) = (Uuid::now_v7(), Uuid::now_v7());
    let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds);
    ensure!(ledger.beat_sharing(takes, false, at(0)?).await? == 1);
    ensure!(ledger.beat_sharing(waits, true, at(1)?).await? == 2, "its share, were it to begin");
    ensure!(ledger.beat_sharing(takes, false, at(2)?).await? == 1, "an idle one has no share");
    ensure!(ledger.engines_alive(at(2)?).await? == 2, "it is alive all the same");
    ensure!(ledger.beat_sharing(waits, false, at(3)?).await? == 2);
    ensure!(ledger.beat_sharing(takes, false, at(4)?).await? == 2, "it began");
    ensure!(ledger.beat_sharing(waits, true, at(5)?).await? == 2);
    ensure!(ledger.beat_sharing(takes, false, at(6)?).await? == 1, "it rests");
    ledger.beat(waits, at(21)?).await?;
    ensure!(ledger.beat_sharing(takes, false, at(21)?).await? == 2, "it says so no more");
    Ok(())
}

async fn letters(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    for registered in [false, true, false, true] {
        let mut letter = notice(Company::Active);
        letter["messageTypeId"] = json!(LETTER);
        letter["registered"] = json!(registered);
        desk.deliver_one(posted(&letter)?).await?;
    }
    let now = SystemClock.now();
    ensure!(ledger.unreleased_letters().await? == 4);
    let office = office::over(&ledger.ledger, &desk.documents, office::PRINTERS)?;
    ensure!(office.plan_all().await? == 4 && office.plan_all().await? == 0);
    let oldest = ledger.oldest_letters().await?;
    ensure!(oldest.len() == 1 && oldest[0].0 == "overflow" && oldest[0].1 <= now, "{oldest:?}");
    let today = days::today(now);
    let which = |today| Releasable { printer: "overflow", today, limit: 10 };
    ensure!(ledger.letters_to_release(which(today - 1)).await?.is_empty(), "not before its day");
    let jobs = ledger.letters_to_release(which(today)).await?;
    ensure!(jobs.len() == 4 && jobs[0] < jobs[1] && jobs[2] < jobs[3], "the oldest first");
    let first =
        ledger.release_letters("overflow", jobs[..2].to_vec(), now).await?.context("nothing")?;
    let registered = ledger.tickets_of(&first).await?;
    ensure!(registered.iter().map(|letter| letter.job).eq(jobs[..2].iter().copied()));
    ensure!(registered.iter().all(|letter| letter.registered), "{registered:?}");
    ensure!(ledger.letters_to_release(which(today)).await? == jobs[2..]);
    ensure!(ledger.release_letters("overflow", vec![], now).await?.is_none());
    Ok(())
}

/// Whatever is known of a ticket that is on its way, its letter is released once
/// or waits again.
async fn under_way(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    for _ in 0..4 {
        let mut letter = notice(Company::Active);
        letter["messageTypeId"] = json!(LETTER);
        desk.deliver_one(posted(&letter)?).await?;
    }
    let office = office::over(&ledger.ledger, &desk.documents, office::PRINTERS)?;
    ensure!(office.plan_all().await? == 4);
    let now = SystemClock.now();
    let which = Releasable { printer: "overflow", today: days::today(now), limit: 10 };
    let jobs = ledger.letters_to_release(which).await?;
    let released = async |jobs: &[Uuid], at| {
        ledger.release_letters("overflow", jobs.to_vec(), at).await?.context("nothing")
    };

    // The broker took one, and not the other.
    let one = released(&jobs[..2], now).await?;
    ledger.tickets_sent(&one, &jobs[1..2]).await?;
    ensure!(ledger.letters_to_release(which).await? == jobs[1..]);
    ensure!(ledger.put_back_tickets(|_| false).await? == 0, "it was settled");

    // Whoever gave these out was killed.
    let other = released(&jobs[1..], now + SignedDuration::from_secs(1)).await?;
    ensure!(ledger.letters_to_release(which).await?.is_empty());
    ensure!(
        ledger.put_back_tickets(|_| false).await? == 3
            && ledger.put_back_tickets(|_| false).await? == 0
    );
    ensure!(ledger.letters_to_release(which).await? == jobs[1..]);
    ensure!(ledger.tickets_of(&other).await?.is_empty(), "they wait again");

    // It was not killed after all, and says so too late: that changes nothing.
    let again = released(&jobs[1..], now + SignedDuration::from_secs(2)).await?;
    ledger.tickets_sent(&other, &other.jobs).await?;
    ensure!(ledger.letters_to_release(which).await?.is_empty());
    ledger.recall_letters(&jobs[1..2], "anne", now).await?;
    let left = ledger.tickets_of(&again).await?;
    ensure!(left.iter().map(|letter| letter.job).eq(jobs[2..].iter().copied()), "{left:?}");
    ledger.tickets_sent(&again, &[]).await?;
    ensure!(ledger.unreleased_letters().await? == 0);
    Ok(())
}

/// What was recorded a moment ago is not read back, once: the second time it is.
async fn remembered(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let company = ledger.enterprise(Company::Active.number()).await?.context("unknown")?;
    let company = Enterprise { language: Language::De, ..company.enterprise };
    let change = Change::Put(Record::Enterprise(company));
    ledger.change_registry(&[change], "anne", SystemClock.now()).await?;
    let address = json!({ "lines": ["Rue Haute 1"], "postalCode": "1000", "town": "Bruxelles" });
    for address in [Some(address), None] {
        let mut letter = notice(Company::Active);
        letter["messageTypeId"] = json!(LETTER);
        if let Some(address) = address {
            letter["postal"] = json!({ "address": address });
        }
        desk.deliver_one(posted(&letter)?).await?;
    }
    let office = office::over(&ledger.ledger, &desk.documents, office::PRINTERS)?;
    ensure!(office.plan_all().await? == 2);
    let now = SystemClock.now();
    let which = Releasable { printer: "overflow", today: days::today(now), limit: 10 };
    let jobs = ledger.letters_to_release(which).await?;
    let under_way = ledger.release_letters("overflow", jobs, now).await?.context("nothing")?;
    let tickets = async || {
        let letters = ledger.tickets_of(&under_way).await?;
        let tickets = letters.iter().filter_map(|letter| office.ticket(letter));
        // Links say when they were made.
        let plain = |ticket| Ticket { package: String::new(), expires_at: now, ..ticket };
        anyhow::Ok(tickets.map(plain).collect::<Vec<_>>())
    };
    let (remembered, read) = (tickets().await?, tickets().await?);
    ensure!(remembered.len() == 2 && remembered == read, "{remembered:?} is not {read:?}");
    ensure!(read.iter().all(|ticket| ticket.options.language == Language::De), "{read:?}");
    Ok(())
}
