//! Fields of a form that was sent: in order, and several of one name.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Web;
use super::page::PageError;

/// Fields beyond these are no form of ours.
const FIELDS_MAX: usize = 2_000;

/// `application/x-www-form-urlencoded`, as browsers send it.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl FromRequest<Web> for Fields {
    type Rejection = PageError;

    async fn from_request(request: Request, web: &Web) -> Result<Self, PageError> {
        let body = Bytes::from_request(request, web).await.map_err(|_| PageError::BadRequest)?;
        let fields = url::form_urlencoded::parse(&body).into_owned().take(FIELDS_MAX);
        Ok(Self(fields.collect()))
    }
}

/// The query of an address, as a page understands it. What it does not is
/// answered by a page: axum's own extractor answers in English, without one.
#[derive(Clone, Copy, Debug)]
pub(super) struct InQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Web> for InQuery<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, PageError> {
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        query.map(|asked| Self(asked.0)).map_err(|_| PageError::BadRequest)
    }
}

impl Fields {
    /// Of the query of an address.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let fields = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(fields.into_owned().take(FIELDS_MAX).collect())
    }

    /// The first of a name that is not empty, without white space around it.
    pub(super) fn one<'f>(&'f self, name: &'f str) -> Option<&'f str> {
        self.all(name).map(str::trim).find(|value| !value.is_empty())
    }

    /// Every one of a name.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The first of a name, as something else.
    pub(super) fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.one(name)?.parse().ok()
    }

    /// Whether a box was ticked.
    pub(super) fn is(&self, name: &str) -> bool {
        self.one(name) == Some("yes")
    }
}
