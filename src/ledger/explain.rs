//! Reads a message back with everything that was decided about it.

use super::documents::digest;
use super::error::LedgerError;
use super::record::StoredMessage;
use super::reference::enterprise_number;
use super::store::{Row, Statement};
use super::{Ledger, time};
use crate::decide::{Policy, decide};
use crate::domain::MessageId;

const MESSAGE: Statement = Statement::same(
    "SELECT m.id, m.enterprise, m.organization, m.application, m.key, m.message_type, m.partition,
            m.routing_rule, a.persons, m.audience_kind, m.medium, m.reason, m.rule, m.flag,
            m.facts, m.policy, p.text, m.publication, m.published_at, m.arrived_at, m.expires_at,
            m.read_at
     FROM messages m
     JOIN audiences a ON a.digest = m.audience
     JOIN policies p ON p.digest = m.policy
     WHERE m.id = $1",
);

const LETTERS: Statement =
    Statement::same("SELECT job, state FROM letters WHERE message = $1 ORDER BY job");

impl Ledger {
    /// A message with its decision, audience and letters.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn explain(&self, id: MessageId) -> Result<Option<StoredMessage>, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        let Some(row) = tx.rows(MESSAGE, vec![id.0.into()]).await?.pop() else {
            return Ok(None);
        };
        let mut message = stored(row)?;
        for mut row in tx.rows(LETTERS, vec![id.0.into()]).await? {
            message.letters.push((row.id()?, row.text()?));
        }
        Ok(Some(message))
    }
}

impl StoredMessage {
    /// Whether the stored facts and the stored policy decide today as they did
    /// then.
    #[must_use]
    pub fn is_decided_again_alike(&self) -> bool {
        Policy::parse(&self.policy.1).is_ok_and(|policy| {
            let decision = decide(&policy, &self.facts);
            policy.digest == self.policy.0
                && decision.ruling.medium() == Some(self.medium)
                && *decision.rule == *self.rule
        })
    }
}

fn stored(mut row: Row) -> Result<StoredMessage, LedgerError> {
    Ok(StoredMessage {
        id: MessageId(row.id()?),
        enterprise: enterprise_number(row.int()?)?,
        organization: enterprise_number(row.int()?)?,
        application: row.parsed()?,
        key: row.text()?,
        message_type: row.parsed()?,
        partition: row.text()?,
        routing_rule: row.opt_int()?,
        audience: row.json()?,
        audience_kind: row.text()?,
        medium: row.parsed()?,
        reason: row.text()?,
        rule: row.text()?,
        flag: row.opt_text()?,
        facts: row.json()?,
        policy: (digest(&row.bytes()?)?, row.text()?),
        publication: row.text()?,
        published_at: row.opt_int()?.map(time).transpose()?,
        arrived_at: time(row.int()?)?,
        expires_at: time(row.int()?)?,
        read_at: row.opt_int()?.map(time).transpose()?,
        letters: Vec::new(),
    })
}
