//! Over REST: `/printers/<printer>/…`, under the printer's key.

use std::time::Duration;

use serde_json::{Value, json};
use tracing::warn;
use url::Url;

use super::{EngineError, Given, Said, read};
use crate::print_room::link::{Link, LinkError};
use crate::telemetry::log::chain;

/// Between two questions that brought nothing.
const ASK: Duration = Duration::from_secs(1);

/// The printers' interface of an engine.
pub struct Rest {
    link: Link,
    base: Url,
    printer: String,
    key: String,
    /// This room's name among those of its printer.
    claimant: String,
    /// Whether the last question brought something: then the next is asked at
    /// once.
    is_busy: bool,
    /// What was leased before and is still to be worked on.
    kept: Vec<Given>,
}

impl Rest {
    /// The way over REST, below the engine's address.
    #[must_use]
    pub fn new(base: Url, printer: &str, key: String) -> Self {
        let (link, claimant) = (Link::new(), printer.to_owned());
        Self {
            link,
            base,
            printer: printer.to_owned(),
            key,
            claimant,
            is_busy: true,
            kept: Vec::new(),
        }
    }

    pub(super) fn introduce(&mut self, claimant: &str) {
        claimant.clone_into(&mut self.claimant);
    }

    /// Gives something again the next time.
    pub(super) fn keep<'a>(&mut self, given: impl Iterator<Item = &'a Given>) {
        self.kept.extend(given.cloned());
    }

    pub(super) async fn wait(&mut self) {
        if !self.is_busy {
            tokio::time::sleep(ASK).await;
        }
    }

    pub(super) async fn take(&mut self, max: usize) -> Vec<Given> {
        if !self.kept.is_empty() {
            return self.kept.drain(..self.kept.len().min(max)).collect();
        }
        let wanted = json!({ "max": max, "claimant": self.claimant });
        // Each by itself: what is leased is ours, whatever else is answered.
        let tickets = self.ask("leases", Some(wanted)).await;
        let recalls = self.ask("recalls", None).await;
        self.is_busy = !tickets.is_empty();
        let given = |item: Value| Given { word: read(item.to_string().as_bytes()), tag: None };
        tickets.into_iter().chain(recalls).map(given).collect()
    }

    pub(super) async fn say(&mut self, said: &[Said]) -> Result<(), EngineError> {
        let is_alive = said.iter().any(|it| matches!(it, Said::Heartbeat(_)));
        let reports = said.iter().filter_map(|it| match it {
            Said::Report(event) => Some(serde_json::to_value(event)),
            Said::Heartbeat(_) => None,
        });
        let reports: Vec<Value> = reports.collect::<Result<_, _>>()?;
        if !reports.is_empty() {
            let _: Value = self.call("reports", Some(Value::Array(reports))).await?;
        }
        if is_alive {
            let _: Value = self.call("heartbeat", Some(json!({}))).await?;
        }
        Ok(())
    }

    /// What is there now; nothing where nobody answers.
    async fn ask(&self, what: &str, wanted: Option<Value>) -> Vec<Value> {
        self.call(what, wanted).await.unwrap_or_else(|error| {
            warn!(what, error = %chain(&error), "no answer; asking again");
            Vec::new()
        })
    }

    /// Posts something, or asks for it where there is nothing to post.
    async fn call<A>(&self, what: &str, content: Option<Value>) -> Result<A, LinkError>
    where
        A: serde::de::DeserializeOwned + Send + 'static,
    {
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/printers/{}/{what}", self.printer));
        let url = url.map_err(|error| LinkError::Away(error.to_string()))?;
        let (link, name, key) = (self.link.clone(), self.printer.clone(), self.key.clone());
        let call = move || link.call(&url, (&name, &key), content.as_ref());
        let answer = tokio::task::spawn_blocking(call).await;
        answer.unwrap_or_else(|error| Err(LinkError::Away(error.to_string())))
    }
}
