//! Letters on their way to their printer: released as tickets, or leased to a
//! machine that asks for some.

use jiff::Timestamp;
use uuid::Uuid;

use super::plans::ids;
use super::tickets::{LEASED, LetterTicket, tickets};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement};
use crate::ledger::{Ledger, micros, time};
use crate::paper::days;

/// Which letters of a printer may go out now.
#[derive(Clone, Copy, Debug)]
pub struct Releasable<'a> {
    /// Which printer.
    pub printer: &'a str,
    /// Today in Belgium, in days since 1970.
    pub today: i64,
    /// At most so many.
    pub limit: i64,
}

const TO_RELEASE: Statement = Statement::same(
    "SELECT job FROM letters
     WHERE state = 'queued' AND released_at IS NULL AND printer = $1 AND day <= $2
     ORDER BY registered DESC, day, job LIMIT $3",
);

const TO_LEASE: Statement = Statement::same(
    "SELECT job FROM letters
     WHERE state = 'queued' AND released_at IS NULL AND printer = $1 AND day <= $2
       AND (leased_until IS NULL OR leased_until < $4)
     ORDER BY registered DESC, day, job LIMIT $3",
);

/// Says every condition again: two machines may have read the same, and the
/// letter may have been moved while this waited for it.
const LEASE: Statement = Statement {
    postgres: "UPDATE letters SET claimant = $2, leased_until = $3
        WHERE job = ANY($1) AND state = 'queued' AND released_at IS NULL AND printer = $5
          AND day <= $6 AND (leased_until IS NULL OR leased_until < $4)",
    sqlite: "UPDATE letters SET claimant = $2, leased_until = $3
        WHERE state = 'queued' AND released_at IS NULL AND printer = $5
          AND day <= $6 AND (leased_until IS NULL OR leased_until < $4)
          AND job IN (SELECT unhex(value) FROM json_each($1))",
};

/// Tickets whose link has ended and that nobody claimed are written anew.
const OVERDUE: Statement = Statement::same(
    "UPDATE letters SET released_at = NULL
     WHERE printer = $1 AND state = 'queued' AND released_at < $2",
);

/// What it claimed today, and what it may claim at any moment: tickets of
/// whichever day, and what is leased.
const GIVEN_TODAY: Statement = Statement::same(
    "SELECT (SELECT count(*) FROM letters WHERE printer = $1 AND claimed_at >= $2)
          + (SELECT count(*) FROM letters
             WHERE printer = $1 AND state = 'queued' AND released_at IS NOT NULL)
          + (SELECT count(*) FROM letters
             WHERE printer = $1 AND state = 'queued' AND released_at IS NULL
               AND day <= $3 AND leased_until > $4)",
);

/// Each part has an index of its own.
const OLDEST: Statement = Statement::same(
    "SELECT printer, min(created_at)
     FROM (SELECT printer, created_at FROM letters
           WHERE state = 'queued' AND released_at IS NOT NULL
           UNION ALL
           SELECT printer, created_at FROM letters
           WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL
           UNION ALL
           SELECT printer, created_at FROM letters WHERE state = 'queued' AND day IS NULL) l
     GROUP BY printer",
);

const UNRELEASED: Statement = Statement::same(
    "SELECT (SELECT count(*) FROM letters
             WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL)
          + (SELECT count(*) FROM letters WHERE state = 'queued' AND day IS NULL)",
);

impl Ledger {
    /// Letters that may go to their printer and were not released yet,
    /// registered ones first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_to_release(
        &self,
        which: Releasable<'_>,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let values = vec![which.printer.into(), which.today.into(), which.limit.into()];
        let mut rows = self.store.glance(TO_RELEASE, values).await?;
        rows.iter_mut().map(Row::id).collect()
    }

    /// How many letters a machine of a printer would be leased.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_to_lease(
        &self,
        which: Releasable<'_>,
        now: Timestamp,
    ) -> Result<i64, LedgerError> {
        let values =
            vec![which.printer.into(), which.today.into(), which.limit.into(), micros(now).into()];
        let rows = self.store.rows(TO_LEASE, values).await?;
        Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
    }

    /// Leases letters to a machine of a printer: nobody else is offered them
    /// until then. What it does not claim meanwhile is offered again.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn lease_letters(
        &self,
        which: Releasable<'_>,
        claimant: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<LetterTicket>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let values =
            vec![which.printer.into(), which.today.into(), which.limit.into(), micros(now).into()];
        let mut rows = tx.rows(TO_LEASE, values).await?;
        let jobs: Vec<Uuid> = rows.iter_mut().map(Row::id).collect::<Result<_, _>>()?;
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let until = micros(until);
        let values = vec![
            ids(&jobs),
            claimant.into(),
            until.into(),
            micros(now).into(),
            which.printer.into(),
            which.today.into(),
        ];
        tx.execute(LEASE, values).await?;
        let values = vec![ids(&jobs), claimant.into(), until.into(), which.printer.into()];
        let rows = tx.rows(LEASED, values).await?;
        let reference = self.reference_in(&mut tx).await?;
        let leased = tickets(rows, &reference);
        tx.commit().await?;
        leased
    }

    /// Has the unclaimed tickets of a printer that were released before
    /// `before` written anew; answers how many.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn release_again(
        &self,
        printer: &str,
        before: Timestamp,
    ) -> Result<u64, LedgerError> {
        self.store.execute(OVERDUE, vec![printer.into(), micros(before).into()]).await
    }

    /// How many letters a printer was given today, or has in its hands to
    /// claim.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_given(&self, printer: &str, now: Timestamp) -> Result<i64, LedgerError> {
        let (began, today) = (micros(days::began(now)), days::today(now));
        let values = vec![printer.into(), began.into(), today.into(), micros(now).into()];
        let mut rows = self.store.rows(GIVEN_TODAY, values).await?;
        rows.first_mut().map_or(Ok(0), Row::int)
    }

    /// How many letters wait in the ledger: planned or not, not released.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unreleased_letters(&self) -> Result<i64, LedgerError> {
        let mut rows = self.store.rows(UNRELEASED, vec![]).await?;
        rows.first_mut().map_or(Ok(0), Row::int)
    }

    /// For each printer, when its oldest unclaimed letter was made.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn oldest_letters(&self) -> Result<Vec<(String, Timestamp)>, LedgerError> {
        let rows = self.store.rows(OLDEST, vec![]).await?;
        rows.into_iter().map(|mut row| Ok((row.text()?, time(row.int()?)?))).collect()
    }
}
