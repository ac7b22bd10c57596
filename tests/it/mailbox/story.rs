//! What people do with a box, from the first grant to the last withdrawal.

use anyhow::{Result, ensure};
use facteur::domain::{Colour, Language, PartitionId, Scope, Task};
use facteur::ledger::EntryKind;
use facteur::mailbox::{
    Deed, Filter, Happened, Hidden, MailboxError, NewGrant, Order, Page, Place, Purpose, Total,
};
use futures_util::TryStreamExt as _;

use super::{House, is_not_found, reader};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attachment, attest, notice, notice_with};

on_both_ledgers! {
    life: sqlite_a_message_lives_in_its_box, postgres_a_message_lives_in_its_box;
    labels: sqlite_labels_are_made_merged_and_deleted, postgres_labels_are_made_merged_and_deleted;
}

async fn life(ledger: &TestLedger) -> Result<()> {
    let all = Filter::default();
    let house = House::open(ledger).await?;
    let (number, manager) = (Company::Active.number(), reader(&manager())?);
    let place = Place::Box(number);
    let plain = house.post(&notice(Company::Active)).await?;
    let closed = house.post(&attest(Company::Active)).await?;
    let pdf = notice_with(serde_json::json!([attachment("bill", "SGVsbG8=")]));
    let with_pdf = house.post(&pdf).await?;
    house.indexed().await?;

    let list = house.mailbox.list(&manager, place, &all, Order::Newest, page()).await?;
    let ids: Vec<_> = list.lines.iter().map(|line| line.id).collect();
    ensure!(ids == [with_pdf, closed, plain] && list.total == Total::Exactly(3), "{list:?}");
    let counters = house.mailbox.around(&manager, place).await?.counters;
    ensure!((counters.unread, counters.hidden) == (Total::Exactly(3), Total::Exactly(0)));

    // Its text is its main content: opening reads, once.
    let opened = house.mailbox.open(&manager, plain).await?;
    let first = opened.line.read.clone();
    ensure!(first.as_ref().is_some_and(|(_, by)| *by == manager.person), "{opened:?}");
    ensure!(house.mailbox.open(&manager, plain).await?.line.read == first);
    let pdf = house.mailbox.open(&manager, with_pdf).await?;
    ensure!(pdf.line.read.is_none() && pdf.line.attachments == 1);
    let fetched = house.mailbox.content(&manager, with_pdf, "bill", Purpose::Download).await?;
    let bytes: Vec<bytes::Bytes> = fetched.content.pieces.try_collect().await?;
    ensure!(bytes.concat() == b"Hello" && fetched.media_type == "application/pdf");
    ensure!(house.mailbox.open(&manager, with_pdf).await?.line.read.is_some());
    ensure!(is_not_found(house.mailbox.content(&manager, with_pdf, "no", Purpose::Download).await));
    let reads = ledger.journal_after(0, 100).await?;
    ensure!(reads.iter().filter(|entry| entry.kind == EntryKind::Read).count() == 2);

    // A colleague with a grant for the closed type sees that alone.
    let colleague = reader("colleague")?;
    ensure!(is_not_found(house.mailbox.open(&colleague, closed).await));
    let new = NewGrant {
        id: None,
        person: colleague.record(),
        scope: Scope::Type("WORK-ATTEST".parse()?),
        partition: None,
        from: None,
        to: None,
    };
    let preview = house.mailbox.preview(&manager, number, new.clone()).await?;
    ensure!(preview.total == Total::Exactly(1) && preview.newest[0].id == closed);
    let grant = house.mailbox.give(&manager, number, new).await?;
    for mailbox in [&house.mailbox, &house.plain] {
        let list = mailbox.list(&colleague, Place::All, &all, Order::Newest, page());
        let lines = list.await?.lines;
        ensure!(lines.len() == 1 && lines[0].id == closed, "{lines:?}");
    }
    ensure!(is_not_found(house.mailbox.open(&colleague, plain).await));
    let forbidden = house.mailbox.access(&colleague, number).await;
    ensure!(matches!(forbidden, Err(MailboxError::Forbidden)));
    let found = house.mailbox.search(&colleague, place, Language::Fr, "avis de pai", &all, page());
    let found = found.await?;
    ensure!(found.lines.len() == 1 && found.total == Total::Exactly(1), "{found:?}");

    marks(&house, &manager, &colleague).await?;

    house.mailbox.withdraw(&manager, number, grant).await?;
    let place = house.mailbox.list(&colleague, place, &all, Order::Newest, page());
    ensure!(
        is_not_found(place.await) && is_not_found(house.mailbox.open(&colleague, closed).await)
    );
    let csv = house.mailbox.access_csv(&manager, number).await?;
    ensure!(csv.lines().count() == 2, "{csv}");
    let last = house.mailbox.access(&manager, number).await?.grants.remove(0).grant.id;
    let stays = house.mailbox.withdraw(&manager, number, last).await;
    ensure!(matches!(stays, Err(MailboxError::LastManager)));
    house.close().await
}

