//! Letters as operators see them.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::MessageId;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Ledger, time};
use crate::paper::address::AddressBlock;
use crate::paper::letter::LetterState;

/// Which letters.
#[derive(Clone, Debug, Default)]
pub struct LetterFilter {
    /// In this state.
    pub state: Option<LetterState>,
    /// Of this printer.
    pub printer: Option<String>,
    /// Of this sender application.
    pub application: Option<String>,
    /// Of this message.
    pub message: Option<MessageId>,
    /// At most so many.
    pub limit: i64,
}

/// A letter.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Letter")]
#[serde(rename_all = "camelCase")]
pub struct LetterRow {
    /// Its job id.
    pub job_id: Uuid,
    /// Where it stands.
    pub state: LetterState,
    /// What it waits for, where it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_for: Option<String>,
    /// Its message.
    pub message_id: MessageId,
    /// Its sender application.
    pub application: String,
    /// Its type.
    pub message_type: String,
    /// Why it was made: `decision`, `unread` or `sent_again`.
    pub cause: String,
    /// The letter that it was sent again for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Uuid>,
    /// Which letter of its message it is.
    pub attempt: i64,
    /// Whether it is registered.
    pub registered: bool,
    /// Its printer; empty before it is planned.
    pub printer: String,
    /// From which Belgian day on, in days since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<i64>,
    /// Why this printer and this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What stands on the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressBlock>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its ticket was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Timestamp>,
    /// When it was claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// Which machine of its printer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimant: Option<String>,
}

/// Something that happened to it, or was said to have.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterEvent {
    /// Who says so.
    pub source: String,
    /// Its id.
    pub event_id: String,
    /// What.
    pub kind: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// More, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When, by its source's clock.
    pub at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What became of it.
    pub verdict: String,
    /// Where the letter stood afterwards.
    pub state: LetterState,
}

macro_rules! letters {
    ($rest:literal) => {
        concat!(
            "SELECT job, state, held_for, message, application, message_type, cause, original,
                    attempt, registered, printer, day, plan, address, created_at, released_at,
                    claimed_at, claimant
             FROM letters ",
            $rest
        )
    };
}

const LIST: Statement = Statement::same(letters!(
    "WHERE ($1 = '' OR state = $1) AND ($2 = '' OR printer = $2) AND ($3 = '' OR application = $3)
       AND ($4 IS NULL OR message = $4)
     ORDER BY job DESC LIMIT $5"
));

const SHOW: Statement = Statement::same(letters!("WHERE job = $1"));

const EVENTS: Statement = Statement::same(
    "SELECT source, event, kind, cause, detail, at, recorded_at, verdict, state
     FROM letter_events WHERE job = $1 ORDER BY id",
);

const WITHOUT_REPORT: Statement = Statement::same(letters!(
    "WHERE printer = $1 AND state = 'claimed' AND ($2 = '' OR claimant = $2)
     ORDER BY job LIMIT $3"
));

fn letter(mut row: Row) -> Result<LetterRow, LedgerError> {
    let at = |micros: Option<i64>| micros.map(time).transpose();
    Ok(LetterRow {
        job_id: row.id()?,
        state: row.parsed()?,
        held_for: row.opt_text()?,
        message_id: MessageId(row.id()?),
        application: row.text()?,
        message_type: row.text()?,
        cause: row.text()?,
        original: row.opt_id()?,
        attempt: row.int()?,
        registered: row.flag()?,
        printer: row.text()?,
        day: row.opt_int()?,
        plan: row.opt_text()?,
        address: row
            .opt_text()?
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| LedgerError::Shape(error.to_string()))?,
        created_at: time(row.int()?)?,
        released_at: at(row.opt_int()?)?,
        claimed_at: at(row.opt_int()?)?,
        claimant: row.opt_text()?,
    })
}

fn event(mut row: Row) -> Result<LetterEvent, LedgerError> {
    Ok(LetterEvent {
        source: row.text()?,
        event_id: row.text()?,
        kind: row.text()?,
        cause: row.opt_text()?,
        detail: row.opt_text()?,
        at: time(row.int()?)?,
        recorded_at: time(row.int()?)?,
        verdict: row.text()?,
        state: row.parsed()?,
    })
}

const BY_PRINTER: Statement =
    Statement::same("SELECT printer, state, count(*) FROM letters GROUP BY printer, state");

/// By the indexes of letters that are under way: those that came to their end are
/// not read.
const IN_HAND: Statement = Statement::same(
    "SELECT state, count(*) FROM letters
     WHERE printer = $1 AND printer <> '' AND state IN ('queued', 'claimed', 'printed')
     GROUP BY state ORDER BY state",
);

impl Ledger {
    /// How many letters wait for a printer, or were claimed by it and are not at
    /// the post, by state; a state without any is left out.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_in_hand(
        &self,
        printer: &str,
    ) -> Result<Vec<(LetterState, u64)>, LedgerError> {
        let rows = self.store.rows(IN_HAND, vec![printer.into()]).await?;
        let count = |mut row: Row| Ok((row.parsed()?, row.int()?.unsigned_abs()));
        rows.into_iter().map(count).collect()
    }

    /// How many letters each printer has in each state.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_by_printer(&self) -> Result<Vec<(String, LetterState, i64)>, LedgerError> {
        let rows = self.store.rows(BY_PRINTER, vec![]).await?;
        rows.into_iter().map(|mut row| Ok((row.text()?, row.parsed()?, row.int()?))).collect()
    }

    /// Letters, newest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters(&self, filter: &LetterFilter) -> Result<Vec<LetterRow>, LedgerError> {
        let values: Vec<Value> = vec![
            filter.state.map_or("", LetterState::as_str).into(),
            filter.printer.as_deref().unwrap_or_default().into(),
            filter.application.as_deref().unwrap_or_default().into(),
            filter.message.map(|message| message.0).into(),
            filter.limit.into(),
        ];
        self.store.rows(LIST, values).await?.into_iter().map(letter).collect()
    }

    /// A letter with everything that was recorded of it, in order.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letter(
        &self,
        job: Uuid,
    ) -> Result<Option<(LetterRow, Vec<LetterEvent>)>, LedgerError> {
        let Some(row) = self.store.rows(SHOW, vec![job.into()]).await?.pop() else {
            return Ok(None);
        };
        let events = self.store.rows(EVENTS, vec![job.into()]).await?;
        let events: Result<Vec<LetterEvent>, LedgerError> = events.into_iter().map(event).collect();
        Ok(Some((letter(row)?, events?)))
    }

    /// What a printer has claimed and not reported of, by a machine of it or by
    /// all.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_claimed(
        &self,
        printer: &str,
        claimant: Option<&str>,
        limit: i64,
    ) -> Result<Vec<LetterRow>, LedgerError> {
        let claimant = claimant.unwrap_or_default();
        let values = vec![printer.into(), claimant.into(), limit.into()];
        self.store.rows(WITHOUT_REPORT, values).await?.into_iter().map(letter).collect()
    }
}
