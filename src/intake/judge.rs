//! Judging a batch: pure. From what arrived and what the ledger knows to the
//! rows that will be written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::admit::{self, Admitted};
use super::arrival::{Candidate, Lane};
use crate::clock::belgian_day;
use crate::decide::{BoxState, Decision, Facts, Policy, decide};
use crate::domain::{
    Application, Code, Digest, DigitalForm, EnterpriseNumber, Medium, MessageId, Refusal, legible,
    task_on_arrival,
};
use crate::ledger::{
    Accepted, Detail, DocumentKey, Entry, EntryKind, IdentityChange, IdentityKey, IdentityState,
    QuarantineState, Quarantined, Records, Reference, Replayed, Snapshot, Wanted, searched,
};
use crate::paper::plan::calendar::add_working_hours;
use crate::route::{AudienceKind, BoxAccess, Item, Routing, route};

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
    },
    /// Into the quarantine.
    Quarantined(Refusal),
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
pub fn wanted(candidates: &[Candidate], reference: &Reference) -> Wanted {
    let mut wanted = Wanted::default();
    for candidate in candidates {
        wanted.identities.insert(identify(candidate, reference).0);
        let Ok(parsed) = &candidate.parsed else { continue };
        wanted.recipients.insert(parsed.valid.recipient);
        let uploaded = parsed.valid.uploaded.iter();
        wanted.documents.extend(uploaded.map(|(_, d, _)| (parsed.valid.application.clone(), *d)));
    }
    wanted
}

/// What a candidate is counted by, and the application it comes from, if it
/// does.
///
/// By key only where the account is the one registered for the lane: nobody
/// can use up another one's keys. By bytes otherwise, on the account of the
/// application that published.
fn identify<'a>(
    candidate: &Candidate,
    reference: &'a Reference,
) -> (IdentityKey, Result<&'a Application, Refusal>) {
    let (arrival, lane) = (&candidate.arrival, candidate.arrival.lane_name());
    let by_bytes = |owner: &str| IdentityKey::of_bytes(owner, lane, &arrival.body);
    match admit::authenticate(arrival, reference) {
        Ok(Some(application)) => {
            let identity = keyed(candidate, lane).unwrap_or_else(|| by_bytes(lane));
            (identity, Ok(application))
        }
        Ok(None) => {
            let owner = admit::accountable(arrival, reference);
            let is_owners = arrival.lane == Lane::Dead && owner == lane;
            let by_key = keyed(candidate, lane).filter(|_| is_owners);
            (by_key.unwrap_or_else(|| by_bytes(&owner)), Err(given_up(candidate)))
        }
        Err(refusal) => (by_bytes(&admit::accountable(arrival, reference)), Err(refusal)),
    }
}

fn keyed(candidate: &Candidate, application: &str) -> Option<IdentityKey> {
    let (organization, key) = (candidate.organization?, candidate.key.as_ref()?);
    Some(IdentityKey::of_key(organization, application, key.as_str()))
}

