//! The properties that come with the bytes: who published, as whom, under
//! which key.

use anyhow::{Result, bail, ensure};
use facteur::domain::{ApplicationId, Code};
use facteur::intake::{Arrival, Judged, Lane};
use facteur::queue::Death;
use serde_json::{Value, json};

use super::Case;
use crate::support::desk::{Desk, good, key, posted, posted_as};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, TAX, WORK, notice};

on_both_ledgers! {
    victim: sqlite_forgery_uses_up_no_key, postgres_forgery_uses_up_no_key;
    shared: sqlite_a_shared_account_is_the_lanes_own, postgres_a_shared_account_is_the_lanes_own;
}

pub(super) fn cases() -> Result<Vec<Case>> {
    let mut cases = keys()?;
    cases.extend(forgeries()?);
    cases.extend(strays()?);
    Ok(cases)
}

fn notice_about(subject: &str) -> Value {
    let mut publication = notice(Company::Active);
    publication["subject"] = json!({ "fr": subject });
    publication
}

fn keys() -> Result<Vec<Case>> {
    let long = "k".repeat(256);
    let unusable =
        [None, Some(""), Some(" "), Some("a\0b"), Some("a\nb"), Some(" a"), Some(&*long)];
    unusable
        .into_iter()
        .enumerate()
        .map(|(n, id)| {
            // Without a usable key it is counted by its bytes: make them its own.
            let mut arrival = posted(&notice_about(&format!("Avis {n}")))?;
            arrival.properties.message_id = id.map(str::to_owned);
            Ok(Case::new(&format!("the key {id:?}"), arrival, Code::MissingKey, ""))
        })
        .collect()
}

/// Whoever published is told; whoever it claimed to be never is.
fn forgeries() -> Result<Vec<Case>> {
    let forged = |name: &str, told, change: fn(&mut Arrival)| {
        let mut arrival = posted(&notice_about(name))?;
        change(&mut arrival);
        Ok(Case::new(name, arrival, Code::Forged, "").told(told))
    };
    [
        forged("another's account", WORK, |it| it.properties.user_id = Some("work".into())),
        forged("nobody's account", "unknown", |it| it.properties.user_id = Some("eve".into())),
        forged("no account", "unknown", |it| it.properties.user_id = None),
        forged("another's app_id", TAX, |it| it.properties.app_id = Some(WORK.into())),
        forged("no app_id", TAX, |it| it.properties.app_id = None),
        forged("another routing key", TAX, |it| it.routing_key = WORK.into()),
        forged("a routing key with NUL", TAX, |it| it.routing_key = "a\0b".into()),
        forged("an app_id with NUL", TAX, |it| it.properties.app_id = Some("\0".into())),
        forged("an account with NUL", "unknown", |it| it.properties.user_id = Some("\0".into())),
    ]
    .into_iter()
    .collect()
}

/// What reached no lane, or fell out of one.
fn strays() -> Result<Vec<Case>> {
    let stray = |name: &str, lane: Lane, routing_key: &str, death: Option<&str>| {
        let mut arrival = posted(&notice_about(name))?;
        (arrival.lane, arrival.routing_key) = (lane, routing_key.to_owned());
        let reason = "delivery_limit".to_owned();
        arrival.death = death.map(|queue| Death { queue: queue.to_owned(), reason });
        anyhow::Ok(arrival).map(|arrival| (name.to_owned(), arrival))
    };
    let dead = format!("facteur.intake.{TAX}");
    let unroutable = [
        stray("nobody's routing key", Lane::Unroutable, "tax:typo", None)?,
        stray("a routing key with NUL", Lane::Unroutable, "a\0b", None)?,
        stray("an empty routing key", Lane::Unroutable, "", None)?,
    ];
    let given_up = [
        stray("given up", Lane::Dead, TAX, Some(&dead))?,
        stray("given up elsewhere", Lane::Dead, "", Some("receipts\0"))?,
        stray("given up without a word", Lane::Dead, "tax:typo", None)?,
    ];
    let case = |code| move |(name, arrival): (String, Arrival)| Case::new(&name, arrival, code, "");
    let mut cases: Vec<Case> = unroutable.into_iter().map(case(Code::Unroutable)).collect();
    cases.extend(given_up.into_iter().map(case(Code::DeadLettered)));
    Ok(cases)
}

/// The key that a forger used, on the lane of another, stays its owner's.
async fn victim(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let key = key();
    let mut forged = posted_as(&key, &notice(Company::Active))?;
    forged.properties.user_id = Some("work".into());
    let mut stray = forged.clone();
    stray.lane = Lane::Application(ApplicationId::new(WORK)?);
    let judged = desk.deliver(vec![forged, stray, good()?]).await?;
    let [Judged::Quarantined(first), Judged::Quarantined(second), _] = &judged[..] else {
        bail!("{judged:?}");
    };
    ensure!(first.code == Code::Forged && second.code == Code::Forged, "{judged:?}");
    let owner = posted_as(&key, &notice(Company::Active))?;
    let judged = desk.deliver_one(owner).await?;
    ensure!(matches!(judged, Judged::Accepted { .. }), "{judged:?}");
    let account = ledger.account().await?;
    let [tax, work] = [TAX, WORK].map(|id| account.applications[id].clone());
    ensure!((tax.received, tax.quarantined, work.quarantined) == (2, 0, 2), "{account:?}");
    ensure!(account.difference == 0, "{account:?}");
    Ok(())
}

/// Two applications publish by one account: what falls out of a lane is of
/// the lane's application, whichever is the first of the account.
async fn shared(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let first = json!({ "kind": "application", "id": "a:first", "name": { "fr": "Autre" }, "account": "tax" });
    desk.register(ledger, &first).await?;
    let key = key();
    let mut dead = posted_as(&key, &notice(Company::Active))?;
    dead.lane = Lane::Dead;
    let (queue, reason) = (format!("facteur.intake.{TAX}"), "delivery_limit".to_owned());
    dead.death = Some(Death { queue, reason });
    let mut forged = posted(&notice_about("no app_id"))?;
    forged.properties.app_id = None;
    let judged = desk.deliver(vec![dead, forged]).await?;
    let codes = [Code::DeadLettered, Code::Forged];
    ensure!(
        judged
            .iter()
            .zip(codes)
            .all(|(it, code)| matches!(it, Judged::Quarantined(r) if r.code == code)),
        "{judged:?}"
    );
    let told = ledger.journal_after(0, 10).await?;
    ensure!(told.len() == 2 && told.iter().all(|it| it.application == TAX), "{told:?}");

    let again = desk.deliver_one(posted_as(&key, &notice(Company::Active))?).await?;
    ensure!(matches!(again, Judged::Accepted { .. }), "{again:?}");
    let account = ledger.account().await?;
    ensure!((account.total.received, account.total.accepted) == (2, 1), "{account:?}");
    ensure!(account.difference == 0, "{account:?}");
    Ok(())
}
