//! The rules that put labels on what arrives. They stand and fall with the
//! label that they name: a rule whose label is gone would work on unseen, and
//! nobody could change the others.

use super::label_changes::LabelChange;
use super::look::Look;
use crate::domain::{EnterpriseNumber, LabelId, LabelRule};
use crate::ledger::error::LedgerError;
use crate::ledger::registry::move_access;
use crate::ledger::store::{Row, Statement};

const FORGET: Statement = Statement::same("DELETE FROM label_rules WHERE enterprise = $1");
const PUT: Statement =
    Statement::same("INSERT INTO label_rules (enterprise, id, record) VALUES ($1, $2, $3)");
const STANDING: Statement = Statement::same(
    "SELECT COALESCE(merged_into, id) FROM labels WHERE enterprise = $1 AND id = $2",
);

impl Look {
    /// Replaces the rules of a box, in a transaction that holds the registry's
    /// lock.
    pub(super) async fn put_label_rules(
        &mut self,
        enterprise: EnterpriseNumber,
        rules: &[LabelRule],
        version: i64,
    ) -> Result<(), LedgerError> {
        let number = enterprise.value();
        self.tx.execute(FORGET, vec![number.into()]).await?;
        for rule in rules {
            let record = super::json(rule)?;
            let values = vec![number.into(), rule.id.into(), record.into()];
            self.tx.execute(PUT, values).await?;
        }
        move_access(&mut self.tx, &[enterprise], version).await
    }

    /// These rules with the labels that stand for theirs by now; none where a
    /// rule that was not there before names a label that is gone. One that was
    /// there may be older than this care, and goes with its label.
    pub(super) async fn with_standing_labels(
        &mut self,
        rules: Vec<LabelRule>,
        before: &[LabelRule],
    ) -> Result<Option<Vec<LabelRule>>, LedgerError> {
        let mut standing = Vec::with_capacity(rules.len());
        for rule in rules {
            let values = vec![rule.enterprise.value().into(), rule.label.0.into()];
            let mut found = self.tx.rows(STANDING, values).await?;
            let label = found.first_mut().map(Row::id).transpose()?.map(LabelId);
            if label != Some(rule.label) && !before.contains(&rule) {
                return Ok(None);
            }
            standing.extend(label.map(|label| LabelRule { label, ..rule }));
        }
        Ok(Some(standing))
    }

    /// Has the rules of a label that is gone name another, or go with it;
    /// answers the rules of the box where that changed them.
    pub(super) async fn follow_label(
        &mut self,
        enterprise: EnterpriseNumber,
        (from, into): (LabelId, Option<LabelId>),
        version: i64,
    ) -> Result<Option<Vec<LabelRule>>, LedgerError> {
        let before = self.label_rules_in(enterprise).await?;
        let after = followed(&before, from, into);
        if after == before {
            return Ok(None);
        }
        self.put_label_rules(enterprise, &after, version).await?;
        Ok(Some(after))
    }
}

impl LabelChange {
    /// The label that is no more, and the one that stands for it.
    pub(super) fn gone(&self) -> Option<(LabelId, Option<LabelId>)> {
        match self {
            Self::Create { .. } | Self::Change { .. } => None,
            Self::Merge { from, into } => (from != into).then_some((*from, Some(*into))),
            Self::Delete(label) => Some((*label, None)),
        }
    }
}

/// Two rules that say the same once a label stands for both are one.
fn followed(rules: &[LabelRule], from: LabelId, into: Option<LabelId>) -> Vec<LabelRule> {
    let mut after: Vec<LabelRule> = Vec::with_capacity(rules.len());
    for rule in rules {
        let label = if rule.label == from { into } else { Some(rule.label) };
        let Some(rule) = label.map(|label| LabelRule { label, ..rule.clone() }) else { continue };
        let is_double = |it: &LabelRule| LabelRule { id: it.id, ..rule.clone() } == *it;
        if !after.iter().any(is_double) {
            after.push(rule);
        }
    }
    after
}
