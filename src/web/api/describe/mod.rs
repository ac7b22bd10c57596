//! Routes that programs use, each with what the OpenAPI document says of it:
//! a route is added here with its description or not at all, so the document
//! cannot leave one out.

mod document;
mod operation;
mod page;
mod words;

pub(super) use document::{OPENAPI, openapi, serve};
pub(in crate::web) use operation::{Operation, array_of, bytes, of};
pub(super) use page::show;
pub(in crate::web) use words::{Key, Tag};

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{MethodFilter, on};
use serde::de::DeserializeOwned;

use super::Fault;
use crate::web::Problem;

/// Routes over a state, and what is said of them.
pub(in crate::web) struct Routes<S> {
    router: Router<S>,
    operations: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(in crate::web) fn new() -> Self {
        Self { router: Router::new(), operations: Vec::new() }
    }

    /// One more: it is served where its description says.
    pub(in crate::web) fn on<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let (path, filter) = (operation.path(), operation.filter());
        self.router = self.router.route(path, on(filter, handler));
        self.operations.push(operation);
        self
    }

    /// A `GET` of which nobody may ask for the head alone.
    pub(in crate::web) fn on_whole<H, T>(self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let path = operation.path();
        let refused = on(MethodFilter::HEAD, crate::web::problem::method_not_allowed);
        let routes = self.on(operation, handler);
        Self { router: routes.router.route(path, refused), ..routes }
    }

    pub(in crate::web) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    /// Changes what serves them, not what is said.
    pub(in crate::web) fn served(self, how: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        Self { router: how(self.router), operations: self.operations }
    }

    pub(in crate::web) fn into_router(self) -> Router<S> {
        self.router
    }

    pub(in crate::web) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }
}

/// What a path names; what cannot be read names nothing.
pub(in crate::web) struct At<T>(pub(in crate::web) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        let message = "there is no such thing here";
        let nothing = |_| Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", message).into();
        path.map(|Path(named)| Self(named)).map_err(nothing)
    }
}

/// The criteria of a question; what is wrong with them is a [`Problem`].
pub(in crate::web) struct Criteria<T>(pub(in crate::web) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Criteria<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|fault| {
            let message = fault.body_text();
            Problem::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message).at("/query")
        })
    }
}
