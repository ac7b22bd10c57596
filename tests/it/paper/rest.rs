//! The printers' side over HTTP, and the agencies' feed.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use facteur::config::Config;
use facteur::paper::days;
use facteur::paper::letter::LetterState;
use facteur::web::{self, Bounds, Gate};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{House, KEY, PRINTERS, event, paper, paper_to};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;
use crate::web::client::{Answer, Request};

on_both_ledgers! {
    printer: sqlite_a_printer_works_over_http, postgres_a_printer_works_over_http;
    capped: sqlite_a_cap_counts_what_is_leased_and_what_lies, postgres_a_cap_counts_what_is_leased_and_what_lies;
    stranded: sqlite_a_letter_without_an_address_is_held_when_it_is_asked_for, postgres_a_letter_without_an_address_is_held_when_it_is_asked_for;
    paced: sqlite_a_printers_pace_holds_over_http, postgres_a_printers_pace_holds_over_http;
}

/// The printers' routes, served until the test ends.
async fn serve(house: &House) -> Result<SocketAddr> {
    facteur::telemetry::install()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let config = Config::load(None, std::iter::empty())?;
    let (office, gate) = (Arc::clone(&house.office), Arc::new(Gate::new(&config)?));
    let router = web::printers_router(office, SignedDuration::from_mins(15), gate);
    let serving = web::serve(listener, router, Bounds::of(&config.web), CancellationToken::new());
    #[expect(clippy::disallowed_methods, reason = "the runtime ends with the test")]
    drop(tokio::spawn(serving));
    Ok(address)
}

struct Client(SocketAddr);

impl Client {
    async fn get(&self, path: &str) -> Answer {
        Request::new(self.0, "GET", path).basic("liege", KEY).send().await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let request = Request::new(self.0, "POST", path).basic("liege", KEY);
        request.body(body.as_bytes()).send().await
    }

    /// The path of a link, on this server.
    async fn fetch(&self, link: &str, claimant: &str) -> Answer {
        let path = link.split_once("printers.test").map_or("", |(_, path)| path);
        let path = format!("{path}&claimant={claimant}");
        Request::new(self.0, "GET", &path).send().await
    }
}

async fn printer(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let client = Client(serve(&house).await?);
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(house.made(&paper_to("4000")).await?);
    }
    house.office.plan_all().await?;
    strangers(&client).await?;
    // Two a day: the cap holds here as well, and what is leased is nobody else's.
    let wanted = json!({ "max": 10, "claimant": "one" });
    let tickets = client.post("/printers/liege/leases", &wanted).await;
    ensure!(tickets.status == 200, "{tickets:?}");
    let tickets = tickets.json();
    let tickets = tickets.as_array().context("no list")?;
    ensure!(tickets.len() == 2, "{tickets:?}");
    let other = json!({ "max": 10, "claimant": "two" });
    ensure!(client.post("/printers/liege/leases", &other).await.json() == json!([]));
    let link = tickets[0]["data"]["package"].as_str().context("no link")?;
    ensure!(client.fetch(link, "two").await.code() == "CLAIMED", "it is leased");
    let head = Request::new(client.0, "HEAD", link.split_once("test").map_or("", |it| it.1));
    ensure!(head.send().await.status == 405, "a look is no claim");
    let package = client.fetch(link, "one").await;
    ensure!(package.status == 200 && package.body.starts_with(b"PK"), "{}", package.status);
    ensure!(client.fetch(link, "one").await.status == 200, "the same machine, again");
    ensure!(client.fetch(link, "two").await.code() == "CLAIMED");
    ensure!(client.fetch(&link.replace("token=", "token=x"), "one").await.status == 403);
    let job = jobs[0];
    ensure!(tickets[0]["id"] == json!(job), "{tickets:?}");
    let mine = client.get("/printers/liege/jobs?claimant=one").await.json();
    ensure!(mine.as_array().is_some_and(|jobs| jobs.len() == 1), "{mine}");
    let nobody = client.get("/printers/liege/jobs?claimant=%00").await;
    ensure!(nobody.status == 400 && nobody.code() == "INVALID_CLAIMANT", "{nobody:?}");
    house.office.ledger().recall_letters(&[job], "tester", house.now()).await?;
    let recalls = client.get("/printers/liege/recalls").await.json();
    ensure!(recalls[0]["data"]["jobId"] == json!(job), "{recalls}");
    let now = house.now();
    let said = json!([
        event("liege", job, "printed", now),
        event("liege", job, "not_cancelled", now),
        { "type": "nonsense" },
    ]);
    let heard = client.post("/printers/liege/reports", &said).await;
    ensure!(heard.status == 200, "{heard:?}");
    let verdicts = heard.json();
    let words: Vec<&str> = (0..3).filter_map(|n| verdicts[n]["verdict"].as_str()).collect();
    ensure!(words == ["applied", "noted", "stray"], "{verdicts}");
    ensure!(house.state(job).await? == LetterState::Printed);
    ensure!(client.get("/printers/liege/recalls").await.json() == json!([]));
    ensure!(client.post("/printers/liege/heartbeat", &json!({})).await.status == 204);
    house.balances().await
}

