//! Which printer prints a letter, from which day on, and what stands on its
//! envelope; or why it must wait.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::steps::{self, Source, Step};
use crate::domain::{Enterprise, EnterpriseNumber, MessageTypeId, Postal};
use crate::ledger::error::LedgerError;
use crate::ledger::journal;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Ledger, micros};
use crate::paper::address::AddressBlock;
use crate::paper::letter::Event;

/// A letter that has no printer yet.
#[derive(Clone, Debug)]
pub struct UnplannedLetter {
    /// Its job id.
    pub job: Uuid,
    /// The company.
    pub enterprise: EnterpriseNumber,
    /// What the register knows of it.
    pub record: Option<Enterprise>,
    /// The document type.
    pub message_type: MessageTypeId,
    /// Whether it is registered.
    pub registered: bool,
    /// Which letter of its message it is.
    pub attempt: i64,
    /// What an operator wrote on the envelope, or an earlier plan.
    pub address: Option<AddressBlock>,
    /// What the sender said of the letter: its address, above all.
    pub postal: Option<Postal>,
}

/// Of a publication, what a plan needs: the rest of it is passed over.
#[derive(Deserialize)]
struct Posted {
    #[serde(default)]
    postal: Option<Postal>,
}

/// Where a letter goes, or what it waits for.
#[derive(Clone, Debug)]
pub enum PlannedLetter {
    /// To a printer.
    Printed {
        /// Which letter.
        job: Uuid,
        /// By which printer.
        printer: String,
        /// From which Belgian day on, in days since 1970.
        day: i64,
        /// What stands on the envelope.
        address: AddressBlock,
        /// Why, in words.
        why: String,
    },
    /// It is held.
    Held {
        /// Which letter.
        job: Uuid,
        /// A word: what it waits for.
        why: &'static str,
        /// More, in words.
        detail: String,
    },
}

/// How many letters a printer has on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterLoad {
    /// Which printer.
    pub printer: String,
    /// Which Belgian day, in days since 1970.
    pub day: i64,
    /// How many.
    pub letters: i64,
}

/// The page is cut before anything is joined: PostgreSQL would join all that
/// wait, and sort them, for every page of them.
const UNPLANNED: Statement = Statement::same(
    "SELECT l.job, l.enterprise, e.record, l.message_type, l.registered, l.attempt, l.address,
            m.publication
     FROM (SELECT job, enterprise, message, message_type, registered, attempt, address
           FROM letters WHERE state = 'queued' AND day IS NULL
           ORDER BY registered DESC, job LIMIT $1) l
     JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
     LEFT JOIN enterprises e ON e.number = l.enterprise
     ORDER BY l.registered DESC, l.job",
);

/// Only what nobody planned or touched meanwhile.
const PLAN: Statement = Statement {
    postgres: "UPDATE letters l SET printer = r.printer, day = r.day, address = r.address,
            plan = r.plan
        FROM json_to_recordset($1::JSON)
            AS r (job UUID, printer TEXT, day BIGINT, address TEXT, plan TEXT)
        WHERE l.job = r.job AND l.state = 'queued' AND l.day IS NULL",
    sqlite: "UPDATE letters SET printer = r.printer, day = r.day, address = r.address,
            plan = r.plan
        FROM (SELECT unhex(value ->> 'job') AS job, value ->> 'printer' AS printer,
                value ->> 'day' AS day, value ->> 'address' AS address, value ->> 'plan' AS plan
              FROM json_each($1)) AS r
        WHERE letters.job = r.job AND letters.state = 'queued' AND letters.day IS NULL",
};

const HOLD: Statement = Statement {
    postgres: "UPDATE letters l SET held_for = r.why, day = NULL, released_at = NULL
        FROM json_to_recordset($1::JSON) AS r (job UUID, why TEXT) WHERE l.job = r.job",
    sqlite: "UPDATE letters SET held_for = r.why, day = NULL, released_at = NULL
        FROM (SELECT unhex(value ->> 'job') AS job, value ->> 'why' AS why
              FROM json_each($1)) AS r
        WHERE letters.job = r.job",
};

const LOADS: Statement = Statement::same(
    "SELECT printer, day, count(*) FROM letters
     WHERE day >= $1 GROUP BY printer, day ORDER BY printer, day",
);

/// What waits for room or for a printer is planned anew.
const RETRY: Statement = Statement::same(
    "SELECT job FROM letters
     WHERE state = 'held' AND held_for IN ('cap_reached', 'printer_paused')
     ORDER BY job LIMIT $1",
);

