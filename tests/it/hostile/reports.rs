//! What printers report.

use std::sync::Arc;

use anyhow::Result;
use facteur::clock::{Clock, SystemClock};
use facteur::ledger::LetterFilter;
use facteur::paper::inbox::Letterbox;
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
        "data": { "jobId": job, "kind": "taken", "at": SystemClock.now() },
    })
}

/// A letter stays one letter whatever is said of it, and of strangers nothing
/// changes.
fn reports(ledger: impl Future<Output = Result<TestLedger>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ledger = runtime.block_on(ledger)?;
    let (office, job) = runtime.block_on(Box::pin(office_with_a_letter(&ledger)))?;
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
        let letterbox = |body| Letterbox { printer: "overflow".into(), account: None, body };
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

async fn office_with_a_letter(ledger: &TestLedger) -> Result<(Arc<Office>, Uuid)> {
    let desk = Desk::open(ledger).await?;
    let mut letter = notice(Company::Active);
    letter["messageTypeId"] = json!(LETTER);
    desk.deliver_one(posted(&letter)?).await?;
    let office = office::over(&ledger.ledger, &desk.documents, office::PRINTERS)?;
    office.plan_all().await?;
    let one = LetterFilter { limit: 1, ..LetterFilter::default() };
    let job = ledger.letters(&one).await?.remove(0).job_id;
    Ok((office, job))
}
