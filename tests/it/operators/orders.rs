//! Orders, their record, what a pause holds, and figures: on both ledgers.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{ApplicationId, Code, Digest, MessageTypeId};
use facteur::intake::Judged;
use facteur::ledger::{
    Act, Controlled, LaneOrder, QuarantineFilter, QuarantineState, TOLD_KEPT, Told,
};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::desk::{Desk, by, good, posted};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::{Company, NOTICE, TAX, WORK, attest};

on_both_ledgers! {
    orders: sqlite_orders_are_in_force_and_recorded, postgres_orders_are_in_force_and_recorded;
    held: sqlite_a_paused_type_is_held_and_goes_on, postgres_a_paused_type_is_held_and_goes_on;
    pages: sqlite_the_quarantine_is_paged_without_gaps, postgres_the_quarantine_is_paged_without_gaps;
    unknown: sqlite_an_order_of_a_newer_release_is_no_other, postgres_an_order_of_a_newer_release_is_no_other;
    figures: sqlite_figures_are_told_and_forgotten, postgres_figures_are_told_and_forgotten;
}

async fn orders(ledger: &TestLedger) -> Result<()> {
    Desk::open(ledger).await?;
    let (tax, work) = (ApplicationId::new(TAX)?, ApplicationId::new(WORK)?);
    let act = |reason| Act { actor: "anne", reason, at: SystemClock.now() };
    let version = ledger.reference().await?.version;
    ensure!(ledger.control_lane(&tax, LaneOrder::Pause, act("flood")).await? == Controlled::Done);
    ensure!(ledger.control_lane(&tax, LaneOrder::Pause, act("again")).await? == Controlled::Same);
    let faster = LaneOrder::Pace(Some(25));
    ensure!(ledger.control_lane(&tax, faster, act("slowly")).await? == Controlled::Done);
    let stranger = ApplicationId::new("nobody:at:all")?;
    let unknown = ledger.control_lane(&stranger, LaneOrder::Pause, act("")).await?;
    ensure!(unknown == Controlled::Unknown);

    let reference = ledger.reference().await?;
    ensure!(reference.version == version + 2, "every engine must notice: {}", reference.version);
    let controls = &reference.controls;
    ensure!(controls.is_lane_paused(&tax) && !controls.is_lane_paused(&work));
    ensure!(controls.pace(&tax) == Some(25) && controls.pace(&work).is_none());
    ensure!(controls.lanes[&tax].reason == "slowly" && controls.lanes[&tax].actor == "anne");

    let on = ledger.control_lane(&tax, LaneOrder::Resume, act("over")).await?;
    ensure!(on == Controlled::Done);
    let controls = ledger.reference().await?.controls.clone();
    ensure!(!controls.is_lane_paused(&tax) && controls.pace(&tax) == Some(25), "pace stays");

    ledger.pause_printer("overflow", true, act("out of paper")).await?;
    ledger.ask_for_policy(act("")).await?;
    ledger.record_act("content-opened", "an entry", act("a complaint")).await?;
    let acts = ledger.acts(None, 3).await?;
    let words: Vec<&str> = acts.iter().map(|it| it.act.as_str()).collect();
    ensure!(words == ["content-opened", "policy-asked", "printer-paused"], "{words:?}");
    let older = ledger.acts(acts.last().map(|it| it.id), 10).await?;
    let older: Vec<_> = older.iter().map(|it| (it.act.as_str(), it.subject.as_str())).collect();
    let wanted =
        [("lane-resumed", TAX), ("lane-paced", "tax:assessment 25/s"), ("lane-paused", TAX)];
    ensure!(older == wanted, "{older:?}");
    ensure!(acts[0].reason == "a complaint" && acts[0].actor == "anne");

    // They stand in the record of deeds, under the same seals.
    while ledger.seal_record(SystemClock.now()).await? > 0 {}
    ensure!(ledger.verify_seals().await?.is_empty());
    let forged = "UPDATE audit SET detail = '{}' WHERE kind = 'operated' AND id = (SELECT max(id) \
                  FROM audit)";
    ledger.execute(forged.into()).await?;
    ensure!(!ledger.verify_seals().await?.is_empty(), "a changed act was not noticed");
    Ok(())
}

/// Engines are exchanged one by one: a newer one may know of orders that this
/// one does not.
async fn unknown(ledger: &TestLedger) -> Result<()> {
    let order = "INSERT INTO controls (kind, id, paused, pace, reason, actor, at)
        VALUES ('weather', '', 0, NULL, 'rain', 'anne', 1)";
    ledger.execute(order.to_owned()).await?;
    let controls = ledger.reference().await?.controls.clone();
    ensure!(controls.policy_asked_at.is_none(), "an order of another kind asks for the policy");
    ensure!(controls.lanes.is_empty() && controls.types.is_empty(), "{controls:?}");
    Ok(())
}

