//! `./dev bench mailbox`: pages of large boxes, over HTTP.
//!
//! Makes two installations through the ledger: one box of 1,000,000 messages,
//! and one person with 1,000 boxes of 1,000 messages each. An engine (a process
//! of its own, on PostgreSQL) indexes them and serves their pages to a client
//! on the same machine, one request after the other. Times are the client's:
//! from the request to the last byte.
//!
//! `--json` prints one object; `--messages N` and `--boxes N` change the sizes,
//! `--requests N` how often each page is asked for.

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

mod boxes;
mod pages;

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use boxes::Boxes;
use mail_of_the_line::Mail;
use pages::Times;
use world::World;

const LANES: usize = 1;
const MESSAGES: usize = 1_000_000;
const BOXES: usize = 1_000;
const REQUESTS: usize = 200;

type Mailbag = Vec<facteur::queue::Outbound>;

/// What is printed.
#[derive(Debug, Default, Serialize)]
struct Figures {
    messages: usize,
    one_box: BTreeMap<&'static str, Times>,
    boxes: usize,
    many_boxes: BTreeMap<&'static str, Times>,
    /// Peaks of the engine's memory.
    one_box_rss_mb: u64,
    many_boxes_rss_mb: u64,
}

fn main() -> Result<()> {
    let is_json = std::env::args().any(|argument| argument == "--json");
    let (messages, boxes) = (size("--messages", MESSAGES)?, size("--boxes", BOXES)?);
    let requests = size("--requests", REQUESTS)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(measure(messages, boxes, requests))?;
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

async fn measure(messages: usize, boxes: usize, requests: usize) -> Result<Figures> {
    let mut figures = Figures { messages, boxes, ..Figures::default() };
    let world = World::new(u32::try_from(boxes)? * boxes::SPARSE, 1);
    let base = database::Base::new().await?;
    say("making the registry");
    base.fill(&world).await?;
    say(&format!("one box: {messages} messages"));
    let one = Boxes::made(&base, &world, 1, messages).await?;
    (figures.one_box, figures.one_box_rss_mb) = one.measure(requests).await?;
    say(&format!("{boxes} boxes: {messages} messages"));
    let many = Boxes::made(&base, &world, boxes, messages).await?;
    (figures.many_boxes, figures.many_boxes_rss_mb) = many.measure(requests).await?;
    Ok(figures)
}

fn say(text: &str) {
    eprintln!("· {text}");
}

/// Documents for these lanes.
fn mail(world: &World, lanes: &[String], documents: usize) -> Mailbag {
    let mut mail = Mail::new(world, lanes.to_vec());
    (0..documents).map(|_| mail.next()).collect()
}
