//! `./dev bench api`: what programs do over REST, beside a bare handler.
//!
//! In one run, on the same PostgreSQL and disk: the engine takes publications
//! with a PDF of 50 KB, each answered after its commit, and a bare axum handler
//! stores the same PDF durably and inserts one row a request. Both are
//! processes of their own, asked by the same client over as many connections.
//! Then each is asked at half of the slower one's rate, for the latency; a
//! company's list is read from both; and uploads of 29 MiB are sent.
//!
//! `--json` prints one object; `--seconds N` is how long each phase takes.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bench measures time, prints, and stops where it fails"
)]

#[path = "../line/baseline.rs"]
#[expect(dead_code, reason = "the line's parts, of which this bench needs some")]
mod baseline;
#[path = "../line/broker.rs"]
mod broker;
#[path = "../line/cost.rs"]
mod cost;
#[path = "../line/database.rs"]
mod database;
#[path = "../line/engine.rs"]
#[expect(dead_code, reason = "the line's parts, of which this bench needs some")]
mod engine;
#[path = "../line/mail.rs"]
mod mail_of_the_line;
#[path = "../line/world.rs"]
mod world;

mod bare;
mod load;
mod office;

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use bare::Bare;
use load::{Load, Times};
use mail_of_the_line::Mail;
use office::Office;
use world::World;

const LANES: usize = 1;
const SECONDS: u64 = 10;
const COMPANIES: u32 = 1_000;

type Mailbag = Vec<facteur::queue::Outbound>;

/// What is printed. Rates are requests a second.
#[derive(Debug, Default, Serialize)]
struct Figures {
    bare_per_s: u64,
    publish_per_s: u64,
    /// Wanted: at least 1.0.
    publish_ratio: f64,
    bare_half_load: Times,
    publish_half_load: Times,
    /// Wanted: at most 2.
    p99_ratio: f64,
    bare_list_per_s: u64,
    list_per_s: u64,
    /// Wanted: at least 0.5.
    list_ratio: f64,
    /// What eight uploads of 29 MiB, four at a time, added to the peak.
    uploads_growth_mb: u64,
}

fn main() -> Result<()> {
    if let Some(at) = std::env::args().position(|it| it == bare::SERVE) {
        let arguments: Vec<String> = std::env::args().skip(at + 1).collect();
        return tokio::runtime::Runtime::new()?.block_on(bare::serve(&arguments));
    }
    let is_json = std::env::args().any(|argument| argument == "--json");
    let mut seconds = std::env::args().skip_while(|it| it != "--seconds").skip(1);
    let seconds = seconds.next().map_or(Ok(SECONDS), |text| text.parse())?;
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(measure(Duration::from_secs(seconds)))?;
    match is_json {
        true => println!("{}", serde_json::to_string(&figures)?),
        false => println!("{figures:#?}"),
    }
    Ok(())
}

async fn measure(time: Duration) -> Result<Figures> {
    let world = World::new(COMPANIES, 1);
    let base = database::Base::new().await?;
    base.fill(&world).await?;
    let mut figures = Figures::default();
    let (bare, office) = (Bare::start().await?, Office::open(&base, &world).await?);
    say("as fast as they can");
    figures.bare_per_s = Load::of(bare.stores()).flat_out(time).await?;
    figures.publish_per_s = Load::of(office.publishes()).flat_out(time).await?;
    figures.publish_ratio = ratio(figures.publish_per_s, figures.bare_per_s);
    say("at half load");
    let half = figures.bare_per_s.min(figures.publish_per_s) / 2;
    figures.bare_half_load = Load::of(bare.stores()).at(half, time).await?;
    figures.publish_half_load = Load::of(office.publishes()).at(half, time).await?;
    figures.p99_ratio = round(figures.publish_half_load.p99_ms / figures.bare_half_load.p99_ms);
    say("lists");
    figures.bare_list_per_s = Load::of(bare.lists()).flat_out(time).await?;
    figures.list_per_s = Load::of(office.lists().await?).flat_out(time).await?;
    figures.list_ratio = ratio(figures.list_per_s, figures.bare_list_per_s);
    say("uploads of 29 MiB");
    figures.uploads_growth_mb = office.uploads().await?;
    office.close().await;
    Ok(figures)
}

fn ratio(one: u64, other: u64) -> f64 {
    round(one as f64 / other as f64)
}

fn round(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

fn say(text: &str) {
    eprintln!("· {text}");
}

/// Documents for these lanes: what the line's parts are given here.
fn mail(world: &World, lanes: &[String], documents: usize) -> Mailbag {
    let mut mail = Mail::new(world, lanes.to_vec());
    (0..documents).map(|_| mail.next()).collect()
}
