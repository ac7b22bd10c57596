//! One course of events, drawn from a seed.

use std::collections::BTreeMap;

use facteur::domain::ApplicationId;
use facteur::intake::Step;
use facteur::ledger::LedgerError;
use facteur::queue::{Queue as _, Topology};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::agency::Agency;
use super::engine::Engine;
use super::oracle::judge;
use super::place::{Place, Template};
use crate::support::memory::Memory;
use crate::support::world::{TAX, WORK};

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// An agency publishes.
    Published,
    /// An engine takes a batch.
    Taken(usize),
    /// A batch makes a step.
    Stepped(usize),
    /// A step fails, or the answer to a commit is lost.
    Failed(usize),
    /// An engine dies, and another is started.
    Died(usize),
    /// An engine loses its broker, and finds it again.
    Cut(usize),
    /// An engine is taken for dead, and its batch goes on later.
    Vanished(usize),
    /// The batch of one that was taken for dead makes a step.
    Returned(usize),
}

const ENGINES: usize = 2;
/// Letters of one course.
const LETTERS: u32 = 12;
/// Faults of one course, at most.
const FAULTS: u32 = 5;
/// Far more than a course takes.
const EVENTS_MAX: usize = 2_000;
const TAKEN_MAX: usize = 5;

pub(super) struct Course {
    seed: u64,
    random: StdRng,
    place: Place,
    memory: Memory,
    agency: Agency,
    engines: Vec<Engine>,
    vanished: Vec<Engine>,
    letters: u32,
    faults: u32,
    story: Story,
}

/// What happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Story {
    events: Vec<String>,
    kinds: BTreeMap<String, usize>,
}

impl Course {
    pub(super) async fn begin(template: &Template, seed: u64) -> Self {
        let (place, memory) = (template.copy(), Memory::default());
        let applications = [TAX, WORK].map(|id| ApplicationId::new(id).unwrap());
        let connection = memory.connect();
        connection.declare(&Topology::for_applications(&applications)).await.unwrap();
        let agency = Agency::new(&memory, connection.publisher().await.unwrap());
        let mut engines = Vec::new();
        for _ in 0..ENGINES {
            engines.push(Engine::start(&place, &memory).await);
        }
        let random = StdRng::seed_from_u64(seed);
        let story = Story { events: vec![format!("seed {seed}")], ..Story::default() };
        Self {
            seed,
            random,
            place,
            memory,
            agency,
            engines,
            vanished: Vec::new(),
            letters: 0,
            faults: 0,
            story,
        }
    }

    /// Until nothing is left to do; then it is judged.
    pub(super) async fn play(mut self) -> Story {
        while !self.is_over() {
            assert!(self.story.events.len() < EVENTS_MAX, "it does not end: {:#?}", self.story);
            let possible = self.possible();
            let total: u32 = possible.iter().map(|(_, weight)| weight).sum();
            let mut drawn = self.random.random_range(0..total);
            let chosen = possible.iter().find(|(_, weight)| match drawn.checked_sub(*weight) {
                Some(rest) => {
                    drawn = rest;
                    false
                }
                None => true,
            });
            self.happen(chosen.unwrap().0).await;
        }
        for engine in self.engines {
            engine.end().await;
        }
        let tale = self.story.events.join("\n");
        judge(&self.place, &self.agency.log, &format!("seed {}\n{tale}", self.seed)).await;
        self.story
    }

    fn is_over(&self) -> bool {
        let is_idle = self.engines.iter().all(|engine| engine.step().is_none());
        let is_done = self.letters == LETTERS && self.memory.held() == 0;
        is_idle && is_done && self.vanished.is_empty()
    }

