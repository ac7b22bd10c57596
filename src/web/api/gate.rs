//! Who may come in to the REST interface, and how often.

use std::num::NonZeroU32;

use axum::http::header::{self, AUTHORIZATION};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use governor::clock::{Clock as _, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::Timestamp;

use super::token::{Authority, Scope, TokenFault, Tokens};
use crate::config::{Api, Config};
use crate::web::problem::BEARER;
use crate::web::sign_in::HttpFault;
use crate::web::{PagesError, Problem};

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
        Ok(Self {
            tokens,
            settings: config.api.clone(),
            pace: RateLimiter::new(quota, store, MonotonicClock),
            clock: MonotonicClock,
        })
    }

    /// Takes one request of a client, if it has not asked too often.
    ///
    /// # Errors
    /// 429, with how long to wait.
    pub(in crate::web) fn keep_pace(&self, client: &str) -> Result<(), Problem> {
        if self.pace.len() > CLIENTS_MAX {
            self.pace.retain_recent();
        }
        let answer = self.pace.check_key(&client.to_owned());
        answer.map_err(|not_yet| Problem::too_fast(not_yet.wait_time_from(self.clock.now())))
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
        let (Some(token), Some(tokens)) = (bearer(parts), &self.tokens) else { return Ok(None) };
        let authority = tokens.authority(token, now).await.map_err(|fault| match fault {
            TokenFault::Invalid(_) => invalid(fault.to_string()),
            TokenFault::Away => Problem::unavailable(),
        })?;
        self.keep_pace(&authority.client)?;
        match authority.scopes.contains(&scope) {
            true => Ok(Some(authority)),
            false => Err(self.out_of_scope(scope)),
        }
    }

    fn out_of_scope(&self, scope: Scope) -> Problem {
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
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
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
