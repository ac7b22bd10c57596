//! The quarantine: what could not be accepted, with its bytes.

use jiff::Timestamp;
use uuid::Uuid;

use super::controls::{Act, operated};
use super::detail::Detail;
use super::error::LedgerError;
use super::identity::{IdentityKey, words};
use super::journal::{self, Entry, EntryKind};
use super::record::{RefusedAgain, Replayed};
use super::reference::enterprise_number;
use super::store::{Row, Statement, Transaction, Value};
use super::{Ledger, micros, time};
use crate::domain::{Code, MessageTypeId, Refusal};

words! {
    /// What became of an entry.
    QuarantineState {
        /// It waits for the sender or an operator.
        Open = "open",
        /// Nothing is wrong with it; it waits for an operator.
        Held = "held",
        /// An operator replayed it, and it was accepted.
        Replayed = "replayed",
        /// An operator threw it away.
        Discarded = "discarded",
        /// The sender published the same key again, and that was accepted.
        Superseded = "superseded",
    }
}

/// An entry.
#[derive(Clone, Debug)]
pub struct QuarantineEntry {
    /// Its id.
    pub id: Uuid,
    /// The lane it came on.
    pub lane: String,
    /// The sender organization; 0 where it is not known.
    pub organization: i64,
    /// The application that is accountable for it.
    pub application: String,
    /// What it is counted by.
    pub key: String,
    /// Why.
    pub refusal: Refusal,
    /// Its AMQP properties as JSON.
    pub properties: String,
    /// What became of it.
    pub state: QuarantineState,
    /// When it came.
    pub at: Timestamp,
    /// When it left.
    pub resolved_at: Option<Timestamp>,
    /// By whom.
    pub resolved_by: Option<String>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct QuarantineFilter {
    /// In this state.
    pub state: Option<QuarantineState>,
    /// Of this application; empty: of any.
    pub application: String,
    /// With this code.
    pub code: Option<Code>,
    /// Older than this one: its time and id.
    pub before: Option<(Timestamp, Uuid)>,
}

const PAGE: Statement = Statement::same(
    "SELECT id, lane, organization, application, key, code, pointer, explanation, properties,
            state, at, resolved_at, resolved_by
     FROM quarantine
     WHERE ($1 = '' OR state = $1) AND ($2 = '' OR application = $2) AND ($3 = '' OR code = $3)
       AND (at < $4 OR (at = $4 AND id < $5))
     ORDER BY at DESC, id DESC LIMIT $6",
);

const HELD_TYPES: Statement = Statement::same(
    "SELECT DISTINCT paused_type FROM quarantine
     WHERE state = 'held' AND paused_type IS NOT NULL",
);

const HELD_OF_TYPE: Statement = Statement::same(
    "SELECT id FROM quarantine WHERE state = 'held' AND paused_type = $1 AND id > $2
     ORDER BY id LIMIT $3",
);

const SHOW: Statement = Statement::same(
    "SELECT id, lane, organization, application, key, code, pointer, explanation, properties,
            state, at, resolved_at, resolved_by, body
     FROM quarantine WHERE id = $1",
);

const RESOLVE: Statement = Statement::same(
    "UPDATE quarantine SET state = $2, resolved_at = $3, resolved_by = $4
     WHERE id = $1 AND state IN ('open', 'held')",
);

const REFUSE_AGAIN: Statement = Statement::same(
    "UPDATE quarantine SET state = $2, code = $3, pointer = $4, explanation = $5, paused_type = $6
     WHERE id = $1 AND state IN ('open', 'held')",
);

/// The identity stands as what is left of it in the quarantine does.
const STAND_AS_ENTRIES: Statement = Statement::same(
    "UPDATE identities SET state = COALESCE(
        (SELECT CASE max(q.state) WHEN 'open' THEN 'quarantined' ELSE max(q.state) END
         FROM quarantine q
         WHERE q.organization = $1 AND q.application = $2 AND q.key = $3
           AND q.state IN ('open', 'held')), 'discarded')
     WHERE organization = $1 AND application = $2 AND key = $3
       AND state IN ('quarantined', 'held')",
);

