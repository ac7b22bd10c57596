//! The rows that a batch writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::error::LedgerError;
use super::identity::{Fingerprint, IdentityChange, IdentityKey};
use super::journal::Entry;
use super::quarantine::QuarantineState;
use super::store::{Bulk, Column, Table, Transaction};
use super::{Ledger, micros};
use crate::decide::{Decision, Facts, Policy};
use crate::domain::{
    ApplicationId, Digest, EnterpriseNumber, LabelId, Language, Medium, MessageId, MessageTypeId,
    Refusal, Task, day_number,
};
use crate::route::Routing;

/// A publication that becomes a message.
#[derive(Debug)]
pub struct Accepted {
    /// Its id, drawn before the transaction.
    pub id: MessageId,
    /// What it is counted by.
    pub identity: IdentityKey,
    /// Of its bytes.
    pub fingerprint: Fingerprint,
    /// In whose box.
    pub enterprise: EnterpriseNumber,
    /// From whom.
    pub organization: EnterpriseNumber,
    /// By which application.
    pub application: ApplicationId,
    /// Of which type.
    pub message_type: MessageTypeId,
    /// Where it went and who may see it.
    pub routing: Routing,
    /// How it is sent.
    pub medium: Medium,
    /// Why.
    pub decision: Decision,
    /// What that was decided on.
    pub facts: Facts,
    /// Whether it is a registered item.
    pub registered: bool,
    /// What the sender says is to be done, and by when.
    pub task: (Task, Option<Date>),
    /// The publication as JSON, content replaced by digests.
    pub publication: String,
    /// What text search looks in.
    pub searched: Vec<(Language, String)>,
    /// What its attachments contain.
    pub documents: Vec<Digest>,
    /// When the sender published it, if it said.
    pub published_at: Option<Timestamp>,
    /// When it leaves the box.
    pub expires_at: Timestamp,
    /// The job id of its letter, if there is one.
    pub letter: Option<Uuid>,
    /// When it becomes a letter, unless it is read before.
    pub paper_due_at: Option<Timestamp>,
}

/// A publication that goes into the quarantine.
#[derive(Debug)]
pub struct Quarantined {
    /// The entry's id.
    pub id: Uuid,
    /// Of lane, properties and body.
    pub digest: Digest,
    /// The lane it came on.
    pub lane: String,
    /// What it is counted by.
    pub identity: IdentityKey,
    /// Why.
    pub refusal: Refusal,
    /// `Open`, or `Held` when nothing is wrong with it.
    pub state: QuarantineState,
    /// The message type whose pause holds it.
    pub paused_type: Option<MessageTypeId>,
    /// Its AMQP properties as JSON.
    pub properties: String,
    /// Its bytes, untouched.
    pub body: Vec<u8>,
}

/// A quarantine entry that an operator replayed with success.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The entry.
    pub entry: Uuid,
    /// Who did it.
    pub actor: String,
    /// What it is counted by.
    pub identity: IdentityKey,
    /// What it was counted by, when it is counted by its key from now on.
    pub moved_from: Option<IdentityKey>,
}

/// Everything one batch writes, in one transaction.
#[derive(Debug, Default)]
pub struct Records {
    /// What becomes of each identity.
    pub identities: BTreeMap<IdentityKey, IdentityChange>,
    /// New messages.
    pub accepted: Vec<Accepted>,
    /// New quarantine entries.
    pub quarantined: Vec<Quarantined>,
    /// Quarantine entries that an operator replayed with success.
    pub replayed: Vec<Replayed>,
    /// Documents that are now named by a message.
    pub used: Vec<(ApplicationId, Digest)>,
    /// One entry for each document that gets a receipt, in order.
    pub journal: Vec<Entry>,
}

