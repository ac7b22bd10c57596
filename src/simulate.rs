//! What a campaign would do, changing nothing: by which media its publications
//! would go and why, which letters that makes for which printer and day, and
//! what would be refused.
//!
//! It judges with the engine's own judgement, inside a transaction of the
//! ledger that is thrown away, and plans with the engine's own plan. What the
//! registry, the policy and the printers say is what they say now; letters
//! that wait already have their room.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::clock::belgian_day;
use crate::domain::{
    ApplicationId, Code, Digest, Enterprise, EnterpriseNumber, Limits, Medium, MessageTypeId,
    Publication, Refusal,
};
use crate::intake::{Arrival, Candidate, Judged, Lane, Rulebook, decode, judge, wanted};
use crate::ledger::{
    IdentityKey, IdentityState, KnownIdentity, Ledger, LedgerError, PrinterStanding, Reference,
};
use crate::paper::contents::envelope;
use crate::paper::loads::taken;
use crate::paper::plan::{Planner, Summary, Taken, Turn, plan};
use crate::paper::printer::{LaneFacts, Printers};
use crate::queue::Properties;

/// Publications judged together.
pub const PIECE: usize = 500;
/// Refusals that are shown one by one; all are counted.
const REFUSALS_SHOWN: usize = 1_000;

/// What a simulation goes by.
pub struct Rules {
    /// The engine's judgement.
    pub rulebook: Rulebook,
    /// The bounds of a publication,
    pub limits: Limits,
    /// and of its bytes.
    pub body_bytes_max: usize,
    /// When it is to be.
    pub now: Timestamp,
}

/// Messages of one medium for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediumCount {
    /// How they would go.
    pub medium: Medium,
    /// Why.
    pub reason: String,
    /// How many.
    pub messages: u64,
}

/// Letters of one printer on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrinterDay {
    /// The printer.
    pub printer: String,
    /// The day.
    pub day: Date,
    /// How many.
    pub letters: u64,
}

/// A publication that would not be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The code.
    pub code: Code,
    /// The place in the publication.
    pub pointer: String,
    /// Why.
    pub message: String,
}

/// What a campaign would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// Lines that were read.
    pub publications: u64,
    /// Messages by medium and reason.
    pub media: Vec<MediumCount>,
    /// Repeats of what was accepted before, or of an earlier line.
    pub repeats: u64,
    /// Publications that would wait for an operator, by code.
    pub held: BTreeMap<Code, u64>,
    /// Publications that would be refused, by code.
    pub refused: BTreeMap<Code, u64>,
    /// The first of them, in order.
    pub refusals: Vec<Refused>,
    /// Letters by printer and day.
    pub letters: Vec<PrinterDay>,
    /// Letters that would be held, by why.
    pub held_letters: BTreeMap<String, u64>,
}

/// The printers as they are now, with those paused that an operator stopped,
/// and the room that letters have already which wait for them.
///
/// # Errors
/// `Transient` while the database is away.
pub async fn printers_now(
    ledger: &Ledger,
    mut printers: Printers,
    now: Timestamp,
) -> Result<(Printers, Taken), LedgerError> {
    let standings = ledger.printer_standings().await?;
    for printer in &mut printers.all {
        let is_stopped = |it: &PrinterStanding| it.is_paused && it.name == printer.name;
        printer.paused |= standings.iter().any(is_stopped);
    }
    let room = taken(ledger, &printers, now).await?;
    Ok((printers, room))
}

/// A letter that would be made, as far as its printer and day go.
struct Letter {
    turn: Turn,
    registered: bool,
    country: String,
    postal_code: String,
    document_type: MessageTypeId,
}

/// A simulation, piece by piece.
pub struct Simulation<'a> {
    ledger: &'a Ledger,
    rules: Rules,
    outlook: Outlook,
    media: BTreeMap<(Medium, String), u64>,
    /// What earlier lines would have left in the ledger.
    before: HashMap<IdentityKey, KnownIdentity>,
    letters: Vec<Letter>,
}

impl<'a> Simulation<'a> {
    /// One that begins.
    #[must_use]
    pub fn new(ledger: &'a Ledger, rules: Rules) -> Self {
        Self {
            ledger,
            rules,
            outlook: Outlook::default(),
            media: BTreeMap::new(),
            before: HashMap::new(),
            letters: Vec::new(),
        }
    }

