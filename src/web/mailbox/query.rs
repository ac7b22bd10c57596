//! What an address says of a list: filter, order, columns, page. Written
//! back it is the same address, so every list can be bookmarked.

use jiff::civil::Date;
use url::form_urlencoded::Serializer;

use crate::clock::belgian_midnight;
use crate::domain::{
    ApplicationId, EnterpriseNumber, LabelId, Language, Medium, MessageTypeId, PartitionId, Task,
};
use crate::mailbox::{Filter, Hidden, Order, Page, Place};
use crate::web::form::Fields;
use crate::web::page::ARRANGING;

/// Messages on a page, to choose from.
pub(super) const SIZES: [u32; 3] = [25, 50, 100];
const TEXT_CHARS_MAX: usize = 200;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name { $($variant),+ }

        impl $name {
            pub(super) const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in addresses.
            pub(super) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn read(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.word() == word)
            }
        }
    };
}

words! {
    /// A column of a list, in the order in which they are offered.
    Column {
        Company = "box",
        Sender = "sender",
        Subject = "subject",
        Kind = "type",
        Application = "application",
        Partition = "partition",
        Marks = "marks",
        Letter = "letter",
        Due = "due",
        Expires = "expires",
        Arrived = "arrived",
    }
}

words! {
    /// How close rows are.
    Density { Comfortable = "comfortable", Compact = "compact", Airy = "airy" }
}

/// The columns where an address names none.
const USUAL: [Column; 5] =
    [Column::Sender, Column::Subject, Column::Marks, Column::Due, Column::Arrived];

/// A list as an address describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ListQuery {
    pub(super) text: String,
    /// The language in which the text is looked for; none: the reader's.
    pub(super) language: Option<Language>,
    pub(super) sender: Option<EnterpriseNumber>,
    pub(super) application: Option<ApplicationId>,
    pub(super) kind: Option<MessageTypeId>,
    pub(super) partition: Option<PartitionId>,
    pub(super) label: Option<LabelId>,
    /// With a label of this name, whichever box's.
    pub(super) labelled: String,
    /// `paper` finds what was sent on paper, alone or as well.
    pub(super) medium: Option<Medium>,
    pub(super) is_unread: bool,
    pub(super) is_registered: bool,
    pub(super) is_hidden: bool,
    pub(super) task: Option<Task>,
    pub(super) due: Option<Date>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) order: Order,
    /// In the order of the page; none: the usual ones.
    pub(super) columns: Vec<Column>,
    /// Whether somebody is at it: of this answer, and of no address in it.
    pub(super) is_arranging: bool,
    pub(super) density: Density,
    pub(super) size: u32,
    pub(super) page: u32,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            text: String::new(),
            language: None,
            sender: None,
            application: None,
            kind: None,
            partition: None,
            label: None,
            labelled: String::new(),
            medium: None,
            is_unread: false,
            is_registered: false,
            is_hidden: false,
            task: None,
            due: None,
            from: None,
            to: None,
            order: Order::Newest,
            columns: Vec::new(),
            is_arranging: false,
            density: Density::Comfortable,
            size: 25,
            page: 1,
        }
    }
}

fn bounded(text: Option<&str>) -> String {
    text.unwrap_or_default().chars().take(TEXT_CHARS_MAX).collect()
}

fn once_each(columns: impl Iterator<Item = Column>) -> Vec<Column> {
    let mut once = Vec::new();
    for column in columns {
        if !once.contains(&column) {
            once.push(column);
        }
    }
    once
}

/// The address of a place's whole list.
pub(super) fn everything_url(place: &str) -> String {
    format!("{place}?in=inbox")
}

