//! A random story: grants, days, messages, moves, rules, levels, withdrawals,
//! told to the engine and to the model alike. What the engine answers to each
//! is part of the comparison.

use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use facteur::clock::{Clock, FixedClock, SystemClock, belgian_day};
use facteur::domain::{Change, Colour, EnterpriseNumber, Medium, MessageId, Notification, Scope};
use facteur::intake::Judged;
use facteur::mailbox::{Deed, MailboxError, NewGrant, Purpose};
use facteur::registry::{self, Options};
use jiff::{SignedDuration, ToSpan};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::registry::message_type;
use super::truth::{Grant, Label, Message, Truth, Type};
use crate::mailbox::{House, reader};
use crate::support::desk::{Desk, posted, rulebook};
use crate::support::ledgers::TestLedger;

/// Those first of whom a comparison says most.
pub(super) const PERSONS: [&str; 11] =
    ["gus", "jim", "hal", "ida", "eve", "fay", "nobody", "dan", "ann", "ben", "cleo"];
/// Who is given access by chance.
const BY_CHANCE: [&str; 4] = ["ann", "ben", "cleo", "dan"];
pub(super) const COMPANIES: usize = 3;
pub(super) const ORGANIZATIONS: [&str; 2] = ["0206731645", "0474028805"];
pub(super) const APPLICATIONS: [&str; 2] = ["tax:assessment", "work:attest"];
pub(super) const WORDS: [&str; 3] = ["alpha", "beta", "gamma"];
pub(super) const PARTITIONS: [&str; 3] = ["GENERAL", "HR", "TAX"];
pub(super) const SERVICES: [&str; 2] = ["work", "money"];
/// Its messages stay for two days.
pub(super) const BRIEF: &str = "OPEN-BRIEF";
/// Few managers: who sees everything shows little.
const KINDS: [&str; 12] = [
    "manager",
    "all",
    "all",
    "all",
    "type",
    "type",
    "service",
    "service",
    "organization",
    "organization",
    "application",
    "application",
];
/// Type, level, service.
const TYPES: [(&str, u8, Option<&str>); 6] = [
    (BRIEF, 1, None),
    ("OPEN-PLAIN", 1, None),
    ("OPEN-WORK", 1, Some("work")),
    ("SHUT-WORK", 2, Some("work")),
    ("SHUT-MONEY", 2, Some("money")),
    ("SHUT-PLAIN", 2, None),
];

pub(super) fn company(n: usize) -> EnterpriseNumber {
    EnterpriseNumber::from_stem(5_000_000 + u32::try_from(n).unwrap_or(0))
}

pub(super) struct Story<'a> {
    pub(super) house: House<'a>,
    pub(super) truth: Truth,
    pub(super) clock: Arc<FixedClock>,
    pub(super) random: StdRng,
    /// Drawn apart, so that who has access to what stays the same story.
    pub(super) tasks: StdRng,
    grants: u32,
}

impl<'a> Story<'a> {
    pub(super) async fn begin(ledger: &'a TestLedger, seed: u64) -> Result<Self> {
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let truth = Truth {
            now: clock.now(),
            types: TYPES
                .map(|(id, level, service)| (id, Type { level, service }))
                .into_iter()
                .collect(),
            ..Truth::default()
        };
        let shown: Arc<dyn Clock> = clock.clone();
        let desk = Desk::by_clock(&ledger.ledger, rulebook()?, shown.clone())?;
        let mut house = House::with_clock(ledger, desk, &shown)?;
        house.mailbox = house.mailbox.proposing_beyond(0);
        let (random, tasks) = (StdRng::seed_from_u64(seed), StdRng::seed_from_u64(!seed));
        let mut story = Self { house, truth, clock, random, tasks, grants: 0 };
        story.import(&story.registry()).await?;
        for n in 0..COMPANIES {
            story.put_grant(grant("chief", n, "manager", "")).await?;
            let told = Notification { address: Some("a@example.org".into()), hour: 6 };
            story.house.mailbox.set_notification(&reader("chief")?, company(n), &told).await?;
        }
        Ok(story)
    }

