//! The identity provider: OpenID Connect, authorization code with PKCE.
//!
//! Any provider that publishes its configuration (OpenID Connect Discovery
//! 1.0) will do. What it says about a person is taken from the ID token and,
//! where there is such an endpoint, from `userinfo`; which claim means what is
//! configuration.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthorizationCode, ClaimsVerificationError, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenFields, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, SubjectIdentifier, TokenResponse as _,
    UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::client::{Http, HttpFault};
use crate::config;
use crate::domain::EnterpriseNumber;

/// How long the provider's configuration and keys are taken as they were.
const KEPT: SignedDuration = SignedDuration::from_mins(10);
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Every claim that has no meaning of its own to the library.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct OtherClaims {
    #[serde(flatten)]
    all: HashMap<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type OurClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or not with what OpenID Connect asks for.
    #[error("the identity provider did not answer")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It answered, and what it said does not prove who this is.
    #[error("the identity provider's answer proves nothing: {0}")]
    Unproven(String),
}

/// Asks the provider for its configuration and keys, as the first sign-in does.
///
/// # Errors
/// `Away`, with what is wrong.
pub async fn ask_provider(settings: &config::SignIn, now: Timestamp) -> Result<(), ProviderError> {
    let provider = Provider::new(settings.clone()).map_err(away)?;
    provider.metadata(now).await.map(drop)
}

/// What a browser keeps while it is at the provider.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Comes back with the answer, so that nobody can send a browser here with
    /// an answer of his own.
    pub(super) state: String,
    nonce: String,
    verifier: String,
    /// Where to go then.
    pub(super) to: String,
}

/// Who the provider says it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Identity {
    /// The person's claim, as it came.
    pub(super) subject: String,
    /// Where it says one.
    pub(super) name: Option<String>,
    pub(super) represents: Vec<EnterpriseNumber>,
    pub(super) is_operator: bool,
}

/// The provider that the configuration names.
pub(in crate::web) struct Provider {
    settings: config::SignIn,
    http: Http,
    known: RwLock<Option<(Timestamp, Arc<ProviderMetadataWithLogout>)>>,
}

impl Provider {
    /// Of `[sign_in]`; nothing is asked yet.
    ///
    /// # Errors
    /// When no client for HTTP can be made.
    pub(in crate::web) fn new(settings: config::SignIn) -> Result<Self, HttpFault> {
        Ok(Self { settings, http: Http::new(ANSWER_MAX)?, known: RwLock::new(None) })
    }

