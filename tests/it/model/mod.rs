//! Everything the boxes answer, compared with a brute-force model of who may
//! see what: zero differences, and every mutation of the model is noticed.

mod acts;
mod compare;
mod filters;
mod marks;
mod notices;
mod registry;
mod story;
mod tasks;
mod truth;

use anyhow::{Result, ensure};
#[cfg(feature = "failpoints")]
use facteur::domain::Condition;

use crate::support::ledgers::{self, TestLedger, on_both_ledgers};
use story::{Story, grant};
use truth::MUTATIONS;

on_both_ledgers! {
    ceased: sqlite_a_company_that_ceases_agrees_with_the_model, postgres_a_company_that_ceases_agrees_with_the_model;
    agrees: sqlite_what_is_seen_agrees_with_the_model, postgres_what_is_seen_agrees_with_the_model;
}

#[cfg(feature = "failpoints")]
on_both_ledgers! {
    engine: sqlite_a_mutated_engine_is_noticed, postgres_a_mutated_engine_is_noticed;
}

const STEPS: u32 = 100;
const COMPARED_EVERY: u32 = 50;
const STEPS_MUTATED: u32 = 60;

async fn agrees(ledger: &TestLedger) -> Result<()> {
    let mut story = Story::begin(ledger, 4).await?;
    for step in 1..=STEPS {
        story.step().await?;
        if step % COMPARED_EVERY == 0 {
            let differences = story.differences(20).await?;
            ensure!(differences.is_empty(), "after {step} steps:\n{}", differences.join("\n"));
        }
    }
    story.house.close().await
}

/// The comparison would notice each of these faults of a predicate: told to
/// the model instead of the engine, it is the same difference. What the engine
/// answers is the same on both databases, as the tests above say.
#[tokio::test]
async fn sqlite_a_mutated_model_is_noticed() -> Result<()> {
    let ledger = ledgers::sqlite().await?;
    let mut story = Story::begin(&ledger, 7).await?;
    for _ in 0..STEPS_MUTATED {
        story.step().await?;
    }
    story.be_complete().await?;
    let differences = story.differences(20).await?;
    ensure!(differences.is_empty(), "the unmutated model differs:\n{}", differences.join("\n"));
    let mut unnoticed = Vec::new();
    for mutation in MUTATIONS {
        story.truth.mutation = Some(mutation);
        if story.differences(1).await?.is_empty() {
            unnoticed.push(mutation);
        }
    }
    ensure!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
    story.house.close().await
}

/// The same of the engine itself: each of its conditions is left out once, and
/// the unmutated model tells.
#[cfg(feature = "failpoints")]
async fn engine(ledger: &TestLedger) -> Result<()> {
    let mut story = Story::begin(ledger, 7).await?;
    for _ in 0..STEPS_MUTATED {
        story.step().await?;
    }
    story.be_complete().await?;
    let mut unnoticed = Vec::new();
    for condition in Condition::ALL {
        let left_out = condition.leave_out();
        if story.differences(1).await?.is_empty() {
            unnoticed.push(condition);
        }
        drop(left_out);
    }
    ensure!(unnoticed.is_empty(), "not noticed: {unnoticed:?}");
    agree(&story, "when nothing is left out").await?;
    story.house.close().await
}

/// Announced, come, and taken back: on each of these days.
async fn ceased(ledger: &TestLedger) -> Result<()> {
    let mut story = Story::begin(ledger, 5).await?;
    for _ in 0..STEPS_MUTATED {
        story.step().await?;
    }
    story.put_grant(grant("eve", 0, "liquidator", "")).await?;
    for n in 0..2 {
        story.cease(n, story.truth.today + 1).await?;
    }
    agree(&story, "announced").await?;
    story.next_day().await?;
    agree(&story, "come").await?;
    story.revive(0).await?;
    agree(&story, "taken back").await?;
    story.house.close().await
}

async fn agree(story: &Story<'_>, when: &str) -> Result<()> {
    let differences = story.differences(20).await?;
    ensure!(differences.is_empty(), "{when}:\n{}", differences.join("\n"));
    Ok(())
}
