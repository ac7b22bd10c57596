//! The pages in a real Chromium, over the demonstration's data.

mod axe;
mod console;
mod demo;
mod documents;
mod driver;
mod newcomer;
mod plain;
mod provider;
mod reader;
mod replies;
mod weight;

use serde_json::{Value, json};

/// A DmfA acknowledgement, and something that is none.
fn dmfa(to: &str, subject: &str) -> Value {
    publication("0206731645", "onss:dmfa:declaration", "DMFA-RECEIPT", to, subject)
}

fn publication(
    organization: &str,
    application: &str,
    kind: &str,
    to: &str,
    subject: &str,
) -> Value {
    json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": organization },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": to },
        "subject": { "fr": subject, "nl": subject, "de": subject },
        "senderApplicationId": application,
        "messageTypeId": kind,
        "bodyContent": { "fr": "Texte", "nl": "Tekst", "de": "Text" },
        "isBodyMainContent": true,
    })
}
