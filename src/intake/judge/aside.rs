//! What cannot be accepted goes into the quarantine.

use std::collections::BTreeMap;

use super::{Bench, Judged};
use crate::domain::{Code, Digest, MessageTypeId, Refusal, legible};
use crate::intake::arrival::{Candidate, Replay};
use crate::ledger::{
    EntryKind, IdentityKey, IdentityState, QuarantineState, Quarantined, RefusedAgain,
};

impl Bench<'_> {
    pub(super) fn quarantine(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        refusal: Refusal,
    ) -> Judged {
        if candidate.arrival.is_direct() {
            return Judged::Refused(refusal);
        }
        self.put_aside(candidate, identity, &refusal, QuarantineState::Open);
        Judged::Quarantined(refusal)
    }

    pub(super) fn hold(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        refusal: Refusal,
    ) -> Judged {
        if candidate.arrival.is_direct() {
            return Judged::Refused(refusal);
        }
        self.put_aside(candidate, identity, &refusal, QuarantineState::Held);
        Judged::Held(refusal)
    }

    fn put_aside(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        refusal: &Refusal,
        state: QuarantineState,
    ) {
        if let Some(replay) = &candidate.replay {
            return self.refuse_again(candidate, replay, refusal, state);
        }
        let standing = self.standing(candidate, &identity);
        let is_known = standing.as_ref().is_some_and(|standing| standing.is_same_content);
        let (stands, kind) = match state {
            QuarantineState::Held => (IdentityState::Held, EntryKind::Held),
            _ => (IdentityState::Quarantined, EntryKind::Refused),
        };
        // What was thrown away stays away when the same bytes come again.
        let stands = standing.filter(|_| is_known).map_or(stands, |standing| standing.state);
        self.change(candidate, &identity, stands, None);
        if !(is_known && candidate.arrival.is_redelivered) {
            self.tell(candidate, &identity, kind, None, &refusal.into());
        }
        if is_known {
            return;
        }
        let entry = entry(candidate, identity, refusal, state);
        if !self.records.quarantined.iter().any(|other| other.digest == entry.digest) {
            self.records.quarantined.push(entry);
        }
    }

    /// An entry that is replayed stays where it is. What it waits for now may
    /// be something else, which is recorded and told: what a type's pause held
    /// would be tried again for ever otherwise.
    fn refuse_again(
        &mut self,
        candidate: &Candidate,
        replay: &Replay,
        refusal: &Refusal,
        state: QuarantineState,
    ) {
        if replay.code == refusal.code && replay.state == state {
            return;
        }
        let kind = match state {
            QuarantineState::Held => EntryKind::Held,
            _ => EntryKind::Refused,
        };
        self.tell(candidate, &replay.identity, kind, None, &refusal.into());
        self.records.refused_again.push(RefusedAgain {
            entry: replay.entry,
            identity: replay.identity.clone(),
            refusal: refusal.clone(),
            state,
            paused_type: paused_type(candidate, refusal),
        });
    }
}

fn entry(
    candidate: &Candidate,
    identity: IdentityKey,
    refusal: &Refusal,
    state: QuarantineState,
) -> Quarantined {
    let properties = properties(candidate);
    let lane = candidate.arrival.lane_name();
    let parts: [&[u8]; 5] = [
        lane.as_bytes(),
        properties.as_bytes(),
        &candidate.arrival.body,
        identity.application.as_bytes(),
        identity.key.as_bytes(),
    ];
    Quarantined {
        id: candidate.job,
        digest: Digest::of_parts(&parts),
        // Of what was unroutable it is the sender's word.
        lane: legible(lane),
        identity,
        refusal: refusal.clone(),
        state,
        paused_type: paused_type(candidate, refusal),
        properties,
        body: candidate.arrival.body.to_vec(),
    }
}

/// The type whose pause is the reason, if one is.
fn paused_type(candidate: &Candidate, refusal: &Refusal) -> Option<MessageTypeId> {
    let parsed = candidate.parsed.as_ref().ok().filter(|_| refusal.code == Code::TypePaused);
    parsed.map(|parsed| parsed.valid.message_type.clone())
}

/// The properties that identify a delivery and that a replay needs; not
/// whether it was delivered before.
fn properties(candidate: &Candidate) -> String {
    let properties = &candidate.arrival.properties;
    let all: BTreeMap<&str, serde_json::Value> = [
        ("messageId", properties.message_id.as_deref().map(Into::into)),
        ("appId", properties.app_id.as_deref().map(Into::into)),
        ("userId", properties.user_id.as_deref().map(Into::into)),
        ("contentType", properties.content_type.as_deref().map(Into::into)),
        ("publishedUs", properties.published_us.map(Into::into)),
        ("routingKey", Some(candidate.arrival.routing_key.as_str().into())),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect();
    serde_json::json!(all).to_string()
}
