//! What only a file shared by processes can do.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::BTreeMap;
use std::time::Duration;

use facteur::queue::embedded::EmbeddedQueue;
use facteur::queue::{Queue, QueueError, Settled};
use futures_util::future::join_all;
use tokio::runtime::Runtime;

use crate::support::brokers::{Broker, File};
use crate::support::line::{Line, bodies, body, publish_all, take};
use crate::support::wait::{soon, stays_quiet};

const SHORT_LEASE: Duration = Duration::from_millis(400);

#[tokio::test]
async fn embedded_what_a_dead_process_held_comes_again() {
    let (file, line) = (File::new(), Line::new());
    let queue = EmbeddedQueue::open_with_lease(&file.path(), SHORT_LEASE).await.unwrap();
    queue.declare(&line.topology()).await.unwrap();
    line.fill(&queue, 3).await;

    let process = Runtime::new().unwrap();
    let held = process.spawn(die_holding(file.path(), line.name("lane"))).await.unwrap();
    let mut consumer = line.consume(&queue, 10).await;
    assert!(stays_quiet(consumer.next()).await, "a living process keeps its lease");
    process.shutdown_background();

    let again = take(&mut *consumer, 3).await;
    assert_eq!(bodies(&again), ["0", "1", "2"]);
    assert!(again.iter().all(|delivery| delivery.redelivered));
    drop(held);
}

/// Takes three deliveries and keeps them for ever.
async fn die_holding(path: String, lane: String) -> impl Send {
    let queue = EmbeddedQueue::open_with_lease(&path, SHORT_LEASE).await.unwrap();
    let mut consumer = queue.consume(&lane, 3).await.unwrap();
    take(&mut *consumer, 3).await;
    std::mem::ManuallyDrop::new((queue, consumer))
}

#[tokio::test]
async fn embedded_a_process_that_slept_learns_that_its_lease_ran_out() {
    let (file, line) = (File::new(), Line::new());
    let queue = EmbeddedQueue::open_with_lease(&file.path(), SHORT_LEASE).await.unwrap();
    queue.declare(&line.topology()).await.unwrap();
    line.fill(&queue, 1).await;
    let mut sleeper = line.consume(&queue, 10).await;
    let got = take(&mut *sleeper, 1).await;
    end_consumers(&file.path()).await;
    assert_eq!(sleeper.settler().settle_through(got[0].tag).await.unwrap(), Settled::Gone);
    let ended = soon(sleeper.next()).await;
    assert!(matches!(ended, Err(QueueError::Unavailable(_))), "{ended:?}");
}

/// What another process does when leases have run out.
async fn end_consumers(path: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for end in ["UPDATE delivery SET consumer = NULL", "DELETE FROM consumer"] {
        sqlx::query(end).execute(&pool).await.unwrap();
    }
}

#[tokio::test]
async fn embedded_processes_share_a_queue_and_lose_nothing() {
    const MESSAGES: usize = 2_000;
    let (file, line) = (File::new(), Line::new());
    let handles = join_all((0..3).map(|_| file.connect())).await;
    join_all(handles.iter().map(|queue| declare(&**queue, &line))).await;
    let publish = async {
        let mut publisher = handles[0].publisher().await.unwrap();
        for batch in 0..MESSAGES / 100 {
            let ids = (0..100).map(|n| line.message("entry", "lane", &format!("{batch}-{n}")));
            publish_all(&mut *publisher, ids.collect()).await;
        }
    };
    let consumed = tokio::sync::Mutex::new(BTreeMap::new());
    let consume =
        join_all(handles[1..].iter().map(|queue| drain(&**queue, &line, &consumed, MESSAGES)));
    tokio::join!(publish, consume);
    let consumed = consumed.into_inner();
    assert_eq!(consumed.len(), MESSAGES);
    assert!(consumed.values().all(|times| *times == 1), "nobody died: nothing comes twice");
}

async fn declare(queue: &dyn Queue, line: &Line) {
    queue.declare(&line.topology()).await.unwrap();
}

type Counts = tokio::sync::Mutex<BTreeMap<String, usize>>;

async fn drain(queue: &dyn Queue, line: &Line, counts: &Counts, expected: usize) {
    let mut consumer = line.consume(queue, 64).await;
    let settler = consumer.settler();
    while counts.lock().await.len() < expected {
        let Ok(got) = tokio::time::timeout(Duration::from_millis(200), consumer.next()).await
        else {
            continue;
        };
        let got = got.unwrap();
        assert_eq!(settler.settle_through(got.tag).await.unwrap(), Settled::Yes);
        *counts.lock().await.entry(body(&got)).or_default() += 1;
    }
}

#[tokio::test]
async fn embedded_another_process_is_noticed() {
    let (file, line) = (File::new(), Line::new());
    let (here, there) = (file.connect().await, file.connect().await);
    here.declare(&line.topology()).await.unwrap();
    let mut consumer = line.consume(&*here, 10).await;
    assert!(stays_quiet(consumer.next()).await);
    line.fill(&*there, 1).await;
    assert_eq!(bodies(&take(&mut *consumer, 1).await), ["0"]);
}

#[tokio::test]
async fn embedded_survives_closing_and_opening() {
    let (file, line) = (File::new(), Line::new());
    let first = file.connect().await;
    first.declare(&line.topology()).await.unwrap();
    line.fill(&*first, 2).await;
    first.close().await;
    let second = file.connect().await;
    assert_eq!(second.depth(&line.name("lane")).await.unwrap(), 2);
    assert_eq!(bodies(&take(&mut *line.consume(&*second, 10).await, 2).await), ["0", "1"]);
}
