//! What nobody has read in time becomes a letter, exactly once, unless an
//! operator called it off.

use jiff::Timestamp;
use uuid::Uuid;

use super::recalls::RecallScope;
use super::{locked, written};
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, Entry};
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Ledger, micros};

const DUE: Statement = Statement::same(
    "SELECT enterprise, id FROM messages WHERE paper_due_at <= $1 ORDER BY paper_due_at LIMIT $2",
);

/// The one conditional update: opened before, it is read, and nothing happens.
/// Answers whether it was unread.
const TAKE: Statement = Statement::same(
    "UPDATE messages SET paper_due_at = NULL
     WHERE enterprise = $1 AND id = $2 AND paper_due_at <= $3 AND read_at IS NULL",
);

const FORGET: Statement = Statement::same(
    "UPDATE messages SET paper_due_at = NULL
     WHERE enterprise = $1 AND id = $2 AND read_at IS NOT NULL",
);

/// Whoever opens it first, or makes a letter of it, was faster.
const CALL_OFF: Statement = Statement::same(
    "UPDATE messages SET paper_due_at = NULL
     WHERE paper_due_at IS NOT NULL AND (enterprise, id) IN (
         SELECT enterprise, id FROM messages
         WHERE paper_due_at IS NOT NULL AND read_at IS NULL
           AND ($1 IS NULL OR id = $1) AND ($2 = '' OR message_type = $2)
           AND ($3 = 0 OR organization = $3) AND ($4 = '' OR application = $4)
         LIMIT $5)",
);

const MAKE: Statement = Statement::same(
    "INSERT INTO letters (job, enterprise, message, organization, application, message_type,
        cause, attempt, state, registered, printer, created_at)
     SELECT $3, m.enterprise, m.id, m.organization, m.application, m.message_type, 'unread',
        1 + (SELECT count(*) FROM letters l WHERE l.message = m.id), 'queued', m.registered, '', $4
     FROM messages m WHERE m.enterprise = $1 AND m.id = $2",
);

impl Ledger {
    /// Lets no letter be made of messages of a scope that are unread, some at a
    /// time; answers of how many. They stay in their boxes.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn call_off_unread(
        &self,
        scope: &RecallScope,
        limit: i64,
    ) -> Result<u64, LedgerError> {
        let values: Vec<Value> = scope.values().into_iter().chain([limit.into()]).collect();
        self.store.execute(CALL_OFF, values).await
    }

    /// Makes letters of messages that are due and unread; answers how many
    /// were looked at, and how many letters were made.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unread_to_paper(
        &self,
        limit: i64,
        now: Timestamp,
    ) -> Result<(usize, usize), LedgerError> {
        let at = micros(now);
        let mut rows = self.store.rows(DUE, vec![at.into(), limit.into()]).await?;
        let due: Vec<(i64, Uuid)> = rows
            .iter_mut()
            .map(|row: &mut Row| Ok((row.int()?, row.id()?)))
            .collect::<Result<_, LedgerError>>()?;
        let mut made: Vec<Uuid> = Vec::new();
        let mut tx = self.store.begin().await?;
        for (enterprise, message) in &due {
            let place = vec![(*enterprise).into(), (*message).into()];
            let taken = tx.execute(TAKE, [place.clone(), vec![at.into()]].concat()).await?;
            if taken == 1 {
                let job = Uuid::now_v7();
                tx.execute(MAKE, [place, vec![job.into(), at.into()]].concat()).await?;
                made.push(job);
            } else {
                tx.execute(FORGET, place).await?;
            }
        }
        let letters = locked::lock(&mut tx, &made).await?;
        let told = |job: &Uuid| Some(written::made(letters.get(job)?, *job, "unread", now));
        let mut told: Vec<Entry> = made.iter().filter_map(told).collect();
        journal::append(&mut tx, &mut told, at).await?;
        tx.commit().await?;
        Ok((due.len(), made.len()))
    }
}
