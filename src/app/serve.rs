//! What an engine serves over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{App, machine};
use crate::intake::Intake;
use crate::lifecycle::Lifecycle;
use crate::mailbox::Mailbox;
use crate::paper::office::Office;
use crate::search::Search;
use crate::telemetry;
use crate::web::{self, Backstage, Bounds, Gate, Pages, Programs, Readiness, Web};

impl App {
    pub(super) fn serve_web(
        &self,
        listener: TcpListener,
        (office, intake): (Arc<Office>, Arc<Intake>),
        search: Option<Search>,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<()> {
        let pages = Pages::new(&self.config, self.personas.clone());
        let pages = pages.context("failed to prepare the pages")?;
        let stop = lifecycle.soft().clone();
        let readiness = self.readiness(stop.clone());
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let documents = self.documents.clone();
        let mailbox = Mailbox::new(Arc::clone(&ledger), search, documents.clone(), clock);
        let gate = Gate::new(&self.config).context("failed to prepare the REST interface")?;
        let gate = Arc::new(gate);
        let following = Arc::clone(&gate).follow(Arc::clone(&self.ledger), machine(), stop.clone());
        lifecycle.spawn("web share", following);
        let tls = web::acceptor(&self.config.web).context("failed to prepare TLS")?;
        let programs = Programs { gate: Arc::clone(&gate), intake };
        let backstage = Backstage { intake: self.intake(), printers: Arc::clone(&self.printers) };
        let web = Web::new(ledger, documents, machine(), readiness, pages, mailbox, programs)
            .with_console(backstage);
        let lease = SignedDuration::from_mins(i64::from(self.config.paper.lease_minutes));
        let bounds = Bounds::of(&self.config.web);
        let router = web::router(web).merge(web::printers_router(office, lease, gate));
        lifecycle.spawn("web", web::serve_over(tls, listener, router, bounds, stop));
        Ok(())
    }

    pub(super) async fn serve_metrics(
        &self,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<SocketAddr> {
        let listener = bind("metrics.listen", self.config.metrics.listen).await?;
        let address = listener.local_addr()?;
        let router = web::metrics_router(telemetry.clone());
        let bounds = Bounds::of(&self.config.web);
        lifecycle.spawn("metrics", web::serve(listener, router, bounds, lifecycle.soft().clone()));
        Ok(address)
    }

    fn readiness(&self, stopping: CancellationToken) -> Readiness {
        let (ledger, queue) = (Arc::clone(&self.ledger), Arc::clone(&self.queue));
        let documents = self.documents.clone();
        Readiness::new(stopping)
            .with("ledger", move || {
                let ledger = Arc::clone(&ledger);
                async move { ledger.ping().await }
            })
            .with("queue", move || {
                let queue = Arc::clone(&queue);
                async move { queue.ping().await }
            })
            .with("documents", move || {
                let documents = documents.clone();
                async move { documents.ping().await }
            })
    }
}

pub(super) async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("failed to listen on {key} {address}"))?;
    // With port 0 the system chose the port, and nobody else would know it.
    info!(key, address = %listener.local_addr()?, "listening");
    Ok(listener)
}
