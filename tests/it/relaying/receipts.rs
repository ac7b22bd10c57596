//! One receipt for each document, whatever became of it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::intake::{ClosedEnterprise, Rulebook};
use facteur::ledger::QuarantineState;
use facteur::queue::{Consumer, topology};
use serde_json::{Value, json};

use super::{Line, next, settings, stop};
use crate::support::desk::{Desk, arrival, by, posted, posted_as, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::wait::{stays_quiet, until};
use crate::support::world::{Company, ONSS, TAX, WORK, attest, notice};

on_both_ledgers! {
    kinds: sqlite_everything_is_told, postgres_everything_is_told;
    full: sqlite_a_full_queue_parks_its_application_alone, postgres_a_full_queue_parks_its_application_alone;
    killed: sqlite_a_killed_relay_repeats_the_same_ids, postgres_a_killed_relay_repeats_the_same_ids;
    shared: sqlite_two_relays_tell_once, postgres_two_relays_tell_once;
}

fn queue(application: &str) -> String {
    topology::receipts_queue(&application.parse().unwrap_or_else(|fault| panic!("{fault}")))
}

async fn events(consumer: &mut dyn Consumer, count: usize) -> Result<Vec<Vec<Value>>> {
    let (mut messages, mut events): (Vec<Vec<Value>>, usize) = (Vec::new(), 0);
    while events < count {
        let batch = next(consumer, "receipts").await?;
        messages.push(batch.as_array().context("no batch")?.clone());
        events += messages.last().map_or(0, Vec::len);
    }
    Ok(messages)
}

fn ids(messages: &[Vec<Value>]) -> Vec<u64> {
    let id = |event: &Value| event["id"].as_str().and_then(|id| id.parse().ok());
    messages.iter().flatten().filter_map(id).collect()
}

async fn kinds(ledger: &TestLedger) -> Result<()> {
    let hold = Rulebook { closed: ClosedEnterprise::Hold, ..rulebook()? };
    let desk = Desk::with(ledger, hold).await?;
    let mut forged = posted(&notice(Company::Active))?;
    forged.properties.user_id = None;
    let batch = vec![
        posted_as("good", &notice(Company::NeverOpened))?,
        arrival(TAX, "bad", "{")?,
        posted_as("good", &notice(Company::Active))?,
        posted_as("closed", &notice(Company::Closed))?,
        forged,
        posted_as("other", &attest(Company::Active))?,
    ];
    desk.deliver(batch).await?;
    let held = ledger.quarantine(Some(QuarantineState::Held), None, None, 1).await?;
    ledger.discard(held[0].id, by("anne", SystemClock.now())).await?;

    let few = super::Settings { receipts_per_message_max: 2, ..settings() };
    let line = Line::new(100, few).await?;
    let relay = line.relay(&ledger.ledger);
    let mut agency = line.consume(&queue(TAX)).await?;
    let messages = events(&mut *agency, 5).await?;
    ensure!(messages.iter().map(Vec::len).eq([2, 2, 1]), "{messages:?}");
    ensure!(ids(&messages) == [1, 2, 3, 4, 7]);
    let source = format!("urn:facteur:{}", ledger.epoch().await?);
    let all: Vec<&Value> = messages.iter().flatten().collect();
    ensure!(all.iter().all(|event| event["source"] == source), "{all:?}");
    let first = all[0]["data"]["messageId"].clone();
    for (event, kind, key, detail) in [
        (all[0], "accepted", "good", json!({ "medium": "paper", "flag": "NO_DIGITAL_USER" })),
        (all[1], "refused", "bad", json!({ "code": "MALFORMED" })),
        (all[2], "repeat", "good", json!({ "firstMessageId": first, "sameContent": false })),
        (all[3], "held", "closed", json!({ "pointer": "/recipient/enterpriseNumber" })),
        (all[4], "discarded", "closed", json!({ "code": "ENTERPRISE_NOT_ACTIVE" })),
    ] {
        ensure!(event["type"] == format!("facteur.document.{kind}"), "{event}");
        ensure!(event["data"]["idempotencyKey"] == key, "{event}");
        for (name, value) in detail.as_object().into_iter().flatten() {
            ensure!(event["data"]["detail"][name] == *value, "{kind}: {event}");
        }
    }
    ensure!(all[0]["data"]["organization"] == ONSS && all[0]["subject"] == first, "{}", all[0]);
    ensure!(all[0]["data"]["recipient"] == json!(Company::NeverOpened.number()));
    let mut other = line.consume(&queue(WORK)).await?;
    ensure!(ids(&events(&mut *other, 1).await?) == [6], "another's receipts");
    stop(relay).await;
    Ok(())
}

/// Its receipts wait, nobody else's do; nothing is lost, and the agency that
/// reads one message at a time gets on.
async fn full(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let single = super::Settings { receipts_per_message_max: 1, ..settings() };
    let line = Line::new(2, single).await?;
    let relay = line.relay(&ledger.ledger);
    for _ in 0..8 {
        desk.deliver_one(posted(&notice(Company::Active))?).await?;
    }
    until("it is parked", async || {
        ledger.cursors("receipts/").await.is_ok_and(|parked| parked.len() == 1)
    })
    .await;
    ensure!(line.queue.depth(&queue(TAX)).await? == 2);
    let mut other = line.consume(&queue(WORK)).await?;
    desk.deliver_one(posted(&attest(Company::Active))?).await?;
    ensure!(ids(&events(&mut *other, 1).await?) == [9], "another waits with it");
    desk.deliver_one(posted(&notice(Company::Active))?).await?;

    let mut agency = line.consume(&queue(TAX)).await?;
    let (mut told, mut messages) = (BTreeSet::new(), 0);
    let expected: BTreeSet<u64> = (1..=10).filter(|id| *id != 9).collect();
    while told != expected {
        told.extend(ids(&events(&mut *agency, 1).await?));
        messages += 1;
        ensure!(messages <= 3 * expected.len(), "{messages} messages, and it heard of {told:?}");
    }
    until("nobody is parked", async || {
        ledger.cursors("receipts/").await.is_ok_and(|parked| parked.is_empty())
    })
    .await;
    stop(relay).await;
    Ok(())
}

/// Killed after publishing and before moving its cursor: what comes twice has
/// the ids by which it is dropped.
async fn killed(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let line = Line::new(100, settings()).await?;
    for _ in 0..3 {
        desk.deliver_one(posted(&notice(Company::Active))?).await?;
    }
    let mut agency = line.consume(&queue(TAX)).await?;
    let first = line.relay(&ledger.ledger);
    let before = events(&mut *agency, 3).await?.concat();
    until("it has moved its cursor", async || {
        ledger.cursors("receipts").await.is_ok_and(|it| it.iter().any(|it| it.position == 3))
    })
    .await;
    stop(first).await;
    ledger.execute("UPDATE cursors SET position = 1".into()).await?;
    ledger.execute("DELETE FROM leases".into()).await?;
    let second = line.relay(&ledger.ledger);
    let again = events(&mut *agency, 2).await?.concat();
    ensure!(again == before[1..], "{again:?}");
    ensure!(stays_quiet(agency.next()).await, "more than was open");
    stop(second).await;
    Ok(())
}

async fn shared(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let line = Line::new(1_000, settings()).await?;
    let relays = [line.relay(&ledger.ledger), line.relay(&ledger.ledger)];
    for _ in 0..20 {
        desk.deliver_one(posted(&notice(Company::Active))?).await?;
    }
    let mut agency = line.consume(&queue(TAX)).await?;
    let told = ids(&events(&mut *agency, 20).await?);
    ensure!(told.iter().copied().eq(1..=20), "{told:?}");
    ensure!(line.queue.depth(topology::QUEUE_DEAD).await? == 0);
    ensure!(stays_quiet(agency.next()).await, "told twice");
    for relay in relays {
        stop(relay).await;
    }
    Ok(())
}
