//! What only a broker on a network can do: go away, and know who is there.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backon::Retryable;
use facteur::queue::amqp::AmqpQueue;
use facteur::queue::{Consumer, Outbound, Queue, QueueError, Settled, reconnection};
use tokio::time::timeout;

use crate::support::brokers::{Broker, RabbitMq};
use crate::support::line::{Line, bodies, body, publish_all, take};
use crate::support::program;
use crate::support::relay::Relay;
use crate::support::wait::{soon, stays_quiet, until};

/// A settlement waits for no answer of the broker.
const SETTLED_MAX: Duration = Duration::from_secs(15);

/// A line on the broker, and a connection to it that can be cut.
struct Network {
    rabbit: RabbitMq,
    near: Arc<dyn Queue>,
    relay: Relay,
    far: Arc<dyn Queue>,
    line: Line,
}

impl Network {
    async fn new() -> Self {
        let rabbit = RabbitMq::from_environment();
        let relay = Relay::to(&rabbit.host_and_port()).await;
        let near = rabbit.connect().await;
        let far = rabbit.through(relay.port()).connect().await;
        let line = Line::new();
        near.declare(&line.topology()).await.unwrap();
        Self { rabbit, near, relay, far, line }
    }

    async fn remove(self) {
        self.rabbit.delete_queues(&self.line.queues()).await;
    }
}

#[tokio::test]
async fn amqp_a_cut_while_consuming_settles_nothing() {
    let network = Network::new().await;
    network.line.fill(&*network.near, 4).await;
    let mut consumer = network.line.consume(&*network.far, 2).await;
    let got = take(&mut *consumer, 2).await;

    network.relay.cut();
    let ended = soon(consumer.next()).await;
    assert!(matches!(ended, Err(QueueError::Unavailable(_))), "{ended:?}");
    let stale = consumer.settler();

    // The new consumer's channel and tags have the same numbers.
    let mut again = network.line.consume(&*network.far, 4).await;
    let all = take(&mut *again, 4).await;
    assert_eq!(stale.settle_through(got[1].tag).await.unwrap(), Settled::Gone);
    assert_eq!(stale.give_back(&[got[0].tag]).await.unwrap(), Settled::Gone);
    assert_eq!(bodies(&all), ["0", "1", "2", "3"]);
    assert!(all[0].redelivered && all[1].redelivered && !all[2].redelivered);
    assert_eq!(again.settler().settle_through(all[3].tag).await.unwrap(), Settled::Yes);
    network.remove().await;
}

/// Somebody declared one queue otherwise, before us.
#[tokio::test]
async fn amqp_a_queue_that_is_otherwise_keeps_no_other_from_being_declared() {
    let network = Network::new().await;
    let line = Line::new();
    let mut theirs = line.topology();
    theirs.queues.retain(|queue| queue.name == line.name("lane"));
    theirs.queues.iter_mut().for_each(|queue| queue.max_length = Some(7));
    theirs.exchanges.clear();
    theirs.bindings.clear();
    // What it gives up goes to an exchange that is not there yet: no fault.
    network.near.declare(&theirs).await.unwrap();
    let declared = network.near.declare(&line.topology()).await;
    let Err(QueueError::Topology(fault)) = &declared else { panic!("{declared:?}") };
    assert!(fault.contains(&line.name("lane")), "{fault}");
    for queue in line.queues() {
        assert_eq!(network.near.depth(&queue).await.unwrap(), 0, "{queue}");
        assert_eq!(network.near.consumers(&queue).await.unwrap(), Some(0), "{queue}");
    }
    assert!(network.near.has_exchange(&line.name("entry")).await.unwrap());
    assert!(!network.near.has_exchange(&line.name("nothing")).await.unwrap());
    line.fill(&*network.near, 1).await;
    network.rabbit.delete_queues(&line.queues()).await;
    network.remove().await;
}

