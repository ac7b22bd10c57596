//! What reads a message, and what does not.

use anyhow::Result;
use serde_json::json;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::world::{Company, attachment, notice, notice_with};
use facteur::clock::{Clock as _, SystemClock};
use facteur::mailbox::Deed;

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
    let id = messages[0].trim_start_matches("/messages/");
    for wish in ["hide", "done", "download"] {
        let many = [("do", wish), ("message", id)];
        let answer = reader.submit(&format!("{elsewhere}/messages"), &many).await;
        assert_eq!(answer.status, 404, "{wish}");
    }
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

#[tokio::test]
async fn what_is_no_day_leaves_the_one_that_is_there() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let many = format!("{}/messages", inbox(Company::Active));
    let one = format!("{many}/{id}");
    reader.submit(&one, &[("do", "due"), ("day", "2030-01-31")]).await;
    for (path, wish) in [(&one, "due"), (&one, "to-do"), (&many, "done")] {
        let fields = [("do", wish), ("message", &*id), ("day", "31/01/2030")];
        let answer = reader.submit(path, &fields).await;
        assert!(answer.header("location").unwrap().contains("said-no-day"), "{wish}");
        let page = text(&reader.get(&one).await);
        assert!(page.contains("value=\"2030-01-31\""), "{wish}: {page}");
        assert!(!page.contains("class=\"mark done\""), "{wish}");
    }
    Ok(())
}

/// Whoever opens a message again and again pushes nothing out of sight.
#[tokio::test]
async fn openings_leave_the_history_its_changes() -> Result<()> {
    const ARRIVED: &str = "<span>Arrived</span>";
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let message = format!("{}/messages/{id}", inbox(Company::Active));
    chief.submit(&message, &[("do", "hide")]).await;
    let (number, person) = (Company::Active.number(), manager(Company::Active).parse()?);
    let often = |deed, n| vec![(number, Some(id), deed, json!({ "task": "done" })); n];
    let now = SystemClock.now();
    site.ledger.record_deed(&person, now, &often(Deed::Opened, 250)).await?;
    let page = text(&chief.get(&message).await);
    assert!(page.contains("Hidden by Anne"), "{page}");
    assert!(page.contains("Opened by Anne (251 times)"), "{page}");
    assert!(!page.contains("past=2"), "{page}");
    // What does not fit stands on the next page, down to the first.
    site.ledger.record_deed(&person, now, &often(Deed::Task, 201)).await?;
    let page = text(&chief.get(&message).await);
    assert!(page.contains("past=2#history") && !page.contains(ARRIVED), "{page}");
    let older = text(&chief.get(&format!("{message}?past=2")).await);
    assert!(older.contains("Hidden by Anne") && older.contains(ARRIVED), "{older}");
    Ok(())
}

/// The part that a script puts into the page says how many are left.
#[tokio::test]
async fn one_less_is_unread_beside_the_message_that_is_read() -> Result<()> {
    let site = Site::open().await?;
    let mut bill = attachment("bill", "SGVsbG8=");
    bill["isMainContent"] = json!(true);
    let framed = site.post(&notice_with(json!([bill]))).await?;
    let plain = site.post(&notice(Company::Active)).await?;
    site.post(&notice(Company::Active)).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let list = text(&reader.get(&inbox(Company::Active)).await);
    assert!(list.contains("hx-select-oob=\"#folders\""), "{list}");
    for (id, left) in [(plain, "2"), (framed, "1")] {
        let path = format!("{}/messages/{id}", inbox(Company::Active));
        let part = reader.request("GET", &path).header("hx-request", "true");
        let part = text(&part.header("hx-target", "reading").send().await);
        let (_, folders) = part.split_once("id=\"folders\"").unwrap();
        let (_, unread) = folders.split_once("unread=yes").unwrap();
        let (_, count) = unread.split_once("class=\"count\">").unwrap();
        assert_eq!(count.split_once('<').unwrap().0, left, "{folders}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_hidden_is_shown_again_at_once() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let many = format!("{}/messages", inbox(Company::Active));
    let hidden = reader.submit(&many, &[("do", "hide"), ("message", &*id)]).await;
    let to = hidden.header("location").unwrap().to_owned();
    let page = text(&reader.get(&to).await);
    let form = format!("action=\"{many}\"");
    assert!(page.contains(&form) && page.contains("value=\"show\">Undo<"), "{page}");
    // Only beside those words, and only for what is a message's id.
    for other in [
        format!("{}?in=inbox&undo={id}", inbox(Company::Active)),
        format!("{}?said=said-saved&undo={id}", inbox(Company::Active)),
        format!("{}?said=said-hidden&undo=x", inbox(Company::Active)),
    ] {
        assert!(!text(&reader.get(&other).await).contains("Undo"), "{other}");
    }
    reader.submit(&many, &[("do", "show"), ("message", &*id)]).await;
    assert_eq!(unread(&mut reader).await, 1);
    Ok(())
}
