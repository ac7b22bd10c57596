//! What agencies publish.

use bytes::Bytes;
use facteur::config::Config;
use facteur::domain::Publication;
use facteur::intake::{Candidate, Settings, decode, decode_publication};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::in_time;
use super::json::{anything, nearly};
use crate::support::desk::arrival;
use crate::support::world::{Company, TAX, WORK, attachment, attest, notice, notice_with};

fn settings() -> Settings {
    Config::load(None, std::iter::empty()).unwrap().intake
}

fn decoded(application: &str, body: impl Into<Bytes>) -> Candidate {
    let (settings, arrival) = (settings(), arrival(application, "key", body).unwrap());
    in_time(|| decode(arrival, settings.limits(), settings.body_bytes_max))
}

/// What was taken is the same when it is read again.
fn is_stable(candidate: &Candidate) {
    let Ok(parsed) = &candidate.parsed else { return };
    let again: Publication = serde_json::from_str(&parsed.json).unwrap();
    let again = decode_publication(again, settings().limits()).unwrap();
    assert_eq!(again.json, parsed.json);
}

fn good() -> impl Strategy<Value = Value> {
    let inline = notice_with(json!([attachment("upfile1", "YSBsZWFmbGV0")]));
    prop_oneof![Just(notice(Company::Active)), Just(attest(Company::Boxless)), Just(inline),]
        .prop_flat_map(nearly)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_answered(body: Vec<u8>) {
        is_stable(&decoded(TAX, body));
    }

    #[test]
    fn any_json_is_answered(body in anything()) {
        is_stable(&decoded(TAX, body.to_string()));
    }

    #[test]
    fn what_is_nearly_right_is_answered(body in good()) {
        is_stable(&decoded(WORK, body.to_string()));
    }

    #[test]
    fn what_is_cut_short_is_answered(at: prop::sample::Index) {
        let whole = notice(Company::Active).to_string();
        let candidate = decoded(TAX, whole.as_bytes()[..at.index(whole.len())].to_vec());
        prop_assert!(candidate.parsed.is_err());
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for body in ["[".repeat(90_000), "{\"a\":".repeat(18_000), "x".repeat(10_000_000)] {
        assert!(decoded(TAX, body).parsed.is_err());
    }
}
