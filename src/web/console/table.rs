//! A page that is a table, with filters and further pages.

use askama::Template;
use axum::response::Response;

use super::operator::{NavItem, Operator, nav};
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Spoken;

#[derive(Template)]
#[template(path = "console_table.html")]
struct TablePage {
    frame: Frame,
    nav: Vec<NavItem>,
    title: String,
    lead: String,
    choices: Vec<Choice>,
    table: Table,
    first: Option<String>,
    next: Option<String>,
}

/// Rows under headings; the first cell of each names it.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) empty: String,
}

/// A cell.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) quiet: Option<Spoken>,
    pub(super) url: Option<String>,
    /// The tint of a mark, where it is one.
    pub(super) tint: Option<&'static str>,
    pub(super) is_number: bool,
}

/// A filter.
pub(super) struct Choice {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) options: Vec<ChoiceOption>,
}

/// A value of a filter.
pub(super) struct ChoiceOption {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

impl Table {
    /// Each heading, and whether numbers stand under it.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, bool)> {
        let has_number = |at: usize| {
            let first = self.rows.first().and_then(|row| row.get(at));
            first.is_some_and(|cell| cell.is_number)
        };
        let headings = self.headings.iter().enumerate();
        headings.map(move |(at, heading)| (&**heading, has_number(at)))
    }
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn link(text: impl Into<String>, url: String) -> Self {
        Self { url: Some(url), ..Self::text(text) }
    }

    pub(super) fn mark(text: String, tint: &'static str) -> Self {
        Self { tint: Some(tint), ..Self::text(text) }
    }

    pub(super) fn number(text: String) -> Self {
        Self { is_number: true, ..Self::text(text) }
    }

    pub(super) fn with(self, quiet: impl Into<Spoken>) -> Self {
        Self { quiet: Some(quiet.into()), ..self }
    }
}

/// What is around the table.
pub(super) struct Around {
    pub(super) current: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) choices: Vec<Choice>,
    pub(super) first: Option<String>,
    pub(super) next: Option<String>,
}

pub(super) fn show(
    operator: &Operator,
    around: Around,
    table: Table,
) -> Result<Response, PageError> {
    let words = operator.words();
    page(&TablePage {
        frame: operator.frame(),
        nav: nav(words, around.current),
        title: words.say(around.title),
        lead: words.say(around.lead),
        choices: around.choices,
        table,
        first: around.first,
        next: around.next,
    })
}
