//! `./dev faults`: two engines and two print rooms under load, on three broker
//! nodes and a PostgreSQL, and everything broken by a seeded schedule.
//!
//! Afterwards everything is recounted: what the agencies know to be confirmed,
//! what they were told, what was printed, found and shown, against the ledger.
//! A difference of one fails the run. See `docs/faults.md`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a person waits for its table")]

mod agencies;
mod doubt;
mod fairness;
mod http;
mod lone;
#[path = "../it/faults/mail.rs"]
#[expect(clippy::unwrap_used, reason = "shared with tests, which end where something is wrong")]
mod mail;
mod oracle;
mod plan;
mod process;
mod readers;
mod receipts;
mod relay;
mod report;
mod rest;
mod rows;
mod run;
mod services;
mod site;
mod strike;
mod world;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::plan::Times;
use crate::services::Services;

/// Breaks everything under load, by a seeded schedule, and recounts.
#[derive(Debug, Parser)]
#[command(bin_name = "./dev faults")]
struct Args {
    /// Fewer faults and shorter ones, for every day
    #[arg(long)]
    short: bool,
    /// What the schedule grows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many faults; 0 breaks nothing
    #[arg(long)]
    faults: Option<usize>,
    /// Letters a second while everything breaks
    #[arg(long, default_value_t = 36)]
    rate: u32,
    /// How much one agency publishes at once while another is measured; 0 does not
    #[arg(long)]
    flood: Option<usize>,
    /// What the 99th percentile of the other may be (ms)
    #[arg(long)]
    fair_ms: Option<f64>,
}

impl Args {
    fn faults(&self) -> usize {
        self.faults.unwrap_or(if self.short { plan::Kind::all().len() } else { 230 })
    }

    fn flood(&self) -> usize {
        self.flood.unwrap_or(if self.short { 80_000 } else { 1_000_000 })
    }

    /// How many documents of the other agency are measured, 20 a second.
    fn trickled(&self) -> usize {
        if self.short { 100 } else { 400 }
    }

    /// A build without optimisation proves order, not speed.
    fn fair_ms(&self) -> f64 {
        self.fair_ms.unwrap_or(if cfg!(debug_assertions) { 5_000.0 } else { 250.0 })
    }

    fn times(&self) -> Times {
        let (stop, bad_ms_max) = if self.short { (5, 2_000) } else { (30, 6_000) };
        Times { stop: Duration::from_secs(stop), bad_ms_max }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let services = Services::from_environment()?;
    if args.flood() > 0 {
        is_fair(&services, &args).await?;
    }
    if args.faults() > 0 {
        Box::pin(tokio::task::LocalSet::new().run_until(run::run(services, &args))).await?;
    }
    Ok(())
}

async fn is_fair(services: &Services, args: &Args) -> Result<()> {
    eprintln!("· one agency publishes {} documents at once", args.flood());
    let fair = fairness::measure(services, args.flood(), args.trickled()).await?;
    println!(
        "{} documents of another agency, beside {} at once ({} of them still waited at the end): \
         published to committed p50 {:.0} ms, p99 {:.0} ms",
        fair.measured, fair.flood, fair.waiting, fair.p50_ms, fair.p99_ms
    );
    ensure!(fair.waiting > 0, "the flood was over too soon to measure beside it");
    ensure!(fair.p99_ms < args.fair_ms(), "not under {} ms", args.fair_ms());
    Ok(())
}
