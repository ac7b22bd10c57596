//! The journal: what happened, in the order of commits.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::error::LedgerError;
use super::identity::words;
use super::reference::enterprise_number;
use super::store::{Bulk, Column, Row, Statement, Table, Transaction};
use super::{Ledger, time};
use crate::domain::{
    Attention, BusinessData, EnterpriseNumber, Language, MessageId, Task, Texts, day_of_number,
};
use crate::search::source::{Page, Projected, Source, SourceError};

words! {
    /// What happened.
    EntryKind {
        /// A publication became a message.
        Accepted = "accepted",
        /// A publication went into the quarantine.
        Refused = "refused",
        /// An identity came again.
        Repeat = "repeat",
        /// A document waits for an operator.
        Held = "held",
        /// An operator threw a document away.
        Discarded = "discarded",
        /// A company first opened a message.
        Read = "read",
        /// A message moved to another partition.
        Moved = "moved",
        /// Labels of a message changed.
        Labelled = "labelled",
        /// A message was hidden or shown, or something is to be done about it.
        Marked = "marked",
        /// A letter went a step further.
        Letter = "letter",
        /// A message's time was over: its content is given up.
        Expired = "expired",
        /// A company wrote back.
        Replied = "replied",
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its position; 0 before it is written.
    pub position: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub kind: EntryKind,
    /// The sender organization, where known.
    pub organization: Option<EnterpriseNumber>,
    /// The application whose receipt this is.
    pub application: String,
    /// The sender's key; empty where there was none.
    pub key: String,
    /// The message it concerns.
    pub message: Option<(MessageId, EnterpriseNumber)>,
    /// The rest, as JSON.
    pub detail: String,
}

const JOURNAL: Table = Table {
    name: "journal",
    columns: &[
        "position",
        "at",
        "kind",
        "organization",
        "application",
        "key",
        "enterprise",
        "message",
        "detail",
    ],
    conflict: "",
};

/// Locks the one row until commit: positions appear in order.
const DRAW: Statement = Statement {
    postgres: "UPDATE clock SET position = position + cardinality($1::BIGINT[]) RETURNING position",
    sqlite: "UPDATE clock SET position = position + $1 RETURNING position",
};

/// Appends entries and gives them their positions; must be the last write
/// before commit, since every other writer now waits. Answers the last
/// position, 0 when there is nothing to append.
pub(super) async fn append(
    tx: &mut Transaction,
    entries: &mut [Entry],
    at: i64,
) -> Result<i64, LedgerError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(0);
    }
    let last = tx.insert_drawn(DRAW, rows(entries, at)).await?;
    for (entry, position) in entries.iter_mut().zip(last - count + 1..) {
        (entry.position, entry.at) = (position, time(at)?);
    }
    Ok(last)
}

/// Positions are counted back from the last one.
fn rows(entries: &[Entry], at: i64) -> Bulk {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let text = |text: fn(&Entry) -> &str| {
        Column::Texts(entries.iter().map(|entry| text(entry).to_owned()).collect())
    };
    let enterprise = |entry: &Entry| entry.message.map(|(_, number)| number.value());
    Bulk::new(
        &JOURNAL,
        vec![
            Column::Ints((1 - count..=0).collect()),
            Column::Ints(vec![at; entries.len()]),
            text(|entry| entry.kind.as_str()),
            Column::OptInts(
                entries.iter().map(|e| e.organization.map(EnterpriseNumber::value)).collect(),
            ),
            text(|entry| &entry.application),
            text(|entry| &entry.key),
            Column::OptInts(entries.iter().map(enterprise).collect()),
            Column::OptIds(entries.iter().map(|e| e.message.map(|(id, _)| id.0)).collect()),
            text(|entry| &entry.detail),
        ],
    )
}

const AFTER: Statement = Statement::same(
    "SELECT position, at, kind, organization, application, key, enterprise, message, detail
     FROM journal WHERE position > $1 ORDER BY position LIMIT $2",
);

const AFTER_FOR: Statement = Statement::same(
    "SELECT position, at, kind, organization, application, key, enterprise, message, detail
     FROM journal WHERE position > $1 AND position <= $2 AND application = $3
     ORDER BY position LIMIT $4",
);

