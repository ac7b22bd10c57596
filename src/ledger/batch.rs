//! One batch of documents: looked up, judged by the caller, recorded, and
//! committed in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::documents::{DocumentKey, KnownDocument};
use super::error::LedgerError;
use super::identity::{self, IdentityKey, KnownIdentity};
use super::record::{self, Interned, Records};
use super::reference::{Reference, enterprise_number};
use super::store::{Row, Statement, Transaction, Value};
use super::tail::Piece;
use super::{Ledger, documents, journal, micros, quarantine, time};
use crate::decide::Policy;
use crate::domain::{EnterpriseNumber, LegalState, day_of_number};
use crate::route::BoxAccess;

/// What a batch must know before it can be judged.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The companies written to.
    pub recipients: BTreeSet<EnterpriseNumber>,
    /// Those of them for whom a publication brings an address of its own.
    pub addressed: BTreeSet<EnterpriseNumber>,
    /// The identities of its documents.
    pub identities: BTreeSet<IdentityKey>,
    /// The uploaded documents it refers to.
    pub documents: BTreeSet<DocumentKey>,
    /// Which day it is (since 1970).
    pub today: i64,
}

/// What the registry says of a company, inside the deciding transaction.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Whether it exists.
    pub state: LegalState,
    /// Since when; none: always.
    pub state_since: Option<Date>,
    /// Its name, which stands above the sender's address; none where it was not
    /// asked for.
    pub name: Option<String>,
    /// Its box, if it has one.
    pub mailbox: Option<RecipientBox>,
}

/// A company's box, inside the deciding transaction.
#[derive(Clone, Debug)]
pub struct RecipientBox {
    /// When anybody last opened it.
    pub last_connection: Option<Timestamp>,
    /// The all-digital consent.
    pub all_digital: bool,
    /// Its rules and grants.
    pub access: Arc<BoxAccess>,
}

/// The answers to [`Wanted`]; what is not in a map does not exist.
#[derive(Debug)]
pub struct Snapshot {
    /// Organizations, applications, types, trios.
    pub reference: Arc<Reference>,
    /// Companies.
    pub recipients: HashMap<EnterpriseNumber, Recipient>,
    /// Identities received before.
    pub identities: HashMap<IdentityKey, KnownIdentity>,
    /// Uploaded documents.
    pub documents: HashMap<DocumentKey, KnownDocument>,
}

/// A batch in its transaction. Dropped without [`Batch::commit`], it changes
/// nothing.
pub struct Batch<'a> {
    ledger: &'a Ledger,
    tx: Transaction,
    interned: Interned,
    appended: Piece,
}

const RECIPIENTS: Statement = Statement {
    postgres: "SELECT e.number, e.state, e.state_since, b.access_version, b.last_connection_at, b.all_digital,
            CASE WHEN e.number = ANY($2) THEN e.record END
        FROM enterprises e LEFT JOIN boxes b ON b.enterprise = e.number
        WHERE e.number = ANY($1)",
    sqlite: "SELECT e.number, e.state, e.state_since, b.access_version, b.last_connection_at, b.all_digital,
            CASE WHEN e.number IN (SELECT value FROM json_each($2)) THEN e.record END
        FROM enterprises e LEFT JOIN boxes b ON b.enterprise = e.number
        WHERE e.number IN (SELECT value FROM json_each($1))",
};

impl Ledger {
    /// Begins a batch.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn begin(&self) -> Result<Batch<'_>, LedgerError> {
        let tx = self.store.begin().await?;
        Ok(Batch { ledger: self, tx, interned: Interned::default(), appended: Piece::default() })
    }

    /// What the registry says of companies now; those that it does not know are
    /// left out.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn recipients(
        &self,
        numbers: &BTreeSet<EnterpriseNumber>,
    ) -> Result<HashMap<EnterpriseNumber, Recipient>, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        self.recipients_in(&mut tx, numbers, &BTreeSet::new()).await
    }

    async fn recipients_in(
        &self,
        tx: &mut Transaction,
        numbers: &BTreeSet<EnterpriseNumber>,
        addressed: &BTreeSet<EnterpriseNumber>,
    ) -> Result<HashMap<EnterpriseNumber, Recipient>, LedgerError> {
        if numbers.is_empty() {
            return Ok(HashMap::new());
        }
        let list = |numbers: &BTreeSet<EnterpriseNumber>| {
            Value::Ints(numbers.iter().map(|number| number.value()).collect())
        };
        let rows = tx.rows(RECIPIENTS, vec![list(numbers), list(addressed)]).await?;
        let rows = rows.into_iter().map(RecipientRow::read).collect::<Result<Vec<_>, _>>()?;
        let boxes: Vec<(EnterpriseNumber, i64)> = rows
            .iter()
            .filter_map(|row| row.mailbox.map(|(version, ..)| (row.number, version)))
            .collect();
        let access = self.access_in(tx, &boxes).await?;
        Ok(rows.into_iter().map(|row| row.with(&access)).collect())
    }
}

