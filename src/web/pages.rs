//! What the pages are told by whoever starts them.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use governor::clock::MonotonicClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::SignedDuration;
use moka::sync::Cache;

use super::asker::asker;
use super::sign_in::{HttpFault, Persona, Provider, persona};
use crate::config::{Config, Contact};
use crate::domain::{EnterpriseNumber, PersonId};
use crate::mailbox::PersonKey;

/// Questions "has this company a box?" that one address may ask a minute, of
/// all engines together.
pub(super) const QUESTIONS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);
/// Addresses whose pace is remembered; beyond that those at rest are forgotten.
const ADDRESSES_MAX: usize = 10_000;
const COMPANIES_MAX: u64 = 20_000;
/// Digits of a national number (Royal Decree of 3 April 1984, article 1).
const NATIONAL_DIGITS: usize = 11;

type Pace = RateLimiter<
    IpAddr,
    HashMapStateStore<IpAddr>,
    MonotonicClock,
    governor::middleware::NoOpMiddleware<std::time::Instant>,
>;

/// What the pages know besides the ledger.
pub struct Pages {
    pub(super) provider: Option<Provider>,
    pub(super) personas: Vec<Persona>,
    pub(super) contact: Contact,
    /// Whether this installation sends mail at all.
    pub(super) sends_notices: bool,
    pub(super) base_url: String,
    pub(super) is_secure: bool,
    pub(super) session_idle: SignedDuration,
    pub(super) session_life: SignedDuration,
    /// Names of companies, kept for a minute.
    pub(super) companies: Cache<EnterpriseNumber, String>,
    person_key: Option<PersonKey>,
    issuer: String,
    questions: Pace,
    proxies: Vec<IpAddr>,
}

/// The pages cannot be served like this.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// Without proof of who somebody is, only this machine may ask.
    #[error("personas are for this machine alone: web.listen {0} is no loopback address")]
    NotLoopback(SocketAddr),
    /// No client for the identity provider can be made.
    #[error("the identity provider cannot be asked")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<HttpFault> for PagesError {
    fn from(fault: HttpFault) -> Self {
        Self::Client(Box::new(fault))
    }
}

impl Pages {
    /// As the configuration says; `personas` only in a demonstration.
    ///
    /// # Errors
    /// `NotLoopback` where personas would be served to others than this
    /// machine.
    pub fn new(config: &Config, personas: Vec<Persona>) -> Result<Self, PagesError> {
        let listen = config.web.listen;
        if !personas.is_empty() && !listen.ip().is_loopback() {
            return Err(PagesError::NotLoopback(listen));
        }
        let settings = config.sign_in.clone();
        let provider = match settings.issuer.is_empty() || !personas.is_empty() {
            true => None,
            false => Some(Provider::new(settings.clone())?),
        };
        let key = settings.person_key.reveal();
        let quota = Quota::per_minute(QUESTIONS_PER_MINUTE);
        let store = HashMapStateStore::default();
        let proxies = config.web.proxies.split_whitespace();
        Ok(Self {
            provider,
            personas,
            contact: config.contact.clone(),
            sends_notices: !config.notices.host.is_empty(),
            base_url: settings.base_url.clone(),
            is_secure: is_secure(config),
            session_idle: SignedDuration::from_mins(i64::from(settings.idle_minutes)),
            session_life: SignedDuration::from_hours(i64::from(settings.life_hours)),
            companies: Cache::builder()
                .max_capacity(COMPANIES_MAX)
                .time_to_live(Duration::from_secs(60))
                .build(),
            person_key: (!key.is_empty()).then(|| PersonKey::new(key.as_bytes())),
            issuer: settings.issuer.clone(),
            questions: RateLimiter::new(quota, store, MonotonicClock),
            proxies: proxies.filter_map(|address| address.parse().ok()).collect(),
        })
    }

    /// Whether a request to this host may be answered at all.
    pub(super) fn admits(&self, host: Option<&str>) -> bool {
        self.personas.is_empty() || persona::is_loopback(host)
    }

    /// What addresses of this site begin with, as the caller reached it; nothing
    /// for one that names no host.
    pub(super) fn origin(&self, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let scheme = if self.is_secure { "https" } else { "http" };
        host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
    }

    /// Takes one question of who asks from an address, if it was not asked too
    /// often from there; `weight` is what it takes of the pace.
    pub(super) fn may_ask(&self, peer: IpAddr, headers: &HeaderMap, weight: NonZeroU32) -> bool {
        let address = asker(peer, headers, &self.proxies);
        if self.questions.len() > ADDRESSES_MAX {
            self.questions.retain_recent();
        }
        matches!(self.questions.check_key_n(&address, weight), Ok(Ok(())))
    }

    /// Whether persons are known by keyed hashes: whatever the registry would
    /// know them by otherwise is not to be kept anywhere.
    pub(super) fn is_keyed(&self) -> bool {
        self.person_key.is_some()
    }

    /// The id under which the registry knows whom the provider, or an access
    /// manager, calls so: with `sign_in.person_key`, a keyed hash.
    pub(super) fn person_id(&self, subject: &str) -> Option<PersonId> {
        match &self.person_key {
            Some(key) => Some(key.person(&self.issuer, &plain_number(subject))),
            None => PersonId::new(subject).ok(),
        }
    }
}

/// A national number as providers write it, however people do: 11 digits, in
/// print apart by `.`, `-` and spaces. Anything else stays as it is.
fn plain_number(subject: &str) -> Cow<'_, str> {
    let is_written = subject.chars().all(|c| c.is_ascii_digit() || ".-/ ".contains(c));
    let digits: String = subject.chars().filter(char::is_ascii_digit).collect();
    if is_written && digits.len() == NATIONAL_DIGITS { digits.into() } else { subject.into() }
}

/// Whether we are reached over TLS: our own, or that of a proxy before us.
fn is_secure(config: &Config) -> bool {
    let has_tls = !config.web.tls_certificate.as_os_str().is_empty();
    has_tls || config.sign_in.base_url.starts_with("https://")
}

/// Our own scripts, styles and pictures; documents in frames of our own; forms
/// to ourselves alone, also where an answer leads on.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; frame-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::plain_number;

    #[test]
    fn a_national_number_is_one_however_it_is_written() {
        for written in ["90010112345", "90.01.01-123.45", "90 01 01 123 45", "900101-12345"] {
            assert_eq!(plain_number(written), "90010112345");
        }
        for other in ["demo-emma", "9001011234", "a90010112345", "248289761001"] {
            assert_eq!(plain_number(other), other);
        }
    }
}
