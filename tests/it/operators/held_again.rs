//! What was put aside before and comes again: the entry of the quarantine says
//! what its sender was told last, and what was told that it waits goes on.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Code, LegalState, MessageTypeId, Record, Refusal};
use facteur::intake::{Arrival, ClosedEnterprise, Judged, Rulebook};
use facteur::ledger::{Controlled, QuarantineEntry, QuarantineState};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::desk::{Desk, by, posted_as, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, NOTICE, ONSS, TAX, notice};

on_both_ledgers! {
    discarded: sqlite_what_was_discarded_is_held_and_goes_on, postgres_what_was_discarded_is_held_and_goes_on;
    open: sqlite_what_was_refused_is_held_and_goes_on, postgres_what_was_refused_is_held_and_goes_on;
    redelivered: sqlite_what_was_refused_is_handed_out_again_and_held, postgres_what_was_refused_is_handed_out_again_and_held;
    closed: sqlite_what_was_discarded_waits_for_its_company, postgres_what_was_discarded_waits_for_its_company;
    paused: sqlite_what_waits_for_its_company_waits_for_its_type, postgres_what_waits_for_its_company_waits_for_its_type;
    replayed: sqlite_a_replay_leaves_the_fault_of_today, postgres_a_replay_leaves_the_fault_of_today;
    reopened: sqlite_an_entry_reopens_with_the_fault_of_today, postgres_an_entry_reopens_with_the_fault_of_today;
    published: sqlite_an_open_entry_has_the_fault_of_today, postgres_an_open_entry_has_the_fault_of_today;
}

/// A type that nobody registered yet.
const NEW: &str = "TAX-NEW";

fn of_new_type() -> Result<Arrival> {
    let mut publication = notice(Company::Active);
    publication["messageTypeId"] = json!(NEW);
    posted_as("again", &publication)
}

async fn register_type(ledger: &TestLedger, desk: &Desk) -> Result<()> {
    let validity = json!({ "count": 1, "unit": "year" });
    let line = json!({ "kind": "messageType", "id": NEW, "name": { "fr": "Avis" },
                       "validity": validity, "level": 1 });
    desk.register(ledger, &line).await
}

async fn register_trio(ledger: &TestLedger, desk: &Desk) -> Result<()> {
    let line =
        json!({ "kind": "trio", "organization": ONSS, "application": TAX, "messageType": NEW });
    desk.register(ledger, &line).await
}

async fn pause(ledger: &TestLedger, kind: &str, is_paused: bool) -> Result<()> {
    let (kind, act) = (MessageTypeId::new(kind)?, by("anne", SystemClock.now()));
    ensure!(ledger.control_type(&kind, is_paused, act).await? == Controlled::Done);
    Ok(())
}

async fn discard(ledger: &TestLedger) -> Result<()> {
    let entry = only_entry(ledger).await?;
    ensure!(ledger.discard(entry.id, by("anne", SystemClock.now())).await?);
    Ok(())
}

async fn only_entry(ledger: &TestLedger) -> Result<QuarantineEntry> {
    let mut entries = ledger.quarantine(None, None, None, 10).await?;
    ensure!(entries.len() == 1, "{entries:?}");
    Ok(entries.remove(0))
}

async fn is_whole(ledger: &TestLedger) -> Result<()> {
    let (account, findings) = ledger.verify().await?;
    ensure!(account.difference == 0 && findings.is_empty(), "{account:?} {findings:?}");
    Ok(())
}

/// The type is unknown, which is told; answers the refusal.
async fn refused(desk: &Desk) -> Result<Refusal> {
    let judged = desk.deliver_one(of_new_type()?).await?;
    let Judged::Quarantined(refusal) = judged else { anyhow::bail!("{judged:?}") };
    ensure!(refusal.code == Code::InvalidSender, "{refusal:?}");
    Ok(refusal)
}

/// Its only entry waits for this reason, whatever it was before.
async fn is_held(ledger: &TestLedger, judged: &Judged, code: Code) -> Result<Uuid> {
    let Judged::Held(refusal) = judged else { anyhow::bail!("{judged:?}") };
    ensure!(refusal.code == code, "{refusal:?}");
    let entry = only_entry(ledger).await?;
    ensure!(entry.state == QuarantineState::Held && entry.refusal == *refusal, "{entry:?}");
    ensure!(entry.resolved_at.is_none() && entry.resolved_by.is_none(), "{entry:?}");
    let total = ledger.account().await?.total;
    ensure!((total.received, total.held) == (1, 1), "{total:?}");
    is_whole(ledger).await?;
    Ok(entry.id)
}

/// Its type's going on finds it, and it becomes a message.
async fn goes_on(ledger: &TestLedger, desk: &Desk, kind: &str) -> Result<()> {
    pause(ledger, kind, false).await?;
    let kinds = ledger.held_types().await?;
    let kind = MessageTypeId::new(kind)?;
    ensure!(kinds == std::slice::from_ref(&kind), "{kinds:?}");
    let entries = ledger.held_of_type(&kind, Uuid::nil(), 10).await?;
    ensure!(entries.len() == 1, "{entries:?}");
    is_accepted(ledger, desk, entries[0]).await
}

