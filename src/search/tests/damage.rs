//! Whatever was done to the folder, the index comes back by itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::{Observer, Projection, Reason, Search, SearchError, Waited};
use super::*;

/// Remembers what it heard.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) reasons: Mutex<Vec<Reason>>,
    pub(super) failures: Mutex<Vec<&'static str>>,
}

impl Observer for Heard {
    fn failed(&self, error: &SearchError) {
        self.failures.lock().unwrap().push(error.kind());
    }

    fn rebuilding(&self, reason: Reason) {
        self.reasons.lock().unwrap().push(reason);
    }
}

impl Heard {
    pub(super) fn reasons(&self) -> Vec<Reason> {
        self.reasons.lock().unwrap().clone()
    }
}

/// Follows the ledger to its end and stops. What was heard meanwhile.
async fn follow_once(root: &Path, ledger: &Arc<Ledger>) -> (Search, Vec<Reason>) {
    let heard = Arc::new(Heard::default());
    let projection = Projection::open(root, start, heard.clone()).unwrap().with_pace(quick());
    let search = projection.search();
    let stop = CancellationToken::new();
    let mut run = JoinSet::new();
    run.spawn(projection.run(ledger.clone(), stop.clone()));
    assert_eq!(search.wait_for(ledger.last(), PATIENCE).await, Waited::Visible);
    stop.cancel();
    run.join_next().await.unwrap().unwrap();
    (search, heard.reasons())
}

async fn total(search: &Search) -> u64 {
    search.find(Query::everywhere()).await.unwrap().total
}

pub(super) fn current(root: &Path) -> PathBuf {
    let name = fs::read_to_string(root.join("current")).unwrap();
    root.join(name)
}

/// Changes a file of the index in use whose name ends so.
pub(super) fn spoil(root: &Path, end: &str, change: impl Fn(&Path)) {
    let files = fs::read_dir(current(root)).unwrap().map(|entry| entry.unwrap().path());
    let mut matching = files.filter(|path| path.to_str().unwrap().ends_with(end)).peekable();
    assert!(matching.peek().is_some(), "no file {end}");
    matching.for_each(|path| change(&path));
}

fn truncate(path: &Path) {
    let half = fs::metadata(path).unwrap().len() / 2;
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(half).unwrap();
}

fn garbage(path: &Path) {
    fs::write(path, "no index at all").unwrap();
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// What is done to the folder, and why the index is made anew then.
type Damage = (&'static str, fn(&Path), Option<Reason>);

const DAMAGES: [Damage; 13] = [
    ("nothing", |_| {}, None),
    ("folder deleted", |root| fs::remove_dir_all(root).unwrap(), Some(Reason::Missing)),
    ("index deleted", |root| fs::remove_dir_all(current(root)).unwrap(), Some(Reason::Missing)),
    ("pointer deleted", |root| remove(&root.join("current")), Some(Reason::Missing)),
    ("pointer garbage", |root| garbage(&root.join("current")), Some(Reason::Missing)),
    ("meta garbage", |root| spoil(root, "meta.json", garbage), Some(Reason::Damaged)),
    ("meta deleted", |root| remove(&current(root).join("meta.json")), Some(Reason::Damaged)),
    ("terms truncated", |root| spoil(root, ".term", truncate), Some(Reason::Damaged)),
    ("positions truncated", |root| spoil(root, ".pos", truncate), Some(Reason::Damaged)),
    ("columns truncated", |root| spoil(root, ".fast", truncate), Some(Reason::Damaged)),
    ("columns deleted", |root| spoil(root, ".fast", remove), Some(Reason::Damaged)),
    (
        "postings emptied",
        |root| spoil(root, ".idx", |path| fs::write(path, "").unwrap()),
        Some(Reason::Damaged),
    ),
    ("other schema", |root| spoil(root, "meta.json", other_schema), Some(Reason::OtherSchema)),
];

/// As an older version would have left it.
fn other_schema(meta: &Path) {
    let json = fs::read_to_string(meta).unwrap();
    let needle = "\\\"schema\\\":\\\"";
    assert!(json.contains(needle), "the payload names the schema: {json}");
    let (json, _sum) = json.split_once("\n#").unwrap();
    fs::write(meta, json.replace(needle, "\\\"schema\\\":\\\"0")).unwrap();
}

#[tokio::test]
async fn a_damaged_index_is_made_anew() {
    for (name, damage, reason) in DAMAGES {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("search");
        let ledger = Arc::new(Ledger::with((1..=50).map(|n| french(n, &["Cotisation"]))));
        follow_once(&root, &ledger).await;
        damage(&root);
        ledger.record(message(51));
        let (search, heard) = follow_once(&root, &ledger).await;
        assert_eq!(heard, Vec::from_iter(reason), "{name}");
        assert_eq!(total(&search).await, 51, "{name}");
        assert_eq!(generations(&root), [current(&root)], "{name}: the old one is gone");
    }
}

#[tokio::test]
async fn a_second_writer_is_told_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = Projection::open(folder.path(), start, Arc::new(())).unwrap();
    let second = Projection::open(folder.path(), start, Arc::new(())).err().unwrap();
    assert!(matches!(second, SearchError::Locked));
    assert_eq!(second.to_string(), "another process writes this index");
    drop(first);
    assert!(Projection::open(folder.path(), start, Arc::new(())).is_ok());
}

#[tokio::test]
async fn another_process_reads_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Search::open(folder.path()), Err(SearchError::NoIndex)));
    let ledger = Arc::new(Ledger::with((1..=5).map(message)));
    follow_once(folder.path(), &ledger).await;
    let _writer = Projection::open(folder.path(), start, Arc::new(())).unwrap();
    let reader = Search::open(folder.path()).unwrap();
    assert_eq!(total(&reader).await, 5);
    assert_eq!(reader.progress().borrow().position, 5);
}
