//! One application publishes for several organizations, and a token may be
//! limited to one of them: then it is told of that one's mail alone.

use anyhow::{Result, ensure};
use facteur::domain::Digest;
use serde_json::{Value, json};

use super::counter::{Counter, content_type, message, whole};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, NOTICE, ONSS, TAX, notice};
use crate::web::client::{Answer, Request};

on_both_ledgers! {
    events: sqlite_a_token_for_one_enterprise_is_told_of_its_own_mail,
        postgres_a_token_for_one_enterprise_is_told_of_its_own_mail;
}

/// Another organization that publishes through the same application.
const FINANCE: &str = "0474028805";

async fn get(counter: &Counter, path: &str, more: &Value) -> Answer {
    let token = counter.token(TAX, more);
    let request = Request::new(counter.address, "GET", path);
    request.header("authorization", &format!("Bearer {token}")).send().await
}

async fn publish(counter: &Counter, organization: &str) -> Result<()> {
    let mut publication = notice(Company::Active);
    publication["sender"]["enterpriseNumber"] = json!(organization);
    let request = counter.request("/ebox/messages").header("idempotency-key", organization);
    let request = request.header("content-type", &content_type());
    let answer = request.body(&whole(&[message(&publication)])).send().await;
    ensure!(answer.status == 201, "{answer:?}");
    Ok(())
}

async fn events(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let trio = json!({ "kind": "trio", "organization": FINANCE, "application": TAX,
                       "messageType": NOTICE });
    counter.desk.register(ledger, &trio).await?;
    publish(&counter, ONSS).await?;
    publish(&counter, FINANCE).await?;
    let stranger = Company::Boxless.number().to_string();
    let of = |answer: &Answer| -> Vec<Value> {
        let events = answer.json();
        let events = events.as_array().cloned().unwrap_or_default().into_iter();
        events.map(|event| event["data"]["organization"].clone()).collect()
    };
    let mut next = None;
    for (enterprise, told) in [
        (Value::Null, vec![json!(ONSS), json!(FINANCE)]),
        (json!(ONSS), vec![json!(ONSS)]),
        (json!(FINANCE), vec![json!(FINANCE)]),
        (json!(stranger), vec![]),
    ] {
        let limit = match &enterprise {
            Value::Null => json!({}),
            one => json!({ "enterprise": one }),
        };
        let answer = get(&counter, "/events", &limit).await;
        ensure!(answer.status == 200 && of(&answer) == told, "{enterprise}: {answer:?}");
        // Whoever is told nothing moves on all the same.
        let link = answer.header("link").map(str::to_owned);
        let is_whole = link.as_ref().is_some_and(|it| it.starts_with("<http://test/events?after="));
        ensure!(is_whole, "{link:?}");
        ensure!(next.is_none() || next == link, "{enterprise}: {link:?} and not {next:?}");
        next = link;
    }
    // A mandate opens what its holder may send.
    let one = json!({ "kind": "enterprise", "number": ONSS, "name": "ONSS", "language": "fr",
                      "state": "active" });
    counter.desk.register(ledger, &one).await?;
    let mandate = json!({ "kind": "mandate", "mandator": ONSS, "holder": stranger });
    counter.desk.register(ledger, &mandate).await?;
    let answer = get(&counter, "/events", &json!({ "enterprise": stranger })).await;
    ensure!(of(&answer) == [json!(ONSS)], "{answer:?}");
    documents(&counter).await
}

/// An upload does not say for whom it came.
async fn documents(counter: &Counter) -> Result<()> {
    let path = format!("/documents/{}", Digest::of(b"%PDF-1.7"));
    let upload = counter.request_to("PUT", &path).header("content-type", "application/pdf");
    ensure!(upload.body(b"%PDF-1.7").send().await.status == 201);
    ensure!(get(counter, &path, &json!({})).await.status == 200);
    let limited = get(counter, &path, &json!({ "enterprise": ONSS })).await;
    ensure!(limited.status == 403 && limited.code() == "NOT_FOR_ONE_ENTERPRISE", "{limited:?}");
    Ok(())
}
