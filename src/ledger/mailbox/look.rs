//! One look of one reader: today's access, read in the transaction that
//! answers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::filter::Place;
use crate::clock::belgian_day;
use crate::domain::{
    Condition, EnterpriseNumber, Grant, LegalState, MessageId, PartitionId, PersonId, Scope,
    day_of_number,
};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{Ledger, Reference};
use crate::route::{Opening, openings};

/// A consistent view with what it opens to one person.
pub struct Look {
    pub(in crate::ledger) tx: Transaction,
    pub(super) now: Timestamp,
    pub(super) person: PersonId,
    /// Organizations, applications, types, as of this view.
    pub reference: Arc<Reference>,
    /// The grants in force in the place looked at.
    pub grants: Vec<Grant>,
    /// What they open.
    pub openings: Vec<Opening>,
    /// The boxes that they would open if their company had not ceased.
    pub(super) closed: BTreeSet<EnterpriseNumber>,
}

macro_rules! grants {
    ($whose:literal, $where:literal) => {
        concat!(
            "SELECT g.record, e.state, e.state_since
             FROM grants g JOIN boxes b ON b.enterprise = g.enterprise
             LEFT JOIN enterprises e ON e.number = g.enterprise
             WHERE ",
            $whose,
            $where
        )
    };
}

const GRANTS: Statement = Statement::same(grants!("g.person = $1", ""));

const GRANTS_IN: Statement = Statement {
    postgres: grants!("g.person = $1", " AND g.enterprise = ANY($2)"),
    sqlite: grants!("g.person = $1", " AND g.enterprise IN (SELECT value FROM json_each($2))"),
};

/// Without the condition that the grant is the reader's.
#[cfg(feature = "failpoints")]
const ANYBODYS: Statement = Statement {
    postgres: grants!("g.person >= left($1, 0)", " AND g.enterprise = ANY($2)"),
    sqlite: grants!(
        "g.person >= substr($1, 1, 0)",
        " AND g.enterprise IN (SELECT value FROM json_each($2))"
    ),
};
#[cfg(not(feature = "failpoints"))]
const ANYBODYS: Statement = GRANTS_IN;

const BOXES_OF: Statement = Statement {
    postgres: "SELECT DISTINCT enterprise FROM messages WHERE id = ANY($1)",
    sqlite: "SELECT DISTINCT enterprise FROM messages
        WHERE id IN (SELECT unhex(value) FROM json_each($1))",
};

impl Ledger {
    /// Looks into a place with a person's eyes; none where nothing is open to
    /// that person today.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look(
        &self,
        person: &PersonId,
        place: Place,
        now: Timestamp,
    ) -> Result<Option<Look>, LedgerError> {
        let tx = self.store.begin_look().await?;
        let boxes = match place {
            Place::Box(enterprise) => Some(vec![enterprise]),
            Place::All => None,
        };
        let look = self.look_in(tx, person, boxes.as_deref(), now).await?;
        let is_open = !look.grants.is_empty() || place == Place::All;
        Ok(Some(look).filter(|_| is_open))
    }

    /// Looks at the boxes in which these messages lie, as far as they are open:
    /// what is asked for next is each message.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look_where(
        &self,
        person: &PersonId,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<Look, LedgerError> {
        let tx = self.store.begin_look().await?;
        self.look_at(tx, person, ids, now).await
    }

    /// Looks at the boxes in which these messages lie.
    pub(super) async fn look_at(
        &self,
        mut tx: Transaction,
        person: &PersonId,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<Look, LedgerError> {
        let values = vec![Value::Ids(ids.iter().map(|id| id.0).collect())];
        let rows = tx.rows(BOXES_OF, values).await?;
        let boxes: Result<Vec<EnterpriseNumber>, LedgerError> =
            rows.into_iter().map(|mut row| enterprise_number(row.int()?)).collect();
        self.look_in(tx, person, Some(&boxes?), now).await
    }

    pub(super) async fn look_in(
        &self,
        mut tx: Transaction,
        person: &PersonId,
        boxes: Option<&[EnterpriseNumber]>,
        now: Timestamp,
    ) -> Result<Look, LedgerError> {
        let reference = self.reference_in(&mut tx).await?;
        let day = belgian_day(now);
        let (grants, closed) = grants(&mut tx, person, boxes, day).await?;
        let openings = openings(&grants, &reference.message_types, day);
        Ok(Look { tx, now, person: person.clone(), reference, grants, openings, closed })
    }
}

