//! A selection as a ZIP: what is in it, and what it does.

use std::io::{Cursor, Read as _};

use anyhow::{Result, ensure};
use facteur::domain::{MessageId, Scope};
use facteur::mailbox::{Archive, Deed, Happened, Mailbox, MailboxError, NewGrant, Reader};
use futures_util::TryStreamExt as _;
use serde_json::json;

use super::{House, is_not_found, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attachment, attest, notice, notice_with};

on_both_ledgers! {
    whole: sqlite_a_selection_is_downloaded_whole, postgres_a_selection_is_downloaded_whole;
    withdrawn: sqlite_access_withdrawn_meanwhile_ends_a_download, postgres_access_withdrawn_meanwhile_ends_a_download;
}

/// The files of an archive, by their paths.
pub(crate) async fn files(archive: Archive) -> Result<Vec<(String, String)>> {
    let bytes: Vec<bytes::Bytes> = archive.try_collect().await?;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes.concat()))?;
    let mut files = Vec::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place)?;
        let (name, mut content) = (file.name()?.into_owned(), String::new());
        file.read_to_string(&mut content)?;
        files.push((name, content));
    }
    Ok(files)
}

async fn whole(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let mut hostile = attachment("bill", "SGVsbG8=");
    hostile["fileName"] = json!("con.pdf");
    let mut second = attachment("annex", "V29ybGQ=");
    second["fileName"] = json!("CON.pdf");
    second["isMainContent"] = json!(false);
    let mut publication = notice_with(json!([hostile, second]));
    publication["subject"]["fr"] = json!("=HYPERLINK(\"http://evil\") ../x");
    let pdf = house.post(&publication).await?;
    let plain = house.post(&notice(Company::Active)).await?;

    let ids = [pdf, plain, pdf];
    let found = files(house.mailbox.download(&chief, &ids).await?).await?;
    let day = |id: MessageId| facteur::clock::belgian_day(time(id)).to_string();
    let first = format!("001 {} =HYPERLINK(_http___evil_) .._x", day(pdf));
    let wanted = [
        ("list.csv".to_owned(), None),
        (format!("{first}/message.txt"), Some("Bonjour")),
        (format!("{first}/_con.pdf"), Some("Hello")),
        (format!("{first}/_CON (2).pdf"), Some("World")),
        (format!("002 {} Avis de paiement/message.txt", day(plain)), Some("Bonjour")),
    ];
    for ((path, content), (wanted, text)) in found.iter().zip(&wanted) {
        ensure!(path == wanted, "{path:?}, but {wanted:?}");
        ensure!(text.is_none_or(|text| text == content), "{path}: {content}");
        ensure!(!path.split('/').any(|part| part == ".."), "{path} leads out");
    }
    ensure!(found.len() == wanted.len(), "{found:?}");
    let list: Vec<&str> = found[0].1.lines().collect();
    ensure!(list.len() == 3 && list[0].ends_with(";folder"), "{list:?}");
    ensure!(list[1].contains("\"'=HYPERLINK(\"\"http://evil\"\") ../x\""), "{}", list[1]);
    ensure!(list[1].starts_with(&pdf.to_string()) && list[2].starts_with(&plain.to_string()));

    // It read them, and says so in their histories.
    for (id, deeds) in [(pdf, vec![Deed::Downloaded, Deed::Read]), (plain, vec![Deed::Read])] {
        let opened = house.mailbox.open(&chief, id).await?;
        ensure!(opened.line.read.is_some(), "{id} is not read");
        let done: Vec<Deed> = opened.history.iter().filter_map(deed).collect();
        ensure!(deeds.iter().all(|deed| done.contains(deed)), "{done:?}");
    }
    let stranger = reader("stranger")?;
    ensure!(is_not_found(house.mailbox.download(&stranger, &[plain]).await));
    let many = vec![MessageId(uuid::Uuid::now_v7()); 101];
    let too_many = house.mailbox.download(&chief, &many).await;
    ensure!(matches!(too_many, Err(MailboxError::Invalid { .. })));
    house.close().await
}

fn time(id: MessageId) -> jiff::Timestamp {
    let (seconds, nanos) = id.0.get_timestamp().map_or((0, 0), |it| it.to_unix());
    jiff::Timestamp::new(i64::try_from(seconds).unwrap_or_default(), nanos.cast_signed())
        .unwrap_or_default()
}

fn deed(event: &facteur::mailbox::Event) -> Option<Deed> {
    match &event.happened {
        Happened::Deed(deed, _) => Some(*deed),
        _ => None,
    }
}

async fn withdrawn(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let (chief, clerk) = (reader(&format!("person-{number}"))?, reader("clerk")?);
    for _ in 0..2 {
        house.post(&attest(Company::Active)).await?;
    }
    let pdf = notice_with(json!([attachment("bill", "SGVsbG8=")]));
    let ids = [house.post(&pdf).await?, house.post(&pdf).await?];
    let grant = |id: &str| -> Result<NewGrant> {
        Ok(NewGrant {
            id: Some(id.parse()?),
            person: clerk.record(),
            scope: Scope::All,
            partition: None,
            from: None,
            to: None,
        })
    };
    house.mailbox.give(&chief, number, grant("clerk")?).await?;
    let archive = house.mailbox.download(&clerk, &ids).await?;
    house.mailbox.withdraw(&chief, number, "clerk".parse()?).await?;
    let ended = files(archive).await;
    ensure!(ended.is_err(), "documents were handed out without a grant: {ended:?}");
    for id in ids {
        ensure!(is_unread(&house.mailbox, &chief, id).await?, "{id} was read");
    }
    house.close().await
}

async fn is_unread(mailbox: &Mailbox, chief: &Reader, id: MessageId) -> Result<bool> {
    Ok(mailbox.open(chief, id).await?.line.read.is_none())
}
