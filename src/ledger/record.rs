//! What a batch writes.

mod rows;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

pub(super) use self::rows::write_quarantine;
use self::rows::{labels, letters, messages};
use super::documents::DocumentKey;
use super::error::LedgerError;
use super::identity::{Fingerprint, IdentityChange, IdentityKey};
use super::journal::Entry;
use super::quarantine::QuarantineState;
use super::store::{Bulk, Column, Table};
use super::{Ledger, json};
use crate::decide::{Decision, Facts, Policy};
use crate::domain::{
    ApplicationId, Digest, EnterpriseNumber, Language, Medium, MessageId, MessageTypeId, Refusal,
    Task,
};
use crate::paper::address::AddressBlock;
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
    /// Its letter, if there is one.
    pub letter: Option<NewLetter>,
    /// When it becomes a letter, unless it is read before.
    pub paper_due_at: Option<Timestamp>,
}

/// A letter as it is made with its message.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// Its job id.
    pub job: Uuid,
    /// The envelope, where the publication's address makes one; none: it is
    /// made when the letter is planned.
    pub address: Option<AddressBlock>,
    /// The language that its company is written to in, where the envelope is made.
    pub language: Language,
    /// Its plan, where it is released with the commit; none: it is planned in its
    /// turn.
    pub out: Option<OutAtOnce>,
}

/// Where a letter goes that is planned and released when it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutAtOnce {
    /// By which printer.
    pub printer: String,
    /// Today in Belgium, in days since 1970.
    pub day: i64,
    /// Why, in words.
    pub why: String,
}

/// A publication that goes into the quarantine.
#[derive(Debug)]
pub struct Quarantined {
    /// The entry's id.
    pub id: Uuid,
    /// Of lane, identity, body and those properties that stay when it is published again.
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

/// A quarantine entry that was replayed and waits for something else now.
#[derive(Clone, Debug)]
pub struct RefusedAgain {
    /// The entry.
    pub entry: Uuid,
    /// What it is counted by.
    pub identity: IdentityKey,
    /// Why it waits now.
    pub refusal: Refusal,
    /// `Open`, or `Held` when nothing is wrong with it.
    pub state: QuarantineState,
    /// The message type whose pause holds it.
    pub paused_type: Option<MessageTypeId>,
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
    /// Quarantine entries that wait for something else from now on.
    pub refused_again: Vec<RefusedAgain>,
    /// Documents that messages name from now on, each through which day (since
    /// 1970).
    pub used: Vec<(DocumentKey, i64)>,
    /// One entry for each document that gets a receipt, in order.
    pub journal: Vec<Entry>,
    /// By which the tickets are known of the letters that go out at once; none
    /// where none does.
    pub tickets: Option<Uuid>,
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
    /// The rows of new messages, with the audiences and the policy that they name
    /// where those may not be stored yet.
    pub(super) fn messages(
        &self,
        accepted: &[Accepted],
        policy: &Policy,
        at: i64,
    ) -> Result<(Vec<Bulk>, Interned), LedgerError> {
        if accepted.is_empty() {
            return Ok((Vec::new(), Interned::default()));
        }
        let (audiences, mut interned) = self.audiences(accepted)?;
        let digests = accepted.iter().map(|it| *it.routing.persons.digest()).collect();
        let mut bulks = vec![audiences];
        if self.policies.get(policy.digest.as_bytes()).is_none() {
            interned.policy = Some(*policy.digest.as_bytes());
            bulks.push(stored(policy));
        }
        bulks.extend([messages(accepted, digests, policy, at)?, letters(accepted, at)?]);
        bulks.push(labels(accepted));
        Ok((bulks, interned))
    }

    fn audiences(&self, accepted: &[Accepted]) -> Result<(Bulk, Interned), LedgerError> {
        let mut new: BTreeMap<[u8; 16], String> = BTreeMap::new();
        for Accepted { routing, .. } in accepted {
            let digest = *routing.persons.digest();
            if self.audiences.get(&digest).is_none() && !new.contains_key(&digest) {
                new.insert(digest, json(&routing.persons.ids())?);
            }
        }
        let interned = Interned { audiences: new.keys().copied().collect(), policy: None };
        let (keys, texts): (Vec<_>, Vec<_>) = new.into_iter().map(|(k, v)| (k.to_vec(), v)).unzip();
        let columns = vec![Column::Bytes(keys), Column::Texts(texts)];
        Ok((Bulk::new(&AUDIENCES, columns), interned))
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

fn stored(policy: &Policy) -> Bulk {
    let digest = policy.digest.as_bytes().to_vec();
    let columns = vec![Column::Bytes(vec![digest]), Column::Texts(vec![policy.text.to_string()])];
    Bulk::new(&POLICIES, columns)
}
