//! The address of a service, which may hold a password.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// An address that shows itself without its passwords; [`ServiceUrl::as_str`]
/// is the real one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ServiceUrl(String);

impl ServiceUrl {
    /// The address as it was set, passwords included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before `://`.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.0.split_once("://").map(|(scheme, _)| scheme)
    }

    /// The address with `***` for everything that may be a password. What
    /// cannot be read as an address is hidden whole: a password with a `/` or
    /// a forgotten `@` is the usual reason why it cannot.
    #[must_use]
    pub fn redacted(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return HIDDEN.into();
        };
        if PATHS.contains(&scheme) {
            return self.0.clone();
        }
        if url::Url::parse(&self.0).is_err() {
            return format!("{scheme}://{HIDDEN}");
        }
        let (rest, fragment) = split(rest, '#');
        let (place, query) = split(rest, '?');
        let place = redact_user(place);
        let query = query.map_or(String::new(), |query| format!("?{}", redact_query(query)));
        let fragment = fragment.map_or(String::new(), |_| format!("#{HIDDEN}"));
        format!("{scheme}://{place}{query}{fragment}")
    }
}

const HIDDEN: &str = "***";

/// Schemes whose addresses are paths.
const PATHS: [&str; 3] = ["sqlite", "embedded", "file"];

/// Parameters that are shown; any other may be a secret.
const PUBLIC_PARAMETERS: [&str; 6] =
    ["sslmode", "application_name", "heartbeat", "connection_timeout", "channel_max", "frame_max"];

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The last `@` ends the user's part, so that a password that holds one is
/// hidden whole.
fn redact_user(place: &str) -> String {
    let Some((user, host)) = place.rsplit_once('@') else {
        return place.into();
    };
    match user.split_once(':') {
        Some((name, _)) => format!("{name}:{HIDDEN}@{host}"),
        None => place.into(),
    }
}

fn redact_query(query: &str) -> String {
    let redact = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if PUBLIC_PARAMETERS.contains(&name) => parameter.to_owned(),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => HIDDEN.to_owned(),
    };
    let parameters: Vec<String> = query.split('&').map(redact).collect();
    parameters.join("&")
}

impl From<String> for ServiceUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Redacted: a configuration is written only to be shown.
impl Serialize for ServiceUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}
