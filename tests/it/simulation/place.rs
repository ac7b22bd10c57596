//! Where a course of events takes place: a ledger with the world in it, and a
//! folder for documents, in memory where the machine has a file system there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use facteur::config::Config;
use facteur::intake::{Rulebook, Settings};
use facteur::ledger::Ledger;
use facteur::registry::{self, Options};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::support::desk::rulebook;
use crate::support::world;

/// The time of every course.
pub(super) const NOW: &str = "2026-11-02T09:00:00Z";

/// A ledger with the world in it, to be copied, and what every engine is
/// configured with.
pub(super) struct Template {
    folder: TempDir,
    settings: Settings,
    rulebook: Rulebook,
}

/// A copy of its own.
pub(super) struct Place {
    folder: TempDir,
    pub(super) settings: Settings,
    pub(super) rulebook: Rulebook,
}

const LEDGER: &str = "ledger.db";
const PATTERN: &str = r#"{"pattern":"\\d{8,10}"}"#;
const WORDS: &str = r#"{"words":["12345678"]}"#;

impl Template {
    pub(super) async fn new() -> Self {
        let settings = Config::load(None, std::iter::empty()).unwrap().intake;
        let template = Self { folder: folder(), settings, rulebook: rulebook().unwrap() };
        let ledger = open(template.folder.path()).await;
        ledger.migrate().await.unwrap();
        let now: Timestamp = NOW.parse().unwrap();
        let options = Options { actor: "simulation", at: now, progress: &mut |_| {} };
        // A pattern would be compiled by every engine that is started.
        let records = world::registry(now).unwrap().replace(PATTERN, WORDS);
        assert!(records.contains(WORDS));
        let records = std::io::Cursor::new(records);
        registry::import(&ledger, records, options).await.unwrap();
        // What is written ahead goes into the file.
        ledger.close().await;
        template
    }

    pub(super) fn copy(&self) -> Place {
        let folder = folder();
        std::fs::copy(self.folder.path().join(LEDGER), folder.path().join(LEDGER)).unwrap();
        Place { folder, settings: self.settings.clone(), rulebook: self.rulebook.clone() }
    }
}

impl Place {
    /// A connection of its own, as another process would have.
    pub(super) async fn ledger(&self) -> Arc<Ledger> {
        Arc::new(open(self.folder.path()).await)
    }

    pub(super) fn ledger_url(&self) -> String {
        url(self.folder.path())
    }

    pub(super) fn documents_url(&self) -> String {
        format!("file://{}/documents", self.folder.path().display())
    }
}

async fn open(folder: &Path) -> Ledger {
    Ledger::open(&url(folder), 1).await.unwrap()
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}/{LEDGER}", folder.display())
}

/// Nothing here has to survive the machine.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}