/// A message as `explain` reads it back.
#[derive(Debug)]
pub struct StoredMessage {
    /// Its id.
    pub id: MessageId,
    /// In whose box.
    pub enterprise: EnterpriseNumber,
    /// From whom.
    pub organization: EnterpriseNumber,
    /// By which application.
    pub application: ApplicationId,
    /// The sender's key.
    pub key: String,
    /// Of which type.
    pub message_type: MessageTypeId,
    /// Where it lies.
    pub partition: String,
    /// The priority of the rule that put it there.
    pub routing_rule: Option<i64>,
    /// Who it was routed to on arrival.
    pub audience: Vec<String>,
    /// Why them.
    pub audience_kind: String,
    /// How it was sent.
    pub medium: Medium,
    /// Why.
    pub reason: String,
    /// By which rule of the policy.
    pub rule: String,
    /// What the sender was told beside success.
    pub flag: Option<String>,
    /// What that was decided on.
    pub facts: Facts,
    /// The policy's digest and text.
    pub policy: (Digest, String),
    /// The publication as JSON.
    pub publication: String,
    /// When it was published, arrived, expires, was read.
    pub published_at: Option<Timestamp>,
    /// When it was recorded.
    pub arrived_at: Timestamp,
    /// When it leaves the box.
    pub expires_at: Timestamp,
    /// When it was first opened.
    pub read_at: Option<Timestamp>,
    /// Job ids and states of its letters.
    pub letters: Vec<(Uuid, String)>,
}

const MESSAGES: Table = Table {
    name: "messages",
    columns: &[
        "enterprise",
        "id",
        "organization",
        "application",
        "key",
        "message_type",
        "partition",
        "routing_rule",
        "audience",
        "audience_kind",
        "medium",
        "reason",
        "rule",
        "flag",
        "facts",
        "policy",
        "publication",
        "documents",
        "published_at",
        "arrived_at",
        "expires_at",
        "hidden",
        "registered",
        "task",
        "due_on",
        "paper_due_at",
    ],
    conflict: "",
};

const LETTERS: Table = Table {
    name: "letters",
    columns: &[
        "job",
        "enterprise",
        "message",
        "organization",
        "application",
        "message_type",
        "cause",
        "attempt",
        "state",
        "registered",
        "printer",
        "created_at",
    ],
    conflict: "",
};

const MESSAGE_LABELS: Table =
    Table { name: "message_labels", columns: &["enterprise", "message", "label"], conflict: "" };

const QUARANTINE: Table = Table {
    name: "quarantine",
    columns: &[
        "id",
        "digest",
        "lane",
        "organization",
        "application",
        "key",
        "code",
        "pointer",
        "explanation",
        "properties",
        "body",
        "state",
        "at",
        "paused_type",
    ],
    // The same bytes come again after an operator threw them away, and after
    // something else with the same key: they wait again.
    conflict: "ON CONFLICT (digest) DO UPDATE SET state = excluded.state, at = excluded.at,
        paused_type = excluded.paused_type, resolved_at = NULL, resolved_by = NULL WHERE quarantine.state = 'discarded'",
};

const AUDIENCES: Table = Table {
    name: "audiences",
    columns: &["digest", "persons"],
    conflict: "ON CONFLICT (digest) DO NOTHING",
};

const POLICIES: Table = Table {
    name: "policies",
    columns: &["digest", "text"],
    conflict: "ON CONFLICT (digest) DO NOTHING",
};

/// The audiences and policies that a batch stored: known once it committed.
#[derive(Default)]
pub(super) struct Interned {
    audiences: Vec<[u8; 16]>,
    policy: Option<[u8; 32]>,
}

impl Ledger {
    pub(super) async fn write_messages(
        &self,
        tx: &mut Transaction,
        accepted: &[Accepted],
        policy: &Policy,
        at: i64,
    ) -> Result<Interned, LedgerError> {
        if accepted.is_empty() {
            return Ok(Interned::default());
        }
        let (audiences, interned) = self.intern(tx, accepted, policy).await?;
        tx.insert(messages(accepted, audiences, policy, at)?).await?;
        tx.insert(letters(accepted, at)).await?;
        tx.insert(labels(accepted)).await?;
        Ok(interned)
    }

