//! `./dev bench steps`: what each step of the line costs alone.
//!
//! Decode, route and decide are pure; record is a batch of 500 into SQLite in
//! a folder of its own; index is a rebuild from memory.

#![expect(clippy::unwrap_used, reason = "a bench stops where it fails")]

mod samples;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use facteur::clock::{Clock, SystemClock};
use facteur::decide::{Policy, decide};
use facteur::intake::{decode, judge, wanted};
use facteur::route::route;
use facteur::search::Projection;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use samples::{Memory, Site};

fn decoding(c: &mut Criterion) {
    let site = Site::sample();
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(1));
    let (limits, max) = (site.intake.limits(), site.intake.body_bytes_max);
    group.bench_function("1 KiB by reference", |b| {
        b.iter_batched(
            || samples::arrival(1),
            |arrival| black_box(decode(arrival, limits, max)),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn routing(c: &mut Criterion) {
    let mut group = c.benchmark_group("route");
    group.throughput(Throughput::Elements(1));
    for readers in [3, 200] {
        let access = samples::access(readers);
        group.bench_function(format!("{readers} readers"), |b| {
            b.iter(|| black_box(route(&access, samples::item(), samples::today())));
        });
    }
    group.finish();
}

fn deciding(c: &mut Criterion) {
    let policy = Policy::parse(include_str!("../../config/policy.toml")).unwrap();
    let facts = samples::facts();
    let mut group = c.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    group.bench_function("last rule of the default policy", |b| {
        b.iter(|| black_box(decide(&policy, black_box(&facts))));
    });
    group.finish();
}

fn recording(c: &mut Criterion) {
    const BATCH: u64 = 500;
    let runtime = Runtime::new().unwrap();
    let site = Site::sample();
    let (_folder, ledger) = runtime.block_on(samples::ledger());
    let mut group = c.benchmark_group("record");
    group.sample_size(20).throughput(Throughput::Elements(BATCH));
    let mut next = 0;
    group.bench_function("500 into SQLite, look-up to commit", |b| {
        b.iter_batched(
            || {
                next += BATCH;
                samples::candidates(next, BATCH, &site)
            },
            |candidates| {
                runtime.block_on(async {
                    let mut batch = ledger.begin().await.unwrap();
                    let reference = batch.reference().await.unwrap();
                    let wanted = wanted(&candidates, &reference, SystemClock.now());
                    let snapshot = batch.look_up(reference, &wanted).await.unwrap();
                    let now = SystemClock.now();
                    let (records, _) = judge(&candidates, &snapshot, &site.rulebook, now);
                    batch.record(records, &site.rulebook.policy, now).await.unwrap();
                    batch.commit().await.unwrap();
                });
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn indexing(c: &mut Criterion) {
    const MESSAGES: u64 = 20_000;
    let runtime = Runtime::new().unwrap();
    let source = Memory::new(MESSAGES);
    let mut group = c.benchmark_group("index");
    group.sample_size(10).throughput(Throughput::Elements(MESSAGES));
    group.bench_function("rebuild from memory", |b| {
        b.iter_batched(
            || tempfile::tempdir().unwrap(),
            |folder| {
                let clock = || SystemClock.now();
                let observer = std::sync::Arc::new(());
                let mut projection = Projection::open(folder.path(), clock, observer).unwrap();
                let stop = CancellationToken::new();
                runtime.block_on(projection.rebuild(&source, &stop)).unwrap();
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(steps, decoding, routing, deciding, recording, indexing);
criterion_main!(steps);
