//! Verifying finds whatever was removed by hand, names it, and says so by its
//! exit code.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock as _, SystemClock};
use facteur::documents::Depth;
use facteur::domain::ApplicationId;
use facteur::intake::Judged;
use facteur::ledger::{DocumentKey, Finding, LetterFilter};
use facteur::verify::verify;
use serde_json::{Value, json};

use crate::support::desk::{Desk, arrival, posted_as};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::program::Program;
use crate::support::world::{Company, TAX, attachment, attest, notice};

on_both_ledgers! {
    found: sqlite_what_was_removed_is_found, postgres_what_was_removed_is_found;
}

/// What is removed, by which statement (`KEY` is the sender's), and what
/// verifying must say. Audiences, policies and what the
/// registry knows are shared, so they come last.
const DAMAGES: &[(&str, &str, &str)] = &[
    (
        "an identity",
        "DELETE FROM identities WHERE key = 'k:KEY'",
        "a message that no accepted identity names",
    ),
    ("a message", "DELETE FROM messages WHERE key = 'KEY'", "accepted, but there is no message"),
    (
        "an entry of the journal",
        "DELETE FROM journal WHERE key = 'KEY'",
        "a message without its journal entry",
    ),
    (
        "a letter",
        "DELETE FROM letters WHERE message IN (SELECT id FROM messages WHERE key = 'KEY')",
        "a message on paper without a letter",
    ),
    (
        "a step of a letter, not its last",
        "DELETE FROM letter_events WHERE kind = 'held' AND job IN (SELECT job FROM letters
            JOIN messages ON messages.id = letters.message WHERE messages.key = 'KEY')",
        "a letter whose steps are not those that its agency was told",
    ),
    (
        "an entry of the quarantine",
        "DELETE FROM quarantine WHERE key = 'k:KEY'",
        "in the quarantine by the account, but there is no entry",
    ),
    (
        "the identity of one",
        "DELETE FROM identities WHERE key = 'k:KEY'",
        "a quarantine entry that no identity stands for",
    ),
    ("the receipt of one", "DELETE FROM journal WHERE key = 'KEY'", "the journal has gaps"),
    ("a document's row", "DELETE FROM documents WHERE size = 1000", "a document is missing"),
    ("a document's content", "", "a document is missing"),
    ("a document's end", "", "a document does not have the size that was recorded"),
    ("a document's bytes", "", "a document does not have the content that its digest says"),
    (
        "the partition of one",
        "DELETE FROM partitions WHERE id = 'WORK'",
        "a message in a partition that its box does not have",
    ),
    ("an audience", "DELETE FROM audiences", "a message whose audience is not stored"),
    ("a policy", "DELETE FROM policies", "a message whose policy is not stored"),
    ("a type", "DELETE FROM message_types", "a message whose type the registry does not know"),
    (
        "an organization",
        "DELETE FROM organizations",
        "a message whose organization the registry does not know",
    ),
    (
        "an application",
        "DELETE FROM applications",
        "a message whose application the registry does not know",
    ),
];

async fn found(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let program = Program::new()?
        .with("LEDGER__URL", &ledger.url)
        .with("DOCUMENTS__URL", &desk.documents_url());
    let whole = program.run(&["verify", "--json"]).await?;
    ensure!(whole.code == Some(0) && whole.json()?["findings"] == json!([]), "{whole:?}");
    for (n, (name, statement, what)) in DAMAGES.iter().enumerate() {
        let key = format!("key-{n}");
        let judged = desk.deliver_one(document(name, &key)?).await?;
        held_and_released(ledger, &judged).await?;
        let before = findings(ledger, &desk).await?;
        if statement.is_empty() {
            let document = (ApplicationId::new(TAX)?, digest(ledger, &judged).await?);
            damage(&desk, name, &document).await?;
        } else {
            ledger.execute(statement.replace("KEY", &key)).await?;
        }
        let after = findings(ledger, &desk).await?;
        let new: Vec<&Finding> = after.iter().filter(|it| !before.contains(it)).collect();
        let named = new.iter().find(|it| it.what == *what && names(it, &key, &judged));
        let named = named.with_context(|| format!("{name}: {new:?}"))?;
        let ended = program.run(look(name)).await?;
        ensure!(ended.code == Some(1), "{name}: {ended:?}");
        let told = ended.json()?;
        ensure!(told["difference"].as_i64() > Some(0), "{name}: {told}");
        let told = told["findings"].as_array().context("no findings")?.clone();
        ensure!(told.contains(&json!({ "what": what, "which": named.which })), "{name}: {told:?}");
    }
    Ok(())
}

