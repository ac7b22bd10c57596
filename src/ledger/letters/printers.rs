//! What is known of printers beside their configuration.

use jiff::Timestamp;
use uuid::Uuid;

use super::steps::Source;
use crate::ledger::controls::{Act, operated};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement};
use crate::ledger::{Ledger, micros, time};

/// How a printer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrinterStanding {
    /// Its name.
    pub name: String,
    /// When it last said anything.
    pub seen_at: Option<Timestamp>,
    /// Since when it counts as silent.
    pub silent_since: Option<Timestamp>,
    /// Whether an operator stopped it.
    pub is_paused: bool,
    /// Since when its oldest ticket lies unclaimed.
    pub unclaimed_since: Option<Timestamp>,
}

const SEEN: Statement = Statement::same(
    "INSERT INTO printers (name, seen_at, paused) VALUES ($1, $2, 0)
     ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, silent_since = NULL
     WHERE printers.seen_at IS NULL OR printers.seen_at < excluded.seen_at",
);

const PAUSE: Statement = Statement::same(
    "INSERT INTO printers (name, paused) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET paused = excluded.paused",
);

const SILENT: Statement = Statement::same(
    "INSERT INTO printers (name, silent_since, paused) VALUES ($1, $2, 0)
     ON CONFLICT (name) DO UPDATE SET silent_since = excluded.silent_since
     WHERE printers.silent_since IS NULL",
);

const STANDINGS: Statement = Statement::same(
    "SELECT p.name, p.seen_at, p.silent_since, p.paused,
            (SELECT min(l.released_at) FROM letters l
             WHERE l.printer = p.name AND l.state = 'queued' AND l.released_at IS NOT NULL)
     FROM printers p ORDER BY p.name",
);

/// A printer is listed from its first ticket on, heard of or not.
const LIST: Statement = Statement::same(
    "INSERT INTO printers (name, paused) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING",
);

const UNCLAIMED: Statement = Statement::same(
    "SELECT job FROM letters WHERE printer = $1 AND state = 'queued' AND address IS NOT NULL
     ORDER BY job LIMIT $2",
);

impl Ledger {
    /// A printer said something: it is alive.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printer_seen(&self, name: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.store.execute(SEEN, vec![name.into(), micros(now).into()]).await.map(drop)
    }

    /// Makes printers known.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn list_printers(&self, names: &[&str]) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        for name in names {
            tx.execute(LIST, vec![(*name).into()]).await?;
        }
        tx.commit().await
    }

    /// Stops a printer, or lets it go on.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn pause_printer(
        &self,
        name: &str,
        is_paused: bool,
        act: Act<'_>,
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        tx.execute(PAUSE, vec![name.into(), is_paused.into()]).await?;
        let word = if is_paused { "printer-paused" } else { "printer-resumed" };
        operated(&mut tx, word, name, act).await?;
        tx.commit().await
    }

    /// A printer counts as silent; answers whether that is news.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printer_is_silent(&self, name: &str, now: Timestamp) -> Result<bool, LedgerError> {
        Ok(self.store.execute(SILENT, vec![name.into(), micros(now).into()]).await? == 1)
    }

    /// How every printer stands that was ever listed or heard of.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printer_standings(&self) -> Result<Vec<PrinterStanding>, LedgerError> {
        let rows = self.store.glance(STANDINGS, vec![]).await?;
        rows.into_iter().map(standing).collect()
    }

    /// Moves unclaimed letters of a printer to another, some at a time; answers
    /// how many. What is claimed stays: an operator moves it letter by letter.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn move_unclaimed(
        &self,
        from: &str,
        to: &str,
        day: i64,
        limit: i64,
        source: &Source,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut rows = self.store.rows(UNCLAIMED, vec![from.into(), limit.into()]).await?;
        let jobs: Vec<Uuid> = rows.iter_mut().map(Row::id).collect::<Result<_, _>>()?;
        if jobs.is_empty() {
            return Ok(0);
        }
        self.reassign(&jobs, to, day, source, now).await.map(|done| done.moved)
    }
}

fn standing(mut row: Row) -> Result<PrinterStanding, LedgerError> {
    Ok(PrinterStanding {
        name: row.text()?,
        seen_at: row.opt_int()?.map(time).transpose()?,
        silent_since: row.opt_int()?.map(time).transpose()?,
        is_paused: row.flag()?,
        unclaimed_since: row.opt_int()?.map(time).transpose()?,
    })
}
