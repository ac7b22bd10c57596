//! The link in a notice by mail: opened, it asks; sent, it stops. Nobody signs
//! in for it.

use facteur::notices::StopLinks;

use super::site::{Site, manager, text};
use crate::support::world::Company;

/// The default of `sign_in.base_url`.
const BASE: &str = "http://127.0.0.1:8080";

async fn address(site: &Site) -> Option<String> {
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let page = text(&chief.get(&page_of_notices()).await);
    let value = page.split_once("name=\"address\" value=\"").unwrap().1;
    let value = value.split_once('"').unwrap().0;
    (!value.is_empty()).then(|| value.to_owned())
}

fn page_of_notices() -> String {
    format!("/boxes/{}/management/notices", Company::Active.number())
}

#[tokio::test]
async fn whoever_gets_notices_stops_them_without_signing_in() {
    let site = Site::open().await.unwrap();
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    let fields = [("address", "post@company.example"), ("hour", "6")];
    assert_eq!(chief.submit(&page_of_notices(), &fields).await.status, 303);
    let links = StopLinks::open(&site.ledger, BASE).await.unwrap();
    let link = links.write(Company::Active.number(), "post@company.example");
    let path = link.strip_prefix(BASE).unwrap().to_owned();

    // A program that looks at mails opens links: that only asks.
    let mut visitor = site.visitor();
    for _ in 0..2 {
        let asked = visitor.get(&path).await;
        assert_eq!(asked.status, 200);
        let page = text(&asked);
        assert!(page.contains(&Company::Active.number().dotted()), "{page}");
        assert!(!page.contains("post@company.example"), "{page}");
    }
    assert_eq!(address(&site).await.as_deref(), Some("post@company.example"));

    // What is not signed for this box is no link.
    let token = path.split_once("token=").unwrap().1;
    let (_, signed) = token.split_once('.').unwrap();
    let other = Company::Occasional.number();
    for wrong in ["", "?token=", "?token=x", &format!("?token={other}.{signed}")] {
        let path = format!("/notices/stop{wrong}");
        assert_eq!(visitor.get(&path).await.status, 404, "{path}");
        assert_eq!(visitor.form(&path, &[]).send().await.status, 404, "{path}");
    }
    assert_eq!(address(&site).await.as_deref(), Some("post@company.example"));

    // As a mail program sends it (RFC 8058): no cookie, no origin.
    let one_click = [("List-Unsubscribe", "One-Click")];
    for _ in 0..2 {
        let stopped = site.visitor().form(&path, &one_click).send().await;
        assert_eq!(stopped.status, 200, "{}", text(&stopped));
    }
    assert_eq!(address(&site).await, None);
}

#[tokio::test]
async fn access_managers_see_what_became_of_the_notices() {
    let site = Site::open().await.unwrap();
    let mut chief = site.signed_in(&manager(Company::Active)).await;
    chief.submit("/language", &[("language", "en"), ("to", "/")]).await;
    let page = text(&chief.get(&page_of_notices()).await);
    assert!(page.contains("No notice has been sent yet."), "{page}");
    assert!(page.contains("This installation sends no mail"), "{page}");
    for (day, state, answer) in [(1, "sent", "NULL"), (2, "refused", "'550 <no such mailbox>'")] {
        let sql = format!(
            "INSERT INTO notices (id, enterprise, day, since_at, until_at, state, made_at,
                attempts, try_at, ended_at, answer)
             VALUES (randomblob(16), {}, {day}, 0, 0, '{state}', 0, 1, 0, 1764057600000000, {answer})",
            Company::Active.number().value()
        );
        site.ledger.execute(sql).await.unwrap();
    }
    let page = text(&chief.get(&page_of_notices()).await);
    assert!(page.contains("The last notice was sent on 25 November 2025, 09:00"), "{page}");
    assert!(page.contains("The mail server refused the notice of"), "{page}");
    assert!(page.contains("550 &#60;no such mailbox&#62;"), "{page}");
}
