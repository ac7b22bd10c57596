//! What operators order: a lane or a message type paused, a pace, the policy
//! read again; and the record of all that they do.
//!
//! Orders belong to the reference data: each moves its version, so a batch is
//! judged by the orders that its own transaction sees, and every engine's
//! supervisor learns of them within a second.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::error::LedgerError;
use super::mailbox::{NO_BOX, record_operated};
use super::registry::{MOVE_REFERENCE, lock};
use super::store::{Row, Statement, Transaction, Value};
use super::{Ledger, micros, time};
use crate::domain::{ApplicationId, MessageTypeId};

/// Who does something, when and why.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// By whom, as the record names it.
    pub actor: &'a str,
    /// Why, in the operator's words; may be empty.
    pub reason: &'a str,
    /// When.
    pub at: Timestamp,
}

/// What is in force for one lane or message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Whether it is paused.
    pub is_paused: bool,
    /// Documents a second, in place of the registry's.
    pub pace: Option<u32>,
    /// Why it was last ordered.
    pub reason: String,
    /// By whom.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that is in force.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    /// By application.
    pub lanes: BTreeMap<ApplicationId, Control>,
    /// By message type.
    pub types: BTreeMap<MessageTypeId, Control>,
    /// When an operator last asked every engine to read its policy again.
    pub policy_asked_at: Option<Timestamp>,
}

impl Controls {
    /// Whether nothing is taken from a lane.
    #[must_use]
    pub fn is_lane_paused(&self, lane: &ApplicationId) -> bool {
        self.lanes.get(lane).is_some_and(|it| it.is_paused)
    }

    /// Whether documents of a type are held.
    #[must_use]
    pub fn is_type_paused(&self, kind: &MessageTypeId) -> bool {
        self.types.get(kind).is_some_and(|it| it.is_paused)
    }

    /// The pace ordered for a lane; none: the registry's holds.
    #[must_use]
    pub fn pace(&self, lane: &ApplicationId) -> Option<u32> {
        self.lanes.get(lane).and_then(|it| it.pace)
    }
}

/// What is ordered of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneOrder {
    /// Nothing is taken from it: its documents wait at the broker.
    Pause,
    /// It goes on.
    Resume,
    /// Documents a second, over all engines; none: as the registry says.
    Pace(Option<u32>),
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Controlled {
    /// It is in force.
    Done,
    /// It was in force already.
    Same,
    /// The registry knows no such lane or type.
    Unknown,
}

/// One act of an operator, from the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Acted {
    /// Its place in the record.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// What, in a word.
    pub act: String,
    /// Done to what.
    pub subject: String,
    /// Why.
    pub reason: String,
}

const LANE: &str = "lane";
const TYPE: &str = "type";
const POLICY: &str = "policy";

const ALL: Statement =
    Statement::same("SELECT kind, id, paused, pace, reason, actor, at FROM controls");

const PUT: Statement = Statement::same(
    "INSERT INTO controls (kind, id, paused, pace, reason, actor, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (kind, id) DO UPDATE SET paused = excluded.paused, pace = excluded.pace,
         reason = excluded.reason, actor = excluded.actor, at = excluded.at",
);

const ACTS: Statement = Statement::same(
    "SELECT id, at, actor, detail FROM audit WHERE enterprise = $1 AND id < $2
     ORDER BY id DESC LIMIT $3",
);

pub(super) async fn load(tx: &mut Transaction) -> Result<Controls, LedgerError> {
    let mut controls = Controls::default();
    for mut row in tx.rows(ALL, vec![]).await? {
        let (kind, id) = (row.text()?, row.text()?);
        let control = control(&mut row)?;
        let shape = |error: crate::domain::IdError| LedgerError::Shape(error.to_string());
        match kind.as_str() {
            LANE => {
                controls.lanes.insert(ApplicationId::new(id).map_err(shape)?, control);
            }
            TYPE => {
                controls.types.insert(MessageTypeId::new(id).map_err(shape)?, control);
            }
            POLICY => controls.policy_asked_at = Some(control.at),
            // Of a newer release, whose engines are beside this one.
            _ => {}
        }
    }
    Ok(controls)
}

fn control(row: &mut Row) -> Result<Control, LedgerError> {
    Ok(Control {
        is_paused: row.flag()?,
        pace: row.opt_int()?.and_then(|pace| u32::try_from(pace).ok()),
        reason: row.text()?,
        actor: row.text()?,
        at: time(row.int()?)?,
    })
}

