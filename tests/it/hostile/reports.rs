//! What printers report.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use facteur::clock::{Clock, SystemClock};
use facteur::ledger::{LetterFilter, Verdict};
use facteur::paper::inbox::{Heard, Letterbox};
use facteur::paper::office::Office;
use proptest::collection::vec;
use proptest::strategy::Strategy as _;
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use serde_json::{Value, json};
use uuid::Uuid;

use super::json::{anything, nearly};
use super::seeded;
use crate::support::desk::{Desk, posted};
use crate::support::ledgers::{self, TestLedger};
use crate::support::office;
use crate::support::wait::soon;
use crate::support::world::{Company, LETTER, notice};

#[test]
fn sqlite_any_report_is_answered() -> Result<()> {
    reports(async { ledgers::sqlite().await })
}

#[test]
fn postgres_any_report_is_answered() -> Result<()> {
    reports(async { ledgers::postgres().await })
}

const PIECES: u32 = 40;
const A_PIECE: usize = 6;

/// A report that would be believed, of a job that exists.
fn good(job: Uuid) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::now_v7(), "source": "urn:printer:overflow",
        "type": "facteur.letter.report", "time": SystemClock.now(), "subject": job,
        "datacontenttype": "application/json",
        "data": { "jobId": job, "printer": "overflow", "kind": "taken", "at": SystemClock.now() },
    })
}

/// A letter stays one letter whatever is said of it, and of strangers nothing
/// changes.
fn reports(ledger: impl Future<Output = Result<TestLedger>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ledger = runtime.block_on(ledger)?;
    let (office, job) = runtime.block_on(Box::pin(office_with_a_claimed_letter(&ledger)))?;
    let letterbox = |body| Letterbox { printer: "overflow".into(), account: None, body };
    // Or nothing that is nearly it would ever come near the letter.
    let believed = [letterbox(good(job).to_string().into_bytes())];
    let believed = runtime.block_on(office.hear(&believed))?;
    // Taken is known from the claim: noted, as one of its steps.
    let is_believed = |it: &Heard| matches!(it, Heard::Report { verdict: Verdict::Noted, .. });
    anyhow::ensure!(believed.iter().all(is_believed) && believed.len() == 1, "{believed:?}");
    let bodies = proptest::prop_oneof![
        proptest::arbitrary::any::<Vec<u8>>(),
        anything().prop_map(|json| json.to_string().into_bytes()),
        nearly(good(job)).prop_map(|json| json.to_string().into_bytes()),
        nearly(json!([good(job), good(Uuid::nil())])).prop_map(|it| it.to_string().into_bytes()),
    ];
    let is_answered = |bodies: Vec<Vec<u8>>| {
        // A batch of no events says nothing.
        let says_something = |body: &&Vec<u8>| {
            !serde_json::from_slice::<Vec<Value>>(body).is_ok_and(|events| events.is_empty())
        };
        let saying = bodies.iter().filter(says_something).count();
        let messages: Vec<Letterbox> = bodies.into_iter().map(letterbox).collect();
        let heard = runtime.block_on(soon(Box::pin(office.hear(&messages)))).map_err(fails)?;
        prop_assert!(heard.len() >= saying, "something was not answered");
        let account = runtime.block_on(ledger.account()).map_err(fails)?;
        prop_assert_eq!(account.total.letters.total(), 1);
        Ok(())
    };
    seeded(file!(), PIECES).run(&vec(bodies, A_PIECE), is_answered)?;
    let (account, findings) = runtime.block_on(ledger.verify())?;
    anyhow::ensure!(account.difference == 0 && findings.is_empty(), "{findings:?}");
    Ok(())
}

fn fails(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

async fn office_with_a_claimed_letter(ledger: &TestLedger) -> Result<(Arc<Office>, Uuid)> {
    let desk = Desk::open(ledger).await?;
    let mut letter = notice(Company::Active);
    letter["messageTypeId"] = json!(LETTER);
    desk.deliver_one(posted(&letter)?).await?;
    let office = office::over(&ledger.ledger, &desk.documents, office::PRINTERS)?;
    office.plan_all().await?;
    let one = LetterFilter { limit: 1, ..LetterFilter::default() };
    let job = ledger.letters(&one).await?.remove(0).job_id;
    let letter = ledger.letter_ticket(job).await?.context("no such letter")?;
    let link = office.ticket(&letter).context("not planned")?.package;
    drop(office.fetch(job, office::token(&link), Some("one")).await?);
    Ok((office, job))
}
