//! A printer at the end of a run: what came of its tickets. A letter has one at
//! least; where it has more, its printer gets it by one of them alone.

use std::collections::BTreeMap;

use facteur::ledger::LetterFilter;
use facteur::paper::letter::LetterState;
use facteur::paper::ticket::Ticket;
use facteur::queue::{Settled, topology};
use facteur::relay::CloudEvent;
use uuid::Uuid;

use super::agencies::Log;
use super::oracle::recorded;
use super::site::Site;
use crate::support::engine::Engine;
use crate::support::wait::{soon, until_worked_off};
use crate::web::client::Answer;

/// The printer that ships: it takes everything.
const PRINTER: &str = "overflow";
/// More letters than a run has.
const ALL: i64 = 1_000_000;
/// Of those with several tickets, so many are fetched: each is a claim.
const FETCHED: usize = 40;

/// The links of the tickets that came, by job.
type Tickets = BTreeMap<Uuid, Vec<String>>;

/// Every letter has its ticket, and is given to one machine however many it
/// has; answers how many letters have more than one.
pub(super) async fn gets_each_letter_once(site: &Site, engine: &Engine, log: &Log) -> usize {
    recorded(site, log).await;
    until_worked_off("every letter is given out", async || is_given_out(site).await).await;
    let tickets = tickets(site).await;
    let filter = LetterFilter { limit: ALL, ..LetterFilter::default() };
    let letters = site.ledger.letters(&filter).await.unwrap();
    let jobs: Vec<Uuid> = letters.iter().rev().map(|letter| letter.job_id).collect();
    assert!(!jobs.is_empty() && letters.iter().all(|it| it.state == LetterState::Queued));
    assert!(tickets.keys().eq(&jobs), "{} of {} have a ticket", tickets.len(), jobs.len());
    let again: Vec<_> = tickets.iter().filter(|(_, links)| links.len() > 1).collect();
    for (job, links) in again.iter().take(FETCHED) {
        is_given_once(engine, **job, links).await;
    }
    again.len()
}

async fn is_given_out(site: &Site) -> bool {
    let waiting = "SELECT state FROM letters WHERE state = 'queued' AND released_at IS NULL
        UNION ALL SELECT 'under way' FROM tickets_under_way";
    site.ledger.texts(waiting).await.unwrap().is_empty()
}

/// All that lies in the printer's queue.
async fn tickets(site: &Site) -> Tickets {
    let queue = topology::print_queue(PRINTER);
    let count = site.queue.depth(&queue).await.unwrap();
    let mut consumer = site.queue.consume(&queue, 500).await.unwrap();
    let mut tickets = Tickets::new();
    for _ in 0..count {
        let inbound = soon(consumer.next()).await.unwrap();
        let ticket: CloudEvent<Ticket> = serde_json::from_slice(&inbound.body).unwrap();
        assert_eq!(ticket.id, ticket.data.job_id.to_string(), "by which a repeat is dropped");
        tickets.entry(ticket.data.job_id).or_default().push(ticket.data.package);
        let settled = consumer.settler().settle_through(inbound.tag).await.unwrap();
        assert_eq!(settled, Settled::Yes);
    }
    tickets
}

/// Whichever ticket comes first: who fetches by it has the letter, and nobody
/// else gets it by another.
async fn is_given_once(engine: &Engine, job: Uuid, links: &[String]) {
    assert_eq!(fetch(engine, &links[0], "one").await.status, 200, "{job}");
    for link in &links[1..] {
        assert_eq!(fetch(engine, link, "two").await.code(), "CLAIMED", "{job}");
        assert_eq!(fetch(engine, link, "one").await.status, 200, "{job}: by a repeat");
    }
}

async fn fetch(engine: &Engine, link: &str, claimant: &str) -> Answer {
    let path = link.split_once("/printers/").map_or("", |(_, path)| path);
    let path = format!("/printers/{path}&claimant={claimant}");
    soon(engine.request("GET", &path).send()).await
}
