//! Letters under their locks.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{EnterpriseNumber, MessageId};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{micros, time};
use crate::paper::letter::{LetterState, Past};

/// A letter under its lock.
#[derive(Clone, Debug)]
pub(super) struct Locked {
    pub(super) state: LetterState,
    pub(super) past: Past,
    pub(super) printer: String,
    /// Whether it has a day.
    pub(super) is_planned: bool,
    pub(super) claimant: Option<String>,
    /// Whether something stands on its envelope.
    pub(super) is_addressed: bool,
    pub(super) leased_until: Option<i64>,
    pub(super) created_at: Timestamp,
    pub(super) attempt: i64,
    pub(super) organization: EnterpriseNumber,
    pub(super) application: String,
    pub(super) enterprise: EnterpriseNumber,
    pub(super) message: MessageId,
    pub(super) key: String,
}

macro_rules! lock {
    ($which:literal) => {
        concat!(
            "SELECT l.job, l.state, l.printer, l.day, l.claimant,
                CAST(length(l.address) AS BIGINT), l.leased_until, l.created_at,
                l.attempt, l.organization, l.application, l.enterprise, l.message, m.key, l.recall_asked_at,
                CASE WHEN l.state = 'failed' THEN
                    (SELECT count(*) FROM letter_events e WHERE e.job = l.job
                       AND e.kind = 'not_delivered' AND e.verdict = 'applied') ELSE 0 END
            FROM letters l JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
            WHERE l.job ",
            $which
        )
    };
}

const LOCK: Statement = Statement {
    postgres: lock!("= ANY($1) ORDER BY l.job FOR UPDATE OF l"),
    sqlite: lock!("IN (SELECT unhex(value) FROM json_each($1))"),
};

/// Locks letters in one order, so that two engines never wait for each other.
pub(super) async fn lock(
    tx: &mut Transaction,
    jobs: &[Uuid],
) -> Result<HashMap<Uuid, Locked>, LedgerError> {
    let mut sorted: Vec<Uuid> = jobs.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let rows = tx.rows(LOCK, vec![Value::Ids(sorted)]).await?;
    rows.into_iter().map(locked).collect()
}

fn locked(mut row: Row) -> Result<(Uuid, Locked), LedgerError> {
    let job = row.id()?;
    let mut letter = Locked {
        state: row.parsed()?,
        past: Past::default(),
        printer: row.text()?,
        is_planned: row.opt_int()?.is_some(),
        claimant: row.opt_text()?,
        is_addressed: row.opt_int()?.is_some(),
        leased_until: row.opt_int()?,
        created_at: time(row.int()?)?,
        attempt: row.int()?,
        organization: enterprise_number(row.int()?)?,
        application: row.text()?,
        enterprise: enterprise_number(row.int()?)?,
        message: MessageId(row.id()?),
        key: row.text()?,
    };
    letter.past.is_recall_asked = row.opt_int()?.is_some();
    letter.past.is_undelivered = row.int()? > 0;
    Ok((job, letter))
}

impl Locked {
    /// Whether it is wanted back, and its printer has not answered.
    pub(super) fn is_recall_asked(&self) -> bool {
        self.past.is_recall_asked
    }

    /// Whether a machine that asked over REST has the first right to it.
    pub(super) fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| until > micros(now))
    }
}
