//! Bounds of single keys, and what two keys must have in common.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::{Api, Config, ConfigError, MailTls, Notices, ServiceUrl, SignIn};

/// RabbitMQ 4 refuses larger messages.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// 1 TiB: no more than a guard against a slip of the keyboard.
const MEMORY_BYTES_MAX: usize = 1 << 40;

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    addresses(config)?;
    sign_in(&config.sign_in)?;
    notices(&config.notices)?;
    api(&config.api)?;
    tls(config)?;
    proxies(config)?;
    intake(config)?;
    let relay = &config.relay;
    within("ledger.connections", config.ledger.connections, 1..=1_000)?;
    within("registry.grace_days", config.registry.grace_days, 0..=365)?;
    within("documents.unreferenced_days", config.documents.unreferenced_days, 1..=3_650)?;
    within("relay.receipts_per_message_max", relay.receipts_per_message_max, 1..=5_000)?;
    within("relay.letters_window", relay.letters_window, 1..=1_000_000)?;
    within("relay.interval_ms", relay.interval_ms, 1..=60_000)?;
    within("paper.link_hours", config.paper.link_hours, 1..=8_760)?;
    within("paper.lease_minutes", config.paper.lease_minutes, 1..=1_440)?;
    within("sandbox.day_in_secs", config.sandbox.day_in_secs, 0..=86_400)?;
    let base = &config.paper.link_base;
    if !base.is_empty() && !base.starts_with("http://") && !base.starts_with("https://") {
        return Err(fault("paper.link_base", "must begin with http:// or https://".into()));
    }
    within("record.years", config.record.years, 1..=100)?;
    within("web.head_secs", config.web.head_secs, 1..=600)?;
    within("web.unread_secs", config.web.unread_secs, 1..=600)?;
    within("web.connections_max", config.web.connections_max, 16..=60_000)?;
    within("shutdown.grace_secs", config.shutdown.grace_secs, 0..=3_600)?;
    config
        .log
        .filter
        .parse::<tracing_subscriber::EnvFilter>()
        .map(drop)
        .map_err(|error| fault("log.filter", error.to_string()))
}

fn addresses(config: &Config) -> Result<(), ConfigError> {
    let postgres = &["sqlite", "postgres", "postgresql"];
    scheme("ledger.url", &config.ledger.url, postgres)?;
    scheme("queue.url", &config.queue.url, &["embedded", "amqp", "amqps"])?;
    scheme("documents.url", &config.documents.url, &["file", "s3"])
}

fn sign_in(sign_in: &SignIn) -> Result<(), ConfigError> {
    within("sign_in.idle_minutes", sign_in.idle_minutes, 1..=1_440)?;
    within("sign_in.life_hours", sign_in.life_hours, 1..=720)?;
    web_address("sign_in.base_url", &sign_in.base_url)?;
    if sign_in.issuer.is_empty() {
        return Ok(());
    }
    web_address("sign_in.issuer", &sign_in.issuer)?;
    let needed = [
        ("sign_in.client_id", sign_in.client_id.is_empty()),
        // Whatever the claim: a subject may be a personal number as well, and two
        // issuers may call two persons the same.
        ("sign_in.person_key", sign_in.person_key.reveal().is_empty()),
    ];
    match needed.into_iter().find(|(_, is_empty)| *is_empty) {
        Some((key, _)) => Err(fault(key, "is needed where there is an issuer".into())),
        None => Ok(()),
    }
}

/// Signatures whose keys may be public.
const ALGORITHMS: [&str; 8] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA"];

fn api(api: &Api) -> Result<(), ConfigError> {
    within("api.clock_skew_secs", api.clock_skew_secs, 0..=300)?;
    within("api.introspection_kept_secs", api.introspection_kept_secs, 0..=300)?;
    within("api.requests_per_second", api.requests_per_second, 1..=100_000)?;
    within("api.publications_max", api.publications_max, 1..=10_000)?;
    within("api.silence_secs", api.silence_secs, 1..=600)?;
    within("api.arrival_secs", api.arrival_secs, 1..=3_600)?;
    for algorithm in api.algorithms.split_whitespace() {
        if !ALGORITHMS.contains(&algorithm) {
            return Err(fault("api.algorithms", format!("knows {}", ALGORITHMS.join(" "))));
        }
    }
    if api.issuer.is_empty() {
        return Ok(());
    }
    for (key, url) in
        [("api.keys_url", &api.keys_url), ("api.introspection_url", &api.introspection_url)]
    {
        if !url.is_empty() {
            web_address(key, url)?;
        }
    }
    web_address("api.issuer", &api.issuer)?;
    match api.audience.is_empty() {
        true => Err(fault("api.audience", "is needed where there is an issuer".into())),
        false => Ok(()),
    }
}

