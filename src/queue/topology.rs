//! Which exchanges, queues and bindings the line needs, and their names.
//!
//! Names are a contract with agencies and printers: this is the one place
//! that spells them. Pure: declaring them is [`Queue::declare`]'s work.
//!
//! [`Queue::declare`]: super::Queue::declare

use crate::domain::ApplicationId;

/// Agencies publish here; the routing key is their sender application id.
pub const EXCHANGE_DOCUMENTS: &str = "facteur.documents";
/// Takes what was published to [`EXCHANGE_DOCUMENTS`] with a routing key that
/// no application is registered for.
pub const EXCHANGE_UNROUTABLE: &str = "facteur.unroutable";
/// Takes what a queue gave up.
pub const EXCHANGE_DEAD: &str = "facteur.dead";
/// The relay publishes tickets here; the routing key is the printer's lane.
pub const EXCHANGE_PRINT: &str = "facteur.print";
/// Printers publish events here; the routing key is their lane.
pub const EXCHANGE_PRINT_EVENTS: &str = "facteur.print-events";
/// The relay publishes receipts here; the routing key is the application id.
pub const EXCHANGE_RECEIPTS: &str = "facteur.receipts";

/// Where [`EXCHANGE_UNROUTABLE`] leads.
pub const QUEUE_UNROUTABLE: &str = EXCHANGE_UNROUTABLE;
/// Where [`EXCHANGE_DEAD`] leads.
pub const QUEUE_DEAD: &str = EXCHANGE_DEAD;
/// Where [`EXCHANGE_PRINT_EVENTS`] leads.
pub const QUEUE_PRINT_EVENTS: &str = EXCHANGE_PRINT_EVENTS;
/// The overflow queue: the default printer's.
pub const QUEUE_PRINT_OVERFLOW: &str = "facteur.print.overflow";

/// The default printer's lane.
pub const LANE_OVERFLOW: &str = "overflow";

/// How often a message may come back before it counts as poison. High, since
/// each crash of a consumer counts against everything it had prefetched.
pub const DELIVERY_LIMIT: u32 = 1_000;
/// A queue without dead letters drops what reaches its limit, and RabbitMQ 4
/// has a limit where none is stated: so these state one that is never reached.
pub const DELIVERY_LIMIT_NEVER: u32 = i32::MAX.unsigned_abs();
/// Receipts (up to 500 in a message) that wait for one application.
pub const RECEIPTS_MAX_LENGTH: u32 = 10_000;

/// The lane of one application: what it published and the engine has not
/// recorded yet.
#[must_use]
pub fn intake_queue(application: &ApplicationId) -> String {
    format!("facteur.intake.{application}")
}

/// The application whose lane a queue is, if it is one.
#[must_use]
pub fn application_of_intake(queue: &str) -> Option<&str> {
    queue.strip_prefix("facteur.intake.")
}

/// What became of the documents of one application.
#[must_use]
pub fn receipts_queue(application: &ApplicationId) -> String {
    format!("{EXCHANGE_RECEIPTS}.{application}")
}

/// The tickets of one printer, named by its lane.
#[must_use]
pub fn print_queue(lane: &str) -> String {
    format!("{EXCHANGE_PRINT}.{lane}")
}

/// How an exchange chooses queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeKind {
    /// Those bound with the message's routing key.
    Direct,
    /// All that are bound.
    Fanout,
}

/// A durable exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: String,
    /// How it chooses.
    pub kind: ExchangeKind,
    /// The exchange that takes what no binding matches.
    pub alternate: Option<String>,
}

/// A durable quorum queue that refuses publications when it is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDefinition {
    /// Its name.
    pub name: String,
    /// How often a message may come back: it is given up the next time.
    pub delivery_limit: u32,
    /// The exchange that takes what is given up, at least once. Without it
    /// such a message is dropped.
    pub dead_letters: Option<String>,
    /// The number of waiting messages from which publications are refused.
    pub max_length: Option<u32>,
}

/// Leads what an exchange takes to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// From this exchange,
    pub exchange: String,
    /// with this routing key (a fanout exchange ignores it),
    pub routing_key: String,
    /// to this queue.
    pub queue: String,
}

/// Exchanges, queues and bindings, to be declared in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
    /// The queues.
    pub queues: Vec<QueueDefinition>,
    /// The bindings between them.
    pub bindings: Vec<Binding>,
}

impl Topology {
    /// What the line needs for these applications and the default printer.
    #[must_use]
    pub fn for_applications(applications: &[ApplicationId]) -> Self {
        Self::whole(applications.iter(), std::iter::empty())
    }

