//! Who may see what, by brute force: written from the domain's rules alone,
//! without a line of the engine's predicates. Every question is answered by
//! looking at every message.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use facteur::domain::{LabelId, Medium, MessageId, Task};
use facteur::mailbox::Deed;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Ways in which a predicate could be wrong: each must be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    PartitionIgnored,
    LevelIgnored,
    FirstDayIgnored,
    LastDayIgnored,
    ManagerBoundToPartition,
    ServiceIgnored,
    SenderOpensLevel2,
    WithdrawnStaysOpen,
    OtherCompanyOpens,
    HiddenIsShown,
    ClosedStaysOpen,
    LiquidatorIsShutOut,
    ExpiredIsShown,
    HistoryIsForAll,
    ReadIsTold,
    CeasedIsTold,
    TaskIgnored,
    DueIgnored,
    MediumIgnored,
    RegisteredIgnored,
    TypeIgnored,
    ArrivalIgnored,
    ExpiryIgnored,
    ToDoUncounted,
    LabelsAreForAll,
}

pub(super) const MUTATIONS: [Mutation; 25] = [
    Mutation::PartitionIgnored,
    Mutation::LevelIgnored,
    Mutation::FirstDayIgnored,
    Mutation::LastDayIgnored,
    Mutation::ManagerBoundToPartition,
    Mutation::ServiceIgnored,
    Mutation::SenderOpensLevel2,
    Mutation::WithdrawnStaysOpen,
    Mutation::OtherCompanyOpens,
    Mutation::HiddenIsShown,
    Mutation::ClosedStaysOpen,
    Mutation::LiquidatorIsShutOut,
    Mutation::ExpiredIsShown,
    Mutation::HistoryIsForAll,
    Mutation::ReadIsTold,
    Mutation::CeasedIsTold,
    Mutation::TaskIgnored,
    Mutation::DueIgnored,
    Mutation::MediumIgnored,
    Mutation::RegisteredIgnored,
    Mutation::TypeIgnored,
    Mutation::ArrivalIgnored,
    Mutation::ExpiryIgnored,
    Mutation::ToDoUncounted,
    Mutation::LabelsAreForAll,
];

/// How long before its end a message is told of again.
const LAST_DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a grant is for: the word of its scope, and of what.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) company: usize,
    pub(super) person: String,
    pub(super) kind: &'static str,
    pub(super) of: String,
    pub(super) partition: Option<String>,
    /// Days, counted from the first day of the story.
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) is_withdrawn: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) company: usize,
    pub(super) organization: &'static str,
    pub(super) application: &'static str,
    pub(super) message_type: &'static str,
    pub(super) partition: String,
    pub(super) word: &'static str,
    pub(super) task: Task,
    pub(super) due: Option<Date>,
    pub(super) medium: Medium,
    pub(super) is_registered: bool,
    pub(super) is_read: bool,
    pub(super) is_hidden: bool,
    pub(super) labels: BTreeSet<LabelId>,
    pub(super) replies: usize,
    pub(super) arrived_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) company: usize,
    pub(super) maker: String,
    pub(super) name: String,
}

/// Level and service of a type.
#[derive(Clone, Debug)]
pub(super) struct Type {
    pub(super) level: u8,
    pub(super) service: Option<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) today: i64,
    pub(super) now: Timestamp,
    pub(super) types: BTreeMap<&'static str, Type>,
    pub(super) grants: Vec<Grant>,
    /// By id, oldest first.
    pub(super) messages: BTreeMap<Uuid, Message>,
    pub(super) labels: BTreeMap<LabelId, Label>,
    /// Companies that cease, from which day on.
    pub(super) closed: BTreeMap<usize, i64>,
    /// Who did what with each message, in order. The comparison itself opens.
    pub(super) deeds: RefCell<BTreeMap<Uuid, Vec<(Deed, String)>>>,
    pub(super) mutation: Option<Mutation>,
}

/// How often each deed of a history was done by whom, whatever that person
/// still has in the box; none: by somebody whom nobody knows.
pub(super) type Deeds = BTreeMap<(Deed, Option<String>), usize>;

