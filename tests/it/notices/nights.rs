//! Who is told what, night by night.

use anyhow::{Result, ensure};
use facteur::ledger::NoticeState;
use jiff::SignedDuration;

use super::{DAY, Post, chief};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, ONSS, notice};

on_both_ledgers! {
    story: sqlite_a_box_is_told_once_a_night, postgres_a_box_is_told_once_a_night;
    read: sqlite_what_was_read_alerts_nobody_before_it_leaves, postgres_what_was_read_alerts_nobody_before_it_leaves;
    stopped: sqlite_the_link_in_a_notice_stops_the_next, postgres_the_link_in_a_notice_stops_the_next;
    ahead: sqlite_what_is_new_is_told_where_days_pass_fast, postgres_what_is_new_is_told_where_days_pass_fast;
    closed: sqlite_settings_decide_who_is_told, postgres_settings_decide_who_is_told;
}

/// New mail, nothing new, a reminder, an alert.
async fn story(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    let company = Company::Active;
    post.tell(company, "ok@company.example").await?;
    let first = post.house.post(&notice(company)).await?;
    post.house.post(&notice(company)).await?;
    let read = post.house.post(&notice(company)).await?;
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.is_empty(), "it is not night yet");

    post.house.mailbox.open(&chief(company)?, read).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    post.work(&teller).await?;
    let mails = post.sink.mails()?;
    ensure!(mails.len() == 1, "{mails:?}");
    let (mail, headers) = (&mails[0], &mails[0]["headers"]);
    let text = mail["text"].as_str().unwrap_or_default();
    ensure!(text.contains("2 nouveaux messages"), "{text}");
    ensure!(mail["html"].as_str().unwrap_or_default().contains("2 nouveaux messages"));
    ensure!(mail["to"][0] == "ok@company.example" && mail["from"] == "no-reply@facteur.example");
    ensure!(mail["defects"] == serde_json::json!([]), "{mail}");
    for said in ["Avis de paiement", "Bonjour\r\n\r\nONSS", ONSS, "Avertissements", "ONSS"] {
        ensure!(!mail.to_string().contains(said), "{said} is named in {mail}");
    }
    let header = |name: &str| headers[name].as_str().unwrap_or_default().to_owned();
    ensure!(header("list-unsubscribe-post") == "List-Unsubscribe=One-Click", "{headers}");
    ensure!(header("list-unsubscribe").starts_with("<https://box.example/notices/stop?token="));
    ensure!(header("auto-submitted") == "auto-generated" && header("content-language") == "fr");
    let rows = ledger.notices(None, None, 10).await?;
    ensure!(header("message-id") == format!("<{}@facteur.example>", rows[0].id), "{headers}");
    ensure!(rows.len() == 1 && rows[0].state == NoticeState::Sent, "{rows:?}");

    post.to_the_next_night()?;
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.len() == 1, "nothing is new");

    // After 15 days, those that are still unread.
    post.house.mailbox.open(&chief(company)?, first).await?;
    for _ in 0..16 {
        post.to_the_next_night()?;
        post.work(&teller).await?;
    }
    let texts = post.texts()?;
    ensure!(
        texts.len() == 2 && texts[1].contains("1 message qui attend depuis 15 jours"),
        "{texts:?}"
    );

    // A year of validity: a week before its end. The engine slept meanwhile.
    post.clock.advance(DAY * (365 - 16 - 12));
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.len() == 2, "nothing is due for a while");
    for _ in 0..6 {
        post.to_the_next_night()?;
        post.work(&teller).await?;
    }
    let texts = post.texts()?;
    ensure!(texts.len() == 3, "{texts:?}");
    ensure!(texts[2].contains("1 message qui quittera la boîte dans les 7 jours"), "{texts:?}");
    ensure!(!texts[2].contains("depuis 15 jours"), "{texts:?}");
    post.house.close().await
}

