//! What the relay needs: cursors over the journal, and letters to release.

use jiff::Timestamp;
use uuid::Uuid;

use super::error::LedgerError;
use super::reference::enterprise_number;
use super::store::{Row, Statement, Value};
use super::{Ledger, micros, time};
use crate::domain::{EnterpriseNumber, MessageId, Publication};

/// How far something has followed the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of what.
    pub name: String,
    /// Through which position.
    pub position: i64,
}

/// A letter that is ready to be released to its printer.
#[derive(Clone, Debug)]
pub struct LetterTicket {
    /// The job id, by which a printer drops a repeat.
    pub job: Uuid,
    /// The company.
    pub enterprise: EnterpriseNumber,
    /// The company's name, where the registry knows it.
    pub record: Option<crate::domain::Enterprise>,
    /// The message.
    pub message: MessageId,
    /// The sender application.
    pub application: String,
    /// Of which type.
    pub message_type: String,
    /// Whether it is registered.
    pub registered: bool,
    /// Which printer.
    pub printer: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The publication, for options and attachments.
    pub publication: Publication,
}

const CURSORS: Statement =
    Statement::same("SELECT name, position FROM cursors WHERE name LIKE $1 ORDER BY name");

const MOVE: Statement = Statement::same(
    "INSERT INTO cursors (name, position) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET position = excluded.position
     WHERE cursors.position < excluded.position",
);

const DROP: Statement = Statement::same("DELETE FROM cursors WHERE name = $1");

const TO_RELEASE: Statement = Statement::same(
    "SELECT l.job, l.enterprise, e.record, l.message, l.application, m.message_type, l.registered,
            l.printer, l.created_at, m.publication
     FROM letters l
     JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
     LEFT JOIN enterprises e ON e.number = l.enterprise
     WHERE l.released_at IS NULL ORDER BY l.registered DESC, l.job LIMIT $1",
);

const RELEASED: Statement = Statement {
    postgres: "UPDATE letters SET released_at = $2 WHERE job = ANY($1) AND released_at IS NULL",
    sqlite: "UPDATE letters SET released_at = $2 WHERE released_at IS NULL
        AND job IN (SELECT unhex(value) FROM json_each($1))",
};

const UNRELEASED: Statement =
    Statement::same("SELECT count(*), min(created_at) FROM letters WHERE released_at IS NULL");

fn ticket(mut row: Row) -> Result<LetterTicket, LedgerError> {
    let (job, enterprise) = (row.id()?, enterprise_number(row.int()?)?);
    let record = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
    Ok(LetterTicket {
        job,
        enterprise,
        record: record.map_err(|error| LedgerError::Shape(error.to_string()))?,
        message: MessageId(row.id()?),
        application: row.text()?,
        message_type: row.text()?,
        registered: row.flag()?,
        printer: row.text()?,
        created_at: time(row.int()?)?,
        publication: row.json()?,
    })
}

impl Ledger {
    /// Cursors whose name begins with a prefix.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn cursors(&self, prefix: &str) -> Result<Vec<Cursor>, LedgerError> {
        let rows = self.store.rows(CURSORS, vec![format!("{prefix}%").into()]).await?;
        rows.into_iter()
            .map(|mut row| Ok(Cursor { name: row.text()?, position: row.int()? }))
            .collect()
    }

    /// Moves cursors forward, never back, and drops others, in one
    /// transaction.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn move_cursors(
        &self,
        forward: &[Cursor],
        dropped: &[String],
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        for cursor in forward {
            tx.execute(MOVE, vec![cursor.name.as_str().into(), cursor.position.into()]).await?;
        }
        for name in dropped {
            tx.execute(DROP, vec![name.as_str().into()]).await?;
        }
        tx.commit().await
    }

    /// Letters that were not released yet, registered ones first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_to_release(&self, limit: i64) -> Result<Vec<LetterTicket>, LedgerError> {
        let rows = self.store.rows(TO_RELEASE, vec![limit.into()]).await?;
        rows.into_iter().map(ticket).collect()
    }

    /// Marks letters as released, after the broker took their tickets.
    ///
    /// # Errors
    /// `Transient` while the database is away: the tickets are then published
    /// again, with the same job ids.
    pub async fn released(&self, jobs: &[Uuid], now: Timestamp) -> Result<u64, LedgerError> {
        let values = vec![Value::Ids(jobs.to_vec()), micros(now).into()];
        self.store.execute(RELEASED, values).await
    }

    /// How many letters wait to be released.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unreleased_letters(&self) -> Result<i64, LedgerError> {
        let mut rows = self.store.rows(UNRELEASED, vec![]).await?;
        rows.first_mut().map_or(Ok(0), Row::int)
    }

    /// When the letter was made that waits longest.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn oldest_unreleased_letter(&self) -> Result<Option<Timestamp>, LedgerError> {
        let mut rows = self.store.rows(UNRELEASED, vec![]).await?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        row.int()?;
        row.opt_int()?.map(time).transpose()
    }
}
