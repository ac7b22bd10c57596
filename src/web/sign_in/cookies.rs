//! Cookies (RFC 6265bis), as few as there can be.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// A cookie's value; the first where a browser sends several of one name.
pub(in crate::web) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
}

/// For programs alone, sent to us alone, and on the way here from another
/// site only by a link: a form of another site comes without it.
pub(in crate::web) fn set(name: &str, value: &str, age_secs: i64, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; Max-Age={age_secs}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Takes a cookie back.
pub(in crate::web) fn clear(name: &str, is_secure: bool) -> HeaderValue {
    set(name, "", 0, is_secure)
}

/// A name that browsers hold to this very host, over TLS (`__Host-`).
pub(in crate::web) fn name(plain: &str, is_secure: bool) -> String {
    if is_secure { format!("__Host-{plain}") } else { plain.to_owned() }
}
