//! Each kind of fault: how it is done, how it is mended, and when it is over.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use facteur::clock::Stopwatch;
use facteur::search::{Query, Search};
use tokio::time::{sleep, timeout};

use crate::agencies::Agencies;
use crate::plan::{Fault, Kind, LedgerStep, Place, QueueStep};
use crate::relay::{Harm, Moment, Relay, Weather};
use crate::rows;
use crate::services::{fill, make_room};
use crate::site::{Engine, POLICY, Site};

/// What has not recovered by then has failed.
const RECOVERY_MAX: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(25);
const COMMIT: &[u8] = b"COMMIT\0";
/// The method `basic.ack` (AMQP 0-9-1: class 60, method 80).
const ACK: &[u8] = &[0, 60, 0, 80];
const LATENCY: Duration = Duration::from_millis(150);
const BYTES_PER_S: u32 = 20_000;
/// When a process has seen that its clock jumped.
const SEEN_AFTER: Duration = Duration::from_secs(1);
/// Much longer than anything is leased for.
const FAST_S: i64 = 240;

/// Breaks, mends, and waits until all is well; how long that took after the
/// fault was over (for what is killed: since it was killed).
pub(crate) async fn strike(site: &Site, agencies: &Agencies, fault: Fault) -> Result<Duration> {
    let journal = journal_length(site, fault);
    breaks(site, fault).await.with_context(|| format!("{fault:?}"))?;
    let clock = Stopwatch::start();
    mends(site, fault).await.with_context(|| format!("{fault:?}"))?;
    let over = is_over(site, agencies, fault, journal);
    timeout(RECOVERY_MAX, over).await.with_context(|| format!("not over: {fault:?}"))??;
    let took = clock.elapsed();
    if fault.kind == Kind::NodeKilled {
        site.services.act("start", &[&node(fault)]).await?;
        site.cluster.loses(None);
    }
    Ok(took)
}

fn node(fault: Fault) -> String {
    format!("node-{}", fault.target + 1)
}

/// Returns when the fault is over, or cannot end without help.
async fn breaks(site: &Site, fault: Fault) -> Result<()> {
    let engine = &site.engines[fault.target.min(site.engines.len() - 1)];
    let printer = &site.printers[fault.target.min(site.printers.len() - 1)];
    let (queue, ledger) = (&engine.to_queue, &engine.to_ledger);
    match fault.kind {
        Kind::EngineKilled => engine.process.kill().await,
        Kind::EngineRolled => engine.process.end().await,
        Kind::EngineStopped => stopped(&engine.process, fault).await,
        Kind::PrinterKilled => printer.kill().await,
        Kind::PrinterStopped => stopped(printer, fault).await,
        Kind::NodeKilled | Kind::NodeStopped => node_away(site, fault).await,
        Kind::PostgresKilled => site.services.act("kill", &["postgres"]).await,
        Kind::PostgresStopped => service_stopped(site, "postgres", fault).await,
        Kind::QueueCut => cut(queue).await,
        Kind::QueueSilent => lasts(queue, Weather::Silent, fault).await,
        Kind::QueueSlow => lasts(queue, Weather::Slow(LATENCY), fault).await,
        Kind::QueueThin => lasts(queue, Weather::Thin(BYTES_PER_S), fault).await,
        Kind::QueueHalfClosed => half_closed(queue, fault).await,
        Kind::QueueAt(step, harm) => {
            let is_lost = step == QueueStep::Recovery;
            befalls(queue, step.moment(), harm, is_lost, fault).await
        }
        Kind::LedgerSilent => lasts(ledger, Weather::Silent, fault).await,
        Kind::LedgerSlow => lasts(ledger, Weather::Slow(LATENCY), fault).await,
        Kind::LedgerHalfClosed => half_closed(ledger, fault).await,
        Kind::LedgerAt(step, harm) => {
            let is_lost = step == LedgerStep::Recovery;
            befalls(ledger, step.moment(), harm, is_lost, fault).await
        }
        Kind::LedgerDiskFull => full(&site.services.disk("ledger"), fault).await,
        Kind::DocumentsDiskFull => full(&site.services.disk("documents"), fault).await,
        Kind::IndexDiskFull => full(engine.index.parent().context("a disk")?, fault).await,
        Kind::IndexDeleted => {
            engine.process.kill().await?;
            Ok(std::fs::remove_dir_all(&engine.index)?)
        }
        Kind::IndexDamaged => {
            engine.process.kill().await?;
            ensure!(damage(&engine.index)? > 0, "there is no index to damage");
            Ok(())
        }
        Kind::ClockJumped => clock_jumps(engine, fault.jump_s, fault).await,
        Kind::KilledInTheFuture => {
            clock_jumps(engine, FAST_S, fault).await?;
            engine.process.kill().await
        }
        Kind::PolicyReloaded => policy_reloaded(engine, fault).await,
        Kind::Poison => Ok(()),
    }
}

