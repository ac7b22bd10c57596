//! Expiry: when a message's time is over, its content is given up; identity,
//! decision and dates stay, so the account balances years later.
//!
//! Three steps, each safe to be broken off after. *Expire*: the message's own
//! texts are blanked and the journal tells it, in one transaction; lists hide
//! it by its date already. *Keep*: what a letter still needs stays. *Release*:
//! documents past the last day on which a message names them become uploads
//! that nobody names, which the sweep of uploads deletes, content first.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::documents::{DocumentKey, digest, mark_used, needed_through};
use super::error::LedgerError;
use super::journal::{self, Entry, EntryKind};
use super::reference::enterprise_number;
use super::store::{Row, Statement, Transaction, Value};
use super::{Detail, Ledger, json, micros, time};
use crate::domain::{ApplicationId, EnterpriseNumber, MessageId, Publication, Texts};

/// A letter that has not left yet needs the content of its message.
macro_rules! has_letter {
    () => {
        "EXISTS (SELECT 1 FROM letters l
            WHERE l.message = m.id AND l.state IN ('queued', 'held', 'claimed'))"
    };
}

macro_rules! due {
    ($lock:literal) => {
        concat!(
            "SELECT m.enterprise, m.id, m.organization, m.application, m.key, m.expires_at,
                    m.read_at, m.publication
             FROM messages m
             WHERE m.expired_at IS NULL AND m.expires_at <= $1 AND NOT ",
            has_letter!(),
            " ORDER BY m.expires_at LIMIT $2",
            $lock
        )
    };
}

const DUE: Statement =
    Statement { postgres: due!(" FOR UPDATE OF m SKIP LOCKED"), sqlite: due!("") };

/// Asked again under the lock: a letter may have been made since.
const WITH_LETTERS: Statement = Statement {
    postgres: concat!("SELECT m.id FROM messages m WHERE m.id = ANY ($1) AND ", has_letter!()),
    sqlite: concat!(
        "SELECT m.id FROM messages m
         WHERE m.id IN (SELECT unhex(value) FROM json_each($1)) AND ",
        has_letter!()
    ),
};

const EXPIRE: Statement = Statement::same(
    "UPDATE messages SET expired_at = $3, publication = $4, paper_due_at = NULL
     WHERE enterprise = $1 AND id = $2",
);

const UNLABEL: Statement =
    Statement::same("DELETE FROM message_labels WHERE enterprise = $1 AND message = $2");

const HELD_UP: Statement = Statement::same(concat!(
    "SELECT m.id, m.application, m.documents FROM messages m
     WHERE m.expired_at IS NULL AND m.expires_at <= $1 AND m.id > $2 AND ",
    has_letter!(),
    " ORDER BY m.id LIMIT $3"
));

/// A day of 0 is one that nobody said (`handover`): the document is kept.
const RELEASE: Statement = Statement {
    postgres: "UPDATE documents SET used = 0, stored = 0, needed_through = 0
        WHERE (application, digest) IN
        (SELECT application, digest FROM documents
         WHERE used = 1 AND needed_through > 0 AND needed_through < $1 AND claimed_at < $2
         LIMIT $3 FOR UPDATE SKIP LOCKED)",
    sqlite: "UPDATE documents SET used = 0, stored = 0, needed_through = 0
        WHERE (application, digest) IN
        (SELECT application, digest FROM documents
         WHERE used = 1 AND needed_through > 0 AND needed_through < $1 AND claimed_at < $2
         LIMIT $3)",
};

/// What a letter still needs is kept from one look to the next, and longer.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

struct Due {
    enterprise: EnterpriseNumber,
    id: MessageId,
    organization: EnterpriseNumber,
    application: String,
    key: String,
    expires_at: Timestamp,
    was_read: bool,
    publication: Publication,
}

fn due(mut row: Row) -> Result<Due, LedgerError> {
    Ok(Due {
        enterprise: enterprise_number(row.int()?)?,
        id: MessageId(row.id()?),
        organization: enterprise_number(row.int()?)?,
        application: row.text()?,
        key: row.text()?,
        expires_at: time(row.int()?)?,
        was_read: row.opt_int()?.is_some(),
        publication: row.json()?,
    })
}

