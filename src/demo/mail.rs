//! The mail of the simulated agencies: mostly good, now and then a repeat, a
//! refusal, or a flood.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::agencies::{AGENCIES, Agency, Kind};
use super::world::company;
use super::{COMPANIES, SEED, pdf};
use crate::clock::belgian_day;
use crate::queue::{Outbound, Properties, topology};

/// A publication on its way.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it is published.
    pub message: Outbound,
}

/// An endless supply of publications, the same for the same run.
pub struct Mail {
    random: StdRng,
    /// Tells this run's keys from those of an earlier one.
    run: String,
    count: u64,
    last: Option<Outbound>,
    /// The agency that floods, and for how many documents more.
    flood: Option<(&'static Agency, u32)>,
}

/// How often something else than a good publication comes, in a thousand.
const REPEATS: u32 = 30;
const FAULTS: u32 = 25;
const FLOODS: u32 = 1;

impl Mail {
    /// The mail of a run; `run` makes its keys unique.
    #[must_use]
    pub fn new(run: &str) -> Self {
        let random = StdRng::seed_from_u64(SEED);
        Self { random, run: run.to_owned(), count: 0, last: None, flood: None }
    }

    /// The next publication.
    pub fn next(&mut self, now: Timestamp) -> Sent {
        self.count += 1;
        let dice = self.random.random_range(0..1000);
        if let Some(last) = self.last.clone().filter(|_| dice < REPEATS) {
            return Sent { message: last };
        }
        let agency = self.agency();
        let kind = &agency.types[self.random.random_range(0..agency.types.len())];
        let mut publication = self.publication(agency, kind, now);
        let mut message = envelope(agency, format!("{}-{}", self.run, self.count), now);
        if (REPEATS..REPEATS + FAULTS).contains(&dice) {
            self.spoil(&mut publication, &mut message);
        }
        if message.body.is_empty() {
            message.body = publication.to_string().into();
        }
        self.last = Some(message.clone());
        Sent { message }
    }

    fn agency(&mut self) -> &'static Agency {
        if let Some((agency, left)) = self.flood {
            self.flood = (left > 0).then(|| (agency, left.saturating_sub(1)));
            return agency;
        }
        let mut pick = self.random.random_range(0..AGENCIES.iter().map(|a| a.weight).sum());
        let found = AGENCIES.iter().find(|agency| {
            let is_here = pick < agency.weight;
            pick = pick.saturating_sub(agency.weight);
            is_here
        });
        let agency = found.unwrap_or(&AGENCIES[0]);
        if self.random.random_range(0..1000) < FLOODS {
            self.flood = Some((agency, self.random.random_range(100..600)));
        }
        agency
    }

