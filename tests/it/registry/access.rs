//! Changed one by one, with history, and seen at once by every engine.

use anyhow::{Context, Result, ensure};
use facteur::domain::{
    Change, EnterpriseNumber, Grant, PartitionId, PersonId, Record, RecordKey, RoutingRule, Scope,
};
use facteur::ledger::{Ledger, Reference, Registered, Wanted, Written};
use jiff::Timestamp;

use super::{ACTOR, at, companies, company, import, reference};
use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    versions: sqlite_versions_keep_caches_true, postgres_versions_keep_caches_true;
    single_changes: sqlite_single_changes_have_history, postgres_single_changes_have_history;
    connections: sqlite_later_connection_stands, postgres_later_connection_stands;
}

/// What the line sees of a company's grants.
async fn grants_seen(ledger: &Ledger, number: EnterpriseNumber) -> Result<Vec<Grant>> {
    let mut batch = ledger.begin().await?;
    let wanted = Wanted { recipients: [number].into(), ..Wanted::default() };
    let reference = batch.reference().await?;
    let seen = batch.look_up(reference, &wanted).await?;
    let mailbox = seen.recipients.get(&number).and_then(|it| it.mailbox.clone());
    Ok(mailbox.context("no box")?.access.grants.clone())
}

async fn versions(ledger: &TestLedger) -> Result<()> {
    let number = company(0);
    let text = companies(2);
    let is_box = |line: &&str| line.contains(r#""kind":"box""#);
    let without_box: Vec<&str> = text.lines().filter(|line| !is_box(line)).collect();
    import(ledger, reference() + &without_box.join("\n")).await?;
    ensure!(grants_seen(ledger, number).await.is_err(), "a box too early");
    let mailbox = format!(r#"{{"kind":"box","enterprise":"{number}"}}"#);
    import(ledger, mailbox).await?;
    ensure!(grants_seen(ledger, number).await?.len() == 1);

    // Another engine's caches are kept true by the same numbers.
    let other = Ledger::open(&ledger.url, 1).await?;
    let mut grant = grants_seen(&other, number).await?.remove(0);
    let stranger = Grant { person: PersonId::new("nobody")?, ..grant.clone() };
    let refused = ledger.put_grant(&stranger, ACTOR, Timestamp::UNIX_EPOCH).await?;
    ensure!(refused == Written::Unknown(RecordKey::Person(stranger.person)));
    grant.scope = Scope::All;
    let changed = ledger.put_grant(&grant, ACTOR, Timestamp::UNIX_EPOCH).await?;
    ensure!(changed == Written::Changed);
    ensure!(grants_seen(ledger, number).await? == [grant.clone()], "a stale grant");
    ensure!(grants_seen(&other, number).await? == [grant.clone()], "a stale grant elsewhere");
    let withdrawn = ledger.withdraw_grant(number, &grant.id, ACTOR, Timestamp::UNIX_EPOCH);
    ensure!(withdrawn.await? == Written::Changed);
    ensure!(grants_seen(ledger, number).await?.is_empty(), "a withdrawn grant");
    ensure!(grants_seen(&other, number).await?.is_empty(), "a withdrawn grant elsewhere");

    let (before, known) = (ledger.reference().await?, other.reference().await?);
    import(ledger, reference().replace("Avis", "Notice")).await?;
    let after = ledger.reference().await?;
    let mut batch = other.begin_few().await?;
    let wanted = |_: &Reference| Wanted { recipients: [number].into(), ..Wanted::default() };
    let seen = batch.snapshot(wanted).await?;
    ensure!(known.version < seen.reference.version, "stale reference data elsewhere");
    ensure!(seen.reference.version == after.version && seen.recipients.contains_key(&number));
    drop(batch);
    other.close().await;
    ensure!(after.version > before.version && after.message_types != before.message_types);
    Ok(())
}

async fn single_changes(ledger: &TestLedger) -> Result<()> {
    import(ledger, reference() + &companies(2)).await?;
    let (number, now) = (company(1), at("2026-04-01T08:00:00Z")?);
    let consent = ledger.change_preference(number, true, "anne", now).await?;
    ensure!(consent == Written::Changed);
    let again = ledger.change_preference(number, true, "anne", now).await?;
    ensure!(again == Written::Unchanged);
    let entry = ledger.history(number, 1).await?.remove(0);
    ensure!((entry.at, entry.actor.as_str(), entry.kind.as_str()) == (now, "anne", "box"));
    ensure!(entry.before == Some(serde_json::json!({ "allDigital": false })));
    ensure!(entry.after == Some(serde_json::json!({ "allDigital": true })));
    let Registered { mailbox, .. } = ledger.enterprise(number).await?.context("unknown")?;
    let mailbox = mailbox.context("no box")?;
    ensure!(mailbox.all_digital && mailbox.last_connection.is_some(), "{mailbox:?}");

    let stranger = company(77);
    let unknown = ledger.change_preference(stranger, true, "anne", now).await?;
    ensure!(unknown == Written::Unknown(RecordKey::Box(stranger)));
    ensure!(ledger.enterprise(stranger).await?.is_none());
    let found = ledger.enterprises(&[number, stranger].into()).await?;
    ensure!(found.len() == 1 && found[&number].number == number, "{found:?}");
    ensure!(ledger.enterprises(&Default::default()).await?.is_empty());
    let rule = RoutingRule {
        enterprise: number,
        priority: 7,
        partition: PartitionId::general(),
        message_type: None,
        application: None,
        organization: None,
    };
    let changes = [Change::Put(Record::Rule(rule))];
    ensure!(ledger.change_registry(&changes, "anne", now).await?.added == 1);
    ensure!(ledger.history(number, 1).await?[0].key == "7");
    Ok(())
}

async fn connections(ledger: &TestLedger) -> Result<()> {
    let text = companies(2);
    import(ledger, reference() + &text).await?;
    let (number, now) = (company(1), at("2026-05-01T08:00:00Z")?);
    ensure!(ledger.touch_connection(number, now).await?);
    ensure!(!ledger.touch_connection(number, at("2026-05-01T08:00:59Z")?).await?);
    ensure!(!import(ledger, text).await?.tally.is_written(), "an older file moved it back");
    let registered = ledger.enterprise(number).await?.context("unknown")?;
    let mailbox = registered.mailbox.context("no box")?;
    ensure!(mailbox.last_connection == Some(now), "{mailbox:?}");
    Ok(())
}
