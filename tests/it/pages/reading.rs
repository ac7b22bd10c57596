//! What reads a message, and what does not.

use anyhow::Result;
use serde_json::json;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::world::{Company, attachment, notice, notice_with};

/// A message without and one with a document, and the address of its content.
async fn two(site: &Site) -> Result<[String; 2]> {
    let plain = site.post(&notice(Company::Active)).await?;
    let bill = json!([attachment("bill", "SGVsbG8=")]);
    let with = site.post(&notice_with(bill)).await?;
    Ok([format!("/messages/{plain}"), format!("/messages/{with}/content/bill")])
}

async fn unread(visitor: &mut Visitor<'_>) -> usize {
    text(&visitor.get(&inbox(Company::Active)).await).matches("class=\"row unread").count()
}

#[tokio::test]
async fn a_message_is_not_read_through_another_box() -> Result<()> {
    let site = Site::open().await?;
    let messages = two(&site).await?;
    // Somebody with access to both boxes.
    let mut other = site.signed_in(&manager(Company::Occasional)).await;
    let person = manager(Company::Active);
    let grant = [("do", "give"), ("person", &*person), ("name", "Both"), ("scope", "all")];
    let elsewhere = inbox(Company::Occasional);
    other.submit(&format!("{elsewhere}/management/access"), &grant).await;
    let mut reader = site.signed_in(&person).await;
    assert_eq!(reader.get(&elsewhere).await.status, 200);
    for message in &messages {
        assert_eq!(reader.get(&format!("{elsewhere}{message}")).await.status, 404, "{message}");
    }
    let done = [("do", "hide")];
    assert_eq!(reader.submit(&format!("{elsewhere}{}", messages[0]), &done).await.status, 404);
    assert_eq!(unread(&mut reader).await, 2, "both are as they were");
    let record = format!("{}/management/record", inbox(Company::Active));
    let record = text(&reader.get(&record).await);
    assert!(!record.contains("Opened") && !record.contains("Downloaded"), "{record}");
    for message in &messages {
        let page = format!("{}{message}", inbox(Company::Active));
        assert_eq!(reader.get(&page).await.status, 200, "{page}");
    }
    assert_eq!(unread(&mut reader).await, 0);
    Ok(())
}

#[tokio::test]
async fn asking_for_the_head_alone_reads_nothing() -> Result<()> {
    let site = Site::open().await?;
    let messages = two(&site).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    for place in [inbox(Company::Active), "/boxes/all".into()] {
        for message in &messages {
            let path = format!("{place}{message}");
            assert_eq!(reader.request("HEAD", &path).send().await.status, 405, "{path}");
        }
    }
    assert_eq!(unread(&mut reader).await, 2);
    Ok(())
}

#[tokio::test]
async fn what_is_done_keeps_its_day() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let (many, one) = (
        format!("{}/messages", inbox(Company::Active)),
        format!("{}/messages/{id}", inbox(Company::Active)),
    );
    reader.submit(&one, &[("do", "due"), ("day", "2030-01-31")]).await;
    for (path, wish, days) in [
        (&many, "done", vec![]),
        (&many, "to-do", vec![]),
        (&one, "done", vec![]),
        (&one, "to-do", vec![("day", "")]),
    ] {
        let fields = [vec![("do", wish), ("message", &*id)], days].concat();
        assert_eq!(reader.submit(path, &fields).await.status, 303, "{wish}");
        let page = text(&reader.get(&one).await);
        assert!(page.contains("value=\"2030-01-31\""), "{path} {wish}: {page}");
        assert_eq!(page.contains("class=\"mark done\""), wish == "done", "{path} {wish}");
    }
    // A day that is named counts, and so does an empty one of its own form.
    reader.submit(&many, &[("do", "to-do"), ("message", &*id), ("day", "2031-02-01")]).await;
    assert!(text(&reader.get(&one).await).contains("value=\"2031-02-01\""));
    reader.submit(&one, &[("do", "due"), ("day", "")]).await;
    assert!(!text(&reader.get(&one).await).contains("value=\"2031-02-01\""));
    Ok(())
}
