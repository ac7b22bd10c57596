//! One run: the line under load, one fault after another, rest, judgement.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use facteur::clock::Stopwatch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::Args;
use crate::agencies::Agencies;
use crate::oracle::{Reading, judge};
use crate::plan::{Fault, schedule};
use crate::readers::{Asked, Readers};
use crate::receipts::Told;
use crate::report::Report;
use crate::rest::at_rest;
use crate::services::Services;
use crate::site::{ENGINES, Site};
use crate::strike::{all_take, strike};

/// Faults that may be under way together, in different places.
const TOGETHER: usize = 4;
const LOOK_AFTER_EVERY: Duration = Duration::from_millis(500);
/// Under load before anything breaks.
const WARM_UP: Duration = Duration::from_secs(3);

pub(crate) async fn run(services: Services, args: &Args) -> Result<()> {
    let clock = Stopwatch::start();
    let faults = schedule(args.seed, args.faults(), services.node_count(), args.times());
    eprintln!("· {} faults, seed {}", faults.len(), args.seed);
    let site = Arc::new(Site::open(services).await?);
    site.start().await?;
    let (agencies, told) = (Agencies::new(Arc::clone(&site.queue)), Told::default());
    let readers = Readers::sign_in(&site).await?;
    let (publish, rest) = (CancellationToken::new(), CancellationToken::new());
    let mut publishing = agencies.start(args.rate, &publish);
    let mut others = told.hear(&site.queue, &rest);
    others.spawn(look_after(Arc::clone(&site), rest.clone()));
    for engine in 0..ENGINES {
        others.spawn(read(readers.clone(), engine, rest.clone()));
    }
    sleep(WARM_UP).await;

    let report = break_everything(&site, &agencies, faults, &mut others).await?;
    println!("{report}");
    all_take(&site).await?;
    publish.cancel();
    while let Some(ended) = publishing.join_next().await {
        ended??;
    }
    let log = agencies.log();
    at_rest(&site, &log, &told).await?;
    let shown = (0..ENGINES).map(|engine| readers.all(engine));
    let shown = futures_util::future::try_join_all(shown).await?;
    rest.cancel();
    while let Some(ended) = others.join_next().await {
        ended??;
    }
    for process in site.printers.iter().chain(site.engines.iter().map(|it| &it.process)) {
        process.end().await?;
    }
    let reading = Reading { meanwhile: readers.seen(), afterwards: shown };
    let truth = judge(&site, &log, &told, &reading).await?;
    for process in site.printers.iter().chain(site.engines.iter().map(|it| &it.process)) {
        for status in process.fell().await {
            println!("{} ended by itself ({status}) and was started again", process.name);
        }
    }
    println!("{truth}");
    let (count, kinds, seconds) = (report.count(), report.kinds(), clock.elapsed().as_secs());
    println!(
        "{count} faults of {kinds} kinds survived in {seconds} s, difference 0 (seed {})",
        args.seed
    );
    Ok(())
}

async fn read(readers: Readers, engine: usize, stop: CancellationToken) -> Result<()> {
    let Asked { pages, denied, silent } = readers.read(engine, stop).await?;
    println!(
        "engine {}: {pages} pages read meanwhile; {denied} times asked for what is another's, in \
         vain; {silent} times no answer",
        engine + 1
    );
    Ok(())
}

/// Starts again what has ended by itself, as a supervisor does.
async fn look_after(site: Arc<Site>, stop: CancellationToken) -> Result<()> {
    while !stop.is_cancelled() {
        for process in site.printers.iter().chain(site.engines.iter().map(|it| &it.process)) {
            process.keep().await?;
        }
        sleep(LOOK_AFTER_EVERY).await;
    }
    Ok(())
}

/// In the order of the schedule, but that whatever would meet another fault in
/// its place waits until that is over.
async fn break_everything(
    site: &Arc<Site>,
    agencies: &Agencies,
    faults: Vec<Fault>,
    others: &mut JoinSet<Result<()>>,
) -> Result<Report> {
    let count = faults.len();
    let mut waiting = VecDeque::from(faults);
    let (mut busy, mut report) = (BTreeSet::new(), Report::default());
    let mut work: JoinSet<Result<(Fault, Duration)>> = JoinSet::new();
    while !waiting.is_empty() || !work.is_empty() {
        while let Some(ended) = others.try_join_next() {
            ended??;
        }
        let next = waiting.iter().position(|fault| !busy.contains(&fault.place()));
        match next.filter(|_| work.len() < TOGETHER).and_then(|at| waiting.remove(at)) {
            Some(fault) => {
                sleep(fault.after).await;
                busy.insert(fault.place());
                let begun = count - waiting.len();
                eprintln!("· {begun}/{count} {} ({})", fault.kind.words(), fault.target + 1);
                let (site, agencies) = (Arc::clone(site), agencies.clone());
                work.spawn_local(async move {
                    let took = strike(&site, &agencies, fault).await;
                    Ok((fault, took.context("a fault was not survived")?))
                });
            }
            None => {
                let Some(done) = work.join_next().await else { continue };
                let (fault, took) = done??;
                busy.remove(&fault.place());
                report.add(fault.kind, took);
            }
        }
    }
    Ok(report)
}
