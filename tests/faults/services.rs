//! The services that everything stands on: what `./dev faults` started, and
//! how it is broken and mended.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use tokio::task::spawn_blocking;

use crate::relay::Relay;

/// Where the services are.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) home: PathBuf,
    pub(crate) postgres: url::Url,
    /// The library that moves a process's clock.
    pub(crate) clock: PathBuf,
    dev: PathBuf,
    nodes: Vec<u16>,
}

impl Services {
    /// As the environment names them.
    pub(crate) fn from_environment() -> Result<Self> {
        let variable = |name: &str| {
            let name = format!("FACTEUR_FAULTS_{name}");
            std::env::var(&name).with_context(|| format!("{name}: run this by ./dev faults"))
        };
        let ports = variable("NODES")?;
        let nodes: Result<Vec<u16>, _> = ports.split_whitespace().map(str::parse).collect();
        Ok(Self {
            home: variable("HOME")?.into(),
            postgres: variable("POSTGRES_URL")?.parse()?,
            clock: variable("CLOCK")?.into(),
            dev: variable("DEV")?.into(),
            nodes: nodes?,
        })
    }

    /// A disk that can be full.
    pub(crate) fn disk(&self, name: &str) -> PathBuf {
        match name {
            "ledger" => self.home.join("postgres/data"),
            name => self.home.join("disks").join(name),
        }
    }

    /// `kill`, `start`, `stop` or `continue` one of them.
    pub(crate) async fn act(&self, action: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.dev);
        command.args(["faults", "service", action]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let output = spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{action} {arguments:?}: {said}");
        Ok(())
    }

    /// The address of a node.
    pub(crate) fn broker(&self) -> Result<url::Url> {
        let port = self.nodes.first().context("no node")?;
        Ok(format!("amqp://guest:guest@127.0.0.1:{port}/%2f").parse()?)
    }

    pub(crate) fn node_count(&self) -> usize {
        self.nodes.len()
    }
}

/// Which broker nodes are up, as those who balance connections over them know.
#[derive(Clone)]
pub(crate) struct Cluster {
    services: Services,
    away: Arc<Mutex<Option<usize>>>,
    relays: Arc<Vec<Arc<Relay>>>,
}

impl Cluster {
    pub(crate) fn new(services: Services, relays: Vec<Arc<Relay>>) -> Self {
        let cluster = Self { services, away: Arc::default(), relays: Arc::new(relays) };
        cluster.tell();
        cluster
    }

    /// Leads new connections elsewhere.
    pub(crate) fn loses(&self, node: Option<usize>) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = node;
        self.tell();
    }

    /// Every relay begins with another node, so that connections are spread.
    fn tell(&self) {
        let away = *self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.services.nodes.len();
        for (first, relay) in self.relays.iter().enumerate() {
            let nodes = (0..count).map(|n| (first + n) % count).filter(|n| Some(*n) != away);
            let ports = nodes.filter_map(|n| self.services.nodes.get(n));
            relay.aim(ports.map(|port| format!("127.0.0.1:{port}")).collect());
        }
    }
}

/// Takes all the room there is on a disk.
pub(crate) async fn fill(disk: &Path) -> Result<()> {
    let ballast = disk.join("ballast");
    spawn_blocking(move || {
        let mut endless = Command::new("cp");
        let endless = endless.arg("/dev/zero").arg(ballast).stderr(Stdio::null()).status()?;
        ensure!(!endless.success(), "the disk has no end");
        Ok(())
    })
    .await?
}

/// Gives it back.
pub(crate) fn make_room(disk: &Path) -> Result<()> {
    Ok(std::fs::remove_file(disk.join("ballast"))?)
}
