//! Letters that have no printer yet, and what is known of where they go.

use std::collections::HashMap;

use serde::Deserialize;
use uuid::Uuid;

use super::plans::ids;
use super::tickets::MATTER;
use crate::domain::{Enterprise, MessageTypeId, Postal};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement};

/// A letter that has no printer yet.
#[derive(Clone, Debug)]
pub struct UnplannedLetter {
    /// Its job id.
    pub job: Uuid,
    /// The document type.
    pub message_type: MessageTypeId,
    /// Whether it is registered.
    pub registered: bool,
    /// Which letter of its message it is.
    pub attempt: i64,
    /// Where it goes.
    pub destination: Destination,
}

/// What is known of where a letter goes.
#[derive(Clone, Debug)]
pub enum Destination {
    /// Its envelope is written: by its sender, an operator or an earlier plan.
    Written(Area),
    /// Its envelope is to be made of these.
    Sought(Box<Sources>),
}

/// Where an envelope is looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What the sender said of the letter.
    pub postal: Option<Postal>,
    /// What the register knows of the company.
    pub record: Option<Enterprise>,
}

/// Of an envelope, what a plan needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Area {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Without spaces; empty where there is none.
    #[serde(default)]
    pub postal_code: String,
}

/// Of a publication, what a plan needs: the rest of it is passed over.
#[derive(Deserialize)]
struct Posted {
    #[serde(default)]
    postal: Option<Postal>,
}

/// How far the letters without a printer were read: in their order, registered
/// ones first.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadSoFar {
    registered: Uuid,
    others: Uuid,
}

/// One stretch of an index for each of the two; most letters need nothing else.
const UNPLANNED: Statement = Statement::same(
    "SELECT job, message_type, registered, attempt, address
     FROM (SELECT * FROM (SELECT job, message_type, registered, attempt, address FROM letters
             WHERE state = 'queued' AND day IS NULL AND registered = 1 AND job > $1
             ORDER BY job LIMIT $3) r
           UNION ALL
           SELECT * FROM (SELECT job, message_type, registered, attempt, address FROM letters
             WHERE state = 'queued' AND day IS NULL AND registered = 0 AND job > $2
             ORDER BY job LIMIT $3) o) l
     ORDER BY registered DESC, job LIMIT $3",
);

/// A letter as it was read, and whether its envelope is to be sought.
pub(super) fn unplanned(row: &mut Row) -> Result<(UnplannedLetter, bool), LedgerError> {
    let (job, message_type, registered) = (row.id()?, row.parsed()?, row.flag()?);
    let attempt = row.int()?;
    let area = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
    let area = area.map_err(|error| LedgerError::Shape(error.to_string()))?;
    let is_sought = area.is_none();
    let destination = match area {
        Some(area) => Destination::Written(area),
        None => Destination::Sought(Box::default()),
    };
    Ok((UnplannedLetter { job, message_type, registered, attempt, destination }, is_sought))
}

fn sought(mut row: Row) -> Result<(Uuid, Destination), LedgerError> {
    let (job, posted) = (row.id()?, row.json::<Posted>()?);
    let record = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
    let record = record.map_err(|error| LedgerError::Shape(error.to_string()))?;
    Ok((job, Destination::Sought(Box::new(Sources { postal: posted.postal, record }))))
}

impl ReadSoFar {
    /// And so much further.
    fn and(self, letters: &[UnplannedLetter]) -> Self {
        let last = |registered: bool| letters.iter().rev().find(|it| it.registered == registered);
        Self {
            registered: last(true).map_or(self.registered, |letter| letter.job),
            others: last(false).map_or(self.others, |letter| letter.job),
        }
    }
}

impl Ledger {
    /// Letters without a printer, registered ones first, and how far they were
    /// read.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unplanned_letters(
        &self,
        read: ReadSoFar,
        limit: i64,
    ) -> Result<(Vec<UnplannedLetter>, ReadSoFar), LedgerError> {
        let values = vec![read.registered.into(), read.others.into(), limit.into()];
        let mut rows = self.store.glance(UNPLANNED, values).await?;
        let rows = rows.iter_mut().map(unplanned).collect::<Result<Vec<_>, _>>()?;
        let letters = self.with_destinations(rows).await?;
        let read = read.and(&letters);
        Ok((letters, read))
    }

    /// Letters as they were read, each with what its envelope is to be made of.
    pub(super) async fn with_destinations(
        &self,
        rows: Vec<(UnplannedLetter, bool)>,
    ) -> Result<Vec<UnplannedLetter>, LedgerError> {
        let jobs = rows.iter().filter(|(_, is_sought)| *is_sought).map(|(letter, _)| letter.job);
        let mut found = self.destinations(jobs.collect()).await?;
        let letters = rows.into_iter().map(|(mut letter, _)| {
            if let Some(destination) = found.remove(&letter.job) {
                letter.destination = destination;
            }
            letter
        });
        Ok(letters.collect())
    }

    async fn destinations(
        &self,
        jobs: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, Destination>, LedgerError> {
        if jobs.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self.store.glance(MATTER, vec![ids(&jobs)]).await?;
        rows.into_iter().map(sought).collect()
    }
}
