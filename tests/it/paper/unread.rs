//! What nobody reads in time becomes a letter, exactly once.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use facteur::clock::Clock;
use facteur::domain::{Change, Record};
use facteur::intake::Judged;
use facteur::ledger::{Ledger, LetterFilter};
use facteur::mailbox::Mailbox;
use facteur::paper::letter::LetterState;
use facteur::paper::plan::calendar::add_working_hours;
use futures_util::future::try_join_all;
use jiff::SignedDuration;
use serde_json::json;

use super::House;
use crate::mailbox::reader;
use crate::support::desk::posted;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::program::Program;
use crate::support::world::{Company, notice};

on_both_ledgers! {
    unread: sqlite_unread_messages_become_letters_once, postgres_unread_messages_become_letters_once;
    called_off: sqlite_what_was_called_off_becomes_no_letter, postgres_what_was_called_off_becomes_no_letter;
    race: sqlite_an_opening_at_the_deadline_is_read_or_printed, postgres_an_opening_at_the_deadline_is_read_or_printed;
}

const HOURS: u32 = 16;

/// Readers open while the deadline is kept: whoever comes first decides, and
/// nothing is left to decide.
async fn race(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let reference = ledger.reference().await?;
    let mut kind = reference.message_types["TAX-NOTICE"].clone();
    kind.unread_to_paper_hours = Some(HOURS);
    let change = Change::Put(Record::MessageType(kind));
    ledger.change_registry(&[change], "tester", house.now()).await?;
    let mut messages = Vec::new();
    for _ in 0..12 {
        let judged = house.desk.deliver_one(posted(&notice(Company::Active))?).await?;
        let Judged::Accepted { id, .. } = judged else { anyhow::bail!("{judged:?}") };
        messages.push(id);
    }
    house.clock.set(add_working_hours(house.now(), HOURS) + SignedDuration::from_mins(5));
    let (shared, documents) = (Arc::clone(&ledger.ledger), house.desk.documents.clone());
    let clock: Arc<dyn Clock> = house.clock.clone();
    let mailbox = Mailbox::new(shared, None, documents, clock);
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let opened = async {
        for message in &messages {
            mailbox.open(&chief, *message).await?;
        }
        anyhow::Ok(())
    };
    let made = async {
        let mut made = 0;
        for _ in 0..messages.len() {
            made += ledger.unread_to_paper(1, house.now()).await?.1;
        }
        anyhow::Ok(made)
    };
    let ((), made) = Box::pin(futures_util::future::try_join(opened, made)).await?;
    let letters = ledger.letters(&LetterFilter { limit: 100, ..LetterFilter::default() }).await?;
    ensure!(letters.len() == made, "{made}: {letters:?}");
    ensure!(!house.office.make_unread().await?, "nothing is due any more");
    let left =
        "SELECT CAST(id AS TEXT) FROM messages WHERE paper_due_at IS NOT NULL OR read_at IS NULL";
    ensure!(ledger.texts(left).await?.is_empty());
    house.balances().await
}