/// Only other bytes of the same size have to be read to be found.
fn look(damage: &str) -> &'static [&'static str] {
    match damage {
        "a document's bytes" => &["verify", "--json", "--contents"],
        _ => &["verify", "--json"],
    }
}

async fn damage(desk: &Desk, name: &str, document: &DocumentKey) -> Result<()> {
    match name {
        "a document's end" => desk.overwrite(document, b"x"),
        "a document's bytes" => desk.overwrite(document, &[b'y'; 997]),
        _ => Ok(desk.documents.delete(document).await?),
    }
}

/// Two steps for each letter, so that one is not the last.
async fn held_and_released(ledger: &TestLedger, judged: &Judged) -> Result<()> {
    let Judged::Accepted { id, .. } = judged else { return Ok(()) };
    let now = SystemClock.now();
    let of_message = LetterFilter { message: Some(*id), limit: 1, ..LetterFilter::default() };
    for letter in ledger.letters(&of_message).await? {
        let ticket = ledger.letter_ticket(letter.job_id).await?.context("no letter")?;
        ledger.hold_letter(&ticket, "document_missing", "a test".into(), now).await?;
        ledger.release_letter(letter.job_id, None, "tester", now).await??;
    }
    Ok(())
}

/// A bad one where the quarantine is damaged, with a letter otherwise.
fn document(damage: &str, key: &str) -> Result<facteur::intake::Arrival> {
    let mut publication = notice(Company::Occasional);
    match damage {
        "an entry of the quarantine" | "the identity of one" => publication["subject"] = json!({}),
        "the receipt of one" => return arrival(TAX, key, "{"),
        "a document's row" => publication = with_content(1_000),
        "a document's content" => publication = with_content(999),
        "a document's end" => publication = with_content(998),
        "a document's bytes" => publication = with_content(997),
        "the partition of one" => publication = attest(Company::Occasional),
        _ => {}
    }
    posted_as(key, &publication)
}

fn with_content(bytes: usize) -> Value {
    use base64::Engine;
    let inline = base64::engine::general_purpose::STANDARD.encode(vec![b'x'; bytes]);
    let mut publication = notice(Company::Occasional);
    publication["attachments"] = json!([attachment("a", &inline)]);
    publication["isBodyMainContent"] = json!(false);
    publication
}

async fn findings(ledger: &TestLedger, desk: &Desk) -> Result<Vec<Finding>> {
    Ok(verify(ledger, &desk.documents, Depth::Contents, &|_| {}).await?.findings)
}

async fn digest(ledger: &TestLedger, judged: &Judged) -> Result<facteur::domain::Digest> {
    let Judged::Accepted { id, .. } = judged else { anyhow::bail!("{judged:?}") };
    let stored = ledger.explain(*id).await?.context("gone")?;
    let publication: Value = serde_json::from_str(&stored.publication)?;
    let digest = publication["attachments"][0]["digest"].as_str().context("no digest")?;
    Ok(digest.parse()?)
}

/// By the sender's key, by the message, or, where an entry is gone without a
/// trace, by the position.
fn names(finding: &Finding, key: &str, judged: &Judged) -> bool {
    let by_id =
        matches!(judged, Judged::Accepted { id, .. } if finding.which.contains(&id.to_string()));
    finding.which.contains(key) || by_id || finding.which.starts_with("position")
}
