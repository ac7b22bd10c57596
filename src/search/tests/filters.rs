use super::super::{Boxes, REACH_MAX};
use super::*;

/// Eight messages that differ in one respect each from the plain one (1).
fn shelf() -> Shelf {
    let plain = |n| french(n, &["Cotisation annuelle"]);
    Shelf::of(vec![
        plain(1),
        Projected { enterprise: company(7), ..plain(2) },
        Projected { organization: company(8), ..plain(3) },
        Projected { application: "db2b.SPFETCS-FODWASO.fgov.be".parse().unwrap(), ..plain(4) },
        Projected { message_type: "C30bister3/1".parse().unwrap(), ..plain(5) },
        Projected { partition: "Ventes".parse().unwrap(), is_read: true, ..plain(6) },
        Projected { labels: vec!["à payer".into(), "2023".into()], ..plain(7) },
        Projected { medium: Medium::Both, ..french(8, &["Autre"]) },
    ])
}

#[test]
fn each_criterion_narrows_and_all_are_anded() {
    let shelf = shelf();
    let all = Query::everywhere;
    let second = |n: i64| Some(Timestamp::UNIX_EPOCH + n.seconds());
    let cotisation = text(Language::Fr, "cotisation").text;
    let table: Vec<(&str, Query, Vec<u128>)> = vec![
        ("everything, newest first", all(), vec![8, 7, 6, 5, 4, 3, 2, 1]),
        ("box", Query::in_boxes(vec![company(7)]), vec![2]),
        ("boxes", Query::in_boxes(vec![company(0), company(7)]), vec![8, 7, 6, 5, 4, 3, 2, 1]),
        ("box without mail", Query::in_boxes(vec![company(9)]), vec![]),
        ("no box at all", Query::in_boxes(vec![]), vec![]),
        ("organization", Query { organizations: vec![company(8)], ..all() }, vec![3]),
        (
            "application",
            Query { applications: vec!["db2b.SPFETCS-FODWASO.fgov.be".parse().unwrap()], ..all() },
            vec![4],
        ),
        (
            "application is case-sensitive",
            Query { applications: vec!["DB2B.spfetcs-fodwaso.fgov.be".parse().unwrap()], ..all() },
            vec![],
        ),
        ("type", Query { message_types: vec!["C30bister3/1".parse().unwrap()], ..all() }, vec![5]),
        (
            "types are alternatives",
            Query {
                message_types: vec!["C30bister3/1".parse().unwrap(), "DIMONA1".parse().unwrap()],
                size: 3,
                ..all()
            },
            vec![8, 7, 6],
        ),
        ("partition", Query { partitions: vec!["Ventes".parse().unwrap()], ..all() }, vec![6]),
        ("label", Query { labels: vec!["à payer".into()], ..all() }, vec![7]),
        (
            "one of the labels",
            Query { labels: vec!["none".into(), "2023".into()], ..all() },
            vec![7],
        ),
        ("part of a label", Query { labels: vec!["payer".into()], ..all() }, vec![]),
        ("medium", Query { media: vec![Medium::Both, Medium::Paper], ..all() }, vec![8]),
        ("read", Query { is_read: Some(true), ..all() }, vec![6]),
        ("unread", Query { is_read: Some(false), size: 2, ..all() }, vec![8, 7]),
        ("from is included", Query { arrived_from: second(7), ..all() }, vec![8, 7]),
        ("to is not", Query { arrived_to: second(3), ..all() }, vec![2, 1]),
        ("period", Query { arrived_from: second(3), arrived_to: second(5), ..all() }, vec![4, 3]),
        ("empty period", Query { arrived_from: second(5), arrived_to: second(3), ..all() }, vec![]),
        (
            "text and type",
            Query {
                text: cotisation,
                message_types: vec!["C30bister3/1".parse().unwrap()],
                ..all()
            },
            vec![5],
        ),
        (
            "contradiction",
            Query { is_read: Some(true), media: vec![Medium::Both], ..all() },
            vec![],
        ),
    ];
    for (name, query, expected) in table {
        assert_eq!(shelf.numbers(&query), expected, "{name}");
    }
}

#[test]
fn a_text_is_found_in_the_message_or_in_the_names_it_refers_to() {
    let shelf = shelf();
    let named = |named: Named| {
        let text = Text { language: Language::Fr, part: "autre".into(), named };
        shelf.numbers(&Query { text: Some(text), ..Query::everywhere() })
    };
    assert_eq!(named(Named::default()), [8]);
    assert_eq!(named(Named { organizations: vec![company(8)], ..Named::default() }), [8, 3]);
    let several = Named {
        organizations: Vec::new(),
        applications: vec!["db2b.SPFETCS-FODWASO.fgov.be".parse().unwrap()],
        message_types: vec!["C30bister3/1".parse().unwrap(), "C30bister3/2".parse().unwrap()],
    };
    assert_eq!(named(several), [8, 5, 4]);
}