fn unplanned(mut row: Row) -> Result<UnplannedLetter, LedgerError> {
    let shape = |error: serde_json::Error| LedgerError::Shape(error.to_string());
    let (job, enterprise) = (row.id()?, enterprise_number(row.int()?)?);
    let record = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
    let (message_type, registered, attempt) = (row.parsed()?, row.flag()?, row.int()?);
    let address = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
    Ok(UnplannedLetter {
        job,
        enterprise,
        record: record.map_err(shape)?,
        message_type,
        registered,
        attempt,
        address: address.map_err(shape)?,
        postal: row.json::<Posted>()?.postal,
    })
}

impl Ledger {
    /// Letters without a printer, registered ones first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unplanned_letters(&self, limit: i64) -> Result<Vec<UnplannedLetter>, LedgerError> {
        let rows = self.store.rows(UNPLANNED, vec![limit.into()]).await?;
        rows.into_iter().map(unplanned).collect()
    }

    /// How many letters each printer was given for each day from one on.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printer_loads(&self, from_day: i64) -> Result<Vec<PrinterLoad>, LedgerError> {
        let rows = self.store.rows(LOADS, vec![from_day.into()]).await?;
        let load = |mut row: Row| {
            Ok(PrinterLoad { printer: row.text()?, day: row.int()?, letters: row.int()? })
        };
        rows.into_iter().map(load).collect()
    }

    /// Writes where letters go; those that must wait are held, and their
    /// agencies told.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn plan_letters(
        &self,
        planned: &[PlannedLetter],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let (mut printed, mut held, mut steps) = (Vec::new(), Vec::new(), Vec::new());
        for letter in planned {
            match letter {
                PlannedLetter::Printed { job, printer, day, address, why } => {
                    let address = serde_json::to_string(address)
                        .map_err(|error| LedgerError::Shape(error.to_string()))?;
                    printed.push(json!({
                        "job": job.simple().to_string(), "printer": printer, "day": day,
                        "address": address, "plan": why,
                    }));
                }
                PlannedLetter::Held { job, why, detail } => {
                    let mut step = Step::ours(*job, Source::Engine, Event::Held, now).because(*why);
                    step.detail = Some(detail.clone());
                    steps.push(step);
                    held.push((*job, *why));
                }
            }
        }
        let mut tx = self.store.begin().await?;
        let jobs: Vec<Uuid> = held.iter().map(|(job, _)| *job).collect();
        let mut letters = steps::lock(&mut tx, &jobs).await?;
        // What was recalled meanwhile is not held.
        steps.retain(|step| letters.get(&step.job).is_some_and(|it| it.state.is_unclaimed()));
        let mut taken = steps::take(&mut tx, &mut letters, &steps, now).await?;
        let taken_up: HashSet<Uuid> = steps.iter().map(|step| step.job).collect();
        held.retain(|(job, _)| taken_up.contains(job));
        if !held.is_empty() {
            tx.execute(HOLD, vec![waits(&held).into()]).await?;
        }
        if !printed.is_empty() {
            let rows = serde_json::Value::from(printed).to_string();
            tx.execute(PLAN, vec![rows.into()]).await?;
        }
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await
    }

    /// Puts letters that waited for a printer back to be planned; answers how
    /// many.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn retry_held_letters(
        &self,
        limit: i64,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut rows = self.store.rows(RETRY, vec![limit.into()]).await?;
        let jobs: Vec<Uuid> = rows.iter_mut().map(Row::id).collect::<Result<_, _>>()?;
        if jobs.is_empty() {
            return Ok(0);
        }
        self.order(&jobs, &Source::Engine, Event::Released, now).await.map(|done| done.len())
    }

    /// Holds a letter that its printer must not have.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn hold_letter(
        &self,
        job: Uuid,
        why: &'static str,
        detail: String,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.plan_letters(&[PlannedLetter::Held { job, why, detail }], now).await
    }
}

/// What each of these letters waits for, as a parameter.
fn waits(held: &[(Uuid, &str)]) -> String {
    let row = |(job, why): &(Uuid, &str)| json!({ "job": job.simple().to_string(), "why": why });
    serde_json::Value::from_iter(held.iter().map(row)).to_string()
}

impl PlannedLetter {
    /// Which letter.
    #[must_use]
    pub fn job(&self) -> Uuid {
        match self {
            Self::Printed { job, .. } | Self::Held { job, .. } => *job,
        }
    }
}

/// Lists of jobs as a parameter.
pub(super) fn ids(jobs: &[Uuid]) -> Value {
    Value::Ids(jobs.to_vec())
}
