//! Letters: planned, and released as tickets to the printers' queues.
//!
//! They wait in the ledger and are released in small windows, registered ones
//! first: what lies in a queue cannot be put into another order any more. A
//! letter is marked as released, then its ticket is published: where nothing
//! older waits for its printer, with its plan, or already with its record: see
//! [`crate::paper::hatch`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::given::Given;
use super::rooms::Rooms;
use super::tickets::message;
use super::{LEASE, Relay, RelayError};
use crate::ledger::Releasable;
use crate::paper::days;
use crate::paper::outgoing::{PLANNED_PAGE, Way};
use crate::paper::pace::Paces;
use crate::paper::printer::{Printer, Printers, TakesFrom};
use crate::paper::ticket::{RECALL, Recall};
use crate::queue::{Publisher, QueueError, topology};

/// So many tickets of a printer that wait are given out in one turn.
pub(super) const PIECE: u64 = 2_000;

/// A turn that plans so many is followed by the next one at once; fewer are let
/// gather.
const BUSY: usize = PLANNED_PAGE / 4;

/// For so long pages are begun in one turn: far less than a lease holds.
const TURN_MAX: Duration = Duration::from_secs(2);

/// What an engine remembers of the letters that it gives out.
#[derive(Default)]
pub(super) struct Out {
    pub(super) paces: Paces,
    pub(super) given: Given,
    /// Whether the last turn left no letter without a plan.
    is_all_planned: bool,
}

impl Out {
    /// Another may have given some out: they are counted again.
    pub(super) fn forget(&mut self) {
        self.given = Given::default();
        self.is_all_planned = false;
    }
}

impl Relay {
    /// Plans letters and gives out what may go, for some seconds at most; answers
    /// whether there is more.
    pub(super) async fn send_letters(
        &self,
        publisher: &mut dyn Publisher,
        out: &mut Out,
    ) -> Result<bool, RelayError> {
        out.given.begin(LEASE.unsigned_abs());
        self.hatch.close();
        // Of one who was killed, or failed, between marking and publishing.
        self.ledger.put_back_tickets(|id| self.hatch.knows(id)).await?;
        let printers = self.office.printers_now().await?;
        let mut rooms = self.rooms(out, &printers).await?;
        let passed = self.hatch.take_passed();
        let (waiting, is_full) = self.waiting(out, &mut rooms).await?;
        if out.is_all_planned {
            self.hatch.open(Arc::clone(&printers), rooms.share());
        }
        let may_go = |printer: &str| rooms.take(printer, out);
        let until = Some(Instant::now() + TURN_MAX);
        let letters: usize = passed.iter().map(|under_way| under_way.jobs.len()).sum();
        let way = Way { printers: &printers, may_go, passed, waiting, until };
        let (tickets, marked) = mpsc::channel(1);
        let plan = Box::pin(async { Ok(self.office.send_out(way, tickets).await?) });
        let publish = Box::pin(self.publish_all(publisher, marked));
        let (outcome, is_whole) = tokio::try_join!(plan, publish)?;
        out.is_all_planned = !outcome.is_more;
        let is_asking = self.send_recalls(publisher).await?;
        // While many are made, more are there already.
        let is_more = outcome.is_more || is_full || outcome.planned + letters >= BUSY;
        // What a printer's queue did not take is not tried again at once.
        Ok(is_asking || (is_whole && is_more))
    }

    /// What printers that take from a queue may be given.
    async fn rooms<'a>(
        &self,
        out: &mut Out,
        printers: &'a Printers,
    ) -> Result<Rooms<'a>, RelayError> {
        let mut rooms = Rooms::default();
        for printer in &printers.all {
            if printer.takes_from == TakesFrom::Queue && !printer.paused {
                match self.room(&mut out.given, printer).await {
                    Ok(left) => rooms.add(printer, left),
                    Err(error) => self.broken(&printer.name, error).await?,
                }
            }
        }
        Ok(rooms)
    }

    /// A piece of what waits for each printer, registered ones first; and whether
    /// one was a full one.
    async fn waiting(
        &self,
        out: &mut Out,
        rooms: &mut Rooms<'_>,
    ) -> Result<(Vec<(String, Vec<Uuid>)>, bool), RelayError> {
        let today = days::today(self.office.now());
        let (mut waiting, mut is_full) = (Vec::new(), false);
        for room in rooms.open() {
            let wanted = room.wanted();
            let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
            let which = Releasable { printer: &room.printer.name, today, limit };
            let mut jobs = self.ledger.letters_to_release(which).await?;
            let given = room.give(jobs.len() as u64, wanted, out);
            jobs.truncate(usize::try_from(given).unwrap_or(usize::MAX));
            is_full |= given == PIECE;
            if !jobs.is_empty() {
                waiting.push((room.printer.name.clone(), jobs));
            }
        }
        Ok((waiting, is_full))
    }

    /// How many tickets a printer may be given: what its window, its cap and
    /// its working days leave.
    async fn room(&self, given: &mut Given, printer: &Printer) -> Result<u64, RelayError> {
        let now = self.office.now();
        if !printer.works_on(days::day(days::today(now))) {
            return Ok(0);
        }
        let depth = match self.queue.depth(&topology::print_queue(&printer.name)).await {
            // Declared with the other queues, in a moment.
            Err(QueueError::Cancelled(_)) => return Ok(0),
            depth => depth?,
        };
        let depth = depth + self.hatch.letters_for(&printer.name);
        let room = self.settings.letters_window.saturating_sub(depth);
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
