//! What operators' software does with a token, and what nobody else does.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::counter::{Counter, message, whole};
use crate::support::desk::arrival;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, TAX, notice};
use crate::web::client::{Answer, Request};

on_both_ledgers! {
    operating: sqlite_operators_look_up_and_order_by_rest,
        postgres_operators_look_up_and_order_by_rest;
}

async fn ask(counter: &Counter, scope: &str, method: &str, path: &str) -> Answer {
    let token = counter.token(TAX, &json!({ "scope": scope, "client_id": "watchdog" }));
    let request = Request::new(counter.address, method, path);
    let request = request.header("authorization", &format!("Bearer {token}"));
    let request = request.header("content-type", "application/json");
    request.body(b"{\"reason\":\"a flood\"}").send().await
}

async fn operating(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let published = counter.publish("one", &body).await.json();
    let id = published["messageId"].as_str().context("not published")?;
    let path = format!("/operate/messages/{id}");
    let explained = ask(&counter, "operate", "GET", &path).await;
    let said = explained.json();
    ensure!(explained.status == 200 && said["medium"] == "digital", "{explained:?}");
    ensure!(said["decidedAgainAlike"] == true && said["idempotencyKey"] == "one", "{said}");
    ensure!(!said.to_string().contains("Bonjour"), "operators read no mail");

    counter.desk.deliver_one(arrival(TAX, "bad", "no publication")?).await?;
    let aside = ask(&counter, "operate", "GET", "/operate/quarantine?state=open").await;
    ensure!(aside.status == 200 && aside.json()[0]["code"] == "MALFORMED", "{aside:?}");
    for query in ["state=none", "limit=0", "code=none", "surprise=1"] {
        let wrong = ask(&counter, "operate", "GET", &format!("/operate/quarantine?{query}")).await;
        ensure!(wrong.status == 400 && wrong.code() == "INVALID_QUERY", "{query}: {wrong:?}");
    }
    lanes(&counter, &body).await?;
    for scope in ["publish consume print", "operator"] {
        for (method, path) in [
            ("GET", path.as_str()),
            ("GET", "/operate/lanes"),
            ("GET", "/operate/quarantine"),
            ("POST", "/operate/lanes/tax:assessment/pause"),
        ] {
            let refused = ask(&counter, scope, method, path).await;
            ensure!(refused.status == 403, "{scope}: {method} {path}: {refused:?}");
            ensure!(refused.code() == "INSUFFICIENT_SCOPE", "{refused:?}");
        }
    }
    ensure!(Request::new(counter.address, "GET", "/operate/lanes").send().await.status == 401);
    Ok(())
}

async fn lanes(counter: &Counter, body: &[u8]) -> Result<()> {
    let paused = ask(counter, "operate", "POST", "/operate/lanes/tax:assessment/pause").await;
    ensure!(paused.status == 200 && paused.json()["isPaused"] == true, "{paused:?}");
    let listed = ask(counter, "operate", "GET", "/operate/lanes").await.json();
    let lane = listed.as_array().into_iter().flatten().find(|it| it["application"] == TAX);
    ensure!(lane.is_some_and(|it| it["isPaused"] == true), "{listed}");
    ensure!(counter.publish("two", body).await.status == 503);
    let acts = counter.ledger.acts(None, 10).await?;
    let act = acts.first().context("it is not in the record")?;
    ensure!((&*act.actor, &*act.reason) == ("client:watchdog", "a flood"), "{act:?}");
    let resumed = ask(counter, "operate", "POST", "/operate/lanes/tax:assessment/resume").await;
    ensure!(resumed.status == 200 && resumed.json()["isPaused"] == false, "{resumed:?}");
    ensure!(counter.publish("two", body).await.status == 201);
    let nobody = ask(counter, "operate", "POST", "/operate/lanes/nobody/pause").await;
    ensure!(nobody.status == 404 && nobody.code() == "NOT_FOUND", "{nobody:?}");
    Ok(())
}
