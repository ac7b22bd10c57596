//! Who may come in to the REST interface, and how often.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::header::{self, AUTHORIZATION};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use governor::clock::{Clock as _, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::failures::Failures;
use super::token::{Authority, Scope, TokenFault, Tokens};
use crate::clock::Clock;
use crate::config::{Api, Config};
use crate::ledger::Ledger;
use crate::telemetry::measure;
use crate::web::asker::asker;
use crate::web::problem::BEARER;
use crate::web::sign_in::HttpFault;
use crate::web::{PagesError, Problem};

/// How often the engines are counted.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Clients whose pace is remembered; beyond that those at rest are forgotten.
const CLIENTS_MAX: usize = 10_000;

type Pace = RateLimiter<
    String,
    HashMapStateStore<String>,
    MonotonicClock,
    governor::middleware::NoOpMiddleware<std::time::Instant>,
>;

/// Proves programs that ask, and keeps each to its pace.
pub struct Gate {
    tokens: Option<Tokens>,
    pub(in crate::web) settings: Api,
    pace: Pace,
    clock: MonotonicClock,
    failures: Failures,
    proxies: Vec<IpAddr>,
    /// How many are alive; 0 is one that does not know yet.
    engines: AtomicU32,
}

impl Gate {
    /// As `[api]` says.
    ///
    /// # Errors
    /// When no client for the issuer of tokens can be made.
    pub fn new(config: &Config) -> Result<Self, PagesError> {
        let tokens = Tokens::new(config).map_err(|fault: HttpFault| PagesError::from(fault))?;
        let rate = NonZeroU32::new(config.api.requests_per_second).unwrap_or(NonZeroU32::MIN);
        let (quota, store) = (Quota::per_second(rate), HashMapStateStore::default());
        let proxies = config.web.proxies.split_whitespace();
        Ok(Self {
            tokens,
            settings: config.api.clone(),
            pace: RateLimiter::new(quota, store, MonotonicClock),
            clock: MonotonicClock,
            failures: Failures::default(),
            proxies: proxies.filter_map(|address| address.parse().ok()).collect(),
            engines: AtomicU32::new(0),
        })
    }

    /// So many engines are alive: each has its share of every pace.
    pub fn share_among(&self, engines: u32) {
        self.engines.store(engines, Ordering::Relaxed);
    }

