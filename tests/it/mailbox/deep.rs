//! A program reads a box to its end, further than one statement reaches.

use std::sync::Arc;

use anyhow::{Result, ensure};
use facteur::clock::SystemClock;
use facteur::domain::MessageId;
use facteur::mailbox::{Filter, Mailbox, MailboxError, Page, Reader};

use super::{House, reader};
use crate::support::desk::posted;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, attest, notice};

on_both_ledgers! {
    to_the_end: sqlite_pages_lead_to_the_end_of_a_box, postgres_pages_lead_to_the_end_of_a_box;
}

const MESSAGES: usize = 47;
const SIZE: u32 = 4;

/// Boxes are large from 3 messages on, and statements reach 10.
fn mailbox(house: &House<'_>) -> Mailbox {
    let (ledger, documents) = (Arc::clone(&house.ledger.ledger), house.desk.documents.clone());
    let mailbox = Mailbox::new(ledger, None, documents, Arc::new(SystemClock));
    mailbox.proposing_beyond(3).walking_beyond(10)
}

async fn page(mailbox: &Mailbox, reader: &Reader, number: u32) -> Result<Vec<MessageId>> {
    let page = Page { number, size: SIZE };
    let filter = Filter::default();
    let listed = mailbox.page(reader, Company::Active.number(), &filter, page).await?;
    Ok(listed.lines.iter().map(|line| line.id).collect())
}

async fn to_the_end(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let manager = reader(&format!("person-{}", Company::Active.number()))?;
    let mut sent = Vec::new();
    for n in 0..MESSAGES {
        // Another box's between them are not counted.
        house.desk.deliver_one(posted(&notice(Company::Occasional))?).await?;
        let publication =
            if n % 3 == 0 { attest(Company::Active) } else { notice(Company::Active) };
        sent.insert(0, house.post(&publication).await?);
    }
    // Each page from an engine that gave none before.
    let mut found = Vec::new();
    for number in 1..=12 {
        found.extend(page(&mailbox(&house), &manager, number).await?);
    }
    ensure!(found == sent, "{} of {}", found.len(), sent.len());
    ensure!(page(&mailbox(&house), &manager, 13).await?.is_empty());
    turning(&house, &manager, &sent).await?;
    let far = page(&mailbox(&house), &manager, 1_000).await;
    let far = far.err().and_then(|error| error.downcast::<MailboxError>().ok());
    ensure!(matches!(far, Some(MailboxError::Invalid { .. })), "{far:?}");
    house.close().await
}

/// Page after page from one engine, while mail arrives: none twice, none lost.
async fn turning(house: &House<'_>, manager: &Reader, sent: &[MessageId]) -> Result<()> {
    let (mailbox, mut found) = (mailbox(house), Vec::new());
    for number in 1..=12 {
        if number > 2 {
            house.post(&notice(Company::Active)).await?;
        }
        found.extend(page(&mailbox, manager, number).await?);
    }
    ensure!(found == sent, "{} of {}", found.len(), sent.len());
    // Who begins anew meets what came as well.
    ensure!(!sent.contains(&page(&mailbox, manager, 1).await?[0]));
    let anew = page(&mailbox, manager, 2).await?;
    ensure!(page(&mailbox, manager, 3).await?[0] < anew[3], "it goes on from there");
    Ok(())
}
