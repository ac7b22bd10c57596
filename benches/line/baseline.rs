//! What the parts do alone.

use std::time::Instant;

use anyhow::Result;
use facteur::clock::{Clock, SystemClock};
use facteur::config::Config;
use facteur::decide::Policy;
use facteur::domain::ApplicationId;
use facteur::intake::{Arrival, ClosedEnterprise, Lane, Rulebook, decode, judge, wanted};
use facteur::ledger::{Ledger, Records};
use facteur::queue::{Queue, Settled};

use crate::broker::{Vhost, lanes, publish};
use crate::database::Base;
use crate::engine::make_reference;
use crate::world::World;
use crate::{LANES, Mailbag, mail};

/// Take and acknowledge, every 500 with one acknowledgement, no work.
pub(crate) async fn drain(documents: usize) -> Result<u64> {
    let (vhost, lanes, world) = (Vhost::new()?, lanes(LANES), World::new(1_000, 1));
    let queue = vhost.queue().await?;
    publish(queue.as_ref(), &lanes, mail(&world, &lanes, documents)).await?;
    let started = Instant::now();
    let drains = lanes.iter().map(|lane| drain_lane(queue.as_ref(), lane, documents / LANES));
    for drained in futures_util::future::join_all(drains).await {
        drained?;
    }
    let rate = per_second(documents, started);
    queue.close().await;
    Ok(rate)
}

async fn drain_lane(queue: &dyn Queue, lane: &str, documents: usize) -> Result<()> {
    let name = facteur::queue::topology::intake_queue(&ApplicationId::new(lane)?);
    let mut consumer = queue.consume(&name, 1_000).await?;
    let settler = consumer.settler();
    for taken in 1..=documents {
        let inbound = consumer.next().await?;
        if taken % 500 == 0 || taken == documents {
            anyhow::ensure!(settler.settle_through(inbound.tag).await? == Settled::Yes);
        }
    }
    Ok(())
}

/// The best of several batch sizes, of the same rows as the engine writes.
pub(crate) async fn insert(base: &Base, world: &World, documents: usize) -> Result<u64> {
    let mut best = 0;
    for size in [500, 1_000, 2_000, 5_000] {
        let database = base.copy().await?;
        let ledger = Ledger::open(&database.url, 2).await?;
        let lanes = lanes(LANES);
        make_reference(&ledger, world, &lanes, None).await?;
        database.settle().await?;
        let batches = batches(&ledger, mail(world, &lanes, documents), size).await?;
        let policy = policy()?;
        let started = Instant::now();
        for records in batches {
            let mut batch = ledger.begin().await?;
            batch.record(records, &policy, SystemClock.now()).await?;
            batch.commit().await?;
        }
        let rate = per_second(documents, started);
        eprintln!("  {size} a transaction: {rate}/s");
        best = best.max(rate);
        ledger.close().await;
    }
    Ok(best)
}

pub(crate) fn policy() -> Result<Policy> {
    Ok(Policy::parse(include_str!("../../config/policy.toml"))?)
}

/// The rows, made ready before the clock starts.
pub(crate) async fn batches(ledger: &Ledger, mail: Mailbag, size: usize) -> Result<Vec<Records>> {
    let intake = Config::load(None, std::iter::empty())?.intake;
    let rulebook = Rulebook {
        grace_days: 0,
        policy: std::sync::Arc::new(policy()?),
        is_registry_complete: false,
        closed: ClosedEnterprise::Refuse,
    };
    let mut batches = Vec::new();
    for piece in mail.chunks(size) {
        let candidates: Vec<_> = piece
            .iter()
            .map(|sent| {
                let lane = Lane::Application(ApplicationId::new(sent.routing_key.as_str())?);
                let (key, body) = (sent.routing_key.clone(), sent.body.clone());
                let arrival = Arrival::unqueued(lane, key, body, sent.properties.clone());
                Ok(decode(arrival, intake.limits(), intake.body_bytes_max))
            })
            .collect::<Result<_>>()?;
        let mut batch = ledger.begin().await?;
        let reference = batch.reference().await?;
        let wanted = wanted(&candidates, &reference, SystemClock.now());
        let snapshot = batch.look_up(reference, &wanted).await?;
        let (records, _) = judge(&candidates, &snapshot, &rulebook, SystemClock.now());
        anyhow::ensure!(records.accepted.len() == piece.len(), "the bench's mail must be good");
        batches.push(records);
    }
    Ok(batches)
}

pub(crate) fn per_second(documents: usize, started: Instant) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates are small"
    )]
    let rate = (documents as f64 / started.elapsed().as_secs_f64()) as u64;
    rate
}
