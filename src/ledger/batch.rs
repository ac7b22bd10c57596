//! One batch of documents: looked up, judged by the caller, recorded, and
//! committed in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use uuid::Uuid;

use super::documents::{DocumentKey, KnownDocument};
use super::error::LedgerError;
use super::identity::{self, IdentityKey, KnownIdentity};
use super::letters::{Matter, UnderWay, taken_from};
use super::record::{self, Interned, Records};
use super::reference::{Reference, enterprise_number};
use super::store::{Row, Statement, Transaction, Value, Write};
use super::tail::Piece;
use super::{Ledger, documents, journal, micros, quarantine, time};
use crate::decide::Policy;
use crate::domain::{EnterpriseNumber, Language, LegalState, day_of_number};
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
    /// What stands on an envelope; none where it was not asked for.
    pub named: Option<Named>,
    /// Its box, if it has one.
    pub mailbox: Option<RecipientBox>,
}

/// Of a company's record, what a letter needs whose sender addressed it.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// Its name, which stands above the sender's address.
    pub name: String,
    /// The language it is written to in.
    pub language: Language,
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
    /// What new letters are made of, and when they were recorded.
    fresh: (Vec<(Uuid, Matter)>, i64),
    /// Letters that go out with the commit.
    under_way: Option<UnderWay>,
}

/// With the version of the reference data in each row: there is one at least.
const RECIPIENTS: Statement = Statement {
    postgres: "SELECT t.reference_version, e.number, e.state, e.state_since, b.access_version,
            b.last_connection_at, b.all_digital, CASE WHEN e.number = ANY($2) THEN e.record END
        FROM clock t LEFT JOIN enterprises e ON e.number = ANY($1)
        LEFT JOIN boxes b ON b.enterprise = e.number",
    sqlite: "SELECT t.reference_version, e.number, e.state, e.state_since, b.access_version,
            b.last_connection_at, b.all_digital,
            CASE WHEN e.number IN (SELECT value FROM json_each($2)) THEN e.record END
        FROM clock t LEFT JOIN enterprises e ON e.number IN (SELECT value FROM json_each($1))
        LEFT JOIN boxes b ON b.enterprise = e.number",
};

type Recipients = HashMap<EnterpriseNumber, Recipient>;

impl Ledger {
    /// Begins a batch.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn begin(&self) -> Result<Batch<'_>, LedgerError> {
        let tx = self.store.begin().await?;
        Ok(Batch::over(self, tx))
    }

    /// Begins a batch of a few documents that somebody waits for.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn begin_few(&self) -> Result<Batch<'_>, LedgerError> {
        let tx = self.store.begin_few().await?;
        Ok(Batch::over(self, tx))
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
        Ok(self.recipients_in(&mut tx, numbers, &BTreeSet::new()).await?.1)
    }

    /// And the version of the reference data at that moment; none where nobody
    /// is written to, since nothing is asked then.
    async fn recipients_in(
        &self,
        tx: &mut Transaction,
        numbers: &BTreeSet<EnterpriseNumber>,
        addressed: &BTreeSet<EnterpriseNumber>,
    ) -> Result<(Option<i64>, Recipients), LedgerError> {
        if numbers.is_empty() {
            return Ok((None, Recipients::new()));
        }
        let list = |numbers: &BTreeSet<EnterpriseNumber>| {
            Value::Ints(numbers.iter().map(|number| number.value()).collect())
        };
        let mut version = None;
        let mut found = Vec::new();
        for mut row in tx.rows(RECIPIENTS, vec![list(numbers), list(addressed)]).await? {
            version = Some(row.int()?);
            found.extend(RecipientRow::read(row)?);
        }
        let boxes: Vec<(EnterpriseNumber, i64)> = found
            .iter()
            .filter_map(|row| row.mailbox.map(|(version, ..)| (row.number, version)))
            .collect();
        let access = self.access_in(tx, &boxes).await?;
        Ok((version, found.into_iter().map(|row| row.with(&access)).collect()))
    }
}

