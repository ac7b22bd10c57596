//! What is known of an identity, and what changes.

use super::{Bench, Judged};
use crate::domain::{EnterpriseNumber, MessageId};
use crate::intake::arrival::Candidate;
use crate::ledger::{Detail, Entry, EntryKind, IdentityChange, IdentityKey, IdentityState};

/// What the ledger, or this batch so far, knows of an identity.
pub(super) struct Standing {
    pub(super) state: IdentityState,
    pub(super) is_same_content: bool,
    pub(super) message: Option<MessageId>,
}

impl Bench<'_> {
    pub(super) fn standing(
        &self,
        candidate: &Candidate,
        identity: &IdentityKey,
    ) -> Option<Standing> {
        let known = self.snapshot.identities.get(identity).map(|known| Standing {
            state: known.state,
            is_same_content: known.fingerprint == candidate.fingerprint,
            message: known.message,
        });
        // What was accepted stands; anything else as this batch left it.
        let stands = known.as_ref().is_some_and(|known| known.state == IdentityState::Accepted);
        let changed = self.records.identities.get(identity).filter(|_| !stands);
        let changed = changed.map(|change| Standing {
            state: change.state,
            is_same_content: change.fingerprint == candidate.fingerprint,
            message: change.message.map(|(id, _)| id),
        });
        changed.or(known)
    }

    /// Only acceptance uses a key up: then the same key is a repeat, whatever
    /// its content.
    pub(super) fn repeat(
        &mut self,
        candidate: &Candidate,
        identity: &IdentityKey,
    ) -> Option<Judged> {
        let standing = self.standing(candidate, identity)?;
        if standing.state != IdentityState::Accepted {
            return None;
        }
        if standing.message == Some(candidate.id) {
            // Our own work, committed although the answer was lost.
            return Some(Judged::Redelivered);
        }
        if candidate.replay.is_some() {
            return Some(Judged::Repeat { first: standing.message });
        }
        self.change(candidate, identity, IdentityState::Accepted, None);
        let is_brokers = candidate.arrival.is_redelivered && !candidate.arrival.is_direct();
        if is_brokers && standing.is_same_content {
            return Some(Judged::Redelivered);
        }
        let detail = Detail::Repeat {
            first_message_id: standing.message,
            same_content: standing.is_same_content,
        };
        self.tell(candidate, identity, EntryKind::Repeat, None, &detail);
        Some(Judged::Repeat { first: standing.message })
    }

    pub(super) fn change(
        &mut self,
        candidate: &Candidate,
        identity: &IdentityKey,
        state: IdentityState,
        message: Option<(MessageId, EnterpriseNumber)>,
    ) {
        let seen = match &candidate.replay {
            None => 1,
            Some(replay) if replay.identity == *identity => 0,
            Some(replay) => replay.seen,
        };
        if let Some(change) = self.records.identities.get_mut(identity) {
            change.seen += seen;
            if change.state != IdentityState::Accepted {
                change.state = state;
                change.message = message;
                change.fingerprint = candidate.fingerprint;
            }
            return;
        }
        let before = self.snapshot.identities.get(identity).map(|known| known.state);
        let fingerprint = candidate.fingerprint;
        let change = IdentityChange { before, state, seen, fingerprint, message };
        self.records.identities.insert(identity.clone(), change);
    }

    pub(super) fn tell(
        &mut self,
        candidate: &Candidate,
        identity: &IdentityKey,
        kind: EntryKind,
        message: Option<(MessageId, EnterpriseNumber)>,
        detail: &Detail,
    ) {
        self.records.journal.push(Entry {
            position: 0,
            at: self.now,
            kind,
            organization: candidate.organization,
            application: identity.application.clone(),
            key: candidate.key.as_ref().map(ToString::to_string).unwrap_or_default(),
            message,
            detail: detail.to_json(),
        });
    }
}
