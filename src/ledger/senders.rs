//! What senders look up: what became of the messages they sent.

use jiff::Timestamp;

use super::error::LedgerError;
use super::reference::enterprise_number;
use super::store::{Row, Statement, Value};
use super::{Ledger, micros, time};
use crate::domain::{ApplicationId, EnterpriseNumber, MessageId};

/// What a sender is told of its message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageStatus {
    /// The message.
    pub id: MessageId,
    /// Whose box it lies in.
    pub enterprise: EnterpriseNumber,
    /// Who sent it.
    pub organization: EnterpriseNumber,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether its main content was opened.
    pub is_read: bool,
    /// Whether the company hid it.
    pub is_hidden: bool,
}

const STATUSES: Statement = Statement {
    postgres: "SELECT id, enterprise, organization, expires_at, read_at, hidden FROM messages
        WHERE id = ANY ($1) AND application = $2 AND expires_at > $3 ORDER BY id",
    sqlite: "SELECT id, enterprise, organization, expires_at, read_at, hidden FROM messages
        WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND application = $2
          AND expires_at > $3 ORDER BY id",
};

impl Ledger {
    /// What became of messages of one application; unknown, expired and other
    /// applications' are left out.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn message_statuses(
        &self,
        ids: &[MessageId],
        application: &ApplicationId,
        now: Timestamp,
    ) -> Result<Vec<MessageStatus>, LedgerError> {
        let ids = Value::Ids(ids.iter().map(|id| id.0).collect());
        let values = vec![ids, application.as_str().into(), micros(now).into()];
        let rows = self.store.rows(STATUSES, values).await?;
        rows.into_iter().map(status).collect()
    }
}

fn status(mut row: Row) -> Result<MessageStatus, LedgerError> {
    Ok(MessageStatus {
        id: MessageId(row.id()?),
        enterprise: enterprise_number(row.int()?)?,
        organization: enterprise_number(row.int()?)?,
        expires_at: time(row.int()?)?,
        is_read: row.opt_int()?.is_some(),
        is_hidden: row.int()? != 0,
    })
}
