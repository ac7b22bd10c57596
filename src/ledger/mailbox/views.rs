//! Saved views: what a person looks for, under a name.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filter::{Filter, Order, Place};
use crate::domain::PersonId;
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Statement, Transaction};

/// A saved view of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ViewId(pub Uuid);

/// What it shows. Access is not kept with it: a view shows what is open when
/// it is looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Its name.
    pub name: String,
    /// Whether it is the one that is shown first. One view is, at most.
    pub is_default: bool,
    /// Where it looks.
    pub place: Place,
    /// For what.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Containing this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What the pages add: columns, density, page size.
    #[serde(default)]
    pub layout: serde_json::Value,
}

/// Views that a person may keep.
const VIEWS_MAX: usize = 100;

const VIEWS: Statement =
    Statement::same("SELECT id, record FROM views WHERE person = $1 ORDER BY id");

const PUT: Statement = Statement::same(
    "INSERT INTO views (person, id, record) VALUES ($1, $2, $3)
     ON CONFLICT (person, id) DO UPDATE SET record = excluded.record",
);

const DELETE: Statement = Statement::same("DELETE FROM views WHERE person = $1 AND id = $2");

async fn views(
    tx: &mut Transaction,
    person: &PersonId,
) -> Result<Vec<(ViewId, View)>, LedgerError> {
    let rows = tx.rows(VIEWS, vec![person.as_str().into()]).await?;
    rows.into_iter().map(|mut row| Ok((ViewId(row.id()?), row.json()?))).collect()
}

async fn put(
    tx: &mut Transaction,
    person: &PersonId,
    id: ViewId,
    view: &View,
) -> Result<(), LedgerError> {
    let record = super::json(view)?;
    let values = vec![person.as_str().into(), id.0.into(), record.into()];
    tx.execute(PUT, values).await.map(drop)
}

impl Ledger {
    /// The views of a person, oldest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn views(&self, person: &PersonId) -> Result<Vec<(ViewId, View)>, LedgerError> {
        views(&mut self.store.begin_look().await?, person).await
    }

    /// Keeps a view, a new one without an id; none when the person has no such
    /// view, or 100 already.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn put_view(
        &self,
        person: &PersonId,
        id: Option<ViewId>,
        view: &View,
    ) -> Result<Option<ViewId>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let kept = views(&mut tx, person).await?;
        let is_known = id.is_none_or(|id| kept.iter().any(|(it, _)| *it == id));
        if !is_known || (id.is_none() && kept.len() >= VIEWS_MAX) {
            return Ok(None);
        }
        let id = id.unwrap_or_else(|| ViewId(Uuid::now_v7()));
        for (other, mut before) in kept {
            if view.is_default && before.is_default && other != id {
                before.is_default = false;
                put(&mut tx, person, other, &before).await?;
            }
        }
        put(&mut tx, person, id, view).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Forgets a view; answers whether it was there.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn delete_view(&self, person: &PersonId, id: ViewId) -> Result<bool, LedgerError> {
        let values = vec![person.as_str().into(), id.0.into()];
        Ok(self.store.execute(DELETE, values).await? == 1)
    }
}
