//! What access managers decide for the box as a whole: consent, notification.

use jiff::Timestamp;

use super::{Mailbox, MailboxError, Reader};
use crate::domain::{EnterpriseNumber, Notification, Person, PersonId};
use crate::ledger::{Managed, Management, NoticeRow};

/// When the all-digital consent was given or withdrawn, and by whom.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentChange {
    /// When.
    pub at: Timestamp,
    /// By whom: a person of the box, or a word for what is none.
    pub actor: String,
    /// The person, as it is called in the box.
    pub person: Option<Person>,
    /// Given, or withdrawn.
    pub all_digital: bool,
}

const ADDRESS_CHARS_MAX: usize = 254;
const CONSENTS_MAX: u32 = 200;
/// A month of notices.
const NOTICES_MAX: u32 = 31;

impl Mailbox {
    pub(super) async fn manage(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        management: Management,
    ) -> Result<(), MailboxError> {
        let now = self.clock.now();
        answered(self.ledger.manage(&reader.person, enterprise, management, now).await?)
    }

    /// Gives or withdraws the all-digital consent, for the next document.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, and whatever keeps the ledger from answering.
    pub async fn consent(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        all_digital: bool,
    ) -> Result<(), MailboxError> {
        self.manage(reader, enterprise, Management::Consent(all_digital)).await
    }

    /// When the consent was given and withdrawn, newest first.
    ///
    /// # Errors
    /// As [`Mailbox::consent`].
    pub async fn consent_history(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Vec<ConsentChange>, MailboxError> {
        drop(self.look_as_manager(reader, enterprise).await?);
        let entries = self.ledger.history_of_preference(enterprise, CONSENTS_MAX).await?;
        let actors: Vec<PersonId> = entries.iter().filter_map(|it| it.actor.parse().ok()).collect();
        let mut look = self.look_as_manager(reader, enterprise).await?;
        let persons = look.persons_in(enterprise, &actors).await?;
        let change = |it: crate::ledger::HistoryEntry| ConsentChange {
            at: it.at,
            person: persons.iter().find(|person| person.id.as_str() == it.actor).cloned(),
            actor: it.actor,
            all_digital: it.after.is_some_and(|after| after["allDigital"] == true),
        };
        Ok(entries.into_iter().map(change).collect())
    }

    /// Where and when the box is told of its mail.
    ///
    /// # Errors
    /// As [`Mailbox::consent`].
    pub async fn notification(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Notification, MailboxError> {
        let mut look = self.look_as_manager(reader, enterprise).await?;
        Ok(look.notification_in(enterprise).await?.unwrap_or_default())
    }

    /// Says where and when.
    ///
    /// # Errors
    /// `Invalid` for what is no address and no hour; as [`Mailbox::consent`].
    pub async fn set_notification(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        notification: &Notification,
    ) -> Result<(), MailboxError> {
        if notification.hour > 23 {
            return Err(MailboxError::invalid("hour", "0 to 23"));
        }
        if let Some(address) = &notification.address {
            address_like(address)?;
        }
        self.manage(reader, enterprise, Management::Notification(notification.clone())).await
    }

    /// The last notices of a box, newest first: what was sent, what was not,
    /// and why.
    ///
    /// # Errors
    /// As [`Mailbox::consent`].
    pub async fn notices(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Vec<NoticeRow>, MailboxError> {
        let mut look = self.look_as_manager(reader, enterprise).await?;
        Ok(look.notices_in(enterprise, NOTICES_MAX).await?)
    }
}

/// What is in the way of a change, as an error.
pub(super) fn answered(managed: Managed) -> Result<(), MailboxError> {
    match managed {
        Managed::Changed | Managed::Unchanged => Ok(()),
        Managed::NotFound => Err(MailboxError::NotFound),
        Managed::Forbidden => Err(MailboxError::Forbidden),
        Managed::Unknown(key) => Err(MailboxError::Unknown(key)),
        Managed::InUse => Err(MailboxError::InUse),
        Managed::NameTaken => Err(MailboxError::NameTaken),
        Managed::Given => Err(MailboxError::Given),
        Managed::LastManager => Err(MailboxError::LastManager),
        Managed::Overtaken => Err(MailboxError::Overtaken),
    }
}

/// One part, an `@`, a domain, as mail is addressed; whether it gets there,
/// only mail shows.
fn address_like(address: &str) -> Result<(), MailboxError> {
    let is_printable = |c: char| !c.is_whitespace() && !c.is_control();
    let parts = address.rsplit_once('@');
    let is_right = parts.is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.starts_with('.')
    });
    let is_written = address.chars().all(is_printable) && address.len() <= ADDRESS_CHARS_MAX;
    if is_right && is_written && crate::notices::is_address(address) {
        return Ok(());
    }
    Err(MailboxError::invalid("address", "not a mail address"))
}
