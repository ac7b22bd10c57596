//! Writing back: by whom, to whom, once, and for how long it is kept.

use std::sync::Arc;

use anyhow::{Result, ensure};
use facteur::clock::{Clock, FixedClock, SystemClock};
use facteur::domain::{MessageId, Scope};
use facteur::ledger::{Entry, EntryKind};
use facteur::mailbox::{Deed, Happened, MailboxError, NewGrant};
use facteur::relay::{has_receipt, receipt};
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{House, is_not_found, reader};
use crate::support::desk::Desk;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, TAX, notice};

on_both_ledgers! {
    once: sqlite_a_reply_is_sent_once, postgres_a_reply_is_sent_once;
    walls: sqlite_only_who_sees_a_message_replies, postgres_only_who_sees_a_message_replies;
    chain: sqlite_an_answer_leads_back, postgres_an_answer_leads_back;
    kept: sqlite_a_reply_outlives_its_message_a_little, postgres_a_reply_outlives_its_message_a_little;
    exchange: sqlite_no_reply_while_an_older_engine_lives, postgres_no_reply_while_an_older_engine_lives;
}

/// A message whose sender takes a reply.
pub(crate) fn question(to: Company) -> Value {
    let mut publication = notice(to);
    publication["isReplyAuthorized"] = json!(true);
    publication
}

/// What the sender is told of replies.
async fn told(ledger: &TestLedger) -> Result<Vec<Value>> {
    let entries = ledger.journal_of(TAX, 0, i64::MAX, 1_000).await?;
    let replied = |it: &&Entry| it.kind == EntryKind::Replied;
    let event = |it: &Entry| Ok(serde_json::to_value(receipt(it, "urn:facteur:test")?)?);
    entries.iter().filter(replied).map(event).collect()
}

async fn once(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let id = house.post(&question(Company::Active)).await?;
    let (key, said) = (Uuid::now_v7(), ("Re: Avis", "Bonjour,\r\nnous <b>payons</b>."));
    let (one, two) = tokio::join!(
        house.mailbox.reply(&chief, id, key, said),
        house.plain.reply(&chief, id, key, said),
    );
    one?;
    two?;
    house.mailbox.reply(&chief, id, key, said).await?;
    let opened = house.mailbox.open(&chief, id).await?;
    ensure!(opened.replies.len() == 1, "{:?}", opened.replies);
    let (reply, author) = (&opened.replies[0].row, &opened.replies[0].author);
    ensure!(reply.subject == "Re: Avis" && reply.text == "Bonjour,\nnous <b>payons</b>.");
    ensure!(author.as_ref().is_some_and(|it| it.id == chief.person), "{author:?}");
    let replied = |it: &Happened| matches!(it, Happened::Deed(Deed::Replied, _));
    let history: Vec<_> = opened.history.iter().filter(|it| replied(&it.happened)).collect();
    ensure!(history.len() == 1 && history[0].person.is_some(), "{history:?}");

    let events = told(ledger).await?;
    ensure!(events.len() == 1 && has_receipt(EntryKind::Replied), "{events:?}");
    let (event, detail) = (&events[0], &events[0]["data"]["detail"]);
    ensure!(event["type"] == "facteur.document.replied" && event["subject"] == id.to_string());
    ensure!(detail["originalMessageId"] == id.to_string(), "{event}");
    ensure!(detail["replyId"] == reply.id.to_string() && detail["subject"] == "Re: Avis");
    ensure!(detail["text"] == "Bonjour,\nnous <b>payons</b>.", "{event}");
    ensure!(!event.to_string().contains(chief.person.as_str()), "who wrote it stays in the box");
    crate::shipped::validator("receipt.schema.json")?
        .validate(event)
        .map_err(|fault| anyhow::anyhow!("{fault}: {event}"))?;

    // Another text in the same form, and the same text in another, are others.
    house.mailbox.reply(&chief, id, key, ("Re: Avis", "Encore")).await?;
    house.mailbox.reply(&chief, id, Uuid::now_v7(), said).await?;
    ensure!(house.mailbox.open(&chief, id).await?.replies.len() == 3);
    ensure!(told(ledger).await?.len() == 3);
    house.close().await
}

