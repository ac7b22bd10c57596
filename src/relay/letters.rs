//! Letters: tickets to the printers' queues.
//!
//! Letters wait in the ledger and are released in small windows, registered
//! ones first: what lies in a queue cannot be re-ordered or recalled any more.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CloudEvent, Relay, RelayError};
use crate::domain::{
    Address, Content, Digest, EnterpriseNumber, Language, MessageId, PostalPriority, Publication,
};
use crate::ledger::LetterTicket;
use crate::queue::{Outbound, Properties, Publisher, QueueError, topology};

/// What a printer is asked to print. It fetches the content through a claim;
/// the ticket alone gives no right to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// By which a repeat is dropped.
    pub job_id: Uuid,
    /// The message on paper.
    pub message_id: MessageId,
    /// The company.
    pub recipient: EnterpriseNumber,
    /// Who it is sent to; left out where the registry does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_name: Option<String>,
    /// Where to: the publication's address, else the register's; left out
    /// where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The sender application.
    pub sender_application_id: String,
    /// The type, for billing.
    pub message_type_id: String,
    /// When the letter was made.
    pub created_at: Timestamp,
    /// How to make it.
    pub options: LetterOptions,
    /// What to print, in order.
    pub documents: Vec<DocumentRef>,
}

/// How a letter is to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LetterOptions {
    /// A registered item.
    pub registered: bool,
    /// Both sides of the sheet.
    pub duplex: bool,
    /// The post's speed.
    pub priority: PostalPriority,
    /// The language of the cover sheet.
    pub language: Language,
    /// Where an undeliverable letter goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_address: Option<Address>,
}

/// A document of a letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentRef {
    /// Its digest.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
    /// Its name.
    pub file_name: String,
}

/// So many tickets are published at once.
const PIECE: u64 = 500;

impl Relay {
    /// Releases one piece of letters; answers whether it was a full one.
    pub(super) async fn release_letters(
        &self,
        publisher: &mut dyn Publisher,
    ) -> Result<bool, RelayError> {
        let queue = topology::print_queue(topology::LANE_OVERFLOW);
        let depth = match self.queue.depth(&queue).await {
            // Whoever takes documents in declares it; there are no letters yet.
            Err(QueueError::Cancelled(_)) => return Ok(false),
            depth => depth?,
        };
        let room = self.settings.letters_window.saturating_sub(depth);
        let limit = i64::try_from(room.min(PIECE)).unwrap_or(0);
        if limit == 0 {
            return Ok(false);
        }
        let letters = self.ledger.letters_to_release(limit).await?;
        if letters.is_empty() {
            return Ok(false);
        }
        let source = format!("urn:facteur:{}", self.ledger.epoch().await?);
        let messages: Result<Vec<Outbound>, RelayError> =
            letters.iter().map(|letter| message(letter, &source)).collect();
        let results = publisher.publish(messages?).await;
        let taken = letters.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let jobs: Vec<Uuid> = taken.map(|(letter, _)| letter.job).collect();
        self.ledger.released(&jobs, self.clock.now()).await?;
        match results.into_iter().find_map(Result::err) {
            Some(error) => Err(error.into()),
            None => Ok(letters.len() as u64 == PIECE),
        }
    }
}

fn message(letter: &LetterTicket, source: &str) -> Result<Outbound, RelayError> {
    let id = letter.job.to_string();
    let event = CloudEvent::new(
        id.clone(),
        source.to_owned(),
        "facteur.letter.ticket",
        letter.created_at,
        Some(id.clone()),
        ticket(letter),
    );
    Ok(Outbound {
        exchange: topology::EXCHANGE_PRINT.into(),
        routing_key: topology::LANE_OVERFLOW.into(),
        body: serde_json::to_vec(&event)?.into(),
        properties: Properties {
            message_id: Some(id),
            content_type: Some("application/cloudevents+json".into()),
            ..Properties::default()
        },
    })
}

fn ticket(letter: &LetterTicket) -> Ticket {
    let publication = &letter.publication;
    let postal = publication.postal.as_ref();
    let enterprise = letter.record.as_ref();
    let address = postal
        .and_then(|postal| postal.address.clone())
        .or_else(|| enterprise.and_then(|enterprise| enterprise.address.clone()));
    Ticket {
        job_id: letter.job,
        message_id: letter.message,
        recipient: letter.enterprise,
        recipient_name: enterprise.map(|enterprise| enterprise.name.clone()),
        address,
        sender_application_id: letter.application.clone(),
        message_type_id: letter.message_type.clone(),
        created_at: letter.created_at,
        options: LetterOptions {
            registered: letter.registered,
            duplex: postal.is_some_and(|postal| postal.duplex),
            priority: postal.map(|postal| postal.priority).unwrap_or_default(),
            language: enterprise.map_or(Language::Fr, |enterprise| enterprise.language),
            return_address: postal.and_then(|postal| postal.return_address.clone()),
        },
        documents: documents(publication),
    }
}

fn documents(publication: &Publication) -> Vec<DocumentRef> {
    let document = |attachment: &crate::domain::Attachment| match &attachment.content {
        Some(Content::Uploaded { sha256, size }) => Some(DocumentRef {
            sha256: *sha256,
            size: *size,
            media_type: attachment.media_type.clone().unwrap_or_default(),
            file_name: attachment.file_name.clone().unwrap_or_default(),
        }),
        _ => None,
    };
    publication.attachments.iter().filter_map(document).collect()
}
