//! What a program may not see is not there.

use anyhow::Result;
use serde_json::json;

use super::counter::Counter;
use super::{code, get, patch};
use crate::pages::site::{Site, manager};
use crate::support::world::{Company, TAX, attachment, notice_with};
use crate::web::client::Request;

#[tokio::test]
async fn anothers_message_looks_like_one_that_does_not_exist() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice_with(json!([attachment("bill", "SGVsbG8=")]))).await?;
    let nothing = "01a2078b-ec10-74c5-b402-ef8c377bc990";
    let (owner, other) = (
        site.signed_in(&manager(Company::Active)).await,
        site.signed_in(&manager(Company::Occasional)).await,
    );
    for below in ["", "/attachments", "/attachments/bill", "/attachments/bill/content"] {
        let mine = owner.request("GET", &format!("/ebox/messages/{id}{below}")).send().await;
        assert_eq!(mine.status, 200, "{below}");
        let anothers = get(&other, &format!("/ebox/messages/{id}{below}")).await;
        let missing = get(&other, &format!("/ebox/messages/{nothing}{below}")).await;
        for answer in [&anothers, &missing] {
            assert_eq!((answer.status, &*code(answer)), (404, "NOT_FOUND"), "{below}");
        }
        let but_id = |answer: &crate::web::client::Answer| {
            let mut status = answer.json();
            status["id"] = json!("");
            status
        };
        assert_eq!(but_id(&anothers), but_id(&missing), "{below}");
    }
    for (number, status) in [
        (Company::Active.number().to_string(), 404),
        (Company::Unknown.number().to_string(), 404),
        ("0123456789".into(), 400),
        (Company::Occasional.number().to_string(), 200),
    ] {
        let request = other.request("GET", "/ebox/messages");
        let answer = request.header("facteur-enterprise", &number).send().await;
        assert_eq!(answer.status, status, "{number}");
    }
    let hide = json!({ "items": [{ "messageId": id.to_string(), "visible": false }] });
    assert_eq!(patch(&other, &hide).await.status, 404);
    Ok(())
}

#[tokio::test]
async fn nothing_is_told_to_whoever_did_not_prove_who_asks() -> Result<()> {
    let site = Site::open().await?;
    let visitor = site.visitor();
    for path in [
        "/ebox",
        "/ebox/messages",
        "/ebox/messages?page=0",
        "/ebox/messages/x/attachments/y/content",
        "/referenceData/messageTypes",
        "/referenceData/senderApplications/x/images/1/content",
    ] {
        let answer = get(&visitor, path).await;
        assert_eq!((answer.status, &*code(&answer)), (401, "UNAUTHENTICATED"), "{path}");
        assert!(answer.header("www-authenticate").is_some(), "{path}");
    }
    assert_eq!(get(&visitor, "/openapi.json").await.status, 200);
    let nobody = site.signed_in("nobody").await;
    assert_eq!(get(&nobody, "/ebox").await.status, 404);
    Ok(())
}

#[tokio::test]
async fn another_sites_page_changes_nothing() -> Result<()> {
    let site = Site::open().await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let request = program.request("PATCH", "/ebox/messages");
    let request = request.header("sec-fetch-site", "cross-site");
    let request = request.header("content-type", "application/json").body(b"{\"items\":[]}");
    assert_eq!(request.send().await.status, 403);
    Ok(())
}

/// A browser sends cookies, and keys that it asked for, by itself; a token never.
#[tokio::test]
async fn a_token_is_taken_from_wherever_and_a_refusal_has_the_interfaces_shape() -> Result<()> {
    let ledger = crate::support::ledgers::sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let elsewhere = [("origin", "https://app.example"), ("sec-fetch-site", "cross-site")];
    let from = |request: Request| {
        let request = request.header("content-type", "application/json").body(b"[]");
        elsewhere.into_iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    let by_token = from(counter.request("/searchMessageStatus")).send().await;
    assert_eq!(by_token.status, 201, "{by_token:?}");
    let ask = |path: &str| Request::new(counter.address, "POST", path);
    let by_key = from(ask("/searchMessageStatus").basic(TAX, "a key")).send().await;
    assert_eq!((by_key.status, &*code(&by_key)), (403, "CROSS_SITE"));
    let form = from(ask("/sign-out")).send().await;
    assert_eq!(form.status, 403);
    assert!(form.header("content-type").unwrap().starts_with("text/html"), "{form:?}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_interfaces_shape() -> Result<()> {
    let site = Site::open().await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    for (method, path, status, expected) in [
        ("GET", "/ebox/nothing", 404, "NOT_FOUND"),
        ("GET", "/referenceData/nothing", 404, "NOT_FOUND"),
        ("DELETE", "/ebox", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/publishMessage", 405, "METHOD_NOT_ALLOWED"),
    ] {
        let request = program.request(method, path).header("sec-fetch-site", "same-origin");
        let answer = request.send().await;
        assert_eq!((answer.status, &*code(&answer)), (status, expected), "{method} {path}");
    }
    Ok(())
}
