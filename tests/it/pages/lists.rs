//! Lists: where their links lead, and by what names they call things.

use anyhow::Result;

use super::site::{Site, Visitor, inbox, manager, text};
use crate::support::world::{Company, notice};

/// Every address that a page links to.
fn links(page: &str) -> Vec<&str> {
    let links = page.split("href=\"").skip(1);
    links.filter_map(|rest| rest.split('"').next()).collect()
}

/// Who has a default view finds the way out of it, by whatever link.
#[tokio::test]
async fn no_link_but_the_box_itself_leads_to_the_default_view() -> Result<()> {
    let site = Site::open().await?;
    let mut ids = Vec::new();
    for _ in 0..26 {
        ids.push(site.post(&notice(Company::Active)).await?.to_string());
    }
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let view = [("name", "Paper"), ("query", "medium=paper&unread=yes"), ("default", "yes")];
    reader.submit(&format!("{place}/views"), &view).await;
    let redirect = reader.get(&place).await;
    assert!(redirect.header("location").unwrap().contains("medium=paper"));
    for page in [
        format!("{place}?in=inbox"),
        format!("{place}?page=2"),
        // One chip, that is taken off; nothing found, and shown all.
        format!("{place}?registered=yes"),
        format!("{place}?medium=paper&unread=yes"),
        format!("{place}?sort=oldest"),
        format!("{place}/messages/{}", ids[0]),
        format!("{place}/messages/{}?page=2", ids[0]),
        format!("{place}/labels"),
        format!("{place}/management/record"),
    ] {
        let shown = text(&reader.get(&page).await);
        let bare: Vec<&str> = links(&shown).into_iter().filter(|link| *link == place).collect();
        assert!(bare.is_empty(), "{page} leads back to the default view");
    }
    let everything = text(&reader.get(&format!("{place}?in=inbox")).await);
    assert_eq!(everything.matches("class=\"row-link\"").count(), 25);
    Ok(())
}

/// A partition with a message in it, and a colleague who reads there alone.
async fn archives(site: &Site, chief: &mut Visitor<'_>) -> Result<String> {
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let place = inbox(Company::Active);
    let partition = [("do", "create"), ("id", "P7"), ("name", "Old things")];
    chief.submit(&format!("{place}/management/partitions"), &partition).await;
    let moved = [("do", "move:P7"), ("message", &*id)];
    chief.submit(&format!("{place}/messages"), &moved).await;
    let grant = [("do", "give"), ("person", "nobody"), ("scope", "all"), ("partition", "P7")];
    chief.submit(&format!("{place}/management/access"), &grant).await;
    Ok(id)
}

#[tokio::test]
async fn a_partition_is_called_by_its_name() -> Result<()> {
    let site = Site::open().await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let id = archives(&site, &mut chief).await?;
    site.post(&notice(Company::Active)).await?;
    for place in [inbox(Company::Active), "/boxes/all".into()] {
        let list = text(&chief.get(&format!("{place}?column=subject&column=partition")).await);
        let (_, rows) = list.split_once("<ol class=\"rows\">").unwrap();
        assert!(rows.contains("Old things") && rows.contains("General"), "{place}: {rows}");
        assert!(!rows.contains("GENERAL"), "{place}: {rows}");
        let message = text(&chief.get(&format!("{place}/messages/{id}")).await);
        assert!(message.contains("<dd>Old things</dd>"), "{place}: {message}");
        assert!(message.contains("Moved to Old things by"), "{place}: {message}");
    }
    let access = format!("{}/management/access", inbox(Company::Active));
    let access = text(&chief.get(&access).await);
    assert!(access.contains("<td>Old things</td>"), "{access}");
    Ok(())
}
