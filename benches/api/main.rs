//! `./dev bench api`: what programs do over REST, beside a bare handler.
//!
//! In one run, on the same PostgreSQL and disk: the engine takes publications
//! with a PDF of 50 KB, each answered after its commit, and a bare axum handler
//! stores the same PDF durably and inserts one row a request. Both are
//! processes of their own, asked by the same client over as many connections.
//! A file system without a journal looks long for a new file's number where many
//! files were deleted within the last minutes: begin it in a quiet moment.
//! Then each is asked at half of the slower one's rate, for the latency; and
//! uploads of 29 MiB are sent.
//!
//! Lists: the engine checks a bearer token and what is open to it, and answers with
//! a page of 25 and the total. The bare handler asks nobody who asks, and
//! answers with the same page in the same JSON, of the same rows of the engine's
//! own table, by one query on its key; once with the total, which every list
//! holds, and once without.
//!
//! `--json` prints one object; `--seconds N` is how long each phase takes;
//! `--only publish`, `lists` or `uploads` leaves the others out.

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
mod issuer;
mod list;
mod load;
mod office;

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use bare::Bare;
use load::{Load, Rate, Times};
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
    bare: Rate,
    publish: Rate,
    /// Wanted: at least 1.0.
    publish_ratio: f64,
    bare_half_load: Times,
    publish_half_load: Times,
    /// Wanted: at most 2.
    p99_ratio: f64,
    /// With the total, and without.
    bare_list: Rate,
    bare_page: Rate,
    list: Rate,
    /// Wanted: at least 0.5.
    list_ratio: f64,
    /// The same against pages without a total.
    list_to_page_ratio: f64,
    /// What eight uploads of 29 MiB, four at a time, added to the peak.
    uploads_growth_mb: u64,
}

fn main() -> Result<()> {
    if let Some(at) = std::env::args().position(|it| it == bare::SERVE) {
        let arguments: Vec<String> = std::env::args().skip(at + 1).collect();
        return tokio::runtime::Runtime::new()?.block_on(bare::serve(&arguments));
    }
    let is_json = std::env::args().any(|argument| argument == "--json");
    let value = |name: &str| std::env::args().skip_while(|it| it != name).nth(1);
    let seconds = value("--seconds").map_or(Ok(SECONDS), |text| text.parse())?;
    let only = value("--only");
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(measure(Duration::from_secs(seconds), only.as_deref()))?;
    match is_json {
        true => println!("{}", serde_json::to_string(&figures)?),
        false => println!("{figures:#?}"),
    }
    Ok(())
}

async fn measure(time: Duration, only: Option<&str>) -> Result<Figures> {
    let world = World::new(COMPANIES, 1);
    let base = database::Base::new().await?;
    base.fill(&world).await?;
    let mut figures = Figures::default();
    let office = Office::open(&base, &world).await?;
    let bare = Bare::start(office.ledger_url(), office.companies()).await?;
    let wants = |phase| only.is_none_or(|only| only == phase);
    say("publications, as fast as they can");
    if wants("publish") {
        figures.bare = Load::of(bare.stores()).flat_out(time, &bare.meter(&office)).await?;
    }
    figures.publish = Load::of(office.publishes()).flat_out(time, office.meter()).await?;
    figures.publish_ratio = ratio(figures.publish, figures.bare);
    if wants("publish") {
        at_half_load(&bare, &office, time, &mut figures).await?;
    }
    if wants("lists") {
        lists(&bare, &office, time, &mut figures).await?;
    }
    if wants("uploads") {
        say("uploads of 29 MiB");
        figures.uploads_growth_mb = office.uploads().await?;
    }
    office.close().await;
    Ok(figures)
}

async fn at_half_load(
    bare: &Bare,
    office: &Office<'_>,
    time: Duration,
    figures: &mut Figures,
) -> Result<()> {
    say("at half load");
    let half = figures.bare.per_s.min(figures.publish.per_s) / 2;
    figures.bare_half_load = Load::of(bare.stores()).at(half, time).await?;
    figures.publish_half_load = Load::of(office.publishes()).at(half, time).await?;
    figures.p99_ratio = round(figures.publish_half_load.p99_ms / figures.bare_half_load.p99_ms);
    Ok(())
}

async fn lists(
    bare: &Bare,
    office: &Office<'_>,
    time: Duration,
    figures: &mut Figures,
) -> Result<()> {
    say("lists");
    // As PostgreSQL does by itself, once a minute: how many of these messages it
    // came to know as seen by all would be chance.
    database::run(office.ledger_url(), "VACUUM ANALYZE messages".into()).await?;
    let meter = bare.meter(office);
    figures.bare_page = Load::of(bare.lists(list::PAGE)).flat_out(time, &meter).await?;
    figures.bare_list = Load::of(bare.lists(list::COUNTED)).flat_out(time, &meter).await?;
    figures.list = Load::of(office.lists().await?).flat_out(time, office.meter()).await?;
    figures.list_ratio = ratio(figures.list, figures.bare_list);
    figures.list_to_page_ratio = ratio(figures.list, figures.bare_page);
    Ok(())
}

/// Of rates; 0 where the other was not measured.
fn ratio(one: Rate, other: Rate) -> f64 {
    if other.per_s == 0 { 0.0 } else { round(one.per_s as f64 / other.per_s as f64) }
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
