//! Lists, filters, reading once, caching, hiding and moving.

use std::sync::Arc;

use anyhow::Result;
use facteur::mailbox::{Deed, Deeds, Mailbox};
use serde_json::{Value, json};

use super::{code, get, patch};
use crate::mailbox::reader;
use crate::pages::site::{Site, Visitor, manager};
use crate::support::world::{Company, NOTICE, ONSS, TAX, attachment, attest, notice, notice_with};

async fn ids(program: &Visitor<'_>, query: &str) -> Vec<String> {
    let answer = get(program, &format!("/ebox/messages{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let body = answer.json();
    let items = body["items"].as_array().unwrap();
    items.iter().map(|it| it["messageId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn criteria_must_all_hold_and_pages_count_from_one() -> Result<()> {
    let site = Site::open().await?;
    let first = site.post(&notice(Company::Active)).await?.to_string();
    let second = site.post(&attest(Company::Active)).await?.to_string();
    let program = site.signed_in(&manager(Company::Active)).await;
    let (both, none) = (vec![second.clone(), first.clone()], Vec::<String>::new());
    let today = facteur::clock::belgian_day(facteur::clock::Clock::now(&*site.clock));
    let (tomorrow, far) = (today.tomorrow()?, today.saturating_add(jiff::ToSpan::months(9)));
    for (query, found) in [
        (String::new(), both.clone()),
        ("?page=1&pageSize=1".into(), vec![second.clone()]),
        ("?page=2&pageSize=1".into(), vec![first.clone()]),
        ("?page=3&pageSize=1".into(), none.clone()),
        (format!("?messageTypeId={NOTICE}"), vec![first.clone()]),
        (format!("?messageTypeId={NOTICE}&senderApplicationId=work:attest"), none.clone()),
        (format!("?senderApplicationId={TAX}"), vec![first.clone()]),
        (format!("?senderOrganizationId={ONSS}"), both.clone()),
        ("?senderOrganizationId=0474028805".into(), none.clone()),
        ("?partition=WORK".into(), vec![second.clone()]),
        (format!("?receivedBefore={tomorrow}"), both.clone()),
        (format!("?receivedBefore={today}"), none.clone()),
        (format!("?receivedAfter={today}"), none.clone()),
        (format!("?receivedAfter={}", today.yesterday()?), both.clone()),
        (format!("?expiredBefore={far}"), vec![second.clone()]),
        (format!("?expiredAfter={far}"), vec![first.clone()]),
        ("?readStatus=true".into(), none.clone()),
        ("?readStatus=false".into(), both.clone()),
        ("?visible=false".into(), none.clone()),
        ("?visible=true".into(), both.clone()),
        ("?registeredMail=true".into(), none.clone()),
        ("?q=&qlang=fr".into(), both.clone()),
    ] {
        assert_eq!(ids(&program, &query).await, found, "{query}");
    }
    let page = get(&program, "/ebox/messages?pageSize=1").await.json();
    assert_eq!(page["totalItems"], 2);
    Ok(())
}

#[tokio::test]
async fn software_that_opens_the_main_content_reads_the_message_once() -> Result<()> {
    let site = Site::open().await?;
    let publication = notice_with(json!([attachment("bill", "SGVsbG8=")]));
    let id = site.post(&publication).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = format!("/ebox/messages/{id}");
    let content = format!("{message}/attachments/bill/content");
    let is_read = async || get(&program, &message).await.json()["readStatus"].clone();
    let described = get(&program, &format!("{message}/attachments/bill")).await.json();
    assert!(described["contentHref"].as_str().unwrap().ends_with(&content), "{described}");
    // Neither looking at it, nor at its head, nor refusing it is reading.
    assert_eq!(program.request("HEAD", &content).send().await.status, 405);
    let refused = program.request("GET", &content).header("accept", "image/png").send().await;
    assert_eq!((refused.status, &*code(&refused)), (406, "NOT_ACCEPTABLE"));
    assert_eq!(is_read().await, false);
    let answer = program.request("GET", &content).header("accept", "application/pdf").send().await;
    assert_eq!((answer.status, &*answer.body), (200, &b"Hello"[..]));
    assert_eq!(is_read().await, true);
    let tag = answer.header("etag").unwrap();
    let again = program.request("GET", &content).header("if-none-match", tag).send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let summary = get(&program, "/ebox").await.json();
    assert_eq!(
        (&summary["numberOfMessages"], &summary["numberOfUnreadMessages"]),
        (&json!(1), &json!(0))
    );
    Ok(())
}

#[tokio::test]
async fn a_text_is_read_by_its_own_address_alone() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice(Company::Active)).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = format!("/ebox/messages/{id}");
    assert_eq!(get(&program, &message).await.json()["readStatus"], false);
    assert_eq!(get(&program, &format!("{message}/body")).await.json(), json!({ "fr": "Bonjour" }));
    assert_eq!(get(&program, &message).await.json()["readStatus"], true);
    Ok(())
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() -> Result<()> {
    let site = Site::open().await?;
    site.post(&notice(Company::Active)).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    for (path, keep) in [
        ("/ebox/messages", "private, no-cache"),
        ("/referenceData/messageTypes", "private, max-age=300"),
        ("/openapi.json", "public, max-age=300"),
    ] {
        let first = get(&program, path).await;
        assert_eq!(first.header("cache-control"), Some(keep), "{path}");
        let tag = first.header("etag").unwrap().to_owned();
        let known = program.request("GET", path).header("if-none-match", &tag).send().await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        let other = program.request("GET", path).header("if-none-match", "\"x\"").send().await;
        assert_eq!(other.status, 200, "{path}");
    }
    let tag = get(&program, "/ebox/messages").await.header("etag").unwrap().to_owned();
    site.post(&notice(Company::Active)).await?;
    let request = program.request("GET", "/ebox/messages").header("if-none-match", &tag);
    assert_eq!(request.send().await.status, 200, "something arrived");
    Ok(())
}

#[tokio::test]
async fn all_is_changed_or_nothing() -> Result<()> {
    let site = Site::open().await?;
    let one = site.post(&notice(Company::Active)).await?.to_string();
    let two = site.post(&notice(Company::Active)).await?.to_string();
    let others = site.post(&notice(Company::Occasional)).await?.to_string();
    let program = site.signed_in(&manager(Company::Active)).await;
    let of = |id: &str, visible: bool| json!({ "messageId": id, "visible": visible });
    let standing = async |id: &str| -> Value {
        let message = get(&program, &format!("/ebox/messages/{id}")).await.json();
        json!([message["visible"], message["partition"]])
    };
    for (items, status) in [
        (json!([of(&one, false), of(&others, false)]), 404),
        (json!([of(&one, false), { "messageId": two, "partition": "NOWHERE" }]), 404),
        (json!([of(&one, false), of("nonsense", false)]), 404),
        (json!([of(&one, false), of(&one, true)]), 400),
        (json!([of(&one, false), { "messageId": two }]), 400),
    ] {
        let answer = patch(&program, &json!({ "items": items })).await;
        assert_eq!(answer.status, status, "{items}: {answer:?}");
        code(&answer);
        assert_eq!(standing(&one).await, json!([true, "GENERAL"]), "{items}");
    }
    let items = json!([
        of(&one, false),
        { "messageId": two, "visible": true, "partition": "WORK" },
    ]);
    let answer = patch(&program, &json!({ "items": items, "totalItems": 2 })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(standing(&one).await, json!([false, "GENERAL"]));
    assert_eq!(standing(&two).await, json!([true, "WORK"]));
    assert_eq!(ids(&program, "?visible=false").await, [one]);
    Ok(())
}

#[tokio::test]
async fn every_look_of_a_program_at_a_message_goes_into_the_record() -> Result<()> {
    let site = Site::open().await?;
    let id = site.post(&notice_with(json!([attachment("bill", "SGVsbG8=")]))).await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let message = format!("/ebox/messages/{id}");
    for path in ["", "/attachments", "/attachments/bill", "/attachments/bill/content"] {
        let answer = program.request("GET", &format!("{message}{path}")).send().await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    // What is not there, and what lies in another box, is not looked at.
    for path in ["/attachments/other", "/attachments/other/content", "/paymentData"] {
        assert_eq!(get(&program, &format!("{message}{path}")).await.status, 404, "{path}");
    }
    let (ledger, clock) = (Arc::clone(&site.ledger.ledger), site.clock.clone());
    let mailbox = Mailbox::new(ledger, None, site.desk.documents.clone(), clock);
    let reader = reader(&manager(Company::Active))?;
    let record = mailbox.record(&reader, Company::Active.number(), 1).await?;
    let of_message = |it: &&Deeds| it.message == Some(id);
    let deeds: Vec<Deed> = record.deeds.iter().filter(of_message).map(|it| it.deed).collect();
    let right = [Deed::Downloaded, Deed::Read, Deed::Opened, Deed::Opened, Deed::Opened];
    assert_eq!(deeds, right);
    Ok(())
}
