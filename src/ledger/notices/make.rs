//! Making: what is due becomes one row for each box and night.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::count::NoticeTime;
use super::{count, night};
use crate::clock::belgian_day;
use crate::domain::{Condition, EnterpriseNumber, Notification, day_number};
use crate::ledger::error::LedgerError;
use crate::ledger::mailbox::is_over;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Transaction};
use crate::ledger::{Ledger, micros, time};

/// What was done of what was due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Boxes that were due.
    pub boxes: usize,
    /// Notices that were made: the others have nothing to tell.
    pub notices: usize,
}

const NIGHT: SignedDuration = SignedDuration::from_hours(24);

/// A box that another engine looks at is passed over.
const DUE: Statement = Statement {
    postgres: "SELECT n.enterprise, n.record, n.next_notice_at, n.told_until, e.state,
            e.state_since
        FROM notification_settings n JOIN enterprises e ON e.number = n.enterprise
        WHERE n.next_notice_at <= $1 ORDER BY n.next_notice_at LIMIT $2
        FOR UPDATE OF n SKIP LOCKED",
    sqlite: "SELECT n.enterprise, n.record, n.next_notice_at, n.told_until, e.state,
            e.state_since
        FROM notification_settings n JOIN enterprises e ON e.number = n.enterprise
        WHERE n.next_notice_at <= $1 ORDER BY n.next_notice_at LIMIT $2",
};

const PLAN: Statement = Statement::same(
    "UPDATE notification_settings SET next_notice_at = $2, told_until = $3 WHERE enterprise = $1",
);

/// What has not left by the next night is told with it, in one notice. What is
/// in doubt, since nobody heard whether the mail server took it, leaves again
/// by itself: under its own id, by which its reader's program knows it.
const MERGE: Statement = Statement::same(
    "UPDATE notices SET state = 'merged', ended_at = $2
     WHERE enterprise = $1 AND state = 'waiting' AND leased_until IS NULL
     RETURNING since_at",
);

/// A night on which the box was told already (its hour was changed meanwhile)
/// takes no second one.
const MAKE: Statement = Statement::same(
    "INSERT INTO notices (id, enterprise, day, since_at, until_at, state, made_at, attempts, try_at)
     VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, $6) ON CONFLICT (enterprise, day) DO NOTHING",
);

struct Due {
    enterprise: EnterpriseNumber,
    settings: Notification,
    /// None: to be planned only.
    at: Option<Timestamp>,
    told_until: Option<Timestamp>,
    is_closed: bool,
}

fn due(mut row: Row, now: Timestamp) -> Result<Due, LedgerError> {
    Ok(Due {
        enterprise: enterprise_number(row.int()?)?,
        settings: row.json()?,
        at: Some(row.int()?).filter(|at| *at > 0).map(time).transpose()?,
        told_until: row.opt_int()?.map(time).transpose()?,
        is_closed: is_over(&mut row, belgian_day(now))?,
    })
}

impl Ledger {
    /// Makes the notices that are due, of at most `limit` boxes.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn make_notices(&self, limit: i64, at: NoticeTime) -> Result<Made, LedgerError> {
        let now = at.now;
        let mut tx = self.store.begin().await?;
        let rows = tx.rows(DUE, vec![micros(now).into(), limit.into()]).await?;
        let mut made = Made { boxes: rows.len(), notices: 0 };
        for row in rows {
            made.notices += usize::from(due(row, now)?.make(&mut tx, at).await?);
        }
        tx.commit().await?;
        Ok(made)
    }
}

impl Due {
    /// Answers whether there was anything to tell.
    async fn make(self, tx: &mut Transaction, told_at: NoticeTime) -> Result<bool, LedgerError> {
        let now = told_at.now;
        let Some(at) = self.at.filter(|_| {
            self.settings.address.is_some() && Condition::NoticeCeased.holds(!self.is_closed)
        }) else {
            self.plan(tx, self.told_until, now).await?;
            return Ok(false);
        };
        let since = self.told_until.unwrap_or(at - NIGHT);
        let since = self.merged(tx, since, now).await?;
        let told = count::count(tx, self.enterprise, (since, now), told_at).await?;
        let is_made = !told.is_nothing() && self.insert(tx, at, since, now).await?;
        // What found no place tonight is told the next night.
        let until = if is_made || told.is_nothing() { now } else { since };
        self.plan(tx, Some(until), now).await?;
        Ok(is_made)
    }

    async fn merged(
        &self,
        tx: &mut Transaction,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Timestamp, LedgerError> {
        let values = vec![self.enterprise.value().into(), micros(now).into()];
        let mut first = since;
        for mut row in tx.rows(MERGE, values).await? {
            first = first.min(time(row.int()?)?);
        }
        Ok(first)
    }

    async fn insert(
        &self,
        tx: &mut Transaction,
        at: Timestamp,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let values = vec![
            Uuid::now_v7().into(),
            self.enterprise.value().into(),
            day_number(belgian_day(at)).into(),
            micros(since).into(),
            micros(now).into(),
            micros(now).into(),
        ];
        Ok(tx.execute(MAKE, values).await? == 1)
    }

    async fn plan(
        &self,
        tx: &mut Transaction,
        told_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let next = self.settings.address.as_ref();
        let next = next.map(|_| micros(night::next(self.settings.hour, now)));
        let values =
            vec![self.enterprise.value().into(), next.into(), told_until.map(micros).into()];
        tx.execute(PLAN, values).await.map(drop)
    }
}