fn tls(config: &Config) -> Result<(), ConfigError> {
    let web = &config.web;
    let has = |path: &std::path::Path| !path.as_os_str().is_empty();
    match (has(&web.tls_certificate), has(&web.tls_key)) {
        (true, false) => Err(fault("web.tls_key", "is needed with web.tls_certificate".into())),
        (false, true) => Err(fault("web.tls_certificate", "is needed with web.tls_key".into())),
        _ => Ok(()),
    }
}

fn proxies(config: &Config) -> Result<(), ConfigError> {
    let mut addresses = config.web.proxies.split_whitespace();
    match addresses.all(|address| address.parse::<IpAddr>().is_ok()) {
        true => Ok(()),
        false => Err(fault("web.proxies", "holds IP addresses, separated by blanks".into())),
    }
}

/// What is proven over a network is proven over TLS.
fn web_address(key: &str, text: &str) -> Result<(), ConfigError> {
    let is_loopback = |url: &url::Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let url = url::Url::parse(text).map_err(|error| fault(key, error.to_string()))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(fault(key, "must begin with https://, or name this machine".into()));
    }
    let is_bare = url.query().is_none() && url.fragment().is_none() && !text.ends_with('/');
    let is_bare = is_bare || key.ends_with(".issuer") || key.ends_with("_url");
    if is_bare { Ok(()) } else { Err(fault(key, "ends without a slash".into())) }
}

fn notices(notices: &Notices) -> Result<(), ConfigError> {
    if notices.host.is_empty() {
        return Ok(());
    }
    within("notices.port", notices.port, 1..=u16::MAX)?;
    if !notices.sender.contains('@') {
        return Err(fault("notices.sender", "is needed where there is a host".into()));
    }
    let is_here = matches!(notices.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    match notices.tls == MailTls::None && !is_here {
        true => Err(fault("notices.tls", "\"none\" is for a server on this machine".into())),
        false => Ok(()),
    }
}

fn intake(config: &Config) -> Result<(), ConfigError> {
    let intake = &config.intake;
    within("intake.batch_count_max", intake.batch_count_max, 1..=10_000)?;
    within("intake.batch_wait_ms_max", intake.batch_wait_ms_max, 0..=10_000)?;
    within("intake.workers", intake.workers, 1..=64)?;
    within("intake.prefetch_max", intake.prefetch_max, 1..=u16::MAX)?;
    within("intake.body_bytes_max", intake.body_bytes_max, 1..=BODY_BYTES_MAX)?;
    // A batch takes at least one body, and memory at least one batch.
    let (body, memory) = (intake.body_bytes_max, intake.memory_bytes_max);
    within("intake.batch_bytes_max", intake.batch_bytes_max, body..=MEMORY_BYTES_MAX)?;
    within("intake.memory_bytes_max", memory, intake.batch_bytes_max..=MEMORY_BYTES_MAX)?;
    // Base64 makes four characters of three bytes.
    let inline_max = body / 4 * 3;
    within("intake.inline_bytes_max", intake.inline_bytes_max, 0..=inline_max)
}

fn within<T: Copy + PartialOrd + Display>(
    key: &str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    let (min, max) = (bounds.start(), bounds.end());
    Err(fault(key, format!("{value} is not between {min} and {max}")))
}

fn scheme(key: &str, url: &ServiceUrl, known: &[&str]) -> Result<(), ConfigError> {
    if url.scheme().is_some_and(|scheme| known.contains(&scheme)) {
        return Ok(());
    }
    let known: Vec<String> = known.iter().map(|scheme| format!("{scheme}://")).collect();
    Err(fault(key, format!("must begin with {}", known.join(" or "))))
}

fn fault(key: &str, message: String) -> ConfigError {
    ConfigError::Value { key: key.into(), message }
}
