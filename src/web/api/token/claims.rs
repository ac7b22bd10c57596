//! The claims that every token must hold.

use jiff::Timestamp;
use serde_json::Value;

use super::{Claims, TokenFault};
use crate::config::Api;

/// Whose tokens, for whom, and how exactly clocks agree.
pub(super) struct Expected {
    issuer: String,
    audience: String,
    skew_secs: f64,
}

impl Expected {
    pub(super) fn new(api: &Api) -> Self {
        Self {
            issuer: api.issuer.clone(),
            audience: api.audience.clone(),
            skew_secs: f64::from(api.clock_skew_secs),
        }
    }

    /// A signed token names issuer, audience and end.
    pub(super) fn check_signed(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(TokenFault::Invalid("it is another issuer's"));
        }
        if !claims.get("aud").is_some_and(|audience| self.is_for_us(audience)) {
            return Err(TokenFault::Invalid("it is for another audience"));
        }
        if !claims.contains_key("exp") {
            return Err(TokenFault::Invalid("it never ends"));
        }
        self.check_time(claims, now)
    }

    /// Of an opaque one the issuer has said that it is in force, for us.
    pub(super) fn check_introspected(
        &self,
        claims: &Claims,
        now: Timestamp,
    ) -> Result<(), TokenFault> {
        if claims.get("active") != Some(&Value::Bool(true)) {
            return Err(TokenFault::Invalid("its issuer does not know it, or it has ended"));
        }
        if claims.get("iss").is_some_and(|issuer| *issuer != *self.issuer) {
            return Err(TokenFault::Invalid("it is another issuer's"));
        }
        if claims.get("aud").is_some_and(|audience| !self.is_for_us(audience)) {
            return Err(TokenFault::Invalid("it is for another audience"));
        }
        self.check_time(claims, now)
    }

    fn is_for_us(&self, audience: &Value) -> bool {
        match audience {
            Value::String(one) => *one == self.audience,
            Value::Array(several) => several.iter().any(|one| *one == *self.audience),
            _ => false,
        }
    }

    fn check_time(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
        let now = now.as_duration().as_secs_f64();
        let moment = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(value) => {
                value.as_f64().map(Some).ok_or(TokenFault::Invalid("its dates are no numbers"))
            }
        };
        if moment("exp")?.is_some_and(|end| now >= end + self.skew_secs) {
            return Err(TokenFault::Invalid("it has expired"));
        }
        if moment("nbf")?.is_some_and(|start| now < start - self.skew_secs) {
            return Err(TokenFault::Invalid("it is not valid yet"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected() -> Expected {
        Expected { issuer: "https://id".into(), audience: "us".into(), skew_secs: 30.0 }
    }

    fn signed(claims: Value) -> Result<(), TokenFault> {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        expected().check_signed(&claims, Timestamp::from_second(1_000).unwrap())
    }

    #[test]
    fn every_claim_is_held_to_what_is_expected() {
        for (what, claims, is_valid) in [
            ("good", json!({"iss": "https://id", "aud": "us", "exp": 1_001}), true),
            ("several", json!({"iss": "https://id", "aud": ["x", "us"], "exp": 1_001}), true),
            ("within the skew", json!({"iss": "https://id", "aud": "us", "exp": 971}), true),
            ("expired", json!({"iss": "https://id", "aud": "us", "exp": 970}), false),
            ("early", json!({"iss": "https://id", "aud": "us", "exp": 2_000, "nbf": 1_031}), false),
            ("nearly", json!({"iss": "https://id", "aud": "us", "exp": 2_000, "nbf": 1_030}), true),
            ("endless", json!({"iss": "https://id", "aud": "us"}), false),
            ("end as text", json!({"iss": "https://id", "aud": "us", "exp": "2000"}), false),
            ("other issuer", json!({"iss": "https://id/", "aud": "us", "exp": 2_000}), false),
            ("no issuer", json!({"aud": "us", "exp": 2_000}), false),
            ("other audience", json!({"iss": "https://id", "aud": "usa", "exp": 2_000}), false),
            ("no audience", json!({"iss": "https://id", "exp": 2_000}), false),
        ] {
            assert_eq!(signed(claims).is_ok(), is_valid, "{what}");
        }
    }

    #[test]
    fn what_the_issuer_does_not_call_active_is_nothing() {
        let now = Timestamp::from_second(1_000).unwrap();
        for (answer, is_valid) in [
            (json!({"active": true}), true),
            (json!({"active": true, "aud": "other"}), false),
            (json!({"active": true, "exp": 900}), false),
            (json!({"active": "true"}), false),
            (json!({"active": false}), false),
            (json!({}), false),
        ] {
            let Value::Object(claims) = answer else { panic!("an object") };
            assert_eq!(expected().check_introspected(&claims, now).is_ok(), is_valid, "{claims:?}");
        }
    }
}
