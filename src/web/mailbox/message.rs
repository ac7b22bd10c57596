//! One message: its page, and what is attached to it.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::list::{List, MailboxPage, find, list};
use super::place::At;
use super::query::ListQuery;
use super::reading::{Main, Showing, open, showing};
use super::side::{Around, around};
use crate::mailbox::{Fetched, Purpose, shown_name};
use crate::web::Web;
use crate::web::form::{Fields, InQuery};
use crate::web::page::{Frame, PageError, page};

/// `GET /boxes/{place}/messages/{id}`: the message, and beside it the list
/// that it was chosen from. A part of the page that asks for the message alone
/// gets no list.
pub(super) async fn show(
    State(web): State<Web>,
    at: At,
    Path((_, id)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let id = at.message(&web, &id).await?;
    let query = ListQuery::read(raw.as_deref());
    let page_of_past = Fields::of_query(raw.as_deref()).parsed("past").unwrap_or(1);
    let opened = web.mailbox.open_at(&at.reader, id, page_of_past).await?;
    let is_part = headers.get("hx-target").is_some_and(|target| target == "reading");
    let found = Box::pin(async {
        if is_part { Ok(None) } else { find(&web, &at, &query).await.map(Some) }
    });
    let (around, found) = tokio::join!(around(&web, &at, &query, ""), found);
    let (Around { place, mut side, labels, .. }, found) = (around?, found?);
    let mut open = open(&web, &at, &query, &side, &labels, &opened).await?;
    open.is_read |= is_part && matches!(open.main, Main::Pdf(_));
    open.turn_past(page_of_past, opened.has_past);
    if open.is_read && opened.line.read.is_none() {
        // What the page shows in a frame is fetched, and so read, after it.
        side.one_is_read(at.words());
    }
    let list = match found {
        None => List::none(&at, &query, &side),
        Some(found) => list(&web, &at, &query, &side, &labels, found, Some(id)).await?,
    };
    let frame = Frame::new(&at.visitor, "read");
    page(&MailboxPage { frame, place, side, list, open: Some(open) })
}

#[derive(Deserialize)]
pub(super) struct How {
    #[serde(default)]
    view: String,
}

/// `GET /boxes/{place}/messages/{id}/content/{part}`: to be saved, or shown
/// where that does no harm.
pub(super) async fn content(
    State(web): State<Web>,
    at: At,
    Path((_, id, part)): Path<(String, String, String)>,
    InQuery(how): InQuery<How>,
) -> Result<Response, PageError> {
    let id = at.message(&web, &id).await?;
    let is_viewed = how.view == "yes";
    let purpose = if is_viewed { Purpose::View } else { Purpose::Download };
    let fetched = web.mailbox.content(&at.reader, id, &part, purpose).await?;
    Ok(served(fetched, is_viewed))
}

/// Somebody else's content, from our address: it may neither run as a page of
/// ours nor be taken for another type than it was declared.
pub(in crate::web) fn served(fetched: Fetched, is_viewed: bool) -> Response {
    let showing = if is_viewed { showing(&fetched.media_type) } else { Showing::Never };
    let (disposition, policy) = match showing {
        Showing::Never => ("attachment", "default-src 'none'; sandbox"),
        // In a tab of its own it is up to the browser's viewer, which is a script
        // itself (`allow-scripts`): what a PDF has it do belongs to no origin.
        Showing::Pdf => (
            "inline",
            "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; \
             sandbox allow-scripts; frame-ancestors 'none'",
        ),
        Showing::Plain | Showing::Image => {
            ("inline", "default-src 'none'; sandbox; frame-ancestors 'self'")
        }
    };
    let plain = fetched.media_type.starts_with("text/") && showing == Showing::Plain;
    // A browser would offer to save a table instead of showing it.
    let media_type = if plain { "text/plain; charset=utf-8" } else { &*fetched.media_type };
    let headers = [
        (header::CONTENT_TYPE, value(media_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(fetched.content.size)),
        (header::CONTENT_DISPOSITION, named(disposition, &fetched.file_name)),
        (header::CONTENT_SECURITY_POLICY, value(policy)),
        (header::X_CONTENT_TYPE_OPTIONS, value("nosniff")),
    ];
    (headers, Body::from_stream(fetched.content.pieces)).into_response()
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// A file name in a header: plain letters for old programs, and the whole of
/// it percent-encoded (RFC 6266 §4.3). Nothing that leads to another folder or
/// makes an ending look like another.
fn named(disposition: &str, name: &str) -> HeaderValue {
    let name: String = shown_name(name).chars().take(200).collect();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' };
    let plain: String = name.chars().map(plain).collect();
    let whole = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    value(&format!("{disposition}; filename=\"{plain}\"; filename*=UTF-8''{whole}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_leads_nowhere_and_ends_no_header() {
        for (name, header) in [
            ("note.pdf", "filename=\"note.pdf\"; filename*=UTF-8''note%2Epdf"),
            (
                "..%2F..%2Fetc%2Fpasswd",
                "filename=\"_.._etc_passwd\"; filename*=UTF-8''%5F%2E%2E%5Fetc%5Fpasswd",
            ),
            (
                "a\"; x=\"\r\nSet-Cookie: a",
                "filename=\"a__ x____Set-Cookie_ a\"; filename*=UTF-8''a%5F%3B%20x%3D%5F%5F%5FSet%2DCookie%5F%20a",
            ),
            ("x%E2%80%AEfdp.exe", "filename=\"xfdp.exe\"; filename*=UTF-8''xfdp%2Eexe"),
            ("%E2%82%AC.pdf", "filename=\"_.pdf\"; filename*=UTF-8''%E2%82%AC%2Epdf"),
            ("é.txt", "filename=\"_.txt\"; filename*=UTF-8''%C3%A9%2Etxt"),
        ] {
            assert_eq!(named("attachment", name), format!("attachment; {header}"));
        }
    }
}
