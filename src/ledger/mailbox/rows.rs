//! Messages as a list shows them.

use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::HashMap;
use uuid::Uuid;

use super::filter::Filter;
use super::look::Look;
use super::predicate::{admitted, bound, given, wanted};
use crate::domain::{
    ApplicationId, Attention, EnterpriseNumber, LabelId, Medium, MessageId, MessageTypeId,
    PartitionId, PersonId, Task, Texts, day_of_number,
};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::time;

/// A message of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its id.
    pub id: MessageId,
    /// In whose box.
    pub enterprise: EnterpriseNumber,
    /// From whom.
    pub organization: EnterpriseNumber,
    /// By which application.
    pub application: ApplicationId,
    /// Of which type.
    pub message_type: MessageTypeId,
    /// Where it lies.
    pub partition: PartitionId,
    /// How it was sent.
    pub medium: Medium,
    /// Whether it is a registered item.
    pub is_registered: bool,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// When it leaves the box.
    pub expires_at: Timestamp,
    /// When its main content was first opened, and by whom.
    pub read: Option<(Timestamp, PersonId)>,
    /// Whether it was hidden.
    pub is_hidden: bool,
    /// What is to be done.
    pub task: Task,
    /// By when.
    pub due: Option<Date>,
    /// Its subject.
    pub subject: Texts,
    /// For whose attention: the sender's label.
    pub attention: Option<String>,
    /// Whether its own text is its main content.
    pub is_body_main_content: bool,
    /// Whether the sender takes a reply.
    pub is_reply_authorized: bool,
    /// The message that it answers, as the sender names it.
    pub original: Option<String>,
    /// How many attachments it has.
    pub attachments: usize,
    /// The labels put on it, as they are called today.
    pub labels: Vec<LabelId>,
    /// States of its letters, oldest first.
    pub letters: Vec<String>,
}

/// What a list shows of a publication; the rest is skipped while reading.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    subject: Texts,
    #[serde(default)]
    attachments: Vec<serde::de::IgnoredAny>,
    for_the_attention_of: Option<Attention>,
    #[serde(default)]
    is_body_main_content: bool,
    #[serde(default)]
    is_reply_authorized: bool,
    original_message_id: Option<String>,
}

macro_rules! columns {
    () => {
        "m.id, m.enterprise, m.organization, m.application, m.message_type, m.partition, m.medium,
         m.registered, m.arrived_at, m.expires_at, m.read_at, m.read_by, m.hidden, m.task,
         m.due_on, m.publication"
    };
}

pub(super) use columns;

const LINES: Statement = Statement {
    postgres: concat!(
        given!(postgres),
        " SELECT ",
        columns!(),
        " FROM messages m CROSS JOIN f WHERE m.id = ANY ($4) AND ",
        wanted!(postgres),
        " AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
        admitted!(postgres),
        ")"
    ),
    sqlite: concat!(
        given!(sqlite),
        " SELECT ",
        columns!(),
        " FROM messages m
         WHERE m.id IN (SELECT unhex(value) FROM json_each($4)) AND ",
        wanted!(sqlite),
        " AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
        admitted!(sqlite),
        ")"
    ),
};

const LABELS: Statement = Statement {
    postgres: "SELECT DISTINCT ml.message, COALESCE(l.merged_into, l.id), COALESCE(t.title, t.name, l.title, l.name)
        FROM message_labels ml JOIN labels l ON l.enterprise = ml.enterprise AND l.id = ml.label
        LEFT JOIN labels t ON t.enterprise = l.enterprise AND t.id = l.merged_into
        WHERE ml.enterprise = ANY ($1) AND ml.message = ANY ($2) ORDER BY 3",
    sqlite: "SELECT DISTINCT ml.message, COALESCE(l.merged_into, l.id), COALESCE(t.title, t.name, l.title, l.name)
        FROM message_labels ml JOIN labels l ON l.enterprise = ml.enterprise AND l.id = ml.label
        LEFT JOIN labels t ON t.enterprise = l.enterprise AND t.id = l.merged_into
        WHERE ml.enterprise IN (SELECT value FROM json_each($1))
          AND ml.message IN (SELECT unhex(value) FROM json_each($2)) ORDER BY 3",
};

const LETTERS: Statement = Statement {
    postgres: "SELECT message, state FROM letters WHERE message = ANY ($1) ORDER BY job",
    sqlite: "SELECT message, state FROM letters
        WHERE message IN (SELECT unhex(value) FROM json_each($1)) ORDER BY job",
};