async fn held(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let kind = MessageTypeId::new(NOTICE)?;
    let now = SystemClock.now();
    ensure!(ledger.control_type(&kind, true, by("anne", now)).await? == Controlled::Done);
    ensure!(ledger.control_type(&kind, true, by("anne", now)).await? == Controlled::Same);
    let unknown = MessageTypeId::new("NO-SUCH-TYPE")?;
    let unknown = ledger.control_type(&unknown, true, by("anne", now)).await?;
    ensure!(unknown == Controlled::Unknown);

    let judged = desk.deliver(vec![good()?, posted(&attest(Company::Active))?]).await?;
    let Judged::Held(refusal) = &judged[0] else { anyhow::bail!("{judged:?}") };
    ensure!(refusal.code == Code::TypePaused && refusal.pointer == "/messageTypeId");
    ensure!(matches!(judged[1], Judged::Accepted { .. }), "other types go on: {judged:?}");
    ensure!(ledger.held_types().await? == std::slice::from_ref(&kind));
    let entries = ledger.held_of_type(&kind, Uuid::nil(), 10).await?;
    let entry = *entries.first().context("nothing is held")?;
    let account = ledger.account().await?;
    ensure!(account.total.held == 1 && account.difference == 0, "{account:?}");

    // By hand it stays held for as long as the type is paused.
    let stop = CancellationToken::new();
    let again = desk.intake.replay(entry, "anne", &stop).await?;
    ensure!(matches!(again, Judged::Held(_)), "{again:?}");
    ensure!(ledger.control_type(&kind, false, by("anne", now)).await? == Controlled::Done);
    let on = desk.intake.replay(entry, "anne", &stop).await?;
    ensure!(matches!(on, Judged::Accepted { .. }), "{on:?}");
    ensure!(ledger.held_types().await?.is_empty());
    let account = ledger.account().await?;
    ensure!(account.total.accepted == 2 && account.total.held == 0, "{account:?}");
    ensure!(account.difference == 0);
    Ok(())
}

async fn pages(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let bad = |n: usize| crate::support::desk::arrival(TAX, &format!("bad-{n}"), format!("[{n}]"));
    // Seven in one transaction: the same moment, told apart by their ids.
    desk.deliver((0..7).map(bad).collect::<Result<_>>()?).await?;
    desk.deliver((7..9).map(bad).collect::<Result<_>>()?).await?;
    let mut filter = QuarantineFilter {
        state: Some(QuarantineState::Open),
        application: TAX.into(),
        code: Some(Code::Malformed),
        before: None,
    };
    let mut seen: Vec<(Timestamp, Uuid)> = Vec::new();
    loop {
        let page = ledger.quarantine_page(&filter, 4).await?;
        seen.extend(page.iter().map(|entry| (entry.at, entry.id)));
        let Some(last) = page.last() else { break };
        filter.before = Some((last.at, last.id));
    }
    ensure!(seen.len() == 9, "{seen:?}");
    ensure!(seen.is_sorted_by(|one, other| one > other), "newest first, each once: {seen:?}");
    let other = QuarantineFilter { code: Some(Code::Forged), ..QuarantineFilter::default() };
    ensure!(ledger.quarantine_page(&other, 4).await?.is_empty());
    Ok(())
}

async fn figures(ledger: &TestLedger) -> Result<()> {
    let start = SystemClock.now();
    let engines = [Uuid::now_v7(), Uuid::now_v7()];
    let series = BTreeMap::from([("facteur_account_difference".to_owned(), 0.0)]);
    for round in 0..400_u32 {
        let now = start + SignedDuration::from_secs(5 * i64::from(round));
        let totals = BTreeMap::from([("accepted".to_owned(), f64::from(round))]);
        for engine in engines {
            let told = Told {
                engine,
                started_at: start,
                series: &series,
                totals: &totals,
                policy: Digest::of(b"policy"),
                policy_fault: None,
            };
            ledger.tell_figures(&told, now).await?;
        }
    }
    let end = start + SignedDuration::from_secs(5 * 399);
    let length = SignedDuration::from_secs(60);
    ensure!(ledger.lease("watch", engines[1], end, length).await?);
    let (latest, ring) = ledger.figures(end).await?;
    ensure!(latest.len() == 2 && latest.iter().all(|it| it.series == series), "{latest:?}");
    let watching: Vec<Uuid> =
        latest.iter().filter(|it| it.is_watching).map(|it| it.engine).collect();
    ensure!(watching == [engines[1]], "{watching:?}");
    let kept = usize::try_from(TOLD_KEPT.as_secs() / 5)?;
    ensure!(ring.len() <= 2 * kept && ring.len() >= 2 * kept - 2, "{} are kept", ring.len());
    ensure!(ring.is_sorted_by_key(|it| it.at) && ring.iter().all(|it| it.at >= end - TOLD_KEPT));
    let rows = ledger.texts("SELECT CAST(count(*) AS TEXT) FROM figures_ring").await?;
    ensure!(rows[0][0].parse::<usize>()? <= 2 * kept, "{rows:?}");
    // Engines that are gone are counted no more.
    let later = end + SignedDuration::from_secs(30);
    ensure!(ledger.figures(later).await?.0.is_empty());
    Ok(())
}
