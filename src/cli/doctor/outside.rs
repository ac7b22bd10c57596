//! Who is asked over the network: identity provider, issuer of tokens, mail
//! server; each where the configuration names one.

use jiff::Timestamp;

use super::{Examined, Fault};
use crate::config::Config;
use crate::{notices, web};

pub(super) async fn provider(config: &Config, now: Timestamp) -> Examined {
    if config.sign_in.issuer.is_empty() {
        return Examined::not_configured("identity provider");
    }
    let fault = web::ask_provider(&config.sign_in, now).await.err().map(|error| {
        Fault::new(
            error,
            "is sign_in.issuer exactly what the provider calls itself, and does its \
             /.well-known/openid-configuration answer this machine?",
        )
    });
    Examined::new("identity provider", fault)
}

pub(super) async fn issuer(config: &Config, now: Timestamp) -> Examined {
    if config.api.issuer.is_empty() {
        return Examined::not_configured("token issuer");
    }
    let fault = web::prove_issuer(config, now).await.err().map(|error| {
        Fault::new(
            error,
            "is api.issuer exactly what the issuer calls itself, do its keys (api.keys_url) answer \
             this machine, and are api.introspection_client_id and its secret right?",
        )
    });
    Examined::new("token issuer", fault)
}

pub(super) async fn mail(config: &Config) -> Examined {
    if config.notices.host.is_empty() {
        return Examined::not_configured("mail server");
    }
    let fault = notices::prove(&config.notices).await.err().map(|error| {
        Fault::new(
            error,
            "do notices.host, port and tls lead to the mail server, is its certificate trusted \
             here, and are user and password those that it knows?",
        )
    });
    Examined::new("mail server", fault)
}
