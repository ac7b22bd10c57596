//! RabbitMQ.

use anyhow::Result;
use facteur::queue::{Topology, topology};
use url::Url;

use super::Diagnosis;
use crate::support::brokers::{Broker as _, RabbitMq};
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;

async fn on(host: &VirtualHost, change: impl FnOnce(&mut Url)) -> Result<Program> {
    let mut url = Url::parse(host.url())?;
    change(&mut url);
    let program = Program::new()?.with("QUEUE__URL", url.as_str());
    program.ask(&["migrate"]).await?;
    Ok(program)
}

#[tokio::test]
async fn amqp_that_does_not_let_us_in_is_named() -> Result<()> {
    let host = VirtualHost::new();
    let program = on(&host, |url| url.set_password(Some("guessed")).unwrap_or_default()).await?;
    Diagnosis::of(&program).await?.names("queue", "not reachable", "user and password")?;
    let program = on(&host, |url| url.set_path("no-such-host")).await?;
    Diagnosis::of(&program).await?.names("queue", "not reachable", "virtual host in queue.url")?;
    let program = on(&host, |url| url.set_port(Some(1)).unwrap_or_default()).await?;
    Diagnosis::of(&program).await?.names("queue", "not reachable", "is queue.url right")
}

#[tokio::test]
async fn amqp_without_its_queues_or_with_others_is_named() -> Result<()> {
    let host = VirtualHost::new();
    let program = on(&host, |_| {}).await?;
    let found = Diagnosis::of(&program).await?;
    found.names("queue", "facteur.dead is missing", "facteur topology declare")?;
    program.ask(&["topology", "declare"]).await?;
    Diagnosis::of(&program).await?.is_well()?;

    let broker = RabbitMq { url: host.url().to_owned() };
    broker.delete_queues(&[topology::QUEUE_DEAD.to_owned()]).await;
    let queue = broker.connect().await;
    let mut ours = Topology::for_applications(&[]);
    ours.queues.retain(|queue| queue.name == topology::QUEUE_DEAD);
    ours.bindings.clear();
    ours.queues.iter_mut().for_each(|queue| queue.max_length = Some(7));
    queue.declare(&ours).await?;
    let found = Diagnosis::of(&program).await?;
    found.names("queue", "facteur.dead", "delete it, then `facteur topology declare`")?;
    queue.close().await;
    Ok(())
}

#[tokio::test]
async fn amqp_without_an_exchange_is_named() -> Result<()> {
    let host = VirtualHost::new();
    let program = on(&host, |_| {}).await?;
    program.ask(&["topology", "declare"]).await?;
    program.ask(&["topology", "check"]).await?;
    let broker = RabbitMq { url: host.url().to_owned() };
    broker.delete_exchange(topology::EXCHANGE_RECEIPTS).await;
    let found = Diagnosis::of(&program).await?;
    found.names("queue", "the exchange facteur.receipts is missing", "facteur topology declare")?;
    let checked = program.run(&["topology", "check"]).await?;
    anyhow::ensure!(checked.code == Some(1), "{checked:?}");
    anyhow::ensure!(checked.out.contains("facteur.receipts  EXCHANGE MISSING"), "{checked:?}");
    program.ask(&["topology", "declare"]).await?;
    Diagnosis::of(&program).await?.is_well()
}

#[tokio::test]
async fn amqp_whose_account_may_do_nothing_is_named() -> Result<()> {
    let host = VirtualHost::new();
    let program = on(&host, |_| {}).await?;
    program.ask(&["topology", "declare"]).await?;
    host.run(&["set_permissions", "-p", host.name(), host.name(), "^$", "^$", "^$"]);
    let found = Diagnosis::of(&program).await?;
    found.names("queue", "forbids", "rabbitmqctl set_permissions")
}
