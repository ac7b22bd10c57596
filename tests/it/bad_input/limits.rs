//! What is just within the rules is accepted: a limit that moves is noticed from
//! both sides.

use anyhow::{Result, ensure};
use facteur::domain::MEDIA_TYPES;
use facteur::intake::Judged;
use serde_json::{Value, json};

use crate::support::desk::{Desk, posted, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attachment, notice, notice_with};

on_both_ledgers! {
    limits: sqlite_what_is_at_its_limit_is_accepted, postgres_what_is_at_its_limit_is_accepted;
    refused: sqlite_a_rule_refuses_by_its_own_reason, postgres_a_rule_refuses_by_its_own_reason;
}

/// The media types of the eBox's documentation, as senders know them.
const ALLOWED: &str = "application/pdf application/zip text/csv text/html text/plain \
    application/xml text/xml application/vnd.oasis.opendocument.text \
    application/vnd.oasis.opendocument.spreadsheet application/vnd.oasis.opendocument.presentation \
    application/vnd.oasis.opendocument.graphics application/vnd.ms-excel \
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet \
    application/vnd.ms-powerpoint \
    application/vnd.openxmlformats-officedocument.presentationml.presentation application/msword \
    application/vnd.openxmlformats-officedocument.wordprocessingml.document image/png image/jpeg";

/// Characters are counted, not bytes: each of these has two.
fn letters(count: usize) -> String {
    "é".repeat(count)
}

fn with(place: &str, value: Value) -> Value {
    let mut publication = notice(Company::Active);
    publication[place] = value;
    publication
}

fn attached(change: impl Fn(usize, &mut Value), count: usize) -> Value {
    let one = |n: usize| {
        let mut one = attachment(&format!("part{n}"), "PGI+");
        one["isMainContent"] = json!(n == 0);
        change(n, &mut one);
        one
    };
    notice_with((0..count).map(one).collect())
}

fn within() -> Vec<(String, Value)> {
    let mut cases = vec![
        ("a subject of 400".into(), with("subject", json!({ "fr": letters(400) }))),
        ("a text of 20,000".into(), with("bodyContent", json!({ "fr": letters(20_000) }))),
        ("an ignored expiry".into(), with("expirationDate", json!("1999-01-01T00:00:00Z"))),
        (
            "somebody's attention".into(),
            with("forTheAttentionOf", json!({ "label": letters(100) })),
        ),
        ("six attachments".into(), attached(|_, _| {}, 6)),
        (
            "a file name of 255".into(),
            attached(|_, one| one["fileName"] = json!(format!("{}.pdf", letters(251))), 1),
        ),
        (
            "a title of 400".into(),
            attached(|_, one| one["attachmentTitle"] = json!({ "fr": letters(400) }), 1),
        ),
    ];
    let types = ALLOWED.split_whitespace();
    cases.extend(types.map(|media_type| {
        let one = attached(|_, one| one["mediaType"] = json!(media_type), 1);
        (media_type.to_owned(), one)
    }));
    cases
}

async fn limits(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    ensure!(ALLOWED.split_whitespace().eq(MEDIA_TYPES.iter().copied()), "another list");
    let (names, publications): (Vec<String>, Vec<Value>) = within().into_iter().unzip();
    let arrivals = publications.iter().map(posted).collect::<Result<_>>()?;
    let judged = desk.deliver(arrivals).await?;
    for (name, judged) in names.iter().zip(&judged) {
        ensure!(matches!(judged, Judged::Accepted { .. }), "{name}: {judged:?}");
    }
    let expiries: Vec<_> = judged.iter().filter_map(expiry).collect();
    ensure!(expiries.iter().all(|it| it == &expiries[0]), "a sender moved its expiry");
    Ok(())
}

fn expiry(judged: &Judged) -> Option<jiff::Timestamp> {
    match judged {
        Judged::Accepted { expires_at, .. } => Some(*expires_at),
        _ => None,
    }
}

/// Only the default policy's refusal has to do with a precondition.
async fn refused(ledger: &TestLedger) -> Result<()> {
    let rule = "[[rule]]\nname = \"not-served\"\nwhen = { message_types = [\"TAX-NOTICE\"] }\n\
                ruling = \"refuse\"\nreason = \"TYPE_NOT_SERVED\"\n";
    let mut rulebook = rulebook()?;
    let text = format!("{rule}\n{}", rulebook.policy.text);
    rulebook.policy = std::sync::Arc::new(facteur::decide::Policy::parse(&text)?);
    let desk = Desk::with(ledger, rulebook).await?;
    let Judged::Quarantined(refusal) = desk.deliver_one(posted(&notice(Company::Active))?).await?
    else {
        anyhow::bail!("it is not refused")
    };
    ensure!((refusal.code.as_str(), &*refusal.pointer) == ("REFUSED_BY_POLICY", ""), "{refusal:?}");
    ensure!(refusal.message.contains("not-served") && refusal.message.contains("TYPE_NOT_SERVED"));
    Ok(())
}