const SEEN: Statement = Statement::same(
    "SELECT seen FROM identities WHERE organization = $1 AND application = $2 AND key = $3",
);

const BY_CODE: Statement = Statement::same(
    "SELECT code, count(*) FROM quarantine WHERE state IN ('open', 'held') GROUP BY code",
);

fn entry(row: &mut Row) -> Result<QuarantineEntry, LedgerError> {
    Ok(QuarantineEntry {
        id: row.id()?,
        lane: row.text()?,
        organization: row.int()?,
        application: row.text()?,
        key: row.text()?,
        refusal: Refusal { code: row.parsed()?, pointer: row.text()?, message: row.text()? },
        properties: row.text()?,
        state: row.parsed()?,
        at: time(row.int()?)?,
        resolved_at: row.opt_int()?.map(time).transpose()?,
        resolved_by: row.opt_text()?,
    })
}

/// The entries of an identity that ends name the one that takes its place.
const MOVE_ENTRIES: Statement = Statement::same(
    "UPDATE quarantine SET organization = $4, application = $5, key = $6
     WHERE organization = $1 AND application = $2 AND key = $3",
);

/// An identity by bytes ends when its publication is counted by its key.
const MOVE_IDENTITY: Statement = Statement::same(
    "DELETE FROM identities WHERE organization = $1 AND application = $2 AND key = $3
       AND state IN ('quarantined', 'held')",
);

pub(super) async fn mark_replayed(
    tx: &mut Transaction,
    replayed: &[Replayed],
    at: i64,
) -> Result<(), LedgerError> {
    for replayed in replayed {
        let state = QuarantineState::Replayed.as_str();
        let actor = replayed.actor.as_str();
        let values = vec![replayed.entry.into(), state.into(), at.into(), actor.into()];
        if tx.execute(RESOLVE, values).await? != 1 {
            return Err(LedgerError::Conflict);
        }
        if let Some(old) = &replayed.moved_from {
            tx.execute(MOVE_IDENTITY, place(old)).await?;
            let places = [place(old), place(&replayed.identity)].concat();
            tx.execute(MOVE_ENTRIES, places).await?;
        }
    }
    Ok(())
}

/// Gives entries the reason for which they wait now.
///
/// # Errors
/// `Conflict` when one of them does not wait any more.
pub(super) async fn refuse_again(
    tx: &mut Transaction,
    refused: &[RefusedAgain],
) -> Result<(), LedgerError> {
    for RefusedAgain { entry, identity, refusal, state, paused_type } in refused {
        let values = vec![
            (*entry).into(),
            state.as_str().into(),
            refusal.code.as_str().into(),
            refusal.pointer.as_str().into(),
            refusal.message.as_str().into(),
            paused_type.as_ref().map(ToString::to_string).into(),
        ];
        if tx.execute(REFUSE_AGAIN, values).await? != 1 {
            return Err(LedgerError::Conflict);
        }
        tx.execute(STAND_AS_ENTRIES, place(identity)).await?;
    }
    Ok(())
}

fn place(identity: &IdentityKey) -> Vec<Value> {
    let (application, key) = (identity.application.as_str(), identity.key.as_str());
    vec![identity.organization.into(), application.into(), key.into()]
}