    /// Where the browser goes, and what it keeps meanwhile.
    pub(super) async fn start(
        &self,
        to: &str,
        now: Timestamp,
    ) -> Result<(Url, Pending), ProviderError> {
        let client = self.client(&*self.metadata(now).await?)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        for scope in self.settings.scopes.split_whitespace() {
            request = request.add_scope(Scope::new(scope.to_owned()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let pending = Pending {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            to: to.to_owned(),
        };
        Ok((url, pending))
    }

    /// Who came back with a code.
    pub(super) async fn finish(
        &self,
        code: String,
        pending: Pending,
        now: Timestamp,
    ) -> Result<Identity, ProviderError> {
        let metadata = self.metadata(now).await?;
        let client = self.client(&metadata)?;
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(away)?;
        let verifier = PkceCodeVerifier::new(pending.verifier);
        let answer = exchange.set_pkce_verifier(verifier).request_async(&self.http).await;
        let answer = answer.map_err(|error| match error {
            openidconnect::RequestTokenError::ServerResponse(said) => unproven(said),
            other => away(other),
        })?;
        let token = answer.id_token().ok_or_else(|| unproven("there is no ID token"))?;
        let claims = token.claims(&client.id_token_verifier(), &Nonce::new(pending.nonce));
        // Keys that changed meanwhile are asked for again next time.
        let claims = claims.inspect_err(|_| self.forget()).map_err(unproven)?;
        let subject = claims.subject().clone();
        let mut all = map(claims)?;
        all.extend(self.user_info(&client, answer.access_token().clone(), subject).await?);
        self.identity(&all)
    }

    async fn user_info(
        &self,
        client: &OurClient,
        token: AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Map<String, Value>, ProviderError> {
        let Ok(request) = client.user_info(token, Some(subject)) else { return Ok(Map::new()) };
        let answer = request.request_async::<OtherClaims, _, CoreGenderClaim>(&self.http).await;
        map(&answer.map_err(untold)?)
    }

    fn identity(&self, claims: &Map<String, Value>) -> Result<Identity, ProviderError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let claim = &self.settings.person_claim;
        let subject = text(claim).ok_or_else(|| unproven(format!("no claim {claim}")))?;
        let name = text(&self.settings.name_claim).filter(|name| !name.trim().is_empty());
        let represents = numbers(claims.get(&self.settings.represents_claim));
        let operator = claims.get(&self.settings.operator_claim);
        let is_operator = says(operator, &self.settings.operator_value);
        Ok(Identity { subject, name, represents, is_operator })
    }

    /// Where the provider ends its own session, if it can. Which one, it knows
    /// by its own cookie, and who asks by the client's id: a hint of the ID token
    /// is optional (OpenID Connect RP-Initiated Logout 1.0, section 2), and
    /// would have to be kept for as long as the session.
    pub(super) async fn end(&self, now: Timestamp) -> Option<Url> {
        let metadata = self.metadata(now).await.ok()?;
        let end = metadata.additional_metadata().end_session_endpoint.clone()?;
        let back = PostLogoutRedirectUrl::new(format!("{}/", self.settings.base_url)).ok()?;
        let client = ClientId::new(self.settings.client_id.clone());
        let request = LogoutRequest::from(end).set_client_id(client);
        Some(request.set_post_logout_redirect_uri(back).http_get_url())
    }

    async fn metadata(
        &self,
        now: Timestamp,
    ) -> Result<Arc<ProviderMetadataWithLogout>, ProviderError> {
        let known = self.known.read().ok().and_then(|known| known.clone());
        if let Some((_, metadata)) = known.filter(|(at, _)| now.duration_since(*at) < KEPT) {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(away)?;
        let found = ProviderMetadataWithLogout::discover_async(issuer, &self.http).await;
        let found = Arc::new(found.map_err(away)?);
        if let Ok(mut known) = self.known.write() {
            *known = Some((now, Arc::clone(&found)));
        }
        Ok(found)
    }

    fn forget(&self) {
        if let Ok(mut known) = self.known.write() {
            *known = None;
        }
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Result<OurClient, ProviderError> {
        let secret = self.settings.client_secret.reveal();
        let secret = (!secret.is_empty()).then(|| ClientSecret::new(secret.to_owned()));
        let id = ClientId::new(self.settings.client_id.clone());
        let back = format!("{}/sign-in/back", self.settings.base_url);
        let back = RedirectUrl::new(back).map_err(away)?;
        let client = Client::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(back))
    }
}

/// One number, or a list of them; what is none is left out.
fn numbers(claim: Option<&Value>) -> Vec<EnterpriseNumber> {
    let texts = match claim {
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    texts.into_iter().filter_map(|text| text.parse().ok()).collect()
}

/// Whether a claim, a text or a list of them, says a value; the empty one is
/// said by nobody.
fn says(claim: Option<&Value>, wanted: &str) -> bool {
    let is_wanted = |value: &Value| value.as_str() == Some(wanted);
    !wanted.is_empty()
        && match claim {
            Some(Value::Array(several)) => several.iter().any(is_wanted),
            Some(one) => is_wanted(one),
            None => false,
        }
}

fn map(claims: &impl Serialize) -> Result<Map<String, Value>, ProviderError> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(unproven("claims are an object")),
        Err(error) => Err(unproven(error)),
    }
}

fn away(error: impl std::error::Error + Send + Sync + 'static) -> ProviderError {
    ProviderError::Away(Box::new(error))
}

/// Why what the provider tells of a person is not taken. Whom it tells of
/// instead is not repeated: it may be a personal number.
fn untold(error: UserInfoError<HttpFault>) -> ProviderError {
    match error {
        UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(_)) => {
            unproven("it tells of somebody else than it signed in")
        }
        UserInfoError::ClaimsVerification(error) => unproven(error),
        error => away(error),
    }
}

fn unproven(error: impl std::fmt::Display) -> ProviderError {
    ProviderError::Unproven(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_the_provider_tells_of_is_not_repeated() {
        let whom = "expected `85.07.30-033.28` (found `x`)".to_owned();
        let error =
            UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(whom));
        let said = format!("{:?}", untold(error));
        assert!(said.contains("somebody else") && !said.contains("85.07"), "{said}");
    }

    #[test]
    fn companies_are_read_from_one_text_or_a_list() {
        let number: EnterpriseNumber = "0852093431".parse().unwrap();
        for (claim, found) in [
            (serde_json::json!("0852.093.431"), vec![number]),
            (serde_json::json!(["852093431", "0123456789", 7, "x"]), vec![number]),
            (serde_json::json!({"a": 1}), vec![]),
        ] {
            assert_eq!(numbers(Some(&claim)), found, "{claim}");
        }
        assert_eq!(numbers(None), vec![]);
    }

    #[test]
    fn a_role_is_said_by_a_text_or_in_a_list_and_never_by_default() {
        for (claim, is_said) in [
            (serde_json::json!("facteur-operator"), true),
            (serde_json::json!(["reader", "facteur-operator"]), true),
            (serde_json::json!("facteur-operators"), false),
            (serde_json::json!({"facteur-operator": true}), false),
            (serde_json::json!([]), false),
        ] {
            assert_eq!(says(Some(&claim), "facteur-operator"), is_said, "{claim}");
        }
        assert!(!says(None, "facteur-operator"));
        assert!(!says(Some(&serde_json::json!("")), ""), "no value, no operators");
    }
}
