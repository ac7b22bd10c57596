//! HTTP, as a printer speaks it: fetching packages, and the REST interface for
//! printers that do not consume a queue. Blocking; callers put it aside.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};
use url::Url;

use super::package::PACKAGE_BYTES_MAX;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// From the request to the last byte: 40 MiB at 3 Mbit/s, and some.
const ALL_MAX: Duration = Duration::from_secs(120);
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
const WORDS_MAX: usize = 300;

/// A client.
#[derive(Clone)]
pub struct Link {
    agent: Agent,
}

/// What became of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The package, and with it the claim.
    Package(Vec<u8>),
    /// The job is not ours to print: cancelled, moved, claimed by another, or
    /// the link is none. In the engine's words.
    Refused(String),
}

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody answered, or not in time, or with "later": worth another try.
    #[error("no answer: {0}")]
    Away(String),
    /// The answer broke off.
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    /// The engine says no.
    #[error("refused with {status}: {words}")]
    Refused {
        /// The status.
        status: u16,
        /// The beginning of what it said.
        words: String,
    },
}

impl Link {
    /// A client that trusts the machine's certificates.
    #[must_use]
    pub fn new() -> Self {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<Certificate<'static>> =
            roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&roots))
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_global(Some(ALL_MAX))
            .http_status_as_error(false)
            // The signature is for this address and no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("facteur-printer/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: agent.into() }
    }

    /// Fetches the package of a ticket, and so claims its job. Once it has
    /// been claimed, the same claimant is given it again.
    ///
    /// # Errors
    /// `Away` and `BrokenOff`; both are worth another try.
    pub fn fetch(&self, package: &str, claimant: &str) -> Result<Fetched, LinkError> {
        let Ok(mut url) = Url::parse(package) else {
            return Ok(Fetched::Refused(format!("no link: {package:?}")));
        };
        url.query_pairs_mut().append_pair("claimant", claimant);
        let mut answer = self.agent.get(url.as_str()).call().map_err(away)?;
        match refusal(&mut answer) {
            None => Ok(Fetched::Package(body(&mut answer, PACKAGE_BYTES_MAX)?)),
            Some(LinkError::Refused { status, words }) => {
                Ok(Fetched::Refused(format!("{status}: {words}")))
            }
            Some(error) => Err(error),
        }
    }

    /// Posts JSON as a printer (HTTP Basic: its name and key), or gets it where
    /// there is nothing to post, and reads the JSON of the answer.
    ///
    /// # Errors
    /// Each of [`LinkError`]; an answer that is not what was asked for has
    /// broken off.
    pub fn call<A: DeserializeOwned>(
        &self,
        url: &Url,
        (name, key): (&str, &str),
        content: Option<&Value>,
    ) -> Result<A, LinkError> {
        let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{key}")));
        let answer = match content {
            Some(content) => {
                let request = self.agent.post(url.as_str()).header("authorization", basic);
                let request = request.header("content-type", "application/json");
                request.send(content.to_string())
            }
            None => self.agent.get(url.as_str()).header("authorization", basic).call(),
        };
        let mut answer = answer.map_err(away)?;
        if let Some(error) = refusal(&mut answer) {
            return Err(error);
        }
        let bytes = body(&mut answer, ANSWER_BYTES_MAX)?;
        let bytes = if bytes.is_empty() { b"null".to_vec() } else { bytes };
        serde_json::from_slice(&bytes).map_err(broken_off)
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn away(error: ureq::Error) -> LinkError {
    LinkError::Away(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn broken_off(error: impl ToString) -> LinkError {
    LinkError::BrokenOff(error.to_string())
}

/// What an answer says other than yes.
fn refusal(answer: &mut Response<Body>) -> Option<LinkError> {
    let status = answer.status();
    if status.is_success() {
        return None;
    }
    let words = words(answer);
    let is_later = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    Some(if is_later {
        LinkError::Away(format!("{status} {words}"))
    } else {
        LinkError::Refused { status: status.as_u16(), words }
    })
}

fn words(answer: &mut Response<Body>) -> String {
    let text = answer.body_mut().with_config().limit(16 * 1024).read_to_string();
    let text = text.unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_MAX).collect()
}

fn body(answer: &mut Response<Body>, bytes_max: u64) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    let reader = answer.body_mut().with_config().limit(bytes_max + 1).reader();
    reader.take(bytes_max).read_to_end(&mut bytes).map_err(broken_off)?;
    Ok(bytes)
}
