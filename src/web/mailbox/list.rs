//! The overview: a page of a list, and beside it the message that is read.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;

use super::choices::{self, Choice, ChoiceOption};
use super::marked::{Piece, marked};
use super::marks::{MarkShown, marks};
use super::place::{At, Shown};
use super::query::{Column, Density, ListQuery, SIZES};
use super::reading::{Main, Open};
use super::side::{Around, Side, around};
use super::views::default_of;
use crate::domain::{Label, MessageId, Task};
use crate::mailbox::{Line, Listed, Order, Place, Total};
use crate::web::Web;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Words;
use crate::web::words::dates::{Day, Moment};

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
    orders: Vec<ChoiceOption>,
    densities: Vec<ChoiceOption>,
    sizes: Vec<ChoiceOption>,
    density: &'static str,
    query: String,
    view_kept: Vec<(&'static str, String)>,
    is_filtered: bool,
    is_hidden: bool,
    has_pages: bool,
    previous: Option<String>,
    next: Option<String>,
    page_text: String,
}

struct FilterShown {
    kept: Vec<(&'static str, String)>,
    choices: Vec<Choice>,
    from: String,
    to: String,
    due: String,
    is_unread: bool,
    is_registered: bool,
    is_hidden: bool,
    is_active: bool,
}

struct Chip {
    text: String,
    without: String,
}

struct Heading {
    id: &'static str,
    name: String,
    sort_url: Option<String>,
    is_sorted: bool,
    is_descending: bool,
}

struct ColumnChoice {
    id: &'static str,
    name: String,
    is_shown: bool,
}

/// A message of the list.
struct Row {
    key: String,
    url: String,
    subject: Vec<Piece>,
    subject_text: String,
    cells: Vec<Cell>,
    labels: Vec<LabelShown>,
    marks: Vec<MarkShown>,
    is_unread: bool,
    is_open: bool,
    is_done: bool,
}

/// A label on a message.
pub(super) struct LabelShown {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) tint: &'static str,
}

struct Cell {
    column: &'static str,
    content: Content,
}

enum Content {
    Subject,
    Marks,
    Text(String),
    Moment(Moment),
    Day(Day),
    Nothing,
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
        return Ok(Redirect::to(&view.url(&at.url())).into_response());
    }
    let Around { place, side, labels, .. } = around(&web, &at, &query, "").await?;
    let list = list(&web, &at, &query, &side, &labels, None).await?;
    page(&MailboxPage { frame: Frame::new(&at.visitor, "read"), place, side, list, open: None })
}

/// A page of the list that an address describes.
///
/// # Errors
/// As the mailbox's.
pub(super) async fn list(
    web: &Web,
    at: &At,
    query: &ListQuery,
    side: &Side,
    labels: &[Label],
    open: Option<MessageId>,
) -> Result<List, PageError> {
    let (mailbox, filter, size) = (&web.mailbox, query.filter(), query.page_of());
    let listed = if query.text.is_empty() {
        mailbox.list(&at.reader, at.place, &filter, query.order, size).await?
    } else {
        let (language, text) = (at.words().0, &*query.text);
        mailbox.search(&at.reader, at.place, language, text, &filter, size).await?
    };
    let columns = query.shown(at.place);
    let rower = Rower { web, at, query, labels, columns: &columns, open, now: web.clock.now() };
    let mut rows = Vec::with_capacity(listed.lines.len());
    for line in &listed.lines {
        rows.push(rower.row(line).await?);
    }
    Ok(listing(at, query, side, &columns, &listed, rows))
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
    List {
        title: title(words, query, side),
        count: counted(words, listed.total),
        filter: filter(at, query, side),
        chips: chips(at, query, side),
        rows,
        columns: columns.iter().map(|column| heading(words, query, &url, *column)).collect(),
        all_columns: all_columns(words, at.place, columns),
        orders: orders(words, query.order),
        densities: densities(words, query.density),
        sizes: SIZES.map(|size| size_option(words, size, query.size)).into(),
        density: query.density.word(),
        query: ListQuery { page: 1, ..query.clone() }.query(),
        view_kept: query.criteria(),
        is_filtered: query.is_filtered(),
        is_hidden: query.is_hidden,
        has_pages: pages.has_previous || pages.has_next,
        previous: pages.has_previous.then(|| turned(query, -1).url(&url)),
        next: pages.has_next.then(|| turned(query, 1).url(&url)),
        page_text: pages.text(words, listed.total),
    }
}

