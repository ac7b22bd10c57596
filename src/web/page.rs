//! What every page has in common: its frame, and where it leads on; who looks
//! at it ([`visitor`]), and what is said when something is not done
//! ([`error`]).

mod error;
mod visitor;

pub(super) use error::{PageError, dress};
pub(super) use visitor::{ARRANGING, LANGUAGE_COOKIE, SignedIn, Visitor};

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::pdf_frame;
use super::sign_in::session::Session;
use super::words::{Words, own_name};
use crate::domain::{Language, MessageId};
use crate::telemetry::log::chain;

/// What stands around the content of every page.
pub(super) struct Frame {
    pub(super) words: Words,
    pub(super) person: Option<Shown>,
    pub(super) here: String,
    pub(super) notice: Option<String>,
    pub(super) undo: Option<Undo>,
    /// The chapter of the manual that explains this page.
    pub(super) help: &'static str,
}

/// What takes back what was just done: the form that shows messages again.
pub(super) struct Undo {
    /// Where messages of this place are changed.
    pub(super) url: String,
    pub(super) messages: Vec<MessageId>,
}

/// Messages that can be shown again at once: their ids travel in an address.
pub(super) const UNDONE_MAX: usize = 25;

impl Undo {
    /// On a page of a box, or of all.
    fn of(visitor: &Visitor) -> Option<Self> {
        let rest = visitor.here.strip_prefix("/boxes/")?;
        let place = rest.split(['/', '?']).next().filter(|place| !place.is_empty())?;
        let url = format!("/boxes/{place}/messages");
        (!visitor.undo.is_empty()).then(|| Self { url, messages: visitor.undo.clone() })
    }
}

/// A person as shown.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) is_operator: bool,
}

impl Shown {
    pub(super) fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// The first letters of the first and the last word.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

impl Frame {
    pub(super) fn new(visitor: &Visitor, help: &'static str) -> Self {
        let shown = |session: &Session| Shown {
            name: session.name.clone(),
            is_operator: session.proven.is_operator,
        };
        Self {
            words: visitor.words,
            person: visitor.session.as_ref().map(shown),
            here: visitor.here.clone(),
            notice: visitor.said.clone(),
            undo: Undo::of(visitor),
            help,
        }
    }

    /// Each language: its code, and its name in itself.
    pub(super) fn languages(&self) -> [(&'static str, &'static str); 4] {
        Language::ALL.map(|language| (language.code(), own_name(language)))
    }

    /// Where the frame is that draws documents.
    pub(super) fn pdf_frame_url(&self) -> String {
        pdf_frame::url(self.words)
    }

    pub(super) fn help_url(&self) -> String {
        self.help_on(self.help)
    }

    pub(super) fn help_on(&self, chapter: &str) -> String {
        format!("/help/{chapter}")
    }

    pub(super) fn sign_in_url(&self) -> String {
        format!("/sign-in?to={}", encoded(&self.here))
    }
}

/// A text as one value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
/// A template as an answer.
pub(super) fn page(template: &impl Template) -> Result<Response, PageError> {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(error = %chain(&error), "a page could not be written");
            Err(PageError::Internal)
        }
    }
}

/// Leads on after something was done, and has it said there.
pub(super) fn go(to: &str, said: &str) -> Response {
    let (to, fragment) = to.split_once('#').map_or((to, ""), |(to, fragment)| (to, fragment));
    let mark = if to.contains('?') { '&' } else { '?' };
    let hash = if fragment.is_empty() { "" } else { "#" };
    Redirect::to(&format!("{to}{mark}said={said}{hash}{fragment}")).into_response()
}

/// A place of this site to lead to, from outside: never another host's.
pub(super) fn local(to: &str) -> &str {
    let is_local = to.starts_with('/') && !to.starts_with("//");
    let is_plain = !to.contains('\\') && !to.chars().any(char::is_control) && to.len() <= 4_000;
    // A browser drops tabs and line ends before it reads an address (WHATWG
    // URL §4.4), so none may stand in it.
    if is_local && is_plain { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_place_of_this_site_is_led_to() {
        for to in ["/", "/boxes/0852093431?q=x&page=2", "/help/start#labels"] {
            assert_eq!(local(to), to);
        }
        for to in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "",
            "boxes",
        ] {
            assert_eq!(local(to), "/", "{to:?}");
        }
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        for (name, letters) in
            [("Amélie Van den Dubois", "AD"), ("élise", "É"), ("", ""), ("<b> x", "<X")]
        {
            assert_eq!(initials(name), letters);
        }
    }
}
