//! Over REST: `/printers/<printer>/…`, under the printer's key.

use std::time::Duration;

use serde::Deserialize;
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
    /// Whether the last question brought something: then the next is asked at
    /// once.
    is_busy: bool,
}

/// What a claim answers: CloudEvents, as they stand in a queue.
#[derive(Deserialize)]
struct Offer {
    items: Vec<Value>,
}

impl Rest {
    /// The way over REST, below the engine's address.
    #[must_use]
    pub fn new(base: Url, printer: &str, key: String) -> Self {
        Self { link: Link::new(), base, printer: printer.to_owned(), key, is_busy: true }
    }

    pub(super) async fn wait(&mut self) {
        if !self.is_busy {
            tokio::time::sleep(ASK).await;
        }
    }

    pub(super) async fn take(&mut self, max: usize) -> Vec<Given> {
        let offer: Result<Offer, LinkError> = self.post("claim", json!({ "max": max })).await;
        let items = offer.map(|offer| offer.items).unwrap_or_else(|error| {
            warn!(error = %chain(&error), "no tickets; trying again");
            Vec::new()
        });
        self.is_busy = !items.is_empty();
        let given = |item: Value| Given { word: read(item.to_string().as_bytes()), tag: None };
        items.into_iter().map(given).collect()
    }

    pub(super) async fn say(&mut self, said: &[Said]) -> Result<(), EngineError> {
        let (mut reports, mut heartbeat) = (Vec::new(), None);
        for it in said {
            match it {
                Said::Report(event) => reports.push(serde_json::to_value(event)?),
                Said::Heartbeat(event) => heartbeat = Some(serde_json::to_value(event)?),
            }
        }
        if !reports.is_empty() {
            let _: Value = self.post("events", Value::Array(reports)).await?;
        }
        if let Some(heartbeat) = heartbeat {
            let _: Value = self.post("heartbeat", heartbeat).await?;
        }
        Ok(())
    }

    async fn post<A>(&self, what: &str, content: Value) -> Result<A, LinkError>
    where
        A: serde::de::DeserializeOwned + Send + 'static,
    {
        let base = self.base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}/printers/{}/{what}", self.printer));
        let url = url.map_err(|error| LinkError::Away(error.to_string()))?;
        let (link, key) = (self.link.clone(), self.key.clone());
        let answer = tokio::task::spawn_blocking(move || link.post(&url, &key, &content)).await;
        answer.unwrap_or_else(|error| Err(LinkError::Away(error.to_string())))
    }
}
