//! Which tokens open the interface, and which do not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key, unsigned};
use crate::web::client::Answer;
use crate::web::site::{AGENCY, Site};

async fn ask(site: &Site, token: &str) -> Answer {
    let request = site.request("GET", "/events");
    request.header("authorization", &format!("Bearer {token}")).send().await
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value;
    changed
}

fn without(claims: &Value, name: &str) -> Value {
    let mut changed = claims.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

#[tokio::test]
async fn a_token_of_the_issuer_opens_what_its_scope_says() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let site = issuer.site(&[]).await;
    let token = key.token(&issuer.claims(AGENCY, "openid publish"));
    assert_eq!(ask(&site, &token).await.status, 200);
    assert_eq!(ask(&site, &token).await.status, 200);
    assert_eq!(issuer.fetches(), 1, "keys are kept");

    let other = key.token(&issuer.claims(AGENCY, "consume print operate publisher"));
    let refused = ask(&site, &other).await;
    assert_eq!((refused.status, &*refused.code()), (403, "INSUFFICIENT_SCOPE"));
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_scope") && challenge.contains("publish"));

    for application in ["nobody:knows", ""] {
        let token = key.token(&issuer.claims(application, "publish"));
        assert!([401, 403].contains(&ask(&site, &token).await.status), "{application}");
    }
    let nameless = key.token(&without(&issuer.claims(AGENCY, "publish"), "application"));
    assert_eq!(ask(&site, &nameless).await.code(), "NO_APPLICATION");
}

#[tokio::test]
async fn tokens_that_prove_nothing_open_nothing() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let site = issuer.site(&[]).await;
    let good = issuer.claims(AGENCY, "publish");
    let end = good["exp"].as_i64().unwrap();
    let header = |alg: &str| json!({ "alg": alg, "typ": "JWT", "kid": "first" });
    let signed = key.token(&good);
    let (body, signature) = signed.rsplit_once('.').unwrap();
    let mut hmac =
        Hmac::<sha2::Sha256>::new_from_slice(key.public()["x"].as_str().unwrap().as_bytes())
            .unwrap();
    let by_hmac = unsigned(&header("HS256"), &good);
    hmac.update(by_hmac.as_bytes());
    let by_hmac = format!("{by_hmac}.{}", URL_SAFE_NO_PAD.encode(hmac.finalize().into_bytes()));
    let swapped = unsigned(&header("ES256"), &with(&good, "application", json!("finance:notices")));
    for (what, token) in [
        ("garbage", "garbage".into()),
        ("three dots", "a.b.c".into()),
        ("too long", "x".repeat(20_000)),
        ("no signature", format!("{body}.")),
        ("another text's signature", format!("{swapped}.{signature}")),
        ("alg none", format!("{}.", unsigned(&header("none"), &good))),
        ("HS256 with the public key", by_hmac),
        ("an algorithm nobody knows", key.sign(&header("XX999"), &good)),
        ("an ID token's type", key.sign(&json!({"alg": "ES256", "typ": "id+jwt"}), &good)),
        ("an extension", key.sign(&json!({"alg": "ES256", "crit": ["x"], "x": 1}), &good)),
        ("another key under this name", Key::new("first").token(&good)),
        ("wrong issuer", key.token(&with(&good, "iss", json!("https://evil.example")))),
        ("wrong audience", key.token(&with(&good, "aud", json!("urn:other")))),
        ("no audience", key.token(&without(&good, "aud"))),
        ("expired beyond the skew", key.token(&with(&good, "exp", json!(end - 300 - 30)))),
        ("never ends", key.token(&without(&good, "exp"))),
        ("not valid yet", key.token(&with(&good, "nbf", json!(end - 300 + 31)))),
        ("nobody", key.token(&without(&without(&good, "sub"), "client_id"))),
    ] {
        let answer = ask(&site, &token).await;
        assert_eq!((answer.status, &*answer.code()), (401, "INVALID_TOKEN"), "{what}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer ") && challenge.contains("invalid_token"), "{what}");
    }
    for (what, token) in [
        ("expired within the skew", key.token(&with(&good, "exp", json!(end - 300 - 29)))),
        ("valid from within the skew", key.token(&with(&good, "nbf", json!(end - 300 + 30)))),
        ("no key named", key.sign(&json!({ "alg": "ES256" }), &good)),
    ] {
        assert_eq!(ask(&site, &token).await.status, 200, "{what}");
    }
    let none = site.request("GET", "/events").send().await;
    assert_eq!((none.status, none.headers("www-authenticate").len()), (401, 2));
}

