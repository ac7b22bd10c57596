//! The OpenAPI document, to whoever asks.

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::value::RawValue;

use super::kept;
use super::status::ApiError;

/// The document (OpenAPI 3.1) as it is shipped.
pub const DOCUMENT: &str = include_str!("../../../../schemas/openapi.json");

/// `GET /openapi.json`
pub(in crate::web) async fn serve_document(headers: HeaderMap) -> Result<Response, ApiError> {
    let document: &RawValue = serde_json::from_str(DOCUMENT).map_err(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be read");
        ApiError::internal()
    })?;
    kept::json(&headers, "public, max-age=300", &document)
}