fn given_up(candidate: &Candidate) -> Refusal {
    match &candidate.parsed {
        Err(refusal) => refusal.clone(),
        Ok(_) => Refusal::new(Code::Unroutable, "", "it came on no lane"),
    }
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

/// What the ledger, or this batch so far, knows of an identity.
struct Standing {
    state: IdentityState,
    is_same_content: bool,
    message: Option<MessageId>,
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

    fn standing(&self, candidate: &Candidate, identity: &IdentityKey) -> Option<Standing> {
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
    fn repeat(&mut self, candidate: &Candidate, identity: &IdentityKey) -> Option<Judged> {
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
        if candidate.arrival.is_redelivered && standing.is_same_content {
            return Some(Judged::Redelivered);
        }
        let detail = Detail::Repeat {
            first_message_id: standing.message,
            same_content: standing.is_same_content,
        };
        self.tell(candidate, identity, EntryKind::Repeat, None, &detail);
        Some(Judged::Repeat { first: standing.message })
    }

    fn admitted(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        admitted: &Admitted<'_>,
    ) -> Judged {
        if admit::is_closed(admitted) {
            let message = "the enterprise is closed";
            let pointer = "/recipient/enterpriseNumber";
            let refusal = Refusal::new(Code::EnterpriseClosed, pointer, message);
            return match self.rulebook.closed {
                ClosedEnterprise::Refuse => self.quarantine(candidate, identity, refusal),
                ClosedEnterprise::Hold => self.hold(candidate, identity, refusal),
            };
        }
        let routing = routing(admitted, self.now);
        let facts = facts(admitted, &routing, self.now);
        let decision = decide(&self.rulebook.policy, &facts);
        match decision.ruling.medium() {
            Some(medium) => {
                self.accept(candidate, identity, admitted, routing, facts, decision, medium)
            }
            None => {
                let message = format!("refused by the rule {}: {}", decision.rule, decision.reason);
                let refusal = Refusal::new(Code::PreconditionNotMet, "/precondition", message);
                self.quarantine(candidate, identity, refusal)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one message, each of its own type")]
    fn accept(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        admitted: &Admitted<'_>,
        routing: Routing,
        facts: Facts,
        decision: Decision,
        medium: Medium,
    ) -> Judged {
        let (valid, publication) = (&admitted.parsed.valid, &admitted.parsed.publication);
        let judged = Judged::Accepted {
            medium,
            reason: Arc::clone(&decision.reason),
            is_general: routing.partition.is_general(),
            audience: routing.audience,
            id: candidate.id,
        };
        let message = Some((candidate.id, valid.recipient));
        self.change(candidate, &identity, IdentityState::Accepted, message);
        let expires_at = admitted.message_type.validity.expiry(self.now);
        let detail = Detail::Accepted {
            medium,
            reason: decision.reason.to_string(),
            flag: decision.flag.as_deref().map(str::to_owned),
            message_type_id: valid.message_type.clone(),
            expires_at,
        };
        self.tell(candidate, &identity, EntryKind::Accepted, message, &detail);
        let documents: Vec<Digest> = documents(admitted).collect();
        let keys = documents.iter().map(|digest| (valid.application.clone(), *digest));
        let is_named =
            |key: &DocumentKey| self.snapshot.documents.get(key).is_some_and(|d| d.is_named);
        self.records.used.extend(keys.filter(|key| !is_named(key)));
        if let Some(replay) = &candidate.replay {
            let moved_from = Some(&replay.identity).filter(|old| **old != identity).cloned();
            let (entry, actor) = (replay.entry, replay.actor.clone());
            let identity = identity.clone();
            self.records.replayed.push(Replayed { entry, actor, identity, moved_from });
        }
        self.records.accepted.push(Accepted {
            id: candidate.id,
            identity,
            fingerprint: candidate.fingerprint,
            enterprise: valid.recipient,
            organization: valid.organization,
            application: valid.application.clone(),
            message_type: valid.message_type.clone(),
            routing,
            medium,
            decision,
            facts,
            registered: publication.registered,
            task: task_on_arrival(&publication.business_data_list),
            publication: admitted.parsed.json.clone(),
            searched: searched(
                &publication.subject,
                &publication.business_data_list,
                publication.for_the_attention_of.as_ref(),
            ),
            documents,
            published_at: published_at(candidate),
            expires_at,
            letter: medium.needs_letter().then_some(candidate.job),
            paper_due_at: paper_due_at(admitted, medium, self.now),
        });
        judged
    }

    fn quarantine(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        refusal: Refusal,
    ) -> Judged {
        self.put_aside(candidate, identity, &refusal, QuarantineState::Open);
        Judged::Quarantined(refusal)
    }

    fn hold(&mut self, candidate: &Candidate, identity: IdentityKey, refusal: Refusal) -> Judged {
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
        if candidate.replay.is_some() {
            return; // It is in the quarantine already, and stays.
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

    fn change(
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

    fn tell(
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

/// Only what lies in a box and nowhere else can wait there unread.
fn paper_due_at(admitted: &Admitted<'_>, medium: Medium, now: Timestamp) -> Option<Timestamp> {
    let hours = admitted.message_type.unread_to_paper_hours?;
    let is_digital_only = admitted.parsed.publication.digital_only
        || admitted.message_type.digital_form == DigitalForm::Only;
    (medium == Medium::Digital && !is_digital_only).then(|| add_working_hours(now, hours))
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
        properties,
        body: candidate.arrival.body.to_vec(),
    }
}

fn routing(admitted: &Admitted<'_>, now: Timestamp) -> Routing {
    let nothing = BoxAccess::default();
    let mailbox = admitted.recipient.and_then(|recipient| recipient.mailbox.as_ref());
    let access = mailbox.map_or(&nothing, |mailbox| &mailbox.access);
    let valid = &admitted.parsed.valid;
    let item = Item {
        message_type: &valid.message_type,
        level: admitted.message_type.level,
        service: admitted.message_type.service.as_ref(),
        organization: valid.organization,
        application: &valid.application,
    };
    route(access, item, belgian_day(now))
}

fn facts(admitted: &Admitted<'_>, routing: &Routing, now: Timestamp) -> Facts {
    let valid = &admitted.parsed.valid;
    let publication = &admitted.parsed.publication;
    let mailbox = admitted.recipient.and_then(|recipient| recipient.mailbox.as_ref());
    let recipient = match mailbox.map(|mailbox| mailbox.last_connection) {
        None => BoxState::None,
        Some(None) => BoxState::NeverOpened,
        Some(Some(at)) => BoxState::Opened { days_ago: days_between(at, now) },
    };
    Facts {
        message_type: valid.message_type.clone(),
        organization: valid.organization,
        application: valid.application.clone(),
        digital_form: admit::digital_form(admitted),
        registered_on_paper: admitted.message_type.registered_on_paper,
        digital_only: publication.digital_only,
        registered: publication.registered,
        precondition: publication.precondition,
        recipient,
        consent: mailbox.is_some_and(|mailbox| mailbox.all_digital),
        somebody_can_open: routing.audience != AudienceKind::Nobody,
    }
}

/// Whole days of 24 hours; 0 for a connection after `now`.
fn days_between(at: Timestamp, now: Timestamp) -> u32 {
    u32::try_from((now.as_second() - at.as_second()) / 86_400).unwrap_or(0)
}

fn documents<'a>(admitted: &'a Admitted<'_>) -> impl Iterator<Item = Digest> + 'a {
    let valid = &admitted.parsed.valid;
    let inline = valid.inline.iter().map(|(digest, _)| *digest);
    inline.chain(valid.uploaded.iter().map(|(_, digest, _)| *digest))
}

fn published_at(candidate: &Candidate) -> Option<Timestamp> {
    let micros = candidate.arrival.properties.published_us?;
    Timestamp::from_microsecond(micros).ok()
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
