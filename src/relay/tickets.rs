//! Tickets: made of what is marked as released, and published to the printers'
//! queues.

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender};
use uuid::Uuid;

use super::task::LETTERS;
use super::{CloudEvent, LEASE, Relay, RelayError};
use crate::failpoint::fail_point;
use crate::ledger::UnderWay;
use crate::paper::ticket::TICKET;
use crate::queue::{Outbound, Properties, Publisher, topology};

/// Tickets to be published together: job and printer of each message, in order.
struct Piece {
    under_way: UnderWay,
    letters: Vec<(Uuid, String)>,
    messages: Vec<Outbound>,
}

impl Relay {
    /// Publishes what is marked, while the next tickets are made; answers whether
    /// all of it was taken.
    pub(super) async fn publish_all(
        &self,
        publisher: &mut dyn Publisher,
        marked: Receiver<UnderWay>,
    ) -> Result<bool, RelayError> {
        let (pieces, made) = mpsc::channel(1);
        let (is_whole, ()) =
            tokio::try_join!(self.publish_made(publisher, made), self.make(marked, pieces))?;
        Ok(is_whole)
    }

    /// Makes the tickets of what is marked.
    async fn make(
        &self,
        mut marked: Receiver<UnderWay>,
        pieces: Sender<Piece>,
    ) -> Result<(), RelayError> {
        while let Some(under_way) = marked.recv().await {
            if pieces.send(self.tickets(under_way).await?).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Each piece renews the lease: who has lost it leaves the rest to whoever has
    /// it now.
    async fn publish_made(
        &self,
        publisher: &mut dyn Publisher,
        mut made: Receiver<Piece>,
    ) -> Result<bool, RelayError> {
        let mut is_whole = true;
        while let Some(piece) = made.recv().await {
            if !self.ledger.lease(LETTERS, self.engine, self.clock.now(), LEASE).await? {
                return Ok(is_whole);
            }
            fail_point!("tickets-marked");
            is_whole &= self.publish_tickets(publisher, piece).await?;
        }
        Ok(is_whole)
    }

    async fn tickets(&self, under_way: UnderWay) -> Result<Piece, RelayError> {
        let mut letters = self.ledger.tickets_of(&under_way).await?;
        self.office.fill_pages(&mut letters).await?;
        let source = format!("urn:facteur:{}", self.ledger.epoch().await?);
        let (mut named, mut messages) = (Vec::new(), Vec::new());
        for letter in letters {
            let Some(ticket) = self.office.ticket(&letter) else {
                self.office.hold_unaddressed(&letter).await?;
                continue;
            };
            let about = (ticket.job_id, letter.created_at);
            messages.push(message(TICKET, about, &letter.printer, &source, ticket)?);
            named.push((letter.job, letter.printer));
        }
        Ok(Piece { under_way, letters: named, messages })
    }

    async fn publish_tickets(
        &self,
        publisher: &mut dyn Publisher,
        piece: Piece,
    ) -> Result<bool, RelayError> {
        let Piece { under_way, letters, messages } = piece;
        let results = publisher.publish(messages).await;
        fail_point!("tickets-published");
        let not_taken = letters.iter().zip(&results).filter(|(_, result)| result.is_err());
        let not_taken: Vec<Uuid> = not_taken.map(|((job, _), _)| *job).collect();
        self.ledger.tickets_sent(&under_way, &not_taken).await?;
        let mut errors = BTreeMap::new();
        for ((_, printer), result) in letters.iter().zip(results) {
            result.err().map(|error| errors.entry(printer.as_str()).or_insert(error));
        }
        for (printer, error) in errors {
            self.broken(printer, error.into()).await?;
        }
        Ok(not_taken.is_empty())
    }
}

pub(super) fn message<T: Serialize>(
    r#type: &str,
    (job, at): (Uuid, jiff::Timestamp),
    printer: &str,
    source: &str,
    data: T,
) -> Result<Outbound, RelayError> {
    let job = job.to_string();
    // A recall is another event than the ticket of the same job.
    let id = if r#type == TICKET { job.clone() } else { format!("{job}-recall") };
    let event = CloudEvent::new(id.clone(), source.to_owned(), r#type, at, Some(job), data);
    Ok(Outbound {
        exchange: topology::EXCHANGE_PRINT.into(),
        routing_key: printer.to_owned(),
        body: serde_json::to_vec(&event)?.into(),
        properties: Properties {
            message_id: Some(id),
            content_type: Some("application/cloudevents+json".into()),
            ..Properties::default()
        },
    })
}