    /// What a short story may lack: a message whose time is over, persons with
    /// one kind of access each, a grant of yesterday, one of tomorrow, a
    /// manager whose grant names a partition, a closed type from a sender that
    /// is open, a service besides another, something hidden, a label on what
    /// few see, a company that has ceased.
    pub(super) async fn be_complete(&mut self) -> Result<()> {
        for n in 0..COMPANIES {
            self.post_to(n, BRIEF).await?;
            self.put_grant(grant("hal", n, "type", "OPEN-PLAIN")).await?;
            self.put_grant(grant("ida", n, "application", APPLICATIONS[0])).await?;
            let partition = Some("HR".to_owned());
            self.put_grant(Grant { partition, ..grant("jim", n, "all", "") }).await?;
        }
        self.next_day().await?;
        for n in 0..COMPANIES {
            let to = Some(self.truth.today);
            self.put_grant(Grant { to, ..grant("eve", n, "all", "") }).await?;
        }
        self.next_day().await?;
        for n in 0..COMPANIES {
            let from = Some(self.truth.today + 1);
            self.put_grant(Grant { from, ..grant("eve", n, "all", "") }).await?;
            let partition = Some("HR".to_owned());
            self.put_grant(Grant { partition, ..grant("fay", n, "manager", "") }).await?;
            self.put_grant(grant("gus", n, "organization", ORGANIZATIONS[0])).await?;
            self.put_grant(grant("gus", n, "service", "money")).await?;
            self.seal(n).await?;
        }
        for _ in 0..12 {
            self.post().await?;
        }
        self.hide_one_and_read_one().await?;
        let last = COMPANIES - 1;
        self.put_grant(grant("dan", last, "liquidator", "")).await?;
        self.cease(last, self.truth.today).await
    }

    /// A label that its maker alone has used, and a message of a type for few
    /// that has it.
    async fn seal(&mut self, n: usize) -> Result<()> {
        let (chief, sealed) = (reader("chief")?, self.post_to(n, "SHUT-PLAIN").await?);
        let mailbox = &self.house.mailbox;
        let id = mailbox.create_label(&chief, company(n), "Sealed", Colour::Red).await?;
        mailbox.put_label(&chief, &[sealed], id).await?;
        let label = Label { company: n, maker: "chief".into(), name: "Sealed".into() };
        self.truth.labels.insert(id, label);
        self.truth.did("chief", sealed, Deed::Labelled);
        self.change(sealed, |it| it.labels.extend([id]));
        Ok(())
    }

    /// Of what has just arrived.
    async fn hide_one_and_read_one(&mut self) -> Result<()> {
        let fay = reader("fay")?;
        let (hidden, read) =
            (self.post_to(0, "OPEN-PLAIN").await?, self.post_to(0, "OPEN-PLAIN").await?);
        self.house.mailbox.hide(&fay, &[hidden]).await?;
        self.truth.did("fay", hidden, Deed::Hidden);
        self.change(hidden, |it| it.is_hidden = true);
        self.house.mailbox.content(&fay, read, "main", Purpose::Download).await?;
        self.has_fetched("fay", read);
        Ok(())
    }

    /// The register says from which day on a company has ceased.
    pub(super) async fn cease(&mut self, n: usize, day: i64) -> Result<()> {
        let since = belgian_day(self.clock.now()).checked_add((day - self.truth.today).days())?;
        let line = json!({ "kind": "enterprise", "number": company(n), "name": "C",
            "language": "fr", "state": "closed", "stateSince": since });
        self.import(&format!("{line}\n")).await?;
        self.truth.closed.insert(n, day);
        Ok(())
    }

    /// It was a mistake.
    pub(super) async fn revive(&mut self, n: usize) -> Result<()> {
        let line = json!({ "kind": "enterprise", "number": company(n), "name": "C",
            "language": "fr" });
        self.import(&format!("{line}\n")).await?;
        self.truth.closed.remove(&n);
        Ok(())
    }