impl Truth {
    pub(super) fn is_wrong(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Whether a grant counts today for a company.
    fn counts(&self, grant: &Grant, company: usize) -> bool {
        let too_early = grant.from.is_some_and(|from| self.today < from);
        let too_late = grant.to.is_some_and(|to| self.today > to);
        let has_ceased = self.has_ceased(grant.company, self.today);
        let is_for_then =
            grant.kind == "liquidator" && !self.is_wrong(Mutation::LiquidatorIsShutOut);
        let is_shut = has_ceased && !is_for_then && !self.is_wrong(Mutation::ClosedStaysOpen);
        !is_shut
            && (grant.company == company || self.is_wrong(Mutation::OtherCompanyOpens))
            && (!grant.is_withdrawn || self.is_wrong(Mutation::WithdrawnStaysOpen))
            && (!too_early || self.is_wrong(Mutation::FirstDayIgnored))
            && (!too_late || self.is_wrong(Mutation::LastDayIgnored))
    }

    fn has_ceased(&self, company: usize, today: i64) -> bool {
        self.closed.get(&company).is_some_and(|day| *day <= today)
    }

    fn is_over(&self, message: &Message) -> bool {
        message.expires_at <= self.now && !self.is_wrong(Mutation::ExpiredIsShown)
    }

    pub(super) fn did(&self, person: &str, message: MessageId, deed: Deed) {
        let mut deeds = self.deeds.borrow_mut();
        deeds.entry(message.0).or_default().push((deed, person.to_owned()));
    }

    /// What a person reads in the history of a message, letters aside; none
    /// where it is longer than what the engine shows.
    pub(super) fn history(&self, person: &str, message: &Message) -> Option<Deeds> {
        let deeds = self.deeds.borrow().get(&message.id.0).cloned().unwrap_or_default();
        let is_all =
            self.manages(person, message.company) || self.is_wrong(Mutation::HistoryIsForAll);
        let mut shown = Deeds::new();
        for (deed, who) in deeds
            .iter()
            .filter(|(deed, _)| is_all || !matches!(deed, Deed::Opened | Deed::Downloaded))
        {
            *shown.entry((*deed, Some(who.clone()))).or_default() += 1;
        }
        let changes = deeds.iter().filter(|(it, _)| !matches!(it, Deed::Opened | Deed::Downloaded));
        (changes.count() <= 200).then_some(shown)
    }

    /// How many messages a box is told of that arrived after one moment and up
    /// to another, on a day.
    pub(super) fn told(
        &self,
        company: usize,
        (after, through): (Timestamp, Timestamp),
        (today, now): (i64, Timestamp),
    ) -> u64 {
        if self.has_ceased(company, today) && !self.is_wrong(Mutation::CeasedIsTold) {
            return 0;
        }
        let is_told = |it: &&Message| {
            it.company == company
                && (!it.is_read || self.is_wrong(Mutation::ReadIsTold))
                && !it.is_hidden
                && it.expires_at > now
                && it.arrived_at > after
                && it.arrived_at <= through
        };
        self.messages.values().filter(is_told).count() as u64
    }

    /// What comes into its last days for the first time since the last notice.
    pub(super) fn told_of_end(
        &self,
        company: usize,
        since: Timestamp,
        (today, now): (i64, Timestamp),
    ) -> u64 {
        if self.has_ceased(company, today) && !self.is_wrong(Mutation::CeasedIsTold) {
            return 0;
        }
        let is_told = |it: &&Message| {
            it.company == company
                && (!it.is_read || self.is_wrong(Mutation::ReadIsTold))
                && !it.is_hidden
                && it.expires_at > now
                && it.expires_at <= now + LAST_DAYS
                && (it.expires_at > since + LAST_DAYS || it.arrived_at > since)
        };
        self.messages.values().filter(is_told).count() as u64
    }

    pub(super) fn manages(&self, person: &str, company: usize) -> bool {
        let mut grants = self.grants.iter();
        grants.any(|it| it.person == person && it.kind == "manager" && self.counts(it, company))
    }

    /// Whether a person has anything at all in a company's box.
    pub(super) fn enters(&self, person: &str, company: usize) -> bool {
        self.grants.iter().any(|it| it.person == person && self.counts(it, company))
    }

    pub(super) fn sees(&self, person: &str, message: &Message) -> bool {
        self.sees_in(person, message, &message.partition)
    }

    pub(super) fn sees_in(&self, person: &str, message: &Message, partition: &str) -> bool {
        if self.is_over(message) {
            return false;
        }
        for grant in self.grants.iter().filter(|grant| grant.person == person) {
            if !self.counts(grant, message.company) {
                continue;
            }
            let is_elsewhere = grant.partition.as_deref().is_some_and(|it| it != partition);
            let is_elsewhere = is_elsewhere && !self.is_wrong(Mutation::PartitionIgnored);
            if grant.kind == "manager" || grant.kind == "liquidator" {
                if is_elsewhere && self.is_wrong(Mutation::ManagerBoundToPartition) {
                    continue;
                }
                return true;
            }
            if !is_elsewhere && self.is_named(grant, message) {
                return true;
            }
        }
        false
    }

    fn is_named(&self, grant: &Grant, message: &Message) -> bool {
        let Some(of_type) = self.types.get(message.message_type) else { return false };
        let for_all = of_type.level == 1 || self.is_wrong(Mutation::LevelIgnored);
        let for_senders = for_all || self.is_wrong(Mutation::SenderOpensLevel2);
        match grant.kind {
            "all" => for_all,
            "type" => grant.of == message.message_type,
            "service" => {
                of_type.service == Some(grant.of.as_str())
                    || (of_type.service.is_some() && self.is_wrong(Mutation::ServiceIgnored))
            }
            "organization" => for_senders && grant.of == message.organization,
            "application" => for_senders && grant.of == message.application,
            other => panic!("no such scope: {other}"),
        }
    }

    /// What a person sees, in one company's box or in all, newest first,
    /// where `wanted` holds.
    pub(super) fn list(
        &self,
        person: &str,
        company: Option<usize>,
        wanted: impl Fn(&Message) -> bool,
    ) -> Vec<MessageId> {
        let here = |message: &&Message| company.is_none_or(|it| it == message.company);
        let newest = self.messages.values().rev().filter(here);
        let seen = newest.filter(|message| self.sees(person, message) && wanted(message));
        seen.map(|message| message.id).collect()
    }

    /// As a list that leaves out what is hidden.
    pub(super) fn is_shown(&self, message: &Message) -> bool {
        !message.is_hidden || self.is_wrong(Mutation::HiddenIsShown)
    }

    pub(super) fn labels_seen(&self, person: &str, company: usize) -> BTreeSet<LabelId> {
        let is_seen = |(id, label): &(&LabelId, &Label)| {
            let mut messages = self.messages.values();
            label.company == company
                && self.enters(person, company)
                && (self.is_wrong(Mutation::LabelsAreForAll)
                    || label.maker == person
                    || self.manages(person, company)
                    || messages.any(|it| it.labels.contains(id) && self.sees(person, it)))
        };
        self.labels.iter().filter(is_seen).map(|(id, _)| *id).collect()
    }
}
