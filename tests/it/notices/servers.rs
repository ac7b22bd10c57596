//! What becomes of a notice when the mail server, or an engine, does not do its
//! part.

use std::net::TcpListener;

use anyhow::{Result, ensure};
use facteur::ledger::{NoticeRow, NoticeState, NoticeTime};
use jiff::SignedDuration;
use uuid::Uuid;

use super::{DAY, Post, chief};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, notice};

on_both_ledgers! {
    away: sqlite_a_server_that_is_away_is_waited_for, postgres_a_server_that_is_away_is_waited_for;
    refused: sqlite_a_refusal_is_kept_and_shown, postgres_a_refusal_is_kept_and_shown;
    corrected: sqlite_a_corrected_address_is_told_what_was_refused, postgres_a_corrected_address_is_told_what_was_refused;
    broken: sqlite_a_mail_without_an_answer_comes_again_under_its_id, postgres_a_mail_without_an_answer_comes_again_under_its_id;
    killed: sqlite_an_engine_that_dies_leaves_its_notices_to_another, postgres_an_engine_that_dies_leaves_its_notices_to_another;
    restarted: sqlite_an_engine_that_ends_in_mid_send_tells_no_box_twice, postgres_an_engine_that_ends_in_mid_send_tells_no_box_twice;
    shared: sqlite_many_engines_tell_each_box_once, postgres_many_engines_tell_each_box_once;
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn only(ledger: &TestLedger) -> Result<NoticeRow> {
    let mut rows = ledger.notices(None, None, 10).await?;
    ensure!(rows.len() == 1, "{rows:?}");
    Ok(rows.remove(0))
}

async fn away(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (away, teller) = (post.teller(nobody).await?, post.teller(post.sink.port).await?);
    let company = Company::Active;
    post.tell(company, "ok@company.example").await?;
    let message = post.house.post(&notice(company)).await?;
    post.to_the_next_night()?;
    post.work(&away).await?;
    let row = only(ledger).await?;
    ensure!(
        row.state == NoticeState::Waiting && row.attempts == 1 && row.answer.is_some(),
        "{row:?}"
    );
    let later = [30, 60]
        .map(|secs| facteur::clock::Clock::now(&*post.clock) + SignedDuration::from_secs(secs));
    ensure!(later[0] <= row.try_at && row.try_at <= later[1], "{row:?}");
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.is_empty(), "not before its time");

    // Still away the next night: one notice then, of both days.
    post.to_the_next_night()?;
    post.house.post(&notice(company)).await?;
    post.clock.advance(DAY);
    post.work(&teller).await?;
    let rows = ledger.notices(None, None, 10).await?;
    let states: Vec<NoticeState> = rows.iter().map(|row| row.state).collect();
    ensure!(states == [NoticeState::Sent, NoticeState::Merged], "{rows:?}");
    let texts = post.texts()?;
    ensure!(texts.len() == 1 && texts[0].contains("2 nouveaux messages"), "{texts:?}");

    // What is read before it could be told is not told.
    post.house.mailbox.open(&chief(company)?, message).await?;
    let last = post.house.post(&notice(company)).await?;
    post.to_the_next_night()?;
    ledger.execute("UPDATE messages SET arrived_at = arrived_at + 259200000000".into()).await?;
    post.work(&away).await?;
    post.house.mailbox.open(&chief(company)?, last).await?;
    ledger.execute("UPDATE messages SET read_at = 1 WHERE read_at IS NULL".into()).await?;
    post.clock.advance(HOUR);
    post.work(&teller).await?;
    let rows = ledger.notices(None, None, 10).await?;
    ensure!(rows[0].state == NoticeState::Dropped && post.sink.mails()?.len() == 1, "{rows:?}");
    post.house.close().await
}

async fn refused(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    let (company, chief) = (Company::Active, chief(Company::Active)?);
    post.tell(company, "refuse@company.example").await?;
    post.house.post(&notice(company)).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    let row = only(ledger).await?;
    ensure!(row.state == NoticeState::Refused && row.attempts == 1, "{row:?}");
    ensure!(row.answer.as_deref().is_some_and(|it| it.contains("no such mailbox here")), "{row:?}");
    ensure!(
        post.house.mailbox.notices(&chief, company.number()).await? == std::slice::from_ref(&row)
    );
    let stranger = crate::mailbox::reader("stranger")?;
    ensure!(post.house.mailbox.notices(&stranger, company.number()).await.is_err());
    post.clock.advance(HOUR);
    post.work(&teller).await?;
    ensure!(only(ledger).await?.attempts == 1, "it is not tried by itself");

    // An operator tries it again: with the address of today.
    post.tell(company, "ok@company.example").await?;
    ensure!(ledger.retry_notice(row.id, facteur::clock::Clock::now(&*post.clock)).await?);
    ensure!(!ledger.retry_notice(Uuid::now_v7(), jiff::Timestamp::UNIX_EPOCH).await?);
    post.work(&teller).await?;
    ensure!(only(ledger).await?.state == NoticeState::Sent && post.sink.mails()?.len() == 1);

    // What is refused for the moment waits.
    post.tell(company, "later@company.example").await?;
    ledger.execute("UPDATE messages SET arrived_at = arrived_at + 86400000000".into()).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    let rows = ledger.notices(None, None, 10).await?;
    ensure!(rows[0].state == NoticeState::Waiting && rows[0].attempts == 1, "{rows:?}");
    ensure!(rows[0].answer.as_deref().is_some_and(|it| it.contains("not now")), "{rows:?}");
    post.house.close().await
}