macro_rules! projected {
    ($labels:literal) => {
        concat!(
            "SELECT j.position, j.at, m.id, m.expired_at, m.enterprise, m.organization, m.application,
                m.message_type, m.partition, m.arrived_at, m.medium, m.read_at, m.hidden,
                m.registered, m.task, m.due_on, (SELECT ",
            $labels,
            " FROM message_labels l WHERE l.enterprise = m.enterprise AND l.message = m.id),
                m.publication
             FROM journal j
             LEFT JOIN messages m ON m.enterprise = j.enterprise AND m.id = j.message
               AND j.kind <> 'letter'
             WHERE j.position > $1 AND j.position <= $1 + $2 ORDER BY j.position"
        )
    };
}

const PROJECTED: Statement = Statement {
    postgres: projected!("string_agg(replace(l.label::TEXT, '-', ''), ' ')"),
    sqlite: projected!("group_concat(lower(hex(l.label)), ' ')"),
};

fn entry(mut row: Row) -> Result<Entry, LedgerError> {
    let (position, at, kind) = (row.int()?, time(row.int()?)?, row.parsed()?);
    let organization = row.opt_int()?.map(enterprise_number).transpose()?;
    let (application, key) = (row.text()?, row.text()?);
    let enterprise = row.opt_int()?.map(enterprise_number).transpose()?;
    let message = row.opt_id()?.map(MessageId).zip(enterprise);
    Ok(Entry { position, at, kind, organization, application, key, message, detail: row.text()? })
}

impl Ledger {
    /// At most `limit` entries after a position.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn journal_after(
        &self,
        position: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, LedgerError> {
        let rows = self.store.rows(AFTER, vec![position.into(), limit.into()]).await;
        let rows = rows.inspect_err(|_| self.tail.forget())?;
        self.told(rows).await
    }

    /// The same for who follows closely: from memory, where this process wrote
    /// them. There may be more when there are fewer than `limit`.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn follow(&self, position: i64, limit: i64) -> Result<Vec<Entry>, LedgerError> {
        let kept = self.tail.entries(position, usize::try_from(limit).unwrap_or(usize::MAX));
        if kept.is_empty() { self.journal_after(position, limit).await } else { Ok(kept) }
    }

    /// At most `limit` entries of one application after a position, up to and
    /// including `through`.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn journal_of(
        &self,
        application: &str,
        position: i64,
        through: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, LedgerError> {
        let values = vec![position.into(), through.into(), application.into(), limit.into()];
        let rows = self.store.rows(AFTER_FOR, values).await?;
        self.told(rows).await
    }

    async fn told(&self, rows: Vec<Row>) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = rows.into_iter().map(entry).collect::<Result<Vec<Entry>, _>>()?;
        self.add_replies(&mut entries).await?;
        Ok(entries)
    }

    async fn page(&self, position: i64, limit: usize) -> Result<Page, LedgerError> {
        if let Some((messages, through, at)) = self.tail.messages(position, limit) {
            return Ok(Page { messages, through, through_at: Some(at), gone: Vec::new() });
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.store.rows(PROJECTED, vec![position.into(), limit.into()]).await;
        let rows = rows.inspect_err(|_| self.tail.forget())?;
        let mut page = Page { through: position, ..Page::default() };
        for mut row in rows {
            page.through = row.int()?;
            page.through_at = Some(time(row.int()?)?);
            match (row.opt_id()?, row.opt_int()?) {
                (Some(id), None) => page.messages.push(projected(page.through, id, row)?),
                (Some(id), Some(_)) => page.gone.push(MessageId(id)),
                (None, _) => {}
            }
        }
        Ok(page)
    }
}

fn projected(position: i64, id: Uuid, mut row: Row) -> Result<Projected, LedgerError> {
    let mut projected = Projected {
        position,
        id: MessageId(id),
        enterprise: enterprise_number(row.int()?)?,
        organization: enterprise_number(row.int()?)?,
        application: row.parsed()?,
        message_type: row.parsed()?,
        partition: row.parsed()?,
        arrived_at: time(row.int()?)?,
        medium: row.parsed()?,
        is_read: row.opt_int()?.is_some(),
        is_hidden: row.flag()?,
        is_registered: row.flag()?,
        task: Task::from_value(row.int()?).unwrap_or_default(),
        due: row.opt_int()?.and_then(day_of_number),
        labels: row.opt_text()?.iter().flat_map(|it| it.split(' ')).map(str::to_owned).collect(),
        texts: Vec::new(),
    };
    let Searched { subject, business_data_list, for_the_attention_of } = row.json()?;
    projected.texts = searched(&subject, &business_data_list, for_the_attention_of.as_ref());
    Ok(projected)
}

/// The part of a publication that text search looks in; the rest is skipped
/// while reading, without being taken apart.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Searched {
    subject: Texts,
    #[serde(default)]
    business_data_list: Vec<BusinessData>,
    for_the_attention_of: Option<Attention>,
}

/// What text search looks in: subject, business-data values, attention label.
#[must_use]
pub fn searched(
    subject: &Texts,
    business_data: &[BusinessData],
    attention: Option<&Attention>,
) -> Vec<(Language, String)> {
    let values = business_data.iter().flat_map(|data| &data.values);
    let mut texts: Vec<(Language, String)> = std::iter::once(subject)
        .chain(values)
        .flat_map(Texts::iter)
        .map(|(language, text)| (language, text.to_owned()))
        .collect();
    if let Some(label) = attention.and_then(|attention| attention.label.as_ref()) {
        texts.extend(Language::ALL.map(|language| (language, label.clone())));
    }
    texts
}

#[async_trait]
impl Source for Ledger {
    async fn epoch(&self) -> Result<Uuid, SourceError> {
        Self::epoch(self).await.map_err(followed)
    }

    async fn position(&self) -> Result<i64, SourceError> {
        Self::position(self).await.map_err(followed)
    }

    async fn after(&self, position: i64, limit: usize) -> Result<Page, SourceError> {
        self.page(position, limit).await.map_err(followed)
    }
}

fn followed(error: LedgerError) -> SourceError {
    SourceError(Box::new(error))
}
