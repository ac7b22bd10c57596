//! What operators order: recall, move, release, send again.

use anyhow::{Context, Result, ensure};
use facteur::ledger::{OrderRefusal, Ordered, RecallScope};
use facteur::paper::days;
use facteur::paper::letter::LetterState;
use uuid::Uuid;

use super::{House, paper};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, LETTER, ONSS, TAX};

on_both_ledgers! {
    recalled: sqlite_letters_are_recalled_until_claimed_and_asked_for_then, postgres_letters_are_recalled_until_claimed_and_asked_for_then;
    scopes: sqlite_letters_are_recalled_by_message_type_and_sender, postgres_letters_are_recalled_by_message_type_and_sender;
    moved: sqlite_a_claimed_letter_moves_by_an_operators_word, postgres_a_claimed_letter_moves_by_an_operators_word;
    again: sqlite_what_failed_is_sent_again_once, postgres_what_failed_is_sent_again_once;
}

async fn recalled(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now) = (house.office.ledger(), house.now());
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(house.letter(&paper(Company::Active)).await?);
    }
    for job in &jobs[1..] {
        house.claim(*job, "one").await?;
    }
    house.says("overflow", jobs[3], "posted").await?;
    let answers = letters.recall_letters(&jobs, "tester", now).await?;
    let expected = [
        Ok(Ordered::Done),
        Ok(Ordered::Asked),
        Ok(Ordered::Asked),
        Err(OrderRefusal::State(LetterState::Posted)),
    ];
    ensure!(answers == expected, "{answers:?}");
    let unknown = letters.recall_letters(&[Uuid::now_v7()], "tester", now).await?;
    ensure!(unknown == [Err(OrderRefusal::Unknown)]);
    let asked = letters.recalls_to_send(10).await?;
    ensure!(asked.len() == 2 && asked[0].1 == "overflow", "{asked:?}");
    letters.recalls_sent(&[jobs[1], jobs[2]], now).await?;
    ensure!(letters.recalls_to_send(10).await?.is_empty());
    // Both answers.
    ensure!(house.says("overflow", jobs[1], "cancelled").await? == "applied");
    ensure!(house.says("overflow", jobs[2], "not_cancelled").await? == "noted");
    ensure!(letters.recalls_of("overflow", 10).await?.is_empty(), "both are answered for");
    let states = [LetterState::Cancelled, LetterState::Cancelled, LetterState::Claimed];
    for (job, state) in jobs.iter().zip(states) {
        ensure!(house.state(*job).await? == state);
    }
    ensure!(house.receipts(jobs[0]).await? == ["facteur.letter.cancelled"]);
    let told = house.receipts(jobs[2]).await?;
    ensure!(told == ["facteur.letter.claimed", "facteur.letter.not_cancelled"], "{told:?}");
    house.balances().await
}

async fn scopes(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let one = house.letter(&paper(Company::Active)).await?;
    let other = house.letter(&paper(Company::Boxless)).await?;
    let message = house.told(one).await?.0.message_id;
    let nothing = RecallScope { message_type: Some("TAX-NOTICE".into()), ..RecallScope::default() };
    for (scope, expected) in [
        (RecallScope { message: Some(message), ..RecallScope::default() }, vec![one]),
        (
            RecallScope { message_type: Some(LETTER.into()), ..RecallScope::default() },
            vec![one, other],
        ),
        (
            RecallScope { organization: Some(ONSS.parse()?), ..RecallScope::default() },
            vec![one, other],
        ),
        (RecallScope { application: Some(TAX.into()), ..RecallScope::default() }, vec![one, other]),
        (nothing, vec![]),
    ] {
        let found = house.office.ledger().letters_in_scope(&scope, Uuid::nil(), 10).await?;
        ensure!(found == expected, "{scope:?}: {found:?}");
        let rest = house.office.ledger().letters_in_scope(&scope, one, 10).await?;
        ensure!(!rest.contains(&one), "the next page");
    }
    Ok(())
}

async fn moved(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now) = (house.office.ledger(), house.now());
    let job = house.letter(&paper(Company::Active)).await?;
    house.claim(job, "one").await?;
    let today = days::today(now);
    ensure!(letters.move_letter(job, "liege", today, "tester", now).await? == Ok(Ordered::Done));
    let (letter, _) = house.told(job).await?;
    ensure!(letter.state == LetterState::Queued && letter.printer == "liege", "{letter:?}");
    ensure!(house.releasable("liege").await? == [job]);
    // The first printer has it on its table still: recorded, not believed.
    ensure!(house.says("overflow", job, "printed").await? == "stranger");
    house.claim(job, "two").await?;
    house.says("liege", job, "printed").await?;
    let late = letters.move_letter(job, "overflow", today, "tester", now).await?;
    ensure!(late == Err(OrderRefusal::State(LetterState::Printed)), "{late:?}");
    house.balances().await
}

async fn again(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now) = (house.office.ledger(), house.now());
    let job = house.letter(&paper(Company::Active)).await?;
    let early = letters.send_letter_again(job, None, now).await?;
    ensure!(early == Err(OrderRefusal::State(LetterState::Queued)), "{early:?}");
    house.claim(job, "one").await?;
    house.says("overflow", job, "rejected").await?;
    let Ok(Ordered::Made(new)) = letters.send_letter_again(job, None, now).await? else {
        anyhow::bail!("nothing was made");
    };
    let twice = letters.send_letter_again(job, None, now).await?;
    ensure!(twice == Err(OrderRefusal::SentAgain(new)), "{twice:?}");
    house.office.plan_all().await?;
    let (letter, _) = house.told(new).await?;
    ensure!(letter.attempt == 2 && letter.original == Some(job), "{letter:?}");
    ensure!(!house.claim(new, "one").await?.is_empty());
    house.says("overflow", new, "delivered").await?;
    let told = house.receipts(new).await?;
    let first = told.first().context("nothing told")?;
    ensure!(first == "facteur.letter.queued" && told.len() == 3, "{told:?}");
    let (account, _) = letters.verify().await?;
    ensure!(account.total.letters_sent_again == 1 && account.total.letters.total() == 2);
    house.balances().await
}