/// Nothing of that night is lost for who mistyped; and it is told once.
async fn corrected(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    let company = Company::Active;
    post.tell(company, "refuse@company.example").await?;
    post.house.post(&notice(company)).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    let refused = only(ledger).await?;
    ensure!(refused.state == NoticeState::Refused && post.sink.mails()?.is_empty(), "{refused:?}");

    post.tell(company, "ok@company.example").await?;
    post.work(&teller).await?;
    let told = only(ledger).await?;
    ensure!(told.state == NoticeState::Sent && told.id == refused.id, "{told:?}");
    let mails = post.sink.mails()?;
    ensure!(mails.len() == 1 && mails[0]["to"][0] == "ok@company.example", "{mails:?}");
    ensure!(post.texts()?[0].contains("1 nouveau message"), "{mails:?}");
    let id = mails[0]["headers"]["message-id"].as_str().unwrap_or_default();
    ensure!(id == format!("<{}@facteur.example>", refused.id), "{id}");

    // What was told is not told again to the next address, nor the next night.
    post.tell(company, "other@company.example").await?;
    post.work(&teller).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.len() == 1 && only(ledger).await?.id == told.id);
    post.house.close().await
}

async fn broken(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    post.tell(Company::Active, "drop@company.example").await?;
    post.house.post(&notice(Company::Active)).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    let row = only(ledger).await?;
    ensure!(row.state == NoticeState::Waiting && post.sink.mails()?.len() == 1, "{row:?}");
    post.clock.advance(HOUR);
    post.work(&teller).await?;
    let (row, mails) = (only(ledger).await?, post.sink.mails()?);
    ensure!(row.state == NoticeState::Sent && row.attempts == 2 && mails.len() == 2, "{row:?}");
    let ids = [&mails[0], &mails[1]].map(|mail| mail["headers"]["message-id"].clone());
    ensure!(ids[0] == ids[1] && ids[0].is_string(), "{ids:?}");
    post.house.close().await
}

async fn killed(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    post.tell(Company::Active, "ok@company.example").await?;
    post.house.post(&notice(Company::Active)).await?;
    post.to_the_next_night()?;
    let at = NoticeTime::by(&*post.clock);
    ensure!(ledger.make_notices(10, at).await?.notices == 1);
    let (dead, lease) = (Uuid::now_v7(), SignedDuration::from_mins(15));
    let in_hand = ledger.claim_notices(dead, 10, lease, at).await?;
    ensure!(in_hand.len() == 1 && in_hand[0].attempts == 1, "{in_hand:?}");
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.is_empty(), "it is in another's hand");
    post.clock.advance(HOUR);
    post.work(&teller).await?;
    let row = only(ledger).await?;
    ensure!(row.state == NoticeState::Sent && row.id == in_hand[0].id && row.attempts == 2);
    // The dead one comes back to say what it did: that is no longer its to say.
    let end = facteur::ledger::NoticeEnd::Refused("late".into());
    ensure!(!ledger.end_notice(row.id, dead, &end, at.now).await?);
    ensure!(only(ledger).await? == row && post.sink.mails()?.len() == 1);
    post.house.close().await
}

/// It told one box of two, and had the other in hand.
async fn restarted(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    for company in [Company::Active, Company::Occasional] {
        post.tell(company, &format!("{company:?}@company.example")).await?;
        post.house.post(&notice(company)).await?;
    }
    post.to_the_next_night()?;
    let (at, lease) = (NoticeTime::by(&*post.clock), SignedDuration::from_mins(15));
    ensure!(ledger.make_notices(10, at).await?.notices == 2);
    ensure!(ledger.claim_notices(Uuid::now_v7(), 1, lease, at).await?.len() == 1);
    post.work(&post.teller(post.sink.port).await?).await?;
    ensure!(post.sink.mails()?.len() == 1, "the other is in hand");

    let started_again = post.teller(post.sink.port).await?;
    post.house.post(&notice(Company::Active)).await?;
    post.house.post(&notice(Company::Occasional)).await?;
    for _ in 0..3 {
        post.work(&started_again).await?;
        post.clock.advance(HOUR);
    }
    let mails = post.sink.mails()?;
    let mut told: Vec<String> = mails.iter().map(|mail| mail["to"][0].to_string()).collect();
    told.sort();
    ensure!(told == ["\"Active@company.example\"", "\"Occasional@company.example\""], "{told:?}");
    ensure!(ledger.notices(Some(NoticeState::Sent), None, 10).await?.len() == 2);
    post.house.close().await
}

async fn shared(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let companies = [Company::Active, Company::Occasional, Company::NeverOpened];
    for company in companies {
        post.tell(company, &format!("{company:?}@company.example")).await?;
        post.house.post(&notice(company)).await?;
    }
    post.to_the_next_night()?;
    let mut tellers = Vec::new();
    for _ in 0..4 {
        tellers.push(post.teller(post.sink.port).await?);
    }
    let work = tellers.iter().map(|teller| post.work(teller));
    futures_util::future::try_join_all(work).await?;
    let mut told: Vec<String> =
        post.sink.mails()?.iter().map(|mail| mail["to"][0].to_string()).collect();
    told.sort();
    told.dedup();
    ensure!(told.len() == 3 && post.sink.mails()?.len() == 3, "{told:?}");
    ensure!(ledger.notices(Some(NoticeState::Sent), None, 10).await?.len() == 3);
    post.house.close().await
}