    pub(super) async fn import(&self, text: &str) -> Result<()> {
        let at = self.clock.now();
        let options = Options { actor: "tester", at, progress: &mut |_| {} };
        registry::import(self.house.ledger, Cursor::new(text.to_owned()), options).await?;
        Ok(())
    }

    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.random_range(0..of.len())].clone()
    }

    pub(super) fn any_message(&mut self) -> Option<Message> {
        let all: Vec<Message> = self.truth.messages.values().cloned().collect();
        (!all.is_empty()).then(|| self.one(&all))
    }

    pub(super) async fn step(&mut self) -> Result<()> {
        if self.tasks.random_bool(0.1) {
            self.set_task().await?;
        }
        match self.random.random_range(0..100) {
            0..40 => self.post().await,
            40..60 => self.give().await,
            60..68 => self.withdraw().await,
            68..72 => self.change_level().await,
            72..76 => self.next_day().await,
            76..80 => self.route().await,
            80..86 => self.move_one().await,
            86..91 => self.hide_or_open().await,
            91..94 => self.download().await,
            94..97 => self.reply().await,
            _ => self.label().await,
        }
    }

    async fn post(&mut self) -> Result<()> {
        let types: Vec<&'static str> = self.truth.types.keys().copied().collect();
        let (n, message_type) = (self.random.random_range(0..COMPANIES), self.one(&types));
        self.post_to(n, message_type).await.map(drop)
    }

    async fn post_to(&mut self, n: usize, message_type: &'static str) -> Result<MessageId> {
        let (organization, application) = (self.one(&ORGANIZATIONS), self.one(&APPLICATIONS));
        let word = self.one(&WORDS);
        let errand = self.errand()?;
        let publication = json!({
            "sender": { "eboxType": "enterprise", "enterpriseNumber": organization },
            "recipient": { "eboxType": "enterprise", "enterpriseNumber": company(n) },
            "subject": { "fr": format!("un {word} ici") },
            "senderApplicationId": application,
            "messageTypeId": message_type,
            "isReplyAuthorized": true,
            "registered": errand.is_registered,
            "digitalOnly": errand.is_digital,
            "businessDataList": errand.data(),
            "attachments": [{ "httpPartName": "main", "isMainContent": true,
                "fileName": "a.pdf", "mediaType": "application/pdf",
                "content": { "inline": "SGVsbG8=" } }],
        });
        let judged = self.house.desk.deliver_one(posted(&publication)?).await?;
        let Judged::Accepted { id, .. } = judged else { bail!("{judged:?}") };
        let stored = self.house.ledger.explain(id).await?.context("it was accepted")?;
        ensure!(!errand.is_digital || stored.medium == Medium::Digital, "{stored:?}");
        let message = Message {
            id,
            company: n,
            organization,
            application,
            message_type,
            partition: stored.partition,
            word,
            task: errand.task,
            due: errand.due,
            medium: stored.medium,
            is_registered: errand.is_registered,
            is_read: false,
            is_hidden: false,
            labels: [].into(),
            replies: 0,
            arrived_at: stored.arrived_at,
            expires_at: stored.expires_at,
        };
        self.truth.messages.insert(id.0, message);
        Ok(id)
    }

    async fn give(&mut self) -> Result<()> {
        let kind = self.one(&KINDS);
        let types: Vec<&'static str> = self.truth.types.keys().copied().collect();
        let of = match kind {
            "type" => self.one(&types),
            "service" => self.one(&SERVICES),
            "organization" => self.one(&ORGANIZATIONS),
            "application" => self.one(&APPLICATIONS),
            _ => "",
        };
        let person = self.one(&BY_CHANCE);
        let n = self.random.random_range(0..COMPANIES);
        let mut new = grant(person, n, kind, of);
        if self.random.random_bool(0.4) {
            new.partition = Some(self.one(&PARTITIONS).to_owned());
        }
        if self.random.random_bool(0.3) {
            new.from = Some(self.truth.today + self.random.random_range(-1..2));
        }
        if self.random.random_bool(0.3) {
            new.to = Some(self.truth.today + self.random.random_range(0..3));
        }
        if new.from.zip(new.to).is_some_and(|(from, to)| to < from) {
            new.to = new.from;
        }
        self.put_grant(new).await
    }

    pub(super) async fn put_grant(&mut self, mut new: Grant) -> Result<()> {
        self.grants += 1;
        new.id = format!("g{}", self.grants);
        let today = belgian_day(self.clock.now());
        let day = |offset: Option<i64>| -> Result<_> {
            let days = |offset: i64| today.checked_add((offset - self.truth.today).days());
            Ok(offset.map(days).transpose()?)
        };
        let record = facteur::domain::Grant {
            enterprise: company(new.company),
            id: new.id.parse()?,
            person: new.person.parse()?,
            scope: serde_json::from_value(match new.of.as_str() {
                "" => json!({ "kind": new.kind }),
                of => json!({ "kind": new.kind, "of": of }),
            })?,
            partition: new.partition.as_deref().map(str::parse).transpose()?,
            from: day(new.from)?,
            to: day(new.to)?,
        };
        if new.kind == "manager" && new.partition.is_some() {
            // Nobody gives this any more; one of an earlier release opens all.
            let kept = [Change::Put(facteur::domain::Record::Grant(record))];
            let now = self.clock.now();
            self.house.ledger.change_registry(&kept, "an earlier release", now).await?;
        } else if new.person == "chief" || new.kind == "liquidator" {
            let line = serde_json::to_value(facteur::domain::Record::Grant(record))?;
            self.import(&format!("{line}\n")).await?;
        } else {
            let given = NewGrant {
                id: Some(record.id.clone()),
                person: reader(&new.person)?.record(),
                scope: record.scope.clone(),
                partition: record.partition.clone(),
                from: record.from,
                to: record.to,
            };
            ensure!(matches!(record.scope, Scope::Manager) == (new.kind == "manager"));
            let chief = reader("chief")?;
            match self.house.mailbox.give(&chief, record.enterprise, given).await {
                // Somebody has it already: nothing was given.
                Err(MailboxError::Given) => return Ok(()),
                other => drop(other?),
            }
        }
        self.truth.grants.push(new);
        Ok(())
    }

    async fn withdraw(&mut self) -> Result<()> {
        let is_given = |it: &&Grant| !it.is_withdrawn && it.person != "chief";
        let given: Vec<String> =
            self.truth.grants.iter().filter(is_given).map(|it| it.id.clone()).collect();
        if given.is_empty() {
            return Ok(());
        }
        let id = self.one(&given);
        let grants = &mut self.truth.grants;
        let grant = grants.iter_mut().find(|it| it.id == id).context("it is there")?;
        grant.is_withdrawn = true;
        let number = company(grant.company);
        Ok(self.house.mailbox.withdraw(&reader("chief")?, number, id.parse()?).await?)
    }

    async fn change_level(&mut self) -> Result<()> {
        let types: Vec<&'static str> = self.truth.types.keys().copied().collect();
        let id = self.one(&types);
        let of_type = self.truth.types.get_mut(id).context("it is there")?;
        of_type.level = 3 - of_type.level;
        let line = message_type(id, of_type);
        self.import(&format!("{line}\n")).await
    }

    /// What is over by then is given up, as by the sweep.
    pub(super) async fn next_day(&mut self) -> Result<()> {
        self.clock.advance(SignedDuration::from_hours(24));
        self.truth.today += 1;
        self.truth.now = self.clock.now();
        while self.house.ledger.expire_messages(100, self.truth.now).await? > 0 {}
        Ok(())
    }
}

pub(super) fn grant(person: &str, company: usize, kind: &'static str, of: &str) -> Grant {
    Grant {
        id: String::new(),
        company,
        person: person.to_owned(),
        kind,
        of: of.to_owned(),
        partition: None,
        from: None,
        to: None,
        is_withdrawn: false,
    }
}
