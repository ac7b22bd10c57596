//! Identities: everything received, once each.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::error::LedgerError;
use super::record::Records;
use super::store::{Bulk, Column, Statement, Table, Transaction, Value};
use crate::domain::{Digest, EnterpriseNumber, MessageId};

/// What a publication is counted by: (organization, application, idempotency
/// key), or the digest of lane, key and bytes where the key cannot count for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityKey {
    /// The sender organization; 0 where it is not known.
    pub organization: i64,
    /// The application that is accountable for it; for a forgery the one that
    /// published, never the one it claimed to be.
    pub application: String,
    /// `k:` and the sender's key, or `d:` and a digest.
    pub key: String,
}

impl IdentityKey {
    /// The identity of a publication whose sender and key are usable.
    #[must_use]
    pub fn of_key(organization: EnterpriseNumber, application: &str, key: &str) -> Self {
        Self {
            organization: organization.value(),
            application: application.to_owned(),
            key: format!("k:{key}"),
        }
    }

    /// The identity of bytes on a lane. Whatever stood in place of a key is a part
    /// of them: the same bytes under two keys are two publications.
    #[must_use]
    pub fn of_bytes(application: &str, lane: &str, key: Option<&str>, body: &[u8]) -> Self {
        let key = key.map(str::as_bytes);
        let parts: Vec<&[u8]> =
            [Some(lane.as_bytes()), key, Some(body)].into_iter().flatten().collect();
        let digest = Digest::of_parts(&parts);
        Self { organization: 0, application: application.to_owned(), key: format!("d:{digest}") }
    }

    /// The sender's own key, if this identity has one.
    #[must_use]
    pub fn senders_key(&self) -> Option<&str> {
        self.key.strip_prefix("k:")
    }
}

/// First half of the SHA-256 of the body: tells a repeat from a key used twice.
pub type Fingerprint = [u8; 16];

pub(crate) use crate::domain::words;

words! {
    /// Where an identity stands in the account.
    IdentityState {
        /// It became a message.
        Accepted = "accepted",
        /// It could not be accepted and waits in the quarantine.
        Quarantined = "quarantined",
        /// An operator threw it away.
        Discarded = "discarded",
        /// It waits for an operator although nothing is wrong with it.
        Held = "held",
    }
}

/// An identity the ledger knows.
#[derive(Clone, Debug)]
pub struct KnownIdentity {
    /// Where it stands.
    pub state: IdentityState,
    /// Of the bytes it came with last.
    pub fingerprint: Fingerprint,
    /// The message it became.
    pub message: Option<MessageId>,
}

/// What a batch does to one identity.
#[derive(Clone, Debug)]
pub struct IdentityChange {
    /// Where it stood before; none: it is new.
    pub before: Option<IdentityState>,
    /// Where it stands now.
    pub state: IdentityState,
    /// How often it came in this batch.
    pub seen: i64,
    /// Of the bytes it came with last.
    pub fingerprint: Fingerprint,
    /// The message it became, and for whom.
    pub message: Option<(MessageId, EnterpriseNumber)>,
}

const KNOWN: Statement = Statement {
    // One by one through the key. As a join, all identities would be read for
    // a batch while there are fewer than some hundred thousand.
    postgres: "SELECT i.organization, i.application, i.key, i.state, i.fingerprint, i.message
        FROM UNNEST($1::BIGINT[], $2::TEXT[], $3::TEXT[]) AS wanted (o, a, k)
        CROSS JOIN LATERAL (SELECT * FROM identities
            WHERE organization = wanted.o AND application = wanted.a AND key = wanted.k
            LIMIT 1) i",
    sqlite: "SELECT i.organization, i.application, i.key, i.state, i.fingerprint, i.message
        FROM json_each($1) wanted
        CROSS JOIN identities i ON i.organization = wanted.value ->> 0
         AND i.application = wanted.value ->> 1 AND i.key = wanted.value ->> 2",
};

pub(super) async fn known(
    tx: &mut Transaction,
    wanted: &[IdentityKey],
) -> Result<HashMap<IdentityKey, KnownIdentity>, LedgerError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = wanted.iter().map(|id| (id.organization, id.application.clone(), id.key.clone()));
    let rows = tx.rows(KNOWN, vec![Value::Triples(keys.collect())]).await?;
    rows.into_iter()
        .map(|mut row| {
            let key = IdentityKey {
                organization: row.int()?,
                application: row.text()?,
                key: row.text()?,
            };
            let known = KnownIdentity {
                state: row.parsed()?,
                fingerprint: fingerprint(&row.bytes()?)?,
                message: row.opt_id()?.map(MessageId),
            };
            Ok((key, known))
        })
        .collect()
}

fn fingerprint(bytes: &[u8]) -> Result<Fingerprint, LedgerError> {
    bytes.try_into().map_err(|_| LedgerError::Shape("a fingerprint has 16 bytes".into()))
}

