//! What an engine of the release before leaves open while engines are
//! exchanged one by one: it knows neither until when a document is needed, nor
//! when a box is next told, nor that a report of the future waits.
//!
//! It marks a document as named and says no day, and names one again without
//! moving its day. So nothing is released while such an engine is alive, and
//! after the last one every message is asked once what it names.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::documents::{self, DocumentKey, needed_through};
use super::error::LedgerError;
use super::expiry::documents_of;
use super::store::{Row, Statement};
use super::{Cursor, Ledger, micros, time};

/// An engine of today tells its figures from its start on.
const OLD_ENGINES: Statement = Statement::same(
    "SELECT count(*) FROM engines e WHERE e.seen_at > $1 AND e.id <> $2
     AND NOT EXISTS (SELECT 1 FROM figures f WHERE f.engine = e.id)",
);

const UNKNOWN: Statement = Statement::same(
    "SELECT count(*) FROM (SELECT 1 FROM documents
     WHERE used = 1 AND needed_through = 0 AND claimed_at < $1 LIMIT 1) d",
);

const NAMING: Statement = Statement::same(
    "SELECT id, application, documents, expires_at FROM messages WHERE id > $1 ORDER BY id LIMIT $2",
);

/// What was released meanwhile stays so: its content may be gone.
const NEED: Statement = Statement {
    // Locked in the order of their keys, as whoever names them does.
    postgres: "UPDATE documents d SET needed_through = named.day
        FROM (SELECT o.application, o.digest, wanted.day
              FROM UNNEST($1::TEXT[], $2::BYTEA[], $3::BIGINT[]) AS wanted (a, b, day)
              JOIN documents o ON o.application = wanted.a AND o.digest = wanted.b
               AND o.used = 1 AND o.needed_through < wanted.day
              ORDER BY o.application, o.digest FOR NO KEY UPDATE OF o) AS named
        WHERE d.application = named.application AND d.digest = named.digest",
    sqlite: "UPDATE documents SET needed_through = named.day
        FROM (SELECT k.value ->> 0 AS application, unhex(k.value ->> 1) AS digest, n.value AS day
              FROM json_each($1) k JOIN json_each($2) n ON n.key = k.key) AS named
        WHERE documents.application = named.application AND documents.digest = named.digest
          AND documents.used = 1 AND documents.needed_through < named.day",
};

/// A report of the future waits for its time; once judged again it stands
/// there under another id too.
const EARLY: Statement = Statement::same(
    "INSERT INTO early_reports (job, source, event, at)
     SELECT e.job, e.source, e.event, e.at FROM letter_events e
     WHERE e.verdict = 'future' AND NOT EXISTS (
         SELECT 1 FROM letter_events n WHERE n.job = e.job AND n.source = e.source
          AND n.kind = e.kind AND n.at = e.at AND n.id > e.id)
     ON CONFLICT (job, source, event) DO NOTHING",
);

/// A box that is to be told has a moment for it, and 0 has it planned.
const UNPLANNED: Statement = Statement {
    postgres: "UPDATE notification_settings SET next_notice_at = 0
        WHERE next_notice_at IS NULL AND record::JSONB ->> 'address' IS NOT NULL",
    sqlite: "UPDATE notification_settings SET next_notice_at = 0
        WHERE next_notice_at IS NULL AND record ->> 'address' IS NOT NULL",
};

/// The day (since 1970) on which all messages were last asked.
const NEEDS: &str = "needs";

/// An engine that is silent for so long works no more.
const SILENCE_MAX: SignedDuration = SignedDuration::from_mins(10);

impl Ledger {
    /// Sees to it that the ledger knows until when each document is needed
    /// that was claimed before `before`, `limit` messages at a time; answers
    /// whether it does. Release nothing where it does not. After the last old
    /// engine, reports that wait are found as well.
    ///
    /// # Errors
    /// `Transient` while the database is away: release nothing.
    pub async fn settle_needs(
        &self,
        engine: Uuid,
        limit: i64,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let old = vec![micros(now - SILENCE_MAX).into(), engine.into()];
        if self.is_any(OLD_ENGINES, old).await? {
            let asked = self.cursors(NEEDS).await?;
            self.move_cursors(&[], &asked).await?;
            return Ok(false);
        }
        let today = needed_through(now) - 1;
        let asked = self.cursors(NEEDS).await?.first().map(|cursor| cursor.position);
        let is_due = match asked {
            None => true,
            // Once a day: what no message names stays unknown, and is kept.
            Some(day) => day < today && self.is_any(UNKNOWN, vec![micros(before).into()]).await?,
        };
        if asked.is_none() {
            self.store.execute(EARLY, vec![]).await?;
        }
        if is_due {
            self.ask_messages(limit).await?;
            let cursor = Cursor { name: NEEDS.into(), position: today };
            self.move_cursors(&[cursor], &[]).await?;
        }
        Ok(true)
    }

    async fn is_any(
        &self,
        count: Statement,
        values: Vec<super::store::Value>,
    ) -> Result<bool, LedgerError> {
        let mut rows = self.store.rows(count, values).await?;
        Ok(rows.first_mut().map_or(Ok(0), Row::int)? > 0)
    }

    /// Read outside the transaction that writes: a need only grows.
    async fn ask_messages(&self, limit: i64) -> Result<(), LedgerError> {
        let mut after = Uuid::nil();
        loop {
            let rows = self.store.rows(NAMING, vec![after.into(), limit.into()]).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut named: Vec<(DocumentKey, i64)> = Vec::new();
            for mut row in rows {
                let (id, keys) = documents_of(&mut row)?;
                let day = needed_through(time(row.int()?)?);
                named.extend(keys.into_iter().map(|key| (key, day)));
                after = id;
            }
            if let Some(values) = documents::by_day(&named) {
                self.store.execute(NEED, values).await?;
            }
        }
    }

    /// Whether an engine of the release before is alive: it could not read a
    /// reply in journal and record.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub(super) async fn is_exchanged(&self, now: Timestamp) -> Result<bool, LedgerError> {
        let alive = vec![micros(now - SILENCE_MAX).into(), Uuid::nil().into()];
        self.is_any(OLD_ENGINES, alive).await
    }

    /// Has boxes planned that are to be told of their mail and have no moment
    /// for it; answers how many.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn plan_forgotten_notices(&self) -> Result<u64, LedgerError> {
        self.store.execute(UNPLANNED, vec![]).await
    }
}
