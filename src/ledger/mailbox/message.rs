//! One whole message, for a reader who may see it.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

use super::look::Look;
use super::rows::Line;
use crate::domain::{
    ApplicationId, BusinessData, EnterpriseNumber, MessageId, MessageTypeId, PartitionId, PersonId,
    Publication,
};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::time;
use crate::route::{Item, opens};

/// A letter of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct LetterState {
    /// Its job id.
    pub job: Uuid,
    /// Why it was made.
    pub cause: String,
    /// Where it stands.
    pub state: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// That a letter came to stand elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterStep {
    /// Its job id.
    pub job: Uuid,
    /// Where it stands from then on.
    pub state: String,
    /// When, by the clock of who said so.
    pub at: Timestamp,
}

/// Where a message lies and what decides who sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) id: MessageId,
    pub(super) enterprise: EnterpriseNumber,
    pub(super) organization: EnterpriseNumber,
    pub(super) application: ApplicationId,
    pub(super) key: String,
    pub(super) message_type: MessageTypeId,
    pub(super) partition: PartitionId,
}

const STANDING: Statement = Statement {
    postgres: "SELECT id, enterprise, organization, application, key, message_type, partition
        FROM messages WHERE id = ANY ($1) AND expires_at > $2 ORDER BY id",
    sqlite: "SELECT id, enterprise, organization, application, key, message_type, partition
        FROM messages WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND expires_at > $2
        ORDER BY id",
};

const PUBLICATION: Statement =
    Statement::same("SELECT publication FROM messages WHERE enterprise = $1 AND id = $2");

const PUBLICATIONS: Statement = Statement {
    postgres: "SELECT id, publication FROM messages WHERE enterprise = ANY ($1) AND id = ANY ($2)",
    sqlite: "SELECT id, publication FROM messages
        WHERE enterprise IN (SELECT value FROM json_each($1))
          AND id IN (SELECT unhex(value) FROM json_each($2))",
};

const LETTERS: Statement = Statement::same(
    "SELECT job, cause, state, created_at FROM letters WHERE message = $1 ORDER BY created_at, job",
);

const LETTER_STEPS: Statement = Statement::same(
    "SELECT e.job, e.state, e.at FROM letter_events e JOIN letters l ON l.job = e.job
     WHERE l.message = $1 AND e.verdict = 'applied' ORDER BY e.id",
);

/// The part of a publication that is read; the rest is skipped.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithData {
    #[serde(default)]
    business_data_list: Vec<BusinessData>,
}

impl Ledger {
    /// The business data of messages that a reader was seen to see.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn business_data_of(
        &self,
        messages: &[(EnterpriseNumber, MessageId)],
    ) -> Result<HashMap<MessageId, Vec<BusinessData>>, LedgerError> {
        let boxes: BTreeSet<i64> = messages.iter().map(|(number, _)| number.value()).collect();
        let ids = Value::Ids(messages.iter().map(|(_, id)| id.0).collect());
        let values = vec![Value::Ints(boxes.into_iter().collect()), ids];
        let rows = self.store.rows(PUBLICATIONS, values).await?;
        let data = |mut row: Row| {
            let id = MessageId(row.id()?);
            Ok((id, row.json::<WithData>()?.business_data_list))
        };
        rows.into_iter().map(data).collect()
    }

    /// Looks at one message; none when it does not exist, has expired, or is
    /// not open to this person today: the answer does not tell which.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look_at_message(
        &self,
        person: &PersonId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<Look>, LedgerError> {
        self.look_at_messages(person, &[id], now).await
    }

    /// Looks at several; none unless every one is there for this person.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look_at_messages(
        &self,
        person: &PersonId,
        ids: &[MessageId],
        now: Timestamp,
    ) -> Result<Option<Look>, LedgerError> {
        let tx = self.store.begin_look().await?;
        let mut look = self.look_at(tx, person, ids, now).await?;
        let is_seen = look.standings(ids).await?.is_some();
        Ok(Some(look).filter(|_| is_seen))
    }
}

