//! What tickets are made of: letters' rows, publications, companies' records.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::fresh::Matter;
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

macro_rules! tickets {
    ($rest:literal) => {
        concat!(
            "SELECT l.job, l.state, l.enterprise, l.organization, l.message, l.application,
                    l.message_type, l.registered, l.attempt, l.printer, l.address, l.created_at,
                    m.publication, e.record
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
const RELEASED: Statement = Statement {
    postgres: "SELECT job, state, enterprise, organization, message, application, message_type,
            registered, attempt, printer, address, created_at
        FROM letters WHERE job = ANY($1) AND state = 'queued' AND released_at = $2
        ORDER BY registered DESC, day, job",
    sqlite: "SELECT job, state, enterprise, organization, message, application, message_type,
            registered, attempt, printer, address, created_at
        FROM letters WHERE state = 'queued' AND released_at = $2
          AND job IN (SELECT unhex(value) FROM json_each($1))
        ORDER BY registered DESC, day, job",
};

/// What envelopes are made of, and with a row of its own a ticket.
pub(super) const MATTER: Statement = Statement {
    postgres: "SELECT l.job, m.publication, e.record FROM letters l
        JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
        LEFT JOIN enterprises e ON e.number = l.enterprise
        WHERE l.job = ANY($1)",
    sqlite: "SELECT l.job, m.publication, e.record FROM letters l
        JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
        LEFT JOIN enterprises e ON e.number = l.enterprise
        WHERE l.job IN (SELECT unhex(value) FROM json_each($1))",
};

pub(super) const LEASED: Statement = Statement {
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

/// A letter's row, without what it is made of.
struct LetterOnly {
    job: Uuid,
    state: LetterState,
    enterprise: EnterpriseNumber,
    organization: EnterpriseNumber,
    message: MessageId,
    application: String,
    message_type: String,
    registered: bool,
    attempt: i64,
    printer: String,
    address: Option<AddressBlock>,
    created_at: Timestamp,
}

impl LetterOnly {
    fn read(row: &mut Row) -> Result<Self, LedgerError> {
        Ok(Self {
            job: row.id()?,
            state: row.parsed()?,
            enterprise: enterprise_number(row.int()?)?,
            organization: enterprise_number(row.int()?)?,
            message: MessageId(row.id()?),
            application: row.text()?,
            message_type: row.text()?,
            registered: row.flag()?,
            attempt: row.int()?,
            printer: row.text()?,
            address: row.opt_text()?.map(|text| read(&text)).transpose()?,
            created_at: time(row.int()?)?,
        })
    }

    /// With its publication and its company's record, as they were read.
    fn of(
        self,
        publication: &str,
        record: Option<&str>,
        reference: &Reference,
    ) -> Result<LetterTicket, LedgerError> {
        let spoken = record.map(read::<Spoken>).transpose()?;
        let language = spoken.map_or(Language::Fr, |it| it.language);
        let record = record.filter(|_| self.address.is_none()).map(read).transpose()?;
        Ok(LetterTicket { record, ..self.with(publication, language, reference)? })
    }

    /// With what was kept of it.
    fn with(
        self,
        publication: &str,
        language: Language,
        reference: &Reference,
    ) -> Result<LetterTicket, LedgerError> {
        Ok(LetterTicket {
            job: self.job,
            state: self.state,
            enterprise: self.enterprise,
            language,
            record: None,
            organization: reference.organizations.get(&self.organization).cloned(),
            message: self.message,
            application: self.application,
            message_type: self.message_type,
            registered: self.registered,
            attempt: self.attempt,
            printer: self.printer,
            address: self.address,
            created_at: self.created_at,
            publication: read(publication)?,
            pages: BTreeMap::new(),
        })
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| LedgerError::Shape(error.to_string()))
}

fn ticket(mut row: Row, reference: &Reference) -> Result<LetterTicket, LedgerError> {
    let letter = LetterOnly::read(&mut row)?;
    let (publication, record) = (row.text()?, row.opt_text()?);
    letter.of(&publication, record.as_deref(), reference)
}

pub(super) fn tickets(
    rows: Vec<Row>,
    reference: &Reference,
) -> Result<Vec<LetterTicket>, LedgerError> {
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
        let mut rows = self.store.glance(RELEASED, values).await?;
        let letters = rows.iter_mut().map(LetterOnly::read).collect::<Result<Vec<_>, _>>()?;
        let letters: Vec<_> =
            letters.into_iter().map(|letter| (self.fresh.take(&letter.job), letter)).collect();
        let missing = letters.iter().filter(|(fresh, _)| fresh.is_none());
        let mut matter = self.matter(missing.map(|(_, letter)| letter.job).collect()).await?;
        let reference = self.reference().await?;
        let ticket = |(fresh, letter): (Option<Matter>, LetterOnly)| match fresh {
            Some(Matter { language, publication }) => {
                Some(letter.with(&publication, language, &reference))
            }
            None => {
                let (publication, record) = matter.remove(&letter.job)?;
                Some(letter.of(&publication, record.as_deref(), &reference))
            }
        };
        letters.into_iter().filter_map(ticket).collect()
    }

    /// Publications and companies' records, as stored.
    async fn matter(
        &self,
        jobs: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, (String, Option<String>)>, LedgerError> {
        if jobs.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self.store.glance(MATTER, vec![ids(&jobs)]).await?;
        rows.into_iter().map(|mut row| Ok((row.id()?, (row.text()?, row.opt_text()?)))).collect()
    }
}
