//! What senders look up: how companies can be reached, and what became of the
//! messages they sent.

use jiff::Timestamp;

use super::error::LedgerError;
use super::reference::enterprise_number;
use super::store::{Row, Statement, Value};
use super::{Ledger, micros, time};
use crate::domain::{ApplicationId, EnterpriseNumber, MessageId};

/// How a company can be reached today.
#[derive(Clone, Debug, PartialEq)]
pub struct Reachable {
    /// The company.
    pub enterprise: EnterpriseNumber,
    /// Its box, if it has one.
    pub mailbox: Option<ReachableBox>,
}

/// A box, as far as senders are told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReachableBox {
    /// When anybody last opened it.
    pub last_connection: Option<Timestamp>,
    /// Whether the company wants no paper.
    pub all_digital: bool,
}

/// What a sender is told of its message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageStatus {
    /// The message.
    pub id: MessageId,
    /// Whose box it lies in.
    pub enterprise: EnterpriseNumber,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether its main content was opened.
    pub is_read: bool,
    /// Whether the company hid it.
    pub is_hidden: bool,
}

const REACHABLE: Statement = Statement {
    postgres: "SELECT e.number, b.enterprise, b.last_connection_at, COALESCE(b.all_digital, 0)
        FROM enterprises e LEFT JOIN boxes b ON b.enterprise = e.number
        WHERE e.number = ANY($1) AND e.state = 'active'",
    sqlite: "SELECT e.number, b.enterprise, b.last_connection_at, COALESCE(b.all_digital, 0)
        FROM enterprises e LEFT JOIN boxes b ON b.enterprise = e.number
        WHERE e.number IN (SELECT value FROM json_each($1)) AND e.state = 'active'",
};

const STATUSES: Statement = Statement {
    postgres: "SELECT id, enterprise, organization, expires_at, read_at, hidden FROM messages
        WHERE id = ANY ($1) AND application = $2 AND expires_at > $3 ORDER BY id",
    sqlite: "SELECT id, enterprise, organization, expires_at, read_at, hidden FROM messages
        WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND application = $2
          AND expires_at > $3 ORDER BY id",
};

impl Ledger {
    /// How companies can be reached; those that the registry does not know, or
    /// that have ceased, are left out.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn reachable(
        &self,
        numbers: &[EnterpriseNumber],
    ) -> Result<Vec<Reachable>, LedgerError> {
        let numbers = Value::Ints(numbers.iter().map(|number| number.value()).collect());
        let rows = self.store.rows(REACHABLE, vec![numbers]).await?;
        rows.into_iter().map(reachable).collect()
    }

    /// What became of messages of one application, and of one organization
    /// where it may ask for no other; unknown, expired and other people's are
    /// left out.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn message_statuses(
        &self,
        ids: &[MessageId],
        application: &ApplicationId,
        organization: Option<EnterpriseNumber>,
        now: Timestamp,
    ) -> Result<Vec<MessageStatus>, LedgerError> {
        let ids = Value::Ids(ids.iter().map(|id| id.0).collect());
        let values = vec![ids, application.as_str().into(), micros(now).into()];
        let rows = self.store.rows(STATUSES, values).await?;
        let found = rows.into_iter().map(|row| status(row, organization));
        Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

fn reachable(mut row: Row) -> Result<Reachable, LedgerError> {
    let enterprise = enterprise_number(row.int()?)?;
    let has_box = row.opt_int()?.is_some();
    let last_connection = row.opt_int()?.map(time).transpose()?;
    let all_digital = row.int()? != 0;
    let mailbox = has_box.then_some(ReachableBox { last_connection, all_digital });
    Ok(Reachable { enterprise, mailbox })
}

fn status(
    mut row: Row,
    organization: Option<EnterpriseNumber>,
) -> Result<Option<MessageStatus>, LedgerError> {
    let (id, enterprise) = (MessageId(row.id()?), enterprise_number(row.int()?)?);
    let of = enterprise_number(row.int()?)?;
    let expires_at = time(row.int()?)?;
    let (is_read, is_hidden) = (row.opt_int()?.is_some(), row.int()? != 0);
    let status = MessageStatus { id, enterprise, expires_at, is_read, is_hidden };
    Ok(organization.is_none_or(|only| only == of).then_some(status))
}
