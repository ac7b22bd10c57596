//! Rules of a box: what they name, and who changes them at the same time.

use anyhow::{Result, ensure};
use facteur::domain::{Colour, LabelId, LabelRule, RoutingRule};
use facteur::mailbox::{Deed, MailboxError};
use uuid::Uuid;

use super::{House, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, NOTICE, notice};

on_both_ledgers! {
    followed: sqlite_a_rule_goes_with_its_label, postgres_a_rule_goes_with_its_label;
    healed: sqlite_a_rule_without_its_label_is_no_lock, postgres_a_rule_without_its_label_is_no_lock;
    overtaken: sqlite_what_was_changed_meanwhile_stays, postgres_what_was_changed_meanwhile_stays;
}

fn on(label: LabelId, kind: Option<&str>) -> Result<LabelRule> {
    Ok(LabelRule {
        id: Uuid::nil(),
        enterprise: Company::Active.number(),
        label,
        message_type: kind.map(str::parse).transpose()?,
        application: None,
        organization: None,
    })
}

fn chief() -> String {
    format!("person-{}", Company::Active.number())
}

async fn followed(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, chief, mailbox) = (Company::Active.number(), reader(&chief())?, &house.mailbox);
    let red = mailbox.create_label(&chief, number, "Rouge", Colour::Red).await?;
    let blue = mailbox.create_label(&chief, number, "Bleu", Colour::Blue).await?;
    let rules = vec![on(blue, Some(NOTICE))?, on(red, Some(NOTICE))?, on(red, None)?];
    mailbox.set_label_rules(&chief, number, rules).await?;
    // Read once, so that it would be known from before.
    house.post(&notice(Company::Active)).await?;
    let _ = mailbox.merge_labels(&chief, number, red, blue).await?;
    let rules = mailbox.label_rules(&chief, number).await?;
    ensure!(rules.len() == 2 && rules.iter().all(|rule| rule.label == blue), "{rules:?}");
    ensure!(rules[0].message_type.is_some() && rules[1].message_type.is_none(), "{rules:?}");
    let record = mailbox.record(&chief, number, 1).await?;
    let said = record.deeds.iter().filter(|it| it.deed == Deed::LabelRule).count();
    ensure!(said == 2, "{record:?}");

    let green = mailbox.create_label(&chief, number, "Vert", Colour::Green).await?;
    let more = [rules, vec![on(green, None)?]].concat();
    mailbox.set_label_rules(&chief, number, more).await?;
    mailbox.delete_label(&chief, number, blue).await?;
    let rules = mailbox.label_rules(&chief, number).await?;
    ensure!(rules.len() == 1 && rules[0].label == green, "{rules:?}");
    let message = house.post(&notice(Company::Active)).await?;
    let labels = mailbox.open(&chief, message).await?.labels;
    ensure!(labels.len() == 1 && labels[0].id == green, "{labels:?}");
    mailbox.set_label_rules(&chief, number, vec![]).await?;
    house.close().await
}

/// A box that was locked up before rules went with their labels.
async fn healed(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, chief, mailbox) = (Company::Active.number(), reader(&chief())?, &house.mailbox);
    let red = mailbox.create_label(&chief, number, "Rouge", Colour::Red).await?;
    let blue = mailbox.create_label(&chief, number, "Bleu", Colour::Blue).await?;
    mailbox.set_label_rules(&chief, number, vec![on(red, None)?]).await?;
    ledger.execute("DELETE FROM labels WHERE name = 'Rouge'".into()).await?;
    let mut rules = mailbox.label_rules(&chief, number).await?;
    rules.push(on(blue, None)?);
    mailbox.set_label_rules(&chief, number, rules).await?;
    let rules = mailbox.label_rules(&chief, number).await?;
    ensure!(rules.len() == 1 && rules[0].label == blue, "{rules:?}");
    house.close().await
}

async fn overtaken(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, chief, mailbox) = (Company::Active.number(), reader(&chief())?, &house.mailbox);
    let rule = RoutingRule {
        enterprise: number,
        priority: 0,
        partition: "WORK".parse()?,
        message_type: Some(NOTICE.parse()?),
        application: None,
        organization: None,
    };
    mailbox.set_rules(&chief, number, vec![rule.clone(), rule.clone()]).await?;
    let seen = mailbox.rules(&chief, number).await?;
    let one_less = || seen[1..].to_vec();
    let is_overtaken = |it: Result<(), MailboxError>| matches!(it, Err(MailboxError::Overtaken));
    mailbox.change_rules(&chief, number, seen.clone(), one_less()).await?;
    ensure!(is_overtaken(mailbox.change_rules(&chief, number, seen.clone(), one_less()).await));
    ensure!(mailbox.rules(&chief, number).await?.len() == 1, "the next one stays");
    let now = mailbox.rules(&chief, number).await?;
    let (one, other) = tokio::join!(
        mailbox.change_rules(&chief, number, now.clone(), vec![]),
        mailbox.change_rules(&chief, number, now.clone(), [now.clone(), vec![rule]].concat()),
    );
    ensure!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");

    let red = mailbox.create_label(&chief, number, "Rouge", Colour::Red).await?;
    mailbox.change_label_rules(&chief, number, vec![], vec![on(red, None)?]).await?;
    let again = mailbox.change_label_rules(&chief, number, vec![], vec![on(red, None)?]).await;
    ensure!(is_overtaken(again));
    let rules = mailbox.label_rules(&chief, number).await?;
    mailbox.change_label_rules(&chief, number, rules, vec![]).await?;
    house.close().await
}
