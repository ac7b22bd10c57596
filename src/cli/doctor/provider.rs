//! The identity provider, where there is one.

use jiff::Timestamp;

use super::{Examined, Fault};
use crate::config::Config;
use crate::web;

pub(super) async fn examine(config: &Config, now: Timestamp) -> Examined {
    let fault = match config.sign_in.issuer.is_empty() {
        true => None,
        false => web::ask_provider(&config.sign_in, now).await.err(),
    };
    let fault = fault.map(|error| {
        Fault::new(
            error,
            "is sign_in.issuer exactly what the provider calls itself, and does its \
             /.well-known/openid-configuration answer this machine?",
        )
    });
    Examined::new("identity provider", fault)
}
