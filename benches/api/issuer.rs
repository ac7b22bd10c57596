//! An issuer of bearer tokens, as a company's software has one.

use anyhow::{Result, anyhow};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const AUDIENCE: &str = "urn:facteur:bench";

/// Its key, and where it answers; for as long as the bench runs.
pub(crate) struct Issuer {
    pair: EcdsaKeyPair,
    pub(crate) url: String,
}

impl Issuer {
    pub(crate) async fn start() -> Result<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ES256, &random).map_err(|it| anyhow!("{it}"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ES256, pair.as_ref(), &random);
        let pair = pair.map_err(|it| anyhow!("{it}"))?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let keys = json!({ "keys": [public(&pair)] });
        let router = Router::new().route("/keys", get(async || Json(keys)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { pair, url })
    }

    /// For a company's software, for an hour.
    pub(crate) fn token(&self, software: &str, company: &str) -> Result<String> {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let end = jiff::Timestamp::now().as_second() + 3_600;
        let head = part(json!({ "alg": "ES256", "typ": "at+jwt", "kid": "bench" }));
        let claims = part(json!({ "iss": self.url, "aud": AUDIENCE, "sub": software, "exp": end,
                                  "scope": "consume", "enterprise": company }));
        let signed = format!("{head}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|it| anyhow!("{it}"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn public(pair: &EcdsaKeyPair) -> Value {
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "bench",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
}
