//! Every way in which a publication can be bad, through the real intake into
//! both ledgers: the code, the place of the fault, the bytes as they came, one
//! receipt for the application that is accountable, and neighbours in the same
//! batch that do not notice.

mod content;
mod envelope;
mod keys;
mod limits;
mod parties;
mod syntax;
mod unstorable;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use facteur::domain::{Code, Refusal};
use facteur::intake::{Arrival, Judged};
use facteur::ledger::{Entry, EntryKind, QuarantineState};
use serde_json::Value;

use crate::support::desk::{Desk, good, posted};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::TAX;

on_both_ledgers! {
    syntax: sqlite_what_is_no_publication_is_refused, postgres_what_is_no_publication_is_refused;
    parties: sqlite_wrong_parties_are_refused, postgres_wrong_parties_are_refused;
    content: sqlite_wrong_content_is_refused, postgres_wrong_content_is_refused;
    envelope: sqlite_wrong_envelopes_are_refused, postgres_wrong_envelopes_are_refused;
}

/// One bad delivery and what must become of it.
struct Case {
    name: String,
    arrival: Arrival,
    code: Code,
    /// JSON Pointer to the fault.
    pointer: &'static str,
    /// The application that must hear of it.
    told: &'static str,
}

impl Case {
    fn new(name: &str, arrival: Arrival, code: Code, pointer: &'static str) -> Self {
        Self { name: name.to_owned(), arrival, code, pointer, told: TAX }
    }

    /// A publication in a proper envelope.
    fn of(name: &str, publication: &Value, code: Code, pointer: &'static str) -> Result<Self> {
        Ok(Self::new(name, posted(publication)?, code, pointer))
    }

    fn told(self, told: &'static str) -> Self {
        Self { told, ..self }
    }
}

async fn syntax(ledger: &TestLedger) -> Result<()> {
    all_are_refused(ledger, syntax::cases()?).await
}

async fn parties(ledger: &TestLedger) -> Result<()> {
    all_are_refused(ledger, parties::cases()?).await
}

async fn content(ledger: &TestLedger) -> Result<()> {
    all_are_refused(ledger, content::cases()?).await
}

async fn envelope(ledger: &TestLedger) -> Result<()> {
    all_are_refused(ledger, envelope::cases()?).await
}

async fn all_are_refused(ledger: &TestLedger, cases: Vec<Case>) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    for case in cases {
        let name = case.name.clone();
        is_refused(ledger, &desk, case).await.with_context(|| name)?;
    }
    Ok(())
}

/// Between two good neighbours, in one batch.
async fn is_refused(ledger: &TestLedger, desk: &Desk, case: Case) -> Result<()> {
    let (before, position) = (ledger.account().await?.total, ledger.position().await?);
    let body = case.arrival.body.clone();
    let judged = desk.deliver(vec![good()?, case.arrival, good()?]).await?;
    let [Judged::Accepted { .. }, Judged::Quarantined(refusal), Judged::Accepted { .. }] =
        &judged[..]
    else {
        anyhow::bail!("{judged:?}");
    };
    ensure!((refusal.code, &*refusal.pointer) == (case.code, case.pointer), "{refusal:?}");
    ensure!(!refusal.message.is_empty(), "no words");
    is_kept(ledger, refusal, &body, case.told).await?;
    is_told(&ledger.journal_after(position, 10).await?, refusal, case.told)?;

    let account = ledger.account().await?;
    ensure!(account.difference == 0, "{account:?}");
    ensure!(account.total.received == before.received + 3, "{account:?}");
    ensure!(account.total.quarantined == before.quarantined + 1, "{account:?}");
    Ok(())
}

/// The newest entry of the quarantine is this one, with its bytes.
async fn is_kept(ledger: &TestLedger, refusal: &Refusal, body: &Bytes, told: &str) -> Result<()> {
    let entries = ledger.quarantine(Some(QuarantineState::Open), None, None, 1).await?;
    let newest = entries.first().context("no entry")?;
    let (entry, bytes) = ledger.quarantined(newest.id).await?.context("gone")?;
    ensure!(entry.refusal == *refusal, "{entry:?}");
    ensure!(entry.application == told, "told {}", entry.application);
    ensure!(bytes == *body, "other bytes");
    Ok(())
}

/// One receipt for each of the three, with code and place for the bad one.
fn is_told(journal: &[Entry], refusal: &Refusal, told: &str) -> Result<()> {
    let refused: Vec<&Entry> =
        journal.iter().filter(|entry| entry.kind == EntryKind::Refused).collect();
    ensure!(journal.len() == 3 && refused.len() == 1, "{journal:?}");
    ensure!(refused[0].application == told, "{:?}", refused[0]);
    let detail: Value = serde_json::from_str(&refused[0].detail)?;
    ensure!(detail["code"] == refusal.code.as_str() && detail["pointer"] == *refusal.pointer);
    Ok(())
}
