//! Messages as rows.

use std::collections::HashMap;

use jiff::Timestamp;

use super::found::FoundIn;

use crate::domain::{Label, MessageId, Task, Texts};
use crate::mailbox::Line;
use crate::web::Web;
use crate::web::mailbox::marked::{Piece, marked};
use crate::web::mailbox::marks::{MarkShown, letter_state, marks};
use crate::web::mailbox::partition_names::PartitionNames;
use crate::web::mailbox::place::At;
use crate::web::mailbox::query::{Column, ListQuery};
use crate::web::page::PageError;
use crate::web::words::Spoken;
use crate::web::words::dates::{Day, Moment};

/// A message of the list.
pub(super) struct Row {
    pub(super) key: String,
    pub(super) url: String,
    pub(super) subject: Vec<Piece>,
    /// The same in one piece, with its language.
    pub(super) subject_text: Spoken,
    pub(super) cells: Vec<Cell>,
    pub(super) labels: Vec<LabelShown>,
    /// Where the text was found, when it was not in the subject.
    pub(super) found_in: Option<FoundIn>,
    pub(super) marks: Vec<MarkShown>,
    pub(super) is_unread: bool,
    pub(super) is_open: bool,
    pub(super) is_done: bool,
}

/// A label on a message.
pub(in crate::web::mailbox) struct LabelShown {
    pub(in crate::web::mailbox) id: String,
    pub(in crate::web::mailbox) name: String,
    pub(in crate::web::mailbox) tint: &'static str,
}

pub(super) struct Cell {
    pub(super) column: &'static str,
    pub(super) content: Content,
}

pub(super) enum Content {
    Subject,
    Marks,
    Text(Spoken),
    Moment(Moment),
    Day(Day),
    Nothing,
}

/// Makes rows of messages.
pub(super) struct Rower<'a> {
    pub(super) web: &'a Web,
    pub(super) at: &'a At,
    pub(super) query: &'a ListQuery,
    pub(super) labels: &'a [Label],
    pub(super) partitions: &'a PartitionNames<'a>,
    pub(super) columns: &'a [Column],
    pub(super) open: Option<MessageId>,
    pub(super) now: Timestamp,
    pub(super) found: HashMap<MessageId, FoundIn>,
}

impl Rower<'_> {
    pub(super) async fn row(&mut self, line: &Line) -> Result<Row, PageError> {
        let words = self.at.words();
        // What was found is shown in the language that it was found in.
        let subject = words.wanting(self.query.language.unwrap_or(words.0), &line.subject);
        let mut cells = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            let content = self.content(line, *column).await?;
            cells.push(Cell { column: column.word(), content });
        }
        let path = format!("{}/messages/{}", self.at.url(), line.id);
        Ok(Row {
            key: line.id.to_string(),
            url: self.query.url(&path),
            subject: marked(&subject.text, &self.query.text),
            subject_text: subject,
            cells,
            labels: labels_of(line, self.labels),
            found_in: self.found.remove(&line.id),
            marks: marks(line, words, self.now),
            is_unread: line.read.is_none(),
            is_open: self.open == Some(line.id),
            is_done: line.task == Task::Done,
        })
    }

    async fn content(&self, line: &Line, column: Column) -> Result<Content, PageError> {
        let (words, reference) = (self.at.words(), &self.at.reference);
        let name = |texts: Option<&Texts>| {
            Content::Text(texts.map(|texts| words.of(texts)).unwrap_or_default())
        };
        Ok(match column {
            Column::Subject => Content::Subject,
            Column::Marks => Content::Marks,
            Column::Letter => match line.letters.last() {
                Some(state) => Content::Text(letter_state(state, words).into()),
                None => Content::Nothing,
            },
            Column::Company => Content::Text(company(self.web, line).await?.into()),
            Column::Sender => {
                name(reference.organizations.get(&line.organization).map(|it| &it.name))
            }
            Column::Kind => {
                name(reference.message_types.get(&line.message_type).map(|it| &it.name))
            }
            Column::Application => {
                name(reference.applications.get(&line.application).map(|it| &it.name))
            }
            Column::Partition => Content::Text(self.partitions.of_line(line).into()),
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
fn labels_of(line: &Line, labels: &[Label]) -> Vec<LabelShown> {
    let on = labels.iter().filter(|label| line.labels.contains(&label.id));
    on.map(label_shown).collect()
}

pub(in crate::web::mailbox) fn label_shown(label: &Label) -> LabelShown {
    LabelShown { id: label.id.to_string(), name: label.name.clone(), tint: label.colour.as_str() }
}

/// The name of a message's company; names hardly ever change, so they are
/// kept for a minute.
pub(in crate::web::mailbox) async fn company(web: &Web, line: &Line) -> Result<String, PageError> {
    if let Some(name) = web.pages.companies.get(&line.enterprise) {
        return Ok(name);
    }
    let known = web.ledger.enterprise(line.enterprise).await?;
    let name = known.map_or_else(|| line.enterprise.dotted(), |known| known.enterprise.name);
    web.pages.companies.insert(line.enterprise, name.clone());
    Ok(name)
}
