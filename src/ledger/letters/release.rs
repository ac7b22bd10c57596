//! Letters on their way to their printer: released as tickets, or leased to a
//! machine that asks for some.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::plans::ids;
use super::under_way::UnderWay;
use crate::domain::{
    Attachment, Digest, Enterprise, EnterpriseNumber, Language, MessageId, Organization, Postal,
    Texts,
};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::{Reference, enterprise_number};
use crate::ledger::store::{Row, Statement};
use crate::ledger::{Ledger, micros, time};
use crate::paper::address::AddressBlock;
use crate::paper::days;
use crate::paper::letter::LetterState;

/// Everything that a ticket is made of.
#[derive(Clone, Debug)]
pub struct LetterTicket {
    /// The job id, by which a printer drops a repeat.
    pub job: Uuid,
    /// Where it stands.
    pub state: LetterState,
    /// The company.
    pub enterprise: EnterpriseNumber,
    /// The language it is written to in.
    pub language: Language,
    /// What the register knows of it, where the envelope is still to be made.
    pub record: Option<Enterprise>,
    /// Who sends it.
    pub organization: Option<Organization>,
    /// The message.
    pub message: MessageId,
    /// The sender application.
    pub application: String,
    /// Of which type.
    pub message_type: String,
    /// Whether it is registered.
    pub registered: bool,
    /// Which letter of its message it is.
    pub attempt: i64,
    /// Which printer.
    pub printer: String,
    /// What stands on the envelope; none before it is planned.
    pub address: Option<AddressBlock>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Of the publication: options and content.
    pub publication: Printed,
    /// How many pages its documents have, as far as it was looked up.
    pub pages: BTreeMap<Digest, u32>,
}

/// Of a publication, what a letter is made of: the rest of it is passed over.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Printed {
    /// Title.
    pub subject: Texts,
    /// What is printed beside the text.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Text of the message itself.
    #[serde(default)]
    pub body_content: Texts,
    /// Whether the body is the main content.
    #[serde(default)]
    pub is_body_main_content: bool,
    /// How the letter is to be made.
    #[serde(default)]
    pub postal: Option<Postal>,
}

/// Of a company's record, what every ticket says.
#[derive(Deserialize)]
struct Spoken {
    language: Language,
}

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

macro_rules! tickets {
    ($rest:literal) => {
        concat!(
            "SELECT l.job, l.state, l.enterprise, l.organization, l.message, l.application,
                    l.message_type, l.registered, l.attempt, l.printer, l.address, e.record,
                    l.created_at, m.publication
             FROM letters l
             JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
             LEFT JOIN enterprises e ON e.number = l.enterprise ",
            $rest
        )
    };
}

const TICKET: Statement = Statement::same(tickets!("WHERE l.job = $1"));

/// Only what is still released as it was marked: nothing that was moved,
/// called back or claimed since.
const TICKETS: Statement = Statement {
    postgres: tickets!(
        "WHERE l.job = ANY($1) AND l.state = 'queued' AND l.released_at = $2
         ORDER BY l.registered DESC, l.day, l.job"
    ),
    sqlite: tickets!(
        "WHERE l.job IN (SELECT unhex(value) FROM json_each($1)) AND l.state = 'queued'
           AND l.released_at = $2
         ORDER BY l.registered DESC, l.day, l.job"
    ),
};

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

const LEASED: Statement = Statement {
    postgres: tickets!(
        "WHERE l.job = ANY($1) AND l.claimant = $2 AND l.leased_until = $3 AND l.printer = $4
           AND l.state = 'queued'
         ORDER BY l.registered DESC, l.day, l.job"
    ),
    sqlite: tickets!(
        "WHERE l.job IN (SELECT unhex(value) FROM json_each($1)) AND l.claimant = $2
           AND l.leased_until = $3 AND l.printer = $4 AND l.state = 'queued'
         ORDER BY l.registered DESC, l.day, l.job"
    ),
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

fn ticket(mut row: Row, reference: &Reference) -> Result<LetterTicket, LedgerError> {
    let shape = |error: serde_json::Error| LedgerError::Shape(error.to_string());
    let (job, state, enterprise) = (row.id()?, row.parsed()?, enterprise_number(row.int()?)?);
    let organization = reference.organizations.get(&enterprise_number(row.int()?)?).cloned();
    let (message, application, message_type) = (row.id()?, row.text()?, row.text()?);
    let (registered, attempt, printer) = (row.flag()?, row.int()?, row.text()?);
    let address = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
    let address: Option<AddressBlock> = address.map_err(shape)?;
    let record = row.opt_text()?;
    let spoken = record.as_deref().map(serde_json::from_str::<Spoken>).transpose();
    let record = record.filter(|_| address.is_none());
    let record = record.as_deref().map(serde_json::from_str).transpose();
    Ok(LetterTicket {
        job,
        state,
        enterprise,
        language: spoken.map_err(shape)?.map_or(Language::Fr, |it| it.language),
        record: record.map_err(shape)?,
        organization,
        message: MessageId(message),
        application,
        message_type,
        registered,
        attempt,
        printer,
        address,
        created_at: time(row.int()?)?,
        publication: row.json()?,
        pages: BTreeMap::new(),
    })
}

fn tickets(rows: Vec<Row>, reference: &Reference) -> Result<Vec<LetterTicket>, LedgerError> {
    rows.into_iter().map(|row| ticket(row, reference)).collect()
}

impl Ledger {
    /// What a ticket of one letter is made of.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letter_ticket(&self, job: Uuid) -> Result<Option<LetterTicket>, LedgerError> {
        let mut rows = self.store.rows(TICKET, vec![job.into()]).await?;
        let Some(row) = rows.pop() else { return Ok(None) };
        let reference = self.reference().await?;
        ticket(row, &reference).map(Some)
    }

    /// What the tickets are made of that are to be published now, registered
    /// ones first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn tickets_of(&self, under_way: &UnderWay) -> Result<Vec<LetterTicket>, LedgerError> {
        let values = vec![ids(&under_way.jobs), micros(under_way.at).into()];
        let rows = self.store.rows(TICKETS, values).await?;
        let reference = self.reference().await?;
        tickets(rows, &reference)
    }

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
        let mut rows = self.store.rows(TO_RELEASE, values).await?;
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
