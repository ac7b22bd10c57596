//! Companies that come into being, and that cease: the register's dates decide.

use std::io::Cursor;

use anyhow::{Result, bail, ensure};
use facteur::clock::{Clock as _, SystemClock, belgian_day};
use facteur::domain::{Code, GrantId, Scope};
use facteur::intake::Judged;
use facteur::mailbox::{BoxStatus, Filter, MailboxError, NewGrant, Order, Page, Place};
use facteur::registry::{self, Options};
use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::{House, is_not_found, reader};
use crate::support::desk::posted;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    ceased: sqlite_a_liquidator_reads_on, postgres_a_liquidator_reads_on;
    grace: sqlite_a_new_company_has_days_of_grace, postgres_a_new_company_has_days_of_grace;
}

async fn import(ledger: &TestLedger, records: &[Value]) -> Result<()> {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let options = Options { actor: "tester", at: SystemClock.now(), progress: &mut |_| {} };
    registry::import(ledger, Cursor::new(text), options).await?;
    Ok(())
}

/// A company in a state since so many days from today.
fn company(of: Company, state: &str, days: i64) -> Result<Value> {
    let since = belgian_day(SystemClock.now()).checked_add(days.days())?;
    Ok(json!({ "kind": "enterprise", "number": of.number(), "name": "Active", "language": "fr",
        "state": state, "stateSince": since }))
}

async fn ceased(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, mailbox) = (Company::Active.number(), &house.mailbox);
    let chief = reader(&format!("person-{number}"))?;
    let message = house.post(&attest(Company::Active)).await?;
    import(
        ledger,
        &[
            json!({ "kind": "person", "id": "liquidator", "name": "Lea", "language": "nl" }),
            json!({ "kind": "grant", "enterprise": number, "id": "l", "person": "liquidator",
                "scope": { "kind": "liquidator" } }),
            company(Company::Active, "closed", 1)?,
        ],
    )
    .await?;
    // Announced for tomorrow: today everything is as it was.
    ensure!(mailbox.open(&chief, message).await.is_ok());
    ensure!(mailbox.closed_boxes(&chief).await?.is_empty());
    ensure!(mailbox.status(number).await? == BoxStatus::Registered);
    house.post(&notice(Company::Active)).await?;

    // Only the register gives and withdraws this access.
    let new = |id: Option<&str>, scope| -> Result<NewGrant> {
        let id = id.map(str::parse::<GrantId>).transpose()?;
        let person = reader("anybody")?.record();
        Ok(NewGrant { id, person, scope, partition: None, from: None, to: None })
    };
    for given in [new(None, Scope::Liquidator)?, new(Some("l"), Scope::All)?] {
        let answer = mailbox.give(&chief, number, given).await;
        ensure!(matches!(answer, Err(MailboxError::Forbidden)), "{answer:?}");
    }
    let answer = mailbox.withdraw(&chief, number, "l".parse()?).await;
    ensure!(matches!(answer, Err(MailboxError::Forbidden)), "{answer:?}");

    import(ledger, &[company(Company::Active, "closed", 0)?]).await?;
    let liquidator = reader("liquidator")?;
    ensure!(is_not_found(mailbox.open(&chief, message).await));
    ensure!(is_not_found(mailbox.box_of(&chief, number).await));
    ensure!(is_not_found(mailbox.consent(&chief, number, true).await));
    ensure!(mailbox.boxes(&chief, |_| true, 2).await?.open.is_empty());
    ensure!(mailbox.status(number).await? == BoxStatus::Closed);
    let closed = mailbox.closed_boxes(&chief).await?;
    ensure!(closed.len() == 1 && closed[0].number == number, "{closed:?}");
    ensure!(mailbox.closed_boxes(&liquidator).await?.is_empty());
    ensure!(mailbox.open(&liquidator, message).await?.line.id == message);
    let (place, all) = (Place::Box(number), Filter::default());
    let list = mailbox.list(&liquidator, place, &all, Order::Newest, Page::default()).await?;
    ensure!(list.lines.len() == 2, "of either level: {:?}", list.lines);
    let managed = mailbox.access(&liquidator, number).await;
    ensure!(matches!(managed, Err(MailboxError::Forbidden)), "{managed:?}");
    let judged = house.desk.deliver_one(posted(&notice(Company::Active))?).await?;
    let Judged::Quarantined(refusal) = judged else { bail!("{judged:?}") };
    ensure!(refusal.code == Code::EnterpriseClosed, "{refusal:?}");

    // A mistake of the register: access comes back by itself.
    import(ledger, &[company(Company::Active, "active", -400)?]).await?;
    ensure!(mailbox.open(&chief, message).await.is_ok());
    house.close().await
}

async fn grace(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let sent = async |days: i64, publication: &Value| -> Result<(String, String)> {
        import(ledger, &[company(Company::Active, "active", days)?]).await?;
        match house.desk.deliver_one(posted(publication)?).await? {
            Judged::Accepted { medium, reason, .. } => {
                Ok((medium.as_str().to_owned(), reason.to_string()))
            }
            other => bail!("{other:?}"),
        }
    };
    let letter = notice(Company::Active);
    let mut digital = letter.clone();
    digital["digitalOnly"] = json!(true);
    for days in [0, -11] {
        let (medium, reason) = sent(days, &letter).await?;
        ensure!((&*medium, &*reason) == ("paper", "NO_BOX"), "{days}: {medium} {reason}");
        let (medium, _) = sent(days, &digital).await?;
        ensure!(medium == "digital", "it waits in the box: {medium}");
    }
    let (medium, _) = sent(-12, &letter).await?;
    ensure!(medium == "digital", "{medium}");
    // It lies in the box all the same, marked as sent on paper.
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let (place, all) = (Place::Box(Company::Active.number()), Filter::default());
    let list = house.mailbox.list(&chief, place, &all, Order::Newest, Page::default()).await?;
    ensure!(list.lines.len() == 5, "{:?}", list.lines);
    house.close().await
}