/// Starts what does not come back by itself.
async fn mends(site: &Site, fault: Fault) -> Result<()> {
    match fault.kind {
        Kind::EngineKilled
        | Kind::EngineRolled
        | Kind::KilledInTheFuture
        | Kind::IndexDeleted
        | Kind::IndexDamaged => site.engines[fault.target].process.start().await,
        Kind::PrinterKilled => site.printers[fault.target].start().await,
        // A disk that was full may have ended it.
        Kind::PostgresKilled | Kind::LedgerDiskFull => {
            site.services.act("start", &["postgres"]).await
        }
        _ => Ok(()),
    }
}

/// Something new passes the whole line, and what was hit does its work.
async fn is_over(site: &Site, agencies: &Agencies, fault: Fault, journal: u64) -> Result<()> {
    let database = &site.services.postgres;
    let identity = match fault.kind {
        Kind::Poison => agencies.publish_poison().await?,
        _ => agencies.publish_one().await?,
    };
    // An answer that the ledger cannot give now is no answer.
    until(async || rows::is_recorded(database, &identity).await.unwrap_or(false)).await;
    match fault.place() {
        Place::Engine(number) => {
            takes(site, number).await;
            if fault.kind == Kind::PolicyReloaded {
                let text = std::fs::read_to_string(&site.engines[number].policy)?;
                until(async || rows::is_decided_by(database, &text).await.unwrap_or(false)).await;
            }
            if is_of_index(fault.kind) {
                until(async || is_caught_up(site, number).await.unwrap_or(false)).await;
            }
        }
        Place::Printer(_) => until(async || journal_length(site, fault) > journal).await,
        Place::Cluster | Place::Ledger | Place::Documents | Place::Mail => {}
    }
    Ok(())
}

/// Every engine does its part, after everything that was.
pub(crate) async fn all_take(site: &Site) -> Result<()> {
    for (number, engine) in site.engines.iter().enumerate() {
        let takes = timeout(RECOVERY_MAX, takes(site, number)).await;
        takes.with_context(|| format!("{} takes nothing any more", engine.process.name))?;
    }
    Ok(())
}

/// Returns when an engine itself has taken something new: the other may do all the
/// work, and an engine that is ready may have lost its lanes.
async fn takes(site: &Site, number: usize) {
    until(async || site.is_ready(number).await).await;
    // One that starts again meanwhile counts from nothing: neighbours are compared.
    let mut before = None;
    until(async || {
        let then = std::mem::replace(&mut before, site.taken_by(number).await);
        then.is_some() && before > then
    })
    .await;
}

fn is_of_index(kind: Kind) -> bool {
    matches!(kind, Kind::IndexDeleted | Kind::IndexDamaged | Kind::IndexDiskFull)
}

/// Whether the index holds all that the ledger held when this was asked.
async fn is_caught_up(site: &Site, engine: usize) -> Result<bool> {
    let accepted = u64::try_from(site.ledger.account().await?.total.accepted)?;
    until(async || found(&site.engines[engine].index).await >= accepted).await;
    Ok(true)
}

/// How many messages an index holds, as of its last commit.
pub(crate) async fn found(index: &Path) -> u64 {
    let query = Query { size: 1, ..Query::everywhere() };
    match Search::open(index) {
        Ok(search) => search.find(query).await.map_or(0, |found| found.total),
        // It is being made anew.
        Err(_) => 0,
    }
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    while !holds().await {
        sleep(LOOK_EVERY).await;
    }
}

/// What a print room wrote down that it did.
fn journal_length(site: &Site, fault: Fault) -> u64 {
    let folders = site.print_folders();
    let journal = folders[fault.target.min(folders.len() - 1)].join("journal.jsonl");
    std::fs::metadata(journal).map_or(0, |it| it.len())
}

