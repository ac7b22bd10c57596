//! Content in a folder, and in step with the rows that name it.

use std::convert::Infallible;
use std::path::Path;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::upload::{UploadError, Uploaded, sweep, upload};
use super::*;
use crate::decide::Policy;
use crate::domain::{ApplicationId, Digest};
use crate::ledger::{Batch, DocumentKey, Ledger, Records, Snapshot, Wanted, needed_through};

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A ledger and a store in a folder of their own.
struct Rooms {
    folder: TempDir,
    ledger: Ledger,
    store: DocumentStore,
}

impl Rooms {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let url = format!("sqlite://{}", path("ledger.db"));
        let ledger = Ledger::open(&url, 4).await.unwrap();
        ledger.migrate().await.unwrap();
        let store = DocumentStore::open(&format!("file://{}", path("documents"))).unwrap();
        Self { folder, ledger, store }
    }

    async fn upload(&self, content: &[u8], at: Timestamp) -> Result<Uploaded, UploadError> {
        let key = key("app", content);
        let pieces = whole(content.to_vec());
        upload(&self.ledger, &self.store, &key, Some("text/plain"), pieces, at).await
    }

    async fn sweep(&self) -> usize {
        sweep(&self.ledger, &self.store, WEEK, now()).await.unwrap()
    }

    /// Whether a publication may refer to it.
    async fn is_known(&self, key: &DocumentKey) -> bool {
        let mut batch = self.ledger.begin().await.unwrap();
        let wanted = Wanted { documents: [key.clone()].into(), ..Wanted::default() };
        let snapshot = looked_up(&mut batch, &wanted).await;
        snapshot.documents.contains_key(key)
    }

    fn files(&self) -> usize {
        files(&self.folder.path().join("documents"))
    }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path()),
            false => 1,
        })
        .sum()
}

fn key(application: &str, content: &[u8]) -> DocumentKey {
    let application = ApplicationId::new(application).unwrap();
    (application, Digest::of(content))
}

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn long_ago() -> Timestamp {
    now() - WEEK - SignedDuration::from_secs(1)
}

type Piece = Result<Bytes, Infallible>;

fn whole(content: Vec<u8>) -> impl futures_util::Stream<Item = Piece> + Unpin {
    stream::iter([Ok(Bytes::from(content))])
}

fn records_naming(key: &DocumentKey) -> Records {
    Records { used: vec![(key.clone(), needed_through(now()))], ..Records::default() }
}

fn policy() -> Policy {
    Policy::parse(include_str!("../../config/policy.toml")).unwrap()
}

async fn content(store: &DocumentStore, key: &DocumentKey) -> Option<Vec<u8>> {
    let pieces: Vec<Bytes> = store.get(key).await.unwrap()?.pieces.try_collect().await.unwrap();
    Some(pieces.concat())
}

async fn looked_up(batch: &mut Batch<'_>, wanted: &Wanted) -> Snapshot {
    let reference = batch.reference().await.unwrap();
    batch.look_up(reference, wanted).await.unwrap()
}

#[tokio::test]
async fn what_was_put_is_read_by_its_owner_alone_and_can_be_deleted() {
    let rooms = Rooms::new().await;
    let own = key("../../etc: passwd", b"salary");
    rooms.store.put(&own, Bytes::from_static(b"salary")).await.unwrap();
    assert_eq!(content(&rooms.store, &own).await.unwrap(), b"salary");
    assert_eq!(rooms.store.head(&own).await.unwrap(), Some(6));
    assert_eq!(rooms.store.head(&key("app", b"salary")).await.unwrap(), None);
    assert_eq!(rooms.files(), 1, "inside the store's folder");
    rooms.store.delete(&own).await.unwrap();
    rooms.store.delete(&own).await.unwrap();
    assert!(content(&rooms.store, &own).await.is_none());
    rooms.store.ping().await.unwrap();
}