impl ListQuery {
    /// Reads an address; what it does not understand is left out.
    pub(super) fn read(query: Option<&str>) -> Self {
        let fields = Fields::of_query(query);
        let text = bounded(fields.one("q"));
        Self {
            text,
            language: fields.parsed("language"),
            sender: fields.parsed("sender"),
            application: fields.parsed("application"),
            kind: fields.parsed("type"),
            partition: fields.parsed("partition"),
            label: fields.parsed("label"),
            labelled: bounded(fields.one("labelled")),
            medium: fields.parsed("medium"),
            is_unread: fields.is("unread"),
            is_registered: fields.is("registered"),
            is_hidden: fields.is("hidden"),
            task: match fields.one("task") {
                Some("to-do") => Some(Task::ToDo),
                Some("done") => Some(Task::Done),
                _ => None,
            },
            due: fields.parsed("due"),
            from: fields.parsed("from"),
            to: fields.parsed("to"),
            order: if fields.one("sort") == Some("oldest") { Order::Oldest } else { Order::Newest },
            columns: once_each(fields.all("column").filter_map(Column::read)),
            is_arranging: fields.is(ARRANGING),
            density: fields.one("density").and_then(Density::read).unwrap_or(Density::Comfortable),
            size: fields.parsed("size").filter(|size| SIZES.contains(size)).unwrap_or(25),
            page: fields.parsed("page").filter(|page| *page > 0).unwrap_or(1),
        }
    }

    /// The language that was chosen for what is looked for.
    fn searched_in(&self) -> Option<Language> {
        self.language.filter(|_| !self.text.is_empty())
    }

    /// What is looked for, as names and values, without how it is shown.
    pub(super) fn criteria(&self) -> Vec<(&'static str, String)> {
        let yes = |is: bool| is.then(|| "yes".to_owned());
        let text = |text: &dyn ToString| text.to_string();
        let task = match self.task {
            Some(Task::ToDo) => Some("to-do".to_owned()),
            Some(Task::Done) => Some("done".to_owned()),
            Some(Task::None) | None => None,
        };
        let all = [
            ("q", (!self.text.is_empty()).then(|| self.text.clone())),
            ("language", self.searched_in().map(|it| it.code().to_owned())),
            ("sender", self.sender.as_ref().map(|it| text(it))),
            ("application", self.application.as_ref().map(|it| text(it))),
            ("type", self.kind.as_ref().map(|it| text(it))),
            ("partition", self.partition.as_ref().map(|it| text(it))),
            ("label", self.label.as_ref().map(|it| text(it))),
            ("labelled", (!self.labelled.is_empty()).then(|| self.labelled.clone())),
            ("medium", self.medium.map(|it| it.as_str().to_owned())),
            ("unread", yes(self.is_unread)),
            ("registered", yes(self.is_registered)),
            ("hidden", yes(self.is_hidden)),
            ("task", task),
            ("due", self.due.as_ref().map(|it| text(it))),
            ("from", self.from.as_ref().map(|it| text(it))),
            ("to", self.to.as_ref().map(|it| text(it))),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// How it is shown, as names and values.
    pub(super) fn layout(&self) -> Vec<(&'static str, String)> {
        let mut layout: Vec<_> =
            self.columns.iter().map(|column| ("column", column.word().to_owned())).collect();
        if self.order == Order::Oldest {
            layout.push(("sort", "oldest".into()));
        }
        if self.density != Density::Comfortable {
            layout.push(("density", self.density.word().into()));
        }
        if self.size != 25 {
            layout.push(("size", self.size.to_string()));
        }
        layout
    }

    /// The query of an address, which [`ListQuery::read`] reads back.
    pub(super) fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(self.criteria()).extend_pairs(self.layout());
        if self.page > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        query.finish()
    }

    /// The address of something that is looked at out of this list.
    pub(super) fn url(&self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The address of this very list in a place: never the bare one, where a
    /// default view would open instead.
    pub(super) fn list_url(&self, place: &str) -> String {
        let query = self.query();
        if query.is_empty() { everything_url(place) } else { format!("{place}?{query}") }
    }

    /// The address of this list with one of its columns at another's place,
    /// and with the choice of columns open at that column.
    pub(super) fn arranged_url(
        &self,
        place: &str,
        shown: &[Column],
        from: usize,
        to: usize,
    ) -> String {
        let mut columns = shown.to_vec();
        columns.swap(from, to);
        let (url, moved) =
            (self.but(|it| it.columns = columns).list_url(place), shown[from].word());
        format!("{url}&{ARRANGING}=yes#column-{moved}")
    }

    /// The first page of the same list, changed.
    pub(super) fn but(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = Self { page: 1, ..self.clone() };
        change(&mut other);
        other
    }

    /// The same look at everything.
    pub(super) fn bare(&self) -> Self {
        Self {
            order: self.order,
            columns: self.columns.clone(),
            density: self.density,
            size: self.size,
            ..Self::default()
        }
    }

    /// The columns to show.
    pub(super) fn shown(&self, place: Place) -> Vec<Column> {
        if !self.columns.is_empty() {
            return self.columns.clone();
        }
        let company = matches!(place, Place::All).then_some(Column::Company);
        company.into_iter().chain(USUAL).collect()
    }

    pub(super) fn is_filtered(&self) -> bool {
        !self.criteria().is_empty()
    }

    /// What the mailbox is asked.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            organizations: self.sender.into_iter().collect(),
            applications: self.application.clone().into_iter().collect(),
            message_types: self.kind.clone().into_iter().collect(),
            partitions: self.partition.clone().into_iter().collect(),
            labels: self.label.into_iter().collect(),
            media: match self.medium {
                Some(Medium::Paper) => vec![Medium::Paper, Medium::Both],
                other => other.into_iter().collect(),
            },
            is_unread: self.is_unread.then_some(true),
            is_registered: self.is_registered.then_some(true),
            // What was done keeps its day: nobody has to do it any more.
            task: self.task.or(self.due.map(|_| Task::ToDo)),
            due_through: self.due,
            arrived_from: self.from.and_then(belgian_midnight),
            arrived_to: self.to.and_then(|day| day.tomorrow().ok()).and_then(belgian_midnight),
            expires_from: None,
            expires_to: None,
            hidden: if self.is_hidden { Hidden::Only } else { Hidden::Without },
        }
    }

