//! What access managers and newcomers do.

use anyhow::{Result, ensure};
use facteur::domain::{PartitionId, Person, RecordKey, RoutingRule, Scope};
use facteur::mailbox::{
    BoxStatus, Deeds, Filter, MailboxError, NewGrant, Notification, Order, Page, Place, View,
    ViewId,
};
use serde_json::json;

use super::{House, is_not_found, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{ATTEST, Company, NOTICE, ONSS, TAX, attest, notice};

on_both_ledgers! {
    newcomers: sqlite_a_representative_registers_a_box, postgres_a_representative_registers_a_box;
    rules: sqlite_rules_are_tried_and_set, postgres_rules_are_tried_and_set;
    consent: sqlite_consent_counts_for_the_next_document, postgres_consent_counts_for_the_next_document;
    own: sqlite_views_and_favourites_are_ones_own, postgres_views_and_favourites_are_ones_own;
    exported: sqlite_the_access_list_is_exported, postgres_the_access_list_is_exported;
}

async fn newcomers(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (boxless, mut who) = (Company::Boxless.number(), reader("founder")?);
    let mailbox = &house.mailbox;
    ensure!(mailbox.status(boxless).await? == BoxStatus::CanRegister);
    ensure!(mailbox.status(Company::Closed.number()).await? == BoxStatus::Closed);
    ensure!(mailbox.status(Company::Unknown.number()).await? == BoxStatus::UnknownCompany);
    let unproved = mailbox.register(&who, boxless).await;
    ensure!(matches!(unproved, Err(MailboxError::Forbidden)));
    who.claims.represents = [boxless, Company::Active.number(), Company::Unknown.number()].into();
    mailbox.register(&who, boxless).await?;
    ensure!(mailbox.status(boxless).await? == BoxStatus::Registered);
    let again = mailbox.register(&who, boxless).await;
    ensure!(matches!(again, Err(MailboxError::InUse)), "{again:?}");
    // Representing a company that has a box gives no access to it.
    ensure!(matches!(
        mailbox.register(&who, Company::Active.number()).await,
        Err(MailboxError::InUse)
    ));
    ensure!(is_not_found(mailbox.box_of(&who, Company::Active.number()).await));
    let unknown = mailbox.register(&who, Company::Unknown.number()).await;
    ensure!(matches!(unknown, Err(MailboxError::Unknown(RecordKey::Enterprise(_)))));

    let boxes = mailbox.boxes(&who, |_| true, 2).await?.open;
    ensure!(boxes.len() == 1 && boxes[0].is_manager, "{boxes:?}");
    house.post(&notice(Company::Boxless)).await?;
    ensure!(mailbox.boxes(&who, |_| true, 2).await?.open[0].unread == 1);
    house.close().await
}

async fn rules(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, chief) = (Company::Active.number(), reader(&chief())?);
    let mailbox = &house.mailbox;
    let to = |partition: &str| -> Result<RoutingRule> {
        Ok(RoutingRule {
            enterprise: number,
            priority: 0,
            partition: partition.parse()?,
            message_type: Some(NOTICE.parse()?),
            application: None,
            organization: None,
        })
    };
    let trio = (ONSS.parse()?, TAX.parse()?, NOTICE.parse()?);
    let trio = (trio.0, &trio.1, &trio.2);
    let before = mailbox.destination(&chief, number, trio, None).await?;
    ensure!(before.partition.is_general() && before.persons.len() == 1, "{before:?}");
    let tried = mailbox.destination(&chief, number, trio, Some(vec![to("WORK")?])).await?;
    ensure!(tried.partition.as_str() == "WORK");
    let missing = mailbox.set_rules(&chief, number, vec![to("TAXES")?]).await;
    ensure!(matches!(missing, Err(MailboxError::Unknown(RecordKey::Partition(..)))));
    let renamed = mailbox.rename_partition(&chief, number, "TAXES".parse()?, "Taxes").await;
    ensure!(matches!(renamed, Err(MailboxError::Unknown(RecordKey::Partition(..)))));
    mailbox.create_partition(&chief, number, "TAXES".parse()?, "Tax").await?;
    mailbox.rename_partition(&chief, number, "TAXES".parse()?, "Taxes").await?;
    let names = mailbox.partitions(&chief, number).await?;
    ensure!(names.iter().any(|it| it.name == "Taxes"), "{names:?}");
    mailbox.set_rules(&chief, number, vec![to("TAXES")?, to("WORK")?]).await?;
    let priorities: Vec<u32> =
        mailbox.rules(&chief, number).await?.iter().map(|rule| rule.priority).collect();
    ensure!(priorities == [1, 2]);
    house.post(&notice(Company::Active)).await?;
    let (all, page) = (Filter::default(), Page::default());
    let list = mailbox.list(&chief, Place::Box(number), &all, Order::Newest, page).await?;
    ensure!(list.lines[0].partition.as_str() == "TAXES");

    let named = mailbox.delete_partition(&chief, number, "TAXES".parse()?).await;
    ensure!(matches!(named, Err(MailboxError::InUse)));
    mailbox.set_rules(&chief, number, vec![]).await?;
    let full = mailbox.delete_partition(&chief, number, "TAXES".parse()?).await;
    ensure!(matches!(full, Err(MailboxError::InUse)));
    mailbox.move_to(&chief, &[list.lines[0].id], PartitionId::general()).await?;
    mailbox.delete_partition(&chief, number, "TAXES".parse()?).await?;
    let general = mailbox.delete_partition(&chief, number, PartitionId::general()).await;
    ensure!(matches!(general, Err(MailboxError::Invalid { field: "id", .. })));
    house.close().await
}

