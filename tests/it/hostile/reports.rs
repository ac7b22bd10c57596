//! What printers report.

use anyhow::Result;
use facteur::clock::{Clock, SystemClock};
use facteur::ledger::LetterFilter;
use facteur::paper::inbox::Letterbox;
use proptest::collection::vec;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use uuid::Uuid;

use super::json::{anything, nearly};
use crate::support::desk::{Desk, posted};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::office;
use crate::support::wait::soon;
use crate::support::world::{Company, LETTER, notice};

on_both_ledgers! {
    reports: sqlite_any_report_is_answered, postgres_any_report_is_answered;
}

const PIECES: usize = 40;
const A_PIECE: usize = 6;

/// A report that would be believed, of a job that exists.
fn good(job: Uuid) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::now_v7(), "source": "urn:printer:overflow",
        "type": "facteur.letter.report", "time": SystemClock.now(), "subject": job,
        "datacontenttype": "application/json",
        "data": { "jobId": job, "kind": "taken", "at": SystemClock.now() },
    })
}

/// A letter stays one letter whatever is said of it, and of strangers nothing
/// changes.
async fn reports(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let mut letter = notice(Company::Active);
    letter["messageTypeId"] = json!(LETTER);
    desk.deliver_one(posted(&letter)?).await?;
    let office = office::over(&ledger.ledger, &desk.documents, office::PRINTERS)?;
    office.plan_some().await?;
    let one = LetterFilter { limit: 1, ..LetterFilter::default() };
    let job = ledger.letters(&one).await?.remove(0).job_id;
    let mut runner = TestRunner::deterministic();
    let bodies = proptest::prop_oneof![
        proptest::arbitrary::any::<Vec<u8>>(),
        anything().prop_map(|json| json.to_string().into_bytes()),
        nearly(good(job)).prop_map(|json| json.to_string().into_bytes()),
        nearly(json!([good(job), good(Uuid::nil())])).prop_map(|it| it.to_string().into_bytes()),
    ];
    let pieces = vec(bodies, A_PIECE);
    for _ in 0..PIECES {
        let tree = pieces.new_tree(&mut runner).map_err(|why| anyhow::anyhow!("{why}"))?;
        let letterbox = |body| Letterbox { printer: "overflow".into(), account: None, body };
        let messages: Vec<Letterbox> = tree.current().into_iter().map(letterbox).collect();
        let heard = soon(Box::pin(office.hear(&messages))).await?;
        anyhow::ensure!(heard.len() >= messages.len(), "something was not answered");
        anyhow::ensure!(ledger.account().await?.total.letters.total() == 1);
    }
    let (account, findings) = ledger.verify().await?;
    anyhow::ensure!(account.difference == 0 && findings.is_empty(), "{findings:?}");
    Ok(())
}