/// What a hostile agency writes on an envelope reaches the engine as a message
/// like another: it must not end the connection that all lanes share.
#[tokio::test]
async fn amqp_hostile_envelopes_arrive() {
    let network = Network::new().await;
    let task = serde_json::json!({
        "url": network.rabbit.url,
        "exchange": network.line.name("entry"),
        "routing_key": "lane",
    });
    let published = program::python("envelopes.py", &task).await.unwrap();
    let mut consumer = network.line.consume(&*network.near, 100).await;
    let got = take(&mut *consumer, published.len()).await;
    assert_eq!(bodies(&got), published);
    let key = |number: usize| got[number].properties.message_id.as_deref();
    assert_eq!(key(0), Some("key-\u{1a}\u{1a}"), "cannot be taken for another's");
    assert_eq!(key(got.len() - 1), Some("key"));
    network.remove().await;
}

#[tokio::test]
async fn amqp_a_settlement_that_meets_a_cut_ends() {
    let network = Network::new().await;
    let lane = network.line.name("lane");
    for pause in 0..100 {
        network.line.fill(&*network.near, 1).await;
        // The last cut may not be known of yet.
        let take_one = || async {
            let mut consumer = network.far.consume(&lane, 1).await?;
            let first = consumer.next().await?;
            Ok((consumer, first))
        };
        let soon_again = reconnection().with_min_delay(Duration::from_millis(1));
        let taken = take_one.retry(soon_again).when(QueueError::is_transient);
        let (consumer, first) = soon(taken).await.unwrap();
        network.relay.cut();
        for _ in 0..pause {
            tokio::task::yield_now().await;
        }
        // Settled or gone, but never waited for: batches wait behind it.
        let settled = timeout(SETTLED_MAX, consumer.settler().settle_through(first.tag)).await;
        assert!(matches!(settled, Ok(Ok(_))), "after {pause} turns: {settled:?}");
    }
    network.remove().await;
}

