//! Whether a client takes what it would be given (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, StatusCode, header};

use super::status::ApiError;

/// What nearly all answers are.
pub(super) const JSON: &str = "application/json";

/// Refuses with 406 where `Accept` admits none of these media types.
pub(super) fn accepts(headers: &HeaderMap, offered: &[&str]) -> Result<(), ApiError> {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let named: Vec<&str> =
        lines.flat_map(|line| line.split(',')).map(str::trim).filter(|it| !it.is_empty()).collect();
    // Who names nothing takes anything.
    if named.is_empty() {
        return Ok(());
    }
    let ranges: Vec<Range<'_>> = named.into_iter().filter_map(range).collect();
    if offered.iter().any(|offer| is_admitted(&ranges, offer)) {
        return Ok(());
    }
    let message = format!("this is served as {}", offered.join(" or "));
    Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message).at("/Accept"))
}

struct Range<'a> {
    kind: &'a str,
    part: &'a str,
    is_refused: bool,
}

fn range(text: &str) -> Option<Range<'_>> {
    let mut parts = text.split(';').map(str::trim);
    // A lone star is no media type, and means all of them to who writes it.
    let (kind, part) = match parts.next()? {
        "*" => ("*", "*"),
        named => named.split_once('/')?,
    };
    let weight = parts.find_map(|it| it.strip_prefix("q=").or_else(|| it.strip_prefix("Q=")));
    let is_refused = weight.and_then(|it| it.parse::<f32>().ok()) == Some(0.0);
    Some(Range { kind, part, is_refused })
}

/// The range that fits most closely decides.
fn is_admitted(ranges: &[Range<'_>], offer: &str) -> bool {
    let (kind, part) = offer.split_once('/').unwrap_or((offer, ""));
    let closeness = |range: &Range<'_>| match (range.kind, range.part) {
        ("*", "*") => Some(0),
        (one, "*") if one.eq_ignore_ascii_case(kind) => Some(1),
        (one, other) if one.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(part) => {
            Some(2)
        }
        _ => None,
    };
    let fitting = ranges.iter().filter_map(|range| Some((closeness(range)?, range)));
    fitting.max_by_key(|(closeness, _)| *closeness).is_some_and(|(_, range)| !range.is_refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_range_decides() {
        for (accept, is_served) in [
            (None, true),
            (Some("*/*"), true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/html, application/*;q=0.1"), true),
            (Some("text/html"), false),
            (Some("*/*, application/json;q=0"), false),
            (Some("application/json, */*;q=0"), true),
            (Some("nonsense"), false),
            (Some(""), true),
            (Some("*"), true),
            (Some("text/html, *;q=0.1"), true),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(accepts(&headers, &[JSON]).is_ok(), is_served, "{accept:?}");
        }
    }
}
