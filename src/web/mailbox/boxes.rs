//! Choosing a box, of one or a thousand.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::answer::done;
use super::closed::Closed;
use super::place::{At, reader};
use crate::domain::{Enterprise, EnterpriseNumber};
use crate::mailbox::{BoxEntry, Boxes};
use crate::search::contains;
use crate::web::Web;
use crate::web::form::{Fields, InQuery};
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
    InQuery(wanted): InQuery<Wanted>,
) -> Result<Response, PageError> {
    let words = visitor.words;
    let reader = reader(&session, words.0);
    let is_wanted = |it: &Enterprise| is_named(&it.name, it.number, &wanted.q);
    let reach = wanted.shown.max(SHOWN);
    let boxes = web.mailbox.boxes(&reader, is_wanted, reach).await?;
    let Boxes { open, found, only, total, closed } = boxes;
    if let (Some(only), None, true) = (only, &visitor.said, closed.is_empty()) {
        return Ok(Redirect::to(&format!("/boxes/{only}")).into_response());
    }
    let more = |reach: usize| format!("/boxes?q={}&shown={reach}", encoded(&wanted.q));
    page(&BoxesPage {
        frame: Frame::new(&visitor, "start"),
        count: words.count("n-boxes", found as u64),
        next: (found > reach).then(|| more(reach + SHOWN * 4)),
        boxes: open.iter().map(|entry| shown(entry, words)).collect(),
        total,
        text: wanted.q,
        closed: closed.into_iter().map(|it| Closed::new(it, words)).collect(),
    })
}

/// Every word is in the name, as a search finds it; or a number was typed, and
/// it is in the box's.
fn is_named(name: &str, number: EnterpriseNumber, text: &str) -> bool {
    let is_number = digits(text).is_some_and(|digits| number.to_string().contains(&digits));
    is_number || text.split_whitespace().all(|word| contains(name, word))
}

/// The digits of a text that is a number, or a piece of one, as people write
/// it: "24" of "Garage 24" is none.
fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = match text.get(..2) {
        Some(country) if country.eq_ignore_ascii_case("BE") => text.get(2..)?,
        _ => text,
    };
    let is_mark = |c: char| c == '.' || c.is_whitespace();
    let digits: String = bare.chars().filter(|c| !is_mark(*c)).collect();
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    is_number.then_some(digits)
}

/// How many are unread; counting ends somewhere, which is told.
fn unread(words: Words, count: u64, is_more: bool) -> Option<String> {
    let more = if is_more { "+" } else { "" };
    (count > 0).then(|| format!("{}{more}", words.number(count)))
}

fn shown(entry: &BoxEntry, words: Words) -> BoxShown {
    BoxShown {
        number: entry.enterprise.number,
        name: entry.enterprise.name.clone(),
        shown: entry.enterprise.number.dotted(),
        unread: unread(words, entry.unread, entry.is_unread_more),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn a_number_is_looked_for_only_where_one_was_typed() {
        let number: EnterpriseNumber = "0852093431".parse().unwrap();
        for (text, is_found) in [
            ("", true),
            ("garage", true),
            ("GARAGE cremerie", true),
            ("Crème", true),
            ("Garage 24", false),
            ("Garage 31", false),
            ("boulangerie", false),
            ("0852.093.431", true),
            ("BE 0852 093 431", true),
            ("be0852", true),
            ("431", true),
            ("999", false),
            ("...", false),
            ("BE", false),
        ] {
            assert_eq!(is_named("Garage & Crèmerie", number, text), is_found, "{text:?}");
        }
        assert!(is_named("Garage 24", number, "garage 24"));
    }

    #[test]
    fn a_count_that_ended_early_says_so() {
        let words = Words(Language::En);
        assert_eq!(unread(words, 0, false), None);
        assert_eq!(unread(words, 10, false).as_deref(), Some("10"));
        assert_eq!(unread(words, 10, true).as_deref(), Some("10+"));
        assert_eq!(unread(words, 100, true).as_deref(), Some("100+"));
    }
}
