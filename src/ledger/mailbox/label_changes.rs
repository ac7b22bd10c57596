//! Changes of labels: one row each, so a label on a million messages costs no
//! more than one on none.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::audit::{self, Deed};
use super::look::Look;
use crate::domain::{Colour, EnterpriseNumber, LabelId, PersonId};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::registry::lock;
use crate::ledger::store::{Statement, Value};

/// A change of the labels of one box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelChange {
    /// A new one.
    Create {
        /// Unlike that of any label that its maker sees.
        name: String,
        /// Its colour.
        colour: Colour,
    },
    /// Another name or colour.
    Change {
        /// Of which.
        label: LabelId,
        /// Unlike that of any label that the person sees.
        name: String,
        /// Its colour.
        colour: Colour,
    },
    /// What has the one has the other from now on.
    Merge {
        /// This one is gone.
        from: LabelId,
        /// This one stands for both.
        into: LabelId,
    },
    /// Off every message, and gone.
    Delete(LabelId),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum LabelChanged {
    /// It was made; this label is the one that stands.
    Done(LabelId),
    /// The box or the label is not there for this person.
    NotFound,
    /// Another label that the person sees has the name.
    NameTaken,
    /// Only its maker or an access manager may.
    Forbidden,
    /// The box has as many as it may have.
    Full,
}

/// Labels of one box: every page offers all of them.
const LABELS_MAX: i64 = 200;
/// With those that were merged into others, and stay on their messages.
const LABELS_KEPT_MAX: i64 = 2_000;

const COUNT: Statement = Statement::same(
    "SELECT COUNT(*) FILTER (WHERE merged_into IS NULL), COUNT(*)
     FROM labels WHERE enterprise = $1",
);

const CREATE: Statement = Statement::same(
    "INSERT INTO labels (enterprise, id, name, colour, title, created_by)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (enterprise, name) WHERE merged_into IS NULL DO NOTHING",
);

const CHANGE: Statement = Statement::same(
    "UPDATE labels SET name = $3, colour = $4, title = $5 WHERE enterprise = $1 AND id = $2
     AND NOT EXISTS (SELECT 1 FROM labels o WHERE o.enterprise = $1 AND o.name = $3
         AND o.id <> $2 AND o.merged_into IS NULL)",
);

const MERGE: Statement = Statement::same(
    "UPDATE labels SET merged_into = $3 WHERE enterprise = $1 AND (id = $2 OR merged_into = $2)",
);

const DELETE_PLACED: Statement = Statement::same(
    "DELETE FROM message_labels WHERE enterprise = $1 AND label IN (
         SELECT id FROM labels WHERE enterprise = $1 AND (id = $2 OR merged_into = $2))",
);

const DELETE: Statement =
    Statement::same("DELETE FROM labels WHERE enterprise = $1 AND (id = $2 OR merged_into = $2)");

/// Changes of the labels of one box follow each other.
const LOCK: Statement = Statement {
    postgres: "SELECT enterprise FROM boxes WHERE enterprise = $1 FOR NO KEY UPDATE",
    sqlite: "SELECT enterprise FROM boxes WHERE enterprise = $1",
};

impl Ledger {
    /// Changes the labels of a box.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn change_labels(
        &self,
        person: &PersonId,
        enterprise: EnterpriseNumber,
        change: &LabelChange,
        now: Timestamp,
    ) -> Result<LabelChanged, LedgerError> {
        let mut tx = self.store.begin().await?;
        // The registry before the box, as whoever manages it.
        let version = if change.gone().is_some() { lock(&mut tx).await? } else { 0 };
        tx.rows(LOCK, vec![enterprise.value().into()]).await?;
        let mut look = self.look_in(tx, person, Some(&[enterprise]), now).await?;
        if look.grants.is_empty() {
            return Ok(LabelChanged::NotFound);
        }
        if matches!(change, LabelChange::Create { .. }) && look.is_full(enterprise).await? {
            return Ok(LabelChanged::Full);
        }
        for label in change.labels() {
            match look.may_change(label).await? {
                None => return Ok(LabelChanged::NotFound),
                Some(false) => return Ok(LabelChanged::Forbidden),
                Some(true) => {}
            }
        }
        let changed = look.change_label(enterprise, change).await?;
        if let LabelChanged::Done(label) = changed {
            let mut what = vec![(enterprise, None, Deed::Label, change.detail(label))];
            if let Some(gone) = change.gone()
                && let Some(rules) = look.follow_label(enterprise, gone, version).await?
            {
                what.push((enterprise, None, Deed::LabelRule, json!({ "rules": rules })));
            }
            audit::record(&mut look.tx, person.as_str(), now, &what).await?;
            look.tx.commit().await?;
        }
        Ok(changed)
    }
}

