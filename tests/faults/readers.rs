//! Persons who read while everything breaks: nobody sees what is not theirs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use facteur::clock::SystemClock;
use facteur::documents::DocumentStore;
use facteur::domain::{Language, MessageId, PersonId};
use facteur::mailbox::{
    Claims, Filter, Hidden, Line, Mailbox, MailboxError, Order, Page, Place, Reader,
};
use tokio_util::sync::CancellationToken;

use crate::site::Site;
use crate::world::{Person, persons};

const SIZE: u32 = 100;
const REST: Duration = Duration::from_millis(200);

pub(crate) struct Readers {
    mailbox: Mailbox,
}

impl Readers {
    pub(crate) fn new(site: &Site) -> Result<Self> {
        let documents = site.services.disk("documents").join("store");
        let documents = DocumentStore::open(&format!("file://{}", documents.display()))?;
        let ledger = Arc::clone(&site.ledger);
        Ok(Self { mailbox: Mailbox::new(ledger, None, documents, Arc::new(SystemClock)) })
    }

    /// Reads newest pages in turn until `stop`; answers how many it read.
    pub(crate) async fn spot_check(&self, stop: &CancellationToken) -> Result<u64> {
        let mut pages = 0;
        for person in persons().collect::<Vec<_>>().iter().cycle() {
            match self.page(person, 1).await {
                Ok(lines) => {
                    lines.iter().try_for_each(|line| check(person, line))?;
                    pages += 1;
                }
                // The database is away, or slow.
                Err(MailboxError::Ledger(_)) => {}
                Err(error) => return Err(error.into()),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(REST) => {}
            }
        }
        Ok(pages)
    }

    /// Every message that a person is shown, on all pages.
    pub(crate) async fn all(&self, person: &Person) -> Result<BTreeSet<MessageId>> {
        let mut seen = BTreeSet::new();
        for number in 1.. {
            let lines = self.page(person, number).await?;
            if lines.is_empty() {
                break;
            }
            for line in lines {
                check(person, &line)?;
                ensure!(seen.insert(line.id), "{} is shown {:?} twice", person.id, line.id);
            }
        }
        Ok(seen)
    }

    async fn page(&self, person: &Person, number: u32) -> Result<Vec<Line>, MailboxError> {
        let reader = Reader {
            person: PersonId::new(person.id.as_str()).map_err(|_| MailboxError::NotFound)?,
            claims: Claims {
                name: person.id.clone(),
                language: Language::Fr,
                represents: BTreeSet::new(),
            },
        };
        let filter = Filter { hidden: Hidden::With, ..Filter::default() };
        let page = Page { number, size: SIZE };
        let place = Place::Box(person.company);
        Ok(self.mailbox.list(&reader, place, &filter, Order::Newest, page).await?.lines)
    }
}

fn check(person: &Person, line: &Line) -> Result<()> {
    let is_theirs = line.enterprise == person.company && person.may_see(line.message_type.as_str());
    ensure!(is_theirs, "{} sees {line:?}", person.id);
    Ok(())
}
