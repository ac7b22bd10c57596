//! What a part calls its file. Clients write that in UTF-8 (RFC 7578), in
//! ISO-8859-1 as older ones do, or encoded (`filename*`, RFC 5987).

use axum::http::HeaderMap;
use axum::http::header::CONTENT_DISPOSITION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The name of a part's file, as publications have it.
pub(super) fn file_name(headers: &HeaderMap) -> Option<String> {
    let text = decoded(headers.get(CONTENT_DISPOSITION)?.as_bytes());
    let all: Vec<(String, String)> = parameters(&text);
    let named = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let extended = named("filename*").and_then(|value| extended(value));
    let name = extended.or_else(|| named("filename").cloned())?;
    Some(latin(&name))
}

fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// What follows the kind, by lower-case name; a quoted value may hold anything.
fn parameters(text: &str) -> Vec<(String, String)> {
    let (mut all, mut rest) = (Vec::new(), text);
    while let Some((_, after)) = rest.split_once(';') {
        let Some((name, value)) = after.split_once('=') else { break };
        let (value, left) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (value, left) = value.split_at(end);
                (value.trim().to_owned(), left)
            }
        };
        all.push((name.trim().to_ascii_lowercase(), value));
        rest = left;
    }
    all
}

/// Up to the quote that ends it; a backslash before one, as some clients
/// write, is no part of the name.
fn unquoted(text: &str) -> (String, &str) {
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            '"' if is_escaped => {
                value.pop();
                value.push('"');
            }
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            _ => value.push(c),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    (value, "")
}

fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, encoded) = (parts.next()?, parts.nth(1)?);
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

/// A file name as publications have it: percent-encoded outside ISO-8859-1.
fn latin(name: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b' ').remove(b'.').remove(b'-').remove(b'_');
    match name.chars().any(|c| u32::from(c) > 0xff) {
        true => utf8_percent_encode(name, KEPT).to_string(),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn names_are_read_however_clients_write_them() {
        for (written, name) in [
            (&b"form-data; name=\"a\"; filename=\"letter.pdf\""[..], Some("letter.pdf")),
            (b"form-data; name=a; FileName=letter.pdf", Some("letter.pdf")),
            (b"form-data; filename=\"a;b=\\\"c\\\".pdf\"; name=\"x\"", Some("a;b=\"c\".pdf")),
            (b"form-data; name=\"filename=x\"", None),
            ("form-data; filename=\"é.pdf\"".as_bytes(), Some("é.pdf")),
            (b"form-data; filename=\"\xe9.pdf\"", Some("é.pdf")),
            ("form-data; filename=\"€.pdf\"".as_bytes(), Some("%E2%82%AC.pdf")),
            (b"form-data; filename=\"x\"; filename*=UTF-8''%C3%A9.pdf", Some("é.pdf")),
            (b"form-data; filename*=iso-8859-1'fr'%E9.pdf", Some("é.pdf")),
            (b"form-data; filename=\"x.pdf\"; filename*=UTF-8''%E9", Some("x.pdf")),
            (b"form-data; filename=\"x.pdf\"; filename*=EBCDIC''x", Some("x.pdf")),
            (b"form-data; filename=\"never ends", Some("never ends")),
            (b"form-data", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_bytes(written).unwrap());
            assert_eq!(file_name(&headers).as_deref(), name, "{}", decoded(written));
        }
    }
}
