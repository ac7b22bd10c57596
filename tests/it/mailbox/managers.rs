//! Somebody manages a box, not only until tomorrow.

use anyhow::{Result, ensure};
use facteur::clock::{Clock as _, SystemClock, belgian_day};
use facteur::domain::{GrantId, Scope};
use facteur::mailbox::{MailboxError, NewGrant};
use jiff::civil::Date;

use super::{House, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    whole: sqlite_nobody_manages_a_part_of_a_box, postgres_nobody_manages_a_part_of_a_box;
    once: sqlite_nobody_is_given_the_same_twice, postgres_nobody_is_given_the_same_twice;
    lasting: sqlite_a_manager_without_an_end_stays, postgres_a_manager_without_an_end_stays;
}

fn manages(
    id: Option<GrantId>,
    person: &str,
    (from, to): (Option<Date>, Option<Date>),
) -> Result<NewGrant> {
    let person = reader(person)?.record();
    Ok(NewGrant { id, person, scope: Scope::Manager, partition: None, from, to })
}

async fn whole(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let chief = reader(&format!("person-{number}"))?;
    let partition = Some("WORK".parse()?);
    let part = NewGrant { partition, ..manages(None, "deputy", (None, None))? };
    for answer in [
        house.mailbox.give(&chief, number, part.clone()).await.map(drop),
        house.mailbox.preview(&chief, number, part).await.map(drop),
    ] {
        ensure!(
            matches!(answer, Err(MailboxError::Invalid { field: "partition", .. })),
            "{answer:?}"
        );
    }
    house.close().await
}

async fn once(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let (chief, mailbox) = (reader(&format!("person-{number}"))?, &house.mailbox);
    let today = belgian_day(SystemClock.now());
    let all = |from, to| -> Result<NewGrant> {
        Ok(NewGrant { scope: Scope::All, ..manages(None, "clerk", (from, to))? })
    };
    let first = mailbox.give(&chief, number, all(Some(today), None)?).await?;
    for (from, to) in
        [(Some(today), None), (Some(today), Some(today)), (Some(today.tomorrow()?), None)]
    {
        let again = mailbox.give(&chief, number, all(from, to)?).await;
        ensure!(matches!(again, Err(MailboxError::Given)), "{from:?} {to:?}: {again:?}");
    }
    // It opens more, or is the same grant.
    mailbox.give(&chief, number, all(None, Some(today))?).await?;
    let longer = NewGrant { id: Some(first), ..all(Some(today), None)? };
    mailbox.give(&chief, number, longer).await?;
    house.close().await
}

async fn lasting(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let (name, mailbox) = (format!("person-{number}"), &house.mailbox);
    let chief = reader(&name)?;
    let own = mailbox.access(&chief, number).await?.grants.remove(0).grant.id;
    let today = belgian_day(SystemClock.now());
    let (tomorrow, later) = (today.tomorrow()?, today.tomorrow()?.tomorrow()?);
    let is_last = |it: Result<(), MailboxError>| matches!(it, Err(MailboxError::LastManager));

    // Neither an end of the only one, nor whoever has one or is yet to come.
    let ending = manages(Some(own.clone()), &name, (None, Some(tomorrow)))?;
    ensure!(is_last(mailbox.give(&chief, number, ending.clone()).await.map(drop)));
    for days in [(None, Some(tomorrow)), (Some(tomorrow), None)] {
        mailbox.give(&chief, number, manages(None, "deputy", days)?).await?;
        ensure!(is_last(mailbox.withdraw(&chief, number, own.clone()).await));
        ensure!(is_last(mailbox.give(&chief, number, ending.clone()).await.map(drop)));
    }
    mailbox.give(&chief, number, manages(None, "heir", (Some(today), None))?).await?;
    mailbox.give(&chief, number, ending).await?;

    // Where the register gave an end to all, the others are changed as before.
    let heir = reader("heir")?;
    ledger.execute("DELETE FROM grants WHERE person = 'heir' OR person = 'deputy'".into()).await?;
    let shorter = manages(Some(own.clone()), &name, (None, Some(today)))?;
    ensure!(is_last(mailbox.give(&chief, number, shorter).await.map(drop)));
    let all = NewGrant { scope: Scope::All, ..manages(None, "clerk", (None, None))? };
    mailbox.give(&chief, number, all).await?;
    mailbox.give(&chief, number, manages(Some(own), &name, (None, Some(later)))?).await?;
    ensure!(matches!(mailbox.access(&heir, number).await, Err(MailboxError::NotFound)));
    house.close().await
}
