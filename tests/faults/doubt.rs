//! What is not so, made of what is: for the oracle to notice.

use std::path::PathBuf;

use anyhow::{Result, bail};
use facteur::domain::MessageId;
use facteur::ledger::IdentityKey;
use uuid::Uuid;

use crate::agencies::{Log, Sent};
use crate::oracle::Reading;
use crate::site::Site;
use crate::world::persons;

const MANIFEST: &str = "manifest.json";

/// One more was confirmed than is in the ledger.
pub(crate) fn lost(log: &Log) -> Log {
    let mut with_one_more = log.clone();
    if let Some((key, sent)) = log.first_key_value() {
        let lost = IdentityKey { key: format!("{}-lost", key.key), ..key.clone() };
        with_one_more.insert(lost, sent.clone());
    }
    with_one_more
}

/// One is in the ledger that nobody sent.
pub(crate) fn unknown(log: &Log) -> Log {
    log.iter().skip(1).map(|(key, sent)| (key.clone(), sent.clone())).collect()
}

/// One that was accepted should have been refused.
pub(crate) fn elsewhere(log: &Log) -> Log {
    let mut log = log.clone();
    if let Some(sent) = log.values_mut().find(|sent| sent.state == "accepted") {
        *sent = Sent { state: "quarantined", ..sent.clone() };
    }
    log
}

/// Somebody was not shown a message at the end.
pub(crate) fn hidden(reading: &Reading) -> Reading {
    let mut reading = reading.clone();
    let mut seen = reading.afterwards.iter_mut().flat_map(|seen| seen.values_mut());
    if let Some(seen) = seen.find(|seen| !seen.is_empty()) {
        seen.pop_first();
    }
    reading
}

/// Somebody was shown a message that is nobody's while everything broke.
pub(crate) fn leaked(reading: &Reading) -> Reading {
    let mut reading = reading.clone();
    for person in persons().take(1) {
        let seen = reading.meanwhile.entry(person.id.clone()).or_default();
        seen.insert(MessageId(Uuid::now_v7()));
    }
    reading
}

/// A batch of a print room that lies there twice, until this is dropped.
pub(crate) struct PrintedAgain(PathBuf);

impl PrintedAgain {
    pub(crate) fn of(site: &Site) -> Result<Self> {
        let folders = site.print_folders().into_iter().map(|folder| folder.join("batches"));
        for batches in folders {
            let Some(batch) = std::fs::read_dir(&batches)?.next().transpose()? else { continue };
            let again = batches.join("again");
            std::fs::create_dir(&again)?;
            std::fs::copy(batch.path().join(MANIFEST), again.join(MANIFEST))?;
            return Ok(Self(again));
        }
        bail!("nothing was printed")
    }
}

impl Drop for PrintedAgain {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
