//! What people search for.

use std::sync::{Arc, LazyLock};

use facteur::clock::{Clock, SystemClock};
use facteur::domain::{EnterpriseNumber, Language};
use facteur::search::{Boxes, Named, Projection, Query, Search, Text};
use proptest::prelude::*;
use tempfile::TempDir;

use super::in_time;

/// An index of its own, empty: a query is built and run all the same.
static INDEX: LazyLock<(TempDir, Search)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let projection = Projection::open(folder.path(), || SystemClock.now(), Arc::new(())).unwrap();
    let search = projection.search();
    (folder, search)
});

fn is_answered(part: String, page: u32, size: u32) {
    let boxes = Boxes::Of(vec![EnterpriseNumber::from_stem(3_000_000)]);
    let text = Text { language: Language::Fr, part, named: Named::default() };
    let query = Query { boxes, text: Some(text), page, size, ..Query::everywhere() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let found = in_time(|| runtime.block_on(INDEX.1.find(query)));
    // What is asked beyond the bounds is an error, and names what it is.
    if let Ok(found) = found {
        assert_eq!((found.total, found.ids.len()), (0, 0));
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
