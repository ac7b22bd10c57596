//! A virtual host of its own for each phase.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use facteur::domain::ApplicationId;
use facteur::queue::{Queue, Topology};

use crate::Mailbag;

pub(crate) struct Vhost {
    name: String,
    pub(crate) url: String,
}

impl Vhost {
    pub(crate) fn new() -> Result<Self> {
        let server = std::env::var("FACTEUR_TEST_AMQP_URL")
            .context("FACTEUR_TEST_AMQP_URL: run this through ./dev bench line")?;
        let name = format!("bench-{}", uuid::Uuid::now_v7().simple());
        ctl(&["add_vhost", &name])?;
        ctl(&["set_permissions", "-p", &name, "guest", ".*", ".*", ".*"])?;
        let mut url = url::Url::parse(&server)?;
        url.set_path(&name);
        Ok(Self { name, url: url.into() })
    }

    pub(crate) async fn queue(&self) -> Result<Arc<dyn Queue>> {
        Ok(facteur::queue::open(&self.url).await?)
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        drop(ctl(&["delete_vhost", &self.name]));
    }
}

/// The broker's process.
pub(crate) fn pid() -> Result<u32> {
    let said = ctl(&["eval", "io:format(\"~s\", [os:getpid()])."])?;
    let digits: String = said.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().context("the broker did not say its process")
}

fn ctl(arguments: &[&str]) -> Result<String> {
    let ctl = std::env::var("FACTEUR_TEST_RABBITMQCTL")?;
    let output = Command::new(ctl).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "rabbitmqctl {arguments:?}: {said}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Declares the lanes and fills them.
pub(crate) async fn publish(queue: &dyn Queue, lanes: &[String], mail: Mailbag) -> Result<()> {
    let ids: Vec<ApplicationId> =
        lanes.iter().map(|lane| ApplicationId::new(lane.as_str())).collect::<Result<_, _>>()?;
    queue.declare(&Topology::for_applications(&ids)).await?;
    let mut publisher = queue.publisher().await?;
    for piece in mail.chunks(1_000) {
        for result in publisher.publish(piece.to_vec()).await {
            result?;
        }
    }
    Ok(())
}

/// Names of lanes.
pub(crate) fn lanes(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("bench:lane:{n:03}")).collect()
}