    /// What may happen next, and how likely it is.
    fn possible(&self) -> Vec<(Event, u32)> {
        let mut possible = Vec::new();
        if self.letters < LETTERS {
            possible.push((Event::Published, 6));
        }
        for (n, engine) in self.engines.iter().enumerate() {
            let (is_free, step) = (self.is_free_for(engine), engine.step());
            match step {
                None if is_free => possible.push((Event::Taken(n), 6)),
                Some(Step::InlineStored) if !is_free => {}
                Some(_) => possible.push((Event::Stepped(n), 10)),
                None => {}
            }
            if self.faults < FAULTS {
                // Most of them hit a batch.
                let weight = if step.is_some() { 2 } else { 1 };
                possible.extend([(Event::Died(n), weight), (Event::Cut(n), weight)]);
                if step.is_some() {
                    possible.push((Event::Vanished(n), weight));
                }
                if step.is_some_and(|step| step != Step::Settled) && is_free {
                    possible.push((Event::Failed(n), weight));
                }
            }
        }
        for (n, engine) in self.vanished.iter().enumerate() {
            if engine.step() != Some(Step::InlineStored) || self.is_free_for(engine) {
                possible.push((Event::Returned(n), 3));
            }
        }
        possible
    }

    /// SQLite has one writer: whoever would wait for it is not let go on, since
    /// one thing happens at a time.
    fn is_free_for(&self, engine: &Engine) -> bool {
        let mut all = self.engines.iter().chain(&self.vanished);
        !all.any(|other| !std::ptr::eq(other, engine) && other.is_in_transaction())
    }

    async fn happen(&mut self, event: Event) {
        let before = self.step_of(event);
        let count = match event {
            Event::Published => {
                self.letters += 1;
                self.agency.publish(&mut self.random).await
            }
            Event::Taken(n) => {
                let a_lane = self.random.random_range(1..=TAKEN_MAX);
                self.engines[n].take(a_lane).await
            }
            Event::Stepped(n) => {
                self.engines[n].go_on(Ok(())).await;
                1
            }
            Event::Returned(n) => {
                self.step_back(n).await;
                1
            }
            fault => {
                self.faults += 1;
                self.break_down(fault).await;
                1
            }
        };
        self.story.note(event, before, count);
    }

    async fn break_down(&mut self, fault: Event) {
        match fault {
            Event::Failed(n) => {
                let lost = LedgerError::from(sqlx::Error::WorkerCrashed);
                self.engines[n].go_on(Err(lost)).await;
            }
            Event::Died(n) => self.replace(n).await.end().await,
            Event::Cut(n) => self.engines[n].cut().await,
            Event::Vanished(n) => {
                let mut engine = self.replace(n).await;
                engine.vanish();
                self.vanished.push(engine);
            }
            _ => {}
        }
    }

    async fn replace(&mut self, n: usize) -> Engine {
        let engine = Engine::start(&self.place, &self.memory).await;
        std::mem::replace(&mut self.engines[n], engine)
    }

    /// When its batch is through, it is gone.
    async fn step_back(&mut self, n: usize) {
        self.vanished[n].go_on(Ok(())).await;
        if self.vanished[n].step().is_none() {
            self.vanished.remove(n).end().await;
        }
    }

    fn step_of(&self, event: Event) -> Option<Step> {
        match event {
            Event::Published | Event::Taken(_) => None,
            Event::Returned(n) => self.vanished[n].step(),
            Event::Stepped(n)
            | Event::Failed(n)
            | Event::Died(n)
            | Event::Cut(n)
            | Event::Vanished(n) => self.engines[n].step(),
        }
    }
}

impl Story {
    fn note(&mut self, event: Event, step: Option<Step>, count: usize) {
        self.events.push(format!("{event:?} at {step:?}: {count}"));
        let name = format!("{event:?}");
        let name = name.split('(').next().unwrap_or_default();
        *self.kinds.entry(format!("{name} at {step:?}")).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (kind, count) in &other.kinds {
            *self.kinds.entry(kind.clone()).or_default() += count;
        }
    }

    pub(super) fn counts(&self) -> String {
        let counts: Vec<String> =
            self.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        counts.join(", ")
    }

    #[expect(clippy::print_stderr, reason = "what a person who repeats a seed wants to see")]
    pub(super) fn show(&self) {
        self.events.iter().for_each(|event| eprintln!("{event}"));
    }

    /// A simulation in which something never happens proves nothing of it.
    pub(super) fn has_seen_everything(&self) {
        let steps = [Step::InlineStored, Step::LookedUp, Step::Recorded, Step::Committed];
        for event in ["Failed", "Died", "Cut", "Vanished", "Returned"] {
            for step in steps.into_iter().map(Some) {
                let kind = format!("{event} at {step:?}");
                assert!(self.kinds.contains_key(&kind), "never seen: {kind}");
            }
        }
    }
}