/// An operator recalls one message, and then the type.
async fn called_off(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let reference = ledger.reference().await?;
    let mut kind = reference.message_types["TAX-NOTICE"].clone();
    kind.unread_to_paper_hours = Some(HOURS);
    let change = Change::Put(Record::MessageType(kind));
    ledger.change_registry(&[change], "tester", house.now()).await?;
    let mut messages = Vec::new();
    for _ in 0..4 {
        let judged = house.desk.deliver_one(posted(&notice(Company::Active))?).await?;
        let Judged::Accepted { id, .. } = judged else { anyhow::bail!("{judged:?}") };
        messages.push(id);
    }
    let program = Program::new()?.with("LEDGER__URL", &ledger.url);
    let cancel = async |scope: [&str; 2]| {
        let said = program.ask(&["letters", "cancel", scope[0], scope[1]]).await?;
        said["unreadCalledOff"].as_u64().context("not said")
    };
    ensure!(cancel(["--type", "TAX-LETTER"]).await? == 0, "another type");
    ensure!(cancel(["--message", &messages[0].to_string()]).await? == 1);
    // The second is due before the recall.
    let due = "UPDATE messages SET paper_due_at = 1 WHERE id IN
            (SELECT id FROM messages ORDER BY id LIMIT 1 OFFSET 1)";
    ledger.execute(due.to_owned()).await?;
    ensure!(ledger.unread_to_paper(10, house.now()).await? == (1, 1));
    ensure!(cancel(["--application", "work:attest"]).await? == 0, "another sender");
    let both = program.run(&["letters", "cancel", "--type", "TAX-NOTICE", "--json"]).await?;
    ensure!(
        both.out.contains("\"unreadCalledOff\":2") && both.out.contains("\"done\""),
        "{both:?}"
    );
    house.clock.set(add_working_hours(house.now(), HOURS) + SignedDuration::from_mins(5));
    ensure!(!house.office.make_unread().await?, "nothing is due any more");
    let letters = ledger.letters(&LetterFilter { limit: 10, ..LetterFilter::default() }).await?;
    let [letter] = &letters[..] else { anyhow::bail!("{letters:?}") };
    ensure!(letter.state == LetterState::Cancelled, "{letter:?}");
    ensure!(letter.message_id == messages[1], "{letter:?}");
    let acts = "SELECT detail FROM audit WHERE kind = 'operated' ORDER BY id DESC LIMIT 1";
    let act = ledger.texts(acts).await?.concat().concat();
    ensure!(act.contains("paper-called-off") && act.contains("type TAX-NOTICE"), "{act}");
    house.balances().await
}

async fn unread(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let reference = ledger.reference().await?;
    let mut kind = reference.message_types["TAX-NOTICE"].clone();
    kind.unread_to_paper_hours = Some(HOURS);
    let change = Change::Put(Record::MessageType(kind));
    ledger.change_registry(&[change], "tester", house.now()).await?;
    let mut digital_only = notice(Company::Active);
    digital_only["digitalOnly"] = json!(true);
    let mut messages = Vec::new();
    for publication in [notice(Company::Active), notice(Company::Active), digital_only] {
        let judged = house.desk.deliver_one(posted(&publication)?).await?;
        let Judged::Accepted { id, .. } = judged else { anyhow::bail!("{judged:?}") };
        messages.push(id);
    }
    // The second is opened in time.
    let read = "UPDATE messages SET read_at = arrived_at + 1 WHERE id IN
            (SELECT id FROM messages ORDER BY id LIMIT 1 OFFSET 1)";
    ledger.execute(read.to_owned()).await?;
    let now = house.now();
    ensure!(!house.office.make_unread().await?, "it is not time yet");
    let due = add_working_hours(now, HOURS);
    house.clock.set(due + SignedDuration::from_mins(5));
    // Several engines find it at the same moment.
    let engines: Vec<Arc<Ledger>> = try_join_all(
        (0..4).map(|_| async { anyhow::Ok(Arc::new(Ledger::open(&ledger.url, 2).await?)) }),
    )
    .await?;
    let at = house.now();
    let made = try_join_all(engines.iter().map(|engine| engine.unread_to_paper(100, at))).await?;
    ensure!(made.iter().map(|(_, made)| made).sum::<usize>() == 1, "{made:?}");
    ensure!(!house.office.make_unread().await?, "nothing is due any more");
    let letters = ledger.letters(&LetterFilter { limit: 10, ..LetterFilter::default() }).await?;
    let [letter] = &letters[..] else { anyhow::bail!("{letters:?}") };
    ensure!(letter.message_id == messages[0] && letter.cause == "unread", "{letter:?}");
    let stored = ledger.explain(messages[0]).await?.context("no message")?;
    ensure!(stored.medium == facteur::domain::Medium::Digital, "what was decided stays");
    ensure!(house.receipts(letter.job_id).await? == ["facteur.letter.queued"]);
    house.office.plan_all().await?;
    ensure!(!house.claim(letter.job_id, "one").await?.is_empty());
    ensure!(house.state(letter.job_id).await? == LetterState::Claimed);
    let (account, _) = ledger.verify().await?;
    ensure!(account.total.letters_unread == 1 && account.total.digital == 3, "{account:?}");
    house.balances().await
}
