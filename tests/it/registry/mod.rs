//! The registry over both ledgers.

mod access;
mod history;
mod import;

use std::io::Cursor;

use anyhow::Result;
use facteur::domain::EnterpriseNumber;
use facteur::registry::{self, Imported, Options, RegistryError};
use jiff::Timestamp;

use crate::support::ledgers::TestLedger;

const REFERENCE: &str = r#"{"kind":"organization","number":"0206731645","name":{"fr":"ONSS"}}
{"kind":"application","id":"onss:dmfa","name":{"fr":"DmfA"},"account":"onss"}
{"kind":"service","id":"dmfa","name":{"fr":"DmfA"}}
{"kind":"messageType","id":"DMFA-NOTICE","name":{"fr":"Avis"},"validity":{"count":1,"unit":"year"},"level":2,"service":"dmfa"}
{"kind":"trio","organization":"0206731645","application":"onss:dmfa","messageType":"DMFA-NOTICE"}
"#;

const ACTOR: &str = "tester";

fn company(i: u32) -> EnterpriseNumber {
    EnterpriseNumber::from_stem(2_000_000 + i)
}

fn reference() -> String {
    REFERENCE.to_owned()
}

/// Companies, each with a box and a person who manages it, every third with a
/// partition, a rule and a mandate; grants come before what they refer to.
fn companies(count: u32) -> String {
    let mut text = String::new();
    for i in 0..count {
        let number = company(i);
        let digital = i % 2 == 0;
        text += &format!(
            r#"{{"kind":"grant","enterprise":"{number}","id":"g","person":"p{i}","scope":{{"kind":"manager"}}}}
{{"kind":"enterprise","number":"{number}","name":"Société {i} \"SA\"","language":"fr"}}
{{"kind":"box","enterprise":"{number}","lastConnection":"2026-03-01T10:00:00.123456Z","allDigital":{digital}}}
{{"kind":"person","id":"p{i}","name":"Person {i}","language":"nl"}}
"#
        );
        if i % 3 == 0 {
            text += &format!(
                r#"{{"kind":"rule","enterprise":"{number}","priority":1,"partition":"PAY","messageType":"DMFA-NOTICE"}}
{{"kind":"partition","enterprise":"{number}","id":"PAY","name":"Pay"}}
{{"kind":"mandate","mandator":"{number}","holder":"{}"}}
"#,
                company((i + 1) % count)
            );
        }
    }
    text
}

fn at(text: &str) -> Result<Timestamp> {
    Ok(text.parse()?)
}

async fn import(ledger: &TestLedger, text: String) -> Result<Imported, RegistryError> {
    let options = Options { actor: ACTOR, at: Timestamp::UNIX_EPOCH, progress: &mut |_| {} };
    registry::import(ledger, Cursor::new(text), options).await
}

async fn export(ledger: &TestLedger) -> Result<String> {
    let mut text = Vec::new();
    registry::export(ledger, &mut text).await?;
    Ok(String::from_utf8(text)?)
}
