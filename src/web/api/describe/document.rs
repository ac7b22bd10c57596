//! The OpenAPI document, made of the routes and of the types that they read
//! and write.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Operation;
use super::words::{Key, Tag};
use crate::schema::null_free;
use crate::web::api::reading::{ApiError, json_kept};

const ABOUT: &str = "What programs do: publish mail, look up how companies are reached, follow \
    what became of it, read a company's box, print letters. Names and shapes are those of the \
    eBox REST interface, version 2.1 where programs read and 3 where they publish: lists are \
    never null, criteria must all hold, and what the caller may not see does not exist.";

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| document(&crate::web::operations()));
/// As it is shipped and served.
pub(in crate::web::api) static OPENAPI: LazyLock<String> =
    LazyLock::new(|| format!("{:#}\n", *DOCUMENT));

/// The document (OpenAPI 3.1) as a value.
pub(in crate::web::api) fn openapi() -> &'static Value {
    &DOCUMENT
}

/// `GET /openapi.json`
pub(in crate::web::api) async fn serve(headers: HeaderMap) -> Result<Response, ApiError> {
    let document: &RawValue = serde_json::from_str(&OPENAPI).map_err(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be read");
        ApiError::internal()
    })?;
    json_kept(&headers, "public, max-age=300", &document)
}

fn document(operations: &[Operation]) -> Value {
    let mut generator = generator();
    let mut paths = Map::new();
    for operation in operations {
        let item = paths.entry(operation.path()).or_insert_with(|| json!({}));
        item[operation.method()] = operation.described(&mut generator);
    }
    let tag = |tag: Tag| json!({ "name": tag.name(), "description": tag.about() });
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Facteur",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "tags": Tag::ALL.map(tag),
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": Key::schemes() },
    })
}

fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12().with_transform(null_free());
    settings.definitions_path = "/components/schemas".into();
    settings.into_generator()
}
