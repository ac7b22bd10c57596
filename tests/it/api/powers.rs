//! What a token's claims and scopes give, and what they do not: acting for
//! another enterprise, printing, and a provider that is not ours.

use anyhow::{Context as _, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::counter::Counter;
use super::issuer::AUDIENCE;
use super::running::{PRINTER, Running};
use crate::pages::site::manager;
use crate::support::desk::posted;
use crate::support::foreign::Foreign;
use crate::support::ledgers::sqlite;
use crate::support::program::Program;
use crate::support::world::{Company, TAX, notice, registry};
use crate::web::client::{Answer, Request};

async fn read(counter: &Counter, holder: Company, behalf: &str) -> Answer {
    let claims = json!({ "scope": "consume", "sub": manager(Company::Active),
                         "enterprise": holder.number().to_string() });
    let request = Request::new(counter.address, "GET", "/ebox/messages");
    let token = counter.token(TAX, &claims);
    let request = request.header("authorization", &format!("Bearer {token}"));
    request.header("on-behalf-of", behalf).send().await
}

/// An accountant's software reads its client's box while the mandate is in
/// force, and on no other day.
#[tokio::test]
async fn acting_for_another_takes_a_mandate_in_force() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    counter.desk.deliver_one(posted(&notice(Company::Active))?).await?;
    let (holder, mandator) = (Company::Boxless, Company::Active.number().to_string());
    let refused = read(&counter, holder, &mandator).await;
    ensure!(refused.status == 403 && refused.json()["code"] == "NO_MANDATE", "{refused:?}");
    ensure!(refused.json()["pointer"] == "/on-behalf-of", "{refused:?}");
    for (from, to, status) in [
        (json!("2020-01-01"), json!("2020-12-31"), 403),
        (json!("2999-01-01"), Value::Null, 403),
        (json!("2020-01-01"), Value::Null, 200),
    ] {
        counter.desk.mandate(&ledger, (Company::Active, holder), &from, &to).await?;
        let answer = read(&counter, holder, &mandator).await;
        ensure!(answer.status == status, "{from} to {to}: {answer:?}");
    }
    for wrong in ["0123456789", "nobody", ""] {
        ensure!(read(&counter, holder, wrong).await.status == 400, "{wrong:?}");
    }
    // The mandate is one way, and gives no grant.
    let back = read(&counter, Company::Active, &holder.number().to_string()).await;
    ensure!(back.status == 403, "{back:?}");
    let other = read(&counter, holder, &Company::Occasional.number().to_string()).await;
    ensure!(other.status == 403, "{other:?}");
    Ok(())
}

#[tokio::test]
async fn a_printers_token_prints_for_that_printer_alone() -> Result<()> {
    let running = Running::start().await?;
    let ask = |printer: &str, more: Value| {
        let request = running.engine.request("GET", &format!("/printers/{printer}/jobs"));
        let token = running.token_with(&more);
        request.header("authorization", &format!("Bearer {token}")).send()
    };
    ensure!(ask(PRINTER, json!({ "scope": "print" })).await.status == 200);
    let unable = ask(PRINTER, json!({ "scope": "publish consume operate" })).await;
    ensure!(unable.status == 403 && unable.code() == "INSUFFICIENT_SCOPE", "{unable:?}");
    let challenge = unable.header("www-authenticate").unwrap_or_default();
    ensure!(challenge.contains("scope=\"print\""), "{challenge}");
    let nobody = ask(PRINTER, json!({ "printer": "nowhere" })).await;
    ensure!(nobody.status == 403 && nobody.code() == "NO_PRINTER", "{nobody:?}");
    ensure!(ask("overflow", json!({})).await.status == 401, "another printer's letters");
    let reading = running.engine.request("GET", "/ebox/messages");
    let token = running.token_with(&json!({ "scope": "print" }));
    let reading = reading.header("authorization", &format!("Bearer {token}")).send().await;
    ensure!(reading.status == 403, "printing is not reading: {reading:?}");
    Ok(())
}

/// Tokens by the client credentials flow of a certified provider.
#[tokio::test]
async fn tokens_of_a_provider_that_is_not_ours_are_believed() -> Result<()> {
    let number = Company::Active.number().to_string();
    let arguments = ["http://127.0.0.1:1", &*number];
    let provider = Foreign::start("identity_provider.mjs", &arguments).await?;
    let program = Program::new()?
        .with("API__ISSUER", &provider.address)
        .with("API__AUDIENCE", AUDIENCE)
        .with("API__PERSON_CLAIM", "person");
    let lines = program.file("registry.jsonl", &registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &lines]).await?;
    let engine = program.serve().await;
    let given = async |scope: &str| -> Result<String> {
        let port = provider.port().parse()?;
        let request = Request::new(([127, 0, 0, 1], port).into(), "POST", "/token");
        let form = format!("grant_type=client_credentials&scope={scope}&resource={AUDIENCE}");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.basic("program", "a-secret-of-the-tests").body(form.as_bytes());
        let answer = answer.send().await.json();
        Ok(answer["access_token"].as_str().with_context(|| answer.to_string())?.to_owned())
    };
    let ask = |path: &str, token: &str| {
        let request = engine.request("GET", path);
        request.header("authorization", &format!("Bearer {token}")).send()
    };
    let publishing = given("publish").await?;
    ensure!(ask("/events", &publishing).await.status == 200);
    ensure!(ask("/ebox", &publishing).await.status == 403, "without the scope of consuming");
    let consuming = given("consume").await?;
    let mailbox = ask("/ebox", &consuming).await;
    ensure!(mailbox.status == 200, "{mailbox:?}");
    let forged = given("publish").await? + "x";
    ensure!(ask("/ebox", &forged).await.status == 401);
    Ok(())
}