    /// Judges some more publications, each the text of one.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn add(&mut self, texts: Vec<Bytes>) -> Result<(), LedgerError> {
        let mut batch = self.ledger.begin().await?;
        let reference = batch.reference().await?;
        let candidates: Vec<Candidate> =
            texts.into_iter().map(|text| self.candidate(text, &reference)).collect();
        let wanted = wanted(&candidates, &reference, self.rules.now);
        let mut snapshot = batch.look_up(reference, &wanted).await?;
        // Nothing was written: this only lets go of what was looked up.
        drop(batch);
        let before = wanted.identities.iter().filter_map(|it| self.before.get_key_value(it));
        snapshot.identities.extend(before.map(|(key, known)| (key.clone(), known.clone())));
        let (records, judged) = judge(&candidates, &snapshot, &self.rules.rulebook, self.rules.now);
        self.before.extend(records.accepted.iter().map(|accepted| {
            let (state, message) = (IdentityState::Accepted, Some(accepted.id));
            let known = KnownIdentity { state, fingerprint: accepted.fingerprint, message };
            (accepted.identity.clone(), known)
        }));
        let addressed = self.addresses(&candidates, &judged).await?;
        for (candidate, judged) in candidates.iter().zip(judged) {
            self.outlook.publications += 1;
            self.count(candidate, judged, &addressed);
        }
        Ok(())
    }

    /// What all of it would do, with the letters spread over these printers.
    #[must_use]
    pub fn finish(mut self, printers: &Printers, taken: &Taken) -> Outlook {
        let mut planner = Planner::new(printers, belgian_day(self.rules.now), taken);
        let facts: Vec<(Turn, LaneFacts<'_>)> = self.letters.iter().map(Letter::facts).collect();
        let mut summary = Summary::default();
        plan(&facts, &mut planner).iter().for_each(|assigned| summary.count(assigned));
        for (why, letters) in summary.stays {
            *self.outlook.held_letters.entry(why).or_default() += letters;
        }
        let day = |((printer, day), letters)| PrinterDay { printer, day, letters };
        self.outlook.letters = summary.days.into_iter().map(day).collect();
        let medium = |((medium, reason), messages)| MediumCount { medium, reason, messages };
        self.outlook.media = self.media.into_iter().map(medium).collect();
        self.outlook
    }

    /// As `facteur publish` would send it, on the lane of the application
    /// that it names: its key is its digest.
    fn candidate(&self, text: Bytes, reference: &Reference) -> Candidate {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Named {
            sender_application_id: ApplicationId,
        }
        let named = serde_json::from_slice::<Named>(&text).ok().map(|it| it.sender_application_id);
        let account = named.as_ref().and_then(|id| reference.applications.get(id));
        let name = named.as_ref().map(ToString::to_string).unwrap_or_default();
        let properties = Properties {
            message_id: Some(Digest::of(&text).to_string()),
            app_id: Some(name.clone()),
            user_id: account.map(|it| it.account.to_string()).or_else(|| Some(name.clone())),
            ..Properties::default()
        };
        // What cannot be read names nobody, and is refused for that.
        let named = named.or_else(|| ApplicationId::new("unknown").ok());
        let lane = named.map_or(Lane::Unroutable, Lane::Application);
        let arrival = Arrival::unqueued(lane, name, text, properties);
        decode(arrival, self.rules.limits, self.rules.body_bytes_max)
    }

    /// What the register says of those who would get a letter.
    async fn addresses(
        &self,
        candidates: &[Candidate],
        judged: &[Judged],
    ) -> Result<Register, LedgerError> {
        let on_paper = candidates.iter().zip(judged).filter(|(_, judged)| needs_letter(judged));
        let numbers: BTreeSet<EnterpriseNumber> = on_paper
            .filter_map(|(candidate, _)| Some(candidate.parsed.as_ref().ok()?.valid.recipient))
            .collect();
        self.ledger.enterprises(&numbers).await
    }

    fn count(&mut self, candidate: &Candidate, judged: Judged, register: &Register) {
        match judged {
            Judged::Accepted { medium, ref reason, .. } => {
                *self.media.entry((medium, reason.to_string())).or_default() += 1;
                if let (true, Ok(parsed)) = (needs_letter(&judged), &candidate.parsed) {
                    let record = register.get(&parsed.valid.recipient);
                    self.letter(&parsed.publication, &parsed.valid.message_type, record);
                }
            }
            Judged::Quarantined(refusal) | Judged::Refused(refusal) => {
                // Its own fault says more than that nobody sent it.
                let own = candidate.parsed.as_ref().err().cloned();
                self.refuse(own.unwrap_or(refusal));
            }
            Judged::Held(refusal) => *self.outlook.held.entry(refusal.code).or_default() += 1,
            Judged::Repeat { .. } | Judged::Redelivered => self.outlook.repeats += 1,
            // Nothing here came on a connection.
            Judged::Stale => {}
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        *self.outlook.refused.entry(refusal.code).or_default() += 1;
        if self.outlook.refusals.len() < REFUSALS_SHOWN {
            let Refusal { code, pointer, message } = refusal;
            let line = self.outlook.publications;
            self.outlook.refusals.push(Refused { line, code, pointer, message });
        }
    }

    fn letter(
        &mut self,
        publication: &Publication,
        document_type: &MessageTypeId,
        record: Option<&Enterprise>,
    ) {
        match envelope(publication.postal.as_ref(), record) {
            Ok(address) => self.letters.push(Letter {
                turn: Turn::of(publication.registered, 1),
                registered: publication.registered,
                country: address.country,
                postal_code: address.postal_code,
                document_type: document_type.clone(),
            }),
            Err(why) => {
                *self.outlook.held_letters.entry(why.to_string()).or_default() += 1;
            }
        }
    }
}

type Register = HashMap<EnterpriseNumber, Enterprise>;

fn needs_letter(judged: &Judged) -> bool {
    matches!(judged, Judged::Accepted { medium, .. } if medium.needs_letter())
}

impl Letter {
    fn facts(&self) -> (Turn, LaneFacts<'_>) {
        let facts = LaneFacts {
            country: &self.country,
            postal_code: &self.postal_code,
            registered: self.registered,
            document_type: &self.document_type,
        };
        (self.turn, facts)
    }
}