#[tokio::test]
async fn a_rotated_key_is_fetched_and_invented_ones_are_not_fetched_for_ever() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let issuer = Issuer::start(&old).await;
    let site = issuer.site(&[]).await;
    let claims = issuer.claims(AGENCY, "publish");
    let seen = old.token(&claims);
    assert_eq!(ask(&site, &seen).await.status, 200);
    assert_eq!(ask(&site, &seen).await.status, 200, "its signature is not checked again");
    issuer.publish(&[&new]);
    site.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(ask(&site, &new.token(&claims)).await.status, 200, "fetched at once");
    assert_eq!(ask(&site, &old.token(&claims)).await.status, 401, "withdrawn");
    assert_eq!(ask(&site, &seen).await.status, 401, "withdrawn, though it was seen before");
    for n in 0..50 {
        site.clock.advance(SignedDuration::from_secs(1));
        let invented = Key::new(&format!("invented-{n}")).token(&claims);
        assert_eq!(ask(&site, &invented).await.status, 401);
    }
    assert!(issuer.fetches() <= 12, "{} fetches", issuer.fetches());
    assert_eq!(ask(&site, &new.token(&claims)).await.status, 200, "good ones go on");
}

#[tokio::test]
async fn a_key_that_takes_anothers_name_is_believed_at_once_and_the_old_one_no_more() {
    for header in [json!({ "alg": "ES256", "kid": "same" }), json!({ "alg": "ES256" })] {
        let (old, new) = (Key::new("same"), Key::new("same"));
        let issuer = Issuer::start(&old).await;
        let site = issuer.site(&[]).await;
        let claims = issuer.claims(AGENCY, "publish");
        let seen = old.sign(&header, &claims);
        assert_eq!(ask(&site, &seen).await.status, 200);
        issuer.publish(&[&new]);
        site.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(ask(&site, &new.sign(&header, &claims)).await.status, 200, "{header}");
        assert_eq!(ask(&site, &seen).await.status, 401, "{header}: withdrawn");
        for n in 0..50 {
            site.clock.advance(SignedDuration::from_secs(1));
            let forged = Key::new("same").sign(&header, &with(&claims, "n", json!(n)));
            assert_eq!(ask(&site, &forged).await.status, 401);
        }
        assert!(issuer.fetches() <= 12, "{} fetches", issuer.fetches());
    }
}

#[tokio::test]
async fn a_token_that_names_nobody_reads_no_box() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let site = issuer.site(&[]).await;
    let claims = with(&issuer.claims(AGENCY, "publish consume"), "enterprise", json!("0206731645"));
    let nameless = key.token(&without(&claims, "sub"));
    assert_eq!(ask(&site, &nameless).await.status, 200, "publishing takes no person");
    let request = site.request("GET", "/ebox");
    let answer = request.header("authorization", &format!("Bearer {nameless}")).send().await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("NO_PERSON")));
}

#[tokio::test]
async fn a_token_that_was_seen_before_ends_when_it_says() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let site = issuer.site(&[]).await;
    let token = key.token(&issuer.claims(AGENCY, "publish"));
    assert_eq!(ask(&site, &token).await.status, 200);
    site.clock.advance(SignedDuration::from_secs(329));
    assert_eq!(ask(&site, &token).await.status, 200, "within the skew");
    site.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(ask(&site, &token).await.status, 401, "ended");
    let other = token.replace('.', ".x");
    assert_eq!(ask(&site, &other).await.status, 401, "another text is another token");
}

#[tokio::test]
async fn opaque_tokens_are_asked_about_where_that_is_configured() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let without = issuer.site(&[]).await;
    assert_eq!(ask(&without, "opaque-and-good").await.status, 401);
    assert_eq!(issuer.asked(), 0);
    let url = format!("{}/introspect", issuer.url());
    let site = issuer
        .site(&[
            ("API__INTROSPECTION_URL", &url),
            ("API__INTROSPECTION_CLIENT_ID", "facteur"),
            ("API__INTROSPECTION_CLIENT_SECRET", "s3cret"),
        ])
        .await;
    for _ in 0..3 {
        assert_eq!(ask(&site, "opaque-and-good").await.status, 200);
        assert_eq!(ask(&site, "opaque-and-bad").await.status, 401);
    }
    assert_eq!(issuer.asked(), 2, "answers are kept for a moment");
}

#[tokio::test]
async fn while_the_issuer_is_away_nobody_is_called_a_forger() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let token = key.token(&issuer.claims(AGENCY, "publish"));
    let url = issuer.url();
    let keys_url = "http://127.0.0.1:1/keys";
    let keys = [
        ("API__ISSUER", &*url),
        ("API__AUDIENCE", "urn:facteur:tests"),
        ("API__KEYS_URL", keys_url),
    ];
    let site = Site::start_as(&keys).await;
    let answer = ask(&site, &token).await;
    assert_eq!((answer.status, &*answer.code()), (503, "UNAVAILABLE"));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn each_client_has_a_pace_of_its_own() {
    let key = Key::new("first");
    let issuer = Issuer::start(&key).await;
    let site = issuer.site(&[("API__REQUESTS_PER_SECOND", "2")]).await;
    let claims = issuer.claims(AGENCY, "publish");
    let mut last = None;
    for _ in 0..20 {
        let answer = ask(&site, &key.token(&claims)).await;
        let is_refused = answer.status == 429;
        last = Some(answer);
        if is_refused {
            break;
        }
    }
    let refused = last.unwrap();
    assert_eq!((refused.status, &*refused.code()), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    let other = with(&claims, "client_id", json!("program-8"));
    assert_eq!(ask(&site, &key.token(&other)).await.status, 200);
}
