//! What people search for.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{EnterpriseNumber, Language, Medium, MessageId, PartitionId, Task};
use facteur::search::source::{Page, Projected, Source, SourceError};
use facteur::search::{Boxes, Named, Projection, Query, Search, Text};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::in_time;

/// What lies in the box, in scripts and with signs that people search for.
const TEXTS: [&str; 6] = [
    "Avis de paiement n° 12/3456-78: à régler",
    "Ελληνικά κείμενα και ÄÖÜ ß",
    "日本語の手紙 \u{1f4ee} عربي",
    "a:b \"c\" (d) [e] {f} ~g ^h \\i *j ?k +l -m",
    "x",
    "\u{0301}\u{200d}\u{feff}",
];
const COUNT: u64 = 60;

/// Messages with these texts in turn, all of one box.
struct Filled;

#[async_trait]
impl Source for Filled {
    async fn epoch(&self) -> Result<Uuid, SourceError> {
        Ok(Uuid::nil())
    }

    async fn position(&self) -> Result<i64, SourceError> {
        Ok(i64::try_from(COUNT).unwrap())
    }

    async fn after(&self, position: i64, _limit: usize) -> Result<Page, SourceError> {
        let through = i64::try_from(COUNT).unwrap();
        let messages = (position + 1..=through).map(message).collect();
        Ok(Page { messages, through, ..Page::default() })
    }
}

fn message(position: i64) -> Projected {
    let text = TEXTS[usize::try_from(position).unwrap() % TEXTS.len()];
    Projected {
        position,
        id: MessageId(Uuid::from_u128(u128::try_from(position).unwrap())),
        enterprise: company(),
        organization: EnterpriseNumber::from_stem(2_000_000),
        application: "tax:assessment".parse().unwrap(),
        message_type: "TAX-NOTICE".parse().unwrap(),
        partition: PartitionId::general(),
        arrived_at: SystemClock.now(),
        medium: Medium::Digital,
        is_read: false,
        is_hidden: false,
        is_registered: false,
        task: Task::None,
        due: None,
        labels: Vec::new(),
        texts: vec![(Language::Fr, text.to_owned())],
    }
}

fn company() -> EnterpriseNumber {
    EnterpriseNumber::from_stem(3_000_000)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// An index of its own, filled: what a query finds is gathered and sorted too.
static INDEX: LazyLock<(TempDir, Search)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let mut projection =
        Projection::open(folder.path(), || SystemClock.now(), Arc::new(())).unwrap();
    let rebuilt = runtime().block_on(projection.rebuild(&Filled, &CancellationToken::new()));
    assert_eq!(rebuilt.unwrap().messages, COUNT);
    let search = projection.search();
    (folder, search)
});

fn query(part: String, page: u32, size: u32) -> Query {
    let text = Text { language: Language::Fr, part, named: Named::default() };
    Query { boxes: Boxes::Of(vec![company()]), text: Some(text), page, size, ..Query::everywhere() }
}

fn is_answered(part: String, page: u32, size: u32) {
    let found = in_time(|| runtime().block_on(INDEX.1.find(query(part, page, size))));
    // What is asked beyond the bounds is an error, and names what it is.
    if let Ok(found) = found {
        assert!(found.total <= COUNT && found.ids.len() <= size as usize, "{found:?}");
    }
}

/// Each text is found by a piece of itself, whatever signs are in it.
#[test]
fn what_is_there_is_found() {
    for text in &TEXTS[..4] {
        let part: String = text.chars().skip(2).take(9).collect();
        let found = runtime().block_on(INDEX.1.find(query(part.clone(), 1, 100))).unwrap();
        assert_eq!(found.total, COUNT / TEXTS.len() as u64, "{part:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_answered(part: String, page: u32, size: u32) {
        is_answered(part, page, size);
    }

    #[test]
    fn the_words_of_query_languages_are_answered(part in r#"([a-z]{0,3}[:"'()*?~^\\/+\-\[\]{} ]){0,40}"#) {
        is_answered(part, 1, 10);
    }

    #[test]
    fn letters_of_every_script_are_answered(part in "\\PC{0,300}") {
        is_answered(part, 1, 10);
    }
}
