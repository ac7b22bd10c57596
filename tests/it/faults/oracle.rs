//! The oracle: what the agencies wrote down against what the ledger holds, read
//! past the ledger's own code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use facteur::search::{Query, Search};

use super::agencies::{Log, Sent};
use super::site::Site;
use crate::support::engine::Engine;
use crate::support::wait::until_worked_off;

/// What a run came to.
#[derive(Debug, PartialEq)]
pub(super) struct Truth {
    pub(super) accepted: usize,
    pub(super) quarantined: usize,
    /// What the agencies sent again.
    pub(super) repeats: u32,
    /// What the broker handed out again after it was recorded.
    pub(super) redelivered: i64,
}

/// Waits until everything is recorded and findable, ends the engines, and
/// judges.
pub(super) async fn judge(site: &Site, engines: Vec<Engine>, log: &Log) -> Truth {
    recorded(site, log).await;
    findable(site, log).await;
    for engine in engines {
        engine.stop().await;
    }
    let account = site.verify();
    let truth = everything_once(site, log).await;
    assert_eq!(account["indexed"], truth.accepted);
    assert_eq!(account["accepted"], truth.accepted);
    assert_eq!(account["quarantined"], truth.quarantined);
    told_once(site, log).await;
    found_all(site, truth.accepted).await;
    truth
}

/// Waits until the account holds as many identities as were confirmed.
pub(super) async fn recorded(site: &Site, log: &Log) {
    let expected = i64::try_from(log.len()).unwrap();
    until_worked_off("everything is recorded", async || {
        site.ledger.account().await.unwrap().total.received >= expected
    })
    .await;
}

async fn findable(site: &Site, log: &Log) {
    let expected = log.values().filter(|sent| sent.state == "accepted").count() as u64;
    until_worked_off("everything is findable", async || {
        indexed(&site.search_path()).await >= expected
    })
    .await;
}

/// How many messages the index holds, as of its last commit.
pub(super) async fn indexed(path: &Path) -> u64 {
    let query = Query { size: 1, ..Query::everywhere() };
    match Search::open(path) {
        Ok(search) => search.find(query).await.unwrap().total,
        // It is being made anew, and a folder that was read is gone already.
        Err(_) => 0,
    }
}

/// Each confirmed identity is in the account once and stands where it must;
/// each accepted one has one message; nothing else is there.
async fn everything_once(site: &Site, log: &Log) -> Truth {
    let identities = "SELECT CAST(organization AS TEXT), application, key, state,
        CAST(seen AS TEXT) FROM identities";
    let rows = site.ledger.texts(identities).await.unwrap();
    let mut unseen: BTreeSet<_> = log.keys().collect();
    let mut seen_in_all = 0;
    for row in &rows {
        let [organization, application, key, state, seen] = row.as_slice() else { panic!() };
        let key = facteur::ledger::IdentityKey {
            organization: organization.parse().unwrap(),
            application: application.clone(),
            key: key.clone(),
        };
        let sent = log.get(&key).unwrap_or_else(|| panic!("nobody sent {key:?}"));
        assert_eq!(sent.state, state, "{key:?}");
        assert!(unseen.remove(&key), "twice: {key:?}");
        seen_in_all += seen.parse::<i64>().unwrap();
    }
    assert!(unseen.is_empty(), "confirmed, and lost: {unseen:?}");
    one_message_each(site, log).await;
    let in_state = |state: &str| log.values().filter(|sent| sent.state == state).count();
    let confirmed: u32 = log.values().map(|sent| sent.confirmed).sum();
    Truth {
        accepted: in_state("accepted"),
        quarantined: in_state("quarantined"),
        repeats: confirmed - u32::try_from(log.len()).unwrap(),
        redelivered: seen_in_all - i64::from(confirmed),
    }
}

async fn one_message_each(site: &Site, log: &Log) {
    let messages = "SELECT application, key FROM messages";
    let mut expected: Vec<Vec<String>> = log
        .iter()
        .filter(|(_, sent)| sent.state == "accepted")
        .map(|(key, _)| vec![key.application.clone(), key.senders_key().unwrap().to_owned()])
        .collect();
    let mut found = site.ledger.texts(messages).await.unwrap();
    expected.sort();
    found.sort();
    assert_eq!(found.len(), expected.len(), "as many messages as accepted identities");
    assert_eq!(found, expected);
}

/// No agency is told twice what it sent once: one receipt for each
/// publication, and one more at most for each repeat of its own.
async fn told_once(site: &Site, log: &Log) {
    let journal = "SELECT application, key, kind FROM journal WHERE kind <> 'letter'";
    let mut told: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut refused = 0;
    for row in site.ledger.texts(journal).await.unwrap() {
        let [application, key, kind] = row.as_slice() else { panic!() };
        refused += usize::from(kind == "refused");
        told.entry((application.clone(), key.clone())).or_default().push(kind.clone());
    }
    // Also where there is no key by which the receipts could be told apart.
    let bad = log.values().filter(|sent| sent.state == "quarantined").count();
    assert_eq!(refused, bad, "one refusal for each bad publication");
    for (identity, Sent { state, confirmed }) in log {
        let Some(key) = identity.senders_key() else { continue };
        let kinds = &told[&(identity.application.clone(), key.to_owned())];
        let first = if *state == "accepted" { "accepted" } else { "refused" };
        let count = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
        assert_eq!(count(first), 1, "{identity:?}: {kinds:?}");
        assert!(kinds.len() <= *confirmed as usize, "{identity:?}: {kinds:?}");
        assert_eq!(count("repeat"), kinds.len() - 1, "{identity:?}: {kinds:?}");
    }
}

/// Every accepted message is found by search, each once.
async fn found_all(site: &Site, accepted: usize) {
    let journal = site.ledger.journal_after(0, i64::from(i32::MAX)).await.unwrap();
    let messages: BTreeSet<_> =
        journal.iter().filter_map(|e| e.message.map(|(id, _)| id)).collect();
    assert_eq!(messages.len(), accepted);
    // Not page by page: a search ends before a fast machine's messages do.
    let search = Search::open(&site.search_path()).unwrap();
    let missing = search.missing(messages.into_iter().collect()).await.unwrap();
    assert!(missing.is_empty(), "{} of {accepted} not found", missing.len());
    let found = search.count(Query::everywhere(), u64::MAX).await.unwrap();
    assert_eq!(found, accepted as u64);
}
