//! "Where would this go?"

use super::{Mailbox, MailboxError, Reader};
use crate::clock::belgian_day;
use crate::domain::RoutingRule;
use crate::domain::{ApplicationId, EnterpriseNumber, LabelId, MessageTypeId, PartitionId, Person};
use crate::route::{BoxAccess, Item, route};

/// Where a message would go today, and who would see it there.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// The partition.
    pub partition: PartitionId,
    /// The number of the rule that says so, from 1; none: no rule matches.
    pub rule: Option<u32>,
    /// Who would see it.
    pub persons: Vec<Person>,
    /// The labels that rules would put on it.
    pub labels: Vec<LabelId>,
}

impl Mailbox {
    /// Where a message would go today under the rules of a box, or under
    /// others that are being tried.
    ///
    /// # Errors
    /// `Invalid` for a type that does not exist; `NotFound`, `Forbidden` for
    /// who does not manage the box, and whatever keeps the ledger from
    /// answering.
    pub async fn destination(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        (organization, application, message_type): (
            EnterpriseNumber,
            &ApplicationId,
            &MessageTypeId,
        ),
        tried: Option<Vec<RoutingRule>>,
    ) -> Result<Destination, MailboxError> {
        let mut look = self.look_as_manager(reader, enterprise).await?;
        let known = look.reference.message_types.get(message_type).cloned();
        let known =
            known.ok_or_else(|| MailboxError::invalid("messageType", "there is no such type"))?;
        let rules = match tried {
            Some(rules) => rules,
            None => look.rules_in(enterprise).await?,
        };
        let grants = look.grants_in(enterprise).await?;
        let access = BoxAccess::new(rules, grants, look.label_rules_in(enterprise).await?);
        let item = Item {
            message_type,
            level: known.level,
            service: known.service.as_ref(),
            organization,
            application,
        };
        let routing = route(&access, item, belgian_day(self.clock.now()));
        let persons = look.persons_in(enterprise, &[]).await?;
        let is_reader = |person: &Person| routing.persons.contains(&person.id);
        Ok(Destination {
            persons: persons.into_iter().filter(is_reader).collect(),
            partition: routing.partition,
            rule: routing.rule,
            labels: routing.labels,
        })
    }
}
