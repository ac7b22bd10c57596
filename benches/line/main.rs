//! `./dev bench line`: the whole line against its own parts, in one run.
//!
//! Measured on one machine, everything durable: the broker's own drain, the
//! database's own insert rate of the very rows that the engine writes, and the
//! engine (a process of its own) draining the same documents from RabbitMQ
//! into PostgreSQL with search index and receipts. Rates count from the first
//! to the last commit, so that starting a process is not measured.
//!
//! `--json` prints one object; `--documents N` changes the size of a phase.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench measures time, prints, and stops where it fails"
)]

mod baseline;
mod borne;
mod broker;
mod cost;
mod database;
mod engine;
mod latency;
mod mail;
mod world;

use anyhow::Result;
use serde::Serialize;

use baseline::{drain, insert};
use engine::Stack;
use latency::Latency;
use mail::Mail;
use world::World;

/// What is printed; units are the last word of a name.
#[derive(Debug, Default, Serialize)]
struct Figures {
    drain_per_s: u64,
    insert_per_s: u64,
    engine_per_s: u64,
    ratio: f64,
    batch1_per_s: u64,
    lanes100_ratio: f64,
    /// Two engines against one, on the same machine.
    two_engines_ratio: f64,
    /// The same where the second keeps no index of its own: it takes and relays.
    two_engines_one_index_ratio: f64,
    /// With everything on against an engine that serves no pages.
    pages_ratio: f64,
    /// While its documents are published on the same machine.
    borne_per_s: u64,
    /// At half of what is borne.
    #[serde(flatten)]
    latency: Latency,
    /// At half of the rate at which a full queue is drained.
    half_drained_p50_ms: f64,
    half_drained_p99_ms: f64,
    rss_mb: u64,
    index_lag_s: f64,
    readers3_per_s: u64,
    readers200_per_s: u64,
    sqlite_per_s: u64,
    /// The engine without search index, receipts and letters.
    intake_only_per_s: u64,
    /// How long the receipts took after the last document.
    receipts_lag_s: f64,
    /// Processor time a document of the run with everything on.
    engine_cpu_us: u64,
    database_cpu_us: u64,
    broker_cpu_us: u64,
}

const DOCUMENTS: usize = 60_000;
const ENTERPRISES: u32 = 100_000;
const LANES: usize = 4;
const NOTHING: &[&str] = &[];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let is_json = arguments.iter().any(|argument| argument == "--json");
    let documents = arguments
        .iter()
        .position(|argument| argument == "--documents")
        .and_then(|at| arguments.get(at + 1))
        .map_or(Ok(DOCUMENTS), |text| text.parse())?;
    let only = arguments
        .iter()
        .position(|argument| argument == "--only")
        .and_then(|at| arguments.get(at + 1).cloned());
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(measure(documents, only.as_deref()))?;
    if is_json {
        println!("{}", serde_json::to_string(&figures)?);
    } else {
        println!("{figures:#?}");
    }
    Ok(())
}

async fn measure(documents: usize, only: Option<&str>) -> Result<Figures> {
    let wants = |phase: &str| only.is_none_or(|only| only.split(',').any(|word| word == phase));
    let mut figures = Figures::default();
    let base = database::Base::new().await?;
    say("making the registry: 100,000 enterprises, 3 readers each");
    let world = World::new(ENTERPRISES, 3);
    base.fill(&world).await?;

    if wants("drain") {
        say("broker: drain without work");
        figures.drain_per_s = drain(documents).await?;
    }
    if wants("insert") {
        say("database: the engine's own rows, without broker");
        figures.insert_per_s = insert(&base, &world, documents).await?;
    }
    if wants("engine") {
        say("engine: RabbitMQ to PostgreSQL, everything on");
        let run = Stack::rabbit(&base, &world, LANES).await?.drain(documents, &[]).await?;
        figures.engine_per_s = run.per_s;
        figures.rss_mb = run.rss_mb;
        figures.index_lag_s = run.index_lag_s;
        figures.receipts_lag_s = run.receipts_lag_s;
        let cost = run.cost.unwrap_or_default();
        figures.engine_cpu_us = cost.engine_us;
        figures.database_cpu_us = cost.database_us;
        figures.broker_cpu_us = cost.broker_us;
        let serial = 1.0 / (1.0 / rate(figures.drain_per_s) + 1.0 / rate(figures.insert_per_s));
        figures.ratio = round(rate(figures.engine_per_s) / serial);
    }
    if wants("intake") {
        say("engine: intake alone");
        let stack = Stack::rabbit(&base, &world, LANES).await?;
        figures.intake_only_per_s = stack.drain(documents, &["--roles", "intake"]).await?.per_s;
    }
    if wants("batch1") {
        say("engine: batches of one");
        let stack = Stack::rabbit(&base, &world, LANES).await?;
        figures.batch1_per_s =
            stack.with("INTAKE__BATCH_COUNT_MAX", "1").drain(documents / 20, &[]).await?.per_s;
    }
    if wants("lanes100") {
        say("engine: a hundred lanes, and four before and after");
        figures.lanes100_ratio = hundred_lanes(&base, &world, documents).await?;
    }
    if wants("two") {
        say("two engines, and one before and after");
        (figures.two_engines_ratio, figures.two_engines_one_index_ratio) =
            two_engines(&base, &world, documents).await?;
    }
    if wants("pages") {
        say("engine: with pages, and without before and after");
        figures.pages_ratio = pages(&base, &world, documents).await?;
    }
    if wants("latency") {
        half_load(&base, &world, documents, &mut figures).await?;
    }
    if wants("readers") {
        say("engine: 200 readers a message, and 3 before and after");
        (figures.readers3_per_s, figures.readers200_per_s) = readers(documents).await?;
    }
    if wants("sqlite") {
        say("engine: embedded queue to SQLite");
        let world = World::new(ENTERPRISES, 3);
        let stack = Stack::embedded(&world, LANES).await?;
        figures.sqlite_per_s = stack.drain(documents / 2, &[]).await?.per_s;
    }
    Ok(figures)
}

