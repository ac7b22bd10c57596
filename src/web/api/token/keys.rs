//! The issuer's public keys: fetched, kept for a while, and fetched again when
//! a token names one that is not among them, at a bounded pace.

use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::clock::MonotonicClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJsonWebKeyUse};
use openidconnect::http::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::TokenFault;
use crate::config::Api;
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use crate::web::sign_in::Http;

/// How long keys are taken as they were.
const KEPT: SignedDuration = SignedDuration::from_mins(10);
/// How long they are while the issuer does not answer.
const KEPT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Tokens with invented keys must not make us flood the issuer.
const FETCHES_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
const FETCH_EVERY: Duration = Duration::from_secs(10);

type Pace = RateLimiter<
    NotKeyed,
    InMemoryState,
    MonotonicClock,
    governor::middleware::NoOpMiddleware<std::time::Instant>,
>;

#[derive(Clone)]
struct Known {
    at: Timestamp,
    keys: Arc<CoreJsonWebKeySet>,
}

/// The part of an issuer's configuration that is read.
#[derive(Deserialize)]
struct Published {
    issuer: String,
    jwks_uri: String,
}

/// The keys of one issuer.
pub(super) struct Keys {
    http: Http,
    issuer: String,
    url: String,
    known: RwLock<Option<Known>>,
    fetching: tokio::sync::Mutex<()>,
    pace: Pace,
}

impl Keys {
    pub(super) fn new(api: &Api, http: Http) -> Self {
        let quota = Quota::with_period(FETCH_EVERY).unwrap_or(Quota::per_minute(FETCHES_AT_ONCE));
        let quota = quota.allow_burst(FETCHES_AT_ONCE);
        Self {
            http,
            issuer: api.issuer.clone(),
            url: api.keys_url.clone(),
            known: RwLock::new(None),
            fetching: tokio::sync::Mutex::new(()),
            pace: RateLimiter::direct_with_clock(quota, MonotonicClock),
        }
    }

    /// The keys that a token may be signed with: the one it names, or all.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<CoreJsonWebKey>, TokenFault> {
        let known = self.current(now).await?;
        let found = matching(&known.keys, id);
        if !found.is_empty() || known.at == now {
            return Ok(found);
        }
        let fresh = self.fetch(Some(&known), now).await?;
        Ok(matching(&fresh.keys, id))
    }

    /// The same, asked for again at the pace of unknown ones: none where nothing
    /// new is known.
    pub(super) async fn find_anew(
        &self,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<CoreJsonWebKey>, TokenFault> {
        let known = self.current(now).await?;
        if known.at == now {
            return Ok(Vec::new());
        }
        let fresh = self.fetch(Some(&known), now).await?;
        Ok(matching(&fresh.keys, id))
    }

    /// Those that are known and young, without asking for any.
    pub(super) fn held(&self, now: Timestamp) -> Option<Arc<CoreJsonWebKeySet>> {
        let known = self.known().filter(|known| now.duration_since(known.at) < KEPT);
        known.map(|known| known.keys)
    }

    async fn current(&self, now: Timestamp) -> Result<Known, TokenFault> {
        let known = self.known();
        let age = |known: &Known| now.duration_since(known.at);
        if let Some(known) = known.clone().filter(|known| age(known) < KEPT) {
            return Ok(known);
        }
        let fetched = self.fetch(known.as_ref(), now).await;
        fetched.or_else(|fault| known.filter(|known| age(known) < KEPT_MAX).ok_or(fault))
    }

    /// Fetches once for all who wait; beyond the pace, what is known stands.
    async fn fetch(&self, old: Option<&Known>, now: Timestamp) -> Result<Known, TokenFault> {
        let _one_at_a_time = self.fetching.lock().await;
        let known = self.known();
        let is_old = |known: &Known| old.is_some_and(|old| old.at == known.at);
        if let Some(known) = known.clone().filter(|known| !is_old(known)) {
            return Ok(known);
        }
        if self.pace.check().is_err() {
            return known.ok_or(TokenFault::Away);
        }
        let keys = self.ask().await?;
        // The same ones stay what they are: what was checked with them stands.
        let same = known.filter(|known| *known.keys == keys).map(|known| known.keys);
        let fresh = Known { at: now, keys: same.unwrap_or_else(|| Arc::new(keys)) };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        Ok(fresh)
    }

    async fn ask(&self) -> Result<CoreJsonWebKeySet, TokenFault> {
        if !self.url.is_empty() {
            return self.get(&self.url).await;
        }
        let issuer = self.issuer.trim_end_matches('/');
        let published: Published =
            self.get(&format!("{issuer}/.well-known/openid-configuration")).await?;
        if published.issuer != self.issuer {
            tracing::warn!(issuer = self.issuer, "api.issuer is not who answers there");
            return Err(TokenFault::Away);
        }
        self.get(&published.jwks_uri).await
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, TokenFault> {
        let request = Request::get(url).header("accept", "application/json").body(Vec::new());
        let request = request.map_err(|_| TokenFault::Away)?;
        let answer = self.http.ask(request).await.map_err(|fault| away(&fault))?;
        serde_json::from_slice(answer.body()).map_err(|fault| away(&fault))
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Counts and logs that the issuer is away.
pub(super) fn away(fault: &(dyn std::error::Error + 'static)) -> TokenFault {
    measure::error("api", "issuer");
    tracing::warn!(error = %chain(fault), "the issuer of tokens did not answer");
    TokenFault::Away
}

fn matching(keys: &CoreJsonWebKeySet, id: Option<&str>) -> Vec<CoreJsonWebKey> {
    let is_for_signing =
        |key: &CoreJsonWebKey| key.key_use().is_none_or(|it| *it == CoreJsonWebKeyUse::Signature);
    let is_named = |key: &CoreJsonWebKey| {
        id.is_none_or(|id| key.key_id().is_some_and(|known| known.as_str() == id))
    };
    let found = keys.keys().iter().filter(|key| is_for_signing(key) && is_named(key));
    found.cloned().collect()
}
