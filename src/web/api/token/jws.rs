//! A signed token as it is written (RFC 7515, compact).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Claims;

#[derive(Deserialize)]
struct Header {
    alg: Value,
    kid: Option<String>,
    typ: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<Value>,
}

/// A token whose parts could be read; nothing of it is proven yet.
pub(super) struct Jws<'t> {
    header: Header,
    pub(super) claims: Claims,
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Jws<'t> {
    /// None for a text that is no signed token at all.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether it names this algorithm, and is of a type that may be an access
    /// token.
    pub(super) fn is_by(&self, algorithm: &CoreJwsSigningAlgorithm) -> bool {
        let named: Result<CoreJwsSigningAlgorithm, _> =
            serde_json::from_value(self.header.alg.clone());
        let typ = self.header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
        let is_access = ["jwt", "at+jwt", "application/at+jwt"].contains(&&*typ);
        is_access && self.header.crit.is_none() && named.is_ok_and(|named| named == *algorithm)
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub(super) fn is_signed_with(
        &self,
        key: &CoreJsonWebKey,
        algorithm: &CoreJwsSigningAlgorithm,
    ) -> bool {
        key.verify_signature(algorithm, self.signed.as_bytes(), &self.signature).is_ok()
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
