//! The room as a whole, over an in-memory ledger and real folders.

mod bounded;
mod crash;
mod damage;
mod filters;
mod follow;
mod integrity;
mod substring;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan};
use tempfile::TempDir;
use uuid::Uuid;

use super::finder::{count, find};
use super::generation::Generation;
use super::source::{Page, Projected, Source, SourceError};
use super::{Found, Named, Pace, Query, Text};
use crate::domain::{EnterpriseNumber, Language, Medium, MessageId, PartitionId, Task};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clock of these tests stands still.
fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// The company of the n-th box.
fn company(n: u32) -> EnterpriseNumber {
    EnterpriseNumber::from_stem(2_000_000 + n)
}

/// The id of the n-th message.
fn id(n: u128) -> MessageId {
    MessageId(Uuid::from_u128(n))
}

/// The n-th message: in box 0, arrived in second n.
fn message(n: u128) -> Projected {
    let second = i64::try_from(n).unwrap();
    Projected {
        position: second,
        id: id(n),
        enterprise: company(0),
        organization: company(1),
        application: "employment:job-attest:werkkaart".parse().unwrap(),
        message_type: "DIMONA1".parse().unwrap(),
        partition: PartitionId::general(),
        arrived_at: Timestamp::UNIX_EPOCH + second.seconds(),
        medium: Medium::Digital,
        is_read: false,
        is_hidden: false,
        is_registered: false,
        task: Task::None,
        due: None,
        labels: Vec::new(),
        texts: Vec::new(),
    }
}

/// The n-th message with these French texts.
fn french(n: u128, texts: &[&str]) -> Projected {
    let texts = texts.iter().map(|&text| (Language::Fr, text.to_owned()));
    Projected { texts: texts.collect(), ..message(n) }
}

/// A search for a text, everywhere.
fn text(language: Language, part: &str) -> Query {
    let text = Text { language, part: part.to_owned(), named: Named::default() };
    Query { text: Some(text), size: 100, ..Query::everywhere() }
}

/// A pace at which tests need not wait.
fn quick() -> Pace {
    let millis = Duration::from_millis;
    Pace {
        page: 7,
        commit_every: millis(20),
        commit_documents: 20,
        idle: millis(5),
        retry: (millis(5), millis(50)),
        reread: Duration::from_secs(3600),
    }
}

/// One generation in a folder of its own, without a follower.
struct Shelf {
    _folder: TempDir,
    generation: Generation,
}

impl Shelf {
    fn of(messages: Vec<Projected>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let generation = Generation::create(folder.path()).unwrap();
        let mut shelf = Self { _folder: folder, generation };
        shelf.put(messages);
        shelf
    }

    fn put(&mut self, messages: Vec<Projected>) {
        let through = self.generation.applied() + 1;
        self.generation.apply(&Page { messages, through, ..Page::default() }).unwrap();
        self.generation.commit(Uuid::nil()).unwrap();
    }

    fn find(&self, query: &Query) -> Found {
        query.check().unwrap();
        find(&self.generation.view(), query).unwrap()
    }

    /// The numbers of the messages found, newest first.
    fn numbers(&self, query: &Query) -> Vec<u128> {
        self.find(query).ids.iter().map(|id| id.0.as_u128()).collect()
    }

    fn finds(&self, language: Language, part: &str) -> bool {
        !self.numbers(&text(language, part)).is_empty()
    }
}

/// A ledger in memory.
struct Ledger(Mutex<State>);

struct State {
    epoch: Uuid,
    changes: Vec<Projected>,
    is_down: bool,
    /// What comes after this position cannot be read.
    falters_at: Option<i64>,
}

impl Ledger {
    fn new() -> Self {
        Self(Mutex::new(State {
            epoch: Uuid::now_v7(),
            changes: Vec::new(),
            is_down: false,
            falters_at: None,
        }))
    }

    fn with(messages: impl IntoIterator<Item = Projected>) -> Self {
        let ledger = Self::new();
        messages.into_iter().for_each(|message| ledger.record(message));
        ledger
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Records a change at the next position.
    fn record(&self, message: Projected) {
        let mut state = self.state();
        let position = last_position(&state) + 1;
        state.changes.push(Projected { position, ..message });
    }

    fn last(&self) -> i64 {
        last_position(&self.state())
    }

    fn answer<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, SourceError> {
        let state = self.state();
        if state.is_down {
            return Err(SourceError("the ledger is down".into()));
        }
        Ok(read(&state))
    }
}

fn last_position(state: &State) -> i64 {
    state.changes.last().map_or(0, |change| change.position)
}

#[async_trait]
impl Source for Ledger {
    async fn epoch(&self) -> Result<Uuid, SourceError> {
        self.answer(|state| state.epoch)
    }

    async fn position(&self) -> Result<i64, SourceError> {
        self.answer(last_position)
    }

    async fn after(&self, position: i64, limit: usize) -> Result<Page, SourceError> {
        if self.state().falters_at == Some(position) {
            return Err(SourceError("the ledger falters".into()));
        }
        self.answer(|state| {
            let newer = state.changes.iter().filter(|change| change.position > position);
            let messages: Vec<_> = newer.take(limit).cloned().collect();
            Page {
                gone: Vec::new(),
                through: messages.last().map_or(position, |last| last.position),
                through_at: messages.last().map(|last| last.arrived_at),
                messages,
            }
        })
    }
}

/// The generation folders that exist.
fn generations(root: &std::path::Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}
