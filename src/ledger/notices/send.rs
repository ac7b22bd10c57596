//! Sending: notices in hand under a lease, and what became of them.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::count::{NoticeTime, UnreadMail, count};
use crate::clock::belgian_day;
use crate::domain::{Condition, Enterprise, EnterpriseNumber, Notification};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Transaction};
use crate::ledger::{Ledger, micros, time};

/// A notice that this engine may send now.
#[derive(Clone, Debug)]
pub struct NoticeInHand {
    /// By which a repeat is known.
    pub id: Uuid,
    /// Whose box; its name and language.
    pub enterprise: Enterprise,
    /// Where to.
    pub address: String,
    /// What lies unread at this moment.
    pub told: UnreadMail,
    /// How often it was tried, this time included.
    pub attempts: u32,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeEnd {
    /// The mail server took it.
    Sent,
    /// It will never take it; what it said.
    Refused(String),
    /// It is tried again then; what went wrong.
    Again(Timestamp, String),
}

/// What a mail server says is kept up to here.
const ANSWER_CHARS_MAX: usize = 500;

const CLAIM: Statement = Statement {
    postgres: "UPDATE notices SET holder = $1, leased_until = $2, attempts = attempts + 1
        WHERE id IN (SELECT id FROM notices
            WHERE state = 'waiting' AND try_at <= $3
              AND (leased_until IS NULL OR leased_until < $3)
            ORDER BY try_at LIMIT $4 FOR UPDATE SKIP LOCKED)
        RETURNING id, enterprise, since_at, until_at, attempts",
    sqlite: "UPDATE notices SET holder = $1, leased_until = $2, attempts = attempts + 1
        WHERE id IN (SELECT id FROM notices
            WHERE state = 'waiting' AND try_at <= $3
              AND (leased_until IS NULL OR leased_until < $3)
            ORDER BY try_at LIMIT $4)
        RETURNING id, enterprise, since_at, until_at, attempts",
};

const WHERE_TO: Statement = Statement::same(
    "SELECT e.record, n.record FROM enterprises e
     JOIN notification_settings n ON n.enterprise = e.number WHERE e.number = $1",
);

/// Read meanwhile, or stopped: there is nothing to tell, or nobody.
const DROP: Statement = Statement::same(
    "UPDATE notices SET state = 'dropped', ended_at = $2, holder = NULL, leased_until = NULL
     WHERE id = $1",
);

/// Only whoever has it in hand knows; who lost the lease to another does not.
const END: Statement = Statement::same(
    "UPDATE notices SET state = $3, ended_at = $4, try_at = COALESCE($5, try_at), answer = $6,
        holder = NULL, leased_until = NULL
     WHERE id = $1 AND holder = $2 AND state = 'waiting'",
);

struct Claimed {
    id: Uuid,
    enterprise: EnterpriseNumber,
    stretch: (Timestamp, Timestamp),
    attempts: u32,
}

fn claimed(mut row: Row) -> Result<Claimed, LedgerError> {
    Ok(Claimed {
        id: row.id()?,
        enterprise: enterprise_number(row.int()?)?,
        stretch: (time(row.int()?)?, time(row.int()?)?),
        attempts: u32::try_from(row.int()?).unwrap_or(u32::MAX),
    })
}

impl Ledger {
    /// Takes at most `limit` notices in hand, for as long as `lease`. What has
    /// become needless is dropped: it was read, or nobody is told any more.
    ///
    /// # Errors
    /// `Transient` while the database is away; what was taken then comes again
    /// after the lease.
    pub async fn claim_notices(
        &self,
        engine: Uuid,
        limit: i64,
        lease: SignedDuration,
        at: NoticeTime,
    ) -> Result<Vec<NoticeInHand>, LedgerError> {
        let now = at.now;
        let mut tx = self.store.begin().await?;
        let until = micros(now + lease);
        let values = vec![engine.into(), until.into(), micros(now).into(), limit.into()];
        let mut in_hand = Vec::new();
        for row in tx.rows(CLAIM, values).await? {
            let claimed = claimed(row)?;
            match wanted(&mut tx, &claimed, at).await? {
                Some(notice) => in_hand.push(notice),
                None => {
                    tx.execute(DROP, vec![claimed.id.into(), micros(now).into()]).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(in_hand)
    }

    /// Says what became of a notice in hand; answers whether it still was in
    /// this engine's hand.
    ///
    /// # Errors
    /// `Transient` while the database is away; the notice is then sent again
    /// after the lease, under the same id.
    pub async fn end_notice(
        &self,
        id: Uuid,
        engine: Uuid,
        end: &NoticeEnd,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let kept = |answer: &str| -> String { answer.chars().take(ANSWER_CHARS_MAX).collect() };
        let (state, ended, again, answer) = match end {
            NoticeEnd::Sent => ("sent", Some(micros(now)), None, None),
            NoticeEnd::Refused(answer) => ("refused", Some(micros(now)), None, Some(kept(answer))),
            NoticeEnd::Again(at, answer) => {
                ("waiting", None, Some(micros(*at)), Some(kept(answer)))
            }
        };
        let values =
            vec![id.into(), engine.into(), state.into(), ended.into(), again.into(), answer.into()];
        Ok(self.store.execute(END, values).await? == 1)
    }
}

async fn wanted(
    tx: &mut Transaction,
    claimed: &Claimed,
    at: NoticeTime,
) -> Result<Option<NoticeInHand>, LedgerError> {
    let mut rows = tx.rows(WHERE_TO, vec![claimed.enterprise.value().into()]).await?;
    let Some(row) = rows.first_mut() else { return Ok(None) };
    let (enterprise, settings): (Enterprise, Notification) = (row.json()?, row.json()?);
    let is_over = enterprise.state.is_over(enterprise.state_since, belgian_day(at.now));
    let Some(address) = settings.address.filter(|_| Condition::NoticeCeased.holds(!is_over)) else {
        return Ok(None);
    };
    let told = count(tx, claimed.enterprise, claimed.stretch, at).await?;
    let (id, attempts) = (claimed.id, claimed.attempts);
    let notice = NoticeInHand { id, enterprise, address, told, attempts };
    Ok((!told.is_nothing()).then_some(notice))
}
