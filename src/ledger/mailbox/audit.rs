//! Who did what with a box or a message: rows are added in the transaction
//! that does it, never changed. Actors are keyed hashes of persons.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::look::Look;
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, MessageId, PersonId};
use crate::ledger::error::LedgerError;
use crate::ledger::identity::words;
use crate::ledger::store::{Bulk, Column, Row, Statement, Table, Transaction};
use crate::ledger::{Ledger, micros, time};

words! {
    /// What somebody did.
    Deed {
        /// First opened the main content.
        Read = "read",
        /// Opened a message.
        Opened = "opened",
        /// Was shown an attachment.
        Viewed = "viewed",
        /// Fetched an attachment, to keep it.
        Downloaded = "downloaded",
        /// Fetched a selection, or the access list.
        Exported = "exported",
        /// Wrote back to the sender.
        Replied = "replied",
        /// Hid a message.
        Hidden = "hidden",
        /// Showed a hidden message again.
        Shown = "shown",
        /// Said what is to be done, or that it was.
        Task = "task",
        /// Moved a message to another partition.
        Moved = "moved",
        /// Put a label on a message.
        Labelled = "labelled",
        /// Took a label off a message.
        Unlabelled = "unlabelled",
        /// Made, changed, merged or deleted a label.
        Label = "label",
        /// Changed a rule that puts labels on what arrives.
        LabelRule = "label_rule",
        /// Gave, changed or withdrew access.
        Grant = "grant",
        /// Changed a partition.
        Partition = "partition",
        /// Changed a routing rule.
        Rule = "rule",
        /// Gave or withdrew the all-digital consent.
        Consent = "consent",
        /// Registered the box.
        Registered = "registered",
        /// Changed where and when the box is told of its mail.
        Notification = "notification",
        /// An operator's act; in no box.
        Operated = "operated",
    }
}

/// One row of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Deeds {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: PersonId,
    /// What.
    pub deed: Deed,
    /// With which message, if with one.
    pub message: Option<MessageId>,
    /// The rest.
    pub detail: Json,
}

const AUDIT: Table = Table {
    name: "audit",
    columns: &["at", "enterprise", "message", "actor", "kind", "detail", "year"],
    conflict: "",
};

/// Without those deeds that changed nothing: whoever opens a message often
/// pushes nothing else out.
const OF_MESSAGE: Statement = Statement::same(
    "SELECT at, actor, kind, message, detail FROM audit WHERE message = $1 AND enterprise = $2
     AND kind NOT IN ('opened', 'viewed', 'downloaded') ORDER BY id DESC LIMIT $3 OFFSET $4",
);

const LOOKS_AT: Statement = Statement::same(
    "SELECT max(at), actor, kind, count(*) FROM audit WHERE message = $1 AND enterprise = $2
     AND kind IN ('opened', 'downloaded') GROUP BY actor, kind ORDER BY 1 DESC LIMIT $3",
);

const OF_BOX: Statement = Statement::same(
    "SELECT at, actor, kind, message, detail FROM audit WHERE enterprise = $1
     ORDER BY id DESC LIMIT $2 OFFSET $3",
);

/// How often somebody opened or fetched one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// When last.
    pub last_at: Timestamp,
    /// Who.
    pub actor: PersonId,
    /// Which of the two.
    pub deed: Deed,
    /// How often.
    pub count: u64,
}

/// What is recorded with one message or box.
pub(super) type What = (EnterpriseNumber, Option<MessageId>, Deed, Json);

