//! The registry of the harness: three agencies, and companies in every state,
//! with an address, an access manager, and a clerk who may see less.

use facteur::domain::{Digest, EnterpriseNumber};
use serde_json::{Value, json};

/// An agency with one application.
pub(crate) struct Agency {
    pub(crate) organization: &'static str,
    pub(crate) application: &'static str,
    pub(crate) account: &'static str,
    pub(crate) types: &'static [&'static str],
}

pub(crate) const AGENCIES: [Agency; 3] = [
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
        types: &[RESERVED],
    },
    Agency {
        organization: "0316380841",
        application: "economie:register",
        account: "account-economie",
        types: &["REGISTER-EXTRACT"],
    },
];

/// A type of level 2: clerks have no grant for it.
pub(crate) const RESERVED: &str = "TAX-NOTICE";
/// A type that exists on paper alone.
const ON_PAPER: &str = "SEALED-DEED";

impl Agency {
    /// The secret by which it uploads.
    pub(crate) fn upload_key(&self) -> String {
        format!("key-of-{}", self.account)
    }
}

const COMPANIES: u32 = 60;
const STATES: u32 = 6;
const CLOSED: u32 = 5;
const BOXLESS: u32 = 0;

/// A company that exists.
pub(crate) fn company(n: u32) -> EnterpriseNumber {
    let n = n % COMPANIES;
    let n = if n % STATES == CLOSED { n - 1 } else { n };
    EnterpriseNumber::from_stem(2_000_000 + n)
}

/// All of them.
pub(crate) fn companies() -> impl Iterator<Item = EnterpriseNumber> {
    (0..COMPANIES).map(|n| EnterpriseNumber::from_stem(2_000_000 + n))
}

/// A company that does not exist any more.
pub(crate) fn closed_company() -> EnterpriseNumber {
    EnterpriseNumber::from_stem(2_000_000 + CLOSED)
}

/// A person, and what may be seen.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) company: EnterpriseNumber,
    pub(crate) is_manager: bool,
}

impl Person {
    /// The model: a manager sees everything, a clerk what is open to all.
    pub(crate) fn may_see(&self, message_type: &str) -> bool {
        self.is_manager || message_type != RESERVED
    }
}

/// Everybody who has access to a box.
pub(crate) fn persons() -> impl Iterator<Item = Person> {
    let has_box = |n: &u32| !matches!(n % STATES, BOXLESS | CLOSED);
    (0..COMPANIES).filter(has_box).flat_map(|n| {
        let company = EnterpriseNumber::from_stem(2_000_000 + n);
        [(true, "manager"), (false, "clerk")].map(|(is_manager, role)| Person {
            id: format!("{role}-{company}"),
            company,
            is_manager,
        })
    })
}

/// The registry as a file.
pub(crate) fn registry() -> String {
    let mut records: Vec<Value> = AGENCIES.iter().flat_map(agency).collect();
    records.extend((0..COMPANIES).flat_map(company_records));
    records.extend(persons().flat_map(|person| person_records(&person)));
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn agency(agency: &Agency) -> Vec<Value> {
    let name = json!({ "fr": agency.account });
    let mut records = vec![
        json!({ "kind": "organization", "number": agency.organization, "name": name }),
        json!({
            "kind": "application", "id": agency.application, "name": name,
            "account": agency.account,
            "uploadKeyDigest": Digest::of(agency.upload_key().as_bytes()).to_string(),
        }),
    ];
    for id in agency.types {
        records.push(json!({
            "kind": "messageType", "id": id, "name": { "fr": id },
            "level": if *id == RESERVED { 2 } else { 1 },
            "validity": { "count": 1, "unit": "year" },
            "digitalForm": if *id == ON_PAPER { "none" } else { "exists" },
        }));
        records.push(json!({
            "kind": "trio", "organization": agency.organization,
            "application": agency.application, "messageType": id,
        }));
    }
    records
}

/// No box, never opened, not opened for long, all-digital, in use, closed; in
/// Brussels and Liège in turn.
fn company_records(n: u32) -> Vec<Value> {
    let number = EnterpriseNumber::from_stem(2_000_000 + n).to_string();
    let state = if n % STATES == CLOSED { "closed" } else { "active" };
    let (code, town) = if n.is_multiple_of(4) { ("4000", "Liège") } else { ("1000", "Bruxelles") };
    let enterprise = json!({
        "kind": "enterprise", "number": number, "name": format!("Company {n}"),
        "language": "fr", "state": state,
        "address": { "lines": [format!("Rue Haute {n}")], "postalCode": code, "town": town },
    });
    let mut mailbox = json!({ "kind": "box", "enterprise": number });
    match n % STATES {
        BOXLESS | CLOSED => return vec![enterprise],
        1 => {}
        2 => mailbox["lastConnection"] = "2020-01-01T00:00:00Z".into(),
        3 => mailbox["allDigital"] = true.into(),
        // In the future: in use on whatever day this runs.
        _ => mailbox["lastConnection"] = "2100-01-01T00:00:00Z".into(),
    }
    vec![enterprise, mailbox]
}

fn person_records(person: &Person) -> Vec<Value> {
    let kind = if person.is_manager { "manager" } else { "all" };
    vec![
        json!({ "kind": "person", "id": person.id, "name": person.id, "language": "fr" }),
        json!({
            "kind": "grant", "enterprise": person.company, "id": person.id,
            "person": person.id, "scope": { "kind": kind },
        }),
    ]
}
