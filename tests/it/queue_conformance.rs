//! The promises of the queue port, stamped on both implementations, and on the
//! one in memory that simulations use.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use bytes::Bytes;
use facteur::domain::ApplicationId;
use facteur::queue::{Death, Outbound, Properties, Queue, QueueError, Settled, Topology};
use futures_util::FutureExt;

use crate::support::brokers::{Broker, File, RabbitMq};
use crate::support::line::{DELIVERY_LIMIT, Line, MAX_LENGTH, bodies, body, publish_all, take};
use crate::support::memory::Memory;
use crate::support::wait::{given_up_at, soon, stays_quiet, until};

/// Each promise once for each implementation.
macro_rules! conformance {
    ($($amqp:ident, $embedded:ident => $promise:ident;)*) => {
        mod memory {$(
            #[tokio::test]
            async fn $promise() {
                let broker = super::Memory::default();
                super::on_a_line(&broker, async |queue, line| {
                    super::$promise(&broker, queue, line).await;
                })
                .await;
            }
        )*}
        $(
        #[tokio::test]
        async fn $amqp() {
            let broker = RabbitMq::from_environment();
            on_a_line(&broker, async |queue, line| $promise(&broker, queue, line).await).await;
        }

        #[tokio::test]
        async fn $embedded() {
            let broker = File::new();
            on_a_line(&broker, async |queue, line| $promise(&broker, queue, line).await).await;
        }
        )*
    };
}

conformance! {
    amqp_carries_everything, embedded_carries_everything => carries_everything;
    amqp_carries_any_body, embedded_carries_any_body => carries_any_body;
    amqp_reports_the_unroutable, embedded_reports_the_unroutable => reports_the_unroutable;
    amqp_a_missing_exchange_spares_its_neighbours,
        embedded_a_missing_exchange_spares_its_neighbours
        => a_missing_exchange_spares_its_neighbours;
    amqp_alternate_exchange_takes_the_rest, embedded_alternate_exchange_takes_the_rest
        => alternate_exchange_takes_the_rest;
    amqp_a_dropped_consumer_gives_back, embedded_a_dropped_consumer_gives_back
        => a_dropped_consumer_gives_back;
    amqp_a_consumer_given_up_at_its_start_takes_nothing,
        embedded_a_consumer_given_up_at_its_start_takes_nothing
        => a_consumer_given_up_at_its_start_takes_nothing;
    amqp_settles_through_a_tag, embedded_settles_through_a_tag => settles_through_a_tag;
    amqp_gives_single_deliveries_back, embedded_gives_single_deliveries_back
        => gives_single_deliveries_back;
    amqp_a_stale_settlement_is_gone, embedded_a_stale_settlement_is_gone
        => a_stale_settlement_is_gone;
    amqp_stop_gives_the_unread_back, embedded_stop_gives_the_unread_back
        => stop_gives_the_unread_back;
    amqp_the_last_settler_gives_the_rest_back, embedded_the_last_settler_gives_the_rest_back
        => the_last_settler_gives_the_rest_back;
    amqp_prefetch_is_a_bound, embedded_prefetch_is_a_bound => prefetch_is_a_bound;
    amqp_waiting_can_be_given_up, embedded_waiting_can_be_given_up => waiting_can_be_given_up;
    amqp_poison_dies_with_its_reason, embedded_poison_dies_with_its_reason
        => poison_dies_with_its_reason;
    amqp_a_full_queue_refuses, embedded_a_full_queue_refuses => a_full_queue_refuses;
    amqp_a_deleted_queue_cancels, embedded_a_deleted_queue_cancels => a_deleted_queue_cancels;
    amqp_a_queue_that_is_not_there_cancels, embedded_a_queue_that_is_not_there_cancels
        => a_queue_that_is_not_there_cancels;
    amqp_closing_ends_consumers, embedded_closing_ends_consumers => closing_ends_consumers;
    amqp_declares_again, embedded_declares_again => declares_again;
    amqp_refuses_another_topology, embedded_refuses_another_topology => refuses_another_topology;
}

/// Runs a promise on a line of its own, and removes the line.
async fn on_a_line(broker: &dyn Broker, promise: impl AsyncFnOnce(&dyn Queue, &Line)) {
    let (queue, line) = (broker.connect().await, Line::new());
    queue.declare(&line.topology()).await.unwrap();
    promise(&*queue, &line).await;
    broker.delete_queues(&line.queues()).await;
    queue.close().await;
}