/// Records deeds of one person.
pub(in crate::ledger) async fn record(
    tx: &mut Transaction,
    actor: &str,
    at: Timestamp,
    deeds: &[What],
) -> Result<(), LedgerError> {
    let count = deeds.len();
    let columns = vec![
        Column::Ints(vec![micros(at); count]),
        Column::Ints(deeds.iter().map(|it| it.0.value()).collect()),
        Column::OptIds(deeds.iter().map(|it| it.1.map(|id| id.0)).collect()),
        Column::Texts(vec![actor.to_owned(); count]),
        Column::Texts(deeds.iter().map(|it| it.2.as_str().to_owned()).collect()),
        Column::Texts(deeds.iter().map(|it| it.3.to_string()).collect()),
        Column::Ints(vec![i64::from(belgian_day(at).year()); count]),
    ];
    tx.insert(Bulk::new(&AUDIT, columns)).await.map(drop)
}

/// The record's box of those acts that are no box's: no enterprise has the number 0.
pub(in crate::ledger) const NO_BOX: i64 = 0;

/// Records an operator's act in the same record, under the same seals.
pub(in crate::ledger) async fn record_operated(
    tx: &mut Transaction,
    actor: &str,
    at: Timestamp,
    detail: &Json,
) -> Result<(), LedgerError> {
    let columns = vec![
        Column::Ints(vec![micros(at)]),
        Column::Ints(vec![NO_BOX]),
        Column::OptIds(vec![None]),
        Column::Texts(vec![actor.to_owned()]),
        Column::Texts(vec![Deed::Operated.as_str().to_owned()]),
        Column::Texts(vec![detail.to_string()]),
        Column::Ints(vec![i64::from(belgian_day(at).year())]),
    ];
    tx.insert(Bulk::new(&AUDIT, columns)).await.map(drop)
}

fn looks(mut row: Row) -> Result<Looks, LedgerError> {
    Ok(Looks {
        last_at: time(row.int()?)?,
        actor: row.parsed()?,
        deed: row.parsed()?,
        count: u64::try_from(row.int()?).unwrap_or_default(),
    })
}

fn deeds(mut row: Row) -> Result<Deeds, LedgerError> {
    Ok(Deeds {
        at: time(row.int()?)?,
        actor: row.parsed()?,
        deed: row.parsed()?,
        message: row.opt_id()?.map(MessageId),
        detail: row.json()?,
    })
}

impl Ledger {
    /// Records one deed that changes nothing else.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn record_deed(
        &self,
        actor: &PersonId,
        at: Timestamp,
        deeds: &[(EnterpriseNumber, Option<MessageId>, Deed, Json)],
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        record(&mut tx, actor.as_str(), at, deeds).await?;
        tx.commit().await
    }
}

impl Look {
    /// The latest deeds that changed one message, newest first. The caller
    /// has seen that the reader may see it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn deeds_with(
        &mut self,
        enterprise: EnterpriseNumber,
        id: MessageId,
        limit: u32,
        skip: u32,
    ) -> Result<Vec<Deeds>, LedgerError> {
        let (limit, skip) = (i64::from(limit).into(), i64::from(skip).into());
        let values = vec![id.0.into(), enterprise.value().into(), limit, skip];
        self.tx.rows(OF_MESSAGE, values).await?.into_iter().map(deeds).collect()
    }

    /// Who opened and fetched one message, and how often; whoever did last,
    /// first. The caller has seen that the reader is an access manager.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn looks_at(
        &mut self,
        enterprise: EnterpriseNumber,
        id: MessageId,
        limit: u32,
    ) -> Result<Vec<Looks>, LedgerError> {
        let values = vec![id.0.into(), enterprise.value().into(), i64::from(limit).into()];
        self.tx.rows(LOOKS_AT, values).await?.into_iter().map(looks).collect()
    }

    /// The latest deeds in a box, newest first. The caller has seen that the
    /// reader is an access manager.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn deeds_in(
        &mut self,
        enterprise: EnterpriseNumber,
        limit: u32,
        skip: u32,
    ) -> Result<Vec<Deeds>, LedgerError> {
        let values =
            vec![enterprise.value().into(), i64::from(limit).into(), i64::from(skip).into()];
        self.tx.rows(OF_BOX, values).await?.into_iter().map(deeds).collect()
    }
}
