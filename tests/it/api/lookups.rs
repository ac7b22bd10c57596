//! What senders look up.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::decide::Policy;
use facteur::domain::MessageId;
use facteur::intake::Rulebook;
use serde_json::{Value, json};

use super::counter::{Counter, message, whole};
use crate::support::desk::rulebook;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, NOTICE, ONSS, WORK, notice};

on_both_ledgers! {
    preferences: sqlite_preferences_foretell_the_medium, postgres_preferences_foretell_the_medium;
    nobody: sqlite_a_box_that_nobody_could_open_is_foretold_as_it_is_decided,
        postgres_a_box_that_nobody_could_open_is_foretold_as_it_is_decided;
    refusals: sqlite_a_company_that_would_be_refused_has_no_medium,
        postgres_a_company_that_would_be_refused_has_no_medium;
    statuses: sqlite_statuses_are_told_to_the_sender_alone,
        postgres_statuses_are_told_to_the_sender_alone;
}

fn party(company: Company) -> Value {
    json!({ "eboxType": "enterprise", "enterpriseNumber": company.number() })
}

async fn preferences(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let search = |recipients: Vec<Value>| json!({ "recipients": recipients, "senderOrganizationId": ONSS, "messageTypeId": NOTICE });
    let companies = [
        (Company::Active, true, true, "digital"),
        (Company::Occasional, true, true, "both"),
        (Company::NeverOpened, true, false, "paper"),
        (Company::Boxless, false, false, "paper"),
        (Company::Unknown, false, false, "paper"),
    ];
    let asked = search(companies.iter().map(|(company, ..)| party(*company)).collect());
    let answer = counter.ask("/eboxPreferences/search", &asked).await;
    ensure!(answer.status == 200 && answer.json()["totalItems"] == 5, "{answer:?}");
    for (n, (company, has_box, is_activated, medium)) in companies.iter().enumerate() {
        let told = &answer.json()["items"][n];
        ensure!(told["recipient"] == party(*company), "{told}");
        ensure!(told["hasEbox"] == *has_box && told["isActivated"] == *is_activated, "{told}");
        ensure!(told["medium"] == *medium, "{company:?}: {told}");
    }
    let bare = json!({ "recipients": [party(Company::Active)] });
    let answer = counter.ask("/eboxPreferences/search", &bare).await;
    ensure!(answer.json()["items"][0]["medium"].is_null(), "{answer:?}");

    let thousand = search(vec![party(Company::Active); 1_000]);
    ensure!(counter.ask("/eboxPreferences/search", &thousand).await.status == 200);
    for (question, pointer) in [
        (search(vec![party(Company::Active); 1_001]), "/recipients"),
        (search(vec![]), "/recipients"),
        (
            search(vec![json!({ "eboxType": "citizen", "enterpriseNumber": "1" })]),
            "/recipients/0/eboxType",
        ),
        (json!({ "recipients": [7] }), "/recipients/0"),
    ] {
        let answer = counter.ask("/eboxPreferences/search", &question).await;
        ensure!(answer.status == 400 && answer.json()["pointer"] == pointer, "{answer:?}");
    }
    Ok(())
}

/// The rule that the policy that ships shows as a comment, before all others.
const NOBODY: &str = r#"
[[rule]]
name = "nobody-could-open"
when = { box = ["never_opened", "opened"], somebody_can_open = false }
ruling = "paper"
reason = "NOBODY_COULD_OPEN"
flag = "NO_DIGITAL_USER"

[[rule]]"#;

