//! What operators order: recall, move, release, send again.

use anyhow::{Context, Result, ensure};
use facteur::ledger::{OrderRefusal, Ordered, PlannedLetter, RecallScope, Releasable};
use facteur::paper::days;
use facteur::paper::letter::LetterState;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use super::{House, paper};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, LETTER, ONSS, TAX};

on_both_ledgers! {
    recalled: sqlite_letters_are_recalled_until_claimed_and_asked_for_then, postgres_letters_are_recalled_until_claimed_and_asked_for_then;
    scopes: sqlite_letters_are_recalled_by_message_type_and_sender, postgres_letters_are_recalled_by_message_type_and_sender;
    moved: sqlite_a_claimed_letter_moves_by_an_operators_word, postgres_a_claimed_letter_moves_by_an_operators_word;
    wanted: sqlite_a_recall_is_neither_lost_nor_final, postgres_a_recall_is_neither_lost_nor_final;
    unaddressed: sqlite_what_has_no_address_is_not_moved, postgres_what_has_no_address_is_not_moved;
    overtaken: sqlite_a_letter_that_moves_is_not_released_for_another, postgres_a_letter_that_moves_is_not_released_for_another;
    found: sqlite_what_moved_since_is_not_held, postgres_what_moved_since_is_not_held;
    all: sqlite_all_that_a_printer_has_not_claimed_moves_at_once, postgres_all_that_a_printer_has_not_claimed_moves_at_once;
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

/// What is wanted back ends when it is freed; after a no it may be asked anew.
async fn wanted(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now, today) = (house.office.ledger(), house.now(), days::today(house.now()));
    let (gone, kept) = (
        house.letter(&paper(Company::Active)).await?,
        house.letter(&paper(Company::Active)).await?,
    );
    for job in [gone, kept] {
        house.claim(job, "one").await?;
        letters.recall_letters(&[job], "tester", now).await?;
    }
    let moved = letters.move_letter(gone, "liege", today, "tester", now).await?;
    ensure!(moved == Ok(Ordered::Cancelled), "{moved:?}");
    ensure!(house.state(gone).await? == LetterState::Cancelled);
    letters.recalls_sent(&[gone, kept], now).await?;
    ensure!(house.says("overflow", kept, "not_cancelled").await? == "noted");
    ensure!(letters.recalls_of("overflow", 10).await?.is_empty());
    let again = letters.recall_letters(&[kept], "tester", now).await?;
    ensure!(again == [Ok(Ordered::Asked)], "{again:?}");
    ensure!(letters.recalls_to_send(10).await?.iter().any(|it| it.0 == kept), "never sent");
    ensure!(letters.recalls_of("overflow", 10).await?.len() == 1);
    ensure!(house.says("overflow", kept, "not_cancelled").await? == "noted");
    let moved = letters.move_letter(kept, "liege", today, "tester", now).await?;
    ensure!(moved == Ok(Ordered::Done), "{moved:?}");
    ensure!(letters.recalls_of("liege", 10).await?.is_empty());
    house.claim(kept, "two").await?;
    ensure!(letters.recall_letters(&[kept], "tester", now).await? == [Ok(Ordered::Asked)]);
    ensure!(letters.recalls_to_send(10).await?.iter().any(|it| it.0 == kept && it.1 == "liege"));
    house.balances().await
}

async fn unaddressed(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now, today) = (house.office.ledger(), house.now(), days::today(house.now()));
    let job = house.letter(&paper(Company::Unknown)).await?;
    ensure!(letters.release_letter(job, None, "tester", now).await? == Ok(Ordered::Done));
    let moved = letters.move_letter(job, "overflow", today, "tester", now).await?;
    ensure!(moved == Err(OrderRefusal::Unaddressed), "{moved:?}");
    ensure!(house.office.plan_all().await? == 1, "it is looked at, and held again");
    ensure!(house.state(job).await? == LetterState::Held);
    house.balances().await?;
    // An engine of before may have left such a one.
    let strand =
        "UPDATE letters SET state = 'queued', printer = 'overflow', day = 1 WHERE address IS NULL";
    ledger.execute(strand.to_owned()).await?;
    let (_, findings) = letters.verify().await?;
    let which = job.to_string();
    let is_named = |it: &&facteur::ledger::Finding| it.what.contains("no address");
    ensure!(
        findings.iter().find(is_named).is_some_and(|it| it.which.contains(&which)),
        "{findings:?}"
    );
    Ok(())
}

/// Read for one printer, and moved before it was marked.
async fn overtaken(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now, today) = (house.office.ledger(), house.now(), days::today(house.now()));
    let job = house.letter(&paper(Company::Active)).await?;
    letters.move_letter(job, "liege", today, "tester", now).await??;
    let under_way = letters.release_letters("overflow", vec![job], now).await?;
    let under_way = under_way.context("nothing under way")?;
    ensure!(
        letters.tickets_of(&under_way).await?.is_empty(),
        "a ticket of a printer that has it not"
    );
    letters.tickets_sent(&under_way, &[]).await?;
    ensure!(house.releasable("liege").await? == [job], "the other is offered it");
    house.balances().await
}

