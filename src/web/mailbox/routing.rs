//! A form that adds or deletes a routing rule.

use super::place::At;
use super::rules::{self, When};
use crate::domain::{EnterpriseNumber, RoutingRule};
use crate::mailbox::MailboxError;
use crate::web::Web;
use crate::web::form::Fields;

pub(super) fn invalid() -> MailboxError {
    MailboxError::Invalid { field: "form", message: "not understood".into() }
}

/// Rules are replaced as a whole, in order.
pub(super) async fn change_rules(
    web: &Web,
    at: &At,
    number: EnterpriseNumber,
    fields: &Fields,
) -> Result<(), MailboxError> {
    let before = web.mailbox.rules(&at.reader, number).await?;
    rules::are_seen(&before, fields)?;
    let mut after = before.clone();
    let priority: u32 = fields.parsed("priority").ok_or_else(invalid)?;
    if fields.one("do") == Some("rule-delete") {
        after.retain(|rule| rule.priority != priority);
    } else {
        // The new one goes before those of its number and beyond.
        let place = after.iter().position(|rule| rule.priority >= priority);
        after.insert(place.unwrap_or(after.len()), new_rule(at, number, priority, fields)?);
    }
    web.mailbox.change_rules(&at.reader, number, before, after).await
}

fn new_rule(
    at: &At,
    enterprise: EnterpriseNumber,
    priority: u32,
    fields: &Fields,
) -> Result<RoutingRule, MailboxError> {
    let partition = fields.parsed("partition").ok_or_else(invalid)?;
    let When { sender, kind, application } = When::read(at, fields)?;
    Ok(RoutingRule {
        enterprise,
        priority,
        partition,
        message_type: kind,
        application,
        organization: sender,
    })
}
