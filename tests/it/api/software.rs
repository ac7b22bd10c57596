//! A company's software with a bearer token: held to the grants of the person
//! that it is in the registry, and to one enterprise.

use anyhow::{Result, ensure};
use serde_json::json;

use super::counter::Counter;
use crate::pages::site::manager;
use crate::support::desk::posted;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, TAX, notice};
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
