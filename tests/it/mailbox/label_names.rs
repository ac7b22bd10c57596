//! The name of a label that somebody may not see is told to nobody, not even
//! by being taken. And a box has so many of them, whoever makes them.

use anyhow::{Result, ensure};
use facteur::domain::{Colour, Scope};
use facteur::mailbox::{MailboxError, NewGrant, Place};

use super::{House, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    names: sqlite_a_hidden_name_is_free, postgres_a_hidden_name_is_free;
    full: sqlite_a_box_has_so_many_labels, postgres_a_box_has_so_many_labels;
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

async fn full(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Active.number();
    let chief = reader(&format!("person-{number}"))?;
    let create = |name: String| {
        let (house, chief) = (&house, &chief);
        async move { house.mailbox.create_label(chief, number, &name, Colour::Red).await }
    };
    let mut labels = Vec::new();
    for n in 0..200 {
        labels.push(create(format!("Label {n}")).await?);
    }
    let more = create("More".into()).await;
    ensure!(matches!(more, Err(MailboxError::LabelsFull)), "{more:?}");
    // What is there is changed as before, and makes room where it goes.
    house.mailbox.change_label(&chief, number, labels[0], "Other", Colour::Blue).await?;
    house.mailbox.merge_labels(&chief, number, labels[0], labels[1]).await?;
    house.mailbox.delete_label(&chief, number, labels[2]).await?;
    create("More".into()).await?;
    create("And more".into()).await?;
    let more = create("Too many".into()).await;
    ensure!(matches!(more, Err(MailboxError::LabelsFull)), "{more:?}");
    house.close().await
}
