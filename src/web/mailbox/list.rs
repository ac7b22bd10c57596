//! The overview: a page of a list, and beside it the message that is read.

mod filter;
mod find;
mod found;
mod layout;
mod rows;

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};

use self::filter::{Chip, FilterShown, chips, filter};
use self::find::Found;
use self::layout::{ColumnChoice, Heading, all_columns, densities, heading, orders, size_option};
use self::rows::{Content, Row, Rower};
use super::choices::ChoiceOption;
use super::partition_names::PartitionNames;
use super::place::{At, Shown};
use super::query::{Column, ListQuery, SIZES};
use super::reading::{Main, Open};
use super::side::{Around, Side, around};
use super::views::default_of;
use crate::domain::{Label, Language, MessageId};
use crate::mailbox::{Listed, Order, Total};
use crate::web::Web;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::{Words, own_name};

pub(super) use self::find::find;
pub(super) use self::rows::{LabelShown, company, label_shown};

#[derive(Template)]
#[template(path = "mailbox.html")]
pub(super) struct MailboxPage {
    pub(super) frame: Frame,
    pub(super) place: Shown,
    pub(super) side: Side,
    pub(super) list: List,
    pub(super) open: Option<Open>,
}

/// A list as shown.
pub(super) struct List {
    title: String,
    count: String,
    filter: FilterShown,
    chips: Vec<Chip>,
    rows: Vec<Row>,
    columns: Vec<Heading>,
    all_columns: Vec<ColumnChoice>,
    /// Whether the choice of columns is open.
    is_arranging: bool,
    /// None while a text is looked for.
    orders: Vec<ChoiceOption>,
    is_oldest_first: bool,
    densities: Vec<ChoiceOption>,
    sizes: Vec<ChoiceOption>,
    density: &'static str,
    query: String,
    view_kept: Vec<(&'static str, String)>,
    /// Of the labels on these messages: what the name of one may be.
    label_names: BTreeSet<String>,
    /// Each language, where a text is looked for: its name, where the same is
    /// looked for in it, and whether it is.
    languages: Vec<SearchedIn>,
    /// What is said where nothing is found in one of them.
    nothing: Option<String>,
    is_filtered: bool,
    is_hidden: bool,
    has_pages: bool,
    previous: Option<String>,
    next: Option<String>,
    page_text: String,
}

/// A language to search in.
struct SearchedIn {
    code: &'static str,
    name: &'static str,
    url: String,
    is_chosen: bool,
}

/// A message is found only in the languages in which it was written.
fn languages(at: &At, query: &ListQuery) -> Vec<SearchedIn> {
    let chosen = query.language.unwrap_or(at.words().0);
    let language = |language: Language| SearchedIn {
        code: language.code(),
        name: own_name(language),
        url: query.but(|it| it.language = Some(language)).list_url(&at.url()),
        is_chosen: language == chosen,
    };
    if query.text.is_empty() { Vec::new() } else { Language::ALL.map(language).into() }
}

impl List {
    /// No list: for the part of a page that shows a message alone.
    pub(super) fn none(at: &At, query: &ListQuery, side: &Side) -> Self {
        let nothing = Listed { lines: Vec::new(), total: Total::Exactly(0), exact: Some(0) };
        listing(at, query, side, &[], &nothing, Vec::new())
    }
}

/// `GET /boxes/{place}`
pub(super) async fn show(
    State(web): State<Web>,
    at: At,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let query = ListQuery::read(raw.as_deref());
    let is_bare = raw.as_deref().is_none_or(str::is_empty);
    if let (true, Some(view)) = (is_bare, default_of(&web, &at).await?) {
        return Ok(Redirect::to(&view.list_url(&at.url())).into_response());
    }
    // Each with a view of the ledger of its own: neither waits for the other.
    let found = Box::pin(find(&web, &at, &query));
    let (around, found) = tokio::join!(around(&web, &at, &query, ""), found);
    // Whether the place is open is told first, whatever was asked of it.
    let Around { place, side, labels, .. } = around?;
    let list = list(&web, &at, &query, &side, &labels, found?, None).await?;
    page(&MailboxPage { frame: Frame::new(&at.visitor, "read"), place, side, list, open: None })
}

/// A page of the list, of what was found.
///
/// # Errors
/// As the mailbox's.
pub(super) async fn list(
    web: &Web,
    at: &At,
    query: &ListQuery,
    side: &Side,
    labels: &[Label],
    found: Found,
    open: Option<MessageId>,
) -> Result<List, PageError> {
    let Found { listed, labels: of_lines, texts: found } = found;
    let columns = query.shown(at.place);
    // Only who looks at them pays for their names.
    let named = if columns.contains(&Column::Partition) { &listed.lines[..] } else { &[] };
    let partitions = &PartitionNames::of(web, at, side, named).await?;
    let (now, columns) = (web.clock.now(), &columns[..]);
    let labels = if of_lines.is_empty() { labels } else { &of_lines[..] };
    let mut rower = Rower { web, at, query, labels, partitions, columns, open, now, found };
    let mut rows = Vec::with_capacity(listed.lines.len());
    for line in &listed.lines {
        rows.push(rower.row(line).await?);
    }
    Ok(listing(at, query, side, columns, &listed, rows))
}

fn listing(
    at: &At,
    query: &ListQuery,
    side: &Side,
    columns: &[Column],
    listed: &Listed,
    rows: Vec<Row>,
) -> List {
    let (words, url) = (at.words(), at.url());
    let pages = Pages::of(query, listed);
    let names = rows.iter().flat_map(|row| row.labels.iter().map(|label| label.name.clone()));
    let label_names = names.collect();
    List {
        title: title(words, query, side),
        count: counted(words, listed.total),
        filter: filter(at, query, side),
        chips: chips(at, query, side),
        rows,
        columns: columns.iter().map(|column| heading(words, query, &url, *column)).collect(),
        all_columns: all_columns(words, at.place, query, &url, columns),
        is_arranging: query.is_arranging,
        // What contains a text is listed newest first.
        orders: if query.text.is_empty() { orders(words, query.order) } else { Vec::new() },
        is_oldest_first: query.order == Order::Oldest,
        densities: densities(words, query.density),
        sizes: SIZES.map(|size| size_option(words, size, query.size)).into(),
        density: query.density.word(),
        query: ListQuery { page: 1, ..query.clone() }.query(),
        view_kept: query.criteria(),
        label_names,
        languages: languages(at, query),
        nothing: (!query.text.is_empty()).then(|| {
            let language = query.language.unwrap_or(words.0).code();
            let language = words.say(&format!("language-{language}"));
            words.with("search-nothing-in", "language", &language)
        }),
        is_filtered: query.is_filtered(),
        is_hidden: query.is_hidden,
        has_pages: pages.previous.is_some() || pages.has_next,
        previous: pages.previous.map(|page| turned(query, page).list_url(&url)),
        next: pages.has_next.then(|| turned(query, query.page + 1).list_url(&url)),
        page_text: pages.text(words, listed.total),
    }
}

fn turned(query: &ListQuery, page: u32) -> ListQuery {
    ListQuery { page, ..query.clone() }
}

struct Pages {
    first: u64,
    last: u64,
    previous: Option<u32>,
    has_next: bool,
}

impl Pages {
    fn of(query: &ListQuery, listed: &Listed) -> Self {
        let before = u64::from(query.page - 1) * u64::from(query.size);
        let last = before + listed.lines.len() as u64;
        let is_more = match listed.total {
            Total::Exactly(count) => last < count,
            Total::MoreThan(count) => last < count,
        };
        let has_next = is_more && !listed.lines.is_empty();
        // From beyond the last page it leads to that.
        let existing = listed.total.count().div_ceil(u64::from(query.size)).max(1);
        let existing = u32::try_from(existing).unwrap_or(u32::MAX);
        let previous = (query.page > 1).then(|| existing.min(query.page - 1));
        Self { first: before + 1, last, previous, has_next }
    }

    fn text(&self, words: Words, total: Total) -> String {
        let (from, to) = (words.number(self.first), words.number(self.last));
        let of = match total {
            Total::Exactly(count) => words.number(count),
            Total::MoreThan(count) => format!("{}+", words.number(count)),
        };
        words.with_all("page-of", &[("from", &from), ("to", &to), ("of", &of)])
    }
}

/// How many there are, in words.
pub(super) fn counted(words: Words, total: Total) -> String {
    match total {
        Total::Exactly(count) => words.count("n-messages", count),
        Total::MoreThan(count) => words.count("n-messages-many", count),
    }
}

fn title(words: Words, query: &ListQuery, side: &Side) -> String {
    if !query.text.is_empty() {
        return words.with("list-search", "text", &query.text);
    }
    let items = side.views.iter().chain(&side.folders).chain(&side.partitions);
    let label = side.labels.iter().find(|item| item.is_current).map(|item| item.name.clone());
    let item = items.into_iter().find(|item| item.is_current).map(|item| item.name.clone());
    label.or(item).unwrap_or_else(|| words.say("folder-all"))
}
