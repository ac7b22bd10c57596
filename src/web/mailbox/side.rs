//! The folders beside a list: what it needs, saved views, partitions, labels,
//! management.

use std::collections::BTreeMap;

use super::marks::{
    ICON_ALL, ICON_CONSENT, ICON_DONE, ICON_HIDDEN, ICON_NOTICES, ICON_PAPER, ICON_PARTITION,
    ICON_PERSONS, ICON_RECORD, ICON_REGISTERED, ICON_UNREAD, ICON_VIEW,
};
use super::place::{At, Shown};
use super::query::{ListQuery, everything_url};
use super::views::query_of;
use crate::domain::{Label, Language, Medium, PartitionId, Task};
use crate::mailbox::{BoxSeen, Counters, Place, Surroundings, Total};
use crate::web::Web;
use crate::web::page::PageError;
use crate::web::words::Words;

/// A line of the side that leads to a list.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) name: String,
    pub(super) icon: &'static str,
    pub(super) count: Option<String>,
    pub(super) is_current: bool,
}

/// A label of the side.
pub(super) struct LabelItem {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) name: String,
    pub(super) tint: &'static str,
    pub(super) is_current: bool,
}

/// Everything beside a list.
pub(super) struct Side {
    pub(super) folders: Vec<Item>,
    pub(super) views: Vec<Item>,
    /// Those in which anything is open to the reader.
    pub(super) partitions: Vec<Item>,
    /// What all of them are called: histories name others too.
    names: BTreeMap<PartitionId, String>,
    /// Ids and names of those to which something may be moved.
    pub(super) moves: Vec<(String, String)>,
    pub(super) labels: Vec<LabelItem>,
    pub(super) manage: Vec<Item>,
    pub(super) is_manager: bool,
    unread: Total,
}

impl Side {
    /// One message less is unread than was counted.
    pub(super) fn one_is_read(&mut self, words: Words) {
        if let Total::Exactly(unread) = self.unread {
            self.unread = Total::Exactly(unread.saturating_sub(1));
        }
        if let Some(folder) = self.folders.iter_mut().find(|it| it.icon == ICON_UNREAD) {
            folder.count = counted(words, self.unread);
        }
    }

    /// A partition by its name; one that is gone, by its id.
    pub(super) fn partition_name(&self, id: &PartitionId) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }
}

/// A place with what stands around its pages.
pub(super) struct Around {
    pub(super) place: Shown,
    pub(super) side: Side,
    pub(super) labels: Vec<Label>,
    pub(super) entry: Option<BoxSeen>,
}

/// Looks around in a place; `NotFound` where the reader may not.
///
/// # Errors
/// As the mailbox's.
pub(super) async fn around(
    web: &Web,
    at: &At,
    query: &ListQuery,
    current: &str,
) -> Result<Around, PageError> {
    let (mailbox, words) = (&web.mailbox, at.words());
    let looked = Box::pin(mailbox.around(&at.reader, at.place));
    let (looked, views) = tokio::try_join!(looked, mailbox.views(&at.reader))?;
    let Surroundings { counters, of_box } = looked;
    let (entry, labels, partitions, open) = match of_box {
        Some(it) => (Some(it.entry), it.labels, it.partitions, it.open),
        None => Default::default(),
    };
    let folder = Folder { words, url: at.url(), query, is_list: current.is_empty() };
    let general = (PartitionId::general(), words.say("partition-general"));
    let names = partitions.into_iter().map(|it| (it.id, it.name));
    let names: Vec<_> = std::iter::once(general).chain(names).collect();
    let partitions = folder.partitions(names.iter().filter(|(id, _)| open.contains(id)));
    let side = Side {
        folders: folder.folders(&counters),
        views: folder.views(views, at.place),
        moves: partitions.iter().map(|it| (it.id.clone(), it.name.clone())).collect(),
        partitions,
        names: names.into_iter().collect(),
        labels: labels.iter().map(|label| folder.label(label)).collect(),
        manage: folder.management(current),
        is_manager: entry.as_ref().is_some_and(|entry| entry.is_manager),
        unread: counters.unread,
    };
    Ok(Around { place: shown(at, query, entry.as_ref()), side, labels, entry })
}

