//! RabbitMQ loses connections and queues.

use std::sync::Arc;

use facteur::queue::topology;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};

use super::agencies::{Agencies, publish};
use super::oracle::{judge, recorded};
use super::site::Site;
use super::world::AGENCIES;
use crate::support::wait::{until, until_worked_off};

#[tokio::test]
async fn amqp_cut_between_commit_and_settlement_brings_back_what_is_known() {
    let site = Site::with_services().await;
    let relay = site.relay_to_queue().await;
    let url = site.queue_through(&relay);
    // Most batches rest between their commit and their settlement.
    let settings = [("FACTEUR__QUEUE__URL", &*url), ("FAILPOINTS", "committed=70%sleep(30)")];
    let engine = site.engine_with(&settings).await;
    site.upload(&engine).await;
    let agencies = Agencies::start(Arc::clone(&site.queue), 0);
    for _ in 0..10 {
        let before = site.ledger.position().await.unwrap();
        until_worked_off("documents flow", async || site.ledger.position().await.unwrap() > before)
            .await;
        relay.cut();
    }
    until("what was recorded comes again", async || {
        engine.metric("facteur_received_total", &["outcome=\"redelivered\""]).await > 0.0
    })
    .await;
    let log = agencies.stop().await;
    let truth = judge(&site, vec![engine], &log).await;
    assert!(truth.redelivered > 0, "{truth:?}");
}

#[tokio::test]
async fn amqp_queue_that_is_deleted_is_declared_again_and_delays_no_other() {
    let site = Site::with_services().await;
    let engine = site.engine().await;
    site.upload(&engine).await;
    let mut log = publish(&*site.queue, 0, 60).await;
    recorded(&site, &log).await;

    let lane = topology::intake_queue(&AGENCIES[0].application.parse().unwrap());
    delete(&site, &lane).await;
    until("its lane is open again", async || engine.logged(&["lane open", &lane]) == 2).await;
    let others = |queue: &str| !queue.contains(AGENCIES[0].application);
    for agency in &AGENCIES {
        let queue = topology::intake_queue(&agency.application.parse().unwrap());
        if others(&queue) {
            assert_eq!(engine.logged(&["lane open", &queue]), 1, "{queue} was disturbed");
        }
    }
    let gone = ["stage=\"consume\"", "kind=\"cancelled\""];
    assert!(engine.metric("facteur_errors_total", &gone).await >= 1.0);
    assert_eq!(engine.logged(&["the queue is gone; it is declared again", &lane]), 1);

    log.extend(publish(&*site.queue, 100, 60).await);
    judge(&site, vec![engine], &log).await;
}

async fn delete(site: &Site, queue: &str) {
    let properties = ConnectionProperties::default();
    let connection = Connection::connect(site.queue_url(), properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
}