impl<'a> Batch<'a> {
    fn over(ledger: &'a Ledger, tx: Transaction) -> Self {
        let (interned, appended, fresh, under_way) = Default::default();
        Self { ledger, tx, interned, appended, fresh, under_way }
    }

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
        let recipients = self.recipients(wanted).await?.1;
        self.look_up_others(reference, recipients, wanted).await
    }

    /// The same with the reference data, of which those that were read last tell
    /// what is wanted: mostly they are what the transaction sees, too, and then
    /// there is one round trip less.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn snapshot(
        &mut self,
        wanted: impl Fn(&Reference) -> Wanted,
    ) -> Result<Snapshot, LedgerError> {
        if let Some(last) = self.ledger.last_reference() {
            let wanted = wanted(&last);
            let (version, recipients) = self.recipients(&wanted).await?;
            if version == Some(last.version) {
                return self.look_up_others(last, recipients, &wanted).await;
            }
        }
        let reference = self.reference().await?;
        let wanted = wanted(&reference);
        self.look_up(reference, &wanted).await
    }

    async fn recipients(
        &mut self,
        wanted: &Wanted,
    ) -> Result<(Option<i64>, Recipients), LedgerError> {
        let Wanted { recipients, addressed, .. } = wanted;
        self.ledger.recipients_in(&mut self.tx, recipients, addressed).await
    }

    async fn look_up_others(
        &mut self,
        reference: Arc<Reference>,
        recipients: Recipients,
        wanted: &Wanted,
    ) -> Result<Snapshot, LedgerError> {
        let identities: Vec<IdentityKey> = wanted.identities.iter().cloned().collect();
        let identities = identity::known(&mut self.tx, &identities).await?;
        let documents = documents::lock(&mut self.tx, &wanted.documents, wanted.today).await?;
        Ok(Snapshot { reference, recipients, identities, documents })
    }

    /// Writes what the batch became.
    ///
    /// # Errors
    /// `Conflict` when another engine recorded one of its identities since the
    /// look-up; `Refused` when the database will never take one of its rows.
    pub async fn record(
        &mut self,
        mut records: Records,
        policy: &Policy,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.under_way = records.under_way(at);
        let at = micros(at);
        quarantine::mark_replayed(&mut self.tx, &records.replayed, at).await?;
        self.write(&records, policy, at).await?;
        quarantine::refuse_again(&mut self.tx, &records.refused_again).await?;
        let mended = identity::mended(&records);
        record::write_quarantine(&mut self.tx, records.quarantined, at).await?;
        identity::supersede(&mut self.tx, &mended, at).await?;
        let mut entries = records.journal;
        journal::append(&mut self.tx, &mut entries, at).await?;
        self.fresh = (taken_from(&mut records.accepted), at);
        self.appended = Piece::of(entries, records.accepted);
        Ok(())
    }

    /// What is new, identities first, and documents that are named now.
    async fn write(
        &mut self,
        records: &Records,
        policy: &Policy,
        at: i64,
    ) -> Result<(), LedgerError> {
        let (new, known) = identity::parted(&records.identities);
        let mut others: Vec<Write> = documents::marking_used(&records.used).into_iter().collect();
        let (messages, interned) = self.ledger.messages(&records.accepted, policy, at)?;
        others.extend(messages.into_iter().map(Write::Insert));
        others.extend(self.under_way.as_ref().map(|it| Write::Insert(it.row())));
        let expected = new.len() as u64;
        if expected > 0 || !others.is_empty() {
            let new = Write::Insert(identity::bulk(&new));
            if self.tx.write(new, others).await? != expected {
                return Err(LedgerError::Conflict);
            }
        }
        self.interned = interned;
        identity::rewrite(&mut self.tx, &known).await
    }

    /// Commits durably; answers which tickets are to be published now. After an
    /// error it is unknown whether it did.
    ///
    /// # Errors
    /// `Transient`.
    pub async fn commit(self) -> Result<Option<UnderWay>, LedgerError> {
        self.tx.commit().await.inspect_err(|_| self.ledger.tail.forget())?;
        self.ledger.remember(self.interned);
        self.ledger.tail.keep(self.appended);
        self.ledger.fresh.keep(self.fresh.0, self.fresh.1);
        Ok(self.under_way)
    }
}

struct RecipientRow {
    number: EnterpriseNumber,
    state: LegalState,
    state_since: Option<Date>,
    /// Access version, last connection, consent.
    mailbox: Option<(i64, Option<Timestamp>, bool)>,
    named: Option<Named>,
}

impl RecipientRow {
    /// None where no company was found.
    fn read(mut row: Row) -> Result<Option<Self>, LedgerError> {
        let Some(number) = row.opt_int()? else { return Ok(None) };
        let number = enterprise_number(number)?;
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
        let named = row.opt_text()?.map(|text| serde_json::from_str(&text)).transpose();
        let named = named.map_err(|error| LedgerError::Shape(error.to_string()))?;
        Ok(Some(Self { number, state, state_since, mailbox, named }))
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
        let Self { number, state, state_since, named, .. } = self;
        (number, Recipient { state, state_since, named, mailbox })
    }
}
