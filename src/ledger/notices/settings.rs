//! Starting and stopping: where a box is told, and from when on.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::night;
use crate::domain::{EnterpriseNumber, Notification};
use crate::ledger::error::LedgerError;
use crate::ledger::mailbox::{Deed, record};
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{Ledger, json, micros};

const FIND: Statement = Statement {
    postgres: "SELECT record FROM notification_settings WHERE enterprise = $1 FOR UPDATE",
    sqlite: "SELECT record FROM notification_settings WHERE enterprise = $1",
};

/// Who begins to be told is told from then on, not of what came before.
const PUT: Statement = Statement::same(
    "INSERT INTO notification_settings (enterprise, record, next_notice_at, told_until)
     VALUES ($1, $2, $3, CASE WHEN $3 IS NULL THEN NULL ELSE $4 END)
     ON CONFLICT (enterprise) DO UPDATE SET record = excluded.record,
        next_notice_at = excluded.next_notice_at,
        told_until = CASE WHEN excluded.next_notice_at IS NULL THEN NULL
            ELSE COALESCE(notification_settings.told_until, excluded.told_until) END",
);

/// What the box's last notice would have said, had its address been right. It
/// keeps its id: no mail server ever took it.
const REVIVE: Statement = Statement::same(
    "UPDATE notices SET state = 'waiting', try_at = $2, ended_at = NULL
     WHERE enterprise = $1 AND state = 'refused'
       AND day = (SELECT MAX(day) FROM notices WHERE enterprise = $1)",
);

/// What became of the wish to hear no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Stopped {
    /// Nobody is told from now on.
    Now,
    /// That address is not told any more already.
    Before,
}

/// Who stopped the notices, where it was whoever had the link.
const BY_LINK: &str = "link";

/// Puts settings in place; answers whether they are others than before.
pub(in crate::ledger) async fn settle(
    tx: &mut Transaction,
    enterprise: EnterpriseNumber,
    wanted: &Notification,
    now: Timestamp,
) -> Result<bool, LedgerError> {
    let before = find(tx, enterprise).await?;
    if before.as_ref() == Some(wanted) {
        return Ok(false);
    }
    let next = wanted.address.as_ref().map(|_| micros(night::next(wanted.hour, now)));
    let values =
        vec![enterprise.value().into(), json(wanted)?.into(), next.into(), micros(now).into()];
    tx.execute(PUT, values).await?;
    if is_corrected(before.as_ref(), wanted) {
        tx.execute(REVIVE, vec![enterprise.value().into(), micros(now).into()]).await?;
    }
    Ok(true)
}

/// One address in place of another: who was not told is not told of before.
fn is_corrected(before: Option<&Notification>, wanted: &Notification) -> bool {
    let before = before.and_then(|it| it.address.as_ref());
    before.zip(wanted.address.as_ref()).is_some_and(|(old, new)| old != new)
}

async fn find(
    tx: &mut Transaction,
    enterprise: EnterpriseNumber,
) -> Result<Option<Notification>, LedgerError> {
    let mut rows = tx.rows(FIND, vec![Value::from(enterprise.value())]).await?;
    rows.first_mut().map(Row::json).transpose()
}

/// What the record keeps of it: not the address, which is a personal datum.
pub(in crate::ledger) fn deed(wanted: &Notification) -> Json {
    json!({ "told": wanted.address.is_some(), "hour": wanted.hour })
}

/// What stands for an address in a link: enough to tell it from another.
#[must_use]
pub fn address_tag(address: &str) -> [u8; 8] {
    let digest = Sha256::digest(address.as_bytes());
    let mut tag = [0; 8];
    tag.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    tag
}

impl Ledger {
    /// Stops the notices of a box, for whoever has the link that was sent to
    /// an address; a box that is told elsewhere by now is left alone.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn stop_notices(
        &self,
        enterprise: EnterpriseNumber,
        tag: [u8; 8],
        now: Timestamp,
    ) -> Result<Stopped, LedgerError> {
        let mut tx = self.store.begin().await?;
        let is_told = |it: &Notification| it.address.as_deref().map(address_tag) == Some(tag);
        let Some(mut settings) = find(&mut tx, enterprise).await?.filter(is_told) else {
            return Ok(Stopped::Before);
        };
        settings.address = None;
        settle(&mut tx, enterprise, &settings, now).await?;
        let what = (enterprise, None, Deed::Notification, deed(&settings));
        record(&mut tx, BY_LINK, now, &[what]).await?;
        tx.commit().await?;
        Ok(Stopped::Now)
    }
}
