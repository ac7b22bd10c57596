//! The ways of an identity: conflicts, the quarantine, and out of it.

use anyhow::{Context, Result, bail, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Application, ApplicationId, Change, EnterpriseNumber, Record, Trio};
use facteur::intake::{Arrival, ClosedEnterprise, Judged, Lane, ReplayError, Rulebook};
use facteur::ledger::{
    EntryKind, IdentityChange, IdentityKey, IdentityState, LedgerError, QuarantineEntry,
    QuarantineState, Records,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::desk::{Desk, arrival, by, posted_as, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::wait::soon;
use crate::support::world::{Company, NOTICE, ONSS, TAX, notice};

on_both_ledgers! {
    conflicts: sqlite_an_identity_that_moved_is_a_conflict, postgres_an_identity_that_moved_is_a_conflict;
    discarded: sqlite_what_is_thrown_away_stays_away, postgres_what_is_thrown_away_stays_away;
    one_of_two: sqlite_one_of_two_entries_is_thrown_away, postgres_one_of_two_entries_is_thrown_away;
    raced: sqlite_a_replay_or_a_discard_wins, postgres_a_replay_or_a_discard_wins;
    replayed: sqlite_a_replay_is_judged_by_today, postgres_a_replay_is_judged_by_today;
    moved: sqlite_a_replay_is_counted_by_its_key, postgres_a_replay_is_counted_by_its_key;
}

/// Entries that two want to end at once.
const RACES: i64 = 40;

fn records(key: &str, before: Option<IdentityState>, state: IdentityState) -> Result<Records> {
    let number: EnterpriseNumber = ONSS.parse()?;
    let identity = IdentityKey::of_key(number, TAX, key);
    let change = IdentityChange { before, state, seen: 1, fingerprint: [7; 16], message: None };
    Ok(Records { identities: [(identity, change)].into(), ..Records::default() })
}

async fn record(ledger: &TestLedger, records: Records) -> Result<(), LedgerError> {
    let policy = rulebook().map_err(|error| LedgerError::Shape(error.to_string()))?.policy;
    let mut batch = ledger.begin().await?;
    batch.record(records, &policy, SystemClock.now()).await?;
    batch.commit().await.map(drop)
}

/// Between the look-up and the record, somebody else was faster.
async fn conflicts(ledger: &TestLedger) -> Result<()> {
    use IdentityState::{Discarded, Quarantined};
    record(ledger, records("a", None, Quarantined)?).await?;
    for (before, state) in [(None, Quarantined), (Some(Discarded), Quarantined)] {
        let result = record(ledger, records("a", before, state)?).await;
        ensure!(matches!(result, Err(LedgerError::Conflict)), "{before:?}: {result:?}");
    }
    let vanished = record(ledger, records("b", Some(Quarantined), Discarded)?).await;
    ensure!(matches!(vanished, Err(LedgerError::Conflict)), "{vanished:?}");
    record(ledger, records("a", Some(Quarantined), Discarded)?).await?;
    let account = ledger.account().await?;
    ensure!((account.total.received, account.total.repeats) == (1, 1), "{account:?}");

    // Dropped without commit, a batch changes nothing.
    let mut batch = ledger.begin().await?;
    let never = records("never", None, Quarantined)?;
    batch.record(never, &rulebook()?.policy, SystemClock.now()).await?;
    drop(batch);
    ensure!(ledger.account().await?.total.received == 1);
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

async fn discarded(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let bad = || arrival(TAX, "bad", "{");
    desk.deliver_one(bad()?).await?;
    let entry = only_entry(ledger).await?;
    let now = SystemClock.now();
    ensure!(ledger.discard(entry.id, by("anne", now)).await?);
    ensure!(!ledger.discard(entry.id, by("anne", now)).await?, "twice");
    ensure!(!ledger.discard(Uuid::now_v7(), by("anne", now)).await?, "nothing");
    let entry = only_entry(ledger).await?;
    ensure!(entry.state == QuarantineState::Discarded, "{entry:?}");
    ensure!(entry.resolved_by.as_deref() == Some("anne"), "{entry:?}");
    is_whole(ledger).await?;

    desk.deliver_one(bad()?).await?;
    let account = ledger.account().await?.total;
    ensure!((account.discarded, account.quarantined, account.repeats) == (1, 0, 1), "{account:?}");
    let replay = desk.intake.replay(entry.id, "anne", &CancellationToken::new()).await;
    ensure!(matches!(replay, Err(ReplayError::Resolved("discarded"))), "{replay:?}");
    let kinds: Vec<EntryKind> =
        ledger.journal_after(0, 10).await?.iter().map(|entry| entry.kind).collect();
    ensure!(kinds == [EntryKind::Refused, EntryKind::Discarded, EntryKind::Refused], "{kinds:?}");
    is_whole(ledger).await
}

/// An entry that is replayed while somebody discards it ends as one of both,
/// and nobody waits for ever.
async fn raced(ledger: &TestLedger) -> Result<()> {
    let desk =
        Desk::with(ledger, Rulebook { closed: ClosedEnterprise::Hold, ..rulebook()? }).await?;
    for n in 0..RACES {
        desk.deliver_one(posted_as(&format!("raced-{n}"), &notice(Company::Closed))?).await?;
    }
    reopen(ledger).await?;
    let stop = CancellationToken::new();
    for entry in ledger.quarantine(Some(QuarantineState::Held), None, None, RACES).await? {
        let replay = desk.intake.replay(entry.id, "anne", &stop);
        let discard = ledger.discard(entry.id, by("bob", SystemClock.now()));
        let both = Box::pin(soon(async { tokio::join!(replay, discard) }));
        let (replayed, discarded) = both.await;
        let is_one = match replayed {
            Ok(Judged::Accepted { .. }) => !discarded?,
            Err(ReplayError::Resolved("discarded")) => discarded?,
            other => bail!("{other:?}"),
        };
        ensure!(is_one, "neither, or both");
    }
    is_whole(ledger).await
}

/// The closed company is none any more.
async fn reopen(ledger: &TestLedger) -> Result<()> {
    let number = Company::Closed.number();
    let mut enterprise = ledger.enterprise(number).await?.context("unknown")?.enterprise;
    enterprise.state = facteur::domain::LegalState::Active;
    let change = Change::Put(Record::Enterprise(enterprise));
    ledger.change_registry(&[change], "anne", SystemClock.now()).await?;
    Ok(())
}

/// One key, refused once and held once: the identity follows what is left.
async fn one_of_two(ledger: &TestLedger) -> Result<()> {
    let desk =
        Desk::with(ledger, Rulebook { closed: ClosedEnterprise::Hold, ..rulebook()? }).await?;
    desk.deliver_one(posted_as("two", &notice(Company::Closed))?).await?;
    let mut refused = notice(Company::Closed);
    refused["subject"] = json!({});
    desk.deliver_one(posted_as("two", &refused)?).await?;
    let open = ledger.quarantine(Some(QuarantineState::Open), None, None, 10).await?;
    ledger.discard(open.first().context("no entry")?.id, by("anne", SystemClock.now())).await?;
    let account = ledger.account().await?.total;
    ensure!((account.held, account.quarantined) == (1, 0), "{account:?}");
    is_whole(ledger).await?;
    let held = ledger.quarantine(Some(QuarantineState::Held), None, None, 10).await?;
    ledger.discard(held.first().context("no entry")?.id, by("anne", SystemClock.now())).await?;
    ensure!(ledger.account().await?.total.discarded == 1);
    is_whole(ledger).await
}

async fn replayed(ledger: &TestLedger) -> Result<()> {
    let desk =
        Desk::with(ledger, Rulebook { closed: ClosedEnterprise::Hold, ..rulebook()? }).await?;
    desk.deliver_one(posted_as("held", &notice(Company::Closed))?).await?;
    desk.deliver_one(posted_as("held", &notice(Company::Closed))?).await?;
    let entry = only_entry(ledger).await?;
    let position = ledger.position().await?;
    let still = desk.intake.replay(entry.id, "anne", &CancellationToken::new()).await?;
    ensure!(matches!(still, Judged::Held(_)), "{still:?}");
    ensure!(ledger.position().await? == position, "nothing happened, and it is told");

    reopen(ledger).await?;
    let judged = desk.intake.replay(entry.id, "anne", &CancellationToken::new()).await?;
    ensure!(matches!(judged, Judged::Accepted { .. }), "{judged:?}");
    let entry = only_entry(ledger).await?;
    ensure!(entry.state == QuarantineState::Replayed, "{entry:?}");
    let account = ledger.account().await?.total;
    ensure!((account.received, account.accepted, account.repeats) == (1, 1, 1), "{account:?}");
    let unknown = desk.intake.replay(Uuid::now_v7(), "anne", &CancellationToken::new()).await;
    ensure!(matches!(unknown, Err(ReplayError::Unknown(_))), "{unknown:?}");
    is_whole(ledger).await
}

/// What nobody was registered for is counted by its bytes; registered and
/// replayed, by its key, with everything that came before.
async fn moved(ledger: &TestLedger) -> Result<()> {
    const NEW: &str = "tax:new";
    let desk = Desk::open(ledger).await?;
    let mut publication = notice(Company::Active);
    publication["senderApplicationId"] = json!(NEW);
    let unroutable = || -> Result<Arrival> {
        let mut arrival = posted_as("moved", &publication)?;
        arrival.lane = Lane::Unroutable;
        arrival.properties.user_id = Some("new".into());
        arrival.properties.published_us = None;
        Ok(arrival)
    };
    desk.deliver(vec![unroutable()?, unroutable()?]).await?;
    desk.deliver_one(unroutable()?).await?;
    let entry = only_entry(ledger).await?;
    ensure!(entry.key.starts_with("d:") && entry.application == "unknown", "{entry:?}");
    register(ledger, NEW).await?;
    let judged = desk.intake.replay(entry.id, "anne", &CancellationToken::new()).await?;
    let Judged::Accepted { id, .. } = judged else { bail!("{judged:?}") };
    let stored = ledger.explain(id).await?.context("gone")?;
    ensure!((stored.key.as_str(), stored.application.as_str()) == ("moved", NEW));
    let account = ledger.account().await?;
    let new = &account.applications[NEW];
    ensure!((new.received, new.accepted, new.repeats) == (1, 1, 2), "{account:?}");
    ensure!(account.total.received == 1, "{account:?}");
    let entry = only_entry(ledger).await?;
    ensure!((entry.state, &*entry.key) == (QuarantineState::Replayed, "k:moved"), "{entry:?}");
    is_whole(ledger).await?;

    // From now on its key is used up.
    let mut again = unroutable()?;
    again.lane = Lane::Application(ApplicationId::new(NEW)?);
    let judged = desk.deliver_one(again).await?;
    ensure!(judged == Judged::Repeat { first: Some(id) }, "{judged:?}");
    is_whole(ledger).await
}

async fn register(ledger: &TestLedger, id: &str) -> Result<()> {
    let application: Application =
        serde_json::from_value(json!({ "id": id, "name": {}, "account": "new" }))?;
    let trio: Trio = serde_json::from_value(
        json!({ "organization": ONSS, "application": id, "messageType": NOTICE }),
    )?;
    let changes = [Record::Application(application), Record::Trio(trio)].map(Change::Put);
    ledger.change_registry(&changes, "anne", SystemClock.now()).await?;
    Ok(())
}
