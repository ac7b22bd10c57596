//! Messages that expire, and those that something holds up.

use anyhow::{Context as _, Result, ensure};
use facteur::ledger::{EntryKind, LetterFilter};
use facteur::mailbox::{Filter, Order, Page, Place as Where, Purpose};
use facteur::relay::{has_receipt, receipt};
use facteur::retention::Round;
use facteur::search::Query;

use super::{DAY, Place, YEAR, with_content};
use crate::mailbox::reader;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    shared: sqlite_content_stays_while_a_message_names_it, postgres_content_stays_while_a_message_names_it;
    record: sqlite_the_record_is_kept_for_its_years, postgres_the_record_is_kept_for_its_years;
    letters: sqlite_a_letter_keeps_its_content, postgres_a_letter_keeps_its_content;
}

async fn shared(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    let (company, mailbox) = (Company::Active, &place.house.mailbox);
    let chief = reader(&format!("person-{}", company.number()))?;
    let first = place.house.post(&with_content(company)).await?;
    let second = place.house.post(&with_content(company)).await?;
    ensure!(place.retention.round().await? == Round::default(), "nothing is over");

    // The first one's time is over half a year before the other's.
    let half = 182 * 86_400_000_000_i64;
    let id = match ledger.backend() {
        "sqlite" => format!("x'{}'", first.0.simple()),
        _ => format!("'{}'", first.0),
    };
    ledger
        .execute(format!("UPDATE messages SET expires_at = expires_at - {half} WHERE id = {id}"))
        .await?;
    place.clock.advance(DAY * 200);
    place.house.indexed().await?;
    ensure!(place.house.search.find(Query::everywhere()).await?.total == 2);
    let round = place.retention.round().await?;
    ensure!(round == Round { expired: 1, ..Round::default() }, "{round:?}");
    ensure!(place.has_content().await?, "the other message names it");
    place.balances().await?;
    ensure!(mailbox.open(&chief, first).await.is_err());
    ensure!(mailbox.content(&chief, second, "letter", Purpose::Download).await.is_ok());
    place.house.indexed().await?;
    ensure!(place.house.search.find(Query::everywhere()).await?.total == 1);

    // Identity, decision and dates stay; what it said does not.
    let kept = ledger.explain(first).await?.context("the message is gone")?;
    ensure!(!kept.publication.contains("Avis") && !kept.publication.contains("Du texte"));
    ensure!(
        kept.publication.contains("TAX-NOTICE") && kept.reason == "BOX_IN_USE",
        "{}",
        kept.reason
    );
    let entries = ledger.journal_after(0, 100).await?;
    let told = entries.iter().find(|entry| entry.kind == EntryKind::Expired);
    let told = told.context("nothing is told")?;
    ensure!(told.message.is_some_and(|(id, _)| id == first) && has_receipt(told.kind), "{told:?}");
    let told = receipt(told, "urn:test")?;
    ensure!(told.data.detail.get().contains(r#""wasRead":false"#), "{}", told.data.detail);

    let last = ledger.explain(second).await?.context("the message is gone")?.expires_at;
    place.clock.set(last + jiff::SignedDuration::from_hours(1));
    let round = place.retention.round().await?;
    ensure!(round.expired == 1 && round.released == 0, "its day is not over: {round:?}");
    place.clock.advance(DAY * 2);
    let round = place.retention.round().await?;
    ensure!(round == Round { released: 1, swept: 1, ..Round::default() }, "{round:?}");
    ensure!(!place.has_content().await?, "the content is still there");
    ensure!(ledger.document(&super::content()?).await?.is_none());
    place.balances().await?;
    ensure!(ledger.account().await?.total.accepted == 2, "identities stay");
    let (everything, here) = (Filter::default(), Where::Box(company.number()));
    let listed = mailbox.list(&chief, here, &everything, Order::Newest, Page::default()).await?;
    ensure!(listed.lines.is_empty(), "{:?}", listed.lines);

    // The same content, sent again, is there again.
    place.house.post(&with_content(company)).await?;
    ensure!(place.has_content().await?);
    place.balances().await?;
    place.house.indexed().await?;
    ensure!(place.house.search.find(Query::everywhere()).await?.total == 1);
    place.house.close().await
}

async fn letters(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    let message = place.house.post(&with_content(Company::NeverOpened)).await?;
    place.clock.advance(YEAR + DAY * 2);
    for _ in 0..3 {
        let round = place.retention.round().await?;
        ensure!(round == Round { held_up: 1, ..Round::default() }, "{round:?}");
        ensure!(place.has_content().await?, "a letter is still to be printed");
        place.balances().await?;
        place.clock.advance(DAY * 30);
    }
    let filter = LetterFilter { message: Some(message), limit: 10, ..LetterFilter::default() };
    let letters = ledger.letters(&filter).await?;
    let (job, now) = (letters[0].job_id, facteur::clock::Clock::now(&*place.clock));
    ensure!(ledger.recall_letters(&[job], "tester", now).await?[0].is_ok());
    let round = place.retention.round().await?;
    let all = Round { expired: 1, released: 1, swept: 1, ..Round::default() };
    ensure!(round == all && !place.has_content().await?, "{round:?}");
    place.balances().await?;

    // There is nothing left that could be sent again.
    ledger.execute("UPDATE letters SET state = 'failed'".into()).await?;
    ensure!(ledger.send_letter_again(job, None, now).await?.is_err());
    place.house.close().await
}

/// Two deeds a year, in two seals; ten years from the next 1 January on.
async fn record(ledger: &TestLedger) -> Result<()> {
    let place = Place::open(ledger).await?;
    let (company, now) = (Company::Active, facteur::clock::Clock::now(&*place.clock));
    let chief = reader(&format!("person-{}", company.number()))?;
    let this_year = i64::from(facteur::clock::belgian_day(now).year());
    for year in [this_year - 11, this_year - 10, this_year] {
        for consent in [true, false] {
            place.house.mailbox.consent(&chief, company.number(), consent).await?;
            let sql = format!("UPDATE audit SET year = {year} WHERE seal IS NULL");
            ledger.execute(sql).await?;
            ensure!(ledger.seal_record(now).await? == 1);
        }
    }
    let round = place.retention.round().await?;
    ensure!(round == Round { forgotten: 2, ..Round::default() }, "{round:?}");
    let years: Vec<(i64, i64)> =
        ledger.seal_heads().await?.iter().map(|head| (head.year, head.number)).collect();
    ensure!(years == [(this_year - 10, 2), (this_year, 2)], "{years:?}");
    place.balances().await?;

    // Broken off between two seals, what is left of the chain is whole.
    ensure!(ledger.forget_record(this_year).await? == Some(1));
    place.balances().await?;
    ensure!(ledger.forget_record(this_year).await? == Some(1));
    ensure!(ledger.forget_record(this_year).await?.is_none());
    place.balances().await?;
    place.house.close().await
}
