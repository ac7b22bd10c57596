//! Which engines are alive, and which of them does what only one should do.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::error::LedgerError;
use super::store::Statement;
use super::{Ledger, micros};

const BEAT: Statement = Statement::same(
    "INSERT INTO engines (id, seen_at) VALUES ($1, $2)
     ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
);

const ALIVE: Statement =
    Statement::same("SELECT count(*) FROM engines WHERE seen_at > $1 AND seen_at < $2");

/// Engines that take from lanes, or took by REST a moment ago: an idle one says
/// so by a lease, so one of an earlier release, which has none, counts.
const SHARING: Statement = Statement::same(
    "SELECT count(*) FROM engines e WHERE e.seen_at > $1 AND e.seen_at < $2
     AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.owner = e.id AND l.name LIKE 'idle/%'
         AND l.until > $3)",
);

const NOT_IDLE: Statement = Statement::same("DELETE FROM leases WHERE owner = $1 AND name = $2");

const BURY: Statement = Statement::same("DELETE FROM engines WHERE seen_at < $1 OR id = $2");

/// Taken when it is free, expired, already ours, or longer than any that is given:
/// then the clock of whoever took it was wrong, and nobody waits for that time.
const LEASE: Statement = Statement::same(
    "INSERT INTO leases (name, owner, until) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
     WHERE leases.until < $4 OR leases.until > $5 OR leases.owner = excluded.owner",
);

const RELEASE: Statement = Statement::same("DELETE FROM leases WHERE owner = $1");

/// An engine that was not seen for so long does not share the pace.
const SILENCE_MAX: SignedDuration = SignedDuration::from_secs(15);
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);

impl Ledger {
    /// Says that an engine is alive; answers how many are, itself included.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn beat(&self, engine: Uuid, now: Timestamp) -> Result<u32, LedgerError> {
        self.store.execute(BEAT, vec![engine.into(), micros(now).into()]).await?;
        self.engines_alive(now).await
    }

    /// Says that an engine is alive, and whether it records documents at a pace;
    /// answers among how many a pace is shared, this engine included.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn beat_sharing(
        &self,
        engine: Uuid,
        is_idle: bool,
        now: Timestamp,
    ) -> Result<u32, LedgerError> {
        let idle = format!("idle/{engine}");
        match is_idle {
            true => drop(self.lease(&idle, engine, now, SILENCE_MAX).await?),
            false => {
                self.store.execute(NOT_IDLE, vec![engine.into(), idle.into()]).await?;
            }
        }
        self.store.execute(BEAT, vec![engine.into(), micros(now).into()]).await?;
        let (since, until) = (micros(now - SILENCE_MAX), micros(now + SILENCE_MAX));
        let values = vec![since.into(), until.into(), micros(now).into()];
        let mut rows = self.store.rows(SHARING, values).await?;
        let others = rows.first_mut().map_or(Ok(0), super::store::Row::int)?;
        // An idle one that begins to take must not take what is not its own.
        let sharing = u32::try_from(others).unwrap_or(0) + u32::from(is_idle);
        Ok(sharing.max(1))
    }

    /// How many engines are alive: one at least, who asks.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn engines_alive(&self, now: Timestamp) -> Result<u32, LedgerError> {
        // Neither silent, nor by a clock that was wrong seen in the future.
        let (since, until) = (micros(now - SILENCE_MAX), micros(now + SILENCE_MAX));
        let mut rows = self.store.rows(ALIVE, vec![since.into(), until.into()]).await?;
        let alive = rows.first_mut().map_or(Ok(1), super::store::Row::int)?;
        Ok(u32::try_from(alive).unwrap_or(1).max(1))
    }

    /// Says that an engine is gone, in order; its share goes to the others.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn leave(&self, engine: Uuid, now: Timestamp) -> Result<(), LedgerError> {
        let forgotten = micros(now - FORGOTTEN_AFTER);
        self.store.execute(BURY, vec![forgotten.into(), engine.into()]).await?;
        self.store.execute(RELEASE, vec![engine.into()]).await.map(drop)
    }

    /// Takes or renews the lease of a task; answers whether it is ours. Two
    /// engines may both believe so for a moment when one was stalled: what
    /// leaves the house carries ids by which a repeat is dropped.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn lease(
        &self,
        task: &str,
        engine: Uuid,
        now: Timestamp,
        length: SignedDuration,
    ) -> Result<bool, LedgerError> {
        // Clocks may differ by the length of a lease.
        let (until, longest) = (micros(now + length), micros(now + length + length));
        let values =
            vec![task.into(), engine.into(), until.into(), micros(now).into(), longest.into()];
        Ok(self.store.execute(LEASE, values).await? == 1)
    }
}