/// The grants in force on a day, and the boxes that no longer open. When a
/// company has ceased, access to its box ends for all but its liquidators.
async fn grants(
    tx: &mut Transaction,
    person: &PersonId,
    boxes: Option<&[EnterpriseNumber]>,
    day: Date,
) -> Result<(Vec<Grant>, BTreeSet<EnterpriseNumber>), LedgerError> {
    let person = person.as_str().into();
    let boxes = boxes.filter(|_| !Condition::Box.is_left_out());
    let rows = match boxes {
        None => tx.rows(GRANTS, vec![person]).await?,
        Some(boxes) => {
            let boxes = Value::Ints(boxes.iter().map(|number| number.value()).collect());
            let whose = if Condition::Person.is_left_out() { ANYBODYS } else { GRANTS_IN };
            tx.rows(whose, vec![person, boxes]).await?
        }
    };
    let (mut grants, mut closed) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for mut row in rows {
        let grant: Grant = row.json()?;
        let is_over = is_over(&mut row, day)?;
        if !grant.is_in_force(day) {
            continue;
        }
        if !Condition::Ceased.holds(!is_over || grant.scope == Scope::Liquidator) {
            closed.insert(grant.enterprise);
        } else {
            grants.push(grant);
        }
    }
    closed.retain(|number| !grants.iter().any(|grant| grant.enterprise == *number));
    Ok((grants, closed))
}

/// Reads state and its first day; a box of nobody in the register is no closed
/// one.
pub(in crate::ledger) fn is_over(row: &mut Row, day: Date) -> Result<bool, LedgerError> {
    let (state, since) = (row.opt_text()?, row.opt_int()?.and_then(day_of_number));
    Ok(state.as_deref() == Some("closed") && LegalState::Closed.is_over(since, day))
}

impl Look {
    pub(super) fn day(&self) -> jiff::civil::Date {
        belgian_day(self.now)
    }

    /// The openings of one box at most: how often one message can be admitted.
    pub(super) fn overlap(&self) -> i64 {
        let mut counts: HashMap<EnterpriseNumber, i64> = HashMap::new();
        for opening in &self.openings {
            *counts.entry(opening.enterprise).or_default() += 1;
        }
        counts.into_values().max().unwrap_or(0)
    }

    /// Looks with other grants than the person's own, as of this view: what
    /// somebody would see.
    #[must_use]
    pub fn with_grants(mut self, mut grants: Vec<Grant>) -> Self {
        let day = self.day();
        grants.retain(|grant| grant.is_in_force(day));
        self.openings = openings(&grants, &self.reference.message_types, day);
        self.grants = grants;
        self
    }

    /// Whether the boxes looked at are open whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.openings.iter().all(|opening| opening.types.is_none())
    }

    /// Whether anything is open to the person in a partition of a box.
    #[must_use]
    pub fn is_open_in(&self, enterprise: EnterpriseNumber, partition: &PartitionId) -> bool {
        self.openings.iter().any(|it| {
            it.enterprise == enterprise && it.partition.as_ref().is_none_or(|it| it == partition)
        })
    }

    /// Whether the person may do in a box what access managers may.
    #[must_use]
    pub fn is_manager(&self, enterprise: EnterpriseNumber) -> bool {
        let mut grants = self.grants.iter();
        grants.any(|grant| {
            grant.enterprise == enterprise
                && Condition::Manager.holds(grant.scope == Scope::Manager)
        })
    }
}
