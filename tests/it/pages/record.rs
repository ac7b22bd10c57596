//! The record of deeds, as access managers read it.

use anyhow::Result;
use facteur::clock::{Clock as _, SystemClock};
use facteur::domain::PersonId;
use facteur::mailbox::{DEEDS_PER_PAGE, Deed};

use super::site::{Site, inbox, manager, text};
use crate::support::world::{Company, attachment, notice, notice_with};

fn record() -> String {
    format!("{}/management/record", inbox(Company::Active))
}

#[tokio::test]
async fn an_access_manager_reads_who_did_what_and_when() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?.to_string();
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let management = format!("{place}/management");
    let partition = [("do", "create"), ("id", "ARCHIVES"), ("name", "Old things")];
    chief.submit(&format!("{management}/partitions"), &partition).await;
    let grant = [("do", "give"), ("person", "nobody"), ("name", "Nobody Known"), ("scope", "all")];
    chief.submit(&format!("{management}/access"), &grant).await;
    let mut nobody = site.signed_in("nobody").await;
    assert_eq!(nobody.get(&format!("{place}/messages/{id}")).await.status, 200);
    let moved = [("do", "move:ARCHIVES"), ("message", &*id)];
    chief.submit(&format!("{place}/messages"), &moved).await;
    chief.submit(&format!("{management}/consent"), &[("all-digital", "yes")]).await;

    let page = text(&chief.get(&record()).await);
    let (_, rows) = page.split_once("<tbody>").unwrap();
    let mut rest = rows;
    for wanted in [
        "All digital",
        "Moved",
        "Avis de paiement",
        "Old things",
        "Nobody Known",
        "Opened",
        "First read",
        "Access changed",
        "to Nobody Known: All ordinary mail",
        "Partition changed",
    ] {
        let (_, after) = rest.split_once(wanted).unwrap_or_else(|| panic!("{wanted}: {rows}"));
        rest = after;
    }
    assert!(rows.contains(&format!("href=\"{place}/messages/{id}\"")), "{rows}");
    let inbox = text(&chief.get(&place).await);
    assert!(inbox.contains(&record()), "the side leads there");
    // Who only reads is told neither.
    assert_eq!(nobody.get(&record()).await.status, 403);
    assert!(!text(&nobody.get(&place).await).contains(&record()));
    Ok(())
}

#[tokio::test]
async fn the_record_goes_on_over_pages() -> Result<()> {
    let site = Site::open().await?;
    let (number, now) = (Company::Active.number(), SystemClock.now());
    let deed = (number, None, Deed::Exported, serde_json::json!({ "what": "access" }));
    let deeds = vec![deed; DEEDS_PER_PAGE as usize + 1];
    site.ledger.record_deed(&PersonId::new("gone")?, now, &deeds).await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let first = text(&chief.get(&record()).await);
    assert_eq!(first.matches(">gone</td>").count(), DEEDS_PER_PAGE as usize);
    let next = format!("{}?page=2", record());
    assert!(first.contains(&next) && !first.contains("rel=\"prev\""), "{first}");
    let last = text(&chief.get(&next).await);
    assert_eq!(last.matches(">gone</td>").count(), 1);
    assert!(last.contains("rel=\"prev\"") && !last.contains("rel=\"next\""), "{last}");
    assert_eq!(chief.get(&format!("{}?page=4294967295", record())).await.status, 200);
    Ok(())
}

/// Which file it was is told by its name and digest, one by one or in a ZIP;
/// of what earlier releases recorded, by what they did.
#[tokio::test]
async fn a_download_is_recorded_with_the_name_and_digest_of_the_file() -> Result<()> {
    let site = Site::open().await?;
    let mut bill = attachment("part0", "SGVsbG8=");
    bill["fileName"] = serde_json::json!("note%20d%E2%80%99ao%C3%BBt%E2%80%AE<b>.pdf");
    let id = site.post(&notice_with(serde_json::json!([bill]))).await?;
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    chief.get(&format!("{place}/messages/{id}/content/part0")).await;
    let zip = [("do", "download"), ("message", &*id.to_string())];
    assert_eq!(chief.submit(&format!("{place}/messages"), &zip).await.status, 200);
    let old = (Company::Active.number(), Some(id), Deed::Downloaded);
    let old = (old.0, old.1, old.2, serde_json::json!({ "part": "old-part" }));
    let person = PersonId::new(manager(Company::Active))?;
    site.ledger.record_deed(&person, SystemClock.now(), &[old]).await?;

    let page = text(&chief.get(&record()).await);
    // SHA-256 of "Hello", in base64url.
    let digest = "GF-NsyJx_iX1Yab8k4suJkMG7DBO2lGAB9F2SCY4GWk";
    let file = format!("note d’août_b_.pdf (SHA-256 {digest})");
    assert_eq!(page.matches(&*file).count(), 2, "{page}");
    assert!(page.contains(">old-part<"), "{page}");
    Ok(())
}
