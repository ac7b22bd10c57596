//! Asks over HTTP what the provider's side of OpenID Connect answers.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// More than any answer of a provider has, and little enough to be held.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A request that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(in crate::web) enum HttpFault {
    /// The other side is away, or its TLS does not prove who it is.
    #[error("no answer over HTTP")]
    Request(#[from] reqwest::Error),
    /// It would not end.
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// It cannot be read.
    #[error("the answer is no HTTP")]
    Malformed(#[from] openidconnect::http::Error),
}

/// A client that follows no redirect: where it goes is configuration, and a
/// provider that redirects could have it ask anything of our own network.
pub(in crate::web) struct Http(reqwest::Client);

impl Http {
    pub(in crate::web) fn new(answer_max: Duration) -> Result<Self, HttpFault> {
        // When another part of the process has chosen one, that one stays.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(answer_max)
            .build()?;
        Ok(Self(client))
    }

    pub(in crate::web) async fn ask(
        &self,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpFault> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut response = openidconnect::http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(HttpFault::TooLong);
            }
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpFault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpFault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}
