//! How many pages a letter's documents have: counted once, whatever they are.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use facteur::domain::Digest;
use facteur::paper::pages::PageCounter;
use serde_json::{Value, json};

use super::{House, paper};
use crate::print_room::letters::pdf;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    counted: sqlite_pages_are_counted_once, postgres_pages_are_counted_once;
}

const A4: (u32, u32, u32) = (595, 842, 0);
/// Locked with a password by qpdf.
const ENCRYPTED: &[u8] = include_bytes!("../../../src/print_room/content/encrypted.pdf");
/// 720 bytes whose catalogue lies in an object stream of 4 GiB, deflated three times.
const BOMB: &[u8] = include_bytes!("bomb.pdf");

fn counter() -> PageCounter {
    PageCounter::new(env!("CARGO_BIN_EXE_facteur"))
}

/// A letter with this as its document.
fn letter(content: &[u8]) -> Value {
    use base64::Engine as _;
    let mut publication = paper(Company::Active);
    let inline = base64::engine::general_purpose::STANDARD.encode(content);
    publication["attachments"][0]["content"] = json!({ "inline": inline });
    publication
}

/// The pages in the ticket of a letter that goes out.
async fn told(house: &House, job: uuid::Uuid) -> Result<Option<u32>> {
    let letters = house.office.ledger();
    let mut going = vec![letters.letter_ticket(job).await?.context("no letter")?];
    house.office.fill_pages(&mut going).await?;
    let ticket = house.office.ticket(&going[0]).context("no ticket")?;
    Ok(ticket.documents.first().context("no document")?.pages)
}

async fn counted(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let three = pdf("letter.pdf", &[A4; 3]).content;
    let job = house.letter(&letter(&three)).await?;
    ensure!(told(&house, job).await? == Some(3));
    for (content, why) in [(ENCRYPTED, "encrypted"), (BOMB, "a bomb"), (&three[..200], "broken")] {
        let job = house.letter(&letter(content)).await?;
        ensure!(told(&house, job).await?.is_none(), "{why}");
        ensure!(!house.claim(job, "one").await?.is_empty(), "{why}: it goes out all the same");
    }
    // Another letter with the same document reads it no more.
    let application = "tax:assessment".parse()?;
    house.desk.documents.delete(&(application, Digest::of(&three))).await?;
    let again = house.letter(&letter(&three)).await?;
    house.desk.documents.delete(&("tax:assessment".parse()?, Digest::of(&three))).await?;
    ensure!(told(&house, again).await? == Some(3));
    let rows = ledger.texts("SELECT CAST(pages AS TEXT) FROM document_pages WHERE pages = 3");
    ensure!(rows.await? == [["3"]]);
    house.balances().await
}

#[tokio::test]
async fn what_eats_memory_ends_the_process_that_counts_and_no_other() -> Result<()> {
    let counter = counter();
    let three = Bytes::from(pdf("letter.pdf", &[A4; 3]).content);
    ensure!(counter.count(three.clone()).await? == Some(3));
    ensure!(counter.count(Bytes::from_static(BOMB)).await?.is_none());
    ensure!(counter.count(three).await? == Some(3));
    Ok(())
}

#[tokio::test]
async fn a_program_that_does_not_count_is_known() {
    assert!(PageCounter::new("true").count(Bytes::new()).await.is_err());
    assert!(PageCounter::new("no-such-program").count(Bytes::new()).await.is_err());
}
