//! Who comes too often, and what an operator stopped: told at once, and at
//! nobody else's cost.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use facteur::clock::{Clock, Stopwatch, SystemClock};
use facteur::ledger::{Controlled, LaneOrder};
use serde_json::json;

use super::code;
use super::counter::{Counter, content_type, message, whole};
use super::issuer::{Issuer, Key};
use crate::pages::site::manager;
use crate::support::desk::{by, rulebook};
use crate::support::ledgers::{TestLedger, sqlite};
use crate::support::wait::until;
use crate::support::world::{Company, TAX, WORK, attest, notice};
use crate::web::client::{Answer, Request};
use crate::web::site::AGENCY;

async fn order(counter: &Counter, lane: &str, order: LaneOrder) -> Result<()> {
    let act = by("operator", SystemClock.now());
    let done = counter.ledger.control_lane(&lane.parse()?, order, act).await?;
    ensure!(done == Controlled::Done, "{done:?}");
    Ok(())
}

async fn counter(ledger: &TestLedger) -> Result<Counter> {
    Counter::set(ledger, rulebook()?, &[("API__PUBLICATIONS_MAX", "2")]).await
}

/// As another application.
async fn publish_work(counter: &Counter, key: &str) -> Answer {
    let token = counter.token(WORK, &json!({ "client_id": "another" }));
    let request = counter.request_as(&token, "/ebox/messages").header("idempotency-key", key);
    let request = request.header("content-type", &content_type());
    request.body(&whole(&[message(&attest(Company::Active))])).send().await
}

/// More come in a second than the pace lets through in a minute.
#[tokio::test]
async fn an_application_over_its_pace_is_told_so_and_holds_up_nobody() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = counter(&ledger).await?;
    order(&counter, TAX, LaneOrder::Pace(Some(2))).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    let began = Stopwatch::start();
    let keys: Vec<String> = (0..60).map(|n| format!("flood-{n}")).collect();
    let flood = keys.iter().map(|key| counter.publish(key, &body));
    let (answers, other) =
        tokio::join!(futures_util::future::join_all(flood), publish_work(&counter, "other"));
    ensure!(other.status == 201, "{other:?}");
    ensure!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    ensure!((1..=8).contains(&taken), "{taken} were taken");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        ensure!(answer.status == 429, "{answer:?}");
        ensure!(answer.json()["code"] == "TOO_MANY_REQUESTS", "{answer:?}");
        let wait: u64 = answer.header("retry-after").context("how long?")?.parse()?;
        ensure!((1..=5).contains(&wait), "{wait} s");
    }
    Ok(())
}

#[tokio::test]
async fn a_paused_lane_takes_nothing_by_rest_until_it_goes_on() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = counter(&ledger).await?;
    let body = whole(&[message(&notice(Company::Active))]);
    order(&counter, TAX, LaneOrder::Pause).await?;
    let paused = counter.publish("paused", &body).await;
    ensure!(paused.status == 503 && paused.json()["code"] == "LANE_PAUSED", "{paused:?}");
    ensure!(paused.header("retry-after").is_some(), "{paused:?}");
    ensure!(publish_work(&counter, "other").await.status == 201);
    order(&counter, TAX, LaneOrder::Resume).await?;
    ensure!(counter.publish("paused", &body).await.status == 201, "its key is unused");
    Ok(())
}

#[tokio::test]
async fn a_paused_type_says_when_to_come_again() -> Result<()> {
    let ledger = sqlite().await?;
    let counter = counter(&ledger).await?;
    let act = by("operator", SystemClock.now());
    let done = counter.ledger.control_type(&"TAX-NOTICE".parse()?, true, act).await?;
    ensure!(done == Controlled::Done, "{done:?}");
    let paused = counter.publish("paused", &whole(&[message(&notice(Company::Active))])).await;
    ensure!(paused.status == 503 && paused.json()["code"] == "MESSAGE_TYPE_PAUSED", "{paused:?}");
    ensure!(paused.header("retry-after").is_some(), "{paused:?}");
    Ok(())
}

