//! Writing back to a sender who takes a reply: one transaction that sees the
//! message with today's access, keeps the reply, records who wrote it, and has
//! the sender told.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::audit::{self, Deed};
use super::look::Look;
use super::marks::{LOCK, boxes_of, entry};
use super::message::Standing;
use super::micros;
use crate::domain::{EnterpriseNumber, MessageId, PersonId, Reply, ReplyId};
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, EntryKind};
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Detail, Ledger, time};

/// What became of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Replied {
    /// It is kept, and its sender is told. Sent again, it is the same one.
    Sent,
    /// There is no such message for this person.
    NotFound,
    /// The sender takes none.
    Forbidden,
    /// The message has as many as it may have.
    TooMany,
    /// An engine of the release before is still at work: in some minutes.
    NotYet,
}

/// A reply to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyRow {
    /// Which.
    pub id: Uuid,
    /// When it was sent.
    pub at: Timestamp,
    /// By whom.
    pub author: PersonId,
    /// Its title.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Replies to one message.
const REPLIES_MAX: i64 = 100;
/// A sender whose message has just expired must still hear the reply.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

const PUT: Statement = Statement::same(
    "INSERT INTO replies (id, enterprise, message, author, subject, text, at, kept_until)
     SELECT $3, m.enterprise, m.id, $4, $5, $6, $7,
            CASE WHEN m.expires_at > $8 THEN m.expires_at ELSE $8 END
     FROM messages m WHERE m.enterprise = $1 AND m.id = $2 ON CONFLICT (id) DO NOTHING",
);

const COUNT: Statement =
    Statement::same("SELECT count(*) FROM replies WHERE enterprise = $1 AND message = $2");

const OF_MESSAGE: Statement = Statement::same(
    "SELECT id, at, author, subject, text FROM replies WHERE enterprise = $1 AND message = $2
     ORDER BY at, id",
);

const ANSWERED: Statement =
    Statement::same("SELECT message FROM replies WHERE id = $2 AND enterprise = $1");

impl Ledger {
    /// Sends a reply that was written in a form with this key.
    ///
    /// # Errors
    /// `Transient` while the database is away: send it again.
    pub async fn reply(
        &self,
        author: &PersonId,
        id: MessageId,
        (reply, key): (&Reply, Uuid),
        now: Timestamp,
    ) -> Result<Replied, LedgerError> {
        let is_exchanged = self.is_exchanged(now).await?;
        let tx = self.store.begin().await?;
        let mut look = self.look_at(tx, author, &[id], now).await?;
        let standings = look.standings(&[id]).await?.unwrap_or_default();
        let Some(standing) = standings.first() else { return Ok(Replied::NotFound) };
        let publication = look.publication(standing.enterprise, id).await?;
        if !publication.is_some_and(|it| it.is_reply_authorized) {
            return Ok(Replied::Forbidden);
        }
        if is_exchanged {
            return Ok(Replied::NotYet);
        }
        look.tx.rows(LOCK, vec![boxes_of(&standings)]).await?;
        look.write_back(standing, reply, reply.id(key, id, author)).await
    }
}

impl Look {
    async fn write_back(
        mut self,
        it: &Standing,
        reply: &Reply,
        id: ReplyId,
    ) -> Result<Replied, LedgerError> {
        let place = vec![it.enterprise.value().into(), it.id.0.into()];
        let mut rows = self.tx.rows(COUNT, place.clone()).await?;
        let is_full = rows.first_mut().map_or(Ok(0), Row::int)? >= REPLIES_MAX;
        let written: Vec<Value> = vec![
            id.0.into(),
            self.person.as_str().into(),
            reply.subject().into(),
            reply.text().into(),
            micros(self.now).into(),
            micros(self.now + KEPT).into(),
        ];
        if self.tx.execute(PUT, [place, written].concat()).await? == 0 {
            return Ok(Replied::Sent);
        }
        if is_full {
            return Ok(Replied::TooMany);
        }
        let deed = (it.enterprise, Some(it.id), Deed::Replied, json!({ "reply": id.0 }));
        audit::record(&mut self.tx, self.person.as_str(), self.now, &[deed]).await?;
        let detail = Detail::Replied {
            reply_id: id.0,
            original_message_id: it.id,
            subject: None,
            text: None,
        };
        let mut told = entry(it, EntryKind::Replied, &json!({}), self.now);
        told.detail = detail.to_json();
        journal::append(&mut self.tx, &mut [told], micros(self.now)).await?;
        self.tx.commit().await?;
        Ok(Replied::Sent)
    }

    /// The replies to a message that the reader was seen to see, oldest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn replies_to(
        &mut self,
        enterprise: EnterpriseNumber,
        id: MessageId,
    ) -> Result<Vec<ReplyRow>, LedgerError> {
        let values = vec![enterprise.value().into(), id.0.into()];
        let reply = |mut row: Row| {
            Ok(ReplyRow {
                id: row.id()?,
                at: time(row.int()?)?,
                author: row.parsed()?,
                subject: row.text()?,
                text: row.text()?,
            })
        };
        self.tx.rows(OF_MESSAGE, values).await?.into_iter().map(reply).collect()
    }

    /// The message that a reply of a box answered; the caller asks whether the
    /// reader sees it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn answered_by(
        &mut self,
        enterprise: EnterpriseNumber,
        reply: Uuid,
    ) -> Result<Option<MessageId>, LedgerError> {
        let values = vec![enterprise.value().into(), reply.into()];
        let mut rows = self.tx.rows(ANSWERED, values).await?;
        rows.first_mut().map(|row| row.id().map(MessageId)).transpose()
    }
}
