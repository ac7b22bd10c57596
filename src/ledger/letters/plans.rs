//! Which printer prints a letter, from which day on, and what stands on its
//! envelope; or why it must wait.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::locked::{self, Locked};
use super::steps::{self, Source, Step};
use super::tickets::LetterTicket;
use super::under_way::UnderWay;
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, Entry};
use crate::ledger::store::{Bulk, Column, Statement, Table, Transaction, Value};
use crate::ledger::{Ledger, micros};
use crate::paper::address::AddressBlock;
use crate::paper::days;
use crate::paper::letter::Event;

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
        /// Whose it was when that was found; none: nobody had planned it. What was
        /// planned or moved since is not held.
        printer: Option<String>,
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

impl Ledger {
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

    /// Holds a letter that its printer must not have, unless it was moved since.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn hold_letter(
        &self,
        letter: &LetterTicket,
        why: &'static str,
        detail: String,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let (job, printer) = (letter.job, Some(letter.printer.clone()));
        self.plan_letters(&[PlannedLetter::Held { job, why, detail, printer }], now).await.map(drop)
    }
}

/// Holds what must wait; answers what the agencies are told.
async fn hold(
    tx: &mut Transaction,
    planned: &[PlannedLetter],
    now: Timestamp,
) -> Result<Vec<Entry>, LedgerError> {
    let is_held = |letter: &&PlannedLetter| matches!(letter, PlannedLetter::Held { .. });
    let jobs: Vec<Uuid> = planned.iter().filter(is_held).map(PlannedLetter::job).collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut letters = locked::lock(tx, &jobs).await?;
    let (mut held, mut steps) = (Vec::new(), Vec::new());
    for letter in planned {
        if let PlannedLetter::Held { job, why, detail, printer } = letter
            && letters.get(job).is_some_and(|it| it.is_as_found(printer.as_deref()))
        {
            let mut step = Step::ours(*job, Source::Engine, Event::Held, now).because(*why);
            step.detail = Some(detail.clone());
            steps.push(step);
            held.push((*job, *why));
        }
    }
    let taken = steps::take(tx, &mut letters, &steps, now).await?;
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

impl Locked {
    /// Whether what was found of it, under its printer or without one, still
    /// holds: it was neither claimed, recalled, moved nor planned since.
    fn is_as_found(&self, printer: Option<&str>) -> bool {
        let is_same = match printer {
            Some(printer) => self.printer == printer,
            None => !self.is_planned,
        };
        self.state.is_unclaimed() && is_same
    }
}

/// Lists of jobs as a parameter.
pub(super) fn ids(jobs: &[Uuid]) -> Value {
    Value::Ids(jobs.to_vec())
}
