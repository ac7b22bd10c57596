//! The same engine on two kinds of mail: what stays digital, what is printed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use facteur::queue::{Outbound, topology};
use serde_json::{Value, json};

use crate::broker::publish;
use crate::cost::{Cost, Meter};
use crate::database::Base;
use crate::engine::Stack;
use crate::world::World;
use crate::{LANES, Mailbag, mail};

/// Longer than any backlog of the bench: what is measured is the engine.
const WINDOW: &str = "1000000";
/// Every seventieth company has a box and consented; the first so many of them.
const CONSENTING: u32 = 70;
const CONSENTS: u32 = 1_000;
/// The last digit of a company without a box.
const BOXLESS: u32 = 9;

/// The nth letter, to a company without a box in one of nine areas; every
/// twentieth registered.
pub(crate) fn to_paper(world: &World, n: usize, sent: Outbound) -> Outbound {
    changed(sent, |publication| {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let company = world.company(n.wrapping_mul(10).wrapping_add(BOXLESS) % world.enterprises);
        publication["recipient"]["enterpriseNumber"] = json!(company.to_string());
        publication["registered"] = json!(n.is_multiple_of(20));
        let code = (1_000 + n.wrapping_mul(7_919) % 9_000).to_string();
        publication["postal"] = json!({
            "address": { "lines": ["Entreprise", "Rue Haute 1"], "postalCode": code, "town": "Ville" },
        });
        // What the company's text says is in the package: no document is read.
        publication["attachments"] = json!([]);
        publication["isBodyMainContent"] = json!(true);
    })
}

fn to_digital(world: &World, n: usize, sent: Outbound) -> Outbound {
    changed(sent, |publication| {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let company = world.company(n % CONSENTS * CONSENTING);
        publication["recipient"]["enterpriseNumber"] = json!(company.to_string());
        publication["attachments"] = json!([]);
        publication["isBodyMainContent"] = json!(true);
    })
}

fn changed(mut sent: Outbound, change: impl FnOnce(&mut Value)) -> Outbound {
    let mut publication: Value = serde_json::from_slice(&sent.body).unwrap();
    change(&mut publication);
    sent.body = publication.to_string().into();
    sent
}

/// What a run showed: documents a second, and what each cost.
pub(crate) struct Run {
    /// From the first to the last commit.
    pub(crate) recorded_per_s: u64,
    /// To the last ticket in its queue; of documents, the same.
    pub(crate) released_per_s: u64,
    pub(crate) cost: Cost,
}

/// Documents that stay digital.
pub(crate) async fn digital(base: &Base, world: &World, documents: usize) -> Result<Run> {
    let stack = Stack::rabbit(base, world, LANES).await?;
    let mail = bag(world, &stack.lanes, documents, to_digital);
    run(stack, mail, false).await
}

/// Letters, recorded and with their tickets in the queue.
pub(crate) async fn paper(base: &Base, world: &World, documents: usize) -> Result<Run> {
    let stack = Stack::rabbit(base, world, LANES).await?.with("RELAY__LETTERS_WINDOW", WINDOW);
    let mail = bag(world, &stack.lanes, documents, to_paper);
    run(stack, mail, true).await
}

fn bag(
    world: &World,
    lanes: &[String],
    documents: usize,
    to: fn(&World, usize, Outbound) -> Outbound,
) -> Mailbag {
    let mail = mail(world, lanes, documents).into_iter().enumerate();
    mail.map(|(n, sent)| to(world, n, sent)).collect()
}

async fn run(stack: Stack<'_>, mail: Mailbag, is_paper: bool) -> Result<Run> {
    let documents = mail.len();
    publish(stack.queue.as_ref(), &stack.lanes, mail).await?;
    let (postmaster, broker) = stack.parts().await?.context("the parts are processes")?;
    let engine = stack.start(&[])?;
    let meter = Meter::new(engine.id(), postmaster, broker);
    stack.reach(1).await?;
    let (first, before) = (Instant::now(), meter.read()?);
    stack.reach(i64::try_from(documents)?).await?;
    let recorded_per_s = per_second(documents, first);
    while is_paper && stack.queue.depth(topology::QUEUE_PRINT_OVERFLOW).await? < documents as u64 {
        ensure!(first.elapsed() < Duration::from_secs(600), "tickets stand still");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let released_per_s = per_second(documents, first);
    let cost = meter.read()?.since(before, documents as u64);
    drop(engine);
    let account = stack.ledger.account().await?;
    ensure!(account.difference == 0, "the account does not balance: {account:?}");
    let letters = usize::try_from(account.total.letters.total())?;
    ensure!(letters == if is_paper { documents } else { 0 }, "{letters} letters: {account:?}");
    stack.queue.close().await;
    stack.ledger.close().await;
    Ok(Run { recorded_per_s, released_per_s, cost })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are small"
)]
fn per_second(documents: usize, since: Instant) -> u64 {
    (documents as f64 / since.elapsed().as_secs_f64()) as u64
}