#[tokio::test]
async fn a_clients_pace_is_shared_by_the_engines_that_are_alive() -> Result<()> {
    let ledger = sqlite().await?;
    for _ in 0..9 {
        ledger.beat(uuid::Uuid::now_v7(), SystemClock.now()).await?;
    }
    let keys = [("API__REQUESTS_PER_SECOND", "20")];
    let counter = Counter::set(&ledger, rulebook()?, &keys).await?;
    // A client that never came before has all of its pace, or its share of it.
    let mut clients = 0;
    until("a share of two a second is kept", async || {
        clients += 1;
        let taken = taken_at_once(&counter, &format!("client-{clients}")).await;
        (1..=10).contains(&taken)
    })
    .await;
    Ok(())
}

/// How many are answered of sixty requests that a client sends at once.
async fn taken_at_once(counter: &Counter, client: &str) -> usize {
    let token = counter.token(TAX, &json!({ "client_id": client }));
    let asked = (0..60).map(|_| {
        let request = Request::new(counter.address, "GET", "/events");
        request.header("authorization", &format!("Bearer {token}")).send()
    });
    let answers = futures_util::future::join_all(asked).await;
    answers.iter().filter(|answer| answer.status == 200).count()
}

/// Whoever comes with a session is a client like others.
#[tokio::test]
async fn a_person_who_asks_too_often_is_told_so_and_another_is_not() -> Result<()> {
    let site = crate::pages::site::Site::open_as(&[("API__REQUESTS_PER_SECOND", "4")]).await?;
    let one = site.signed_in(&manager(Company::Active)).await;
    let again = site.signed_in(&manager(Company::Active)).await;
    let another = site.signed_in(&manager(Company::Occasional)).await;
    // With two sessions as with one, and whatever is asked.
    let asked = (0..60).map(|n| {
        let path = if n % 3 == 0 { "/referenceData/messageTypes" } else { "/ebox" };
        let visitor = if n % 2 == 0 { &one } else { &again };
        visitor.request("GET", path).send()
    });
    let answers = futures_util::future::join_all(asked).await;
    let (taken, slowed): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    ensure!((1..=20).contains(&taken.len()), "{} were answered", taken.len());
    for answer in slowed {
        ensure!(answer.status == 429 && code(answer) == "TOO_MANY_REQUESTS", "{answer:?}");
        let wait: u64 = answer.header("retry-after").context("how long?")?.parse()?;
        ensure!(wait >= 1, "{answer:?}");
    }
    ensure!(another.request("GET", "/ebox").send().await.status == 200);
    Ok(())
}

/// Invented tokens cost their issuer a question each, up to a point.
#[tokio::test]
async fn who_proves_nothing_is_slowed_down_and_good_tokens_go_on() -> Result<()> {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let url = format!("{}/introspect", issuer.url());
    let site = issuer
        .site(&[
            ("API__INTROSPECTION_URL", &url),
            ("API__INTROSPECTION_CLIENT_ID", "facteur"),
            ("API__INTROSPECTION_CLIENT_SECRET", "s3cret"),
        ])
        .await;
    let ask = |token: &str| {
        let request = Request::new(site.address, "GET", "/events");
        request.header("authorization", &format!("Bearer {token}")).send()
    };
    ensure!(ask("opaque-and-good").await.status == 200);
    let signed = key.token(&issuer.claims(AGENCY, "publish"));
    // The first fetches the keys, the second is kept under them.
    ensure!(ask(&signed).await.status == 200 && ask(&signed).await.status == 200);
    let invented: Vec<String> = (0..400).map(|n| format!("invented-{n}")).collect();
    let answers = futures_util::future::join_all(invented.iter().map(|token| ask(token))).await;
    ensure!(issuer.asked() <= 200, "{} questions", issuer.asked());
    let slowed = answers.iter().filter(|answer| answer.status == 429).count();
    ensure!(slowed >= 200, "{slowed}");
    let slowed = answers.iter().find(|answer| answer.status == 429);
    ensure!(slowed.is_some_and(|answer| answer.header("retry-after").is_some()));
    ensure!(ask("opaque-and-good").await.status == 200, "proven before");
    ensure!(ask(&signed).await.status == 200, "proven before");
    // More than one address may have wrong in all, however many were forgotten.
    let guesses = (0..120).map(|_| {
        let guess = Request::new(site.address, "GET", "/events").basic(AGENCY, "a guess");
        guess.send()
    });
    let answers = futures_util::future::join_all(guesses).await;
    ensure!(answers.iter().any(|answer| answer.status == 429), "a wrong key is no better");
    Ok(())
}
