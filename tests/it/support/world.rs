//! A small registry in which every test of the line finds its company, and
//! publications for it.

use anyhow::Result;
use facteur::domain::EnterpriseNumber;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The organization that sends.
pub(crate) const ONSS: &str = "0206731645";
/// An application, with the account `tax`.
pub(crate) const TAX: &str = "tax:assessment";
/// Another, with the account `work`.
pub(crate) const WORK: &str = "work:attest";
/// A type of [`TAX`] that everybody in a box sees.
pub(crate) const NOTICE: &str = "TAX-NOTICE";
/// A type of [`TAX`] that exists on paper alone.
pub(crate) const LETTER: &str = "TAX-LETTER";
/// A type of [`WORK`] of level 2, with a dictionary.
pub(crate) const ATTEST: &str = "WORK-ATTEST";

const REFERENCE: &str = r#"{"kind":"organization","number":"0206731645","name":{"fr":"ONSS","nl":"RSZ"}}
{"kind":"organization","number":"0474028805","name":{"fr":"Finances"}}
{"kind":"application","id":"tax:assessment","name":{"fr":"Avertissements"},"account":"tax"}
{"kind":"application","id":"work:attest","name":{"fr":"Attestations"},"account":"work"}
{"kind":"service","id":"work","name":{"fr":"Travail"}}
{"kind":"messageType","id":"TAX-NOTICE","name":{"fr":"Avis"},"validity":{"count":1,"unit":"year"},"level":1}
{"kind":"messageType","id":"TAX-LETTER","name":{"fr":"Courrier"},"validity":{"count":1,"unit":"year"},"level":1,"digitalForm":"none"}
{"kind":"messageType","id":"WORK-ATTEST","name":{"fr":"Attestation"},"validity":{"count":6,"unit":"month"},"level":2,"service":"work","businessData":[{"key":"EMPNOSSBENOSS","required":true,"format":{"pattern":"\\d{8,10}"}}]}
{"kind":"trio","organization":"0206731645","application":"tax:assessment","messageType":"TAX-NOTICE"}
{"kind":"trio","organization":"0206731645","application":"tax:assessment","messageType":"TAX-LETTER"}
{"kind":"trio","organization":"0206731645","application":"work:attest","messageType":"WORK-ATTEST"}
"#;

/// Companies in every state that decides something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// Its box was opened yesterday.
    Active,
    /// Its box was opened more than a year ago.
    Occasional,
    /// Its box was never opened.
    NeverOpened,
    /// It is registered and has no box.
    Boxless,
    /// It has ceased to exist.
    Closed,
    /// A valid number that the registry does not know.
    Unknown,
}

impl Company {
    const REGISTERED: [Self; 5] =
        [Self::Active, Self::Occasional, Self::NeverOpened, Self::Boxless, Self::Closed];

    pub(crate) fn number(self) -> EnterpriseNumber {
        EnterpriseNumber::from_stem(3_000_000 + self as u32)
    }

    fn last_connection(self, now: Timestamp) -> Option<Timestamp> {
        let days = match self {
            Self::Active => 1,
            Self::Occasional => 400,
            _ => return None,
        };
        Some(now - SignedDuration::from_hours(24 * days))
    }

    fn records(self, now: Timestamp) -> Vec<Value> {
        let number = self.number();
        let state = if self == Self::Closed { "closed" } else { "active" };
        let mut records = vec![json!({
            "kind": "enterprise", "number": number, "name": format!("{self:?}"),
            "language": "fr", "state": state,
            "address": { "lines": ["Rue Haute 1"], "postalCode": "1000", "town": "Bruxelles" },
        })];
        if self == Self::Boxless {
            return records;
        }
        let mut mailbox = json!({ "kind": "box", "enterprise": number });
        if let Some(at) = self.last_connection(now) {
            mailbox["lastConnection"] = json!(at);
        }
        let person = format!("person-{number}");
        records.extend([
            mailbox,
            json!({ "kind": "person", "id": person, "name": "Anne", "language": "nl" }),
            json!({ "kind": "partition", "enterprise": number, "id": "WORK", "name": "Work" }),
            json!({
                "kind": "rule", "enterprise": number, "priority": 1, "partition": "WORK",
                "messageType": ATTEST,
            }),
            json!({
                "kind": "grant", "enterprise": number, "id": "g", "person": person,
                "scope": { "kind": "manager" },
            }),
        ]);
        records
    }
}

/// The registry as a file.
pub(crate) fn registry(now: Timestamp) -> Result<String> {
    let mut text = REFERENCE.to_owned();
    for record in Company::REGISTERED.iter().flat_map(|company| company.records(now)) {
        text += &serde_json::to_string(&record)?;
        text.push('\n');
    }
    Ok(text)
}

/// A text as its own main content, from [`TAX`].
pub(crate) fn notice(to: Company) -> Value {
    json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": ONSS },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": to.number() },
        "subject": { "fr": "Avis de paiement" },
        "senderApplicationId": TAX,
        "messageTypeId": NOTICE,
        "bodyContent": { "fr": "Bonjour" },
        "isBodyMainContent": true,
    })
}

/// The same from [`WORK`], with what its dictionary requires.
pub(crate) fn attest(to: Company) -> Value {
    let mut publication = notice(to);
    publication["senderApplicationId"] = json!(WORK);
    publication["messageTypeId"] = json!(ATTEST);
    publication["businessDataList"] =
        json!([{ "key": "EMPNOSSBENOSS", "values": [{ "fr": "12345678" }] }]);
    publication
}

/// An attachment with its content inline.
pub(crate) fn attachment(name: &str, inline: &str) -> Value {
    json!({
        "httpPartName": name, "isMainContent": true, "fileName": format!("{name}.pdf"),
        "mediaType": "application/pdf", "content": { "inline": inline },
    })
}

/// [`notice`] with attachments instead of a text.
pub(crate) fn notice_with(attachments: Value) -> Value {
    let mut publication = notice(Company::Active);
    publication["attachments"] = attachments;
    publication["isBodyMainContent"] = json!(false);
    publication
}