#[tokio::test]
async fn amqp_every_confirmed_message_survives_cuts_while_publishing() {
    let network = Network::new().await;
    let mut publisher = network.far.publisher().await.unwrap();
    let mut confirmed = BTreeSet::new();
    let mut failures = 0;
    for batch in 0..40 {
        let messages: Vec<Outbound> = (0..50)
            .map(|n| network.line.message("entry", "lane", &format!("{batch}-{n}")))
            .collect();
        let cut = async {
            if batch % 4 == 1 {
                network.relay.cut();
            }
        };
        let (outcomes, ()) = tokio::join!(soon(publisher.publish(messages.clone())), cut);
        for (message, outcome) in messages.iter().zip(outcomes) {
            match outcome {
                Ok(()) => drop(confirmed.insert(message.properties.message_id.clone().unwrap())),
                Err(QueueError::Unavailable(_)) => failures += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(
        failures > 0 && !confirmed.is_empty(),
        "{failures} failures, {} confirmed",
        confirmed.len()
    );
    let mut consumer = network.line.consume(&*network.near, 500).await;
    drain(&mut *consumer, &mut confirmed).await;
    network.remove().await;
}

/// Consumes until everything that is expected has come.
async fn drain(consumer: &mut dyn Consumer, expected: &mut BTreeSet<String>) {
    let settler = consumer.settler();
    while !expected.is_empty() {
        let got = soon(consumer.next()).await.unwrap();
        expected.remove(&body(&got));
        assert_eq!(settler.settle_through(got.tag).await.unwrap(), Settled::Yes);
    }
}

#[tokio::test]
async fn amqp_comes_back_after_a_broker_that_was_away() {
    let network = Network::new().await;
    let mut publisher = network.far.publisher().await.unwrap();
    network.relay.refuse();
    until("the connection is cut", async || network.relay.connections() == 0).await;
    until("it is missed", async || network.far.ping().await.is_err()).await;
    let outcome =
        publisher.publish(vec![network.line.message("entry", "lane", "0")]).await.remove(0);
    assert!(matches!(outcome, Err(QueueError::Unavailable(_))), "{outcome:?}");

    network.relay.restore();
    let ping = || async { network.far.ping().await };
    soon(ping.retry(reconnection()).when(QueueError::is_transient)).await.unwrap();
    publish_all(&mut *publisher, vec![network.line.message("entry", "lane", "1")]).await;
    let mut consumer = network.line.consume(&*network.far, 10).await;
    assert_eq!(bodies(&take(&mut *consumer, 1).await), ["1"]);
    network.remove().await;
}

#[tokio::test]
async fn amqp_a_silent_network_is_found_out() {
    let network = Network::new().await;
    let impatient = network.rabbit.through(network.relay.port()).url + "?heartbeat=1";
    let queue = AmqpQueue::new(&impatient).unwrap();
    let mut consumer = network.line.consume(&queue, 10).await;
    network.relay.stall();
    let ended = soon(consumer.next()).await;
    assert!(matches!(ended, Err(QueueError::Unavailable(_))), "{ended:?}");
    network.remove().await;
}

#[tokio::test]
async fn amqp_calls_share_a_handshake_that_takes_long() {
    let network = Network::new().await;
    network.relay.stall();
    for _ in 0..3 {
        assert!(stays_quiet(network.far.ping()).await, "nobody answers");
    }
    assert_eq!(network.relay.connections(), 1);
    network.relay.restore();
    soon(network.far.ping()).await.unwrap();
    assert_eq!(network.relay.connections(), 1);
    network.remove().await;
}

#[tokio::test]
async fn amqp_a_publication_that_was_given_up_confuses_nobody() {
    let network = Network::new().await;
    let mut publisher = network.far.publisher().await.unwrap();
    network.relay.stall();
    let stray = vec![network.line.message("bare", "nobody", "stray")];
    assert!(stays_quiet(publisher.publish(stray)).await);
    network.relay.restore();
    publish_all(&mut *publisher, vec![network.line.message("bare", "lane", "0")]).await;
    network.remove().await;
}

#[tokio::test]
async fn amqp_a_forged_account_is_refused_and_spares_its_neighbours() {
    let network = Network::new().await;
    let mut forged = network.line.message("entry", "lane", "forged");
    forged.properties.user_id = Some("somebody-else".into());
    let mut endless = network.line.message("entry", "lane", "endless");
    endless.properties.message_id = Some("x".repeat(256));
    let honest = network.line.message("entry", "lane", "honest");
    let mut publisher = network.near.publisher().await.unwrap();
    let messages = vec![honest.clone(), forged, endless, honest];
    let outcomes = soon(publisher.publish(messages)).await;
    assert!(outcomes[0].is_ok() && outcomes[3].is_ok(), "{outcomes:?}");
    for outcome in &outcomes[1..3] {
        assert!(matches!(outcome, Err(QueueError::Forbidden(_))), "{outcome:?}");
    }
    network.remove().await;
}

#[tokio::test]
async fn amqp_errors_keep_the_password() {
    let relay = Relay::to("127.0.0.1:1").await;
    let away = format!("amqp://somebody:s3cr3t@127.0.0.1:{}/%2f", relay.port());
    let refused = AmqpQueue::new(&away).unwrap().ping().await.unwrap_err();
    let wrong = RabbitMq::from_environment().host_and_port();
    let wrong = AmqpQueue::new(&format!("amqp://somebody:s3cr3t@{wrong}/%2f")).unwrap();
    let wrong = wrong.ping().await.unwrap_err();
    let unreadable = AmqpQueue::new("amqp://somebody:s3cr3t@host:port/%2f").map(drop).unwrap_err();
    for error in [refused, wrong, unreadable] {
        let text = format!("{error:?} {error} {:?}", error.source().map(ToString::to_string));
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}