/// What a printer may claim at any moment counts against its cap: leases, and
/// tickets of an earlier day.
async fn capped(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (client, letters) = (Client(serve(&house).await?), house.office.ledger());
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(house.letter(&paper_to("4000")).await?);
    }
    let today = days::today(house.now());
    for job in &jobs[2..] {
        letters.move_letter(*job, "liege", today, "tester", house.now()).await??;
    }
    let ask = |who: &'static str| json!({ "max": 10, "claimant": who });
    let leased = client.post("/printers/liege/leases", &ask("one")).await.json();
    ensure!(leased.as_array().is_some_and(|all| all.len() == 2), "{leased}");
    ensure!(
        client.post("/printers/liege/leases", &ask("two")).await.json() == json!([]),
        "the cap"
    );
    // The leases end; tickets for a queue lie there from then on.
    house.clock.advance(SignedDuration::from_hours(24));
    ensure!(letters.letters_given("liege", house.now()).await? == 0);
    letters.release_letters("liege", jobs[..2].to_vec(), house.now()).await?;
    house.clock.advance(SignedDuration::from_hours(24));
    ensure!(letters.letters_given("liege", house.now()).await? == 2, "they may be claimed today");
    house.balances().await
}

/// An engine of before may have left such a one: leased and left out, it would
/// come round for ever.
async fn stranded(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let client = Client(serve(&house).await?);
    let job = house.letter(&paper(Company::Unknown)).await?;
    let strand = "UPDATE letters SET state = 'queued', printer = 'liege', day = 1, held_for = NULL";
    ledger.execute(strand.to_owned()).await?;
    let wanted = json!({ "max": 10, "claimant": "one" });
    let leased = client.post("/printers/liege/leases", &wanted).await;
    ensure!(leased.status == 200 && leased.json() == json!([]), "{leased:?}");
    let (letter, _) = house.told(job).await?;
    ensure!(letter.state == LetterState::Held, "{letter:?}");
    ensure!(letter.held_for.as_deref() == Some("no_address"), "{letter:?}");
    house.balances().await
}

async fn paced(ledger: &TestLedger) -> Result<()> {
    let slow = PRINTERS.replace("cap_per_day = 2", "pace_per_second = 1");
    let house = House::with(ledger, &slow).await?;
    let client = Client(serve(&house).await?);
    for _ in 0..5 {
        house.made(&paper_to("4000")).await?;
    }
    house.office.plan_all().await?;
    let wanted = json!({ "max": 10, "claimant": "one" });
    let tickets = client.post("/printers/liege/leases", &wanted).await.json();
    let given = tickets.as_array().context("no list")?.len();
    // One at once, and perhaps another when the next second began meanwhile.
    ensure!((1..=2).contains(&given), "{given}: {tickets}");
    let waiting = house.releasable("liege").await?.len();
    ensure!(waiting == 5, "what is leased waits for its claim, and the others too: {waiting}");
    house.balances().await
}

/// Who cannot prove to be the printer of the path gets nothing.
async fn strangers(client: &Client) -> Result<()> {
    for (name, key, path) in [
        ("liege", "wrong", "/printers/liege/jobs"),
        ("overflow", "", "/printers/overflow/jobs"),
        ("liege", KEY, "/printers/overflow/jobs"),
        ("nobody", KEY, "/printers/nobody/jobs"),
    ] {
        let answer = Request::new(client.0, "GET", path).basic(name, key).send().await;
        ensure!(answer.status == 401, "{name} {path}: {answer:?}");
    }
    ensure!(Request::new(client.0, "GET", "/printers/liege/jobs").send().await.status == 401);
    Ok(())
}