async fn consent(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let number = Company::Occasional.number();
    let chief = reader(&format!("person-{number}"))?;
    let mailbox = &house.mailbox;
    let medium = async |id| -> Result<&'static str> {
        let stored = ledger.explain(id).await?;
        Ok(stored.map_or("", |it| it.medium.as_str()))
    };
    let before = house.post(&notice(Company::Occasional)).await?;
    ensure!(medium(before).await? == "both");
    mailbox.consent(&chief, number, true).await?;
    let after = house.post(&notice(Company::Occasional)).await?;
    ensure!(medium(after).await? == "digital" && medium(before).await? == "both");
    mailbox.consent(&chief, number, true).await?;
    mailbox.consent(&chief, number, false).await?;
    let history = mailbox.consent_history(&chief, number).await?;
    let given: Vec<bool> = history.iter().map(|it| it.all_digital).collect();
    ensure!(given == [false, true] && history[0].person.is_some(), "{history:?}");
    ensure!(is_not_found(mailbox.consent(&reader("stranger")?, number, true).await));

    let settings = Notification { address: Some("mail@example.be".into()), hour: 6 };
    mailbox.set_notification(&chief, number, &settings).await?;
    ensure!(mailbox.notification(&chief, number).await? == settings);
    for wrong in
        ["", "nobody", "a@b", "a b@example.be", "a@.be", "a@b.be,c@d.be", "<a@b.be>", "a@b..be"]
    {
        let settings = Notification { address: Some(wrong.into()), hour: 6 };
        let answer = mailbox.set_notification(&chief, number, &settings).await;
        ensure!(matches!(answer, Err(MailboxError::Invalid { .. })), "{wrong}");
    }
    let record = mailbox.record(&chief, number, 1).await?;
    let known = |deed: &Deeds| record.person(deed.actor.as_str()).is_some();
    ensure!(record.deeds.len() == 3 && record.deeds.iter().all(known) && !record.is_more);
    house.close().await
}

async fn own(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, chief, other) = (Company::Active.number(), reader(&chief())?, reader("other")?);
    let mailbox = &house.mailbox;
    mailbox.favour(&chief, number, true).await?;
    ensure!(mailbox.box_of(&chief, number).await?.is_favourite);
    mailbox.favour(&chief, number, false).await?;
    ensure!(!mailbox.box_of(&chief, number).await?.is_favourite);
    ensure!(is_not_found(mailbox.favour(&other, number, true).await));

    let view = |name: &str| View {
        name: name.to_owned(),
        is_default: true,
        place: Place::All,
        filter: Filter::unread(),
        order: Order::Newest,
        text: None,
        layout: json!({ "columns": ["sender"] }),
    };
    let first = mailbox.save_view(&chief, None, view("First")).await?;
    let second = mailbox.save_view(&chief, None, view(" Second ")).await?;
    let views = mailbox.views(&chief).await?;
    let defaults: Vec<ViewId> =
        views.iter().filter(|(_, view)| view.is_default).map(|(id, _)| *id).collect();
    ensure!(defaults == [second] && views.len() == 2 && views[1].1.name == "Second");
    ensure!(is_not_found(mailbox.save_view(&other, Some(first), view("Mine")).await));
    ensure!(is_not_found(mailbox.delete_view(&other, first).await));
    mailbox.delete_view(&chief, first).await?;
    ensure!(mailbox.views(&chief).await?.len() == 1 && mailbox.views(&other).await?.is_empty());
    house.close().await
}

async fn exported(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, chief) = (Company::Active.number(), reader(&chief())?);
    let mut person = reader("formula")?.record();
    person.name = "=cmd|'/C calc'!A1".into();
    let new = |person: &Person, scope| NewGrant {
        id: None,
        person: person.clone(),
        scope,
        partition: None,
        from: None,
        to: None,
    };
    let id = house.mailbox.give(&chief, number, new(&person, Scope::All)).await?;
    let csv = house.mailbox.access_csv(&chief, number).await?;
    ensure!(csv.contains("formula;'=cmd|'/C calc'!A1;all;;;;;yes\r\n"), "{csv}");
    // What is known of a person is not changed by giving access.
    person.name = "Other".into();
    let closed = NewGrant { id: Some(id), ..new(&person, Scope::Type(ATTEST.parse()?)) };
    house.mailbox.give(&chief, number, closed).await?;
    let table = house.mailbox.access(&chief, number).await?;
    let names: Vec<_> = table.grants.iter().filter_map(|it| it.person.clone()).collect();
    ensure!(names.iter().any(|it| it.name.starts_with("=cmd")), "{names:?}");
    let message = house.post(&attest(Company::Active)).await?;
    // It arrived and was read; who opened it is for access managers.
    ensure!(house.mailbox.open(&reader("formula")?, message).await?.history.len() == 2);
    ensure!(house.mailbox.open(&chief, message).await?.history.len() == 3);
    let nothing = house.mailbox.give(&chief, number, new(&person, Scope::Type("NO-SUCH".parse()?)));
    ensure!(matches!(nothing.await, Err(MailboxError::Unknown(RecordKey::MessageType(_)))));
    house.close().await
}

fn chief() -> String {
    format!("person-{}", Company::Active.number())
}
