//! A letter is claimed once, by fetching its package.

use std::io::{Cursor, Read as _};

use anyhow::{Context, Result, ensure};
use facteur::domain::Digest;
use facteur::ledger::ClaimAnswer;
use facteur::paper::letter::LetterState;
use facteur::paper::office::FetchError;
use facteur::paper::ticket::Manifest;
use futures_util::future::join_all;

use super::{House, fetched, paper};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    package: sqlite_a_package_holds_what_its_manifest_says, postgres_a_package_holds_what_its_manifest_says;
    once: sqlite_of_many_machines_one_claims, postgres_of_many_machines_one_claims;
    refused: sqlite_what_cannot_be_claimed_says_why, postgres_what_cannot_be_claimed_says_why;
    missing: sqlite_a_letter_whose_document_is_missing_is_held, postgres_a_letter_whose_document_is_missing_is_held;
}

async fn package(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let mut publication = paper(Company::Active);
    publication["bodyContent"] = serde_json::json!({ "nl": "Geachte", "fr": "Bonjour" });
    let job = house.letter(&publication).await?;
    let bytes = house.claim(job, "one").await?;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut text = String::new();
    archive.by_name("manifest.json")?.read_to_string(&mut text)?;
    let manifest: Manifest = serde_json::from_str(&text)?;
    ensure!(manifest.ticket.job_id == job && manifest.files.len() == 2, "{text}");
    for file in &manifest.files {
        let mut content = Vec::new();
        archive.by_name(&file.path)?.read_to_end(&mut content)?;
        ensure!(
            Digest::of(&content) == file.sha256 && content.len() as u64 == file.size,
            "{file:?}"
        );
    }
    // The main content first, then the message's text in the company's language.
    let [main, body] = &manifest.ticket.documents[..] else { anyhow::bail!("{text}") };
    ensure!(main.file_name == "letter.pdf" && body.file_name == "message.txt", "{text}");
    let mut message = String::new();
    archive.by_name(&manifest.files[1].path)?.read_to_string(&mut message)?;
    ensure!(message == "Avis de paiement\n\nBonjour\n", "{message}");
    ensure!(house.receipts(job).await? == ["facteur.letter.claimed"]);
    house.balances().await
}

async fn once(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = house.letter(&paper(Company::Active)).await?;
    let machines: Vec<String> = (0..20).map(|n| format!("machine-{n}")).collect();
    let claims = machines.iter().map(|machine| house.claim(job, machine));
    let won = join_all(claims).await.into_iter().filter(Result::is_ok).count();
    ensure!(won == 1, "{won} machines have it");
    let (letter, events) = house.told(job).await?;
    ensure!(letter.state == LetterState::Claimed && events.len() == 1, "{events:?}");
    let winner = letter.claimant.unwrap_or_default();
    ensure!(!house.claim(job, &winner).await?.is_empty(), "its claimant asks again");
    ensure!(house.told(job).await?.1.len() == 1, "claimed twice");
    house.balances().await
}

/// The answer to a claim that is refused.
async fn answer(house: &House, job: uuid::Uuid, link: &str) -> Result<ClaimAnswer> {
    let token = crate::support::office::token(link);
    match house.office.fetch(job, token, Some("one")).await {
        Err(FetchError::Refused(answer)) => Ok(answer),
        Err(error) => Err(error.into()),
        Ok(_) => anyhow::bail!("it was handed out"),
    }
}

async fn refused(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (now, office) = (house.now(), &house.office);
    // Recalled before the claim: by its old link it is gone.
    let recalled = house.letter(&paper(Company::Active)).await?;
    let link = house.link(recalled).await?;
    office.ledger().recall_letters(&[recalled], "tester", now).await?;
    ensure!(answer(&house, recalled, &link).await? == ClaimAnswer::Cancelled);
    // Moved: the old printer's link opens nothing, the new one's does.
    let moved = house.letter(&paper(Company::Active)).await?;
    let link = house.link(moved).await?;
    let today = facteur::paper::days::today(now);
    let done = office.ledger().move_letter(moved, "liege", today, "tester", now).await?;
    ensure!(done.is_ok(), "{done:?}");
    ensure!(answer(&house, moved, &link).await? == ClaimAnswer::Moved);
    ensure!(!house.claim(moved, "one").await?.is_empty());
    // Printed already.
    house.says("liege", moved, "printed").await?;
    let link = house.link(moved).await?;
    ensure!(answer(&house, moved, &link).await? == ClaimAnswer::Taken);
    // A link for another job, and one whose time is over.
    let job = house.letter(&paper(Company::Active)).await?;
    ensure!(fetched(office, moved, &house.link(job).await?, "one").await.is_err());
    let link = house.link(job).await?;
    house.clock.advance(office.link_lifetime() + jiff::SignedDuration::from_secs(2));
    ensure!(fetched(office, job, &link, "one").await.is_err());
    ensure!(house.state(job).await? == LetterState::Queued);
    house.balances().await
}

async fn missing(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = house.letter(&paper(Company::Active)).await?;
    let letter = house.office.ledger().letter_ticket(job).await?.context("no letter")?;
    let digest = Digest::of(b"a");
    let key = (letter.application.parse()?, digest);
    house.desk.documents.delete(&key).await?;
    let link = house.link(job).await?;
    let fetched = fetched(&house.office, job, &link, "one").await;
    ensure!(fetched.is_err_and(|error| error.to_string().contains("missing")));
    let (letter, _) = house.told(job).await?;
    ensure!(letter.state == LetterState::Held, "{letter:?}");
    ensure!(letter.held_for.as_deref() == Some("document_missing"), "{letter:?}");
    ensure!(house.receipts(job).await? == ["facteur.letter.held"]);
    // Mended, an operator lets it go on.
    house.desk.documents.put(&key, bytes::Bytes::from_static(b"a")).await?;
    let done = house.office.ledger().release_letter(job, None, "tester", house.now()).await?;
    ensure!(done.is_ok(), "{done:?}");
    house.office.plan_all().await?;
    ensure!(!house.claim(job, "one").await?.is_empty());
    house.balances().await
}
