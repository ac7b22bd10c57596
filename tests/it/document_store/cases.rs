//! What holds wherever documents are kept.

use std::convert::Infallible;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use facteur::documents::upload::{Uploaded, sweep, upload};
use facteur::documents::{DOCUMENT_BYTES_MAX, DocumentError, DocumentStore};
use facteur::domain::{ApplicationId, Digest};
use facteur::ledger::DocumentKey;
use futures_util::{Stream, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::places::Place;
use crate::support::ledgers;

const PIECE_BYTES: usize = 64 * 1024;

pub(super) fn key(application: &str, content: &[u8]) -> Result<DocumentKey> {
    Ok((ApplicationId::new(application)?, Digest::of(content)))
}

pub(super) fn in_pieces(
    content: &[u8],
) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin + use<> {
    let pieces: Vec<_> = content.chunks(PIECE_BYTES).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces.into_iter().map(Ok))
}

pub(super) async fn content(store: &DocumentStore, key: &DocumentKey) -> Result<Option<Vec<u8>>> {
    let Some(found) = store.get(key).await? else { return Ok(None) };
    let pieces: Vec<Bytes> = found.pieces.try_collect().await?;
    ensure!(found.size == pieces.iter().map(|piece| piece.len() as u64).sum::<u64>());
    Ok(Some(pieces.concat()))
}

pub(super) async fn what_was_put_is_read_and_deleted(place: &Place) -> Result<()> {
    let store = &place.store;
    for text in ["salary", "", "naïve text/with: everything?"] {
        let key = key("../../etc: passwd%2F", text.as_bytes())?;
        ensure!(content(store, &key).await?.is_none() && store.head(&key).await?.is_none());
        store.put(&key, Bytes::from(text)).await?;
        ensure!(content(store, &key).await?.as_deref() == Some(text.as_bytes()), "{text}");
        ensure!(store.head(&key).await? == Some(text.len() as u64), "{text}");
        ensure!(place.objects()? == 1, "{text}: inside the store's own folder");
        store.delete(&key).await?;
        store.delete(&key).await?;
        ensure!(content(store, &key).await?.is_none(), "{text}");
    }
    Ok(())
}

/// A digest gives no right: the same content of another application is not there.
pub(super) async fn applications_do_not_meet(place: &Place) -> Result<()> {
    let (own, other) = (key("tax:a", b"salary")?, key("tax%3Aa", b"salary")?);
    place.store.put(&own, Bytes::from_static(b"salary")).await?;
    ensure!(place.store.head(&other).await?.is_none());
    place.store.delete(&other).await?;
    ensure!(content(&place.store, &own).await?.is_some());
    Ok(())
}

pub(super) async fn many_are_put(place: &Place) -> Result<()> {
    let documents = |n: u32| {
        let content = Bytes::from(format!("document {n}"));
        Ok((key("app", &content)?, content))
    };
    let all: Vec<(DocumentKey, Bytes)> = (0..60).map(documents).collect::<Result<_>>()?;
    let (damaged, _) = all.first().context("none")?;
    place.store.put(damaged, Bytes::from_static(b"cut")).await?;
    for _ in 0..2 {
        place.store.put_many(all.clone()).await?;
    }
    for (key, expected) in &all {
        ensure!(content(&place.store, key).await?.as_deref() == Some(&expected[..]));
    }
    let keys: Vec<_> = all.into_iter().map(|(key, _)| key).collect();
    place.store.delete_many(&keys).await?;
    ensure!(place.objects()? == 0);
    Ok(())
}

pub(super) async fn largest_passes_in_pieces(place: &Place) -> Result<()> {
    let length = u32::try_from(DOCUMENT_BYTES_MAX)?;
    let large: Vec<u8> =
        (0..length).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let key = key("app", &large)?;
    let size = place.store.put_stream(&key, in_pieces(&large)).await?;
    ensure!(size == DOCUMENT_BYTES_MAX && place.store.head(&key).await? == Some(size));
    ensure!(content(&place.store, &key).await?.as_deref() == Some(&large[..]));
    Ok(())
}

pub(super) async fn content_at_fault_leaves_nothing(place: &Place) -> Result<()> {
    let key = key("app", b"announced")?;
    let mebibyte = || Ok::<_, std::io::Error>(Bytes::from(vec![7; 1 << 20]));
    let broken = || Err(std::io::Error::other("the line went dead"));
    for (pieces, kind) in [
        (vec![mebibyte()], "digest"),
        ((0..12).map(|_| mebibyte()).collect(), "digest"),
        ((0..31).map(|_| mebibyte()).collect(), "too_large"),
        ((0..12).map(|_| mebibyte()).chain([broken()]).collect(), "source"),
    ] {
        let put = place.store.put_stream(&key, stream::iter(pieces)).await;
        let error = put.err().context("it was taken")?;
        ensure!(error.kind() == kind && !error.is_transient(), "{error:?}");
        ensure!(place.store.head(&key).await?.is_none() && place.objects()? == 0, "{kind}");
    }
    Ok(())
}

/// An upload claims its row first, and the sweep takes what nobody claimed again.
pub(super) async fn uploads_are_claimed_and_swept(place: &Place) -> Result<()> {
    let ledger = ledgers::sqlite().await?;
    let now: Timestamp = "2026-06-01T12:00:00Z".parse()?;
    let (week, store) = (SignedDuration::from_hours(7 * 24), &place.store);
    for (text, age) in [("old", week * 2), ("young", SignedDuration::ZERO)] {
        let key = key("app", text.as_bytes())?;
        let at = now - age;
        for expected in [Uploaded::Created, Uploaded::AlreadyThere] {
            let pieces = in_pieces(text.as_bytes());
            let done = upload(&ledger, store, &key, Some("text/plain"), pieces, at).await?;
            ensure!(done == expected, "{text}: {done:?}");
        }
    }
    ensure!(sweep(&ledger, store, week, now).await? == 1);
    ensure!(store.head(&key("app", b"old")?).await?.is_none());
    ensure!(store.head(&key("app", b"young")?).await? == Some(5));
    // One that the store lost is written again.
    store.delete(&key("app", b"young")?).await?;
    let pieces = in_pieces(b"young");
    let again =
        upload(&ledger, store, &key("app", b"young")?, Some("text/plain"), pieces, now).await?;
    ensure!(again == Uploaded::Created && store.head(&key("app", b"young")?).await?.is_some());
    Ok(())
}

pub(super) async fn it_can_be_proved(place: &Place) -> Result<()> {
    place.store.ping().await?;
    place.store.prove().await?;
    ensure!(place.objects()? == 0, "the probe is left behind");
    let nowhere: Result<DocumentStore, DocumentError> = DocumentStore::open("ftp://documents");
    ensure!(nowhere.is_err());
    Ok(())
}
