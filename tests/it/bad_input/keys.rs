//! The same key again: in a batch, across batches, with the same content and
//! with another.

use anyhow::{Context, Result, bail, ensure};
use facteur::domain::{
    ApplicationId, Change, Code, Digest, MessageTypeId, Record, Validity, ValidityUnit,
};
use facteur::intake::{Judged, Lane};
use facteur::ledger::{Claimed, Entry, EntryKind, QuarantineState};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Case;
use crate::support::desk::{Desk, arrival, good, posted, posted_as};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, NOTICE, TAX, WORK, attachment, notice, notice_with};

on_both_ledgers! {
    repeats: sqlite_a_key_is_used_once, postgres_a_key_is_used_once;
    mended: sqlite_a_mended_publication_replaces_the_bad_one, postgres_a_mended_publication_replaces_the_bad_one;
    mended_at_once: sqlite_mended_within_a_batch, postgres_mended_within_a_batch;
    bad_again: sqlite_the_same_bad_bytes_are_kept_once, postgres_the_same_bad_bytes_are_kept_once;
    bad_under_keys: sqlite_the_same_bad_bytes_under_two_keys_are_two, postgres_the_same_bad_bytes_under_two_keys_are_two;
    anothers: sqlite_anothers_upload_cannot_be_named, postgres_anothers_upload_cannot_be_named;
    absurd: sqlite_absurd_validity_harms_nobody, postgres_absurd_validity_harms_nobody;
}

fn other_content() -> Value {
    let mut other = notice(Company::Active);
    other["subject"] = json!({ "fr": "Autre chose" });
    other
}

fn told<'a>(journal: &'a [Entry], key: &str) -> Vec<&'a Entry> {
    journal.iter().filter(|entry| entry.key == key).collect()
}

/// Refused, never overwritten, whatever the content; the answer names the
/// first message.
async fn repeats(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let same = || posted_as("once", &notice(Company::Active));
    let judged = desk.deliver(vec![same()?, same()?, good()?]).await?;
    let [Judged::Accepted { id, .. }, Judged::Repeat { first }, Judged::Accepted { .. }] =
        judged[..]
    else {
        bail!("{judged:?}");
    };
    ensure!(first == Some(id), "the first of the batch");
    let judged = desk.deliver(vec![posted_as("once", &other_content())?, same()?]).await?;
    ensure!(judged.iter().all(|it| *it == Judged::Repeat { first }), "{judged:?}");

    let journal = ledger.journal_after(0, 100).await?;
    let receipts = told(&journal, "once");
    let details: Result<Vec<Value>, _> =
        receipts.iter().skip(1).map(|entry| serde_json::from_str(&entry.detail)).collect();
    let details = details?;
    ensure!(receipts.len() == 4 && details.iter().all(|it| it["firstMessageId"] == json!(id)));
    let same: Vec<&Value> = details.iter().map(|it| &it["sameContent"]).collect();
    ensure!(same == [&json!(true), &json!(false), &json!(true)], "{same:?}");
    let stored = ledger.explain(id).await?.context("gone")?;
    ensure!(stored.publication.contains("Avis de paiement"), "overwritten");
    let account = ledger.account().await?;
    ensure!((account.total.received, account.total.repeats) == (2, 3), "{account:?}");
    ensure!(account.difference == 0);

    // The same key of another application is another key.
    let judged =
        desk.deliver_one(posted_as("once", &crate::support::world::attest(Company::Active))?);
    ensure!(matches!(judged.await?, Judged::Accepted { .. }));

    // What our own crash brings again is nobody's repeat.
    let position = ledger.position().await?;
    let mut again = posted_as("once", &notice(Company::Active))?;
    again.is_redelivered = true;
    ensure!(desk.deliver_one(again).await? == Judged::Redelivered);
    ensure!(ledger.position().await? == position, "told");
    Ok(())
}

/// Only acceptance uses a key up, whatever was wrong before.
async fn mended(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let mut no_publication = notice(Company::Active);
    no_publication["bodyContent"] = Value::Null;
    for bad in [json_with_no_subject(), no_publication] {
        let bad = posted_as("mended", &bad)?;
        ensure!(matches!(desk.deliver_one(bad).await?, Judged::Quarantined(_)));
    }
    let right = posted_as("mended", &notice(Company::Active))?;
    ensure!(matches!(desk.deliver_one(right).await?, Judged::Accepted { .. }));
    is_superseded(ledger).await
}

/// The same when both lie in one batch, before or after something is known.
async fn mended_at_once(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let bad = || posted_as("mended", &json_with_no_subject());
    let right = || posted_as("mended", &notice(Company::Active));
    let judged = desk.deliver(vec![bad()?, right()?, bad()?]).await?;
    let [Judged::Quarantined(_), Judged::Accepted { .. }, Judged::Repeat { .. }] = judged[..]
    else {
        bail!("{judged:?}");
    };
    is_superseded(ledger).await
}

fn json_with_no_subject() -> Value {
    let mut publication = notice(Company::Active);
    publication["subject"] = json!({});
    publication
}