    pub(super) fn page_of(&self) -> Page {
        Page { number: self.page, size: self.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_as_it_was_written() {
        let address = "q=%C3%A9pinards+%26+co&language=nl&sender=0852093431&type=DIMONA1&partition=HR\
            &labelled=Pay&medium=paper&unread=yes&registered=yes&task=to-do&due=2026-12-01&from=2026-01-01\
            &to=2026-11-23&column=sender&column=arrived&sort=oldest&density=compact&size=50&page=3";
        let read = ListQuery::read(Some(address));
        assert_eq!(read.query(), address);
        assert_eq!(ListQuery::read(Some(&read.query())), read);
        assert_eq!(read.filter().media, vec![Medium::Paper, Medium::Both]);
    }

    #[test]
    fn what_is_to_be_done_by_a_day_is_not_done() {
        for (address, task) in [
            ("due=2026-12-01", Some(Task::ToDo)),
            ("due=2026-12-01&task=done", Some(Task::Done)),
            ("due=2026-12-01&task=to-do", Some(Task::ToDo)),
            ("unread=yes", None),
        ] {
            assert_eq!(ListQuery::read(Some(address)).filter().task, task, "{address}");
        }
    }

    #[test]
    fn no_list_has_the_bare_address_of_its_place() {
        let everything = ListQuery::default();
        assert_eq!(everything.list_url("/boxes/all"), "/boxes/all?in=inbox");
        assert_eq!(ListQuery::read(Some("in=inbox")), everything);
        let second = ListQuery { page: 2, ..everything };
        assert_eq!(second.list_url("/boxes/all"), "/boxes/all?page=2");
    }

    #[test]
    fn columns_stand_in_the_order_of_the_address_and_once() {
        let read = ListQuery::read(Some("column=arrived&column=x&column=sender&column=arrived"));
        assert_eq!(read.columns, [Column::Arrived, Column::Sender]);
        assert_eq!(read.query(), "column=arrived&column=sender");
        let moved = read.arranged_url("/boxes/all", &read.columns, 0, 1);
        let wanted = "/boxes/all?column=sender&column=arrived&arranging=yes#column-arrived";
        assert_eq!(moved, wanted);
        let open = ListQuery::read(Some("column=sender&arranging=yes"));
        assert!(open.is_arranging && open.query() == "column=sender", "{open:?}");
    }

    #[test]
    fn what_an_address_invents_is_left_out() {
        let wild = "size=1000000&page=0&page=-1&sort=%27%3B&column=x&sender=1&due=0000-99-99\
            &language=xx&label=x&medium=carrier-pigeon&q=%00";
        let read = ListQuery::read(Some(wild));
        assert_eq!(read.text, "\0");
        assert_eq!(ListQuery { text: String::new(), ..read }, ListQuery::default());
    }
}