async fn is_accepted(ledger: &TestLedger, desk: &Desk, entry: Uuid) -> Result<()> {
    let judged = desk.intake.replay(entry, "engine", &CancellationToken::new()).await?;
    ensure!(matches!(judged, Judged::Accepted { .. }), "{judged:?}");
    let total = ledger.account().await?.total;
    ensure!((total.received, total.accepted, total.held) == (1, 1, 0), "{total:?}");
    is_whole(ledger).await
}

async fn discarded(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    refused(&desk).await?;
    discard(ledger).await?;
    is_held_until_its_type_goes_on(ledger, &desk, false).await
}

async fn open(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    refused(&desk).await?;
    is_held_until_its_type_goes_on(ledger, &desk, false).await
}

async fn redelivered(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    refused(&desk).await?;
    let position = ledger.position().await?;
    is_held_until_its_type_goes_on(ledger, &desk, true).await?;
    let told = ledger.journal_after(position, 10).await?;
    ensure!(told.len() == 2, "held, which is another word than before, and accepted: {told:?}");
    Ok(())
}

/// However often it comes meanwhile.
async fn is_held_until_its_type_goes_on(
    ledger: &TestLedger,
    desk: &Desk,
    is_redelivered: bool,
) -> Result<()> {
    register_type(ledger, desk).await?;
    register_trio(ledger, desk).await?;
    pause(ledger, NEW, true).await?;
    for _ in 0..3 {
        let mut arrival = of_new_type()?;
        arrival.is_redelivered = is_redelivered;
        let judged = desk.deliver_one(arrival).await?;
        is_held(ledger, &judged, Code::TypePaused).await?;
    }
    goes_on(ledger, desk, NEW).await
}

async fn open_company(ledger: &TestLedger, desk: &Desk) -> Result<()> {
    let found = ledger.enterprise(Company::Closed.number()).await?;
    let mut enterprise = found.context("unknown")?.enterprise;
    enterprise.state = LegalState::Active;
    desk.register(ledger, &serde_json::to_value(Record::Enterprise(enterprise))?).await
}

fn holding(ledger: &TestLedger) -> Result<Desk> {
    let rulebook = Rulebook { closed: ClosedEnterprise::Hold, ..rulebook()? };
    Desk::beside(&ledger.ledger, rulebook)
}

fn for_closed() -> Result<Arrival> {
    posted_as("again", &notice(Company::Closed))
}

async fn closed(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let judged = desk.deliver_one(for_closed()?).await?;
    ensure!(matches!(judged, Judged::Quarantined(_)), "{judged:?}");
    discard(ledger).await?;
    let desk = holding(ledger)?;
    let judged = desk.deliver_one(for_closed()?).await?;
    let entry = is_held(ledger, &judged, Code::EnterpriseClosed).await?;
    open_company(ledger, &desk).await?;
    is_accepted(ledger, &desk, entry).await
}

async fn paused(ledger: &TestLedger) -> Result<()> {
    Desk::open(ledger).await?;
    let desk = holding(ledger)?;
    let judged = desk.deliver_one(for_closed()?).await?;
    is_held(ledger, &judged, Code::EnterpriseClosed).await?;
    open_company(ledger, &desk).await?;
    pause(ledger, NOTICE, true).await?;
    let judged = desk.deliver_one(for_closed()?).await?;
    is_held(ledger, &judged, Code::TypePaused).await?;
    goes_on(ledger, &desk, NOTICE).await
}

/// The same code, of another place: the type is there, the trio is not.
async fn is_of_today(ledger: &TestLedger, judged: &Judged, before: &Refusal) -> Result<()> {
    let Judged::Quarantined(refusal) = judged else { anyhow::bail!("{judged:?}") };
    ensure!(refusal.code == before.code && refusal.pointer != before.pointer, "{refusal:?}");
    let entries = ledger.quarantine(Some(QuarantineState::Open), None, None, 10).await?;
    ensure!(entries.iter().any(|entry| entry.refusal == *refusal), "{entries:?}");
    ensure!(!entries.iter().any(|entry| entry.refusal == *before), "{entries:?}");
    is_whole(ledger).await
}

async fn replayed(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let before = refused(&desk).await?;
    register_type(ledger, &desk).await?;
    let entry = only_entry(ledger).await?;
    let judged = desk.intake.replay(entry.id, "anne", &CancellationToken::new()).await?;
    is_of_today(ledger, &judged, &before).await
}

/// Something else with the key came between.
async fn reopened(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let before = refused(&desk).await?;
    discard(ledger).await?;
    let mut other: Value = notice(Company::Active);
    other["subject"] = json!({});
    desk.deliver_one(posted_as("again", &other)?).await?;
    register_type(ledger, &desk).await?;
    let judged = desk.deliver_one(of_new_type()?).await?;
    is_of_today(ledger, &judged, &before).await?;
    let entries = ledger.quarantine(Some(QuarantineState::Open), None, None, 10).await?;
    ensure!(entries.len() == 2, "{entries:?}");
    ensure!(ledger.quarantine(None, None, None, 10).await?.len() == 2, "a third entry");
    Ok(())
}

async fn published(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let before = refused(&desk).await?;
    register_type(ledger, &desk).await?;
    let judged = desk.deliver_one(of_new_type()?).await?;
    is_of_today(ledger, &judged, &before).await?;
    only_entry(ledger).await.map(drop)
}
