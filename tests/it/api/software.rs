//! A company's software with a bearer token: held to the grants of the person
//! that it is in the registry, and to one enterprise.

use anyhow::{Result, ensure};
use facteur::intake::Judged;
use serde_json::json;

use super::counter::Counter;
use crate::pages::site::manager;
use crate::support::desk::{posted, rulebook};
use crate::support::ledgers::{TestLedger, on_both_ledgers, sqlite};
use crate::support::world::{Company, TAX, attachment, notice, notice_with};
use crate::web::client::{Answer, Request};

on_both_ledgers! {
    held: sqlite_software_reads_what_its_grants_open,
        postgres_software_reads_what_its_grants_open;
}

async fn read(counter: &Counter, token: &str, path: &str) -> Answer {
    let request = Request::new(counter.address, "GET", path).header("accept", "application/json");
    request.header("authorization", &format!("Bearer {token}")).send().await
}

async fn held(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    for company in [Company::Active, Company::Occasional] {
        counter.desk.deliver_one(posted(&notice(company))?).await?;
    }
    let token = |scope: &str, enterprise: Company| {
        let claims = json!({ "scope": scope, "sub": manager(Company::Active),
                             "enterprise": enterprise.number().to_string() });
        counter.token(TAX, &claims)
    };
    let own = read(&counter, &token("consume", Company::Active), "/ebox/messages").await;
    ensure!(own.status == 200 && own.json()["totalItems"] == 1, "{own:?}");
    let id = own.json()["items"][0]["messageId"].as_str().unwrap_or_default().to_owned();
    let path = format!("/ebox/messages/{id}");
    ensure!(read(&counter, &token("consume", Company::Active), &path).await.status == 200);

    // In front of another company's box it has no grant, and nothing exists.
    let other = token("consume", Company::Occasional);
    for path in ["/ebox/messages", &path] {
        ensure!(read(&counter, &other, path).await.status == 404, "{path}");
    }
    let without = read(&counter, &token("publish", Company::Active), "/ebox/messages").await;
    ensure!(without.status == 403 && without.json()["code"] == "INSUFFICIENT_SCOPE", "{without:?}");
    let nobody = Request::new(counter.address, "GET", "/ebox/messages").send().await;
    ensure!(nobody.status == 401 && nobody.header("www-authenticate").is_some(), "{nobody:?}");
    Ok(())
}

/// Where our own listener has TLS, links lead to it.
#[tokio::test]
async fn links_lead_back_the_way_the_caller_came() -> Result<()> {
    for (certificate, scheme) in [("", "http"), ("certificate.pem", "https")] {
        let ledger = sqlite().await?;
        let keys = [("WEB__TLS_CERTIFICATE", certificate), ("WEB__TLS_KEY", certificate)];
        let counter = Counter::set(&ledger, rulebook()?, &keys).await?;
        let publication = notice_with(json!([attachment("bill", "SGVsbG8=")]));
        counter.desk.deliver_one(posted(&publication)?).await?;
        let claims = json!({ "scope": "consume", "sub": manager(Company::Active),
                             "enterprise": Company::Active.number().to_string() });
        let token = counter.token(TAX, &claims);
        let listed = read(&counter, &token, "/ebox/messages").await.json();
        let id = listed["items"][0]["messageId"].as_str().unwrap_or_default().to_owned();
        let found = read(&counter, &token, &format!("/ebox/messages/{id}/attachments")).await;
        let link = found.json()["items"][0]["contentHref"].as_str().unwrap_or_default().to_owned();
        ensure!(link.starts_with(&format!("{scheme}://test/ebox/messages/{id}/")), "{link}");
    }
    Ok(())
}

/// An answer is nobody else's: what it depends on is said, whatever it is.
#[tokio::test]
async fn answers_say_what_they_depend_on() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let id =
        counter.desk.deliver_one(posted(&notice_with(json!([attachment("bill", "SGVsbG8=")])))?);
    let Judged::Accepted { id, .. } = id.await? else { anyhow::bail!("it was not taken") };
    let claims = json!({ "scope": "consume", "sub": manager(Company::Active),
                         "enterprise": Company::Active.number().to_string() });
    let token = counter.token(TAX, &claims);
    let content = format!("/ebox/messages/{id}/attachments/bill/content");
    for path in ["/ebox/messages", &content] {
        let ask = || {
            let request = Request::new(counter.address, "GET", path);
            request.header("authorization", &format!("Bearer {token}"))
        };
        let first = ask().send().await;
        let tag = first.header("etag").unwrap_or_default().to_owned();
        let again = ask().header("if-none-match", &tag).send().await;
        for (answer, status) in [(first, 200), (again, 304)] {
            let vary = answer.header("vary").unwrap_or_default();
            let is_said = ["Authorization", "On-Behalf-Of"].iter().all(|it| vary.contains(it));
            ensure!(answer.status == status && is_said, "{path}: {answer:?}");
        }
    }
    Ok(())
}

/// Agencies ask who sends what as well: it is how they see what they may send.
#[tokio::test]
async fn agencies_read_the_reference_data() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    let path = "/referenceData/messageTypes";
    let asked = read(&counter, &counter.token(TAX, &json!({})), path).await;
    ensure!(asked.status == 200 && asked.json()["totalItems"] != 0, "{asked:?}");
    let printing = read(&counter, &counter.token(TAX, &json!({ "scope": "print" })), path).await;
    ensure!(printing.status == 403, "{printing:?}");
    let wrong = Request::new(counter.address, "GET", path).basic(TAX, "no key").send().await;
    ensure!(wrong.status == 401, "{wrong:?}");
    Ok(())
}
