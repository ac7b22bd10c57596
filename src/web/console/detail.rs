//! A page about one thing: what is known of it, and what may be done.

use askama::Template;
use axum::response::Response;

use super::act::REASON_CHARS_MAX;
use super::operator::{NavItem, Operator, nav};
use super::table::Choice;
use crate::ledger::Control;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Spoken;

#[derive(Template)]
#[template(path = "console_detail.html")]
struct DetailPage {
    frame: Frame,
    nav: Vec<NavItem>,
    reason_max: usize,
    detail: Detail,
}

/// One thing.
pub(super) struct Detail {
    /// The page of the console that it belongs to.
    pub(super) current: &'static str,
    pub(super) title: String,
    pub(super) lead: Option<Spoken>,
    pub(super) sections: Vec<Section>,
    /// Where its forms are sent.
    pub(super) url: String,
    pub(super) forms: Vec<ActForm>,
}

/// Facts under a heading.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) facts: Vec<Fact>,
}

/// What something is.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) url: Option<String>,
}

/// Something that may be done.
#[derive(Default)]
pub(super) struct ActForm {
    pub(super) title: String,
    pub(super) hint: String,
    /// The value of `do`.
    pub(super) act: &'static str,
    pub(super) button: String,
    pub(super) is_danger: bool,
    pub(super) needs_reason: bool,
    /// A number to give: its label and what stands in it.
    pub(super) number: Option<(String, String)>,
    pub(super) choice: Option<Choice>,
}

/// A section of names and values; what has no value is left out.
pub(super) fn section<const N: usize>(
    operator: &Operator,
    title: &str,
    facts: [(&str, Option<String>); N],
) -> Section {
    let words = operator.words();
    let facts = facts.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(Fact { name: words.say(name), value, url: None })
    });
    Section { title: words.say(title), facts: facts.collect() }
}

/// Who ordered what is in force.
pub(super) fn ordered(operator: &Operator, control: Option<&Control>) -> Option<Section> {
    let control = control?;
    Some(section(
        operator,
        "console-last-order",
        [
            ("console-when", Some(operator.moment(control.at).long)),
            ("console-by", Some(control.actor.clone())),
            ("console-reason", Some(control.reason.clone())),
        ],
    ))
}

impl ActForm {
    /// With the texts `…-title`, `…-hint` and `…-go`.
    pub(super) fn new(operator: &Operator, act: &'static str, name: &str) -> Self {
        let part = |part: &str| operator.words().say(&format!("{name}-{part}"));
        Self {
            act,
            title: part("title"),
            hint: part("hint"),
            button: part("go"),
            ..Self::default()
        }
    }
}

pub(super) fn show(operator: &Operator, detail: Detail) -> Result<Response, PageError> {
    page(&DetailPage {
        frame: operator.frame(),
        nav: nav(operator.words(), detail.current),
        reason_max: REASON_CHARS_MAX,
        detail,
    })
}