    async fn intern(
        &self,
        tx: &mut Transaction,
        accepted: &[Accepted],
        policy: &Policy,
    ) -> Result<(Vec<[u8; 16]>, Interned), LedgerError> {
        let mut new: BTreeMap<[u8; 16], String> = BTreeMap::new();
        let mut digests = Vec::with_capacity(accepted.len());
        for message in accepted {
            let digest = audience_digest(&message.routing);
            if !self.audiences.contains_key(&digest) && !new.contains_key(&digest) {
                new.insert(digest, json(&message.routing.persons)?);
            }
            digests.push(digest);
        }
        let mut interned = Interned { audiences: new.keys().copied().collect(), policy: None };
        let (keys, texts): (Vec<_>, Vec<_>) = new.into_iter().map(|(k, v)| (k.to_vec(), v)).unzip();
        tx.insert(Bulk::new(&AUDIENCES, vec![Column::Bytes(keys), Column::Texts(texts)])).await?;
        let digest = *policy.digest.as_bytes();
        if !self.policies.contains_key(&digest) {
            let columns = vec![
                Column::Bytes(vec![digest.to_vec()]),
                Column::Texts(vec![policy.text.to_string()]),
            ];
            tx.insert(Bulk::new(&POLICIES, columns)).await?;
            interned.policy = Some(digest);
        }
        Ok((digests, interned))
    }

    /// Remembers what a committed batch stored.
    pub(super) fn remember(&self, interned: Interned) {
        for digest in interned.audiences {
            self.audiences.insert(digest, ());
        }
        if let Some(digest) = interned.policy {
            self.policies.insert(digest, ());
        }
    }
}

fn audience_digest(routing: &Routing) -> [u8; 16] {
    let parts: Vec<&[u8]> = routing.persons.iter().map(|p| p.as_str().as_bytes()).collect();
    half(&Digest::of_parts(&parts))
}

fn half(digest: &Digest) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_bytes()[..16]);
    half
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value)
        .map_err(|error| LedgerError::Shape(format!("a record cannot be written: {error}")))
}

fn texts(rows: &[Accepted], text: impl Fn(&Accepted) -> &str) -> Column {
    Column::Texts(rows.iter().map(|row| text(row).to_owned()).collect())
}

fn ints(rows: &[Accepted], int: impl Fn(&Accepted) -> i64) -> Column {
    Column::Ints(rows.iter().map(int).collect())
}

fn messages(
    rows: &[Accepted],
    audiences: Vec<[u8; 16]>,
    policy: &Policy,
    at: i64,
) -> Result<Bulk, LedgerError> {
    let facts: Result<Vec<String>, LedgerError> = rows.iter().map(|row| json(&row.facts)).collect();
    let documents =
        |row: &Accepted| row.documents.iter().flat_map(|digest| *digest.as_bytes()).collect();
    Ok(Bulk::new(
        &MESSAGES,
        vec![
            ints(rows, |row| row.enterprise.value()),
            Column::Ids(rows.iter().map(|row| row.id.0).collect()),
            ints(rows, |row| row.organization.value()),
            texts(rows, |row| row.application.as_str()),
            texts(rows, |row| row.identity.senders_key().unwrap_or_default()),
            texts(rows, |row| row.message_type.as_str()),
            texts(rows, |row| row.routing.partition.as_str()),
            Column::OptInts(rows.iter().map(|row| row.routing.rule.map(i64::from)).collect()),
            Column::Bytes(audiences.into_iter().map(Vec::from).collect()),
            texts(rows, |row| row.routing.audience.as_str()),
            texts(rows, |row| row.medium.as_str()),
            texts(rows, |row| &row.decision.reason),
            texts(rows, |row| &row.decision.rule),
            Column::OptTexts(
                rows.iter().map(|row| row.decision.flag.as_deref().map(str::to_owned)).collect(),
            ),
            Column::Texts(facts?),
            Column::Bytes(vec![policy.digest.as_bytes().to_vec(); rows.len()]),
            texts(rows, |row| &row.publication),
            Column::Bytes(rows.iter().map(documents).collect()),
            Column::OptInts(rows.iter().map(|row| row.published_at.map(micros)).collect()),
            Column::Ints(vec![at; rows.len()]),
            ints(rows, |row| micros(row.expires_at)),
            Column::Ints(vec![0; rows.len()]),
            ints(rows, |row| i64::from(row.registered)),
            ints(rows, |row| row.task.0.value()),
            Column::OptInts(rows.iter().map(|row| row.task.1.map(day_number)).collect()),
            Column::OptInts(rows.iter().map(|row| row.paper_due_at.map(micros)).collect()),
        ],
    ))
}

