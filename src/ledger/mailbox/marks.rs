//! What readers do with messages: read, hide, show, mark, move, label. Each
//! is one transaction: seen with today's access, changed, recorded, and told
//! to whoever follows the journal.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::audit;
use super::look::Look;
use super::mark::Mark;
use super::message::Standing;
use super::micros;
use crate::domain::{MessageId, PersonId, RecordKey};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, Entry, EntryKind};
use crate::ledger::store::{Statement, Value};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Marked {
    /// It is so now: so many messages changed, at this position of the journal.
    Done {
        /// Those that were not so before.
        changed: u64,
        /// What search must reach to know of it; 0 when nothing changed.
        position: i64,
    },
    /// One of the messages, the label or the partition is not there for this
    /// person.
    NotFound,
    /// The person would lose sight of them.
    Forbidden,
}

/// Locked before the journal's clock and moved after it was drawn: others
/// lock in the same order.
pub(super) const LOCK: Statement = Statement {
    postgres: "SELECT enterprise FROM boxes WHERE enterprise = ANY ($1)
        ORDER BY enterprise FOR NO KEY UPDATE",
    sqlite: "SELECT enterprise FROM boxes WHERE enterprise IN (SELECT value FROM json_each($1))",
};

const MOVE_BOX: Statement = Statement {
    postgres: "UPDATE boxes SET mail_position = $2 WHERE enterprise = ANY ($1)",
    sqlite: "UPDATE boxes SET mail_position = $2
        WHERE enterprise IN (SELECT value FROM json_each($1))",
};

impl Ledger {
    /// Does one thing with messages, all or none of them.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn mark(
        &self,
        person: &PersonId,
        ids: &[MessageId],
        mark: &Mark,
        now: Timestamp,
    ) -> Result<Marked, LedgerError> {
        self.mark_all(person, &[(ids.to_vec(), mark.clone())], now).await
    }

    /// Does several things, one after the other, each with messages of its
    /// own: all of it or nothing.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn mark_all(
        &self,
        person: &PersonId,
        changes: &[(Vec<MessageId>, Mark)],
        now: Timestamp,
    ) -> Result<Marked, LedgerError> {
        let all: Vec<MessageId> = changes.iter().flat_map(|(ids, _)| ids).copied().collect();
        let tx = self.store.begin().await?;
        let mut look = self.look_at(tx, person, &all, now).await?;
        let Some(standings) = look.standings(&all).await? else {
            return Ok(Marked::NotFound);
        };
        look.tx.rows(LOCK, vec![boxes_of(&standings)]).await?;
        let (mut sum, mut last) = (0, 0);
        for (ids, mark) in changes {
            match look.change(ids, mark).await? {
                Marked::Done { changed, position } => {
                    sum += changed;
                    last = position.max(last);
                }
                refused @ (Marked::NotFound | Marked::Forbidden) => return Ok(refused),
            }
        }
        if sum > 0 {
            look.tx.commit().await?;
        }
        Ok(Marked::Done { changed: sum, position: last })
    }
}

pub(super) fn boxes_of(standings: &[Standing]) -> Value {
    let boxes: BTreeSet<i64> = standings.iter().map(|it| it.enterprise.value()).collect();
    Value::Ints(boxes.into_iter().collect())
}

impl Look {
    /// Whether the partition or label exists in every box concerned.
    async fn is_there(&mut self, mark: &Mark, standings: &[Standing]) -> Result<bool, LedgerError> {
        let boxes: BTreeSet<_> = standings.iter().map(|it| it.enterprise).collect();
        match mark {
            Mark::Move(to) if !to.is_general() => {
                let key = |&number| RecordKey::Partition(number, to.clone());
                let keys: Vec<RecordKey> = boxes.iter().map(key).collect();
                self.are_known(&keys).await
            }
            Mark::Label(label) | Mark::Unlabel(label) => {
                let found = self.boxes_of_label(*label).await?;
                Ok(boxes.iter().all(|number| found.contains(number)))
            }
            Mark::Read
            | Mark::Hide
            | Mark::Show
            | Mark::Task(..)
            | Mark::Turn(_)
            | Mark::Move(_) => Ok(true),
        }
    }

    /// Does one thing, without committing it.
    async fn change(&mut self, ids: &[MessageId], mark: &Mark) -> Result<Marked, LedgerError> {
        let Some(standings) = self.standings(ids).await? else {
            return Ok(Marked::NotFound);
        };
        if !self.is_there(mark, &standings).await? {
            return Ok(Marked::NotFound);
        }
        if let Mark::Move(to) = mark
            && !standings.iter().all(|it| self.may_see(it, Some(to)))
        {
            return Ok(Marked::Forbidden);
        }
        self.apply(mark, &standings).await
    }

    async fn apply(&mut self, mark: &Mark, standings: &[Standing]) -> Result<Marked, LedgerError> {
        let boxes = boxes_of(standings);
        let ids = Value::Ids(standings.iter().map(|it| it.id.0).collect());
        let (statement, rest) = mark.statement(self);
        let values = [boxes.clone(), ids].into_iter().chain(rest).collect();
        let mut changed = BTreeSet::new();
        for mut row in self.tx.rows(statement, values).await? {
            changed.insert(MessageId(row.id()?));
        }
        let of_changed = standings.iter().filter(|it| changed.contains(&it.id)).collect::<Vec<_>>();
        if of_changed.is_empty() {
            return Ok(Marked::Done { changed: 0, position: 0 });
        }
        let (deed, kind, detail) = mark.deed();
        let deeds: Vec<audit::What> = of_changed
            .iter()
            .map(|it| (it.enterprise, Some(it.id), deed, detail.clone()))
            .collect();
        audit::record(&mut self.tx, self.person.as_str(), self.now, &deeds).await?;
        let mut entries: Vec<Entry> =
            of_changed.iter().map(|it| entry(it, kind, &detail, self.now)).collect();
        let position = journal::append(&mut self.tx, &mut entries, micros(self.now)).await?;
        self.tx.execute(MOVE_BOX, vec![boxes, position.into()]).await?;
        Ok(Marked::Done { changed: of_changed.len() as u64, position })
    }
}

/// As the sender's feed may show it; who did it stays in the box.
pub(super) fn entry(it: &Standing, kind: EntryKind, detail: &Json, at: Timestamp) -> Entry {
    Entry {
        position: 0,
        at,
        kind,
        organization: Some(it.organization),
        application: it.application.to_string(),
        key: it.key.clone(),
        message: Some((it.id, it.enterprise)),
        detail: if kind == EntryKind::Read { "{}".into() } else { detail.to_string() },
    }
}
