//! Bytes that flip in a file of the index, which stays as long as it was.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tantivy::TantivyError;
use tokio_util::sync::CancellationToken;

use super::super::Reason;
use super::super::checksum::{Verdict, blamed, judge};
use super::damage::{current, spoil};
use super::follow::{Running, until};
use super::*;

/// What every segment consists of.
const PARTS: [&str; 6] = [".term", ".idx", ".pos", ".store", ".fast", ".fieldnorm"];

/// Flips the bits of the middle half of a file. In place: it may be mapped into
/// memory.
fn flip(path: &Path) {
    let length = fs::metadata(path).unwrap().len();
    (length / 4..length * 3 / 4).for_each(|at| flip_byte(path, at));
}

fn flip_byte(path: &Path, at: u64) {
    flip_bits(path, at, 0xff);
}

/// What was a letter or a digit often stays one.
fn flip_bit(path: &Path, at: u64) {
    flip_bits(path, at, 1);
}

fn flip_bits(path: &Path, at: u64, bits: u8) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ bits], at).unwrap();
}

fn ledger() -> Arc<Ledger> {
    Arc::new(Ledger::with((1..=50).map(|n| french(n, &["Cotisation"]))))
}

/// An index that was made anew answers for everything, and the old one is gone.
async fn comes_back(running: &Running, root: &Path, old: &Path) {
    until(|| generations(root) == [current(root)] && current(root) != old).await;
    running.caught_up().await;
    let found = running.search.find(text(Language::Fr, "otisat")).await.unwrap();
    assert_eq!(found.total, 50);
}

fn verdict(shelf: &Shelf) -> Verdict {
    let index = shelf.generation.view().reader.searcher().index().clone();
    judge(&index, shelf.generation.path(), &CancellationToken::new())
}

#[test]
fn one_byte_of_any_file_is_noticed() {
    let mut shelf = Shelf::of((1..=30).map(|n| french(n, &["Cotisation"])).collect());
    shelf.put((25..=40).map(message).collect());
    assert_eq!(verdict(&shelf), Verdict::Sound);
    for end in PARTS.into_iter().chain([".del"]) {
        let files = fs::read_dir(shelf.generation.path()).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let file = files.into_iter().find(|path| path.to_str().unwrap().ends_with(end));
        let file = file.unwrap_or_else(|| panic!("no file {end}"));
        flip_byte(&file, 0);
        assert_eq!(verdict(&shelf), Verdict::Damaged, "{end}");
        flip_byte(&file, 0);
        assert_eq!(verdict(&shelf), Verdict::Sound, "{end}");
    }
    shelf.put((41..=42).map(message).collect());
    assert_eq!(verdict(&shelf), Verdict::Sound);
}

/// No byte of what the library keeps as JSON may be another one.
#[test]
fn one_byte_of_what_is_known_of_the_files_is_noticed() {
    let shelf = Shelf::of((1..=30).map(message).collect());
    let Shelf { _folder: folder, generation } = shelf;
    drop(generation);
    for name in ["meta.json", ".managed.json"] {
        let file = folder.path().join(name);
        for at in (0..fs::metadata(&file).unwrap().len()).step_by(7) {
            flip_bit(&file, at);
            assert!(Generation::open(folder.path()).is_err(), "{name}: {at}");
            flip_bit(&file, at);
        }
        assert!(Generation::open(folder.path()).is_ok(), "{name}");
    }
}

/// As an older version left it.
#[test]
fn files_without_a_sum_are_read() {
    let Shelf { _folder: folder, generation } = Shelf::of(vec![message(1)]);
    drop(generation);
    for name in ["meta.json", ".managed.json"] {
        let file = folder.path().join(name);
        let content = fs::read_to_string(&file).unwrap();
        fs::write(&file, content.split_once("\n#").unwrap().0).unwrap();
    }
    assert_eq!(Generation::open(folder.path()).map(|generation| generation.applied()).unwrap(), 1);
}

#[test]
fn a_missing_right_is_no_damage() {
    for (code, verdict) in [(13, Verdict::Unknown), (24, Verdict::Unknown), (5, Verdict::Damaged)] {
        let error = std::io::Error::from_raw_os_error(code);
        assert_eq!(blamed(&TantivyError::from(error)), verdict, "{code}");
    }
}

#[tokio::test]
async fn bytes_that_flipped_before_the_start_are_found() {
    for end in PARTS.into_iter().chain(["/meta.json", "/.managed.json"]) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("search");
        let running = Running::start(&root, ledger(), quick());
        running.caught_up().await;
        let (ledger, old) = (running.ledger.clone(), current(&root));
        running.stop().await;
        spoil(&root, end, flip);
        let running = Running::start(&root, ledger, quick());
        comes_back(&running, &root, &old).await;
        assert_eq!(running.heard.reasons(), [Reason::Damaged], "{end}");
        running.stop().await;
    }
}

#[tokio::test]
async fn an_index_that_fails_a_search_is_read_through() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), ledger(), quick());
    running.caught_up().await;
    let old = current(folder.path());
    spoil(folder.path(), ".fast", flip);
    assert!(running.search.find(Query::everywhere()).await.is_err());
    comes_back(&running, folder.path(), &old).await;
    assert_eq!(running.heard.reasons(), [Reason::Missing, Reason::Damaged]);
    running.stop().await;
}

#[tokio::test]
async fn bytes_that_flip_while_nothing_fails_are_found_in_time() {
    for end in PARTS.into_iter().chain(["/meta.json"]) {
        let folder = tempfile::tempdir().unwrap();
        let pace = Pace { reread: Duration::from_millis(50), ..quick() };
        let running = Running::start(folder.path(), ledger(), pace);
        running.caught_up().await;
        let old = current(folder.path());
        spoil(folder.path(), end, flip);
        comes_back(&running, folder.path(), &old).await;
        assert_eq!(running.heard.reasons(), [Reason::Missing, Reason::Damaged], "{end}");
        running.stop().await;
    }
}

/// What half-made indexes leave behind may be what fills the disk.
#[tokio::test]
async fn a_rebuild_that_fails_leaves_nothing_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), ledger(), quick());
    running.caught_up().await;
    let old = current(folder.path());
    running.ledger.state().falters_at = Some(7);
    spoil(folder.path(), ".fast", flip);
    assert!(running.search.find(Query::everywhere()).await.is_err());
    until(|| running.heard.failures.lock().unwrap().len() >= 4).await;
    assert!(generations(folder.path()).len() <= 2, "the one in use, and one in the making");
    running.ledger.state().falters_at = None;
    comes_back(&running, folder.path(), &old).await;
    running.stop().await;
}
