//! Bytes that are no publication at all.

use anyhow::Result;
use bytes::Bytes;
use facteur::domain::Code;
use serde_json::{Value, json};

use super::Case;
use crate::support::desk::{arrival, key};
use crate::support::world::{Company, ONSS, TAX, notice};

/// Beyond what any lane takes.
const OVERSIZE: usize = 20 << 20;

pub(super) fn cases() -> Result<Vec<Case>> {
    let mut cases = bytes()?;
    cases.extend(properties()?);
    Ok(cases)
}

fn bytes() -> Result<Vec<Case>> {
    let whole = notice(Company::Active).to_string();
    let quoted = |text: &[u8]| {
        let [before, after] = ["{\"subject\":{\"fr\":\"", "\"}}"].map(str::as_bytes);
        [before, text, after].concat()
    };
    let nested = format!("{{\"attachments\":{}", "[".repeat(5_000));
    let table: Vec<(&str, Bytes, Code, &'static str)> = vec![
        ("empty", Bytes::new(), Code::Malformed, ""),
        ("not JSON", "subject: hello".into(), Code::Malformed, ""),
        ("cut off", "{ \"subject\": ".into(), Code::Malformed, "/subject"),
        ("more behind it", format!("{whole} {{}}").into(), Code::Malformed, ""),
        ("a list", "[1]".into(), Code::Malformed, ""),
        ("null", "null".into(), Code::Malformed, ""),
        ("wrong UTF-8", quoted(b"caf\xe9").into(), Code::Malformed, "/subject/fr"),
        ("a lone surrogate", quoted(br"\ud800").into(), Code::Malformed, "/subject/fr"),
        ("a bare NUL", quoted(b"\0").into(), Code::Malformed, "/subject/fr"),
        ("nested without end", nested.into(), Code::Malformed, "/attachments/0"),
        ("20 MiB", vec![b' '; OVERSIZE].into(), Code::TooLarge, ""),
    ];
    let case = |(name, body, code, pointer): (&str, Bytes, Code, &'static str)| {
        Ok(Case::new(name, arrival(TAX, &key(), body)?, code, pointer))
    };
    table.into_iter().map(case).collect()
}

/// Properties that exist nowhere, twice, or as something else.
fn properties() -> Result<Vec<Case>> {
    let with = |pointer: &str, value: Value| {
        let mut publication = notice(Company::Active);
        let (place, name) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(object) = publication.pointer_mut(place) {
            object[name] = value;
        }
        publication
    };
    let attention = json!({ "label": null });
    let content = json!([{
        "httpPartName": "a", "isMainContent": true, "content": { "inline": "", "size": 1 },
    }]);
    let long = "x".repeat(50_000);
    [
        ("null for a text", with("/subject/nl", Value::Null), "/subject/nl"),
        ("null for an object", with("/forTheAttentionOf", Value::Null), "/forTheAttentionOf"),
        ("null inside", with("/forTheAttentionOf", attention), "/forTheAttentionOf/label"),
        ("an unknown property", with("/urgent", json!(true)), "/urgent"),
        ("an unknown property inside", with("/sender/name", json!("x")), "/sender/name"),
        ("an unknown language", with("/subject/it", json!("x")), "/subject/it"),
        ("a number for a text", with("/messageTypeId", json!(1)), "/messageTypeId"),
        ("a text for a boolean", with("/registered", json!("no")), "/registered"),
        ("an unknown word", with("/precondition", json!("SOMETIMES")), "/precondition"),
        ("a NUL in a word", with("/precondition", json!("BYPASS\0")), "/precondition"),
        ("a word without end", with("/precondition", json!(long)), "/precondition"),
        ("a list for an object", with("/sender", json!(["enterprise", ONSS])), "/sender"),
        ("lists for objects", with("/attachments", json!([["a", true]])), "/attachments/0"),
        ("two kinds of content", with("/attachments", content), "/attachments/0/content"),
    ]
    .into_iter()
    .map(|(name, publication, pointer)| Case::of(name, &publication, Code::Malformed, pointer))
    .collect()
}
