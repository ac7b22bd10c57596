//! Choosing a box, of one or a thousand.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::answer::done;
use super::closed::Closed;
use super::place::{At, reader};
use crate::domain::EnterpriseNumber;
use crate::mailbox::{BoxEntry, Boxes, UNREAD_MAX};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, SignedIn, encoded, local, page};
use crate::web::words::Words;

/// Boxes on a page.
const SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "boxes.html")]
struct BoxesPage {
    frame: Frame,
    boxes: Vec<BoxShown>,
    /// Of all that the reader has.
    total: usize,
    /// Of those that are found.
    count: String,
    text: String,
    next: Option<String>,
    closed: Vec<Closed>,
}

struct BoxShown {
    number: EnterpriseNumber,
    name: String,
    shown: String,
    unread: Option<String>,
    is_manager: bool,
    is_favourite: bool,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    shown: usize,
}

/// `GET /boxes`: who has one box is led into it.
pub(super) async fn show(
    State(web): State<Web>,
    SignedIn { visitor, session }: SignedIn,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let words = visitor.words;
    let reader = reader(&session, words.0);
    let Boxes { open: entries, closed } = web.mailbox.boxes(&reader).await?;
    if let ([only], None, true) = (&entries[..], &visitor.said, closed.is_empty()) {
        return Ok(Redirect::to(&format!("/boxes/{}", only.enterprise.number)).into_response());
    }
    let total = entries.len();
    let found: Vec<BoxEntry> =
        entries.into_iter().filter(|entry| is_named(entry, &wanted.q)).collect();
    let reach = wanted.shown.max(SHOWN);
    let more = |reach: usize| format!("/boxes?q={}&shown={reach}", encoded(&wanted.q));
    page(&BoxesPage {
        frame: Frame::new(&visitor, "start"),
        count: words.count("n-boxes", found.len() as u64),
        next: (found.len() > reach).then(|| more(reach + SHOWN * 4)),
        boxes: found.iter().take(reach).map(|entry| shown(entry, words)).collect(),
        total,
        text: wanted.q,
        closed: closed.into_iter().map(|it| Closed::new(it, words)).collect(),
    })
}

/// Every word is in the name, or all digits are in the number.
fn is_named(entry: &BoxEntry, text: &str) -> bool {
    let name = entry.enterprise.name.to_lowercase();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = entry.enterprise.number.to_string();
    let is_number = !digits.is_empty() && number.contains(&digits);
    is_number || text.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

fn shown(entry: &BoxEntry, words: Words) -> BoxShown {
    let unread = match entry.unread {
        0 => None,
        many if many >= u64::from(UNREAD_MAX) => Some(format!("{}+", UNREAD_MAX - 1)),
        few => Some(words.number(few)),
    };
    BoxShown {
        number: entry.enterprise.number,
        name: entry.enterprise.name.clone(),
        shown: entry.enterprise.number.dotted(),
        unread,
        is_manager: entry.is_manager,
        is_favourite: entry.is_favourite,
    }
}

/// `POST /boxes/{place}/favourite`
pub(super) async fn favour(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let result = web.mailbox.favour(&at.reader, at.one()?, fields.is("on")).await;
    done(result, local(fields.one("to").unwrap_or("/boxes")), "said-saved")
}