fn shown(at: &At, query: &ListQuery, entry: Option<&BoxSeen>) -> Shown {
    Shown {
        url: at.url(),
        everything: everything_url(&at.url()),
        name: match entry {
            Some(entry) => entry.enterprise.name.clone(),
            None => at.words().say("boxes-all-short"),
        },
        shown: entry.map(|entry| entry.enterprise.number.dotted()),
        text: query.text.clone(),
        language: query.language.filter(|_| !query.text.is_empty()).map(Language::code),
        is_one_box: entry.is_some(),
    }
}

struct Folder<'a> {
    words: Words,
    url: String,
    query: &'a ListQuery,
    is_list: bool,
}

impl Folder<'_> {
    /// A list that differs from everything in one thing.
    fn item(
        &self,
        name: String,
        icon: &'static str,
        count: Option<String>,
        change: impl FnOnce(&mut ListQuery),
    ) -> Item {
        let query = self.query.bare().but(change);
        let is_current = self.is_list && query.criteria() == self.query.criteria();
        let url = query.list_url(&self.url);
        Item { id: String::new(), url, name, icon, count, is_current }
    }

    fn folders(&self, Counters { all, unread, to_do, hidden }: &Counters) -> Vec<Item> {
        let say = |name| self.words.say(name);
        let count = |total: &Total| counted(self.words, *total);
        vec![
            self.item(say("folder-all"), ICON_ALL, count(all), |_| ()),
            self.item(say("folder-unread"), ICON_UNREAD, count(unread), |it| it.is_unread = true),
            self.item(say("folder-to-do"), ICON_DONE, count(to_do), |it| {
                it.task = Some(Task::ToDo);
            }),
            self.item(say("folder-registered"), ICON_REGISTERED, None, |it| {
                it.is_registered = true;
            }),
            self.item(say("folder-paper"), ICON_PAPER, None, |it| it.medium = Some(Medium::Paper)),
            self.item(say("folder-hidden"), ICON_HIDDEN, count(hidden), |it| it.is_hidden = true),
        ]
    }

    fn views(
        &self,
        views: Vec<(crate::mailbox::ViewId, crate::mailbox::View)>,
        place: Place,
    ) -> Vec<Item> {
        let here = views.into_iter().filter(|(_, view)| view.place == place);
        let item = |(id, view): (crate::mailbox::ViewId, crate::mailbox::View)| {
            let query = query_of(&view);
            Item {
                id: id.0.to_string(),
                url: query.list_url(&self.url),
                is_current: self.is_list && query == *self.query && query.is_filtered(),
                name: view.name,
                icon: ICON_VIEW,
                count: None,
            }
        };
        here.map(item).collect()
    }

    fn partitions<'n>(&self, names: impl Iterator<Item = &'n (PartitionId, String)>) -> Vec<Item> {
        let item = |(id, name): &(PartitionId, String)| {
            let wanted = id.clone();
            let item =
                self.item(name.clone(), ICON_PARTITION, None, |it| it.partition = Some(wanted));
            Item { id: id.to_string(), ..item }
        };
        names.map(item).collect()
    }

    fn label(&self, label: &Label) -> LabelItem {
        let wanted = label.id;
        let item = self.item(label.name.clone(), "", None, |it| it.label = Some(wanted));
        LabelItem {
            id: label.id.to_string(),
            url: item.url,
            name: item.name,
            tint: label.colour.as_str(),
            is_current: item.is_current,
        }
    }

    fn management(&self, current: &str) -> Vec<Item> {
        let item = |page: &str, name: &str, icon| Item {
            id: String::new(),
            url: format!("{}/management/{page}", self.url),
            name: self.words.say(name),
            icon,
            count: None,
            is_current: page == current,
        };
        vec![
            item("access", "access-title", ICON_PERSONS),
            item("partitions", "partitions-title", ICON_PARTITION),
            item("consent", "consent-title", ICON_CONSENT),
            item("notices", "notices-title", ICON_NOTICES),
            item("record", "record-title", ICON_RECORD),
        ]
    }
}

/// A count to show beside a folder; nothing for none.
fn counted(words: Words, total: Total) -> Option<String> {
    match total {
        Total::Exactly(0) => None,
        Total::Exactly(count) => Some(words.number(count)),
        Total::MoreThan(count) => Some(format!("{}+", words.number(count))),
    }
}
