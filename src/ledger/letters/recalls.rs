//! Recalls: which letters, and the requests that printers have not got yet.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::plans::ids;
use crate::domain::{EnterpriseNumber, MessageId};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{Ledger, micros, time};

/// Which letters are wanted back. Everything that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct RecallScope {
    /// Of one message.
    pub message: Option<MessageId>,
    /// Of one message type.
    pub message_type: Option<String>,
    /// By one sender organization.
    pub organization: Option<EnterpriseNumber>,
    /// By one sender application.
    pub application: Option<String>,
}

impl RecallScope {
    /// Message, type, organization, application, as parameters.
    pub(super) fn values(&self) -> [Value; 4] {
        [
            self.message.map(|message| message.0).into(),
            self.message_type.as_deref().unwrap_or_default().into(),
            self.organization.map_or(0, EnterpriseNumber::value).into(),
            self.application.as_deref().unwrap_or_default().into(),
        ]
    }
}

/// As it stands in the record of acts.
impl fmt::Display for RecallScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.message.map(|it| format!("message {it}")),
            self.message_type.as_ref().map(|it| format!("type {it}")),
            self.organization.map(|it| format!("organization {it}")),
            self.application.as_ref().map(|it| format!("application {it}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

const IN_SCOPE: Statement = Statement::same(
    "SELECT job FROM letters
     WHERE job > $1 AND state IN ('queued', 'held', 'claimed', 'printed')
       AND ($2 IS NULL OR message = $2) AND ($3 = '' OR message_type = $3)
       AND ($4 = 0 OR organization = $4) AND ($5 = '' OR application = $5)
     ORDER BY job LIMIT $6",
);

const TO_ASK: Statement = Statement::same(
    "SELECT job, printer, recall_asked_at FROM letters
     WHERE recall_asked_at IS NOT NULL AND recall_sent_at IS NULL ORDER BY printer, job LIMIT $1",
);

const ASKED_OF: Statement = Statement::same(
    "SELECT job, printer, recall_asked_at FROM letters
     WHERE printer = $1 AND recall_asked_at IS NOT NULL AND state IN ('claimed', 'printed')
     ORDER BY printer, job LIMIT $2",
);

const ASKED: Statement = Statement {
    postgres: "UPDATE letters SET recall_sent_at = $2 WHERE job = ANY($1)",
    sqlite: "UPDATE letters SET recall_sent_at = $2
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

/// It said no: it may be asked anew.
const ANSWERED: Statement = Statement {
    postgres: "UPDATE letters SET recall_asked_at = NULL, recall_sent_at = NULL
        WHERE job = ANY($1)",
    sqlite: "UPDATE letters SET recall_asked_at = NULL, recall_sent_at = NULL
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

/// Ends the recalls that printers answered with no.
pub(super) async fn answered(tx: &mut Transaction, jobs: &[Uuid]) -> Result<(), LedgerError> {
    if jobs.is_empty() {
        return Ok(());
    }
    tx.execute(ANSWERED, vec![ids(jobs)]).await.map(drop)
}

/// Job, printer, and since when it is wanted back.
type Request = (Uuid, String, Timestamp);

fn request(mut row: Row) -> Result<Request, LedgerError> {
    Ok((row.id()?, row.text()?, time(row.int()?)?))
}

impl Ledger {
    /// The letters of a scope that can still be called back, after one, in
    /// order of their job ids.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_in_scope(
        &self,
        scope: &RecallScope,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let scope = scope.values().into_iter();
        let values: Vec<Value> =
            [after.into()].into_iter().chain(scope).chain([limit.into()]).collect();
        let mut rows = self.store.rows(IN_SCOPE, values).await?;
        rows.iter_mut().map(Row::id).collect()
    }

    /// Requests that were not sent to their printers yet.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn recalls_to_send(&self, limit: i64) -> Result<Vec<Request>, LedgerError> {
        self.store.glance(TO_ASK, vec![limit.into()]).await?.into_iter().map(request).collect()
    }

    /// What a printer has not answered for yet.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn recalls_of(&self, printer: &str, limit: i64) -> Result<Vec<Request>, LedgerError> {
        let rows = self.store.rows(ASKED_OF, vec![printer.into(), limit.into()]).await?;
        rows.into_iter().map(request).collect()
    }

    /// Marks requests as sent.
    ///
    /// # Errors
    /// `Transient` while the database is away: they are then sent again.
    pub async fn recalls_sent(&self, jobs: &[Uuid], now: Timestamp) -> Result<(), LedgerError> {
        self.store.execute(ASKED, vec![ids(jobs), micros(now).into()]).await.map(drop)
    }
}
