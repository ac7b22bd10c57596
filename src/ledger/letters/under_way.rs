//! Tickets on their way to a queue. Their letters are marked as released, and a
//! row names them, in one transaction before the first is published; the row
//! goes when the broker has answered for all of them. A row that lies here when
//! nobody publishes is of one who was killed in between.

use jiff::Timestamp;
use uuid::Uuid;

use super::plans::ids;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Bulk, Column, Row, Statement, Table, Transaction};
use crate::ledger::{Ledger, Records, micros, time};

/// Letters whose tickets are to be published now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// By which it is known.
    pub id: Uuid,
    /// Their job ids, in the order in which they go out.
    pub jobs: Vec<Uuid>,
    /// When they were released.
    pub at: Timestamp,
}

const UNDER_WAY: Table =
    Table { name: "tickets_under_way", columns: &["id", "jobs", "at"], conflict: "" };

const END: Statement = Statement::same("DELETE FROM tickets_under_way WHERE id = $1");

const LEFT: Statement =
    Statement::same("SELECT id, jobs, at FROM tickets_under_way ORDER BY id LIMIT $1");

/// Bounds what is read at once; the rest is found in the next turn.
const LEFT_MAX: i64 = 20;

const RELEASE: Statement = Statement {
    postgres: "UPDATE letters SET released_at = $2
        WHERE job = ANY($1) AND state = 'queued' AND released_at IS NULL AND day IS NOT NULL
          AND printer = $3",
    sqlite: "UPDATE letters SET released_at = $2
        WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL AND printer = $3
          AND job IN (SELECT unhex(value) FROM json_each($1))",
};

/// Not what was moved or released anew since.
const PUT_BACK: Statement = Statement {
    postgres: "UPDATE letters SET released_at = NULL
        WHERE job = ANY($1) AND state = 'queued' AND released_at = $2",
    sqlite: "UPDATE letters SET released_at = NULL
        WHERE state = 'queued' AND released_at = $2
          AND job IN (SELECT unhex(value) FROM json_each($1))",
};

impl UnderWay {
    /// Names letters that this transaction marks; none where there are none.
    pub(super) async fn begin(
        tx: &mut Transaction,
        jobs: Vec<Uuid>,
        at: Timestamp,
    ) -> Result<Option<Self>, LedgerError> {
        if jobs.is_empty() {
            return Ok(None);
        }
        let it = Self { id: Uuid::now_v7(), jobs, at };
        tx.insert(it.row()).await?;
        Ok(Some(it))
    }

    /// The row that names them.
    pub(in crate::ledger) fn row(&self) -> Bulk {
        let jobs = self.jobs.iter().flat_map(|job| *job.as_bytes()).collect();
        let (id, at) = (Column::Ids(vec![self.id]), Column::Ints(vec![micros(self.at)]));
        Bulk::new(&UNDER_WAY, vec![id, Column::Bytes(vec![jobs]), at])
    }

    fn read(mut row: Row) -> Result<Self, LedgerError> {
        let (id, bytes, at) = (row.id()?, row.bytes()?, time(row.int()?)?);
        let jobs = bytes.chunks(16).map(Uuid::from_slice).collect::<Result<_, _>>();
        let jobs = jobs.map_err(|error| LedgerError::Shape(error.to_string()))?;
        Ok(Self { id, jobs, at })
    }

    /// Ends it; those of its letters that did not go out wait again. Who comes
    /// second changes nothing.
    async fn end(&self, tx: &mut Transaction, back: &[Uuid]) -> Result<(), LedgerError> {
        if tx.execute(END, vec![self.id.into()]).await? == 1 && !back.is_empty() {
            tx.execute(PUT_BACK, vec![ids(back), micros(self.at).into()]).await?;
        }
        Ok(())
    }
}

impl Records {
    /// The letters that go out when these are recorded.
    pub(in crate::ledger) fn under_way(&self, at: Timestamp) -> Option<UnderWay> {
        let letters = self.accepted.iter().filter_map(|message| message.letter.as_ref());
        let jobs = letters.filter(|letter| letter.out.is_some()).map(|letter| letter.job);
        self.tickets.map(|id| UnderWay { id, jobs: jobs.collect(), at })
    }
}

impl Ledger {
    /// Marks letters that wait for a printer as released; none where there are
    /// none. What was moved meanwhile waits for the other.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn release_letters(
        &self,
        printer: &str,
        jobs: Vec<Uuid>,
        now: Timestamp,
    ) -> Result<Option<UnderWay>, LedgerError> {
        let mut tx = self.store.begin().await?;
        tx.execute(RELEASE, vec![ids(&jobs), micros(now).into(), printer.into()]).await?;
        let under_way = UnderWay::begin(&mut tx, jobs, now).await?;
        tx.commit().await?;
        Ok(under_way)
    }

    /// The broker answered for all of these; of those that it did not take, new
    /// tickets are written.
    ///
    /// # Errors
    /// `Transient` while the database is away: all of them are then published
    /// again, with the same job ids.
    pub async fn tickets_sent(
        &self,
        under_way: &UnderWay,
        not_taken: &[Uuid],
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        under_way.end(&mut tx, not_taken).await?;
        tx.commit().await
    }

    /// Has tickets written anew of which nobody knows whether they were
    /// published; answers how many. `is_known` says of a row that was found whether
    /// this process is about to publish what it names.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn put_back_tickets(
        &self,
        is_known: impl Fn(Uuid) -> bool,
    ) -> Result<usize, LedgerError> {
        let rows = self.store.glance(LEFT, vec![LEFT_MAX.into()]).await?;
        let left = rows.into_iter().map(UnderWay::read).collect::<Result<Vec<_>, _>>()?;
        // Asked after they were read: none of them can be newer than the answer.
        let left: Vec<UnderWay> = left.into_iter().filter(|it| !is_known(it.id)).collect();
        if left.is_empty() {
            return Ok(0);
        }
        let mut tx = self.store.begin().await?;
        for under_way in &left {
            under_way.end(&mut tx, &under_way.jobs).await?;
        }
        tx.commit().await?;
        Ok(left.iter().map(|under_way| under_way.jobs.len()).sum())
    }
}
