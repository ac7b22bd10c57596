//! Text that senders and users write is text, whatever it looks like.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::site::{Site, inbox, manager, text};
use crate::support::world::{Company, attachment, notice, notice_with};

pub(super) const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

const SVG_WITH_SCRIPT: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>"#;
/// A browser's own viewer shows it, in a sandbox of no origin: not ours either.
const PDF_WITH_SCRIPT: &str = "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction\
    <</S/JavaScript/JS(app.alert(1))>>>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n";

/// Nothing of it became markup.
pub(super) fn is_harmless(page: &str) -> bool {
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
            assert!(policy.contains("form-action 'self';"), "{policy}");
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
        ("acts.pdf", "application/pdf"),
    ]
    .into_iter()
    .enumerate()
    {
        let content = match name {
            "acts.pdf" => PDF_WITH_SCRIPT,
            _ => "<script>",
        };
        let mut part = attachment(&format!("part{n}"), &STANDARD.encode(content));
        part["fileName"] = json!(name);
        part["mediaType"] = json!(media_type);
        part["isMainContent"] = json!(n == 0);
        attachments.push(part);
    }
    let id = site.post(&notice_with(json!(attachments))).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = format!("{}/messages/{id}", inbox(Company::Active));
    for (part, disposition, allowed) in [
        ("part0", "attachment;", "sandbox"),
        ("part1", "inline;", "sandbox allow-scripts"),
        ("part2", "inline;", "sandbox"),
        ("part3", "attachment;", "sandbox"),
        ("part4", "inline;", "sandbox allow-scripts"),
    ] {
        let answer = reader.get(&format!("{place}/content/{part}?view=yes")).await;
        assert_eq!(answer.status, 200, "{}", text(&answer));
        let header = answer.header("content-disposition").unwrap();
        assert!(header.starts_with(disposition), "{part}: {header}");
        let policy = answer.header("content-security-policy").unwrap();
        let sandbox = policy.split(';').map(str::trim).find(|it| it.starts_with("sandbox"));
        assert_eq!(sandbox, Some(allowed), "{part}: {policy}");
        assert!(policy.starts_with("default-src 'none'"), "{part}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.headers("set-cookie").is_empty(), "{part}");
        let saved = reader.get(&format!("{place}/content/{part}")).await;
        assert!(saved.header("content-disposition").unwrap().starts_with("attachment;"));
    }
    Ok(())
}

/// A drawing that can run programs never comes into a box.
#[tokio::test]
async fn a_drawing_with_a_script_is_refused() -> Result<()> {
    let site = Site::open().await?;
    let mut drawing = attachment("part0", &STANDARD.encode(SVG_WITH_SCRIPT));
    drawing["isMainContent"] = json!(true);
    for (name, media_type) in [("drawing.svg", "image/svg+xml"), ("drawing.svg", "text/html+svg")] {
        drawing["fileName"] = json!(name);
        drawing["mediaType"] = json!(media_type);
        let refused = site.post(&notice_with(json!([drawing]))).await;
        assert!(format!("{refused:?}").contains("InvalidInput"), "{refused:?}");
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

/// A question is bounded where it is read: nothing of 10 MB is looked for.
#[tokio::test]
async fn questions_beyond_all_bounds_are_refused_and_the_next_is_answered() -> Result<()> {
    let site = Site::open().await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    let place = inbox(Company::Active);
    let long = "x".repeat(10 * 1024 * 1024);
    for path in [format!("{place}?q={long}"), format!("/start?number={long}")] {
        let status = reader.request("GET", &path).send_to_a_closed_door().await;
        assert!(status.is_none_or(|status| matches!(status, 400 | 414 | 431)), "{status:?}");
    }
    let label = [("do", "create"), ("name", &*long), ("colour", "red")];
    let form = reader.form(&format!("{place}/labels"), &label);
    let status = form.header("sec-fetch-site", "same-origin").send_to_a_closed_door().await;
    assert!(status.is_none_or(|status| matches!(status, 400 | 413)), "{status:?}");
    assert_eq!(reader.get(&place).await.status, 200);
    Ok(())
}

/// Pages and dates that nobody can mean are none, and never a fault.
#[tokio::test]
async fn pages_and_dates_out_of_range_are_never_a_fault() -> Result<()> {
    let site = Site::open().await?;
    site.post(&notice(Company::Active)).await?;
    let mut reader = site.signed_in(&manager(Company::Active)).await;
    for place in [inbox(Company::Active), "/boxes/all".into()] {
        for query in [
            "page=0",
            "page=-1",
            "page=99999999999999999999",
            "page=401&size=25",
            "size=0",
            "size=18446744073709551616",
            "from=2026-13-45&to=0000-00-00",
            "from=-9999-01-01&to=9999-12-31",
            "due=x&label=%00&partition=%F0%28%8C%28",
            "page=1&page=2&order=sideways&columns=,,,&view=%",
        ] {
            let answer = reader.get(&format!("{place}?{query}")).await;
            assert!(matches!(answer.status, 200 | 303 | 400), "{query}: {}", answer.status);
        }
    }
    Ok(())
}