impl Batch<'_> {
    /// The reference data as the batch's transaction sees it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn reference(&mut self) -> Result<Arc<Reference>, LedgerError> {
        self.ledger.reference_in(&mut self.tx).await
    }

    /// Reads everything else that decides the batch, inside its transaction.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look_up(
        &mut self,
        reference: Arc<Reference>,
        wanted: &Wanted,
    ) -> Result<Snapshot, LedgerError> {
        let identities: Vec<IdentityKey> = wanted.identities.iter().cloned().collect();
        Ok(Snapshot {
            reference,
            recipients: {
                let Wanted { recipients, addressed, .. } = wanted;
                self.ledger.recipients_in(&mut self.tx, recipients, addressed).await?
            },
            identities: identity::known(&mut self.tx, &identities).await?,
            documents: documents::lock(&mut self.tx, &wanted.documents, wanted.today).await?,
        })
    }

    /// Writes what the batch became.
    ///
    /// # Errors
    /// `Conflict` when another engine recorded one of its identities since the
    /// look-up; `Refused` when the database will never take one of its rows.
    pub async fn record(
        &mut self,
        records: Records,
        policy: &Policy,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let at = micros(at);
        quarantine::mark_replayed(&mut self.tx, &records.replayed, at).await?;
        identity::write(&mut self.tx, &records.identities).await?;
        quarantine::refuse_again(&mut self.tx, &records.refused_again).await?;
        let mended = identity::mended(&records);
        documents::mark_used(&mut self.tx, &records.used).await?;
        self.interned =
            self.ledger.write_messages(&mut self.tx, &records.accepted, policy, at).await?;
        record::write_quarantine(&mut self.tx, records.quarantined, at).await?;
        identity::supersede(&mut self.tx, &mended, at).await?;
        let mut entries = records.journal;
        journal::append(&mut self.tx, &mut entries, at).await?;
        self.appended = Piece::of(entries, records.accepted);
        Ok(())
    }

    /// Commits durably. After an error it is unknown whether it did.
    ///
    /// # Errors
    /// `Transient`.
    pub async fn commit(self) -> Result<(), LedgerError> {
        self.tx.commit().await.inspect_err(|_| self.ledger.tail.forget())?;
        self.ledger.remember(self.interned);
        self.ledger.tail.keep(self.appended);
        Ok(())
    }
}

struct RecipientRow {
    number: EnterpriseNumber,
    state: LegalState,
    state_since: Option<Date>,
    /// Access version, last connection, consent.
    mailbox: Option<(i64, Option<Timestamp>, bool)>,
    name: Option<String>,
}

/// Of a company's record, what stands on an envelope.
#[derive(Deserialize)]
struct Named {
    name: String,
}

impl RecipientRow {
    fn read(mut row: Row) -> Result<Self, LedgerError> {
        let number = enterprise_number(row.int()?)?;
        let state = match row.text()?.as_str() {
            "active" => LegalState::Active,
            "closed" => LegalState::Closed,
            other => return Err(LedgerError::Shape(format!("unknown legal state {other:?}"))),
        };
        let state_since = row.opt_int()?.and_then(day_of_number);
        let version = row.opt_int()?;
        let last_connection = row.opt_int()?.map(time).transpose()?;
        let all_digital = row.opt_int()?.unwrap_or(0) != 0;
        let mailbox = version.map(|version| (version, last_connection, all_digital));
        let record = row.opt_text()?.map(|text| serde_json::from_str::<Named>(&text)).transpose();
        let record = record.map_err(|error| LedgerError::Shape(error.to_string()))?;
        let name = record.map(|record| record.name);
        Ok(Self { number, state, state_since, mailbox, name })
    }

    fn with(
        self,
        access: &HashMap<EnterpriseNumber, Arc<BoxAccess>>,
    ) -> (EnterpriseNumber, Recipient) {
        let mailbox = self.mailbox.map(|(_, last_connection, all_digital)| RecipientBox {
            last_connection,
            all_digital,
            access: access.get(&self.number).cloned().unwrap_or_default(),
        });
        let Self { number, state, state_since, name, .. } = self;
        (number, Recipient { state, state_since, name, mailbox })
    }
}
