//! Tickets for a machine: what cap, working days, pauses and pace leave.

use std::sync::PoisonError;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::package::claimant;
use super::{Asking, Counter, PAGE_MAX, batch, json_body, source};
use crate::domain::{Object, present};
use crate::ledger::Releasable;
use crate::paper::days;
use crate::paper::printer::Printer;
use crate::paper::ticket::{TICKET, Ticket};
use crate::relay::CloudEvent;
use crate::web::Problem;
use crate::web::auth::away;

/// How many tickets a machine wants.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// At most 1,000 are given.
    max: u32,
    /// The machine, by the name it gives itself.
    #[serde(default, deserialize_with = "present")]
    #[schemars(length(min = 1, max = 100))]
    claimant: Option<String>,
}

/// Tickets for a machine, registered ones first. They are leased, not claimed:
/// fetching the package is the claim, here as behind a queue.
pub(super) async fn lease_tickets(
    State(counter): State<Counter>,
    Asking(printer): Asking,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let Object(wanted): Object<Wanted> = json_body(&body?)?;
    let who = claimant(wanted.claimant.as_deref().unwrap_or(&printer))?;
    let office = &counter.office;
    let limit = i64::from(wanted.max.min(PAGE_MAX));
    let now = office.now();
    let limit = limit.min(counter.room(&printer).await?);
    let limit = counter.turns(&printer, limit, now).await?;
    let which = Releasable { printer: &printer, today: days::today(now), limit };
    let until = now + counter.lease;
    let leased = office.ledger().lease_letters(which, who, until, now).await;
    let mut leased = leased.map_err(|error| away(&error))?;
    office.fill_pages(&mut leased).await.map_err(|error| away(&error))?;
    let source = source(office).await?;
    let mut tickets: Vec<CloudEvent<Ticket>> = Vec::new();
    for letter in &leased {
        let Some(ticket) = office.ticket(letter) else {
            // Leased again and again, nobody would hear of it.
            office.hold_unaddressed(letter).await.map_err(|error| away(&error))?;
            continue;
        };
        let (id, at) = (ticket.job_id.to_string(), ticket.created_at);
        tickets.push(CloudEvent::new(id.clone(), source.clone(), TICKET, at, Some(id), ticket));
    }
    Ok(batch(&tickets))
}

impl Counter {
    /// What cap, working days and pauses leave.
    async fn room(&self, name: &str) -> Result<i64, Problem> {
        let office = &self.office;
        let printers = office.printers_now().await.map_err(|error| away(&error))?;
        let Some(printer) = printers.get(name) else { return Ok(0) };
        let now = office.now();
        if printer.paused || !printer.works_on(days::day(days::today(now))) {
            return Ok(0);
        }
        let Some(cap) = printer.cap_per_day else { return Ok(i64::MAX) };
        let given = office.ledger().letters_given(name, now).await;
        Ok((i64::from(cap) - given.map_err(|error| away(&error))?).max(0))
    }

    /// What of this the printer's pace leaves: a turn is taken for a letter
    /// that is there alone.
    async fn turns(&self, name: &str, room: i64, now: Timestamp) -> Result<i64, Problem> {
        let paced = self.office.printers().get(name).filter(|it| it.pace_per_second.is_some());
        let Some(printer) = paced else { return Ok(room) };
        let ledger = self.office.ledger();
        let which = Releasable { printer: name, today: days::today(now), limit: room };
        let waiting = ledger.letters_to_lease(which, now).await.map_err(|error| away(&error))?;
        let engines = ledger.engines_alive(self.clock.now()).await.map_err(|error| away(&error))?;
        Ok(self.take(printer, waiting, engines))
    }

    fn take(&self, printer: &Printer, wanted: i64, engines: u32) -> i64 {
        let wanted = u64::try_from(wanted).unwrap_or(0);
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        i64::try_from(paces.turns(printer, wanted, engines)).unwrap_or(0)
    }
}
