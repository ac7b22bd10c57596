//! The registry of the fault tests: three agencies, and companies in every
//! state a recipient can be in.

use facteur::domain::{Digest, EnterpriseNumber};
use serde_json::{Value, json};

/// An agency with one application.
pub(super) struct Agency {
    pub(super) organization: &'static str,
    pub(super) application: &'static str,
    pub(super) account: &'static str,
    pub(super) types: &'static [&'static str],
}

pub(super) const AGENCIES: [Agency; 3] = [
    Agency {
        organization: "0206731645",
        application: "onss:dmfa",
        account: "account-onss",
        types: &["DMFA-NOTICE", "SEALED-DEED"],
    },
    Agency {
        organization: "0308357159",
        application: "finance:notices",
        account: "account-finance",
        types: &["TAX-NOTICE"],
    },
    Agency {
        organization: "0316380841",
        application: "economie:register",
        account: "account-economie",
        types: &["REGISTER-EXTRACT"],
    },
];

impl Agency {
    /// The secret by which it uploads.
    pub(super) fn upload_key(&self) -> String {
        format!("key-of-{}", self.account)
    }
}

const COMPANIES: u32 = 60;

/// The states that companies are in, in turn.
const STATES: u32 = 6;
const CLOSED: u32 = 5;

/// A company that exists.
pub(super) fn company(n: u32) -> EnterpriseNumber {
    let n = n % COMPANIES;
    let n = if n % STATES == CLOSED { n - 1 } else { n };
    EnterpriseNumber::from_stem(2_000_000 + n)
}

/// A company that does not exist any more.
pub(super) fn closed_company() -> EnterpriseNumber {
    EnterpriseNumber::from_stem(2_000_000 + CLOSED)
}

/// The registry as a file. `pace` holds every application to so many documents
/// a second.
pub(super) fn registry(pace: Option<u32>) -> String {
    let mut records: Vec<Value> = AGENCIES.iter().flat_map(|it| agency(it, pace)).collect();
    records.extend((0..COMPANIES).flat_map(company_records));
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// The companies again, each with a place where the post finds it.
pub(super) fn addressed() -> String {
    let address = json!({ "lines": ["Rue Haute 1"], "postalCode": "1000", "town": "Bruxelles" });
    let companies = (0..COMPANIES).flat_map(company_records).filter_map(|mut record| {
        let is_company = record["kind"] == "enterprise";
        record["address"] = address.clone();
        is_company.then(|| format!("{record}\n"))
    });
    companies.collect()
}

fn agency(agency: &Agency, pace: Option<u32>) -> Vec<Value> {
    let name = json!({ "fr": agency.account });
    let mut application = json!({
        "kind": "application", "id": agency.application, "name": name,
        "account": agency.account,
        "uploadKeyDigest": Digest::of(agency.upload_key().as_bytes()).to_string(),
    });
    if let Some(pace) = pace {
        application["pacePerSecond"] = pace.into();
    }
    let organization =
        json!({ "kind": "organization", "number": agency.organization, "name": name });
    let types = agency.types.iter().flat_map(|id| {
        let form = if *id == "SEALED-DEED" { "none" } else { "exists" };
        [
            json!({
                "kind": "messageType", "id": id, "name": { "fr": id }, "level": 1,
                "validity": { "count": 1, "unit": "year" }, "digitalForm": form,
            }),
            json!({
                "kind": "trio", "organization": agency.organization,
                "application": agency.application, "messageType": id,
            }),
        ]
    });
    [organization, application].into_iter().chain(types).collect()
}

/// No box, never opened, not opened for long, all-digital, in use, closed.
fn company_records(n: u32) -> Vec<Value> {
    let number = EnterpriseNumber::from_stem(2_000_000 + n).to_string();
    let state = if n % STATES == CLOSED { "closed" } else { "active" };
    let enterprise = json!({
        "kind": "enterprise", "number": number, "name": format!("Company {n}"),
        "language": "fr", "state": state,
    });
    let mut mailbox = json!({ "kind": "box", "enterprise": number });
    match n % STATES {
        0 | CLOSED => return vec![enterprise],
        1 => {}
        2 => mailbox["lastConnection"] = "2020-01-01T00:00:00Z".into(),
        3 => mailbox["allDigital"] = true.into(),
        // In the future: in use on whatever day the test runs.
        _ => mailbox["lastConnection"] = "2100-01-01T00:00:00Z".into(),
    }
    let person = format!("manager-{number}");
    vec![
        enterprise,
        mailbox,
        json!({ "kind": "person", "id": person, "name": person, "language": "fr" }),
        json!({
            "kind": "grant", "enterprise": number, "id": "manager", "person": person,
            "scope": { "kind": "manager" },
        }),
    ]
}