const IDENTITIES: Table = Table {
    name: "identities",
    columns: &[
        "organization",
        "application",
        "key",
        "state",
        "seen",
        "fingerprint",
        "message",
        "enterprise",
    ],
    conflict: "ON CONFLICT (organization, application, key) DO NOTHING",
};

const CHANGE: Statement = Statement::same(
    "UPDATE identities
     SET state = $5, seen = seen + $6, fingerprint = $7, message = $8, enterprise = $9
     WHERE organization = $1 AND application = $2 AND key = $3 AND state = $4",
);

const SEEN_AGAIN: Statement = Statement::same(
    "UPDATE identities SET seen = seen + $5
     WHERE organization = $1 AND application = $2 AND key = $3 AND state = $4",
);

const SUPERSEDE: Statement = Statement::same(
    "UPDATE quarantine SET state = 'superseded', resolved_at = $4, resolved_by = 'intake'
     WHERE organization = $1 AND application = $2 AND key = $3 AND state IN ('open', 'held')",
);

type Changes<'a> = Vec<(&'a IdentityKey, &'a IdentityChange)>;

/// What a batch did to its identities: those that are new, and those that were
/// known, each in the order of their keys so that two engines cannot deadlock.
pub(super) fn parted(
    changes: &BTreeMap<IdentityKey, IdentityChange>,
) -> (Changes<'_>, Changes<'_>) {
    changes.iter().partition(|(_, change)| change.before.is_none())
}

/// Rewrites those that were known.
///
/// # Errors
/// `Conflict` when another engine changed one of them since it was looked up.
pub(super) async fn rewrite(tx: &mut Transaction, known: &Changes<'_>) -> Result<(), LedgerError> {
    for (key, change) in known {
        rewrite_one(tx, key, change).await?;
    }
    Ok(())
}

pub(super) fn bulk(new: &[(&IdentityKey, &IdentityChange)]) -> Bulk {
    let message = |change: &IdentityChange| change.message.map(|(id, _)| id.0);
    let enterprise = |change: &IdentityChange| change.message.map(|(_, number)| number.value());
    Bulk::new(
        &IDENTITIES,
        vec![
            Column::Ints(new.iter().map(|(key, _)| key.organization).collect()),
            Column::Texts(new.iter().map(|(key, _)| key.application.clone()).collect()),
            Column::Texts(new.iter().map(|(key, _)| key.key.clone()).collect()),
            Column::Texts(new.iter().map(|(_, c)| c.state.as_str().to_owned()).collect()),
            Column::Ints(new.iter().map(|(_, change)| change.seen).collect()),
            Column::Bytes(new.iter().map(|(_, change)| change.fingerprint.to_vec()).collect()),
            Column::OptIds(new.iter().map(|(_, change)| message(change)).collect()),
            Column::OptInts(new.iter().map(|(_, change)| enterprise(change)).collect()),
        ],
    )
}

async fn rewrite_one(
    tx: &mut Transaction,
    key: &IdentityKey,
    change: &IdentityChange,
) -> Result<(), LedgerError> {
    let before = change.before.unwrap_or(change.state);
    let mut values: Vec<Value> = vec![
        key.organization.into(),
        key.application.as_str().into(),
        key.key.as_str().into(),
        before.as_str().into(),
    ];
    let is_same = before == change.state && change.state == IdentityState::Accepted;
    let changed = if is_same {
        values.push(change.seen.into());
        tx.execute(SEEN_AGAIN, values).await?
    } else {
        values.extend([
            change.state.as_str().into(),
            change.seen.into(),
            change.fingerprint.to_vec().into(),
            Value::Id(change.message.map(|(id, _)| id.0 as Uuid)),
            Value::Int(change.message.map(|(_, number)| number.value())),
        ]);
        tx.execute(CHANGE, values).await?
    };
    if changed != 1 {
        return Err(LedgerError::Conflict);
    }
    Ok(())
}

/// The identities that were accepted after something else with their key was
/// not, in an earlier batch or in this one.
pub(super) fn mended(records: &Records) -> Vec<IdentityKey> {
    let aside: HashSet<&IdentityKey> = records.quarantined.iter().map(|it| &it.identity).collect();
    let is_mended = |(key, change): &(&IdentityKey, &IdentityChange)| {
        let was_aside = change.before.is_some_and(|before| before != IdentityState::Accepted);
        change.state == IdentityState::Accepted && (was_aside || aside.contains(key))
    };
    let mended = records.identities.iter().filter(is_mended);
    mended.map(|(key, _)| key.clone()).collect()
}

/// What waited in the quarantine under a mended identity waits no more.
pub(super) async fn supersede(
    tx: &mut Transaction,
    mended: &[IdentityKey],
    at: i64,
) -> Result<(), LedgerError> {
    for key in mended {
        let (application, id) = (key.application.as_str(), key.key.as_str());
        let values = vec![key.organization.into(), application.into(), id.into(), at.into()];
        tx.execute(SUPERSEDE, values).await?;
    }
    Ok(())
}
