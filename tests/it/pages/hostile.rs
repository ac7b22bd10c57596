//! Text that senders and users write is text, whatever it looks like.

use anyhow::Result;
use serde_json::json;

use super::site::{Site, inbox, manager, text};
use crate::support::world::{Company, attachment, notice, notice_with};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Nothing of it became markup.
fn is_harmless(page: &str) -> bool {
    let ours = ["<script src=\"/assets/"];
    let scripts = page.matches("<script").count();
    let own = ours.iter().map(|own| page.matches(own).count()).sum::<usize>();
    scripts == own && !page.contains("<img src=x") && !page.contains("onerror=alert(1)>")
}

#[tokio::test]
async fn markup_in_every_field_of_a_message_stays_text() -> Result<()> {
    let site = Site::open().await?;
    let mut publication = notice(Company::Active);
    publication["subject"] = json!({ "fr": SCRIPT });
    publication["bodyContent"] = json!({ "fr": format!("{SCRIPT}\nsecond line") });
    publication["forTheAttentionOf"] = json!({ "label": SCRIPT });
    publication["businessDataList"] =
        json!([{ "key": "MESSAGE_NATURE", "values": [{ "fr": "ORIGINAL" }] }]);
    let id = site.post(&publication).await?.to_string();
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    for page in [
        place.clone(),
        format!("{place}?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E&label=%22%3E%3Cscript%3E"),
        format!("{place}/messages/{id}"),
        format!("{place}/messages/{id}?q=%22%3E%3Cscript%3E"),
        "/start?number=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E".into(),
        "/sign-in?to=%2F%22%3E%3Cscript%3E&fault=%3Cscript%3E".into(),
        "/boxes?q=%3Cscript%3E".into(),
    ] {
        let answer = reader.get(&page).await;
        assert!(is_harmless(&text(&answer)), "{page}: {}", text(&answer));
        if answer.status == 200 {
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{page}");
        }
    }
    let page = text(&reader.get(&format!("{place}/messages/{id}")).await);
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{page}");
    Ok(())
}

#[tokio::test]
async fn markup_in_what_users_write_stays_text() -> Result<()> {
    let site = Site::open().await?;
    let mut manager = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let name = "<script>alert(1)</script>";
    let label = [("do", "create"), ("name", name), ("colour", "red")];
    manager.submit(&format!("{place}/labels"), &label).await;
    let view = [("name", name), ("query", "unread=yes&x=\"><script>")];
    manager.submit(&format!("{place}/views"), &view).await;
    let partition = [("do", "create"), ("id", "P1"), ("name", name)];
    manager.submit(&format!("{place}/management/partitions"), &partition).await;
    let grant = [("do", "give"), ("person", "p<b>"), ("name", name), ("scope", "all")];
    let given = manager.submit(&format!("{place}/management/access"), &grant).await;
    assert_eq!(given.status, 303, "{}", text(&given));
    for page in ["", "/labels", "/management/access", "/management/partitions"] {
        let answer = text(&manager.get(&format!("{place}{page}")).await);
        assert!(is_harmless(&answer), "{page}: {answer}");
        assert!(answer.contains("alert(1)"), "{page} shows it as text");
    }
    let csv = text(&manager.get(&format!("{place}/management/access.csv")).await);
    assert!(csv.contains(name), "{csv}");
    Ok(())
}

#[tokio::test]
async fn content_is_served_to_be_saved_unless_it_is_harmless() -> Result<()> {
    let site = Site::open().await?;
    let mut attachments = Vec::new();
    for (n, (name, media_type)) in [
        ("evil.html", "text/html"),
        ("bill.pdf", "application/pdf"),
        ("note.txt", "text/plain"),
        ("data.xml", "application/xml"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut part = attachment(&format!("part{n}"), "PHNjcmlwdD4=");
        part["fileName"] = json!(name);
        part["mediaType"] = json!(media_type);
        part["isMainContent"] = json!(n == 0);
        attachments.push(part);
    }
    let id = site.post(&notice_with(json!(attachments))).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = format!("{}/messages/{id}", inbox(Company::Active));
    for (part, disposition, sandbox) in [
        ("part0", "attachment;", true),
        ("part1", "inline;", false),
        ("part2", "inline;", true),
        ("part3", "attachment;", true),
    ] {
        let answer = reader.get(&format!("{place}/content/{part}?view=yes")).await;
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let header = answer.header("content-disposition").unwrap();
        assert!(header.starts_with(disposition), "{part}: {header}");
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(policy.contains("sandbox"), sandbox, "{part}: {policy}");
        assert!(policy.starts_with("default-src 'none'"), "{part}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.headers("set-cookie").is_empty(), "{part}");
        let saved = reader.get(&format!("{place}/content/{part}")).await;
        assert!(saved.header("content-disposition").unwrap().starts_with("attachment;"));
    }
    Ok(())
}

#[tokio::test]
async fn assets_are_named_by_what_they_hold() -> Result<()> {
    let site = Site::open().await?;
    let mut visitor = site.visitor();
    let page = text(&visitor.get("/start").await);
    let hosts = page.matches("http://").count() + page.matches("https://").count();
    assert_eq!(hosts, 0, "a page names another host: {page}");
    let mut assets = 0;
    for piece in page.split('"').filter(|piece| piece.starts_with("/assets/")) {
        let answer = visitor.get(piece).await;
        assert_eq!(answer.status, 200, "{piece}");
        assert!(answer.header("cache-control").unwrap().contains("immutable"), "{piece}");
        let stale = visitor.get(&piece.replacen("/assets/", "/assets/0", 1)).await;
        assert_eq!(stale.status, 404, "{piece}");
        assets += 1;
    }
    assert_eq!(assets, 4);
    assert_eq!(visitor.get("/start").await.header("cache-control"), Some("no-store"));
    Ok(())
}
