//! The broker: does it let us in, and is everything declared as we need it?

use std::sync::Arc;

use super::{Examined, Fault};
use crate::config::Config;
use crate::domain::ApplicationId;
use crate::queue::{self, Door, Queue, QueueError, Topology};

pub(super) async fn examine(config: &Config, applications: &[ApplicationId]) -> Examined {
    let queue = match queue::open(config.queue.url.as_str()).await {
        Ok(queue) => queue,
        Err(error) => return Examined::new("queue", Some(unreachable(error))),
    };
    let faults = match queue.ping().await {
        Err(error) => vec![unreachable(error)],
        // An embedded queue declares what it needs when it is used.
        Ok(()) if config.queue.url.as_str().starts_with("embedded:") => Vec::new(),
        Ok(()) => topology(&queue, &wanted(config, applications)).await,
    };
    queue.close().await;
    Examined::with("queue", faults)
}

fn unreachable(error: QueueError) -> Fault {
    let cure = match error.door() {
        Some(Door::Account) => "mend user and password in queue.url; does the broker know it?",
        Some(Door::VirtualHost) => {
            "mend the virtual host in queue.url (`/` is %2f); may this account use it? \
             `rabbitmqctl set_permissions`"
        }
        None => "is queue.url right, and the broker up and reachable from here?",
    };
    Fault::new(error, cure)
}

fn wanted(config: &Config, applications: &[ApplicationId]) -> Topology {
    let printers = config.printers().map_or(Vec::new(), |printers| printers.all);
    let names = printers.iter().map(|printer| printer.name.as_str());
    Topology::whole(applications.iter(), names)
}

/// Declaring again what is there changes nothing, and says whether it is as
/// wanted; so only queues that are there are declared. AMQP does not tell what
/// is bound: whoever doubts it declares, which binds again.
async fn topology(queue: &Arc<dyn Queue>, wanted: &Topology) -> Vec<Fault> {
    let mut faults = Vec::new();
    for exchange in &wanted.exchanges {
        match queue.has_exchange(&exchange.name).await {
            Ok(true) => {}
            Ok(false) => faults.push(missing(&format!("the exchange {}", exchange.name))),
            Err(error) => faults.push(other(error)),
        }
    }
    for definition in &wanted.queues {
        let only = Topology { queues: vec![definition.clone()], ..Topology::default() };
        let fault = match queue.depth(&definition.name).await {
            Ok(_) => queue.declare(&only).await.err().map(other),
            Err(QueueError::Cancelled(_) | QueueError::Unroutable { .. }) => {
                Some(missing(&format!("the queue {}", definition.name)))
            }
            Err(error) => Some(other(error)),
        };
        faults.extend(fault);
    }
    faults
}

fn missing(what: &str) -> Fault {
    Fault {
        what: format!("{what} is missing"),
        cure: "`facteur topology declare` makes it; a running engine does so by itself",
    }
}

fn other(error: QueueError) -> Fault {
    let cure = match &error {
        QueueError::Topology(_) => {
            "stop its publishers, let it run empty, delete it, then `facteur topology declare`"
        }
        QueueError::Forbidden(_) => {
            r"give the engine's account '^facteur\.' '^facteur\.' '^facteur\.' (rabbitmqctl set_permissions)"
        }
        _ => "is the broker up, with most of its nodes?",
    };
    Fault::new(error, cure)
}