impl Look {
    async fn may_change(&mut self, label: LabelId) -> Result<Option<bool>, LedgerError> {
        let person = self.person.clone();
        let labels = self.made_labels().await?;
        let found = labels.into_iter().find(|(it, _)| it.id == label);
        Ok(found.map(|(it, by)| self.is_manager(it.enterprise) || by == person.as_str()))
    }

    /// The labels that the person may change here: as access manager all, else
    /// the person's own.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn changeable_labels(&mut self) -> Result<BTreeSet<LabelId>, LedgerError> {
        let person = self.person.clone();
        let mut labels = self.made_labels().await?;
        labels.retain(|(it, by)| self.is_manager(it.enterprise) || by == person.as_str());
        Ok(labels.into_iter().map(|(it, _)| it.id).collect())
    }

    /// Whether a box has no room for another label, whoever made those it has.
    async fn is_full(&mut self, enterprise: EnterpriseNumber) -> Result<bool, LedgerError> {
        let rows = self.tx.rows(COUNT, vec![enterprise.value().into()]).await?;
        let mut is_full = false;
        for mut row in rows {
            is_full |= row.int()? >= LABELS_MAX;
            is_full |= row.int()? >= LABELS_KEPT_MAX;
        }
        Ok(is_full)
    }

    /// Writes a label with its name; answers 0 where a label that the person
    /// sees has it. One that the person does not see is not told of: then the
    /// label has the name as its title, and another, unique one in the column
    /// that older engines show.
    async fn name_label(
        &mut self,
        enterprise: EnterpriseNumber,
        (label, is_new): (LabelId, bool),
        (name, colour): (&str, Colour),
    ) -> Result<u64, LedgerError> {
        let seen = self.made_labels().await?;
        if seen.iter().any(|(it, _)| it.name == name && it.id != label) {
            return Ok(0);
        }
        let unique = format!("{name} {}", label.0.simple());
        for (unique, title) in [(name, None), (&unique, Some(name.to_owned()))] {
            let mut values: Vec<Value> = vec![enterprise.value().into(), label.0.into()];
            values.extend([unique.into(), colour.as_str().into(), title.into()]);
            let statement = if is_new {
                values.push(self.person.as_str().into());
                CREATE
            } else {
                CHANGE
            };
            if self.tx.execute(statement, values).await? > 0 {
                return Ok(1);
            }
        }
        Ok(0)
    }

    async fn change_label(
        &mut self,
        enterprise: EnterpriseNumber,
        change: &LabelChange,
    ) -> Result<LabelChanged, LedgerError> {
        let number = || Value::from(enterprise.value());
        let (label, changed) = match change {
            LabelChange::Create { name, colour } => {
                let label = LabelId(Uuid::now_v7());
                (label, self.name_label(enterprise, (label, true), (name, *colour)).await?)
            }
            LabelChange::Change { label, name, colour } => {
                (*label, self.name_label(enterprise, (*label, false), (name, *colour)).await?)
            }
            LabelChange::Merge { from, into } if from == into => (*into, 1),
            LabelChange::Merge { from, into } => {
                let values = vec![number(), from.0.into(), into.0.into()];
                (*into, self.tx.execute(MERGE, values).await?)
            }
            LabelChange::Delete(label) => {
                let values = vec![number(), label.0.into()];
                self.tx.execute(DELETE_PLACED, values.clone()).await?;
                (*label, self.tx.execute(DELETE, values).await?)
            }
        };
        Ok(if changed == 0 { LabelChanged::NameTaken } else { LabelChanged::Done(label) })
    }
}

impl LabelChange {
    /// Those that must be there, and whose change the person must be allowed.
    fn labels(&self) -> BTreeSet<LabelId> {
        match self {
            Self::Create { .. } => BTreeSet::new(),
            Self::Change { label, .. } | Self::Delete(label) => [*label].into(),
            Self::Merge { from, into } => [*from, *into].into(),
        }
    }

    fn detail(&self, label: LabelId) -> serde_json::Value {
        match self {
            Self::Create { name, colour } => {
                json!({ "created": label, "name": name, "colour": colour })
            }
            Self::Change { name, colour, .. } => {
                json!({ "changed": label, "name": name, "colour": colour })
            }
            Self::Merge { from, into } => json!({ "merged": from, "into": into }),
            Self::Delete(label) => json!({ "deleted": label }),
        }
    }
}
