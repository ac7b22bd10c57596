//! What another site's page makes a browser send: with the cookies, and the
//! keys it once asked for, of whoever sits before it. It is refused.
//!
//! A bearer token no browser sends by itself, so what carries one came from a
//! program, whatever site it says that it runs on.

use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Problem;
use super::api::{is_bearer, is_of_ebox, shaped};
use super::page::PageError;

/// Says from which site's page a request came (Fetch Metadata).
const FETCH_SITE: &str = "sec-fetch-site";

/// What is answered where the layer below refuses.
pub(super) fn refused() -> Response {
    PageError::CrossSite.into_response()
}

/// Around the layer that refuses: lets programs with a token through, and tells
/// the other programs in their own shape.
pub(super) async fn spare_tokens(mut request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    if has_token(request.headers()) {
        request.headers_mut().remove(ORIGIN);
        request.headers_mut().remove(FETCH_SITE);
    }
    let response = next.run(request).await;
    let is_refused = matches!(response.extensions().get::<PageError>(), Some(PageError::CrossSite));
    match is_refused && is_for_programs(&uri) {
        true => shaped(uri.path(), told()),
        false => response,
    }
}

fn has_token(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(is_bearer)
}

fn is_for_programs(uri: &Uri) -> bool {
    is_of_ebox(uri.path()) || uri.path().starts_with("/documents/")
}

fn told() -> Problem {
    let message = "it came from another site's page; programs come with a bearer token";
    Problem::new(StatusCode::FORBIDDEN, "CROSS_SITE", message)
}