/// What grants ask of a message: its type, organization and application.
type Kind<'a> = (&'a MessageTypeId, EnterpriseNumber, &'a ApplicationId);

impl Look {
    /// Where these messages lie; none unless the person may see every one.
    /// This asks the pure predicate, message by message.
    pub(super) async fn standings(
        &mut self,
        ids: &[MessageId],
    ) -> Result<Option<Vec<Standing>>, LedgerError> {
        let mut unique = ids.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let uuids = Value::Ids(unique.iter().map(|id| id.0).collect());
        let rows = self.tx.rows(STANDING, vec![uuids, super::micros(self.now).into()]).await?;
        let mut found = Vec::with_capacity(rows.len());
        for mut row in rows {
            found.push(Standing {
                id: MessageId(row.id()?),
                enterprise: enterprise_number(row.int()?)?,
                organization: enterprise_number(row.int()?)?,
                application: row.parsed()?,
                key: row.text()?,
                message_type: row.parsed()?,
                partition: row.parsed()?,
            });
        }
        let is_all = found.len() == unique.len() && found.iter().all(|it| self.may_see(it, None));
        Ok(Some(found).filter(|_| is_all))
    }

    /// Whether the person may see a message, where it lies or in another
    /// partition.
    pub(super) fn may_see(&self, it: &Standing, elsewhere: Option<&PartitionId>) -> bool {
        let kind = (&it.message_type, it.organization, &it.application);
        self.opens(it.enterprise, kind, elsewhere.unwrap_or(&it.partition))
    }

    /// Whether the person would see a message of a list in another partition of
    /// its box.
    #[must_use]
    pub fn may_see_in(&self, line: &Line, partition: &PartitionId) -> bool {
        let kind = (&line.message_type, line.organization, &line.application);
        self.opens(line.enterprise, kind, partition)
    }

    fn opens(
        &self,
        enterprise: EnterpriseNumber,
        (message_type, organization, application): Kind<'_>,
        partition: &PartitionId,
    ) -> bool {
        let known = self.reference.message_types.get(message_type);
        let item = Item {
            message_type,
            // What nobody knows any longer is closed.
            level: known.map_or(crate::domain::AccessLevel::Type, |known| known.level),
            service: known.and_then(|known| known.service.as_ref()),
            organization,
            application,
        };
        let day = self.day();
        let mut grants = self.grants.iter().filter(|grant| grant.enterprise == enterprise);
        grants.any(|grant| opens(grant, item, partition, day))
    }

    /// The publication of a message that the reader was seen to see.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn publication(
        &mut self,
        enterprise: EnterpriseNumber,
        id: MessageId,
    ) -> Result<Option<Publication>, LedgerError> {
        let mut rows =
            self.tx.rows(PUBLICATION, vec![enterprise.value().into(), id.0.into()]).await?;
        rows.first_mut().map(Row::json).transpose()
    }

    /// The letters of a message that the reader was seen to see.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letters_of(&mut self, id: MessageId) -> Result<Vec<LetterState>, LedgerError> {
        let rows = self.tx.rows(LETTERS, vec![id.0.into()]).await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(LetterState {
                    job: row.id()?,
                    cause: row.text()?,
                    state: row.text()?,
                    created_at: time(row.int()?)?,
                })
            })
            .collect()
    }

    /// What moved the letters of a message that the reader was seen to see, in
    /// the order in which it was heard.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn letter_steps_of(&mut self, id: MessageId) -> Result<Vec<LetterStep>, LedgerError> {
        let rows = self.tx.rows(LETTER_STEPS, vec![id.0.into()]).await?;
        let step = |mut row: Row| {
            Ok(LetterStep { job: row.id()?, state: row.text()?, at: time(row.int()?)? })
        };
        rows.into_iter().map(step).collect()
    }
}