    /// All of an installation: for every application of its registry and every
    /// printer of its file.
    #[must_use]
    pub fn whole<'a>(
        applications: impl Iterator<Item = &'a ApplicationId>,
        printers: impl Iterator<Item = &'a str>,
    ) -> Self {
        let common = Self::common().with_printer(LANE_OVERFLOW);
        applications.fold(common, Self::with_application).with_printers(printers)
    }

    /// What the line needs for its printers, the default one among them.
    #[must_use]
    pub fn for_printers<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        Self::for_applications(&[]).with_printers(names)
    }

    /// Adds the lanes of printers; the default one's is there already.
    #[must_use]
    pub fn with_printers<'a>(self, names: impl Iterator<Item = &'a str>) -> Self {
        names.filter(|name| *name != LANE_OVERFLOW).fold(self, Self::with_printer)
    }

    /// Adds the lane of a named printer.
    #[must_use]
    pub fn with_printer(mut self, lane: &str) -> Self {
        let queue = print_queue(lane);
        self.bind(EXCHANGE_PRINT, lane, &queue);
        self.bind(EXCHANGE_PRINT_EVENTS, lane, QUEUE_PRINT_EVENTS);
        self.queues.push(with_dead_letters(queue));
        self
    }

    fn with_application(mut self, application: &ApplicationId) -> Self {
        let (intake, receipts) = (intake_queue(application), receipts_queue(application));
        self.bind(EXCHANGE_DOCUMENTS, application.as_str(), &intake);
        self.bind(EXCHANGE_RECEIPTS, application.as_str(), &receipts);
        self.queues.push(with_dead_letters(intake));
        self.queues.push(QueueDefinition {
            max_length: Some(RECEIPTS_MAX_LENGTH),
            ..with_dead_letters(receipts)
        });
        self
    }

    fn common() -> Self {
        let mut topology = Self {
            exchanges: vec![
                exchange(EXCHANGE_UNROUTABLE, ExchangeKind::Fanout),
                exchange(EXCHANGE_DEAD, ExchangeKind::Fanout),
                Exchange {
                    alternate: Some(EXCHANGE_UNROUTABLE.into()),
                    ..exchange(EXCHANGE_DOCUMENTS, ExchangeKind::Direct)
                },
                exchange(EXCHANGE_PRINT, ExchangeKind::Direct),
                exchange(EXCHANGE_PRINT_EVENTS, ExchangeKind::Direct),
                exchange(EXCHANGE_RECEIPTS, ExchangeKind::Direct),
            ],
            queues: vec![
                last_resort(QUEUE_UNROUTABLE),
                last_resort(QUEUE_DEAD),
                with_dead_letters(QUEUE_PRINT_EVENTS.into()),
            ],
            bindings: Vec::new(),
        };
        topology.bind(EXCHANGE_UNROUTABLE, "", QUEUE_UNROUTABLE);
        topology.bind(EXCHANGE_DEAD, "", QUEUE_DEAD);
        topology
    }

    fn bind(&mut self, exchange: &str, routing_key: &str, queue: &str) {
        self.bindings.push(Binding {
            exchange: exchange.into(),
            routing_key: routing_key.into(),
            queue: queue.into(),
        });
    }
}

fn exchange(name: &str, kind: ExchangeKind) -> Exchange {
    Exchange { name: name.into(), kind, alternate: None }
}

fn with_dead_letters(name: String) -> QueueDefinition {
    QueueDefinition {
        name,
        delivery_limit: DELIVERY_LIMIT,
        dead_letters: Some(EXCHANGE_DEAD.into()),
        max_length: None,
    }
}

/// A queue of what has nowhere else to go: it gives nothing up.
fn last_resort(name: &str) -> QueueDefinition {
    QueueDefinition {
        name: name.into(),
        delivery_limit: DELIVERY_LIMIT_NEVER,
        dead_letters: None,
        max_length: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn two_applications() -> Topology {
        let ids =
            ["tax:assessment", "employment:job-attest"].map(|id| ApplicationId::new(id).unwrap());
        Topology::for_applications(&ids).with_printer("namur")
    }

    fn leads(topology: &Topology, exchange: &str, key: &str) -> Vec<String> {
        let bindings = topology.bindings.iter();
        bindings
            .filter(|binding| binding.exchange == exchange && binding.routing_key == key)
            .map(|binding| binding.queue.clone())
            .collect()
    }

    #[test]
    fn every_lane_has_its_queue() {
        let topology = two_applications();
        for (exchange, key, queue) in [
            (EXCHANGE_DOCUMENTS, "tax:assessment", "facteur.intake.tax:assessment"),
            (EXCHANGE_RECEIPTS, "tax:assessment", "facteur.receipts.tax:assessment"),
            (EXCHANGE_PRINT, "overflow", "facteur.print.overflow"),
            (EXCHANGE_PRINT, "namur", "facteur.print.namur"),
            (EXCHANGE_PRINT_EVENTS, "namur", "facteur.print-events"),
            (EXCHANGE_UNROUTABLE, "", "facteur.unroutable"),
            (EXCHANGE_DEAD, "", "facteur.dead"),
        ] {
            assert_eq!(leads(&topology, exchange, key), [queue], "{exchange} {key}");
        }
    }

    #[test]
    fn everything_that_is_named_is_declared_once() {
        let topology = two_applications();
        let exchanges: HashSet<_> = topology.exchanges.iter().map(|e| e.name.as_str()).collect();
        let queues: HashSet<_> = topology.queues.iter().map(|q| q.name.as_str()).collect();
        assert_eq!(exchanges.len(), topology.exchanges.len());
        assert_eq!(queues.len(), topology.queues.len());
        for binding in &topology.bindings {
            assert!(exchanges.contains(binding.exchange.as_str()), "{binding:?}");
            assert!(queues.contains(binding.queue.as_str()), "{binding:?}");
        }
        let alternates = topology.exchanges.iter().filter_map(|e| e.alternate.as_deref());
        let dead_letters = topology.queues.iter().filter_map(|q| q.dead_letters.as_deref());
        assert!(alternates.chain(dead_letters).all(|name| exchanges.contains(name)));
    }

    #[test]
    fn only_the_last_resorts_have_no_dead_letters() {
        for queue in two_applications().queues {
            let is_last = [QUEUE_DEAD, QUEUE_UNROUTABLE].contains(&queue.name.as_str());
            assert_eq!(queue.dead_letters.is_none(), is_last, "{}", queue.name);
            assert_eq!(queue.delivery_limit == DELIVERY_LIMIT_NEVER, is_last, "{}", queue.name);
        }
    }

    #[test]
    fn only_receipts_are_bounded() {
        for queue in two_applications().queues {
            let is_receipts = queue.name.starts_with("facteur.receipts.");
            assert_eq!(queue.max_length.is_some(), is_receipts, "{}", queue.name);
        }
    }
}