async fn walls(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let other = reader(&format!("person-{}", Company::Occasional.number()))?;
    let id = house.post(&question(Company::Active)).await?;
    let closed = house.post(&notice(Company::Active)).await?;
    let said = ("Re: Avis", "Bonjour");
    let reply = |who, id| house.mailbox.reply(who, id, Uuid::now_v7(), said);
    ensure!(matches!(reply(&chief, closed).await, Err(MailboxError::Forbidden)));
    ensure!(is_not_found(reply(&other, id).await), "it is another box");
    ensure!(is_not_found(reply(&other, closed).await), "and nobody is told which it is");
    ensure!(is_not_found(reply(&chief, MessageId(Uuid::now_v7())).await));
    for (subject, text) in [("", "a"), ("a", " \n"), ("a", &"x".repeat(4_001))] {
        let sent = house.mailbox.reply(&chief, id, Uuid::now_v7(), (subject, text)).await;
        ensure!(matches!(sent, Err(MailboxError::Invalid { .. })), "{sent:?}");
    }
    ensure!(told(ledger).await?.is_empty());

    // A colleague, whose access ends.
    let number = Company::Active.number();
    let colleague = reader("colleague")?;
    let grant = NewGrant {
        id: None,
        person: colleague.record(),
        scope: Scope::All,
        partition: None,
        from: None,
        to: None,
    };
    let given = house.mailbox.give(&chief, number, grant).await?;
    reply(&colleague, id).await?;
    house.mailbox.withdraw(&chief, number, given).await?;
    ensure!(is_not_found(reply(&colleague, id).await));
    ensure!(told(ledger).await?.len() == 1);

    for n in 1..100 {
        house.mailbox.reply(&chief, id, Uuid::from_u128(n), said).await?;
    }
    let sent = reply(&chief, id).await;
    ensure!(matches!(sent, Err(MailboxError::Invalid { field: "replies", .. })), "{sent:?}");
    house.mailbox.reply(&chief, id, Uuid::from_u128(1), said).await?;
    ensure!(told(ledger).await?.len() == 100);
    house.close().await
}

async fn chain(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let first = house.post(&question(Company::Active)).await?;
    house.mailbox.reply(&chief, first, Uuid::now_v7(), ("Re", "Oui")).await?;
    let reply = house.mailbox.open(&chief, first).await?.replies[0].row.id;
    let elsewhere = house.post(&question(Company::Occasional)).await?;
    for (original, found) in [
        (first.to_string(), Some(first)),
        (reply.to_string(), Some(first)),
        (elsewhere.to_string(), None),
        (Uuid::now_v7().to_string(), None),
    ] {
        let mut publication = question(Company::Active);
        publication["originalMessageId"] = json!(original);
        let answer = house.post(&publication).await?;
        let opened = house.mailbox.open(&chief, answer).await?;
        ensure!(opened.original.map(|it| it.id) == found, "{original}");
    }
    house.close().await
}

async fn kept(ledger: &TestLedger) -> Result<()> {
    let clock = Arc::new(FixedClock::new(SystemClock.now()));
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let house = House::with_clock(ledger, Desk::open(ledger).await?, &shared)?;
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let id = house.post(&question(Company::Active)).await?;
    house.mailbox.reply(&chief, id, Uuid::now_v7(), ("Re", "Tôt")).await?;
    // The last day of its year.
    clock.advance(SignedDuration::from_hours(24 * 364));
    house.mailbox.reply(&chief, id, Uuid::now_v7(), ("Re", "Tard")).await?;
    clock.advance(SignedDuration::from_hours(24 * 3));
    let sent = house.mailbox.reply(&chief, id, Uuid::now_v7(), ("Re", "Trop tard")).await;
    ensure!(is_not_found(sent), "its time is over");
    ensure!(ledger.forget_replies(100, clock.now()).await? == 1);
    let texts = |events: Vec<Value>| {
        let text = |event: &Value| event["data"]["detail"]["text"].as_str().map(str::to_owned);
        events.iter().map(text).collect::<Vec<_>>()
    };
    ensure!(texts(told(ledger).await?) == [None, Some("Tard".to_owned())]);
    clock.advance(SignedDuration::from_hours(24 * 90));
    ensure!(ledger.forget_replies(100, clock.now()).await? == 1);
    ensure!(texts(told(ledger).await?) == [None, None], "that there were replies stays");
    house.close().await
}

/// It could not read the journal any more.
async fn exchange(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let id = house.post(&question(Company::Active)).await?;
    let (now, old) = (SystemClock.now(), Uuid::now_v7());
    ledger.beat(old, now).await?;
    let sent = house.mailbox.reply(&chief, id, Uuid::now_v7(), ("Re", "Oui")).await;
    ensure!(matches!(sent, Err(MailboxError::NotYet)), "{sent:?}");
    ensure!(told(ledger).await?.is_empty());
    ledger.leave(old, now).await?;
    house.mailbox.reply(&chief, id, Uuid::now_v7(), ("Re", "Oui")).await?;
    ensure!(told(ledger).await?.len() == 1);
    house.close().await
}