async fn stopped(process: &crate::process::Process, fault: Fault) -> Result<()> {
    process.signal("STOP").await?;
    sleep(fault.hold).await;
    process.signal("CONT").await
}

async fn service_stopped(site: &Site, name: &str, fault: Fault) -> Result<()> {
    site.services.act("stop", &[name]).await?;
    sleep(fault.hold).await;
    site.services.act("continue", &[name]).await
}

/// A node that is killed is started only when the line goes on without it.
async fn node_away(site: &Site, fault: Fault) -> Result<()> {
    site.cluster.loses(Some(fault.target));
    if fault.kind == Kind::NodeKilled {
        return site.services.act("kill", &[&node(fault)]).await;
    }
    service_stopped(site, &node(fault), fault).await?;
    site.cluster.loses(None);
    Ok(())
}

/// Waits for a connection: what carries none cannot be hit.
async fn carries(relay: &Relay) -> Result<()> {
    let carries = until(async || relay.is_in_use());
    timeout(RECOVERY_MAX, carries).await.context("it does not come back")
}

async fn cut(relay: &Relay) -> Result<()> {
    carries(relay).await?;
    relay.cut();
    Ok(())
}

async fn lasts(relay: &Relay, weather: Weather, fault: Fault) -> Result<()> {
    carries(relay).await?;
    relay.becomes(weather);
    sleep(fault.hold).await;
    relay.becomes(Weather::Fair);
    Ok(())
}

async fn half_closed(relay: &Relay, fault: Fault) -> Result<()> {
    carries(relay).await?;
    relay.half_close();
    sleep(fault.hold).await;
    relay.cut();
    Ok(())
}

/// Fair weather until the moment has come for a connection; in recovery, for
/// one that comes after all were lost.
async fn befalls(
    relay: &Relay,
    moment: Moment,
    harm: Harm,
    is_lost: bool,
    fault: Fault,
) -> Result<()> {
    let before = relay.hits();
    relay.becomes(Weather::At(moment, harm));
    if is_lost {
        cut(relay).await?;
    }
    let hit = timeout(RECOVERY_MAX, until(async || relay.hits() > before)).await;
    relay.becomes(Weather::Fair);
    hit.context("the moment never came")?;
    if harm == Harm::HalfClose {
        // Whoever waits on the half that stayed open is to notice by itself.
        sleep(fault.hold).await;
        relay.cut();
    }
    Ok(())
}

impl QueueStep {
    fn moment(self) -> Moment {
        match self {
            Self::Acknowledgement => Moment::Question(ACK),
            Self::Recovery => Moment::Birth,
        }
    }
}

impl LedgerStep {
    fn moment(self) -> Moment {
        match self {
            Self::BeforeCommit => Moment::Question(COMMIT),
            Self::AfterCommit => Moment::Answer(COMMIT),
            Self::Recovery => Moment::Birth,
        }
    }
}

async fn full(disk: &Path, fault: Fault) -> Result<()> {
    fill(disk).await?;
    sleep(fault.hold).await;
    make_room(disk)
}

/// There, and back again: which the process sees up to a second later.
async fn clock_jumps(engine: &Engine, by_s: i64, fault: Fault) -> Result<()> {
    std::fs::write(&engine.clock, format!("{by_s:+}"))?;
    sleep(SEEN_AFTER + fault.hold).await;
    Ok(std::fs::write(&engine.clock, "+0")?)
}

/// A faulty policy changes nothing; the next, which decides the same, is taken.
async fn policy_reloaded(engine: &Engine, fault: Fault) -> Result<()> {
    std::fs::write(&engine.policy, "[[rule]]\nmedium = ")?;
    engine.process.signal("HUP").await?;
    sleep(fault.hold).await;
    std::fs::write(&engine.policy, format!("{POLICY}\n# {}\n", uuid::Uuid::now_v7()))?;
    engine.process.signal("HUP").await
}

/// Every file in an index; how many there were.
fn damage(folder: &Path) -> Result<usize> {
    let mut damaged = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            damaged += damage(&entry.path())?;
        } else if entry.metadata()?.len() > 0 {
            let bytes: Vec<u8> = std::fs::read(entry.path())?.iter().map(|it| it ^ 0x55).collect();
            std::fs::write(entry.path(), bytes)?;
            damaged += 1;
        }
    }
    Ok(damaged)
}
