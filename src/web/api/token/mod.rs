//! Bearer tokens (RFC 6750): what proves a program that asks.
//!
//! A signed token (JWT, RFC 9068) is checked here against the issuer's public
//! keys; any other text is asked about at the issuer (RFC 7662), where that is
//! configured. Neither tokens nor claims are ever logged.

mod authority;
mod claims;
mod introspect;
mod jws;
mod keys;
mod proven;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use serde_json::{Map, Value};

pub(in crate::web) use authority::{Authority, Scope};

use crate::config::Config;
use crate::domain::Digest;
use crate::mailbox::PersonKey;
use crate::web::PagesError;
use crate::web::sign_in::{Http, HttpFault};
use authority::Names;
use claims::Expected;
use introspect::Introspection;
use jws::Jws;
use keys::Keys;
use proven::{Kept, Proven};

const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Longer than any token with the claims that are read here.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// A token that no issuer gave.
const NOBODYS: &str = "nobodys-token";

/// The issuer of tokens is not as `[api]` says.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// No client for HTTP can be made.
    #[error("no client for the issuer of tokens can be made")]
    Client(#[source] PagesError),
    /// It does not answer, or another does, or without keys.
    #[error("the issuer of tokens did not answer with its keys, or not to a question of a token")]
    Answer,
}

/// Asks the issuer that `[api]` names; nothing where it names none.
///
/// # Errors
/// When it does not answer as it is configured.
pub async fn prove_issuer(config: &Config, now: Timestamp) -> Result<(), IssuerError> {
    let tokens = Tokens::new(config).map_err(|fault| IssuerError::Client(fault.into()))?;
    match tokens {
        Some(tokens) => tokens.prove(now).await.map_err(|_| IssuerError::Answer),
        None => Ok(()),
    }
}

/// Why a token proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::web) enum TokenFault {
    /// It is not what is expected; says why, for the client's engineer.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The issuer did not answer, so nothing is known of it.
    #[error("the issuer of tokens did not answer")]
    Away,
}

pub(super) type Claims = Map<String, Value>;

/// The issuer that the configuration names, and how its tokens are read.
pub(super) struct Tokens {
    keys: Keys,
    introspection: Option<Introspection>,
    algorithms: Vec<CoreJwsSigningAlgorithm>,
    expected: Expected,
    names: Names,
    proven: Proven,
}

impl Tokens {
    /// Of `[api]`; none where no issuer is set. Nothing is asked yet.
    ///
    /// # Errors
    /// When no client for HTTP can be made.
    pub(super) fn new(config: &Config) -> Result<Option<Self>, HttpFault> {
        let api = &config.api;
        if api.issuer.is_empty() {
            return Ok(None);
        }
        let introspection = match api.introspection_url.is_empty() {
            true => None,
            false => Some(Introspection::new(api, Http::new(ANSWER_MAX)?)),
        };
        let known = |name: &str| serde_json::from_value(Value::from(name)).ok();
        let person_key = config.sign_in.person_key.reveal();
        Ok(Some(Self {
            keys: Keys::new(api, Http::new(ANSWER_MAX)?),
            introspection,
            algorithms: api.algorithms.split_whitespace().filter_map(known).collect(),
            expected: Expected::new(api),
            names: Names {
                api: api.clone(),
                person_key: (!person_key.is_empty()).then(|| PersonKey::new(person_key.as_bytes())),
            },
            proven: Proven::default(),
        }))
    }

    /// Whether the issuer answers as it is configured: with keys, and, where it
    /// is asked about tokens, with a word on one that is nobody's.
    async fn prove(&self, now: Timestamp) -> Result<(), TokenFault> {
        if self.keys.find(None, now).await?.is_empty() {
            return Err(TokenFault::Away);
        }
        match &self.introspection {
            Some(introspection) => introspection.claims(NOBODYS).await.map(drop),
            None => Ok(()),
        }
    }

    /// What a token proves that was proven before, and still is.
    pub(super) fn known(&self, token: &str, now: Timestamp) -> Option<Authority> {
        let digest = Digest::of(token.as_bytes());
        let signed = self.keys.held(now).and_then(|keys| self.proven.find(digest, &keys));
        if let Some(kept) = signed {
            let is_in_force = self.expected.check_signed(&kept.claims, now).is_ok();
            return is_in_force.then(|| kept.authority.clone());
        }
        let claims = self.introspection.as_ref()?.known(digest)?;
        self.expected.check_introspected(&claims, now).ok()?;
        self.names.authority(&claims).ok()
    }

    /// What a token proves.
    pub(super) async fn authority(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Authority, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::Invalid("it is too long"));
        }
        let Some(jws) = Jws::parse(token) else {
            return self.names.authority(&self.opaque(token, now).await?);
        };
        // Those of before the check: fresher ones only end what is kept early.
        let keys = self.keys.held(now);
        let claims = self.signed(jws, now).await?;
        let authority = self.names.authority(&claims)?;
        if let Some(keys) = keys {
            let kept = Kept::new(keys, claims, authority.clone());
            self.proven.keep(Digest::of(token.as_bytes()), kept);
        }
        Ok(authority)
    }

    async fn signed(&self, jws: Jws<'_>, now: Timestamp) -> Result<Claims, TokenFault> {
        let Some(algorithm) = self.algorithms.iter().find(|known| jws.is_by(known)) else {
            return Err(TokenFault::Invalid("its algorithm is not one that is taken"));
        };
        let is_right =
            |keys: &[CoreJsonWebKey]| keys.iter().any(|key| jws.is_signed_with(key, algorithm));
        let keys = self.keys.find(jws.key_id(), now).await?;
        if keys.is_empty() {
            return Err(TokenFault::Invalid("its key is unknown"));
        }
        // An issuer may put another key under the name of an old one.
        if !is_right(&keys) && !is_right(&self.keys.find_anew(jws.key_id(), now).await?) {
            return Err(TokenFault::Invalid("its signature is wrong"));
        }
        self.expected.check_signed(&jws.claims, now)?;
        Ok(jws.claims)
    }

    async fn opaque(&self, token: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let Some(introspection) = &self.introspection else {
            return Err(TokenFault::Invalid("it is no signed token"));
        };
        let claims = introspection.claims(token).await?;
        self.expected.check_introspected(&claims, now)?;
        Ok(claims)
    }
}

/// The scopes of a token: `scope` (RFC 8693), or `scp` of some providers.
fn scopes(claims: &Claims) -> BTreeSet<&str> {
    ["scope", "scp"]
        .into_iter()
        .filter_map(|name| claims.get(name))
        .flat_map(|value| match value {
            Value::String(text) => text.split_whitespace().collect::<Vec<_>>(),
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        })
        .collect()
}
