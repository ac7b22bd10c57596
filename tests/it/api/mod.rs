//! The REST interface: tokens of an issuer that the tests make; what agencies
//! publish; and what programs read of a box, held to the eBox interface's own
//! schemas, to the OpenAPI document, and to what a caller may see.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod bad_requests;
mod clients;
pub(crate) mod counter;
mod document;
mod examples;
mod hostile;
pub(crate) mod issuer;
mod kept_back;
mod lookups;
mod operating;
mod operation;
mod organizations;
mod paces;
mod powers;
mod published;
mod publishing;
mod reading;
mod running;
mod slow;
mod software;
mod tls;
mod tokens;
mod walls;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::pages::site::Visitor;
use crate::shipped;
use crate::web::client::Answer;

/// Asks for JSON.
pub(crate) async fn get(visitor: &Visitor<'_>, path: &str) -> Answer {
    visitor.request("GET", path).header("accept", "application/json").send().await
}

pub(crate) async fn patch(visitor: &Visitor<'_>, body: &Value) -> Answer {
    visitor
        .request("PATCH", "/ebox/messages")
        .header("content-type", "application/merge-patch+json")
        .header("sec-fetch-site", "same-origin")
        .body(body.to_string().as_bytes())
        .send()
        .await
}

/// The code of an answer that is no success, which the interface's schema
/// takes.
pub(crate) fn code(answer: &Answer) -> String {
    let status = answer.json();
    let validator = definition("StatusMessage").unwrap();
    shipped::fits(&validator, &status, "StatusMessage");
    assert!(status["pointer"].is_string(), "{status}");
    status["code"].as_str().unwrap().to_owned()
}

/// One of the interface's own definitions: what it requires must be there, and
/// what it gives a format be in it.
pub(crate) fn definition(name: &str) -> Result<jsonschema::Validator> {
    let interface = shipped::yaml("schemas/vendor/ebox-rest-2.1.openapi.yaml")?;
    let schema = json!({
        "$ref": format!("#/definitions/{name}"),
        "definitions": interface["definitions"],
    });
    let options = jsonschema::draft4::options().should_validate_formats(true);
    options.build(&schema).context("the interface's definitions")
}

/// One of our own document's schemas.
pub(crate) fn described(name: &str) -> Result<jsonschema::Validator> {
    let document = shipped::json("schemas/openapi.json")?;
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&schema).context("the document's schemas")
}
