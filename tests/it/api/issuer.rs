//! An issuer of tokens with keys of its own, which also forges.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::web::site::{NOW, Site};

pub(crate) const AUDIENCE: &str = "urn:facteur:tests";

/// A key pair, under a name.
pub(crate) struct Key {
    pub(crate) id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub(crate) fn new(id: &str) -> Self {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pair.as_ref(), &random);
        Self { id: id.to_owned(), pair: pair.unwrap() }
    }

    pub(crate) fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
                "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) })
    }

    /// A token with these claims, under any header.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// As the issuer would.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.id }), claims)
    }
}

/// The first two parts of a token.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[derive(Clone, Default)]
struct Shelf {
    keys: Arc<Mutex<Vec<Value>>>,
    fetches: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

/// A running issuer.
pub(crate) struct Issuer {
    address: SocketAddr,
    shelf: Shelf,
}

impl Issuer {
    pub(crate) async fn start(key: &Key) -> Self {
        let shelf = Shelf::default();
        shelf.keys.lock().unwrap().push(key.public());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let configuration = json!({ "issuer": format!("http://{address}"),
                                    "jwks_uri": format!("http://{address}/keys") });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async || Json(configuration)))
            .route("/keys", get(keys))
            .route("/introspect", post(introspect))
            .with_state(shelf.clone());
        #[expect(clippy::disallowed_methods, reason = "the runtime ends with the test")]
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        Self { address, shelf }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on these are its keys.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        *self.shelf.keys.lock().unwrap() = keys.iter().map(|key| key.public()).collect();
    }

    /// How often its keys were fetched.
    pub(crate) fn fetches(&self) -> usize {
        self.shelf.fetches.load(Ordering::SeqCst)
    }

    /// How often it was asked about a token.
    pub(crate) fn asked(&self) -> usize {
        self.shelf.asked.load(Ordering::SeqCst)
    }

    /// What every good token of an application holds.
    pub(crate) fn claims(&self, application: &str, scope: &str) -> Value {
        let now = NOW.parse::<jiff::Timestamp>().unwrap().as_second();
        json!({ "iss": self.url(), "aud": AUDIENCE, "sub": "program-7", "client_id": "program-7",
                "scope": scope, "application": application, "iat": now, "exp": now + 300 })
    }

    /// A site that believes this issuer.
    pub(crate) async fn site(&self, more: &[(&str, &str)]) -> Site {
        let url = self.url();
        let mut keys = vec![("API__ISSUER", &*url), ("API__AUDIENCE", AUDIENCE)];
        keys.extend(more);
        Site::start_as(&keys).await
    }
}

async fn keys(State(shelf): State<Shelf>) -> Json<Value> {
    shelf.fetches.fetch_add(1, Ordering::SeqCst);
    Json(json!({ "keys": *shelf.keys.lock().unwrap() }))
}

/// Knows one token, and tells it only to whom it knows.
async fn introspect(State(shelf): State<Shelf>, headers: HeaderMap, body: String) -> Json<Value> {
    shelf.asked.fetch_add(1, Ordering::SeqCst);
    let is_us = headers["authorization"] == "Basic ZmFjdGV1cjpzM2NyZXQ=";
    if !is_us || !body.contains("token=opaque-and-good") {
        return Json(json!({ "active": false }));
    }
    Json(json!({ "active": true, "client_id": "program-7", "scope": "publish",
                 "application": "employment:job-attest:werkkaart" }))
}