async fn marks(
    house: &House<'_>,
    manager: &facteur::mailbox::Reader,
    colleague: &facteur::mailbox::Reader,
) -> Result<()> {
    let all = Filter::default();
    let number = Company::Active.number();
    let place = Place::Box(number);
    let list = house.mailbox.list(manager, place, &all, Order::Oldest, page()).await?;
    let ids: Vec<_> = list.lines.iter().map(|line| line.id).collect();
    let (plain, closed) = (ids[0], ids[1]);
    ensure!(list.lines[1].partition.as_str() == "WORK");
    ensure!(house.mailbox.hide(manager, &[plain]).await? == 1);
    ensure!(house.mailbox.hide(manager, &[plain]).await? == 0);
    let hidden = Filter { hidden: Hidden::Only, ..Filter::default() };
    for mailbox in [&house.mailbox, &house.plain] {
        let list = mailbox.list(manager, place, &all, Order::Newest, page()).await?;
        ensure!(list.total == Total::Exactly(2));
        let list = mailbox.list(manager, place, &hidden, Order::Newest, page()).await?;
        ensure!(list.total == Total::Exactly(1) && list.lines[0].id == plain);
    }
    ensure!(house.mailbox.show(manager, &[plain]).await? == 1);
    let due = Some("2030-01-31".parse()?);
    ensure!(house.mailbox.set_task(colleague, &[closed], Task::ToDo, due).await? == 1);
    let due = Filter { due_through: due, task: Some(Task::ToDo), ..Filter::default() };
    let list = house.mailbox.list(colleague, place, &due, Order::Newest, page()).await?;
    ensure!(list.lines.len() == 1 && list.lines[0].id == closed);
    // All of them, or none.
    ensure!(is_not_found(house.mailbox.hide(colleague, &[closed, plain]).await));
    let general = PartitionId::general();
    ensure!(house.mailbox.move_to(colleague, &[closed], general).await? == 1);
    let nowhere = house.mailbox.move_to(colleague, &[closed], "NOWHERE".parse()?).await;
    ensure!(is_not_found(nowhere));
    let history = house.mailbox.open(manager, closed).await?.history;
    let deeds: Vec<Deed> = history
        .iter()
        .filter_map(|event| match &event.happened {
            Happened::Deed(deed, _) => Some(*deed),
            Happened::Arrived | Happened::Letter(_) => None,
        })
        .collect();
    ensure!(deeds == [Deed::Opened, Deed::Read, Deed::Moved, Deed::Task], "{deeds:?}");
    Ok(())
}

async fn labels(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (number, manager) = (Company::Active.number(), reader(&manager())?);
    let place = Place::Box(number);
    let (one, two) =
        (house.post(&notice(Company::Active)).await?, house.post(&notice(Company::Active)).await?);
    let box_of = &house.mailbox;
    let red = box_of.create_label(&manager, number, "Rouge", Colour::Red).await?;
    let taken = box_of.create_label(&manager, number, " Rouge ", Colour::Blue).await;
    ensure!(matches!(taken, Err(MailboxError::NameTaken)));
    let blue = box_of.create_label(&manager, number, "Bleu", Colour::Blue).await?;
    ensure!(box_of.put_label(&manager, &[one], red).await? == 1);
    ensure!(box_of.put_label(&manager, &[one, two], blue).await? == 2);
    let with = |label| Filter { labels: vec![label], ..Filter::default() };
    let count = async |filter: &Filter| -> Result<u64> {
        let by_ledger = house.plain.list(&manager, place, filter, Order::Newest, page()).await?;
        let found = box_of.search(&manager, place, Language::Fr, "avis", filter, page()).await?;
        ensure!(found.lines.len() == by_ledger.lines.len(), "{found:?} {by_ledger:?}");
        ensure!(found.total == by_ledger.total, "{found:?} {by_ledger:?}");
        Ok(by_ledger.total.count())
    };
    ensure!((count(&with(red)).await?, count(&with(blue)).await?) == (1, 2));
    ensure!(box_of.merge_labels(&manager, number, red, blue).await? == blue);
    ensure!(count(&with(blue)).await? == 2);
    let lines = box_of.list(&manager, place, &with(blue), Order::Newest, page()).await?.lines;
    ensure!(lines.iter().all(|line| line.labels == [blue]), "{lines:?}");
    ensure!(box_of.take_label(&manager, &[one], blue).await? == 1);
    ensure!(count(&with(blue)).await? == 1);

    let mut rule = facteur::domain::LabelRule {
        id: uuid::Uuid::nil(),
        enterprise: number,
        label: blue,
        message_type: Some("TAX-NOTICE".parse()?),
        application: None,
        organization: None,
    };
    box_of.set_label_rules(&manager, number, vec![rule.clone()]).await?;
    rule.label = red;
    ensure!(is_not_found(box_of.set_label_rules(&manager, number, vec![rule]).await));
    let three = house.post(&notice(Company::Active)).await?;
    ensure!(box_of.open(&manager, three).await?.labels[0].id == blue);
    house.indexed().await?;
    ensure!(count(&with(blue)).await? == 2);
    box_of.delete_label(&manager, number, blue).await?;
    ensure!(box_of.labels(&manager, place).await?.is_empty());
    let gone = house.plain.list(&manager, place, &with(blue), Order::Newest, page()).await?;
    ensure!(gone.lines.is_empty());
    house.close().await
}

fn manager() -> String {
    format!("person-{}", Company::Active.number())
}

fn page() -> Page {
    Page::default()
}
