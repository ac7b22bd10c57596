//! Headers that say who asks, and for whom: each once. Of two, another program
//! on the way may have believed the one that is not read here (RFC 9110 §5.3).

use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::Problem;
use super::api::{ENTERPRISE, ON_BEHALF_OF, shaped};

const SINGLE: [HeaderName; 3] =
    [AUTHORIZATION, HeaderName::from_static(ENTERPRISE), HeaderName::from_static(ON_BEHALF_OF)];

/// Refuses a request in which one of them stands twice, in the shape of its
/// address.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_twice = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    let twice = SINGLE.into_iter().find(is_twice);
    match twice {
        Some(name) => shaped(request.uri().path(), refused(&name)),
        None => next.run(request).await,
    }
}

fn refused(name: &HeaderName) -> Problem {
    let message = format!("the header {name} may come once");
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", message).at(format!("/{name}"))
}