#[test]
fn a_name_does_not_widen_the_other_criteria() {
    let named = Named { organizations: vec![company(1)], ..Named::default() };
    let text = Text { language: Language::Nl, part: "zzz".into(), named };
    let query =
        Query { text: Some(text), boxes: Boxes::Of(vec![company(7)]), ..Query::everywhere() };
    assert_eq!(shelf().numbers(&query), [2]);
}

#[test]
fn pages_follow_each_other_without_overlap_when_all_arrived_at_once() {
    let together = |n| Projected { arrived_at: Timestamp::UNIX_EPOCH, ..message(n) };
    let mut shelf = Shelf::of((1..=30).map(together).collect());
    shelf.put((31..=60).map(together).collect());
    let page = |page| shelf.find(&Query { page, size: 25, ..Query::everywhere() });
    let found = [page(1), page(2), page(3), page(4)];
    assert_eq!(found.each_ref().map(|found| found.ids.len()), [25, 25, 10, 0]);
    assert!(found.iter().all(|found| found.total == 60));
    let numbers: Vec<u128> =
        found.iter().flat_map(|found| &found.ids).map(|id| id.0.as_u128()).collect();
    assert_eq!(numbers, (1..=60).rev().collect::<Vec<_>>());
}

#[test]
fn the_newest_come_first_in_whatever_order_they_were_written() {
    let second = |n: u128| i64::try_from(n * 7_919 % 300).unwrap();
    let scattered =
        |n| Projected { arrived_at: Timestamp::from_second(second(n)).unwrap(), ..message(n) };
    let mut shelf = Shelf::of((1..=200).map(scattered).collect());
    shelf.put((201..=300).map(scattered).collect());
    let mut newest: Vec<u128> = (1..=300).collect();
    newest.sort_by_key(|&n| std::cmp::Reverse(second(n)));
    assert_eq!(shelf.numbers(&Query { size: 100, ..Query::everywhere() }), newest[..100]);
}

#[test]
fn matches_are_counted_up_to_a_cap() {
    let mut shelf = Shelf::of((1..=30).map(message).collect());
    // Written again, and so deleted where they were.
    shelf.put((21..=60).map(|n| Projected { is_read: true, ..message(n) }).collect());
    let count = |query, cap| count(&shelf.generation.view(), &query, cap).unwrap();
    for (cap, counted) in [(0, 0), (1, 1), (35, 35), (60, 60), (61, 60), (u64::MAX, 60)] {
        assert_eq!(count(Query::everywhere(), cap), counted, "{cap}");
    }
    let unread = Query { is_read: Some(false), ..Query::everywhere() };
    assert_eq!((count(unread.clone(), 7), count(unread, 100)), (7, 20));
}

#[test]
fn a_changed_message_is_found_as_it_is_now() {
    let mut shelf = Shelf::of(vec![message(1), message(2)]);
    let again = Projected { is_read: true, ..message(1) };
    shelf.put(vec![message(1), Projected { labels: vec!["x".into()], ..message(1) }, again]);
    assert_eq!(shelf.numbers(&Query::everywhere()), [2, 1]);
    assert_eq!(shelf.numbers(&Query { is_read: Some(true), ..Query::everywhere() }), [1]);
    assert!(shelf.numbers(&Query { labels: vec!["x".into()], ..Query::everywhere() }).is_empty());
}

#[test]
fn an_accountant_searches_a_thousand_boxes_at_once() {
    let boxed = |n: u32| Projected {
        enterprise: company(n % 1_500),
        ..french(u128::from(n), &["Cotisation"])
    };
    let mut shelf = Shelf::of((0..3_000).map(boxed).collect());
    shelf.put((3_000..4_500).map(boxed).collect());
    let boxes = (0..1_000).map(company).collect();
    let query = Query { boxes: Boxes::Of(boxes), ..text(Language::Fr, "tisati") };
    let found = shelf.find(&query);
    assert_eq!((found.total, found.ids.len()), (3_000, 100));
    assert_eq!(found.ids[0], id(3_999));
    let whole = Query { boxes: Boxes::All, size: 100, page: REACH_MAX / 100, ..query };
    assert_eq!(shelf.find(&whole), Found { ids: Vec::new(), total: 4_500 });
}
