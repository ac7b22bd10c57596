//! The labels that a person sees.

use std::borrow::Cow;
use std::collections::BTreeSet;

use uuid::Uuid;

use super::filter::{Filter, Hidden};
use super::look::Look;
use super::predicate::{admitted, bound, given, wanted};
use crate::domain::{Condition, EnterpriseNumber, Label, LabelId};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Value};
use crate::route::Opening;

/// What a label is called: its title, unless an engine of the release before,
/// which knows of none, gave it another name meanwhile.
macro_rules! shown {
    (postgres) => {
        "CASE WHEN t.name = t.title || ' ' || replace(t.id::TEXT, '-', '')
              THEN t.title ELSE t.name END"
    };
    (sqlite) => {
        "CASE WHEN t.name = t.title || ' ' || lower(hex(t.id)) THEN t.title ELSE t.name END"
    };
}

/// A label is seen by access managers, by its maker, and by whoever sees a
/// message that has it.
const VISIBLE: Statement = Statement {
    postgres: concat!(
        given!(postgres),
        " SELECT t.id, t.enterprise, ",
        shown!(postgres),
        " AS shown, t.colour, t.created_by
         FROM labels t
         WHERE t.enterprise IN (SELECT enterprise FROM o) AND t.merged_into IS NULL
         AND (t.created_by = $4
           OR EXISTS (SELECT 1 FROM o WHERE o.enterprise = t.enterprise AND o.types IS NULL)
           OR EXISTS (
             SELECT 1 FROM labels l
             JOIN message_labels ml ON ml.enterprise = l.enterprise AND ml.label = l.id
             JOIN messages m ON m.enterprise = ml.enterprise AND m.id = ml.message CROSS JOIN f
             WHERE l.enterprise = t.enterprise AND (l.id = t.id OR l.merged_into = t.id) AND ",
        wanted!(postgres),
        " AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
        admitted!(postgres),
        "))) ORDER BY shown, t.id"
    ),
    sqlite: concat!(
        given!(sqlite),
        " SELECT t.id, t.enterprise, ",
        shown!(sqlite),
        " AS shown, t.colour, t.created_by
         FROM labels t
         WHERE t.enterprise IN (SELECT enterprise FROM o) AND t.merged_into IS NULL
         AND (t.created_by = $4
           OR EXISTS (SELECT 1 FROM o WHERE o.enterprise = t.enterprise AND o.types IS NULL)
           OR EXISTS (
             SELECT 1 FROM labels l
             JOIN message_labels ml ON ml.enterprise = l.enterprise AND ml.label = l.id
             JOIN messages m ON m.enterprise = ml.enterprise AND m.id = ml.message
             WHERE l.enterprise = t.enterprise AND (l.id = t.id OR l.merged_into = t.id) AND ",
        wanted!(sqlite),
        " AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
        admitted!(sqlite),
        "))) ORDER BY shown, t.id"
    ),
};

const CALLED: Statement = Statement {
    postgres: concat!(
        "SELECT t.id, t.enterprise, ",
        shown!(postgres),
        " AS shown, t.colour FROM labels t WHERE t.id = ANY ($1) ORDER BY shown, t.id"
    ),
    sqlite: concat!(
        "SELECT t.id, t.enterprise, ",
        shown!(sqlite),
        " AS shown, t.colour FROM labels t
         WHERE t.id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY shown, t.id"
    ),
};

/// By the names that are shown; 1,000 boxes have so many at most.
const NAMED: Statement = Statement {
    postgres: concat!(
        "SELECT t.id FROM labels t WHERE t.enterprise = ANY ($1) AND t.merged_into IS NULL AND ",
        shown!(postgres),
        " = $2 ORDER BY t.id LIMIT 1000"
    ),
    sqlite: concat!(
        "SELECT t.id FROM labels t WHERE t.enterprise IN (SELECT value FROM json_each($1))
         AND t.merged_into IS NULL AND ",
        shown!(sqlite),
        " = $2 ORDER BY t.id LIMIT 1000"
    ),
};

const BOXES: Statement =
    Statement::same("SELECT enterprise FROM labels WHERE id = $1 AND merged_into IS NULL");

const EXPANDED: Statement = Statement {
    postgres: "SELECT id FROM labels WHERE id = ANY ($1) OR merged_into = ANY ($1)",
    sqlite: "SELECT id FROM labels WHERE id IN (SELECT unhex(value) FROM json_each($1))
        OR merged_into IN (SELECT unhex(value) FROM json_each($1))",
};

fn label(row: &mut Row) -> Result<Label, LedgerError> {
    Ok(Label {
        id: LabelId(row.id()?),
        enterprise: enterprise_number(row.int()?)?,
        name: row.text()?,
        colour: row.parsed()?,
    })
}

impl Ledger {
    /// Labels of messages that a reader was seen to see, by name.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn labels_called(&self, ids: &[LabelId]) -> Result<Vec<Label>, LedgerError> {
        let ids = Value::Ids(ids.iter().map(|id| id.0).collect());
        let rows = self.store.rows(CALLED, vec![ids]).await?;
        rows.into_iter().map(|mut row| label(&mut row)).collect()
    }
}

impl Look {
    /// The labels that the person sees here, by name.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn labels(&mut self) -> Result<Vec<Label>, LedgerError> {
        Ok(self.made_labels().await?.into_iter().map(|(label, _)| label).collect())
    }

    /// Labels of messages that the reader was seen to see, by name.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn labels_called(&mut self, ids: &[LabelId]) -> Result<Vec<Label>, LedgerError> {
        let ids = Value::Ids(ids.iter().map(|id| id.0).collect());
        let rows = self.tx.rows(CALLED, vec![ids]).await?;
        rows.into_iter().map(|mut row| label(&mut row)).collect()
    }

    /// The labels of this name in the boxes looked at, also those that the
    /// person does not see: only to filter by, where what is not seen is not
    /// found either.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn labels_named(&mut self, name: &str) -> Result<Vec<LabelId>, LedgerError> {
        let boxes = self.openings.iter().map(|opening| opening.enterprise.value());
        let boxes: std::collections::BTreeSet<i64> = boxes.collect();
        let values = vec![Value::Ints(boxes.into_iter().collect()), name.into()];
        let rows = self.tx.rows(NAMED, values).await?;
        rows.into_iter().map(|mut row| row.id().map(LabelId)).collect()
    }

    /// With who made each.
    pub(super) async fn made_labels(&mut self) -> Result<Vec<(Label, String)>, LedgerError> {
        if self.openings.is_empty() {
            return Ok(vec![]);
        }
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let mut values = bound(&self.seen_by(), &everything, self.now)?;
        values.push(self.person.as_str().into());
        let rows = self.tx.rows(VISIBLE, values).await?;
        rows.into_iter().map(|mut row| Ok((label(&mut row)?, row.text()?))).collect()
    }

    /// What tells whether a message is seen, and so its labels.
    fn seen_by(&self) -> Cow<'_, [Opening]> {
        if !Condition::LabelSeen.is_left_out() {
            return Cow::Borrowed(&self.openings);
        }
        let boxes: BTreeSet<EnterpriseNumber> =
            self.openings.iter().map(|opening| opening.enterprise).collect();
        let whole = |enterprise| Opening {
            enterprise,
            types: None,
            organization: None,
            application: None,
            partition: None,
        };
        boxes.into_iter().map(whole).collect()
    }

    /// The boxes that have a label (one, or none).
    pub(super) async fn boxes_of_label(
        &mut self,
        label: LabelId,
    ) -> Result<Vec<EnterpriseNumber>, LedgerError> {
        let rows = self.tx.rows(BOXES, vec![label.0.into()]).await?;
        rows.into_iter().map(|mut row| enterprise_number(row.int()?)).collect()
    }

    /// The filter with the labels that were merged into those it names. Where
    /// none of them exists it finds nothing, rather than everything.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn expanded(&mut self, filter: &Filter) -> Result<Filter, LedgerError> {
        if filter.labels.is_empty() {
            return Ok(filter.clone());
        }
        let ids = Value::Ids(filter.labels.iter().map(|label| label.0).collect());
        let mut labels = vec![LabelId(Uuid::nil())];
        for mut row in self.tx.rows(EXPANDED, vec![ids]).await? {
            labels.push(LabelId(row.id()?));
        }
        Ok(Filter { labels, ..filter.clone() })
    }
}
