//! Tokens that only their issuer can read (RFC 7662). What it says of one is
//! kept for a moment, under the token's digest.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use moka::sync::Cache;
use openidconnect::http::Request;
use tokio::sync::Semaphore;

use super::keys::away;
use super::{Claims, TokenFault};
use crate::config::Api;
use crate::domain::Digest;
use crate::web::sign_in::Http;

const KEPT_MAX: u64 = 10_000;
/// Questions at the same time: invented tokens must not flood the issuer.
const ASKED_MAX: usize = 16;
/// How long a question waits for its turn.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Where opaque tokens are asked about.
pub(super) struct Introspection {
    http: Http,
    url: String,
    authorization: String,
    answers: Cache<Digest, Claims>,
    places: Semaphore,
}

impl Introspection {
    pub(super) fn new(api: &Api, http: Http) -> Self {
        let encode =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let id = encode(&api.introspection_client_id);
        let secret = encode(api.introspection_client_secret.reveal());
        let kept = Duration::from_secs(u64::from(api.introspection_kept_secs));
        Self {
            http,
            url: api.introspection_url.clone(),
            authorization: format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))),
            answers: Cache::builder().max_capacity(KEPT_MAX).time_to_live(kept).build(),
            places: Semaphore::new(ASKED_MAX),
        }
    }

    /// What it said of a token a moment ago.
    pub(super) fn known(&self, token: Digest) -> Option<Claims> {
        self.answers.get(&token)
    }

    /// What the issuer says of a token.
    pub(super) async fn claims(&self, token: &str) -> Result<Claims, TokenFault> {
        let digest = Digest::of(token.as_bytes());
        if let Some(known) = self.known(digest) {
            return Ok(known);
        }
        let place = tokio::time::timeout(PLACE_WAIT_MAX, self.places.acquire()).await;
        let _place = place.map_err(|fault| away(&fault))?;
        let claims = self.ask(token).await?;
        self.answers.insert(digest, claims.clone());
        Ok(claims)
    }

    async fn ask(&self, token: &str) -> Result<Claims, TokenFault> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        let request = Request::post(&self.url)
            .header("authorization", &self.authorization)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body.into_bytes());
        let request = request.map_err(|fault| away(&fault))?;
        let answer = self.http.ask(request).await.map_err(|fault| away(&fault))?;
        if !answer.status().is_success() {
            tracing::warn!(status = answer.status().as_u16(), "tokens cannot be asked about");
            return Err(TokenFault::Away);
        }
        serde_json::from_slice(answer.body()).map_err(|fault| away(&fault))
    }
}
