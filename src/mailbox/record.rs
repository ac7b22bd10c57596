//! The record of all that was done in a box.

use super::{Deeds, Filter, Hidden, Line, Mailbox, MailboxError, Reader};
use crate::domain::{EnterpriseNumber, MessageId, Person, PersonId};

/// Rows of the record on one page.
pub const DEEDS_PER_PAGE: u32 = 100;

/// A page of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What was done, newest first.
    pub deeds: Vec<Deeds>,
    /// Everybody who has or had access to the box.
    pub persons: Vec<Person>,
    /// The messages that the deeds name, as far as they still lie there.
    pub lines: Vec<Line>,
    /// Whether there is more on the next page.
    pub is_more: bool,
}

impl Mailbox {
    /// What was done in a box, newest first, 100 rows a page from 1.
    ///
    /// # Errors
    /// As [`Mailbox::consent`].
    pub async fn record(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        page: u32,
    ) -> Result<Record, MailboxError> {
        let mut look = self.look_as_manager(reader, enterprise).await?;
        let skip = page.saturating_sub(1).saturating_mul(DEEDS_PER_PAGE);
        // One more tells whether there are more.
        let mut deeds = look.deeds_in(enterprise, DEEDS_PER_PAGE + 1, skip).await?;
        let is_more = deeds.len() > DEEDS_PER_PAGE as usize;
        deeds.truncate(DEEDS_PER_PAGE as usize);
        let mut named: Vec<MessageId> = deeds.iter().filter_map(|it| it.message).collect();
        named.sort_unstable();
        named.dedup();
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let lines = look.lines(&named, &everything).await?;
        let actors: Vec<PersonId> = deeds.iter().map(|it| it.actor.clone()).collect();
        let persons = look.persons_in(enterprise, &actors).await?;
        Ok(Record { deeds, persons, lines, is_more })
    }
}

impl Record {
    /// A person of the box, by the id that the record names.
    #[must_use]
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.persons.iter().find(|person| person.id.as_str() == id)
    }
}
