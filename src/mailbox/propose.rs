//! The search index, asked with today's access.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{COUNT_MAX, Filter, Hidden, Mailbox, MailboxError, Page};
use crate::domain::{ApplicationId, EnterpriseNumber, Language, MessageTypeId, PartitionId};
use crate::ledger::Look;
use crate::route::Opening;
use crate::search::{Found, Part, Query, Text, Waited};

/// How long a reader waits for the index to know what readers did.
const PATIENCE: Duration = Duration::from_secs(1);

impl Mailbox {
    /// Whether the index can be asked: it is there, and knows everything that
    /// readers did with what is looked at.
    pub(super) async fn is_index_current(&self, look: &mut Look) -> Result<bool, MailboxError> {
        let Some(search) = &self.search else { return Ok(false) };
        let position = look.mail_position().await?;
        Ok(search.wait_for(position, PATIENCE).await == Waited::Visible)
    }

    /// What the index proposes, counted up to one more than [`COUNT_MAX`]. A
    /// total may lag behind by the index's lag; no row is shown on its word.
    pub(super) async fn propose(
        &self,
        openings: &[Opening],
        filter: &Filter,
        text: Option<Text>,
        page: Page,
    ) -> Result<Found, MailboxError> {
        let search = self.search.as_ref().ok_or(MailboxError::SearchAway)?;
        let mut query = query(openings, filter);
        query.text = text;
        (query.page, query.size) = (page.number, page.size);
        query.count_max = u64::from(COUNT_MAX) + 1;
        Ok(search.find(query).await?)
    }

    /// How many messages the index proposes, counted up to `cap`.
    pub(super) async fn count_proposed(
        &self,
        openings: &[Opening],
        filter: &Filter,
        text: Option<Text>,
        cap: u64,
    ) -> Result<u64, MailboxError> {
        let search = self.search.as_ref().ok_or(MailboxError::SearchAway)?;
        let query = Query { text, ..query(openings, filter) };
        Ok(search.count(query, cap).await?)
    }
}

/// A text to look for, with what it means in the reference data of a look.
pub(super) fn text_of(look: &Look, language: Language, part: &str) -> Text {
    Text { language, part: part.to_owned(), named: look.reference.named(language, part) }
}

fn query(openings: &[Opening], filter: &Filter) -> Query {
    Query {
        organizations: filter.organizations.clone(),
        applications: filter.applications.clone(),
        message_types: filter.message_types.clone(),
        partitions: filter.partitions.clone(),
        labels: filter.labels.iter().map(|label| label.0.simple().to_string()).collect(),
        media: filter.media.clone(),
        is_read: filter.is_unread.map(|is_unread| !is_unread),
        is_hidden: match filter.hidden {
            Hidden::Without => Some(false),
            Hidden::Only => Some(true),
            Hidden::With => None,
        },
        is_registered: filter.is_registered,
        task: filter.task,
        due_through: filter.due_through,
        arrived_from: filter.arrived_from,
        arrived_to: filter.arrived_to,
        ..Query::in_parts(parts(openings))
    }
}

/// What is alike but for its box.
type Kind<'a> = (
    Option<&'a BTreeSet<MessageTypeId>>,
    Option<EnterpriseNumber>,
    Option<&'a ApplicationId>,
    Option<&'a PartitionId>,
);

/// Openings of several boxes that differ in nothing else are one part of the
/// question: an accountant's 1,000 boxes are one set.
fn parts(openings: &[Opening]) -> Vec<Part> {
    let mut parts: BTreeMap<Kind<'_>, (Vec<EnterpriseNumber>, &Opening)> = BTreeMap::new();
    for opening in openings {
        // Sets are compared by what they hold: two boxes seldom share one.
        let types = opening.types.as_deref();
        let kind =
            (types, opening.organization, opening.application.as_ref(), opening.partition.as_ref());
        parts.entry(kind).or_insert_with(|| (vec![], opening)).0.push(opening.enterprise);
    }
    let part = |(boxes, opening): (Vec<EnterpriseNumber>, &Opening)| Part {
        boxes,
        message_types: opening.types.as_ref().map(|types| types.iter().cloned().collect()),
        organization: opening.organization,
        application: opening.application.clone(),
        partition: opening.partition.clone(),
    };
    parts.into_values().map(part).collect()
}