/// What rules of the boxes put on them.
fn labels(rows: &[Accepted]) -> Bulk {
    let rows: Vec<(&Accepted, LabelId)> = rows
        .iter()
        .flat_map(|row| row.routing.labels.iter().map(move |label| (row, *label)))
        .collect();
    Bulk::new(
        &MESSAGE_LABELS,
        vec![
            Column::Ints(rows.iter().map(|(row, _)| row.enterprise.value()).collect()),
            Column::Ids(rows.iter().map(|(row, _)| row.id.0).collect()),
            Column::Ids(rows.iter().map(|(_, label)| label.0).collect()),
        ],
    )
}

fn letters(rows: &[Accepted], at: i64) -> Bulk {
    let rows: Vec<(&Accepted, Uuid)> =
        rows.iter().filter_map(|row| row.letter.map(|job| (row, job))).collect();
    let same = |text: &str| Column::Texts(vec![text.to_owned(); rows.len()]);
    Bulk::new(
        &LETTERS,
        vec![
            Column::Ids(rows.iter().map(|(_, job)| *job).collect()),
            Column::Ints(rows.iter().map(|(row, _)| row.enterprise.value()).collect()),
            Column::Ids(rows.iter().map(|(row, _)| row.id.0).collect()),
            Column::Ints(rows.iter().map(|(row, _)| row.organization.value()).collect()),
            Column::Texts(rows.iter().map(|(row, _)| row.application.to_string()).collect()),
            Column::Texts(rows.iter().map(|(row, _)| row.message_type.to_string()).collect()),
            same("decision"),
            Column::Ints(vec![1; rows.len()]),
            same("queued"),
            Column::Ints(rows.iter().map(|(row, _)| i64::from(row.registered)).collect()),
            // Planned later: by then more is known.
            same(""),
            Column::Ints(vec![at; rows.len()]),
        ],
    )
}

pub(super) async fn write_quarantine(
    tx: &mut Transaction,
    rows: Vec<Quarantined>,
    at: i64,
) -> Result<(), LedgerError> {
    let text = |text: fn(&Quarantined) -> &str| {
        Column::Texts(rows.iter().map(|row| text(row).to_owned()).collect())
    };
    let columns = vec![
        Column::Ids(rows.iter().map(|row| row.id).collect()),
        Column::Bytes(rows.iter().map(|row| row.digest.as_bytes().to_vec()).collect()),
        text(|row| &row.lane),
        Column::Ints(rows.iter().map(|row| row.identity.organization).collect()),
        text(|row| &row.identity.application),
        text(|row| &row.identity.key),
        text(|row| row.refusal.code.as_str()),
        text(|row| &row.refusal.pointer),
        text(|row| &row.refusal.message),
        text(|row| &row.properties),
        Column::Bytes(rows.iter().map(|row| row.body.clone()).collect()),
        text(|row| row.state.as_str()),
        Column::Ints(vec![at; rows.len()]),
        Column::OptTexts(
            rows.iter().map(|row| row.paused_type.as_ref().map(ToString::to_string)).collect(),
        ),
    ];
    tx.insert(Bulk::new(&QUARANTINE, columns)).await.map(drop)
}
