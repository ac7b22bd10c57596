//! `./dev bench growth`: the line when the ledger has grown.
//!
//! A million companies, and messages of the past in every table and index that
//! a message touches (written by SQL, in the rows that the engine made of a
//! pattern; see `past.rs`); then the engine drains documents from RabbitMQ, at
//! a million messages and at ten. The rate at ten must not be under 0.9 of the
//! other. Needs 30 GB of disk; `--messages 50000000` is for a day and a disk
//! of its own.
//!
//! `--json` prints one object; `--documents N` changes the size of a round.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench measures time, prints, and stops where it fails"
)]

#[path = "../line/broker.rs"]
mod broker;
#[path = "../line/cost.rs"]
mod cost;
#[path = "../line/database.rs"]
mod database;
#[path = "../line/engine.rs"]
#[expect(dead_code, reason = "shared with the line's bench")]
mod engine;
mod indexes;
#[path = "../line/mail.rs"]
mod mail;
mod past;
mod sizes;
mod stage;
#[path = "../line/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use serde::Serialize;

use engine::Stack;
use mail::Mail;
use past::Past;
use stage::{Index, Stage};
use world::World;

/// The line when the ledger has grown.
#[derive(Debug, Parser)]
struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Messages in the ledger at first
    #[arg(long, default_value_t = 1_000_000)]
    from: u64,
    /// Messages in the ledger at last
    #[arg(long, default_value_t = 10_000_000)]
    messages: u64,
    /// Companies
    #[arg(long, default_value_t = 1_000_000)]
    enterprises: u32,
    /// Documents of a round
    #[arg(long, default_value_t = 60_000)]
    documents: usize,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is printed; units are the last word of a name.
#[derive(Debug, Serialize)]
struct Figures {
    enterprises: u32,
    at_first: Stage,
    at_last: Stage,
    ratio: f64,
    index: Index,
    /// By table and index, in the larger ledger.
    bytes_a_message: BTreeMap<String, f64>,
    bytes_a_message_in_all: f64,
}

const LANES: usize = 4;

fn main() -> Result<()> {
    let args = Args::parse();
    let figures = tokio::runtime::Runtime::new()?.block_on(measure(&args))?;
    if args.json {
        println!("{}", serde_json::to_string(&figures)?);
    } else {
        println!("{figures:#?}");
    }
    Ok(())
}

async fn measure(args: &Args) -> Result<Figures> {
    say("companies, and a pattern of messages");
    let mut past = Past::begin(args.enterprises, args.messages).await?;
    let world = past.world();
    say(&format!("{} messages", args.from));
    past.grow(args.from).await?;
    let stack = Stack::over(Arc::clone(&past.database), &world, LANES).await?;
    let at_first = stage::measure(&stack, args.from, args.documents).await?;
    past.ensure_good_mail().await?;
    say("the index of these, made anew");
    let accepted = u64::try_from(stack.ledger.account().await?.total.accepted)?;
    let index = stage::index(&stack, accepted).await?;
    say(&format!("{} messages", args.messages));
    past.grow(args.messages).await?;
    let at_last = stage::measure(&stack, args.messages, args.documents).await?;
    past.ensure_good_mail().await?;
    let bytes_a_message = sizes::by_message(&past.database.url, args.messages).await?;
    stack.queue.close().await;
    Ok(Figures {
        enterprises: world.enterprises,
        ratio: round(rate(at_last.per_s) / rate(at_first.per_s)),
        at_first,
        at_last,
        index,
        bytes_a_message_in_all: bytes_a_message.values().sum::<f64>().round(),
        bytes_a_message,
    })
}

fn say(text: &str) {
    eprintln!("· {text}");
}

#[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
fn rate(per_s: u64) -> f64 {
    per_s.max(1) as f64
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