/// Half of what it bears, and half of what it drains when nobody publishes.
async fn half_load(
    base: &database::Base,
    world: &World,
    documents: usize,
    figures: &mut Figures,
) -> Result<()> {
    say("engine: what it bears while documents are published");
    let stack = Stack::rabbit(base, world, LANES).await?;
    figures.borne_per_s = borne::per_s(stack, documents).await?;
    say(&format!("  {} a second; latency at half of that", figures.borne_per_s));
    let stack = Stack::rabbit(base, world, LANES).await?;
    figures.latency = latency::at(stack, figures.borne_per_s / 2).await?;
    if figures.engine_per_s > 0 {
        say(&format!("  {:?}; at half of the drained rate", figures.latency));
        let stack = Stack::rabbit(base, world, LANES).await?;
        let latency = latency::at(stack, figures.engine_per_s / 2).await?;
        (figures.half_drained_p50_ms, figures.half_drained_p99_ms) =
            (latency.p50_ms, latency.p99_ms);
    }
    Ok(())
}

async fn readers(documents: usize) -> Result<(u64, u64)> {
    let (few, many) = (World::new(2_000, 3), World::new(2_000, 200));
    let (base_of_few, base_of_many) = (database::Base::new().await?, database::Base::new().await?);
    base_of_few.fill(&few).await?;
    base_of_many.fill(&many).await?;
    in_turn(documents, async |is_other| {
        let (base, world) = if is_other { (&base_of_many, &many) } else { (&base_of_few, &few) };
        Ok((Stack::rabbit(base, world, LANES).await?, NOTHING))
    })
    .await
}

async fn hundred_lanes(base: &database::Base, world: &World, documents: usize) -> Result<f64> {
    against(documents, async |is_other| {
        Ok((Stack::rabbit(base, world, if is_other { 100 } else { LANES }).await?, NOTHING))
    })
    .await
}

async fn two_engines(base: &database::Base, world: &World, documents: usize) -> Result<(f64, f64)> {
    let with = async |second: &'static [&'static str]| {
        against(documents, async |is_other| {
            let stack = Stack::rabbit(base, world, LANES).await?;
            Ok((if is_other { stack.beside(second) } else { stack }, NOTHING))
        })
        .await
    };
    Ok((with(NOTHING).await?, with(&["--roles", "intake,relay"]).await?))
}

async fn pages(base: &database::Base, world: &World, documents: usize) -> Result<f64> {
    against(documents, async |is_other| {
        let roles: &[&str] = if is_other { NOTHING } else { &["--roles", "intake,relay,search"] };
        Ok((Stack::rabbit(base, world, LANES).await?, roles))
    })
    .await
}

async fn against<'w>(
    documents: usize,
    stack: impl AsyncFn(bool) -> Result<(Stack<'w>, &'static [&'static str])>,
) -> Result<f64> {
    let (one, other) = in_turn(documents, stack).await?;
    Ok(round(rate(other) / rate(one)))
}

/// The machine is shared, so the one is measured before and after each run of
/// the other. The means of both, in documents a second.
async fn in_turn<'w>(
    documents: usize,
    stack: impl AsyncFn(bool) -> Result<(Stack<'w>, &'static [&'static str])>,
) -> Result<(u64, u64)> {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for is_other in [false, true, false, true, false] {
        let (stack, arguments) = stack(is_other).await?;
        let run = stack.drain(documents, arguments).await?;
        say(&format!("  {} a second", run.per_s));
        if is_other { others.push(run.per_s) } else { ones.push(run.per_s) }
    }
    Ok((mean(&ones), mean(&others)))
}

fn say(text: &str) {
    eprintln!("· {text}");
}

#[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
fn rate(per_s: u64) -> f64 {
    per_s.max(1) as f64
}

fn mean(rates: &[u64]) -> u64 {
    rates.iter().sum::<u64>() / rates.len() as u64
}

fn round(ratio: f64) -> f64 {
    (ratio * 1000.0).round() / 1000.0
}

type Mailbag = Vec<facteur::queue::Outbound>;

/// Documents for these lanes.
fn mail(world: &World, lanes: &[String], documents: usize) -> Mailbag {
    let mut mail = Mail::new(world, lanes.to_vec());
    (0..documents).map(|_| mail.next()).collect()
}