impl Ledger {
    /// The newest entries; without a state, application or code, of all.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn quarantine(
        &self,
        state: Option<QuarantineState>,
        application: Option<&str>,
        code: Option<Code>,
        limit: i64,
    ) -> Result<Vec<QuarantineEntry>, LedgerError> {
        let application = application.unwrap_or_default().to_owned();
        let filter = QuarantineFilter { state, application, code, before: None };
        self.entries(&filter, limit).await
    }

    /// A page of entries, newest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn quarantine_page(
        &self,
        filter: &QuarantineFilter,
        limit: u32,
    ) -> Result<Vec<QuarantineEntry>, LedgerError> {
        self.entries(filter, limit.into()).await
    }

    async fn entries(
        &self,
        filter: &QuarantineFilter,
        limit: i64,
    ) -> Result<Vec<QuarantineEntry>, LedgerError> {
        let (at, id) = match filter.before {
            Some((at, id)) => (micros(at), id),
            None => (i64::MAX, Uuid::max()),
        };
        let values: Vec<Value> = vec![
            filter.state.map_or("", QuarantineState::as_str).into(),
            filter.application.as_str().into(),
            filter.code.map_or("", Code::as_str).into(),
            at.into(),
            id.into(),
            limit.into(),
        ];
        self.store.rows(PAGE, values).await?.iter_mut().map(entry).collect()
    }

    /// The message types of what a pause holds.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn held_types(&self) -> Result<Vec<MessageTypeId>, LedgerError> {
        self.store.rows(HELD_TYPES, vec![]).await?.iter_mut().map(Row::parsed).collect()
    }

    /// What a type's pause holds, oldest first, behind an entry (nil: from the
    /// first on).
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn held_of_type(
        &self,
        kind: &MessageTypeId,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let values = vec![kind.as_str().into(), after.into(), i64::from(limit).into()];
        self.store.rows(HELD_OF_TYPE, values).await?.iter_mut().map(Row::id).collect()
    }

    /// One entry with its bytes.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn quarantined(
        &self,
        id: Uuid,
    ) -> Result<Option<(QuarantineEntry, Vec<u8>)>, LedgerError> {
        let mut rows = self.store.rows(SHOW, vec![id.into()]).await?;
        rows.first_mut().map(|row| Ok((entry(row)?, row.bytes()?))).transpose()
    }

    /// Throws an entry away; its sender is told. Answers whether it was there
    /// and still waiting.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn discard(&self, id: Uuid, act: Act<'_>) -> Result<bool, LedgerError> {
        let (at, actor) = (micros(act.at), act.actor);
        let mut tx = self.store.begin().await?;
        let mut rows = tx.rows(SHOW, vec![id.into()]).await?;
        let Some(row) = rows.first_mut() else {
            return Ok(false);
        };
        let found = entry(row)?;
        let state = QuarantineState::Discarded.as_str();
        let values = vec![id.into(), state.into(), at.into(), actor.into()];
        if tx.execute(RESOLVE, values).await? != 1 {
            return Ok(false);
        }
        let identity = vec![
            found.organization.into(),
            found.application.as_str().into(),
            found.key.as_str().into(),
        ];
        tx.execute(STAND_AS_ENTRIES, identity).await?;
        journal::append(&mut tx, &mut [discarded(&found, act.at)?], at).await?;
        operated(&mut tx, "discarded", &id.to_string(), act).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// How often an identity came.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn seen(&self, identity: &IdentityKey) -> Result<i64, LedgerError> {
        let mut rows = self.store.rows(SEEN, place(identity)).await?;
        rows.first_mut().map_or(Ok(1), Row::int)
    }

    /// How many entries wait, by code.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn quarantined_by_code(&self) -> Result<Vec<(Code, i64)>, LedgerError> {
        let rows = self.store.rows(BY_CODE, vec![]).await?;
        rows.into_iter().map(|mut row| Ok((row.parsed()?, row.int()?))).collect()
    }
}

fn discarded(found: &QuarantineEntry, at: Timestamp) -> Result<Entry, LedgerError> {
    let organization = match found.organization {
        0 => None,
        number => Some(enterprise_number(number)?),
    };
    Ok(Entry {
        position: 0,
        at,
        kind: EntryKind::Discarded,
        organization,
        application: found.application.clone(),
        key: found.key.strip_prefix("k:").unwrap_or_default().to_owned(),
        message: None,
        detail: Detail::Discarded { code: found.refusal.code }.to_json(),
    })
}
