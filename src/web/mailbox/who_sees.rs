//! "Who sees this type?": the accesses that open a message type, and what of
//! a message that depends on.

use std::collections::BTreeSet;

use super::access::detail;
use super::place::At;
use super::side::Side;
use crate::domain::{AccessLevel, Grant, MessageType, MessageTypeId, PartitionId, PersonId};
use crate::mailbox::GrantLine;
use crate::route::{destinations, reach};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::PageError;

/// The type that is asked about, and where rules put it.
pub(super) struct TypeAsked {
    kind: MessageType,
    destinations: Vec<PartitionId>,
}

/// What is said above the table.
pub(super) struct Answer {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
}

impl TypeAsked {
    /// The type that a filter names; none where it names none that exists.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub(super) async fn read(
        web: &Web,
        at: &At,
        filter: &Fields,
    ) -> Result<Option<Self>, PageError> {
        let asked = filter.parsed::<MessageTypeId>("type");
        let Some(kind) = asked.and_then(|id| at.reference.message_types.get(&id).cloned()) else {
            return Ok(None);
        };
        let rules = web.mailbox.rules(&at.reader, at.one()?).await?;
        let destinations = destinations(&kind.id, &rules);
        Ok(Some(Self { kind, destinations }))
    }

    /// Whether an access opens messages of the type today, all or some.
    pub(super) fn is_seen_by(&self, line: &GrantLine) -> bool {
        line.is_in_force && reach(&line.grant, &self.kind).is_some()
    }

    /// What a message must meet beside its type, in sentences.
    pub(super) fn conditions(&self, at: &At, side: &Side, grant: &Grant) -> Vec<String> {
        let Some(reach) = reach(grant, &self.kind) else { return Vec::new() };
        let words = at.words();
        let sender = reach.by_sender.then(|| {
            words.with("only-from", "name", &detail(at, &grant.scope).unwrap_or_default().text)
        });
        let partition = grant.partition.as_ref().filter(|_| reach.by_partition).map(|id| {
            let is_put = self.destinations.contains(id);
            let condition = if is_put { "only-in" } else { "only-moved" };
            words.with(condition, "partition", &side.partition_name(id))
        });
        sender.into_iter().chain(partition).collect()
    }

    /// Who sees all of it and who does not, and where it goes.
    pub(super) fn answer(&self, at: &At, side: &Side, grants: &[GrantLine]) -> Answer {
        let words = at.words();
        let level = match self.kind.level {
            AccessLevel::Box => "who-sees-ordinary",
            AccessLevel::Type => "who-sees-reserved",
        };
        let seen = grants.iter().filter(|line| self.is_seen_by(line));
        let (whole, bounded): (Vec<_>, Vec<_>) = seen.partition(|line| {
            reach(&line.grant, &self.kind).is_some_and(crate::route::Reach::is_whole)
        });
        let persons = |lines: Vec<&GrantLine>| -> BTreeSet<PersonId> {
            lines.into_iter().map(|line| line.grant.person.clone()).collect()
        };
        let whole = persons(whole);
        let bounded = persons(bounded).difference(&whole).count();
        let places: Vec<_> = self.destinations.iter().map(|id| side.partition_name(id)).collect();
        let mut lines = vec![
            words.with("who-sees-where", "what", &places.join(", ")),
            words.with("who-sees-all", "n", &words.number(whole.len() as u64)),
        ];
        if bounded > 0 {
            lines.push(words.with("who-sees-part", "n", &words.number(bounded as u64)));
        }
        Answer { title: words.with(level, "type", self.kind.name.best(words.0)), lines }
    }
}
