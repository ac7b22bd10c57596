//! What is accepted becomes a message.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Bench, Judged};
use crate::clock::belgian_day;
use crate::decide::{BoxState, Decision, Facts};
use crate::domain::{Digest, DigitalForm, Language, Medium, task_on_arrival};
use crate::intake::admit::{self, Admitted};
use crate::intake::arrival::Candidate;
use crate::ledger::{
    Accepted, Detail, DocumentKey, EntryKind, IdentityKey, IdentityState, NewLetter, Replayed,
    needed_through, searched,
};
use crate::paper::contents::envelope_to;
use crate::paper::plan::calendar::add_working_hours;
use crate::route::{AudienceKind, BoxAccess, Item, Routing, route};

/// Where a message goes and how it is sent.
pub(super) struct Delivery {
    pub(super) routing: Routing,
    pub(super) facts: Facts,
    pub(super) decision: Decision,
    pub(super) medium: Medium,
}

impl Bench<'_> {
    pub(super) fn accept(
        &mut self,
        candidate: &Candidate,
        identity: IdentityKey,
        admitted: &Admitted<'_>,
        delivery: Delivery,
    ) -> Judged {
        let valid = &admitted.parsed.valid;
        let Delivery { routing, decision, medium, .. } = &delivery;
        let expires_at = admitted.message_type.validity.expiry(self.now);
        let judged = Judged::Accepted {
            medium: *medium,
            reason: Arc::clone(&decision.reason),
            is_general: routing.partition.is_general(),
            audience: routing.audience,
            id: candidate.id,
            expires_at,
            flag: decision.flag.clone(),
        };
        let message = Some((candidate.id, valid.recipient));
        self.change(candidate, &identity, IdentityState::Accepted, message);
        let detail = Detail::Accepted {
            medium: *medium,
            reason: decision.reason.to_string(),
            flag: decision.flag.as_deref().map(str::to_owned),
            message_type_id: valid.message_type.clone(),
            expires_at,
        };
        self.tell(candidate, &identity, EntryKind::Accepted, message, &detail);
        self.replayed(candidate, &identity);
        let message = self.message(candidate, identity, admitted, delivery, expires_at);
        self.name_documents(&message);
        self.records.accepted.push(message);
        judged
    }

    fn message(
        &self,
        candidate: &Candidate,
        identity: IdentityKey,
        admitted: &Admitted<'_>,
        delivery: Delivery,
        expires_at: Timestamp,
    ) -> Accepted {
        let (valid, publication) = (&admitted.parsed.valid, &admitted.parsed.publication);
        let Delivery { routing, facts, decision, medium } = delivery;
        Accepted {
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
            documents: documents(admitted).collect(),
            published_at: published_at(candidate),
            expires_at,
            letter: medium.needs_letter().then(|| letter(candidate, admitted)),
            paper_due_at: paper_due_at(admitted, medium, self.now),
        }
    }

    /// Documents that no message named before, or none for as long.
    fn name_documents(&mut self, message: &Accepted) {
        let day = needed_through(message.expires_at);
        let key = |digest: &Digest| (message.application.clone(), *digest);
        let is_kept = |key: &DocumentKey| {
            self.snapshot.documents.get(key).is_some_and(|known| known.needed_through >= day)
        };
        let new = message.documents.iter().map(key).filter(|key| !is_kept(key));
        self.records.used.extend(new.map(|key| (key, day)));
    }

    /// A quarantine entry that became a message after all.
    fn replayed(&mut self, candidate: &Candidate, identity: &IdentityKey) {
        let Some(replay) = &candidate.replay else { return };
        let moved_from = Some(&replay.identity).filter(|old| *old != identity).cloned();
        let (entry, actor, identity) = (replay.entry, replay.actor.clone(), identity.clone());
        self.records.replayed.push(Replayed { entry, actor, identity, moved_from });
    }
}

/// A letter that its sender addressed has its envelope at once; what becomes of
/// any other is found out when it is planned.
fn letter(candidate: &Candidate, admitted: &Admitted<'_>) -> NewLetter {
    let postal = admitted.parsed.publication.postal.as_ref();
    let address = postal.and_then(|postal| postal.address.as_ref());
    let named = admitted.recipient.map(|known| known.named.as_ref());
    let address = address.and_then(|address| match named {
        Some(named) => envelope_to(Some(&named?.name), address).ok(),
        None => envelope_to(None, address).ok(),
    });
    let language = named.flatten().map_or(Language::Fr, |named| named.language);
    NewLetter { job: candidate.job, address, language, out: None }
}

/// Only what lies in a box and nowhere else can wait there unread.
fn paper_due_at(admitted: &Admitted<'_>, medium: Medium, now: Timestamp) -> Option<Timestamp> {
    let hours = admitted.message_type.unread_to_paper_hours?;
    let is_digital_only = admitted.parsed.publication.digital_only
        || admitted.message_type.digital_form == DigitalForm::Only;
    (medium == Medium::Digital && !is_digital_only).then(|| add_working_hours(now, hours))
}

pub(super) fn routing(admitted: &Admitted<'_>, now: Timestamp) -> Routing {
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

/// To senders, a box that is not used yet is none: what is digital only waits
/// in it, what is not goes on paper.
pub(super) fn facts(
    admitted: &Admitted<'_>,
    routing: &Routing,
    is_new: bool,
    now: Timestamp,
) -> Facts {
    let valid = &admitted.parsed.valid;
    let publication = &admitted.parsed.publication;
    let mailbox = admitted.recipient.and_then(|recipient| recipient.mailbox.as_ref());
    let mailbox = mailbox.filter(|_| !is_new);
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
        somebody_can_open: !is_new && routing.audience != AudienceKind::Nobody,
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