    /// Follows how many engines are alive, until `stop`.
    ///
    /// # Errors
    /// None: where the ledger is away, the number stays as it was.
    pub async fn follow(
        self: Arc<Self>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<(), Infallible> {
        while !stop.is_cancelled() {
            match ledger.engines_alive(clock.now()).await {
                Ok(engines) => self.share_among(engines),
                Err(error) => measure::error("api", error.kind()),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        Ok(())
    }

    /// Takes one request of a client, if it has not asked too often.
    ///
    /// # Errors
    /// 429, with how long to wait.
    pub(in crate::web) fn keep_pace(&self, client: &str) -> Result<(), Problem> {
        if self.pace.len() > CLIENTS_MAX {
            self.pace.retain_recent();
        }
        let answer = self.pace.check_key_n(&client.to_owned(), self.weight());
        // What a request weighs is never more than the whole pace.
        let Ok(answer) = answer else { return Ok(()) };
        answer.map_err(|not_yet| Problem::too_fast(not_yet.wait_time_from(self.clock.now())))
    }

    fn weight(&self) -> NonZeroU32 {
        self.weight_of(self.settings.requests_per_second)
    }

    /// What one request takes here of a pace that is that of all engines
    /// together: with three of them, three of it; never more than all of it.
    pub(in crate::web) fn weight_of(&self, pace: u32) -> NonZeroU32 {
        let engines = self.engines.load(Ordering::Relaxed);
        NonZeroU32::new(engines.min(pace)).unwrap_or(NonZeroU32::MIN)
    }

    /// What to answer to a wrong key; 429 where too many came from there.
    pub(in crate::web) fn unproven(&self, parts: &Parts, problem: Problem) -> Problem {
        self.failures.count(self.asker(parts)).map_or_else(Problem::too_fast, |()| problem)
    }

    fn asker(&self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(peer)| peer.ip());
        asker(peer, &parts.headers, &self.proxies)
    }

    /// What the bearer token of a request proves; none where there is no such
    /// token, or nobody is believed to issue any.
    ///
    /// # Errors
    /// 401 for a token that proves nothing, 403 without the scope, 429 beyond
    /// the pace, 503 while its issuer is away.
    pub(in crate::web) async fn bearer(
        &self,
        parts: &Parts,
        scope: Scope,
        now: Timestamp,
    ) -> Result<Option<Authority>, Problem> {
        match self.authority(parts, now).await? {
            Some(authority) if !authority.scopes.contains(&scope) => Err(self.out_of_scope(scope)),
            authority => Ok(authority),
        }
    }

    /// The same, whatever its scopes.
    ///
    /// # Errors
    /// As [`Self::bearer`], but for the scope.
    pub(in crate::web) async fn authority(
        &self,
        parts: &Parts,
        now: Timestamp,
    ) -> Result<Option<Authority>, Problem> {
        let (Some(token), Some(tokens)) = (bearer(parts), &self.tokens) else { return Ok(None) };
        let authority = match tokens.known(token, now) {
            Some(known) => known,
            None => self.proven(tokens, token, self.asker(parts), now).await?,
        };
        self.keep_pace(&authority.client)?;
        Ok(Some(authority))
    }

    /// What a token proves that was not seen before.
    async fn proven(
        &self,
        tokens: &Tokens,
        token: &str,
        asker: IpAddr,
        now: Timestamp,
    ) -> Result<Authority, Problem> {
        self.failures.count(asker).map_err(Problem::too_fast)?;
        let proven = tokens.authority(token, now).await;
        if !matches!(proven, Err(TokenFault::Invalid(_))) {
            self.failures.forgive(asker);
        }
        proven.map_err(|fault| match fault {
            TokenFault::Invalid(_) => invalid(fault.to_string()),
            TokenFault::Away => Problem::unavailable(),
        })
    }

    /// 403, with the scope that is missing.
    pub(in crate::web) fn out_of_scope(&self, scope: Scope) -> Problem {
        let api = &self.settings;
        let name = match scope {
            Scope::Publish => &api.scope_publish,
            Scope::Consume => &api.scope_consume,
            Scope::Print => &api.scope_print,
            Scope::Operate => &api.scope_operate,
        };
        let challenge = format!("{BEARER}, error=\"insufficient_scope\", scope=\"{name}\"");
        let message = format!("the token does not have the scope {name}");
        forbidden("INSUFFICIENT_SCOPE", message).with(header::WWW_AUTHENTICATE, value(&challenge))
    }
}

/// The token of a request (RFC 6750, section 2.1): in the header and nowhere
/// else, where logs and proxies do not look.
fn bearer(parts: &Parts) -> Option<&str> {
    token_of(parts.headers.get(AUTHORIZATION)?)
}

fn token_of(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Whether it is a token that is sent, whatever it is worth.
pub(in crate::web) fn is_bearer(authorization: &HeaderValue) -> bool {
    token_of(authorization).is_some()
}

fn invalid(message: impl Into<String>) -> Problem {
    let challenge = format!("{BEARER}, error=\"invalid_token\"");
    Problem::new(StatusCode::UNAUTHORIZED, "INVALID_TOKEN", message)
        .with(header::WWW_AUTHENTICATE, value(&challenge))
}

/// Proven, and not allowed.
pub(in crate::web) fn forbidden(code: &'static str, message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, message)
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(BEARER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_pace_is_the_total_of_all_engines() {
        for (engines, taken) in [(0, 12), (1, 12), (3, 4), (12, 1), (100, 1)] {
            let keys = [("FACTEUR__API__REQUESTS_PER_SECOND".to_owned(), "12".to_owned())];
            let config = Config::load(None, keys.into_iter()).unwrap();
            let gate = Gate::new(&config).unwrap();
            gate.share_among(engines);
            let passed = (0..20).filter(|_| gate.keep_pace("client").is_ok()).count();
            assert_eq!(passed, taken, "{engines} engines");
            assert!(gate.keep_pace("another").is_ok(), "each client has its own");
        }
    }
}
