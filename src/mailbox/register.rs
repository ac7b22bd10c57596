//! Newcomers: whether a company has a box, and how it gets one.

use uuid::Uuid;

use super::{Mailbox, MailboxError, Reader};
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, GrantId, LegalState};
use crate::ledger::Managed;

/// What anybody may be told of a company's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoxStatus {
    /// It has one.
    Registered,
    /// It had one and has ceased to exist.
    Closed,
    /// It can have one: its representative may register it.
    CanRegister,
    /// The register does not know it, or it has ceased to exist.
    UnknownCompany,
}

impl Mailbox {
    /// Whether a company has a box; tells nothing of its content. Whoever
    /// serves this to anybody limits its pace.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn status(&self, enterprise: EnterpriseNumber) -> Result<BoxStatus, MailboxError> {
        let found = self.ledger.enterprise(enterprise).await?;
        let today = belgian_day(self.clock.now());
        Ok(match found {
            Some(it) if it.mailbox.is_some() => {
                match it.enterprise.state.is_over(it.enterprise.state_since, today) {
                    true => BoxStatus::Closed,
                    false => BoxStatus::Registered,
                }
            }
            Some(it) if it.enterprise.state == LegalState::Active => BoxStatus::CanRegister,
            Some(_) | None => BoxStatus::UnknownCompany,
        })
    }

    /// Makes a box for a company that the reader is proved to represent; it is
    /// there at once, with the reader as its access manager.
    ///
    /// # Errors
    /// `Forbidden` without the proof, `InUse` when there is a box already,
    /// `Unknown` when the register does not know the company or it has ceased
    /// to exist, and whatever keeps the ledger from answering.
    pub async fn register(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<(), MailboxError> {
        if !reader.claims.represents.contains(&enterprise) {
            return Err(MailboxError::Forbidden);
        }
        let (person, now) = (reader.record(), self.clock.now());
        let grant = new_grant_id()?;
        match self.ledger.register_box(&person, enterprise, grant, now).await? {
            Managed::Unchanged => Err(MailboxError::InUse),
            other => super::manage::answered(other),
        }
    }
}

pub(super) fn new_grant_id() -> Result<GrantId, MailboxError> {
    let id = GrantId::new(Uuid::now_v7().to_string());
    id.map_err(|error| MailboxError::invalid("grant", error.to_string()))
}
