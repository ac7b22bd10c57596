//! What a page offers works for who looks at it, and is called what it is.

use anyhow::Result;
use serde_json::json;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::wait::until;
use crate::support::world::{Company, attachment, notice, notice_with};

/// Gives access to somebody who is signed in then.
async fn clerk<'s>(site: &'s Site, chief: &mut Visitor<'_>, partition: &str) -> Visitor<'s> {
    let grant = [("do", "give"), ("person", "nobody"), ("scope", "all"), ("partition", partition)];
    let access = format!("{}/management/access", inbox(Company::Active));
    assert_eq!(chief.submit(&access, &grant).await.status, 303);
    site.signed_in("nobody").await
}

async fn create_label(visitor: &mut Visitor<'_>, name: &str) -> Result<String> {
    let path = format!("{}/labels", inbox(Company::Active));
    let label = [("do", "create"), ("name", name), ("colour", "red")];
    assert_eq!(visitor.submit(&path, &label).await.status, 303);
    let page = text(&visitor.get(&path).await);
    let (_, form) = page.split_once(&format!("aria-label=\"{name}\"")).unwrap();
    let (_, id) = form.split_once("name=\"label\" value=\"").unwrap();
    Ok(id.split_once('"').unwrap().0.to_owned())
}

#[tokio::test]
async fn labels_of_others_are_seen_and_not_offered_for_change() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let mut clerk = clerk(&site, &mut chief, "").await;
    let (place, id) = (inbox(Company::Active), site.post(&notice(Company::Active)).await?);
    let theirs = create_label(&mut chief, "Theirs").await?;
    let wish = format!("label:{theirs}");
    chief.submit(&format!("{place}/messages/{id}"), &[("do", &wish)]).await;
    let own = create_label(&mut clerk, "Own").await?;

    let labels = format!("{place}/labels");
    let page = text(&clerk.get(&labels).await);
    assert!(page.contains(">Theirs</span>") && page.contains("Made by somebody else"), "{page}");
    assert!(page.contains(&format!("name=\"label\" value=\"{own}\"")), "{page}");
    assert!(!page.contains(&format!("name=\"label\" value=\"{theirs}\"")), "{page}");
    assert!(!page.contains("name=\"into\""), "there are no two that may be merged: {page}");
    let refused = clerk.form(&labels, &[("do", "delete"), ("label", &theirs)]);
    let refused = refused.header("accept", "text/html").send().await;
    assert_eq!(refused.status, 403);
    assert!(!text(&refused).contains("Only an access manager"), "{}", text(&refused));

    // Who manages the box merges both, from the one choice that the page has.
    let page = text(&chief.get(&labels).await);
    assert_eq!(page.matches("name=\"into\"").count(), 1, "{page}");
    let merge = [("do", "merge"), ("label", &*theirs), ("into", &*own)];
    assert_eq!(chief.submit(&labels, &merge).await.status, 303);
    let page = text(&clerk.get(&labels).await);
    assert!(page.contains(">Own</span>") && !page.contains("Theirs"), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_message_may_be_moved_to_where_its_reader_still_sees_it() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let (place, id) = (inbox(Company::Active), site.post(&notice(Company::Active)).await?);
    let message = format!("{place}/messages/{id}");
    chief.submit(&message, &[("do", "move:WORK")]).await;
    let mut clerk = clerk(&site, &mut chief, "WORK").await;
    let all = format!("/boxes/all/messages/{id}");
    for page in [&message, &place, &all] {
        let offered = text(&chief.get(page).await).contains("value=\"move:GENERAL\"");
        assert!(offered, "{page}: the manager sees both");
        let shown = text(&clerk.get(page).await);
        assert!(shown.contains("Avis de paiement"), "{page}: {shown}");
        assert!(!shown.contains("value=\"move:"), "{page}: {shown}");
    }
    let moved = clerk.submit(&message, &[("do", "move:GENERAL")]).await;
    assert_eq!(moved.status, 403);
    Ok(())
}

#[tokio::test]
async fn an_order_is_offered_where_there_is_one() -> Result<()> {
    let site = Site::searching().await?;
    site.post(&notice(Company::Active)).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let visitor = reader.clone();
    let searched = format!("{place}?q=paiement&language=fr&sort=oldest");
    until("it is indexed", async || {
        text(&visitor.clone().get(&searched).await).contains("row-link")
    })
    .await;
    let page = text(&reader.get(&searched).await);
    assert!(!page.contains("<select name=\"sort\""), "{page}");
    // The list goes on in its own order when the text is gone.
    let kept = "<input type=\"hidden\" name=\"sort\" value=\"oldest\">";
    assert_eq!(page.matches(kept).count(), 2, "by the filter and the view: {page}");
    let page = text(&reader.get(&format!("{place}?sort=oldest")).await);
    assert!(page.contains("<select name=\"sort\""), "{page}");
    assert_eq!(page.matches(kept).count(), 1, "by the filter alone: {page}");
    Ok(())
}

#[tokio::test]
async fn a_file_is_called_as_its_sender_meant_and_hides_no_ending() -> Result<()> {
    let site = Site::open().await?;
    let mut files = [attachment("bill", "SGVsbG8="), attachment("annex", "SGVsbG8=")];
    files[0]["fileName"] = json!("%E2%82%AC.pdf");
    files[1]["fileName"] = json!("x%E2%80%AEfdp.zip");
    files[1]["mediaType"] = json!("application/zip");
    files[1]["isMainContent"] = json!(false);
    let id = site.post(&notice_with(json!(files))).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let message = format!("{}/messages/{id}", inbox(Company::Active));
    let page = text(&reader.get(&message).await);
    assert!(page.contains(">€.pdf<") && page.contains(">xfdp.zip<"), "{page}");
    let saved = reader.get(&format!("{message}/content/annex")).await;
    let named = saved.header("content-disposition").unwrap();
    assert!(named.ends_with("filename*=UTF-8''xfdp%2Ezip"), "{named}");
    Ok(())
}

#[tokio::test]
async fn the_number_beside_the_inbox_counts_what_was_hidden() -> Result<()> {
    let site = Site::open().await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let id = site.post(&notice(Company::Active)).await?;
    site.post(&notice(Company::Active)).await?;
    reader.submit(&format!("{place}/messages/{id}"), &[("do", "hide")]).await;
    let page = text(&reader.get(&place).await);
    for (folder, count) in [("Inbox", 2), ("Unread", 1), ("Hidden", 1)] {
        let item = format!("<span>{folder}</span><span class=\"count\">{count}</span>");
        assert!(page.contains(&item), "{folder}: {page}");
    }
    Ok(())
}