impl Ledger {
    /// Gives up the content of at most `limit` messages whose time is over;
    /// answers of how many. Any number of engines may do so.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn expire_messages(&self, limit: i64, now: Timestamp) -> Result<usize, LedgerError> {
        let mut tx = self.store.begin().await?;
        let rows = tx.rows(DUE, vec![micros(now).into(), limit.into()]).await?;
        let mut over = rows.into_iter().map(due).collect::<Result<Vec<Due>, LedgerError>>()?;
        let kept = with_letters(&mut tx, &over).await?;
        over.retain(|it| !kept.contains(&it.id));
        for it in &over {
            it.expire(&mut tx, now).await?;
        }
        let mut told: Vec<Entry> = over.iter().map(|it| it.entry(now)).collect();
        journal::append(&mut tx, &mut told, micros(now)).await?;
        tx.commit().await?;
        Ok(over.len())
    }

    /// Keeps the documents of messages whose time is over and whose letter has
    /// not left yet; answers of how many messages.
    ///
    /// # Errors
    /// `Transient` while the database is away: nothing may be released then.
    pub async fn keep_for_letters(&self, limit: i64, now: Timestamp) -> Result<usize, LedgerError> {
        let (mut after, mut kept) = (Uuid::nil(), 0);
        loop {
            let mut tx = self.store.begin().await?;
            let values = vec![micros(now).into(), after.into(), limit.into()];
            let rows = tx.rows(HELD_UP, values).await?;
            let count = rows.len();
            let mut named = Vec::new();
            for mut row in rows {
                let (id, keys) = documents_of(&mut row)?;
                named.extend(keys.into_iter().map(|key| (key, needed_through(now + KEPT))));
                after = id;
            }
            mark_used(&mut tx, &named).await?;
            tx.commit().await?;
            kept += count;
            if i64::try_from(count).is_ok_and(|count| count < limit) {
                return Ok(kept);
            }
        }
    }

    /// Makes documents that no message names any longer uploads again, which
    /// were claimed before `before`; answers how many. Call it only after the
    /// other two found nothing more to do at `now`, and the needs are settled.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn release_documents(
        &self,
        before: Timestamp,
        limit: i64,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        // A document is needed through the day after; this is that of `now`.
        let today = needed_through(now) - 1;
        let values = vec![today.into(), micros(before).into(), limit.into()];
        self.store.execute(RELEASE, values).await
    }
}

async fn with_letters(tx: &mut Transaction, over: &[Due]) -> Result<Vec<MessageId>, LedgerError> {
    let ids = Value::Ids(over.iter().map(|it| it.id.0).collect());
    let rows = tx.rows(WITH_LETTERS, vec![ids]).await?;
    rows.into_iter().map(|mut row| row.id().map(MessageId)).collect()
}

/// The id of a message and what it names.
pub(super) fn documents_of(row: &mut Row) -> Result<(Uuid, Vec<DocumentKey>), LedgerError> {
    let (id, application): (Uuid, ApplicationId) = (row.id()?, row.parsed()?);
    let digests = row.bytes()?;
    let key = |bytes| Ok((application.clone(), digest(bytes)?));
    Ok((id, digests.chunks(32).map(key).collect::<Result<_, LedgerError>>()?))
}

impl Due {
    async fn expire(&self, tx: &mut Transaction, now: Timestamp) -> Result<(), LedgerError> {
        let rest = json(&blank(&self.publication))?;
        let place = vec![self.enterprise.value().into(), self.id.0.into()];
        let values = [place.clone(), vec![micros(now).into(), rest.into()]].concat();
        tx.execute(EXPIRE, values).await?;
        tx.execute(UNLABEL, place).await.map(drop)
    }

    fn entry(&self, now: Timestamp) -> Entry {
        let detail = Detail::Expired { expires_at: self.expires_at, was_read: self.was_read };
        Entry {
            position: 0,
            at: now,
            kind: EntryKind::Expired,
            organization: Some(self.organization),
            application: self.application.clone(),
            key: self.key.clone(),
            message: Some((self.id, self.enterprise)),
            detail: detail.to_json(),
        }
    }
}

/// What stays of a publication: who sent what kind to whom, and how.
fn blank(publication: &Publication) -> Publication {
    Publication {
        subject: Texts::default(),
        attachments: Vec::new(),
        body_content: Texts::default(),
        business_data_list: Vec::new(),
        for_the_attention_of: None,
        postal: None,
        ..publication.clone()
    }
}
