//! Receipts: one for each document, on its application's queue.
//!
//! A cursor follows the journal for all applications at once. When the queue
//! of one application is full, that application alone is parked with a cursor
//! of its own, until it has caught up.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{CloudEvent, Relay, RelayError};
use crate::domain::EnterpriseNumber;
use crate::failpoint::fail_point;
use crate::ledger::{Cursor, Detail, Entry, EntryKind};
use crate::queue::{Outbound, Properties, Publisher, QueueError, topology};

/// What became of one document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The sender's own key.
    pub idempotency_key: String,
    /// The sender organization, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<EnterpriseNumber>,
    /// The message, once accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<EnterpriseNumber>,
    /// Medium and reason, code and place of the fault, or a reply; see [`Detail`].
    #[schemars(with = "Detail")]
    pub detail: Box<RawValue>,
}

/// So many journal entries are read at once.
const PAGE: i64 = 5_000;
const CURSOR: &str = "receipts";
const PARKED: &str = "receipts/";

/// The receipt of a journal entry, as the queue and the feed show it.
///
/// # Errors
/// When a stored detail is not JSON.
pub fn receipt(entry: &Entry, source: &str) -> Result<CloudEvent<Receipt>, serde_json::Error> {
    let message = entry.message.map(|(id, _)| id.to_string());
    let receipt = Receipt {
        idempotency_key: entry.key.clone(),
        organization: entry.organization,
        message_id: message.clone(),
        recipient: entry.message.map(|(_, number)| number),
        detail: RawValue::from_string(entry.detail.clone())?,
    };
    let r#type = match entry.kind {
        EntryKind::Letter => format!("facteur.letter.{}", step(&entry.detail)?),
        kind => format!("facteur.document.{}", kind.as_str()),
    };
    let id = entry.position.to_string();
    Ok(CloudEvent::new(id, source.to_owned(), &r#type, entry.at, message, receipt))
}

/// The word of a letter's step.
fn step(detail: &str) -> Result<String, serde_json::Error> {
    #[derive(Deserialize)]
    struct Stepped {
        step: String,
    }
    serde_json::from_str::<Stepped>(detail).map(|it| it.step)
}

/// Whether agencies are told of an entry of this kind.
#[must_use]
pub fn has_receipt(kind: EntryKind) -> bool {
    match kind {
        EntryKind::Accepted
        | EntryKind::Refused
        | EntryKind::Repeat
        | EntryKind::Held
        | EntryKind::Discarded
        | EntryKind::Letter
        | EntryKind::Expired
        | EntryKind::Replied => true,
        EntryKind::Read | EntryKind::Moved | EntryKind::Labelled | EntryKind::Marked => false,
    }
}

impl Relay {
    /// Sends one page of receipts; answers whether it was a full one.
    pub(super) async fn send_receipts(
        &self,
        publisher: &mut dyn Publisher,
    ) -> Result<bool, RelayError> {
        let cursors = self.ledger.cursors(CURSOR).await?;
        let (main, parked): (Vec<Cursor>, Vec<Cursor>) =
            cursors.into_iter().partition(|cursor| cursor.name == CURSOR);
        let position = main.first().map_or(0, |cursor| cursor.position);
        let source = format!("urn:facteur:{}", self.ledger.epoch().await?);
        let still_parked = self.retry_parked(publisher, &parked, position, &source).await?;
        let entries = self.ledger.follow(position, PAGE).await?;
        let Some(last) = entries.last() else { return Ok(false) };
        let through = last.position;
        let full = self.publish(publisher, &entries, &still_parked, &source).await?;
        fail_point!("receipts-published");
        let mut forward = vec![Cursor { name: CURSOR.into(), position: through }];
        forward.extend(full.into_iter().map(|(application, before)| Cursor {
            name: format!("{PARKED}{application}"),
            position: before,
        }));
        self.ledger.move_cursors(&forward, &[]).await?;
        Ok(i64::try_from(entries.len()).is_ok_and(|count| count >= PAGE))
    }

    /// Publishes receipts; answers the applications whose queue is full or
    /// missing, each with the position before its first receipt.
    async fn publish(
        &self,
        publisher: &mut dyn Publisher,
        entries: &[Entry],
        skip: &BTreeSet<&str>,
        source: &str,
    ) -> Result<BTreeMap<String, i64>, RelayError> {
        let known = self.ledger.reference().await?;
        let mut by_application: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| has_receipt(entry.kind)) {
            let application = entry.application.as_str();
            // What nobody registered published has nobody to be told.
            if known.applications.contains_key(application) && !skip.contains(application) {
                by_application.entry(application).or_default().push(entry);
            }
        }
        let mut messages = Vec::new();
        let mut of = Vec::new();
        for (application, entries) in by_application {
            for piece in entries.chunks(self.settings.receipts_per_message_max.max(1)) {
                messages.push(message(application, piece, source)?);
                of.push((application, piece.first().map_or(0, |entry| entry.position - 1)));
            }
        }
        let mut full: BTreeMap<String, i64> = BTreeMap::new();
        for (result, (application, before)) in publisher.publish(messages).await.into_iter().zip(of)
        {
            match result {
                Ok(()) => {}
                Err(QueueError::Refused | QueueError::Unroutable { .. }) => {
                    let parked = full.entry(application.to_owned()).or_insert(before);
                    *parked = before.min(*parked);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(full)
    }

    /// Tries the parked applications again, each up to where the others are.
    /// Answers those that stay parked.
    async fn retry_parked<'c>(
        &self,
        publisher: &mut dyn Publisher,
        parked: &'c [Cursor],
        through: i64,
        source: &str,
    ) -> Result<BTreeSet<&'c str>, RelayError> {
        let mut still_parked = BTreeSet::new();
        for cursor in parked {
            let application = cursor.name.strip_prefix(PARKED).unwrap_or_default();
            let entries =
                self.ledger.journal_of(application, cursor.position, through, PAGE).await?;
            let full = self.publish(publisher, &entries, &BTreeSet::new(), source).await?;
            let is_at_the_end = i64::try_from(entries.len()).is_ok_and(|count| count < PAGE);
            let reached = match (full.get(application), entries.last()) {
                // As far as its queue took them: room for one is enough to get on.
                (Some(before), _) => *before,
                (None, Some(last)) if !is_at_the_end => last.position,
                (None, _) => {
                    self.ledger.move_cursors(&[], std::slice::from_ref(cursor)).await?;
                    continue;
                }
            };
            still_parked.insert(application);
            let forward = Cursor { name: cursor.name.clone(), position: reached };
            self.ledger.move_cursors(&[forward], &[]).await?;
        }
        Ok(still_parked)
    }
}

/// Receipts of one application as one message: a JSON batch of CloudEvents.
fn message(
    application: &str,
    entries: &[&Entry],
    source: &str,
) -> Result<Outbound, serde_json::Error> {
    let events: Result<Vec<CloudEvent<Receipt>>, serde_json::Error> =
        entries.iter().map(|entry| receipt(entry, source)).collect();
    let ends = entries.first().zip(entries.last());
    let id = ends.map_or_else(String::new, |(a, b)| format!("{}-{}", a.position, b.position));
    Ok(Outbound {
        exchange: topology::EXCHANGE_RECEIPTS.into(),
        routing_key: application.to_owned(),
        body: serde_json::to_vec(&events?)?.into(),
        properties: Properties {
            message_id: Some(id),
            content_type: Some("application/cloudevents-batch+json".into()),
            ..Properties::default()
        },
    })
}