async fn carries_everything(broker: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let sent = Outbound {
        body: Bytes::from_static(b"\0\xff not a text"),
        properties: Properties {
            message_id: Some("key-1".into()),
            app_id: Some("tax:assessment".into()),
            user_id: None,
            content_type: Some("application/json".into()),
            published_us: Some(1_763_884_800_000_001),
        },
        ..line.message("entry", "lane", "")
    };
    let mut publisher = queue.publisher().await.unwrap();
    publish_all(&mut *publisher, vec![sent.clone()]).await;
    until("the message is ready", async || queue.depth(&line.name("lane")).await.unwrap() == 1)
        .await;

    let elsewhere = broker.connect().await;
    let mut consumer = line.consume(&*elsewhere, 10).await;
    let got = take(&mut *consumer, 1).await.remove(0);
    assert_eq!((&got.body, &got.properties), (&sent.body, &sent.properties));
    assert_eq!((got.routing_key.as_str(), got.redelivered, &got.death), ("lane", false, &None));
    assert_eq!(consumer.settler().settle_through(got.tag).await.unwrap(), Settled::Yes);
    until("the queue is empty", async || queue.depth(&line.name("lane")).await.unwrap() == 0).await;
}

async fn carries_any_body(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    // The last is cut into frames by AMQP.
    let bodies = [vec![], vec![0, 0xff], vec![b'x'; 1 << 20]].map(Bytes::from);
    let messages = bodies
        .iter()
        .map(|body| Outbound { body: body.clone(), ..line.message("entry", "lane", "") });
    let mut publisher = queue.publisher().await.unwrap();
    publish_all(&mut *publisher, messages.collect()).await;
    let mut consumer = line.consume(queue, 10).await;
    let got = take(&mut *consumer, bodies.len()).await;
    assert!(got.iter().map(|delivery| &delivery.body).eq(&bodies));
}

