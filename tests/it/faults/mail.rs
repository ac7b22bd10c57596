//! What the agencies send, and what must become of each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facteur::domain::Digest;
use facteur::ledger::IdentityKey;
use facteur::queue::{Outbound, Properties, topology};
use serde_json::{Value, json};

use super::world::{AGENCIES, Agency, closed_company, company};

/// A publication with what is expected of it.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) message: Outbound,
    /// What it must be counted by.
    pub(super) identity: IdentityKey,
    /// `accepted` or `quarantined`.
    pub(super) state: &'static str,
}

/// Every agency uploads these before it refers to them.
pub(super) const UPLOADED: [&str; 3] = ["a first leaflet", "a second leaflet", "a third leaflet"];

/// Of so many publications one of each kind of fault.
const ROUND: u32 = 16;

/// The nth publication; the same n is the same publication, byte for byte.
pub(super) fn letter(n: u32) -> Letter {
    let agency = &AGENCIES[n as usize % AGENCIES.len()];
    match n % ROUND {
        0 => malformed(agency, n),
        1 => refused(agency, n, |body| body["messageTypeId"] = "NOBODYS".into()),
        2 => refused(agency, n, |body| {
            body["recipient"]["enterpriseNumber"] = closed_company().to_string().into();
        }),
        3 => without_key(agency, n),
        4 => unroutable(agency, n),
        5 => forged(agency, n),
        _ => good(agency, n),
    }
}

/// Whether the nth publication becomes a message.
pub(super) fn is_good(n: u32) -> bool {
    letter(n).state == "accepted"
}

fn good(agency: &Agency, n: u32) -> Letter {
    let body = publication(agency, n).to_string();
    Letter { message: envelope(agency, n, body), identity: by_key(agency, n), state: "accepted" }
}

fn refused(agency: &Agency, n: u32, spoil: impl FnOnce(&mut Value)) -> Letter {
    let mut body = publication(agency, n);
    spoil(&mut body);
    let message = envelope(agency, n, body.to_string());
    Letter { message, identity: by_key(agency, n), state: "quarantined" }
}

fn malformed(agency: &Agency, n: u32) -> Letter {
    by_bytes(agency, envelope(agency, n, format!("{{ \"subject\": {n}")))
}

fn without_key(agency: &Agency, n: u32) -> Letter {
    let mut message = envelope(agency, n, publication(agency, n).to_string());
    message.properties.message_id = None;
    by_bytes(agency, message)
}

fn unroutable(agency: &Agency, n: u32) -> Letter {
    let mut message = envelope(agency, n, publication(agency, n).to_string());
    message.routing_key = "nobody:registered".into();
    by_bytes(agency, message)
}

/// Published by the next agency on this one's lane: it counts for the forger.
fn forged(agency: &Agency, n: u32) -> Letter {
    let forger = &AGENCIES[(n as usize + 1) % AGENCIES.len()];
    let mut message = envelope(agency, n, publication(agency, n).to_string());
    message.properties.user_id = Some(forger.account.into());
    by_bytes(forger, message)
}

fn by_key(agency: &Agency, n: u32) -> IdentityKey {
    IdentityKey::of_key(agency.organization.parse().unwrap(), agency.application, &key(n))
}

fn by_bytes(accountable: &Agency, message: Outbound) -> Letter {
    let key = message.properties.message_id.as_deref();
    let (lane, body) = (&message.routing_key, &message.body);
    let identity = IdentityKey::of_bytes(accountable.application, lane, key, body);
    Letter { message, identity, state: "quarantined" }
}

fn key(n: u32) -> String {
    format!("letter-{n}")
}

fn publication(agency: &Agency, n: u32) -> Value {
    let types = agency.types;
    let mut publication = json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": agency.organization },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": company(n).to_string() },
        "subject": { "fr": format!("Lettre numéro {n}") },
        "senderApplicationId": agency.application,
        "messageTypeId": types[n as usize % types.len()],
    });
    match n % 3 {
        0 => publication["attachments"] = inline(n),
        1 => publication["attachments"] = uploaded(n),
        _ => {
            publication["bodyContent"] = json!({ "fr": "Madame, Monsieur" });
            publication["isBodyMainContent"] = true.into();
        }
    }
    publication
}

/// Every tenth is the same leaflet.
fn inline(n: u32) -> Value {
    let text = if n.is_multiple_of(10) { "a leaflet".to_owned() } else { format!("letter {n}") };
    attachment(&json!({ "inline": STANDARD.encode(text) }))
}

fn uploaded(n: u32) -> Value {
    let text = UPLOADED[n as usize % UPLOADED.len()];
    let sha256 = Digest::of(text.as_bytes()).to_string();
    attachment(&json!({ "sha256": sha256, "size": text.len() }))
}

fn attachment(content: &Value) -> Value {
    json!([{
        "httpPartName": "upfile1", "isMainContent": true, "fileName": "letter.txt",
        "mediaType": "text/plain", "content": content,
    }])
}

fn envelope(agency: &Agency, n: u32, body: String) -> Outbound {
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: agency.application.into(),
        body: body.into(),
        properties: Properties {
            message_id: Some(key(n)),
            app_id: Some(agency.application.into()),
            user_id: Some(agency.account.into()),
            content_type: Some("application/json".into()),
            published_us: None,
        },
    }
}