/// Two boxes with a message each, of which one is read.
async fn read(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    let (reads, leaves) = (Company::Active, Company::Occasional);
    post.tell(reads, "reads@company.example").await?;
    post.tell(leaves, "leaves@company.example").await?;
    let message = post.house.post(&notice(reads)).await?;
    post.house.post(&notice(leaves)).await?;
    let told = |address: &str| -> Result<usize> {
        let mails = post.sink.mails()?;
        Ok(mails.iter().filter(|mail| mail["to"][0] == address).count())
    };
    post.to_the_next_night()?;
    post.work(&teller).await?;
    ensure!((told("reads@company.example")?, told("leaves@company.example")?) == (1, 1));
    post.house.mailbox.open(&chief(reads)?, message).await?;
    // New, and 15 days unread; then, in a year, a week before its end.
    post.clock.advance(DAY * 16);
    post.to_the_next_night()?;
    post.work(&teller).await?;
    ensure!((told("reads@company.example")?, told("leaves@company.example")?) == (1, 2));
    post.clock.advance(DAY * (365 - 18 - 12));
    for _ in 0..7 {
        post.to_the_next_night()?;
        post.work(&teller).await?;
    }
    ensure!((told("reads@company.example")?, told("leaves@company.example")?) == (1, 3));
    post.house.close().await
}

async fn stopped(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    let (company, mailbox) = (Company::Active, &post.house.mailbox);
    post.tell(company, "ok@company.example").await?;
    post.house.post(&notice(company)).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    let mail = post.sink.mails()?.remove(0);
    let link = mail["headers"]["list-unsubscribe"].as_str().unwrap_or_default().to_owned();
    let token = link.rsplit_once("token=").map_or("", |(_, token)| token.trim_end_matches('>'));
    let links = facteur::notices::StopLinks::open(ledger, "https://box.example").await?;
    let Some(addressee) = links.read(token) else { anyhow::bail!("{link}") };

    // The box is told elsewhere by now: that link is void.
    post.tell(company, "other@company.example").await?;
    let stop =
        || ledger.stop_notices(addressee.enterprise, addressee.tag, jiff::Timestamp::UNIX_EPOCH);
    ensure!(stop().await? == facteur::ledger::Stopped::Before);
    post.tell(company, "ok@company.example").await?;
    ensure!(stop().await? == facteur::ledger::Stopped::Now);
    ensure!(stop().await? == facteur::ledger::Stopped::Before);
    let kept = mailbox.notification(&chief(company)?, company.number()).await?;
    ensure!(kept.address.is_none() && kept.hour == super::HOUR, "{kept:?}");
    let record = mailbox.record(&chief(company)?, company.number(), 1).await?;
    ensure!(record.deeds[0].actor.as_str() == "link" && record.deeds[0].detail["told"] == false);
    ensure!(record.deeds[1].detail["told"] == true, "{record:?}");

    post.house.post(&notice(company)).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.len() == 1, "nobody is told");
    post.house.close().await
}

/// Ids show the machine's time, which is far behind.
async fn ahead(ledger: &TestLedger) -> Result<()> {
    let post = Post::ahead(ledger, DAY * 40).await?;
    let teller = post.teller(post.sink.port).await?;
    post.tell(Company::Active, "ok@company.example").await?;
    post.clock.advance(SignedDuration::from_mins(1));
    post.house.post(&notice(Company::Active)).await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    let texts = post.texts()?;
    ensure!(texts.len() == 1 && texts[0].contains("1 nouveau message"), "{texts:?}");
    post.house.close().await
}

async fn closed(ledger: &TestLedger) -> Result<()> {
    let post = Post::open(ledger).await?;
    let teller = post.teller(post.sink.port).await?;
    // In a box that is told for the first time, what came before is not new.
    post.house.post(&notice(Company::Occasional)).await?;
    post.clock.advance(DAY);
    post.tell(Company::Occasional, "ok@company.example").await?;
    post.to_the_next_night()?;
    post.work(&teller).await?;
    ensure!(post.sink.mails()?.is_empty(), "{:?}", post.sink.mails());

    // Settings of before this program sent mail are planned, and told of next.
    ledger.execute("UPDATE notification_settings SET next_notice_at = 0".into()).await?;
    post.work(&teller).await?;
    let sql = "SELECT CAST(next_notice_at > 0 AS TEXT) FROM notification_settings";
    let planned = ledger.texts(sql).await?;
    ensure!(planned[0][0] == "1" || planned[0][0] == "true", "{planned:?}");
    post.house.close().await
}
