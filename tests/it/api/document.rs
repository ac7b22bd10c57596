//! The OpenAPI document says what is there: every endpoint that it names
//! answers, with a status that it names.

use anyhow::Result;
use serde_json::Value;

use super::get;
use crate::pages::site::{Site, manager};
use crate::shipped;
use crate::support::world::{Company, TAX};

fn document() -> Value {
    shipped::json("schemas/openapi.json").unwrap()
}

#[tokio::test]
async fn the_document_is_served_to_anybody() -> Result<()> {
    let site = Site::open().await?;
    let answer = get(&site.visitor(), "/openapi.json").await;
    assert_eq!(answer.json(), document());
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    Ok(())
}

#[tokio::test]
async fn every_endpoint_of_the_document_answers_as_it_says() -> Result<()> {
    let site = Site::open().await?;
    let program = site.signed_in(&manager(Company::Active)).await;
    let mut asked = 0;
    for (template, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let request = program.request(&method.to_uppercase(), &filled(template));
            let request = request.header("content-type", "application/json");
            let request = request.header("sec-fetch-site", "same-origin").body(b"{\"items\":[]}");
            let answer = request.send().await;
            let documented = &operation["responses"][answer.status.to_string()];
            assert!(documented.is_object(), "{method} {template}: {}", answer.status);
            assert_ne!(answer.status, 405, "{method} {template}");
            if let Some(content) = documented["content"].as_object() {
                let media_type = answer.header("content-type").unwrap();
                let is_named = content.keys().any(|it| media_type.starts_with(&**it));
                assert!(is_named || content.contains_key("*/*"), "{template}: {media_type}");
            }
            asked += 1;
        }
    }
    assert_eq!(asked, 22);
    Ok(())
}

#[tokio::test]
async fn what_the_document_says_of_keys_is_so() -> Result<()> {
    let site = Site::open().await?;
    let visitor = site.visitor();
    for (template, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let request = visitor.request(&method.to_uppercase(), &filled(template));
            let answer = request.header("sec-fetch-site", "same-origin").send().await;
            let is_refused = answer.status == 401;
            assert_eq!(is_refused, operation["security"].is_array(), "{method} {template}");
        }
    }
    Ok(())
}

/// A template with something in each of its places.
fn filled(template: &str) -> String {
    template
        .replace("{messageId}", "01a2078b-ec10-74c5-b402-ef8c377bc990")
        .replace("{senderApplicationId}", TAX)
        .replace(['{', '}'], "")
}
