//! Shortcuts change no answer: neither an end of counting nor the way in
//! which boxes are looked into.

use super::*;
use crate::search::Boxes;

const MESSAGES: u128 = 4_000;

/// Messages of 60 boxes in three segments, written in another order than they
/// arrived in; every third holds the word.
fn scattered() -> Shelf {
    let second = |n: u128| i64::try_from(n * 7_919 % MESSAGES).unwrap();
    let one = |n: u128| Projected {
        arrived_at: Timestamp::from_second(second(n)).unwrap(),
        enterprise: company(u32::try_from(n % 60).unwrap()),
        ..french(n, &[if n.is_multiple_of(3) { "Cotisation" } else { "Attestation" }])
    };
    let mut shelf = Shelf::of((0..2_500).map(one).collect());
    shelf.put((2_500..3_000).map(one).collect());
    shelf.put((3_000..MESSAGES).map(one).collect());
    shelf
}

fn boxes(count: u32) -> Boxes {
    Boxes::Of((0..count).map(company).collect())
}

#[test]
fn who_stops_counting_sees_the_same_pages() {
    let shelf = scattered();
    for (boxes, part) in
        [(boxes(60), "tisati"), (boxes(3), "tisati"), (boxes(20), "station"), (Boxes::All, "abc")]
    {
        for page in [1, 2, 7] {
            let whole = Query { boxes: boxes.clone(), page, size: 20, ..text(Language::Fr, part) };
            let exact = shelf.find(&whole);
            for count_max in [1, 50, 400, 10_000] {
                let found = shelf.find(&Query { count_max, ..whole.clone() });
                assert_eq!(found.ids, exact.ids, "{part} {page} {count_max}");
                assert!(found.total >= exact.total.min(count_max), "{part} {page} {count_max}");
                assert!(found.total <= exact.total, "{part} {page} {count_max}");
            }
        }
    }
}

#[test]
fn many_boxes_are_looked_into_as_one_by_one() {
    let shelf = scattered();
    let total = |boxes| shelf.find(&Query { boxes, ..Query::everywhere() }).total;
    let one_by_one =
        |count: u32| -> u64 { (0..count).map(|n| total(Boxes::Of(vec![company(n)]))).sum() };
    for count in [1, 8, 9, 30, 60, 90] {
        assert_eq!(total(boxes(count)), one_by_one(count), "{count}");
    }
    let others = Boxes::Of((60..90).map(company).collect());
    assert_eq!(total(others), 0);
}
