//! What a list is narrowed by, and each criterion with the same list without it.

use crate::domain::Task;
use crate::mailbox::Place;
use crate::web::mailbox::choices::{self, Choice};
use crate::web::mailbox::place::At;
use crate::web::mailbox::query::ListQuery;
use crate::web::mailbox::side::Side;

pub(super) struct FilterShown {
    pub(super) kept: Vec<(&'static str, String)>,
    pub(super) choices: Vec<Choice>,
    /// The name of a label, where the boxes have their own each.
    pub(super) labelled: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) due: String,
    pub(super) is_unread: bool,
    pub(super) is_registered: bool,
    pub(super) is_hidden: bool,
    pub(super) is_active: bool,
}

pub(super) struct Chip {
    pub(super) text: String,
    pub(super) without: String,
}

pub(super) fn filter(at: &At, query: &ListQuery, side: &Side) -> FilterShown {
    let text =
        query.criteria().into_iter().filter(|(name, _)| matches!(*name, "q" | "language" | "task"));
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string()).unwrap_or_default();
    FilterShown {
        kept: text.chain(query.layout()).collect(),
        choices: choices::filter(at, query, side),
        labelled: (at.place == Place::All).then(|| query.labelled.clone()),
        from: day(query.from),
        to: day(query.to),
        due: day(query.due),
        is_unread: query.is_unread,
        is_registered: query.is_registered,
        is_hidden: query.is_hidden,
        is_active: query.criteria().iter().any(|(name, _)| !matches!(*name, "q" | "language")),
    }
}

/// Each criterion, with the same list without it.
pub(super) fn chips(at: &At, query: &ListQuery, side: &Side) -> Vec<Chip> {
    let (words, url) = (at.words(), at.url());
    let mut chips = Vec::new();
    for choice in choices::filter(at, query, side) {
        let chosen = choice.options.into_iter().find(|option| option.is_chosen);
        if let Some(chosen) = chosen {
            let name = choice.name;
            let without = query.but(|it| forget(it, name)).list_url(&url);
            chips.push(Chip { text: format!("{}: {}", choice.label, chosen.name), without });
        }
    }
    // One that was merged, deleted, or is not seen by this reader filters too.
    let is_known = |id: String| side.labels.iter().any(|label| label.id == id);
    if query.label.is_some_and(|label| !is_known(label.to_string())) {
        let text = format!("{}: {}", words.say("label"), words.say("label-unknown"));
        chips.push(Chip { text, without: query.but(|it| forget(it, "label")).list_url(&url) });
    }
    if !query.labelled.is_empty() {
        let text = format!("{}: {}", words.say("label"), query.labelled);
        let without = query.but(|it| forget(it, "labelled")).list_url(&url);
        chips.push(Chip { text, without });
    }
    let days = [
        ("from", "filter-from", query.from),
        ("to", "filter-to", query.to),
        ("due", "filter-to-do-before", query.due),
    ];
    for (name, label, day) in days {
        if let Some(day) = day {
            let text = format!("{}: {}", words.say(label), words.long_day(day));
            chips.push(Chip { text, without: query.but(|it| forget(it, name)).list_url(&url) });
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
            let without = query.but(|it| forget(it, name)).list_url(&url);
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
        "labelled" => query.labelled.clear(),
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
