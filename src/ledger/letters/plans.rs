//! Which printer prints a letter, from which day on, and what stands on its
//! envelope; or why it must wait.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::steps::{self, Source, Step};
use super::under_way::UnderWay;
use crate::domain::{Enterprise, MessageTypeId, Postal};
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, Entry};
use crate::ledger::store::{Bulk, Column, Row, Statement, Table, Transaction, Value};
use crate::ledger::{Ledger, micros};
use crate::paper::address::AddressBlock;
use crate::paper::days;
use crate::paper::letter::Event;

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
        /// What stands on the envelope, where that was made just now.
        address: Option<AddressBlock>,
        /// Why, in words.
        why: String,
        /// Whether its ticket goes out at once.
        is_released: bool,
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

/// What an envelope is made of.
const SOUGHT: Statement = Statement {
    postgres: "SELECT l.job, m.publication, e.record FROM letters l
        JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
        LEFT JOIN enterprises e ON e.number = l.enterprise
        WHERE l.job = ANY($1)",
    sqlite: "SELECT l.job, m.publication, e.record FROM letters l
        JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
        LEFT JOIN enterprises e ON e.number = l.enterprise
        WHERE l.job IN (SELECT unhex(value) FROM json_each($1))",
};

const PLANS: Table = Table {
    name: "letters",
    columns: &["job", "printer", "day", "address", "plan", "released_at"],
    conflict: "",
};

/// Only what nobody planned or touched meanwhile.
const PLAN: Statement = Statement {
    postgres: "UPDATE letters l SET printer = r.printer, day = r.day,
            address = COALESCE(l.address, r.address), plan = r.plan, released_at = r.released_at
        FROM UNNEST($1::UUID[], $2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[])
            AS r (job, printer, day, address, plan, released_at)
        WHERE l.job = r.job AND l.state = 'queued' AND l.day IS NULL",
    sqlite: "UPDATE letters SET printer = r.printer, day = r.day,
            address = COALESCE(letters.address, r.address), plan = r.plan,
            released_at = r.released_at
        FROM (SELECT unhex(value ->> 0) AS job, value ->> 1 AS printer, value ->> 2 AS day,
                value ->> 3 AS address, value ->> 4 AS plan, value ->> 5 AS released_at
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

/// What waits since an earlier day takes the room of this one. What is leased
/// counts as given.
const WAITING: Statement = Statement::same(
    "SELECT CASE WHEN day < $2 THEN $2 ELSE day END, count(*) FROM letters
     WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL AND printer = $1
       AND (day > $2 OR leased_until IS NULL OR leased_until <= $3)
     GROUP BY 1 ORDER BY 1",
);

impl PrinterLoad {
    fn new(printer: &str, day: i64, letters: i64) -> Self {
        Self { printer: printer.to_owned(), day, letters }
    }
}

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
        let mut rows = self.store.rows(UNPLANNED, values).await?;
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
        let rows = self.store.rows(SOUGHT, vec![ids(&jobs)]).await?;
        rows.into_iter().map(sought).collect()
    }

    /// How many letters printers have for each day from today on: what waits for
    /// them, and what they were given.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printer_loads(
        &self,
        printers: &[&str],
        now: Timestamp,
    ) -> Result<Vec<PrinterLoad>, LedgerError> {
        let (mut loads, today) = (Vec::new(), days::today(now));
        for printer in printers {
            let given = self.letters_given(printer, now).await?;
            loads.push(PrinterLoad::new(printer, today, given));
            let values = vec![(*printer).into(), today.into(), micros(now).into()];
            for mut row in self.store.rows(WAITING, values).await? {
                loads.push(PrinterLoad::new(printer, row.int()?, row.int()?));
            }
        }
        Ok(loads)
    }

    /// Writes where letters go, and which of them go out at once: these are
    /// answered. Those that must wait are held, and their agencies told.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn plan_letters(
        &self,
        planned: &[PlannedLetter],
        now: Timestamp,
    ) -> Result<Option<UnderWay>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let mut told = hold(&mut tx, planned, now).await?;
        tx.update(PLAN, plans(planned, now)?).await?;
        let released = planned.iter().filter(|letter| letter.is_released());
        let jobs = released.map(PlannedLetter::job).collect();
        let under_way = UnderWay::begin(&mut tx, jobs, now).await?;
        journal::append(&mut tx, &mut told, micros(now)).await?;
        tx.commit().await?;
        Ok(under_way)
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
        self.plan_letters(&[PlannedLetter::Held { job, why, detail }], now).await.map(drop)
    }
}

/// Holds what must wait; answers what the agencies are told.
async fn hold(
    tx: &mut Transaction,
    planned: &[PlannedLetter],
    now: Timestamp,
) -> Result<Vec<Entry>, LedgerError> {
    let (mut held, mut steps) = (Vec::new(), Vec::new());
    for letter in planned {
        if let PlannedLetter::Held { job, why, detail } = letter {
            let mut step = Step::ours(*job, Source::Engine, Event::Held, now).because(*why);
            step.detail = Some(detail.clone());
            steps.push(step);
            held.push((*job, *why));
        }
    }
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let jobs: Vec<Uuid> = held.iter().map(|(job, _)| *job).collect();
    let mut letters = steps::lock(tx, &jobs).await?;
    // What was recalled meanwhile is not held.
    steps.retain(|step| letters.get(&step.job).is_some_and(|it| it.state.is_unclaimed()));
    let taken = steps::take(tx, &mut letters, &steps, now).await?;
    let taken_up: HashSet<Uuid> = steps.iter().map(|step| step.job).collect();
    held.retain(|(job, _)| taken_up.contains(job));
    tx.execute(HOLD, vec![waits(&held).into()]).await?;
    Ok(taken.journal)
}

/// Where letters go, column by column.
fn plans(planned: &[PlannedLetter], now: Timestamp) -> Result<Bulk, LedgerError> {
    let (mut jobs, mut printers, mut days) = (Vec::new(), Vec::new(), Vec::new());
    let (mut addresses, mut plans, mut released) = (Vec::new(), Vec::new(), Vec::new());
    for letter in planned {
        let PlannedLetter::Printed { job, printer, day, address, why, is_released } = letter else {
            continue;
        };
        let address = address.as_ref().map(serde_json::to_string).transpose();
        addresses.push(address.map_err(|error| LedgerError::Shape(error.to_string()))?);
        jobs.push(*job);
        printers.push(printer.clone());
        days.push(*day);
        plans.push(why.clone());
        released.push(is_released.then_some(micros(now)));
    }
    let columns = vec![
        Column::Ids(jobs),
        Column::Texts(printers),
        Column::Ints(days),
        Column::OptTexts(addresses),
        Column::Texts(plans),
        Column::OptInts(released),
    ];
    Ok(Bulk::new(&PLANS, columns))
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

    /// Whether its ticket goes out at once.
    #[must_use]
    pub fn is_released(&self) -> bool {
        matches!(self, Self::Printed { is_released: true, .. })
    }
}

/// Lists of jobs as a parameter.
pub(super) fn ids(jobs: &[Uuid]) -> Value {
    Value::Ids(jobs.to_vec())
}
