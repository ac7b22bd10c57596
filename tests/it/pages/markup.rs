//! Markup in titles, data and the registry's names, and places of the console
//! that are none.

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::hostile::{SCRIPT, is_harmless};
use super::site::{OPERATOR, Site, Visitor, inbox, manager, text};
use crate::support::world::{Company, NOTICE, ONSS, TAX, attachment, notice_with};

/// As [`is_harmless`], and shown all the same.
async fn shown_as_text(reader: &mut Visitor<'_>, page: &str, marks: &[&str]) -> Result<()> {
    let answer = text(&reader.get(page).await);
    ensure!(is_harmless(&answer), "{page}: {answer}");
    for mark in marks {
        ensure!(answer.contains(mark), "{page} does not show {mark}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn markup_in_titles_data_and_names_stays_text() -> Result<()> {
    let site = Site::open().await?;
    let named = |mark: &str| json!({ "fr": format!("{SCRIPT}{mark}") });
    for line in [
        json!({ "kind": "organization", "number": ONSS, "name": named("o-mark") }),
        json!({ "kind": "application", "id": TAX, "name": named("a-mark"), "account": "tax" }),
        json!({ "kind": "messageType", "id": NOTICE, "name": named("t-mark"), "level": 1,
            "validity": { "count": 1, "unit": "year" }, "businessData": [{ "key": "REFERENCE" }] }),
    ] {
        site.desk.register(&site.ledger, &line).await?;
    }
    let mut part = attachment("part0", &STANDARD.encode("%PDF-1.7"));
    part["attachmentTitle"] = named("p-mark");
    let mut publication = notice_with(json!([part]));
    publication["businessDataList"] = json!([{ "key": "REFERENCE", "values": [named("d-mark")] }]);
    let id = site.post(&publication).await?.to_string();
    let (mut reader, place) =
        (site.signed_in(&manager(Company::Active)).await, inbox(Company::Active));
    let message = format!("{place}/messages/{id}");
    shown_as_text(&mut reader, &message, &["o-mark", "t-mark", "p-mark", "d-mark"]).await?;
    let columns = "column=subject&column=type&column=sender&column=application";
    shown_as_text(&mut reader, &format!("{place}?{columns}"), &["o-mark", "t-mark"]).await?;
    shown_as_text(&mut reader, &format!("{place}?type={NOTICE}"), &["t-mark"]).await?;
    let mut operator = site.signed_in(OPERATOR).await;
    shown_as_text(&mut operator, "/console/types", &["t-mark"]).await?;
    let message = format!("/console/messages/{id}");
    for page in ["/console", "/console/quarantine", &*message] {
        shown_as_text(&mut operator, page, &[]).await?;
    }
    Ok(())
}

/// A place in the quarantine that nobody can mean is its beginning, and never
/// a fault.
#[tokio::test]
async fn places_in_the_quarantine_that_are_none_are_never_a_fault() -> Result<()> {
    let site = Site::open().await?;
    let mut operator = site.signed_in(OPERATOR).await;
    let nil = uuid::Uuid::nil();
    for before in [
        String::new(),
        "~".into(),
        "x~y".into(),
        "1".into(),
        "1~".into(),
        format!("~{nil}"),
        format!("1~{nil}~{nil}"),
        format!("-1~{nil}"),
        format!("{}~{nil}", i64::MAX),
        format!("{}~{nil}", i64::MIN),
        format!("99999999999999999999~{nil}"),
        format!("1.5~{nil}"),
        "1~%00".into(),
        "%F0%28%8C%28~%22%3E%3Cscript%3E".into(),
        "1~".repeat(2_000),
    ] {
        for query in [format!("before={before}"), format!("before={before}&state=open&code=X")] {
            let answer = operator.get(&format!("/console/quarantine?{query}")).await;
            assert!(matches!(answer.status, 200 | 400), "{query}: {}", answer.status);
            assert!(is_harmless(&text(&answer)), "{query}: {}", text(&answer));
        }
    }
    Ok(())
}
