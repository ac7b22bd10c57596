//! What the agencies send, and what they write down of it.

use std::collections::BTreeMap;

use facteur::ledger::IdentityKey;
use facteur::queue::{Outbound, Properties, Publisher, topology};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::support::desk::account;
use crate::support::memory::{Confirm, Memory};
use crate::support::world::{Company, ONSS, TAX, WORK, attachment, attest, notice, notice_with};

/// What is known of one identity.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    /// What must become of it.
    pub(super) state: &'static str,
    /// How often it lay in the queue.
    pub(super) arrived: usize,
}

pub(super) type Log = BTreeMap<IdentityKey, Sent>;

/// All agencies.
pub(super) struct Agency {
    memory: Memory,
    publisher: Box<dyn Publisher>,
    pub(super) log: Log,
    sent: u32,
}

struct Letter {
    message: Outbound,
    identity: IdentityKey,
    state: &'static str,
}

const COMPANIES: [Company; 5] = [
    Company::Active,
    Company::Occasional,
    Company::NeverOpened,
    Company::Boxless,
    Company::Unknown,
];

impl Agency {
    pub(super) fn new(memory: &Memory, publisher: Box<dyn Publisher>) -> Self {
        Self { memory: memory.clone(), publisher, log: Log::new(), sent: 0 }
    }

    /// One letter, new or once more, until it is confirmed; answers how often
    /// it had to be sent.
    pub(super) async fn publish(&mut self, random: &mut StdRng) -> usize {
        let is_repeat = self.sent > 0 && random.random_ratio(1, 6);
        let number = if is_repeat { random.random_range(0..self.sent) } else { self.sent };
        self.sent += u32::from(!is_repeat);
        let letter = letter(number);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let confirm = confirm(random);
            self.memory.confirm_next([confirm]);
            let outcome = self.publisher.publish(vec![letter.message.clone()]).await.remove(0);
            let new = || Sent { state: letter.state, arrived: 0 };
            let sent = self.log.entry(letter.identity.clone()).or_insert_with(new);
            sent.arrived += usize::from(confirm != Confirm::NeverArrived);
            match outcome {
                Ok(()) => return attempts,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
    }
}

fn confirm(random: &mut StdRng) -> Confirm {
    match random.random_range(0..12) {
        0 => Confirm::Lost,
        1 => Confirm::NeverArrived,
        _ => Confirm::Told,
    }
}

/// The same number is the same letter, byte for byte.
fn letter(number: u32) -> Letter {
    let to = COMPANIES[number as usize % COMPANIES.len()];
    match number % 8 {
        0 => malformed(number),
        1 => keyed(number, TAX, &notice(Company::Closed), "quarantined"),
        2 | 3 => keyed(number, WORK, &attest(to), "accepted"),
        4 => keyed(number, TAX, &with_content(number), "accepted"),
        _ => keyed(number, TAX, &notice(to), "accepted"),
    }
}

/// Every second is the same leaflet.
fn with_content(number: u32) -> Value {
    let inline = if number.is_multiple_of(16) { "YSBsZWFmbGV0" } else { "YSBsZXR0ZXI" };
    let padding = if inline.len() % 4 == 0 { "" } else { "=" };
    notice_with(json!([attachment("upfile1", &format!("{inline}{padding}"))]))
}

fn keyed(number: u32, application: &str, publication: &Value, state: &'static str) -> Letter {
    let key = format!("letter-{number}");
    let identity = IdentityKey::of_key(ONSS.parse().unwrap(), application, &key);
    Letter { message: envelope(application, key, publication.to_string()), identity, state }
}

fn malformed(number: u32) -> Letter {
    let message = envelope(TAX, format!("letter-{number}"), format!("{{ \"subject\": {number}"));
    let key = message.properties.message_id.as_deref();
    let identity = IdentityKey::of_bytes(TAX, &message.routing_key, key, &message.body);
    Letter { message, identity, state: "quarantined" }
}

fn envelope(application: &str, key: String, body: String) -> Outbound {
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: application.into(),
        body: body.into(),
        properties: Properties {
            message_id: Some(key),
            app_id: Some(application.into()),
            user_id: Some(account(application).into()),
            content_type: Some("application/json".into()),
            published_us: None,
        },
    }
}
