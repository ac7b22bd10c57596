//! What the agencies know against what the ledger holds, read past its code.

use std::collections::{BTreeMap, BTreeSet};

use facteur::documents::Depth;
use facteur::documents::DocumentStore;
use facteur::ledger::IdentityKey;
use facteur::verify::verify;
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::agency::{Log, Sent};
use super::place::Place;

/// `tale` is what is told with a failure.
pub(super) async fn judge(place: &Place, log: &Log, tale: &str) {
    let mut rows = SqliteConnection::connect(&place.ledger_url()).await.unwrap();
    everything_once(&mut rows, log, tale).await;
    told_once(&mut rows, log, tale).await;
    rows.close().await.unwrap();
    balances(place, tale).await;
}

async fn texts(rows: &mut SqliteConnection, statement: &'static str) -> Vec<Vec<String>> {
    let rows = sqlx::query(statement).fetch_all(rows).await.unwrap();
    rows.iter().map(|row| (0..row.len()).map(|i| row.get(i)).collect()).collect()
}

/// Each confirmed identity is in the account once and stands where it must;
/// each accepted one has one message; nothing else is there.
async fn everything_once(rows: &mut SqliteConnection, log: &Log, tale: &str) {
    let identities = "SELECT CAST(organization AS TEXT), application, key, state FROM identities";
    let mut unseen: BTreeSet<_> = log.keys().collect();
    for row in texts(rows, identities).await {
        let [organization, application, key, state] = row.as_slice() else { panic!("{row:?}") };
        let organization = organization.parse().unwrap();
        let key = IdentityKey { organization, application: application.clone(), key: key.clone() };
        let sent = log.get(&key).unwrap_or_else(|| panic!("nobody sent {key:?}: {tale}"));
        assert_eq!(sent.state, state, "{key:?}: {tale}");
        assert!(unseen.remove(&key), "twice: {key:?}: {tale}");
    }
    assert!(unseen.is_empty(), "confirmed, and lost: {unseen:?}: {tale}");
    let messages = texts(rows, "SELECT application, key FROM messages").await;
    let stored: BTreeSet<_> = messages.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(stored.len(), messages.len(), "two messages of one identity: {tale}");
    let accepted = log.iter().filter(|(_, sent)| sent.state == "accepted");
    assert_eq!(stored, accepted.map(|(identity, _)| place_of(identity)).collect(), "{tale}");
}

fn place_of(identity: &IdentityKey) -> (String, String) {
    let key = identity.senders_key().unwrap_or_default();
    (identity.application.clone(), key.to_owned())
}

/// What receipts are made of: one word for each identity, and one more at most
/// for each time it lay in the queue again.
async fn told_once(rows: &mut SqliteConnection, log: &Log, tale: &str) {
    let mut told: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for row in texts(rows, "SELECT application, key, kind FROM journal").await {
        let [application, key, kind] = row.as_slice() else { panic!("{row:?}") };
        told.entry((application.clone(), key.clone())).or_default().push(kind.clone());
    }
    for (identity, Sent { state, arrived }) in log {
        if identity.senders_key().is_none() {
            continue;
        }
        let kinds = told.get(&place_of(identity));
        let kinds = kinds.unwrap_or_else(|| panic!("no word of {identity:?}: {tale}"));
        let count = |kind: &str| kinds.iter().filter(|told| *told == kind).count();
        assert!(kinds.len() <= *arrived, "{identity:?}, {arrived} times: {kinds:?}: {tale}");
        let is_right = match *state {
            "accepted" => count("accepted") == 1 && count("repeat") == kinds.len() - 1,
            _ => count("refused") > 0 && count("refused") + count("repeat") == kinds.len(),
        };
        assert!(is_right, "{identity:?}: {kinds:?}: {tale}");
    }
}

/// By the program's own recount, with every document that a message names.
async fn balances(place: &Place, tale: &str) {
    let ledger = place.ledger().await;
    let documents = DocumentStore::open(&place.documents_url()).unwrap();
    let verdict = verify(&ledger, &documents, Depth::Contents, &|_| {}).await.unwrap();
    assert!(verdict.is_balanced(), "{:?}: {tale}", verdict.findings);
    ledger.close().await;
}
