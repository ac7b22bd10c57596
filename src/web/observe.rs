//! Counts and times requests by the template of their path.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::clock::Stopwatch;
use crate::telemetry::measure;

/// Until the head of the answer is there; content may follow for longer.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let time = Stopwatch::start();
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    measure::http_seconds(route, method, response.status().as_u16(), time.elapsed());
    response
}

/// A client may invent methods; a label may not.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