    /// Popularity is skewed: the first hundredth of the companies gets about
    /// a fifth of the mail.
    fn recipient(&mut self) -> String {
        let uniform: f64 = self.random.random_range(0.0..1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 5000")]
        let n = (uniform.powi(3) * f64::from(COMPANIES)) as u32;
        company(n.min(COMPANIES - 1)).to_string()
    }

    fn publication(&mut self, agency: &Agency, kind: &Kind, now: Timestamp) -> Value {
        let (quarter, number) =
            (self.random.random_range(1..=4), self.random.random_range(100_000..999_999));
        let [fr, nl, de, en] = kind.names;
        let subject = match self.random.random_range(0..10) {
            0 => json!({ "de": format!("{de}, {quarter}. Quartal, Nr. {number}") }),
            1..5 => json!({ "nl": format!("{nl}, {quarter}e kwartaal, nr. {number}") }),
            5..9 => {
                json!({ "fr": format!("{fr}, {quarter}{} trimestre, n° {number}", if quarter == 1 { "er" } else { "e" }) })
            }
            _ => json!({
                "fr": format!("{fr} n° {number}"),
                "nl": format!("{nl} nr. {number}"),
                "de": format!("{de} Nr. {number}"),
                "en": format!("{en} no. {number}"),
            }),
        };
        let mut publication = json!({
            "sender": { "eboxType": "enterprise", "enterpriseNumber": agency.organization },
            "recipient": { "eboxType": "enterprise", "enterpriseNumber": self.recipient() },
            "subject": subject,
            "senderApplicationId": agency.application,
            "messageTypeId": kind.id,
            "businessDataList": business_data(number, now),
            "isReplyAuthorized": number.is_multiple_of(4),
            "registered": self.random.random_range(0..100) < 5,
        });
        self.content(&mut publication, kind, number);
        publication
    }

    /// A letter of its own, a leaflet that many get, or a text alone.
    fn content(&mut self, publication: &mut Value, kind: &Kind, number: u32) {
        let text = match self.random.random_range(0..4) {
            0 => format!("{}\n\nReference {number}\n", kind.names.join("\n")),
            1 => format!("{}\n\nInformation\n", kind.names.join("\n")),
            _ => {
                publication["bodyContent"] = body(kind, number);
                publication["isBodyMainContent"] = json!(true);
                return;
            }
        };
        let (content, ending, media_type) = match number % 3 {
            0 => (text.into_bytes(), "txt", "text/plain"),
            _ => (pdf::page(&text.lines().collect::<Vec<_>>()), "pdf", "application/pdf"),
        };
        publication["attachments"] = json!([{
            "httpPartName": "upfile1",
            "isMainContent": true,
            "fileName": format!("{number}.{ending}"),
            "mediaType": media_type,
            "content": { "inline": STANDARD.encode(content) },
        }]);
    }

    /// What agencies get wrong.
    fn spoil(&mut self, publication: &mut Value, message: &mut Outbound) {
        match self.random.random_range(0..8) {
            0 => publication["recipient"]["enterpriseNumber"] = json!("0123456789"),
            1 => publication["subject"] = json!({ "fr": "x".repeat(401) }),
            2 => publication["messageTypeId"] = json!("NOT-OURS"),
            3 => publication["forTheAttentionOf"] = Value::Null,
            4 => message.properties.user_id = Some("account-of-somebody-else".into()),
            5 => message.properties.message_id = None,
            6 => message.body = "{ \"subject\": ".into(),
            _ => message.routing_key = "not:registered".into(),
        }
    }
}

/// The text of a message that has no document, in every language.
fn body(kind: &Kind, number: u32) -> Value {
    let [fr, nl, de, en] = kind.names;
    json!({
        "fr": format!("{fr}\n\nCe message est complet\u{a0}: aucun document n’y est joint.\nRéférence\u{a0}: {number}"),
        "nl": format!("{nl}\n\nDit bericht is volledig: er is geen document bij.\nReferentie: {number}"),
        "de": format!("{de}\n\nDiese Nachricht ist vollständig: Ihr liegt kein Dokument bei.\nReferenz: {number}"),
        "en": format!("{en}\n\nThis message is complete: no document comes with it.\nReference: {number}"),
    })
}

/// One in five asks for something, most of them by a day. From the number, not
/// from the dice: the mail of a seed stays what it was.
fn business_data(number: u32, now: Timestamp) -> Value {
    let mut list = vec![json!({
        "key": "BUSINESS_DOMAIN", "values": [{ "fr": "SOCIAL_SECURITY" }],
    })];
    if number.is_multiple_of(5) {
        list.push(json!({ "key": "FOR_ACTION", "values": [{ "fr": "true" }] }));
        let day = belgian_day(now + SignedDuration::from_hours(24 * i64::from(number % 40)));
        let day = day.to_string();
        list.push(json!({ "key": "FOR_ACTION_DUE_DATE", "values": [{ "fr": day }] }));
    }
    Value::Array(list)
}

fn envelope(agency: &Agency, key: String, now: Timestamp) -> Outbound {
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: agency.application.into(),
        body: bytes::Bytes::new(),
        properties: Properties {
            message_id: Some(key),
            app_id: Some(agency.application.into()),
            user_id: Some(agency.account()),
            content_type: Some("application/json".into()),
            published_us: Some(now.as_microsecond()),
        },
    }
}