/// The machine asks while the letter is being moved: it waits for the row, and
/// finds it another printer's.
#[tokio::test]
async fn postgres_a_lease_that_waited_for_a_move_gives_nothing() -> Result<()> {
    let ledger = crate::support::ledgers::postgres().await?;
    let house = House::open(&ledger).await?;
    let job = house.letter(&super::paper_to("4000")).await?;
    let mut moving = PgConnection::connect(&ledger.url).await?;
    let mut moving = moving.begin().await?;
    let move_it = format!("UPDATE letters SET printer = 'overflow' WHERE job = '{job}'");
    sqlx::query(AssertSqlSafe(move_it)).execute(&mut *moving).await?;
    let (now, today) = (house.now(), days::today(house.now()));
    let which = Releasable { printer: "liege", today, limit: 10 };
    let end = now + jiff::SignedDuration::from_mins(15);
    let leasing = house.office.ledger().lease_letters(which, "one", end, now);
    let arriving = async {
        until("the machine waits for the row", async || ledger.is_waited_for().await).await;
        moving.commit().await
    };
    let (leased, committed) = tokio::join!(leasing, arriving);
    committed?;
    let leased = leased?;
    ensure!(leased.is_empty(), "{leased:?}");
    let (letter, _) = house.told(job).await?;
    ensure!(letter.printer == "overflow" && letter.claimant.is_none(), "{letter:?}");
    Ok(())
}

/// A plan, or a claim, found something wrong with a letter, and an operator
/// moved it before that was written.
async fn found(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now) = (house.office.ledger(), house.now());
    let job = house.letter(&paper(Company::Active)).await?;
    let before = letters.letter_ticket(job).await?.context("no letter")?;
    letters.move_letter(job, "liege", days::today(now), "tester", now).await??;
    let (why, detail, printer) = ("cap_reached", "a test".to_owned(), None);
    letters.plan_letters(&[PlannedLetter::Held { job, why, detail, printer }], now).await?;
    letters.hold_letter(&before, "document_missing", "a test".into(), now).await?;
    let (letter, events) = house.told(job).await?;
    ensure!(letter.state == LetterState::Queued && letter.printer == "liege", "{letter:?}");
    ensure!(events.len() == 1 && events[0].kind == "moved", "{events:?}");
    // Of its new printer it holds.
    let now_there = letters.letter_ticket(job).await?.context("no letter")?;
    letters.hold_letter(&now_there, "document_missing", "a test".into(), now).await?;
    ensure!(house.state(job).await? == LetterState::Held);
    house.balances().await
}

async fn all(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(house.letter(&super::paper_to("4000")).await?);
    }
    house.claim(jobs[0], "one").await?;
    let program = Program::new()?.with("LEDGER__URL", &ledger.url);
    let printers = super::PRINTERS.replace("key_digest = \"KEY\"\n", "");
    let printers = program.file("printers.toml", &printers)?;
    let program = program.with("PAPER__PRINTERS", &printers);
    let order =
        ["letters", "move", "--from", "liege", "--printer", "overflow", "--reason", "press"];
    ensure!(program.ask(&order).await?["moved"] == 2);
    for (job, printer) in jobs.iter().zip(["liege", "overflow", "overflow"]) {
        ensure!(house.told(*job).await?.0.printer == printer);
    }
    let unknown =
        program.run(&["letters", "move", "--from", "mons", "--printer", "overflow"]).await?;
    ensure!(unknown.code == Some(1), "{unknown:?}");
    // One that the file does not name any more.
    let only = program.file("overflow.toml", "[[printer]]\nname = \"overflow\"\n")?;
    let program = program.with("PAPER__PRINTERS", &only);
    let back = house.office.ledger().move_letter(
        jobs[1],
        "liege",
        facteur::paper::days::today(house.now()),
        "operator",
        house.now(),
    );
    ensure!(back.await?.is_ok());
    ensure!(program.ask(&order).await?["moved"] == 1);
    ensure!(house.told(jobs[1]).await?.0.printer == "overflow");
    let both =
        ["letters", "move", &jobs[1].to_string(), "--from", "liege", "--printer", "overflow"];
    ensure!(program.run(&both).await?.code == Some(2));
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
    // Of a message past its time there is nothing to send.
    let late = house.letter(&paper(Company::Active)).await?;
    house.claim(late, "one").await?;
    house.says("overflow", late, "rejected").await?;
    let expire = "UPDATE messages SET expired_at = 1 WHERE id IN
            (SELECT message FROM letters WHERE state = 'failed' AND original IS NULL
             AND job NOT IN (SELECT original FROM letters WHERE original IS NOT NULL))";
    ledger.execute(expire.to_owned()).await?;
    let expired = letters.send_letter_again(late, None, now).await?;
    ensure!(expired == Err(OrderRefusal::Expired), "{expired:?}");
    ledger.execute("UPDATE messages SET expired_at = NULL".to_owned()).await?;
    let (account, _) = letters.verify().await?;
    ensure!(account.total.letters_sent_again == 1 && account.total.letters.total() == 3);
    house.balances().await
}
