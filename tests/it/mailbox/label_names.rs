//! The name of a label that somebody may not see is told to nobody, not even
//! by being taken.

use anyhow::{Result, ensure};
use facteur::domain::{Colour, Scope};
use facteur::mailbox::{MailboxError, NewGrant, Place};

use super::{House, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    names: sqlite_a_hidden_name_is_free, postgres_a_hidden_name_is_free;
}

async fn names(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let (chief, clerk) = (reader(&format!("person-{number}"))?, reader("clerk")?);
    let grant = NewGrant {
        id: None,
        person: clerk.record(),
        scope: Scope::All,
        partition: None,
        from: None,
        to: None,
    };
    house.mailbox.give(&chief, number, grant).await?;
    let (open, reserved) =
        (house.post(&notice(Company::Active)).await?, house.post(&attest(Company::Active)).await?);
    let create = |who, name| house.mailbox.create_label(who, number, name, Colour::Red);
    let hidden = create(&chief, "Dismissals").await?;
    house.mailbox.put_label(&chief, &[reserved], hidden).await?;

    let own = create(&clerk, "Dismissals").await?;
    ensure!(own != hidden, "it is not joined: that would tell what lies under it");
    let place = Place::Box(number);
    let called = async |who| -> Result<Vec<String>> {
        let labels = house.mailbox.labels(who, place).await?;
        Ok(labels.into_iter().map(|label| label.name).collect())
    };
    ensure!(called(&clerk).await? == ["Dismissals"]);
    ensure!(called(&chief).await? == ["Dismissals", "Dismissals"], "who manages sees both");
    let again = [create(&clerk, "Dismissals").await, create(&chief, "Dismissals").await];
    ensure!(again.iter().all(|it| matches!(it, Err(MailboxError::NameTaken))), "{again:?}");

    // Put on a message that both see, it is called the same.
    house.mailbox.put_label(&clerk, &[open], own).await?;
    for who in [&chief, &clerk] {
        let opened = house.mailbox.open(who, open).await?;
        ensure!(opened.labels.iter().map(|it| &*it.name).eq(["Dismissals"]), "{opened:?}");
    }
    // Another name, and back: each time as if there were no other.
    let rename = |name| house.mailbox.change_label(&clerk, number, own, name, Colour::Blue);
    rename("Mine").await?;
    ensure!(called(&chief).await? == ["Dismissals", "Mine"]);
    rename("Dismissals").await?;
    ensure!(called(&clerk).await? == ["Dismissals"]);
    // As an engine of the release before does, which knows of no titles.
    let renamed = "UPDATE labels SET name = 'Renamed' WHERE title IS NOT NULL";
    house.ledger.execute(renamed.to_owned()).await?;
    ensure!(called(&clerk).await? == ["Renamed"]);
    rename("Dismissals").await?;
    ensure!(called(&clerk).await? == ["Dismissals"]);
    house.mailbox.merge_labels(&chief, number, own, hidden).await?;
    ensure!(called(&chief).await? == ["Dismissals"]);
    ensure!(called(&clerk).await? == ["Dismissals"], "by the message that has it");
    house.close().await
}
