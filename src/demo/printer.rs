//! A printer that lives: it takes tickets from the default printer's queue,
//! claims each by its link, and reports on the broker what became of it, as
//! any printer does. It prints nothing.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::paper::office::{FetchError, Office};
use crate::paper::printer::DEFAULT_PRINTER;
use crate::paper::report::{REPORT, Report};
use crate::paper::sandbox::{self, FateStep};
use crate::paper::ticket::{TICKET, Ticket};
use crate::queue::{Consumer, Inbound, Outbound, Properties, Publisher, Queue, topology};
use crate::relay::CloudEvent;
use crate::telemetry::log::chain;

/// Tickets that are claimed at the same time.
const BATCH: u16 = 200;
const WAIT: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Prints until `stop`.
///
/// # Errors
/// Never: what fails is tried again.
pub async fn print(
    office: Arc<Office>,
    queue: Arc<dyn Queue>,
    stop: CancellationToken,
) -> Result<(), std::convert::Infallible> {
    let mut waits = crate::queue::reconnection().build();
    while !stop.is_cancelled() {
        let error = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            worked = work(&office, queue.as_ref()) => match worked {
                Ok(never) => match never {},
                Err(error) => error,
            },
        };
        warn!(error = %format!("{error:#}"), "the simulated printer waits");
        tokio::time::sleep(waits.next().unwrap_or(PAUSE_MAX)).await;
    }
    Ok(())
}

async fn work(office: &Office, queue: &dyn Queue) -> anyhow::Result<std::convert::Infallible> {
    let name = topology::print_queue(DEFAULT_PRINTER);
    let mut consumer = queue.consume(&name, BATCH).await?;
    let mut publisher = queue.publisher().await?;
    loop {
        let tickets = batch(consumer.as_mut()).await?;
        let Some(last) = tickets.last().map(|inbound| inbound.tag) else { continue };
        let claims = tickets.iter().map(|inbound| claim(office, inbound));
        let mut claimed = Vec::new();
        for claim in join_all(claims).await {
            claimed.extend(claim?);
        }
        // Reported before the tickets are settled: a repeat is known by its id.
        report(publisher.as_mut(), &claimed, office.now()).await?;
        let _settled = consumer.settler().settle_through(last).await?;
    }
}

async fn batch(consumer: &mut dyn Consumer) -> anyhow::Result<Vec<Inbound>> {
    let mut batch = vec![consumer.next().await?];
    while batch.len() < usize::from(BATCH) {
        match tokio::time::timeout(WAIT, consumer.next()).await {
            Ok(inbound) => batch.push(inbound?),
            Err(_) => break,
        }
    }
    Ok(batch)
}

/// Fetches a package to its end; none when somebody else has the job.
async fn claim(office: &Office, inbound: &Inbound) -> anyhow::Result<Option<Ticket>> {
    let event: CloudEvent<Value> = serde_json::from_slice(&inbound.body)?;
    if event.r#type != TICKET {
        return Ok(None);
    }
    let ticket: Ticket = serde_json::from_value(event.data)?;
    let token = ticket.package.split_once("token=").map_or("", |(_, token)| token);
    match office.fetch(ticket.job_id, token, Some("demo")).await {
        Ok(mut package) => {
            while let Some(piece) = package.pieces.next().await {
                piece?;
            }
            Ok(Some(ticket))
        }
        Err(FetchError::Ledger(error)) => Err(error.into()),
        Err(FetchError::Documents(error)) => Err(error.into()),
        Err(error) => {
            warn!(job = %ticket.job_id, error = %chain(&error), "a ticket that leads nowhere");
            Ok(None)
        }
    }
}

async fn report(
    publisher: &mut dyn Publisher,
    tickets: &[Ticket],
    now: Timestamp,
) -> anyhow::Result<()> {
    if tickets.is_empty() {
        return Ok(());
    }
    let events: Vec<CloudEvent<Report>> =
        tickets.iter().flat_map(|ticket| reports(ticket, now)).collect();
    let message = Outbound {
        exchange: topology::EXCHANGE_PRINT_EVENTS.into(),
        routing_key: DEFAULT_PRINTER.into(),
        body: serde_json::to_vec(&events)?.into(),
        properties: Properties {
            message_id: Some(Uuid::now_v7().to_string()),
            content_type: Some("application/cloudevents-batch+json".into()),
            ..Properties::default()
        },
    };
    for result in publisher.publish(vec![message]).await {
        result?;
    }
    Ok(())
}

/// What becomes of a letter, each step with the same id however often it is
/// reported.
fn reports(ticket: &Ticket, now: Timestamp) -> Vec<CloudEvent<Report>> {
    let job = ticket.job_id;
    let event = |(n, (kind, cause)): (usize, _)| {
        let report = Report {
            job_id: job,
            printer: ticket.printer.clone(),
            kind,
            cause,
            detail: None,
            at: now,
        };
        let source = format!("urn:printer:{}", ticket.printer);
        CloudEvent::new(format!("{job}-{n}"), source, REPORT, now, Some(job.to_string()), report)
    };
    fate_of(ticket).into_iter().enumerate().map(event).collect()
}

/// Five letters in a hundred do not arrive, each of five for its own reason.
fn fate_of(ticket: &Ticket) -> Vec<FateStep> {
    let dice = usize::try_from(ticket.job_id.as_u128() % 100).unwrap_or(0);
    let failures = sandbox::numbers();
    match failures.get(dice + 1).filter(|_| dice < FAILURES) {
        Some((number, _)) => sandbox::fate(*number),
        None => sandbox::fate(ticket.recipient),
    }
}

/// Of a hundred letters.
const FAILURES: usize = 5;