/// What is foretold is what is decided: of a box in use whose grants do not
/// open the type, and of a company in its first days.
async fn nobody(ledger: &TestLedger) -> Result<()> {
    let ships = include_str!("../../../config/policy.toml");
    let policy = Arc::new(Policy::parse(&ships.replacen("\n[[rule]]", NOBODY, 1))?);
    let counter = Counter::with(ledger, Rulebook { policy, ..rulebook()? }).await?;
    let today = facteur::clock::belgian_day(SystemClock.now());
    let (closed, new) = (Company::Active.number(), Company::Occasional.number());
    let nobody = json!({ "kind": "grant", "delete": true, "enterprise": closed, "id": "g" });
    counter.desk.register(ledger, &nobody).await?;
    let started = json!({ "kind": "enterprise", "number": new, "name": "New", "language": "fr",
                          "state": "active", "stateSince": today });
    counter.desk.register(ledger, &started).await?;
    for (company, medium, reason) in
        [(Company::Active, "paper", "NOBODY_COULD_OPEN"), (Company::Occasional, "paper", "NO_BOX")]
    {
        let asked = json!({ "recipients": [party(company)], "senderOrganizationId": ONSS,
                            "messageTypeId": NOTICE });
        let told = counter.ask("/eboxPreferences/search", &asked).await.json();
        let told = &told["items"][0];
        ensure!(told["medium"] == medium && told["reason"] == reason, "{company:?}: {told}");
        // To senders the box of a company in its first days is none.
        let has_box = company == Company::Active;
        ensure!(told["hasEbox"] == has_box && told["isActivated"] == has_box, "{told}");
        let key = format!("{company:?}");
        let published = counter.publish(&key, &whole(&[message(&notice(company))])).await.json();
        let id: MessageId = published["messageId"].as_str().unwrap_or_default().parse()?;
        let explained = counter.ledger.explain(id).await?.context("not recorded")?;
        ensure!(explained.medium.as_str() == medium, "{published}");
        ensure!(*explained.reason == *reason && published["code"] == told["flag"], "{published}");
    }
    Ok(())
}

/// What would be refused has no medium, and is refused by that code.
async fn refusals(ledger: &TestLedger) -> Result<()> {
    let rulebook = Rulebook { is_registry_complete: true, ..rulebook()? };
    let counter = Counter::with(ledger, rulebook).await?;
    for company in [Company::Closed, Company::Unknown] {
        let asked = json!({ "recipients": [party(company)], "senderOrganizationId": ONSS,
                            "messageTypeId": NOTICE });
        let told = counter.ask("/eboxPreferences/search", &asked).await.json();
        let told = &told["items"][0];
        ensure!(told["hasEbox"] == false && told["medium"].is_null(), "{company:?}: {told}");
        let refused = counter.publish("refused", &whole(&[message(&notice(company))])).await;
        ensure!(refused.status == 400, "{company:?}: {refused:?}");
        ensure!(refused.json()["code"] == told["reason"], "{company:?}: {told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_question_that_is_too_large_is_refused_in_the_interfaces_shape() -> Result<()> {
    let ledger = crate::support::ledgers::sqlite().await?;
    let counter = Counter::open(&ledger).await?;
    for path in ["/searchMessageStatus", "/eboxPreferences/search"] {
        let large = counter.request(path).body(&vec![b' '; 300_000]).send().await;
        ensure!(large.status == 413 && super::code(&large) == "TOO_LARGE", "{path}: {large:?}");
    }
    Ok(())
}

async fn statuses(ledger: &TestLedger) -> Result<()> {
    let counter = Counter::open(ledger).await?;
    let published = counter.publish("one", &whole(&[message(&notice(Company::Active))])).await;
    let id = published.json()["messageId"].clone();
    let of = json!({ "eboxType": "enterprise", "eboxIdValue": Company::Active.number() });
    let other = json!({ "eboxType": "enterprise", "eboxIdValue": Company::Boxless.number() });
    let unknown = json!({ "messageId": uuid::Uuid::now_v7() });
    // What cannot be an id is as unknown as any other.
    let nonsense = json!({ "messageId": "nonsense" });
    let asked = json!([{ "messageId": id, "eboxId": of }, unknown, nonsense]);
    ensure!(counter.ask("/searchMessageStatus", &json!([])).await.json() == json!([]));
    let answer = counter.ask("/searchMessageStatus", &asked).await;
    let told = answer.json();
    ensure!(answer.status == 201 && told.as_array().is_some_and(|all| all.len() == 1), "{told}");
    ensure!(told[0]["messageId"] == id && told[0]["readStatus"] == false, "{told}");
    ensure!(told[0]["visible"] == true && told[0]["eboxId"] == of, "{told}");

    let elsewhere = json!([{ "messageId": id, "eboxId": other }]);
    ensure!(counter.ask("/searchMessageStatus", &elsewhere).await.json() == json!([]));
    let token = counter.token(WORK, &json!({}));
    let foreign = counter.request_as(&token, "/searchMessageStatus");
    let foreign = foreign.body(asked.to_string().as_bytes()).send().await;
    ensure!(foreign.json() == json!([]), "another application's messages do not exist");
    let token = counter.token("tax:assessment", &json!({ "enterprise": Company::Active.number() }));
    let foreign = counter.request_as(&token, "/searchMessageStatus");
    let foreign = foreign.body(asked.to_string().as_bytes()).send().await;
    ensure!(foreign.json() == json!([]), "another organization's messages do not exist");
    Ok(())
}
