//! Letters: planned, and released as tickets to the printers' queues.
//!
//! They wait in the ledger and are released in small windows, registered ones
//! first: what lies in a queue cannot be put into another order any more.

use serde::Serialize;
use uuid::Uuid;

use super::given::Given;
use super::{CloudEvent, LEASE, Relay, RelayError};
use crate::ledger::Releasable;
use crate::paper::days;
use crate::paper::pace::Paces;
use crate::paper::printer::{Printer, TakesFrom};
use crate::paper::ticket::{RECALL, Recall, TICKET};
use crate::queue::{Outbound, Properties, Publisher, QueueError, topology};

/// So many tickets are published at once: a turn costs some questions and two
/// commits, however few it is for.
const PIECE: u64 = 2_000;

/// What an engine remembers of the letters that it gives out.
#[derive(Default)]
pub(super) struct Out {
    paces: Paces,
    given: Given,
}

impl Out {
    /// Another may have given some out: they are counted again.
    pub(super) fn forget(&mut self) {
        self.given = Given::default();
    }
}

impl Relay {
    /// Plans and releases one piece of letters; answers whether one was a full
    /// one.
    pub(super) async fn send_letters(
        &self,
        publisher: &mut dyn Publisher,
        out: &mut Out,
    ) -> Result<bool, RelayError> {
        out.given.begin(LEASE.unsigned_abs());
        // What is planned in this turn goes out in the next, which comes at once.
        let plan = Box::pin(async { Ok::<_, RelayError>(self.office.plan_some().await?) });
        let release = Box::pin(self.release_some(publisher, out));
        let (planned, is_more) = tokio::try_join!(plan, release)?;
        let is_asking = self.send_recalls(publisher).await?;
        Ok(planned > 0 || is_more || is_asking)
    }

    /// Releases a piece to each printer; answers whether one was a full one.
    async fn release_some(
        &self,
        publisher: &mut dyn Publisher,
        out: &mut Out,
    ) -> Result<bool, RelayError> {
        let mut is_more = false;
        for printer in &self.office.printers_now().await?.all {
            if printer.takes_from != TakesFrom::Queue || printer.paused {
                continue;
            }
            match self.release(publisher, out, printer).await {
                Ok(is_full) => is_more |= is_full,
                Err(error) => self.broken(printer, error).await?,
            }
        }
        Ok(is_more)
    }

    async fn release(
        &self,
        publisher: &mut dyn Publisher,
        out: &mut Out,
        printer: &Printer,
    ) -> Result<bool, RelayError> {
        let room = self.room(&mut out.given, printer).await?;
        if room == 0 {
            return Ok(false);
        }
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let today = days::today(self.office.now());
        let which = Releasable { printer: &printer.name, today, limit };
        let mut letters = self.ledger.letters_to_release(which).await?;
        // By lease, the one engine that releases: the whole pace is its own.
        let turns = out.paces.turns(printer, letters.len() as u64, 1);
        letters.truncate(usize::try_from(turns).unwrap_or(usize::MAX));
        if letters.is_empty() {
            return Ok(false);
        }
        self.office.fill_pages(&mut letters).await?;
        let source = format!("urn:facteur:{}", self.ledger.epoch().await?);
        let mut messages = Vec::new();
        for letter in &letters {
            let Some(ticket) = self.office.ticket(letter) else { continue };
            let about = (ticket.job_id, letter.created_at);
            messages.push((letter.job, message(TICKET, about, &printer.name, &source, ticket)?));
        }
        let (jobs, messages): (Vec<Uuid>, Vec<Outbound>) = messages.into_iter().unzip();
        let results = publisher.publish(messages).await;
        let taken = jobs.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let taken: Vec<Uuid> = taken.map(|(job, _)| *job).collect();
        self.ledger.released(&taken, self.office.now()).await?;
        out.given.add(&printer.name, taken.len());
        match results.into_iter().find_map(Result::err) {
            Some(error) => Err(error.into()),
            None => Ok(jobs.len() as u64 == PIECE),
        }
    }

    /// How many tickets a printer may be given: what its window, its cap and
    /// its working days leave.
    async fn room(&self, given: &mut Given, printer: &Printer) -> Result<u64, RelayError> {
        let now = self.office.now();
        let window = self.settings.letters_window;
        if !printer.works_on(days::day(days::today(now))) {
            return Ok(0);
        }
        let depth = match self.queue.depth(&topology::print_queue(&printer.name)).await {
            // Declared with the other queues, in a moment.
            Err(QueueError::Cancelled(_)) => return Ok(0),
            depth => depth?,
        };
        // A pace lets a second's worth through at most: no more is read.
        let pace = printer.pace_per_second.filter(|pace| *pace > 0).map_or(PIECE, u64::from);
        let room = window.saturating_sub(depth).min(PIECE).min(pace);
        let Some(cap) = printer.cap_per_day else { return Ok(room) };
        let given = given.today(&self.ledger, &printer.name, now).await?;
        Ok(room.min(u64::from(cap).saturating_sub(given)))
    }

    /// Asks printers for what is wanted back.
    async fn send_recalls(&self, publisher: &mut dyn Publisher) -> Result<bool, RelayError> {
        let asked = self.ledger.recalls_to_send(i64::try_from(PIECE).unwrap_or(i64::MAX)).await?;
        let by_queue = |name: &str| {
            let printer = self.office.printers().get(name);
            printer.is_some_and(|printer| printer.takes_from == TakesFrom::Queue)
        };
        if asked.is_empty() {
            return Ok(false);
        }
        let (asked, rest): (Vec<_>, Vec<_>) =
            asked.into_iter().partition(|(_, printer, _)| by_queue(printer));
        // Who asks over REST finds them there.
        let rest: Vec<Uuid> = rest.into_iter().map(|(job, ..)| job).collect();
        self.ledger.recalls_sent(&rest, self.office.now()).await?;
        let source = format!("urn:facteur:{}", self.ledger.epoch().await?);
        let mut messages = Vec::new();
        for (job_id, printer, asked_at) in &asked {
            let recall = Recall { job_id: *job_id, printer: printer.clone(), asked_at: *asked_at };
            messages.push(message(RECALL, (*job_id, *asked_at), printer, &source, recall)?);
        }
        let results = publisher.publish(messages).await;
        let sent = asked.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let sent: Vec<Uuid> = sent.map(|((job, ..), _)| *job).collect();
        self.ledger.recalls_sent(&sent, self.office.now()).await?;
        match results.into_iter().find_map(Result::err) {
            Some(error) => Err(error.into()),
            None => Ok(sent.len() as u64 == PIECE),
        }
    }
}

fn message<T: Serialize>(
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
