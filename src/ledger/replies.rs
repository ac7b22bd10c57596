//! Replies as their senders are told of them. The journal, which forgets
//! nothing, holds that there was one; what it says stands in a row that goes.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::error::LedgerError;
use super::journal::{Entry, EntryKind};
use super::store::{Statement, Value};
use super::{Detail, Ledger, micros};

const SAID: Statement = Statement {
    postgres: "SELECT id, subject, text FROM replies WHERE id = ANY ($1)",
    sqlite: "SELECT id, subject, text FROM replies
        WHERE id IN (SELECT unhex(value) FROM json_each($1))",
};

const FORGET: Statement = Statement::same(
    "DELETE FROM replies WHERE id IN
     (SELECT id FROM replies WHERE kept_until <= $1 ORDER BY kept_until LIMIT $2)",
);

impl Ledger {
    /// Puts into entries that tell of replies what these say, as long as it
    /// is kept.
    pub(super) async fn add_replies(&self, entries: &mut [Entry]) -> Result<(), LedgerError> {
        let told = entries.iter().filter(|entry| entry.kind == EntryKind::Replied);
        let ids: Vec<Uuid> = told.filter_map(|entry| reply_of(&entry.detail)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut said = HashMap::new();
        for mut row in self.store.rows(SAID, vec![Value::Ids(ids)]).await? {
            said.insert(row.id()?, (row.text()?, row.text()?));
        }
        for entry in entries.iter_mut().filter(|entry| entry.kind == EntryKind::Replied) {
            add(entry, &said);
        }
        Ok(())
    }

    /// Deletes at most `limit` replies whose time is over; answers how many.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn forget_replies(&self, limit: i64, now: Timestamp) -> Result<u64, LedgerError> {
        self.store.execute(FORGET, vec![micros(now).into(), limit.into()]).await
    }
}

fn reply_of(detail: &str) -> Option<Uuid> {
    match serde_json::from_str(detail) {
        Ok(Detail::Replied { reply_id, .. }) => Some(reply_id),
        _ => None,
    }
}

fn add(entry: &mut Entry, said: &HashMap<Uuid, (String, String)>) {
    let Ok(Detail::Replied { reply_id, original_message_id, .. }) =
        serde_json::from_str(&entry.detail)
    else {
        return;
    };
    let (subject, text) = said.get(&reply_id).cloned().unzip();
    entry.detail = Detail::Replied { reply_id, original_message_id, subject, text }.to_json();
}
