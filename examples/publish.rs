//! Publishes a document over REST, and asks whether it was read.
//!
//! ```text
//! FACTEUR_KEY=… cargo run --example publish -- http://127.0.0.1:8080 \
//!     APPLICATION ORGANIZATION ENTERPRISE TYPE FILE.pdf
//! ```
//!
//! `FACTEUR_KEY` is the application's upload key.
#![expect(clippy::print_stdout, reason = "what a program of the command line does")]

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BOUNDARY: &str = "8d1f0a5e6c3b4f7a";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, application, organization, enterprise, message_type, path] = arguments.as_slice()
    else {
        bail!("URL APPLICATION ORGANIZATION ENTERPRISE TYPE FILE");
    };
    let message = json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": organization },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": enterprise },
        "subject": { "fr": "Un document", "nl": "Een document" },
        "senderApplicationId": application,
        "messageTypeId": message_type,
        "attachments": [{ "httpPartName": "upfile1", "isMainContent": true }],
    });
    let content = std::fs::read(path)?;
    let key = std::env::var("FACTEUR_KEY").context("FACTEUR_KEY")?;
    let user = format!("Basic {}", STANDARD.encode(format!("{application}:{key}")));
    // The same content has the same key, so it may be sent again after no
    // answer: it is never delivered twice.
    let key = STANDARD.encode(Sha256::digest(&content));
    let published = ureq::post(format!("{url}/ebox/messages"))
        .config()
        .http_status_as_error(false)
        .build()
        .header("authorization", &user)
        .header("idempotency-key", &key)
        .header("content-type", &format!("multipart/form-data; boundary={BOUNDARY}"))
        .send(&parts(&message, &content)[..])?;
    let status = published.status().as_u16();
    let published: Value = serde_json::from_reader(published.into_body().into_reader())?;
    // 409: it arrived before, and is named.
    if ![201, 409].contains(&status) {
        bail!("{status}: {published}");
    }
    let id = &published["messageId"];
    let asked = json!([{ "messageId": id }]).to_string();
    let told = ureq::post(format!("{url}/searchMessageStatus"))
        .header("authorization", &user)
        .header("content-type", "application/json")
        .send(&asked)?;
    let told: Value = serde_json::from_reader(told.into_body().into_reader())?;
    println!("{} {}", id.as_str().context("no id")?, told[0]["readStatus"]);
    Ok(())
}

fn parts(message: &Value, content: &[u8]) -> Vec<u8> {
    let head = |what: &str, kind: &str| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; {what}\r\nContent-Type: {kind}\r\n\r\n"
        )
    };
    [
        head("name=\"messageToPublish\"", "application/json").as_bytes(),
        message.to_string().as_bytes(),
        b"\r\n",
        head("name=\"upfile1\"; filename=\"letter.pdf\"", "application/pdf").as_bytes(),
        content,
        format!("\r\n--{BOUNDARY}--\r\n").as_bytes(),
    ]
    .concat()
}