fn turned(query: &ListQuery, by: i32) -> ListQuery {
    ListQuery { page: query.page.saturating_add_signed(by).max(1), ..query.clone() }
}

struct Pages {
    first: u64,
    last: u64,
    has_previous: bool,
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
        Self { first: before + 1, last, has_previous: query.page > 1, has_next }
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

fn filter(at: &At, query: &ListQuery, side: &Side) -> FilterShown {
    let text = query.criteria().into_iter().filter(|(name, _)| matches!(*name, "q" | "task"));
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
    FilterShown {
        kept: text.chain(query.layout()).collect(),
        choices: choices::filter(at, query, side),
        from: day(query.from),
        to: day(query.to),
        due: day(query.due),
        is_unread: query.is_unread,
        is_registered: query.is_registered,
        is_hidden: query.is_hidden,
        is_active: query.criteria().iter().any(|(name, _)| *name != "q"),
    }
}

/// Each criterion, with the same list without it.
fn chips(at: &At, query: &ListQuery, side: &Side) -> Vec<Chip> {
    let (words, url) = (at.words(), at.url());
    let mut chips = Vec::new();
    for choice in choices::filter(at, query, side) {
        let chosen = choice.options.into_iter().find(|option| option.is_chosen);
        if let Some(chosen) = chosen {
            let name = choice.name;
            let without = query.but(|it| forget(it, name)).url(&url);
            chips.push(Chip { text: format!("{}: {}", choice.label, chosen.name), without });
        }
    }
    let days = [
        ("from", "filter-from", query.from),
        ("to", "filter-to", query.to),
        ("due", "filter-to-do-before", query.due),
    ];
    for (name, label, day) in days {
        if let Some(day) = day {
            let text = format!("{}: {}", words.say(label), words.long_day(day));
            chips.push(Chip { text, without: query.but(|it| forget(it, name)).url(&url) });
        }
    }
    let flags = [
        ("unread", "folder-unread", query.is_unread),
        ("registered", "folder-registered", query.is_registered),
        ("hidden", "folder-hidden", query.is_hidden),
        ("task", "folder-to-do", query.task == Some(Task::ToDo)),
        ("task", "mark-done", query.task == Some(Task::Done)),
    ];
    for (name, label, is_set) in flags {
        if is_set {
            let without = query.but(|it| forget(it, name)).url(&url);
            chips.push(Chip { text: words.say(label), without });
        }
    }
    chips
}

fn forget(query: &mut ListQuery, name: &str) {
    match name {
        "sender" => query.sender = None,
        "application" => query.application = None,
        "type" => query.kind = None,
        "partition" => query.partition = None,
        "label" => query.label = None,
        "medium" => query.medium = None,
        "unread" => query.is_unread = false,
        "registered" => query.is_registered = false,
        "hidden" => query.is_hidden = false,
        "task" => query.task = None,
        "due" => query.due = None,
        "from" => query.from = None,
        "to" => query.to = None,
        _ => {}
    }
}

fn column_name(words: Words, column: Column) -> String {
    words.say(&format!("column-{}", column.word()))
}

fn heading(words: Words, query: &ListQuery, url: &str, column: Column) -> Heading {
    let is_sorted = column == Column::Arrived && query.text.is_empty();
    let turned = match query.order {
        Order::Newest => Order::Oldest,
        Order::Oldest => Order::Newest,
    };
    Heading {
        id: column.word(),
        name: column_name(words, column),
        sort_url: is_sorted.then(|| query.but(|it| it.order = turned).url(url)),
        is_sorted,
        is_descending: query.order == Order::Newest,
    }
}

fn all_columns(words: Words, place: Place, shown: &[Column]) -> Vec<ColumnChoice> {
    let there = Column::ALL.iter().copied();
    let there = there.filter(|column| *column != Column::Company || matches!(place, Place::All));
    let choice = |column: Column| ColumnChoice {
        id: column.word(),
        name: column_name(words, column),
        is_shown: shown.contains(&column),
    };
    there.map(choice).collect()
}

fn orders(words: Words, chosen: Order) -> Vec<ChoiceOption> {
    let all =
        [("newest", "order-newest", Order::Newest), ("oldest", "order-oldest", Order::Oldest)];
    let option = |(value, name, order): (&str, &str, Order)| ChoiceOption {
        value: value.into(),
        name: words.say(name),
        is_chosen: order == chosen,
    };
    all.map(option).into()
}

fn densities(words: Words, chosen: Density) -> Vec<ChoiceOption> {
    let option = |density: &Density| ChoiceOption {
        value: density.word().into(),
        name: words.say(&format!("density-{}", density.word())),
        is_chosen: *density == chosen,
    };
    Density::ALL.iter().map(option).collect()
}

fn size_option(words: Words, size: u32, chosen: u32) -> ChoiceOption {
    let name = words.number(u64::from(size));
    ChoiceOption { value: size.to_string(), name, is_chosen: size == chosen }
}

/// Makes rows of messages.
struct Rower<'a> {
    web: &'a Web,
    at: &'a At,
    query: &'a ListQuery,
    labels: &'a [Label],
    columns: &'a [Column],
    open: Option<MessageId>,
    now: Timestamp,
}

