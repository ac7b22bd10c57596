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
        let (stands, kind) = match state {
            QuarantineState::Held => (IdentityState::Held, EntryKind::Held),
            _ => (IdentityState::Quarantined, EntryKind::Refused),
        };
        let standing = self.standing(candidate, &identity);
        let known = standing.filter(|it| it.is_same_content).map(|it| it.state);
        // What was thrown away stays away when the same bytes are refused again.
        let stays_away = known == Some(IdentityState::Discarded) && kind == EntryKind::Refused;
        let stands = if stays_away { IdentityState::Discarded } else { stands };
        self.change(candidate, &identity, stands, None);
        if !(known == Some(stands) && candidate.arrival.is_redelivered) {
            self.tell(candidate, &identity, kind, None, &refusal.into());
        }
        if stays_away {
            return;
        }
        // Known bytes too: their entry takes the reason that was told, or what
        // waits for a type would not go on with it.
        let entry = entry(candidate, identity, refusal, state);
        if !self.records.quarantined.iter().any(|other| other.digest == entry.digest) {
            self.records.quarantined.push(entry);
        }
    }

    /// An entry that is replayed stays where it is, with the fault of today.
    /// What it waits for now may be something else, which is told as well: what
    /// a type's pause held would be tried again for ever otherwise.
    fn refuse_again(
        &mut self,
        candidate: &Candidate,
        replay: &Replay,
        refusal: &Refusal,
        state: QuarantineState,
    ) {
        let kind = match state {
            QuarantineState::Held => EntryKind::Held,
            _ => EntryKind::Refused,
        };
        if replay.code != refusal.code || replay.state != state {
            self.tell(candidate, &replay.identity, kind, None, &refusal.into());
        }
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
    let mut properties = properties(candidate);
    let all = serde_json::json!(properties).to_string();
    // Published later with the same bytes, it is the same document: one entry.
    properties.remove("publishedUs");
    let identifying = serde_json::json!(properties).to_string();
    let lane = candidate.arrival.lane_name();
    let parts: [&[u8]; 5] = [
        lane.as_bytes(),
        identifying.as_bytes(),
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
        properties: all,
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
fn properties(candidate: &Candidate) -> BTreeMap<&'static str, serde_json::Value> {
    let properties = &candidate.arrival.properties;
    [
        ("messageId", properties.message_id.as_deref().map(Into::into)),
        ("appId", properties.app_id.as_deref().map(Into::into)),
        ("userId", properties.user_id.as_deref().map(Into::into)),
        ("contentType", properties.content_type.as_deref().map(Into::into)),
        ("publishedUs", properties.published_us.map(Into::into)),
        ("routingKey", Some(candidate.arrival.routing_key.as_str().into())),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect()
}
