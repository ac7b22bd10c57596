//! Parameters that nobody should send.

use anyhow::Result;
use serde_json::json;

use super::{code, get, patch};
use crate::pages::site::{Site, manager};
use crate::support::world::{Company, notice};

#[tokio::test]
async fn a_wrong_parameter_is_named_and_never_ignored() -> Result<()> {
    let site = Site::open().await?;
    site.post(&notice(Company::Active)).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    for query in [
        "page=0",
        "page=-1",
        "page=x",
        "page=4294967296",
        "page=101&pageSize=100&q=avis&qlang=fr",
        "page=42949673&pageSize=100",
        "pageSize=0",
        "pageSize=101",
        "page=1&page=2",
        "unknown=1",
        "cursor=%00",
        "receivedBefore=2026-02-30",
        "receivedAfter=yesterday",
        "expiredAfter=9999-12-31",
        "expiredBefore=",
        "readStatus=maybe",
        "visible=1",
        "senderOrganizationId=0123456789",
        "messageTypeId=",
        "q=avis",
        "q=avis&qlang=xx",
        "q=%00&qlang=fr",
    ] {
        let answer = get(&program, &format!("/ebox/messages?{query}")).await;
        assert_eq!((answer.status, &*code(&answer)), (400, "INVALID_INPUT"), "{query}");
    }
    for query in ["page=0", "pageSize=101", "page=x", "q=a"] {
        let answer = get(&program, &format!("/referenceData/messageTypes?{query}")).await;
        assert_eq!((answer.status, &*code(&answer)), (400, "INVALID_INPUT"), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_body_changes_nothing_and_is_explained() -> Result<()> {
    let site = Site::open().await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let many: Vec<_> = (0..1_001).map(|n| json!({ "messageId": id(n), "visible": true })).collect();
    for body in [
        json!([]),
        json!({}),
        json!({ "items": null }),
        json!({ "items": [{ "messageId": id(1), "visible": null }] }),
        json!({ "items": [], "totalItems": 1 }),
        json!({ "items": [], "surprise": 1 }),
        json!({ "items": [{ "messageId": id(1), "partition": "" }] }),
        json!({ "items": many }),
    ] {
        let answer = patch(&program, &body).await;
        assert_eq!((answer.status, &*code(&answer)), (400, "INVALID_INPUT"), "{answer:?}");
    }
    let text = program.request("PATCH", "/ebox/messages").header("content-type", "text/plain");
    let answer = text.header("sec-fetch-site", "same-origin").body(b"{}").send().await;
    assert_eq!((answer.status, &*code(&answer)), (415, "MEDIA_TYPE_NOT_ALLOWED"));
    assert_eq!(program.request("DELETE", "/ebox/messages").send().await.status, 405);
    Ok(())
}

fn id(n: u128) -> String {
    format!("01a2078b-ec10-74c5-b402-{n:012x}")
}
