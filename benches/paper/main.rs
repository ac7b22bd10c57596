//! `./dev bench paper`: letters against documents, and a long backlog.
//!
//! In one run on one machine, everything durable: the engine (a process of its
//! own) records documents that stay digital, then as many that become letters,
//! whose tickets it hands to a printer's queue. Then a backlog is planned over
//! ten printers and their days by the whole office, database included, and
//! letters of it are claimed.
//!
//! `--json` prints one object; `--documents N` and `--letters N` change the
//! sizes; without a backlog of letters (0) the rates alone are measured.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
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

mod backlog;
mod letters;

use anyhow::Result;
use serde::Serialize;

use backlog::{Backlog, SHORT};
use letters::{digital, paper};
use mail_of_the_line::Mail;
use world::World;

/// The engine's: the office of a backlog works in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LANES: usize = 4;
const DOCUMENTS: usize = 30_000;
const LETTERS: usize = 1_000_000;
const ENTERPRISES: u32 = 100_000;

type Mailbag = Vec<facteur::queue::Outbound>;

/// What is printed; units are the last word of a name.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Figures {
    digital_per_s: u64,
    /// From the first commit to the last ticket in the printer's queue.
    letters_per_s: u64,
    /// Letters to documents.
    ratio: f64,
    /// To the last commit alone.
    letters_recorded_per_s: u64,
    /// Processor time a document that stays digital, by who spent it.
    digital_cpu_us: Cpu,
    /// The same a letter.
    letter_cpu_us: Cpu,
    backlog_letters: usize,
    plan_s: f64,
    /// Of which this process, not the database, computed.
    plan_cpu_s: f64,
    plan_rss_mb: u64,
    /// Medians of leasing and claiming 500 letters.
    claim_short_ms: f64,
    claim_backlog_ms: f64,
    claim_ratio: f64,
}

/// Microseconds.
#[derive(Debug, Default, Serialize)]
struct Cpu {
    engine: u64,
    database: u64,
    broker: u64,
}

impl From<cost::Cost> for Cpu {
    fn from(cost: cost::Cost) -> Self {
        let cost::Cost { engine_us, database_us, broker_us } = cost;
        Self { engine: engine_us, database: database_us, broker: broker_us }
    }
}

fn main() -> Result<()> {
    let is_json = std::env::args().any(|argument| argument == "--json");
    let (documents, letters) = (size("--documents", DOCUMENTS)?, size("--letters", LETTERS)?);
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(measure(documents, letters))?;
    match is_json {
        true => println!("{}", serde_json::to_string(&figures)?),
        false => println!("{figures:#?}"),
    }
    Ok(())
}

fn size(name: &str, usual: usize) -> Result<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    Ok(arguments.next().map_or(Ok(usual), |text| text.parse())?)
}

async fn measure(documents: usize, backlog: usize) -> Result<Figures> {
    let mut figures = Figures { backlog_letters: backlog, ..Figures::default() };
    let base = database::Base::new().await?;
    say("making the registry: 100,000 enterprises");
    let world = World::new(ENTERPRISES, 3);
    base.fill(&world).await?;
    say("engine: as many letters, to their printer's queue, and digital before and after");
    let before = digital(&base, &world, documents).await?;
    let letters = paper(&base, &world, documents).await?;
    let after = digital(&base, &world, documents).await?;
    figures.digital_per_s = u64::midpoint(before.recorded_per_s, after.recorded_per_s);
    figures.letters_recorded_per_s = letters.recorded_per_s;
    figures.letters_per_s = letters.released_per_s;
    figures.ratio = ratio(as_f64(figures.letters_per_s), as_f64(figures.digital_per_s));
    (figures.digital_cpu_us, figures.letter_cpu_us) = (after.cost.into(), letters.cost.into());
    if backlog == 0 {
        return Ok(figures);
    }
    say("office: claims of 500 of a short backlog");
    let short = Backlog::made(&base, &world, SHORT).await?;
    short.plan(&mut Figures::default()).await?;
    figures.claim_short_ms = short.claims().await?;
    say(&format!("office: a backlog of {backlog} letters"));
    let backlog = Backlog::made(&base, &world, backlog).await?;
    say("office: planning it over printers and days");
    backlog.plan(&mut figures).await?;
    figures.claim_backlog_ms = backlog.claims().await?;
    figures.claim_ratio = ratio(figures.claim_backlog_ms, figures.claim_short_ms);
    Ok(figures)
}

fn ratio(one: f64, other: f64) -> f64 {
    (one / other * 1000.0).round() / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
fn as_f64(rate: u64) -> f64 {
    rate.max(1) as f64
}

fn say(text: &str) {
    eprintln!("· {text}");
}

/// Documents for these lanes.
fn mail(world: &World, lanes: &[String], documents: usize) -> Mailbag {
    let mut mail = Mail::new(world, lanes.to_vec());
    (0..documents).map(|_| mail.next()).collect()
}