impl Ledger {
    /// Pauses a lane, lets it go on, or sets its pace, on every engine.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn control_lane(
        &self,
        lane: &ApplicationId,
        order: LaneOrder,
        act: Act<'_>,
    ) -> Result<Controlled, LedgerError> {
        let mut tx = self.store.begin().await?;
        lock(&mut tx).await?;
        let reference = self.reference_in(&mut tx).await?;
        if !reference.applications.contains_key(lane) {
            return Ok(Controlled::Unknown);
        }
        let before = (reference.controls.is_lane_paused(lane), reference.controls.pace(lane));
        let (word, after) = match order {
            LaneOrder::Pause => ("lane-paused", (true, before.1)),
            LaneOrder::Resume => ("lane-resumed", (false, before.1)),
            LaneOrder::Pace(pace) => ("lane-paced", (before.0, pace)),
        };
        if before == after {
            return Ok(Controlled::Same);
        }
        let subject = match order {
            LaneOrder::Pace(Some(pace)) => format!("{lane} {pace}/s"),
            _ => lane.to_string(),
        };
        put(&mut tx, (LANE, lane.as_str()), after, act).await?;
        operated(&mut tx, word, &subject, act).await?;
        tx.commit().await?;
        Ok(Controlled::Done)
    }

    /// Holds every document of a message type that comes from now on, or lets
    /// the type go on; what was held goes on by itself.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn control_type(
        &self,
        kind: &MessageTypeId,
        is_paused: bool,
        act: Act<'_>,
    ) -> Result<Controlled, LedgerError> {
        let mut tx = self.store.begin().await?;
        lock(&mut tx).await?;
        let reference = self.reference_in(&mut tx).await?;
        if !reference.message_types.contains_key(kind) {
            return Ok(Controlled::Unknown);
        }
        if reference.controls.is_type_paused(kind) == is_paused {
            return Ok(Controlled::Same);
        }
        put(&mut tx, (TYPE, kind.as_str()), (is_paused, None), act).await?;
        let word = if is_paused { "type-paused" } else { "type-resumed" };
        operated(&mut tx, word, kind.as_str(), act).await?;
        tx.commit().await?;
        Ok(Controlled::Done)
    }

    /// Has every engine read its policy again.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn ask_for_policy(&self, act: Act<'_>) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        lock(&mut tx).await?;
        put(&mut tx, (POLICY, ""), (false, None), act).await?;
        operated(&mut tx, "policy-asked", "", act).await?;
        tx.commit().await
    }

    /// Records an act that changes nothing else in the ledger.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn record_act(
        &self,
        word: &str,
        subject: &str,
        act: Act<'_>,
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        operated(&mut tx, word, subject, act).await?;
        tx.commit().await
    }

    /// What operators did, newest first, before a place in the record.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn acts(&self, before: Option<i64>, limit: u32) -> Result<Vec<Acted>, LedgerError> {
        let before = before.unwrap_or(i64::MAX);
        let values = vec![NO_BOX.into(), before.into(), i64::from(limit).into()];
        self.store.rows(ACTS, values).await?.into_iter().map(acted).collect()
    }
}

/// Records an act in the transaction that carries it out.
pub(super) async fn operated(
    tx: &mut Transaction,
    word: &str,
    subject: &str,
    act: Act<'_>,
) -> Result<(), LedgerError> {
    let detail = json!({ "act": word, "subject": subject, "reason": act.reason });
    record_operated(tx, act.actor, act.at, &detail).await
}

async fn put(
    tx: &mut Transaction,
    (kind, id): (&str, &str),
    (is_paused, pace): (bool, Option<u32>),
    act: Act<'_>,
) -> Result<(), LedgerError> {
    let values = vec![
        kind.into(),
        id.into(),
        is_paused.into(),
        Value::Int(pace.map(i64::from)),
        act.reason.into(),
        act.actor.into(),
        micros(act.at).into(),
    ];
    tx.execute(PUT, values).await?;
    tx.execute(MOVE_REFERENCE, vec![]).await.map(drop)
}

fn acted(mut row: Row) -> Result<Acted, LedgerError> {
    let (id, at, actor) = (row.int()?, time(row.int()?)?, row.text()?);
    let detail: Json = row.json()?;
    let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
    let (act, subject, reason) = (text("act"), text("subject"), text("reason"));
    Ok(Acted { id, at, actor, act, subject, reason })
}