#[tokio::test]
async fn many_are_put_and_those_of_another_size_are_written_again() {
    let rooms = Rooms::new().await;
    let documents = |n: u32| {
        let content = Bytes::from(format!("document {n}"));
        (key("app", &content), content)
    };
    let all: Vec<_> = (0..100).map(documents).collect();
    let (damaged, _) = &all[7];
    rooms.store.put(damaged, Bytes::new()).await.unwrap();
    rooms.store.put_many(all.clone()).await.unwrap();
    rooms.store.put_many(all.clone()).await.unwrap();
    for (key, expected) in &all {
        assert_eq!(&content(&rooms.store, key).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn large_content_passes_in_pieces() {
    let rooms = Rooms::new().await;
    let large: Vec<u8> = (0..12_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let pieces: Vec<Piece> = large.chunks(70_000).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    let key = key("app", &large);
    let size = rooms.store.put_stream(&key, stream::iter(pieces)).await.unwrap();
    assert_eq!(size, 12_000_000);
    assert!(content(&rooms.store, &key).await.unwrap() == large);
    assert_eq!(rooms.files(), 1);
}

#[tokio::test]
async fn content_at_fault_leaves_nothing_behind_and_nothing_to_refer_to() {
    let rooms = Rooms::new().await;
    let key = key("app", b"announced");
    let mebibyte = || Ok::<_, std::io::Error>(Bytes::from(vec![7; 1 << 20]));
    let broken = || Err(std::io::Error::other("the line went dead"));
    let too_large: Vec<_> = (0..31).map(|_| mebibyte()).collect();
    let broke_off: Vec<_> = (0..8).map(|_| mebibyte()).chain([broken()]).collect();
    for (pieces, kind) in [
        (vec![mebibyte()], "digest"),
        ((0..8).map(|_| mebibyte()).collect(), "digest"),
        (vec![], "digest"),
        (too_large, "too_large"),
        (broke_off, "source"),
    ] {
        let pieces = stream::iter(pieces);
        let result =
            upload(&rooms.ledger, &rooms.store, &key, Some("text/plain"), pieces, now()).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(!error.is_transient());
        assert_eq!(rooms.files(), 0, "{kind}");
        assert!(!rooms.is_known(&key).await, "{kind}");
    }
}

#[tokio::test]
async fn an_upload_is_known_after_it_and_another_media_type_is_not_taken() {
    let rooms = Rooms::new().await;
    let key = key("app", b"one");
    assert_eq!(rooms.upload(b"one", now()).await.unwrap(), Uploaded::Created);
    assert_eq!(rooms.upload(b"one", now()).await.unwrap(), Uploaded::AlreadyThere);
    assert!(rooms.is_known(&key).await);
    let row = rooms.ledger.document(&key).await.unwrap().unwrap();
    assert_eq!((row.size, row.media_type.as_deref()), (3, Some("text/plain")));
    let again = whole(b"one".to_vec());
    let other = upload(&rooms.ledger, &rooms.store, &key, Some("text/html"), again, now()).await;
    assert!(matches!(other, Err(UploadError::MediaType(before)) if before == "text/plain"));
    let wrong = whole(b"two".to_vec());
    let other = upload(&rooms.ledger, &rooms.store, &key, Some("text/plain"), wrong, now()).await;
    assert_eq!(other.unwrap_err().kind(), "digest");
}

#[tokio::test]
async fn content_that_was_lost_from_the_store_is_written_again() {
    let rooms = Rooms::new().await;
    rooms.upload(b"one", now()).await.unwrap();
    rooms.store.delete(&key("app", b"one")).await.unwrap();
    assert_eq!(rooms.upload(b"one", now()).await.unwrap(), Uploaded::Created);
    assert_eq!(content(&rooms.store, &key("app", b"one")).await.unwrap(), b"one");
}

#[tokio::test]
async fn the_sweep_takes_old_uploads_and_neither_young_nor_named_ones() {
    let rooms = Rooms::new().await;
    for (content, at) in [
        ("old", long_ago()),
        ("young", now()),
        ("claimed again", long_ago()),
        ("named", long_ago()),
    ] {
        rooms.upload(content.as_bytes(), at).await.unwrap();
    }
    rooms.upload(b"claimed again", now()).await.unwrap();
    let named = key("app", b"named");
    let mut batch = rooms.ledger.begin().await.unwrap();
    batch.record(records_naming(&named), &policy(), now()).await.unwrap();
    batch.commit().await.unwrap();

    assert_eq!(rooms.sweep().await, 1);
    assert_eq!(rooms.sweep().await, 0);
    for (content, is_left) in
        [("old", false), ("young", true), ("claimed again", true), ("named", true)]
    {
        let key = key("app", content.as_bytes());
        assert_eq!(rooms.is_known(&key).await, is_left, "{content}");
        assert_eq!(rooms.store.head(&key).await.unwrap().is_some(), is_left, "{content}");
    }
}

#[tokio::test]
async fn a_sweep_waits_for_a_batch_that_is_about_to_name_the_document() {
    let rooms = Rooms::new().await;
    let key = key("app", b"old");
    rooms.upload(b"old", long_ago()).await.unwrap();
    let mut batch = rooms.ledger.begin().await.unwrap();
    let wanted = Wanted { documents: [key.clone()].into(), ..Wanted::default() };
    assert_eq!(looked_up(&mut batch, &wanted).await.documents[&key].size, 3);
    let naming = async {
        batch.record(records_naming(&key), &policy(), now()).await.unwrap();
        batch.commit().await.unwrap();
    };
    let (swept, ()) = tokio::join!(rooms.sweep(), naming);
    assert_eq!(swept, 0);
    assert_eq!(content(&rooms.store, &key).await.unwrap(), b"old");
}

#[tokio::test]
async fn a_sweep_that_broke_off_leaves_nothing_to_refer_to_and_is_done_again() {
    let rooms = Rooms::new().await;
    let key = key("app", b"old");
    rooms.upload(b"old", long_ago()).await.unwrap();
    let page = rooms.ledger.sweep_documents(now() - WEEK, 10).await.unwrap();
    assert_eq!(page.keys(), std::slice::from_ref(&key));
    rooms.store.delete_many(page.keys()).await.unwrap();
    drop(page);
    assert!(!rooms.is_known(&key).await);
    assert_eq!(rooms.upload(b"old", long_ago()).await.unwrap(), Uploaded::Created);
    assert!(rooms.is_known(&key).await);
    assert_eq!(rooms.sweep().await, 1);
    assert!(rooms.ledger.document(&key).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_and_an_upload_at_the_same_time_lose_nothing() {
    let rooms = Rooms::new().await;
    for round in 0..30 {
        let content = format!("round {round}").into_bytes();
        rooms.upload(&content, long_ago()).await.unwrap();
        let (result, _) = tokio::join!(rooms.upload(&content, now()), rooms.sweep());
        let _either = result.unwrap();
        let key = key("app", &content);
        assert!(rooms.is_known(&key).await, "{round}");
        assert!(rooms.store.head(&key).await.unwrap().is_some(), "{round}");
    }
    let pieces = rooms.store.get(&key("app", b"round 0")).await.unwrap().unwrap().pieces;
    assert_eq!(pieces.count().await, 1);
}

#[test]
fn addresses_that_are_none_are_refused() {
    for url in ["", "documents", "http://x", "s3://bucket/x"] {
        if url.starts_with("s3") && cfg!(feature = "s3") {
            continue;
        }
        assert!(matches!(DocumentStore::open(url), Err(DocumentError::Address(_))), "{url}");
    }
}