impl Look {
    /// Those of these messages that the reader may see and that meet the
    /// filter, in the order of `ids`: whatever proposed them, this disposes.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn lines(
        &mut self,
        ids: &[MessageId],
        filter: &Filter,
    ) -> Result<Vec<Line>, LedgerError> {
        if ids.is_empty() || self.openings.is_empty() {
            return Ok(vec![]);
        }
        let mut values = bound(&self.openings, filter, self.now)?;
        values.push(list(ids));
        let rows = self.tx.rows(LINES, values).await?;
        let lines: Result<HashMap<MessageId, Line>, LedgerError> =
            rows.into_iter().map(identified).collect();
        let mut lines = lines?;
        self.add_labels(&mut lines).await?;
        self.add_letters(&mut lines).await?;
        Ok(ids.iter().filter_map(|id| lines.remove(id)).collect())
    }

    async fn add_labels(
        &mut self,
        lines: &mut HashMap<MessageId, Line>,
    ) -> Result<(), LedgerError> {
        let boxes = Value::Ints(lines.values().map(|line| line.enterprise.value()).collect());
        let ids: Vec<MessageId> = lines.keys().copied().collect();
        for mut row in self.tx.rows(LABELS, vec![boxes, list(&ids)]).await? {
            if let Some(line) = lines.get_mut(&MessageId(row.id()?)) {
                line.labels.push(LabelId(row.id()?));
            }
        }
        Ok(())
    }

    async fn add_letters(
        &mut self,
        lines: &mut HashMap<MessageId, Line>,
    ) -> Result<(), LedgerError> {
        let has_letter = |line: &&Line| line.medium.needs_letter();
        let ids: Vec<MessageId> = lines.values().filter(has_letter).map(|line| line.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        for mut row in self.tx.rows(LETTERS, vec![list(&ids)]).await? {
            if let Some(line) = lines.get_mut(&MessageId(row.id()?)) {
                line.letters.push(row.text()?);
            }
        }
        Ok(())
    }
}

pub(super) fn list(ids: &[MessageId]) -> Value {
    Value::Ids(ids.iter().map(|id| id.0).collect())
}

pub(super) fn task(value: i64) -> Result<Task, LedgerError> {
    Task::from_value(value).ok_or_else(|| LedgerError::Shape(format!("{value} is no task")))
}

fn identified(mut row: Row) -> Result<(MessageId, Line), LedgerError> {
    let id = row.id()?;
    line(id, row).map(|line| (line.id, line))
}

/// A message, read behind its id.
pub(super) fn line(id: Uuid, mut row: Row) -> Result<Line, LedgerError> {
    let mut line = Line {
        id: MessageId(id),
        enterprise: enterprise_number(row.int()?)?,
        organization: enterprise_number(row.int()?)?,
        application: row.parsed()?,
        message_type: row.parsed()?,
        partition: row.parsed()?,
        medium: row.parsed()?,
        is_registered: row.flag()?,
        arrived_at: time(row.int()?)?,
        expires_at: time(row.int()?)?,
        read: read(&mut row)?,
        is_hidden: row.flag()?,
        task: task(row.int()?)?,
        due: row.opt_int()?.and_then(day_of_number),
        subject: Texts::default(),
        attention: None,
        is_body_main_content: false,
        is_reply_authorized: false,
        original: None,
        attachments: 0,
        labels: Vec::new(),
        letters: Vec::new(),
    };
    let shown: Shown = row.json()?;
    line.subject = shown.subject;
    line.attention = shown.for_the_attention_of.and_then(|attention| attention.label);
    line.is_body_main_content = shown.is_body_main_content;
    line.is_reply_authorized = shown.is_reply_authorized;
    line.original = shown.original_message_id;
    line.attachments = shown.attachments.len();
    Ok(line)
}

/// When and by whom the main content was first opened.
pub(super) fn read(row: &mut Row) -> Result<Option<(Timestamp, PersonId)>, LedgerError> {
    let (at, by) = (row.opt_int()?, row.opt_text()?);
    let Some((at, by)) = at.zip(by) else { return Ok(None) };
    let by = PersonId::new(by).map_err(|error| LedgerError::Shape(error.to_string()))?;
    Ok(Some((time(at)?, by)))
}
