//! Writing back on a message's page.

use anyhow::{Context as _, Result};
use uuid::Uuid;

use super::site::{Site, inbox, manager, text};
use crate::mailbox::question;
use crate::support::world::{Company, notice};

/// The value of a field of the form.
fn field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[tokio::test]
async fn a_reply_is_written_where_the_sender_takes_one() -> Result<()> {
    let site = Site::open().await?;
    let place = inbox(Company::Active);
    let page_of = |id| format!("{place}/messages/{id}");
    let (open, closed) =
        (site.post(&question(Company::Active)).await?, site.post(&notice(Company::Active)).await?);
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let page = text(&reader.get(&page_of(closed)).await);
    assert!(field(&page, "key").is_none(), "{page}");
    let key = Uuid::now_v7().to_string();
    let written = [("key", &*key), ("subject", "Re"), ("text", "Oui")];
    let sent = reader.submit(&format!("{}/reply", page_of(closed)), &written).await;
    assert_eq!(sent.status, 403, "{}", text(&sent));

    let page = text(&reader.get(&page_of(open)).await);
    let key = field(&page, "key").context("no form")?.to_owned();
    assert_eq!(field(&page, "subject"), Some("Re: Avis de paiement"));
    let written = [
        ("key", &*key),
        ("subject", "<b>Re"),
        ("text", "<script>alert(1)</script>\r\nsecond"),
        ("to", &*page_of(open)),
    ];
    for _ in 0..2 {
        let sent = reader.submit(&format!("{}/reply", page_of(open)), &written).await;
        assert_eq!(sent.status, 303, "{}", text(&sent));
        assert_eq!(sent.header("location"), Some(&*format!("{}?said=said-replied", page_of(open))));
    }
    let page = text(&reader.get(&page_of(open)).await);
    assert!(!page.contains("<script>alert") && !page.contains("<b>Re"), "{page}");
    assert_eq!(page.matches("alert(1)").count(), 1, "two clicks are one reply: {page}");
    assert!(page.contains("<p>second</p>") && page.contains("Replied to by"), "{page}");
    assert_ne!(field(&page, "key"), Some(&*key), "the next form is another");
    Ok(())
}

#[tokio::test]
async fn what_is_no_reply_is_not_sent() -> Result<()> {
    let site = Site::open().await?;
    let place = inbox(Company::Active);
    let id = site.post(&question(Company::Active)).await?;
    let path = format!("{place}/messages/{id}/reply");
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let key = Uuid::now_v7().to_string();
    let long = "x".repeat(4_001);
    for (key, subject, words, status, said) in [
        (&*key, "Re", "", 303, "said-reply-text"),
        (&key, "", "Oui", 303, "said-reply-text"),
        (&key, "Re", &*long, 303, "said-reply-text"),
        ("no-key", "Re", "Oui", 400, ""),
    ] {
        let written = [("key", key), ("subject", subject), ("text", words)];
        let sent = reader.submit(&path, &written).await;
        assert_eq!(sent.status, status, "{subject} {words}");
        assert!(sent.header("location").unwrap_or_default().contains(said));
    }
    let written = [("key", &*key), ("subject", "Re"), ("text", "Oui")];
    let foreign = reader.form(&path, &written).header("sec-fetch-site", "cross-site").send().await;
    assert_eq!(foreign.status, 403);
    let mut other = site.signed_in(&manager(Company::Occasional)).await;
    assert_eq!(other.submit(&path, &written).await.status, 404);
    let page = text(&reader.get(&format!("{place}/messages/{id}")).await);
    assert!(!page.contains("class=\"written\""), "{page}");
    Ok(())
}