async fn is_superseded(ledger: &TestLedger) -> Result<()> {
    let entries = ledger.quarantine(None, None, None, 10).await?;
    let states: Vec<QuarantineState> = entries.iter().map(|entry| entry.state).collect();
    ensure!(
        !states.is_empty() && states.iter().all(|it| *it == QuarantineState::Superseded),
        "{states:?}"
    );
    ensure!(entries[0].resolved_at.is_some(), "{:?}", entries[0]);
    let (account, findings) = ledger.verify().await?;
    ensure!((account.total.received, account.total.accepted) == (1, 1), "{account:?}");
    ensure!(account.difference == 0 && findings.is_empty(), "{findings:?}");
    Ok(())
}

async fn bad_again(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let bad = || arrival(TAX, "bad", "{");
    let judged = desk.deliver(vec![bad()?, bad()?]).await?;
    ensure!(judged.iter().all(|it| matches!(it, Judged::Quarantined(_))), "{judged:?}");
    desk.deliver_one(bad()?).await?;
    let mut redelivered = bad()?;
    redelivered.is_redelivered = true;
    desk.deliver_one(redelivered).await?;
    ensure!(ledger.quarantine(None, None, None, 10).await?.len() == 1);
    let receipts = ledger.journal_after(0, 10).await?;
    let refused = receipts.iter().filter(|entry| entry.kind == EntryKind::Refused).count();
    ensure!((refused, receipts.len()) == (3, 3), "{receipts:?}");
    let account = ledger.account().await?;
    ensure!((account.total.received, account.total.repeats) == (1, 3), "{account:?}");
    Ok(())
}

/// What cannot be read may be three publications: none stands for another.
async fn bad_under_keys(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let mut bad = Vec::new();
    for body in ["{", "", "not JSON", "[]"] {
        for key in ["one", "two", "three"] {
            bad.push(arrival(TAX, &format!("{key} {body}"), body)?);
        }
    }
    let count = bad.len();
    let mut astray = good()?;
    (astray.lane, astray.routing_key) = (Lane::Unroutable, "nobody".into());
    let mut astray_too = astray.clone();
    astray_too.properties.message_id = Some("another".into());
    bad.extend([astray, astray_too]);
    let judged = desk.deliver(bad).await?;
    ensure!(judged.iter().all(|it| matches!(it, Judged::Quarantined(_))), "{judged:?}");
    ensure!(ledger.quarantine(None, None, None, 100).await?.len() == count + 2);
    let account = ledger.account().await?;
    let counted = (account.total.received, account.total.repeats);
    ensure!(counted == (i64::try_from(count + 2)?, 0), "{account:?}");
    Ok(())
}

/// Knowing a digest gives no right to a document.
async fn anothers(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let secret = b"a letter of another application";
    let key = (ApplicationId::new(WORK)?, Digest::of(secret));
    let claim = Claimed { key: key.clone(), size: 0, media_type: None };
    ledger.claim_documents(&[claim], Timestamp::UNIX_EPOCH).await?;
    desk.documents.put(&key, secret[..].into()).await?;
    ledger.document_stored(&key, secret.len() as u64, Some("application/pdf")).await?;

    let named = |size: usize| {
        let mut attachment = attachment("a", "");
        attachment["content"] = json!({ "sha256": key.1, "size": size });
        notice_with(json!([attachment]))
    };
    let stolen = named(secret.len());
    let place = "/attachments/0/content/sha256";
    let case = Case::of("another's", &stolen, Code::UnknownDocument, place)?;
    super::is_refused(ledger, &desk, case).await?;

    let mut shrunk = crate::support::world::attest(Company::Active);
    shrunk["attachments"] = named(1)["attachments"].clone();
    shrunk["isBodyMainContent"] = json!(false);
    let case =
        Case::of("its own, of another size", &shrunk, Code::Digest, "/attachments/0/content/size")?;
    super::is_refused(ledger, &desk, case.told(WORK)).await?;
    shrunk["attachments"] = stolen["attachments"].clone();
    ensure!(matches!(desk.deliver_one(posted(&shrunk)?).await?, Judged::Accepted { .. }));
    Ok(())
}

/// The registry refuses one; a type that has one all the same keeps its
/// messages for as long as there are dates, and nobody else notices.
async fn absurd(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let absurd = r#"{"kind":"messageType","id":"TAX-NOTICE","name":{"fr":"Avis"},"validity":{"count":4000000000,"unit":"year"},"level":1}"#;
    let options = facteur::registry::Options {
        actor: "tester",
        at: Timestamp::UNIX_EPOCH,
        progress: &mut |_| {},
    };
    let imported = facteur::registry::import(ledger, std::io::Cursor::new(absurd), options).await;
    let Err(facteur::registry::RegistryError::Faulty(report)) = imported else { bail!("imported") };
    ensure!(report.faults[0].pointer.starts_with("/validity"), "{report:?}");

    let reference = ledger.reference().await?;
    let mut message_type = reference.message_types[&MessageTypeId::new(NOTICE)?].clone();
    message_type.validity = Validity { count: u32::MAX, unit: ValidityUnit::Year };
    let change = Change::Put(Record::MessageType(message_type));
    ledger.change_registry(&[change], "tester", Timestamp::UNIX_EPOCH).await?;
    let judged = desk.deliver(vec![good()?, good()?]).await?;
    let Judged::Accepted { id, .. } = judged[0] else { bail!("{judged:?}") };
    let stored = ledger.explain(id).await?.context("gone")?;
    ensure!(stored.expires_at.as_second() == Timestamp::MAX.as_second(), "{stored:?}");
    Ok(())
}
