//! Judging a batch: pure. From what arrived and what the ledger knows to the
//! rows that will be written.

mod accept;
mod aside;
mod identify;
mod standing;

use std::sync::Arc;

use jiff::Timestamp;

use super::admit::{self, Admitted};
use super::arrival::Candidate;
use crate::clock::belgian_day;
use crate::decide::{Policy, decide};
use crate::domain::{Code, Medium, MessageId, Refusal, day_number};
use crate::ledger::{IdentityKey, Records, Reference, Snapshot, Wanted};
use crate::route::AudienceKind;
use accept::Delivery;
use identify::identify;

/// What to do with a document for a closed enterprise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedEnterprise {
    /// Back to the sender.
    Refuse,
    /// Until an operator decides.
    Hold,
}

/// What judging goes by, beside the ledger.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// Digital or paper.
    pub policy: Arc<Policy>,
    /// Whether a number that the registry does not know is refused.
    pub is_registry_complete: bool,
    /// What to do with a document for a closed enterprise.
    pub closed: ClosedEnterprise,
    /// Days for which senders do not use the box of a new enterprise.
    pub grace_days: u16,
}

/// What became of one candidate, for counting.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// A message.
    Accepted {
        /// How it is sent.
        medium: Medium,
        /// Why.
        reason: Arc<str>,
        /// Whether it went to `GENERAL`.
        is_general: bool,
        /// Who it was routed to.
        audience: AudienceKind,
        /// Its id.
        id: MessageId,
        /// Until when it lies in the box.
        expires_at: Timestamp,
        /// What else the policy tells the sender.
        flag: Option<Arc<str>>,
    },
    /// Into the quarantine.
    Quarantined(Refusal),
    /// Answered to the sender, who waits for it; nothing is kept.
    Refused(Refusal),
    /// Waits for an operator.
    Held(Refusal),
    /// The same identity again.
    Repeat {
        /// The message it is a repeat of.
        first: Option<MessageId>,
    },
    /// The broker handed out again what was recorded before.
    Redelivered,
    /// Its connection is gone: it comes again.
    Stale,
}

/// What must be known to judge these candidates.
#[must_use]
pub fn wanted(candidates: &[Candidate], reference: &Reference, now: Timestamp) -> Wanted {
    let mut wanted = Wanted { today: day_number(belgian_day(now)), ..Wanted::default() };
    for candidate in candidates {
        wanted.identities.insert(identify(candidate, reference).0);
        let Ok(parsed) = &candidate.parsed else { continue };
        wanted.recipients.insert(parsed.valid.recipient);
        if parsed.publication.postal.as_ref().is_some_and(|postal| postal.address.is_some()) {
            wanted.addressed.insert(parsed.valid.recipient);
        }
        let uploaded = parsed.valid.uploaded.iter();
        wanted.documents.extend(uploaded.map(|(_, d, _)| (parsed.valid.application.clone(), *d)));
    }
    wanted
}

/// Whether the ledger knows these very bytes under the candidate's identity, and
/// neither the broker nor an operator says that it is no repeat.
pub(super) fn looks_repeated(candidate: &Candidate, snapshot: &Snapshot) -> bool {
    if candidate.arrival.is_redelivered || candidate.replay.is_some() {
        return false;
    }
    let (identity, _) = identify(candidate, &snapshot.reference);
    let known = snapshot.identities.get(&identity);
    known.is_some_and(|known| known.fingerprint == candidate.fingerprint)
}

/// Judges a batch, in order.
#[must_use]
pub fn judge(
    candidates: &[Candidate],
    snapshot: &Snapshot,
    rulebook: &Rulebook,
    now: Timestamp,
) -> (Records, Vec<Judged>) {
    let mut bench = Bench { snapshot, rulebook, now, records: Records::default() };
    let judged = candidates.iter().map(|candidate| bench.judge(candidate)).collect();
    (bench.records, judged)
}

struct Bench<'a> {
    snapshot: &'a Snapshot,
    rulebook: &'a Rulebook,
    now: Timestamp,
    records: Records,
}

impl Bench<'_> {
    fn judge(&mut self, candidate: &Candidate) -> Judged {
        if candidate.arrival.is_stale() {
            return Judged::Stale;
        }
        let (identity, origin) = identify(candidate, &self.snapshot.reference);
        if let Some(judged) = self.repeat(candidate, &identity) {
            return judged;
        }
        let complete = self.rulebook.is_registry_complete;
        let admitted = origin
            .and_then(|application| admit::admit(candidate, application, self.snapshot, complete));
        match admitted {
            Ok(admitted) => self.admitted(candidate, identity, &admitted),
            Err(refusal) => self.quarantine(candidate, identity, refusal),
        }
    }

    fn admitted(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        admitted: &Admitted<'_>,
    ) -> Judged {
        let today = belgian_day(self.now);
        if admit::is_closed(admitted, today) {
            let message = "the enterprise is closed";
            let pointer = "/recipient/enterpriseNumber";
            let refusal = Refusal::new(Code::EnterpriseClosed, pointer, message);
            return match self.rulebook.closed {
                ClosedEnterprise::Refuse => self.quarantine(candidate, identity, refusal),
                ClosedEnterprise::Hold => self.hold(candidate, identity, refusal),
            };
        }
        let kind = &admitted.message_type.id;
        if self.snapshot.reference.controls.is_type_paused(kind) {
            let message = format!("an operator paused the message type {kind}; it waits");
            let refusal = Refusal::new(Code::TypePaused, "/messageTypeId", message);
            return self.hold(candidate, identity, refusal);
        }
        let routing = accept::routing(admitted, self.now);
        let is_new = admit::is_in_grace(admitted, today, self.rulebook.grace_days);
        let facts = accept::facts(admitted, &routing, is_new, self.now);
        let decision = decide(&self.rulebook.policy, &facts);
        match decision.ruling.medium() {
            Some(medium) => {
                let delivery = Delivery { routing, facts, decision, medium };
                self.accept(candidate, identity, admitted, delivery)
            }
            None => {
                let message = format!("refused by the rule {}: {}", decision.rule, decision.reason);
                let (code, pointer) = refusal_of(&decision.reason);
                self.quarantine(candidate, identity, Refusal::new(code, pointer, message))
            }
        }
    }
}

/// By which code a rule refuses, and what of the publication it concerns: the
/// rule's own reason, where senders know that as a code.
fn refusal_of(reason: &str) -> (Code, &'static str) {
    match reason == Code::PreconditionNotMet.as_str() {
        true => (Code::PreconditionNotMet, "/precondition"),
        false => (Code::RefusedByPolicy, ""),
    }
}
