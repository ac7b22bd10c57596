//! Notices as operators and access managers see them.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::domain::{EnterpriseNumber, day_of_number, words};
use crate::ledger::error::LedgerError;
use crate::ledger::mailbox::Look;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement};
use crate::ledger::{Ledger, micros, time};

words! {
    /// Where a notice stands.
    NoticeState {
        /// It is to be sent.
        Waiting = "waiting",
        /// The mail server took it.
        Sent = "sent",
        /// The mail server will never take it.
        Refused = "refused",
        /// There was nothing left to tell, or nobody.
        Dropped = "dropped",
        /// A later night's notice tells it too.
        Merged = "merged",
    }
}

/// One notice.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeRow {
    /// By which a repeat is known.
    pub id: Uuid,
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// Of which night.
    pub day: Option<Date>,
    /// Where it stands.
    pub state: NoticeState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next, while it waits.
    pub try_at: Timestamp,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// What the mail server last said against it.
    pub answer: Option<String>,
}

const LIST: Statement = Statement::same(
    "SELECT id, enterprise, day, state, attempts, try_at, ended_at, answer FROM notices
     WHERE ($1 = '' OR state = $1) AND ($2 = 0 OR enterprise = $2) ORDER BY id DESC LIMIT $3",
);

const OF_BOX: Statement = Statement::same(
    "SELECT id, enterprise, day, state, attempts, try_at, ended_at, answer FROM notices
     WHERE enterprise = $1 ORDER BY day DESC LIMIT $2",
);

const RETRY: Statement = Statement::same(
    "UPDATE notices SET state = 'waiting', try_at = $2, ended_at = NULL
     WHERE id = $1 AND (state = 'refused' OR (state = 'waiting' AND leased_until IS NULL))",
);

fn notice(mut row: Row) -> Result<NoticeRow, LedgerError> {
    Ok(NoticeRow {
        id: row.id()?,
        enterprise: enterprise_number(row.int()?)?,
        day: day_of_number(row.int()?),
        state: row.parsed()?,
        attempts: row.int()?,
        try_at: time(row.int()?)?,
        ended_at: row.opt_int()?.map(time).transpose()?,
        answer: row.opt_text()?,
    })
}

impl Ledger {
    /// Notices, newest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn notices(
        &self,
        state: Option<NoticeState>,
        enterprise: Option<EnterpriseNumber>,
        limit: u32,
    ) -> Result<Vec<NoticeRow>, LedgerError> {
        let state = state.map_or("", NoticeState::as_str);
        let number = enterprise.map_or(0, EnterpriseNumber::value);
        let values = vec![state.into(), number.into(), i64::from(limit).into()];
        self.store.rows(LIST, values).await?.into_iter().map(notice).collect()
    }

    /// Has a notice sent now that was refused, or that waits for a later
    /// attempt; answers whether it is one of those.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn retry_notice(&self, id: Uuid, now: Timestamp) -> Result<bool, LedgerError> {
        Ok(self.store.execute(RETRY, vec![id.into(), micros(now).into()]).await? == 1)
    }
}

impl Look {
    /// The last notices of a box, newest first. The caller has seen that the
    /// reader manages it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn notices_in(
        &mut self,
        enterprise: EnterpriseNumber,
        limit: u32,
    ) -> Result<Vec<NoticeRow>, LedgerError> {
        let values = vec![enterprise.value().into(), i64::from(limit).into()];
        self.tx.rows(OF_BOX, values).await?.into_iter().map(notice).collect()
    }
}