impl Rower<'_> {
    async fn row(&self, line: &Line) -> Result<Row, PageError> {
        let words = self.at.words();
        let subject = line.subject.best(words.0);
        let mut cells = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            let content = self.content(line, *column).await?;
            cells.push(Cell { column: column.word(), content });
        }
        let path = format!("{}/messages/{}", self.at.url(), line.id);
        Ok(Row {
            key: line.id.to_string(),
            url: self.query.url(&path),
            subject: marked(subject, &self.query.text),
            subject_text: subject.to_owned(),
            cells,
            labels: labels_of(line, self.labels),
            marks: marks(line, words, self.now),
            is_unread: line.read.is_none(),
            is_open: self.open == Some(line.id),
            is_done: line.task == Task::Done,
        })
    }

    async fn content(&self, line: &Line, column: Column) -> Result<Content, PageError> {
        let (words, reference) = (self.at.words(), &self.at.reference);
        let name = |texts: Option<&crate::domain::Texts>| {
            Content::Text(texts.map(|texts| texts.best(words.0).to_owned()).unwrap_or_default())
        };
        Ok(match column {
            Column::Subject => Content::Subject,
            Column::Marks => Content::Marks,
            Column::Company => Content::Text(company(self.web, line).await?),
            Column::Sender => {
                name(reference.organizations.get(&line.organization).map(|it| &it.name))
            }
            Column::Kind => {
                name(reference.message_types.get(&line.message_type).map(|it| &it.name))
            }
            Column::Application => {
                name(reference.applications.get(&line.application).map(|it| &it.name))
            }
            Column::Partition => Content::Text(line.partition.to_string()),
            Column::Arrived => Content::Moment(words.moment(line.arrived_at, self.now)),
            Column::Expires => Content::Moment(words.moment(line.expires_at, self.now)),
            Column::Due => match line.due {
                Some(day) => Content::Day(words.day(day, self.now)),
                None => Content::Nothing,
            },
        })
    }
}

/// The labels on a message, as far as they are known here.
pub(super) fn labels_of(line: &Line, labels: &[Label]) -> Vec<LabelShown> {
    let on = labels.iter().filter(|label| line.labels.contains(&label.id));
    on.map(label_shown).collect()
}

pub(super) fn label_shown(label: &Label) -> LabelShown {
    LabelShown { id: label.id.to_string(), name: label.name.clone(), tint: label.colour.as_str() }
}

/// The name of a message's company; names hardly ever change, so they are
/// kept for a minute.
pub(super) async fn company(web: &Web, line: &Line) -> Result<String, PageError> {
    if let Some(name) = web.pages.companies.get(&line.enterprise) {
        return Ok(name);
    }
    let known = web.ledger.enterprise(line.enterprise).await?;
    let name = known.map_or_else(|| line.enterprise.dotted(), |known| known.enterprise.name);
    web.pages.companies.insert(line.enterprise, name.clone());
    Ok(name)
}