async fn reports_the_unroutable(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut publisher = queue.publisher().await.unwrap();
    let keys = (0..500).map(|n| if n % 7 == 3 { "nobody" } else { "lane" });
    let messages: Vec<_> = keys.map(|key| line.message("bare", key, "x")).collect();
    let outcomes = soon(publisher.publish(messages.clone())).await;
    for (message, outcome) in messages.iter().zip(outcomes) {
        match outcome {
            Ok(()) => assert_eq!(message.routing_key, "lane"),
            Err(QueueError::Unroutable { exchange, routing_key }) => {
                assert_eq!((exchange, routing_key.as_str()), (line.name("bare"), "nobody"));
                assert_eq!(message.routing_key, "nobody");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn a_missing_exchange_spares_its_neighbours(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut publisher = queue.publisher().await.unwrap();
    let messages = ["entry", "missing", "entry", "missing"].iter().enumerate();
    let messages = messages.map(|(n, exchange)| line.message(exchange, "lane", &n.to_string()));
    let outcomes = soon(publisher.publish(messages.collect())).await;
    let is_unroutable =
        |outcome: &Result<_, _>| matches!(outcome, Err(QueueError::Unroutable { .. }));
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert!(is_unroutable(&outcomes[1]) && is_unroutable(&outcomes[3]), "{outcomes:?}");
    publish_all(&mut *publisher, vec![line.message("entry", "lane", "after")]).await;
}

async fn alternate_exchange_takes_the_rest(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut publisher = queue.publisher().await.unwrap();
    publish_all(&mut *publisher, vec![line.message("entry", "unknown:application", "stray")]).await;
    let mut consumer = queue.consume(&line.name("others"), 10).await.unwrap();
    let got = take(&mut *consumer, 1).await.remove(0);
    assert_eq!((body(&got).as_str(), got.routing_key.as_str()), ("stray", "unknown:application"));
}

async fn a_dropped_consumer_gives_back(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 3).await;
    let mut first = line.consume(queue, 10).await;
    assert!(take(&mut *first, 3).await.iter().all(|got| !got.redelivered));
    drop(first);
    let mut second = line.consume(queue, 10).await;
    let again = take(&mut *second, 3).await;
    assert_eq!(bodies(&again), ["0", "1", "2"]);
    assert!(again.iter().all(|got| got.redelivered));
}

/// Whoever waits for a consumer may be called away, at any of its waits.
async fn a_consumer_given_up_at_its_start_takes_nothing(
    _: &dyn Broker,
    queue: &dyn Queue,
    line: &Line,
) {
    let name = line.name("lane");
    let mut waits = 1;
    while soon(given_up_at(waits, queue.consume(&name, 10))).await.is_none() {
        waits += 1;
    }
    line.fill(queue, 10).await;
    let mut consumer = line.consume(queue, 10).await;
    let mut got = bodies(&take(&mut *consumer, 10).await);
    got.sort();
    assert_eq!(got, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}

async fn settles_through_a_tag(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 10).await;
    let mut first = line.consume(queue, 10).await;
    let got = take(&mut *first, 10).await;
    assert!(got.is_sorted_by_key(|delivery| delivery.tag));
    let settler = first.settler();
    assert_eq!(settler.settle_through(got[5].tag).await.unwrap(), Settled::Yes);
    assert_eq!(settler.settle_through(got[3].tag).await.unwrap(), Settled::Yes, "already settled");
    drop((first, settler));
    let mut second = line.consume(queue, 10).await;
    assert_eq!(bodies(&take(&mut *second, 4).await), ["6", "7", "8", "9"]);
    assert!(stays_quiet(second.next()).await);
}

async fn gives_single_deliveries_back(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 4).await;
    let mut consumer = line.consume(queue, 4).await;
    let got = take(&mut *consumer, 4).await;
    let settler = consumer.settler();
    assert_eq!(settler.give_back(&[got[1].tag, got[2].tag]).await.unwrap(), Settled::Yes);
    assert_eq!(settler.settle_through(got[3].tag).await.unwrap(), Settled::Yes);
    let again = take(&mut *consumer, 2).await;
    let mut names = bodies(&again);
    names.sort();
    assert_eq!(names, ["1", "2"]);
    assert!(again.iter().all(|delivery| delivery.redelivered && delivery.tag > got[3].tag));
}

async fn a_stale_settlement_is_gone(broker: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 2).await;
    let lost = broker.connect().await;
    let mut consumer = line.consume(&*lost, 10).await;
    let got = take(&mut *consumer, 2).await;
    let settler = consumer.settler();
    lost.close().await;
    let mut second = line.consume(queue, 10).await;
    let again = take(&mut *second, 2).await;
    for outcome in [
        settler.still_holds().await,
        settler.settle_through(got[1].tag).await,
        settler.give_back(&[got[0].tag]).await,
    ] {
        assert!(
            matches!(outcome, Ok(Settled::Gone) | Err(QueueError::Unavailable(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(second.settler().still_holds().await.unwrap(), Settled::Yes);
    assert_eq!(second.settler().settle_through(again[1].tag).await.unwrap(), Settled::Yes);
}

async fn stop_gives_the_unread_back(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 10).await;
    let mut first = line.consume(queue, 10).await;
    let read = take(&mut *first, 2).await;
    let settler = first.settler();
    soon(first.stop()).await.unwrap();
    let mut second = line.consume(queue, 10).await;
    let mut rest = bodies(&take(&mut *second, 8).await);
    rest.sort();
    assert_eq!(rest, ["2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(settler.settle_through(read[1].tag).await.unwrap(), Settled::Yes);
    drop(settler);
    assert!(stays_quiet(second.next()).await, "what was settled does not come again");
}

async fn the_last_settler_gives_the_rest_back(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 2).await;
    let mut first = line.consume(queue, 10).await;
    take(&mut *first, 2).await;
    let settler = first.settler();
    soon(first.stop()).await.unwrap();
    let mut second = line.consume(queue, 10).await;
    assert!(stays_quiet(second.next()).await, "they can still be settled");
    drop(settler);
    assert_eq!(bodies(&take(&mut *second, 2).await), ["0", "1"]);
}

async fn prefetch_is_a_bound(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 5).await;
    let mut consumer = line.consume(queue, 3).await;
    let got = take(&mut *consumer, 3).await;
    assert!(stays_quiet(consumer.next()).await);
    assert_eq!(consumer.settler().settle_through(got[1].tag).await.unwrap(), Settled::Yes);
    assert_eq!(bodies(&take(&mut *consumer, 2).await), ["3", "4"]);
}

async fn waiting_can_be_given_up(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut consumer = line.consume(queue, 100).await;
    assert!(consumer.next().now_or_never().is_none());
    line.fill(queue, 20).await;
    let mut got = Vec::new();
    until("all came", async || {
        while let Some(delivery) = consumer.next().now_or_never() {
            got.push(delivery.unwrap());
        }
        got.len() == 20
    })
    .await;
    assert_eq!(bodies(&got), (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

async fn poison_dies_with_its_reason(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    line.fill(queue, 1).await;
    let mut consumer = line.consume(queue, 1).await;
    for _ in 0..=DELIVERY_LIMIT {
        let got = take(&mut *consumer, 1).await;
        assert_eq!(consumer.settler().give_back(&[got[0].tag]).await.unwrap(), Settled::Yes);
    }
    let mut dead = queue.consume(&line.name("dead"), 1).await.unwrap();
    let got = take(&mut *dead, 1).await.remove(0);
    let death = Death { queue: line.name("lane"), reason: "delivery_limit".into() };
    assert_eq!((body(&got).as_str(), got.routing_key.as_str()), ("0", "lane"));
    assert_eq!(got.properties.message_id.as_deref(), Some("0"));
    assert_eq!(got.death, Some(death));
}

async fn a_full_queue_refuses(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut publisher = queue.publisher().await.unwrap();
    let mut taken = 0;
    let refusal = loop {
        let message = line.message("entry", "bounded", "x");
        match soon(publisher.publish(vec![message])).await.remove(0) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refusal, QueueError::Refused), "{refusal}");
    // A quorum queue finds out that it is full one publication late.
    assert!((MAX_LENGTH..=MAX_LENGTH + 1).contains(&taken), "{taken}");

    let mut consumer = queue.consume(&line.name("bounded"), 100).await.unwrap();
    let got = take(&mut *consumer, 3).await;
    assert_eq!(consumer.settler().settle_through(got[2].tag).await.unwrap(), Settled::Yes);
    until("there is room again", async || {
        let message = line.message("entry", "bounded", "y");
        soon(publisher.publish(vec![message])).await.remove(0).is_ok()
    })
    .await;
}

async fn a_deleted_queue_cancels(broker: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut consumer = line.consume(queue, 10).await;
    broker.delete_queues(&[line.name("lane")]).await;
    let ended = soon(consumer.next()).await;
    assert!(
        matches!(&ended, Err(QueueError::Cancelled(name)) if *name == line.name("lane")),
        "{ended:?}"
    );
    queue.declare(&line.topology()).await.unwrap();
    line.fill(queue, 1).await;
    take(&mut *line.consume(queue, 10).await, 1).await;
}

async fn a_queue_that_is_not_there_cancels(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let name = line.name("missing");
    let consumed = queue.consume(&name, 10).await.map(drop);
    assert!(matches!(consumed, Err(QueueError::Cancelled(_))), "{consumed:?}");
    let depth = queue.depth(&name).await;
    assert!(matches!(depth, Err(QueueError::Cancelled(_))), "{depth:?}");
    queue.ping().await.unwrap();
}

async fn closing_ends_consumers(broker: &dyn Broker, _: &dyn Queue, line: &Line) {
    let closed = broker.connect().await;
    let mut consumer = line.consume(&*closed, 10).await;
    let (ended, ()) = tokio::join!(soon(consumer.next()), closed.close());
    assert!(ended.is_err(), "{ended:?}");
    soon(consumer.stop()).await.unwrap_err();
}

async fn declares_again(broker: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let application = ApplicationId::new(line.name("application")).unwrap();
    let topology = Topology::for_applications(&[application]).with_printer(&line.name("printer"));
    line.fill(queue, 1).await;
    for declared in [&topology, &topology, &line.topology()] {
        queue.declare(declared).await.unwrap();
    }
    assert_eq!(take(&mut *line.consume(queue, 10).await, 1).await.len(), 1);
    let names = topology.queues.into_iter().map(|queue| queue.name);
    let own: Vec<_> = names.filter(|name| name.contains(&line.name(""))).collect();
    assert_eq!(own.len(), 3);
    broker.delete_queues(&own).await;
}

async fn refuses_another_topology(_: &dyn Broker, queue: &dyn Queue, line: &Line) {
    let mut other_queue = line.topology();
    other_queue.queues[0].delivery_limit += 1;
    let mut other_exchange = line.topology();
    other_exchange.exchanges[0].alternate = Some(line.name("dead"));
    for (topology, name) in [(other_queue, "lane"), (other_exchange, "others")] {
        let refused = queue.declare(&topology).await;
        let is_named =
            matches!(&refused, Err(QueueError::Topology(text)) if text.contains(&line.name(name)));
        assert!(is_named, "{refused:?}");
    }
    queue.declare(&line.topology()).await.unwrap();
}
