//! The promises of the plan: nothing lost, caps kept, order kept, and the same
//! letters give the same plan.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::calendar::is_working_day;
use super::*;
use crate::domain::MessageTypeId;
use crate::paper::printer::Printers;

const MONDAY: Date = date(2026, 11, 23);

/// Liège for its own region, two for the rest of Belgium, the default.
const PRINTERS: &str = r#"
[[printer]]
name = "liege"
cap_per_day = 2
[[printer.lane]]
countries = ["BE"]
postal_codes = ["4000", "4999"]

[[printer]]
name = "north"
cap_per_day = 3
[[printer.lane]]
countries = ["BE"]
postal_codes = ["2000", "2999"]
[[printer.lane]]
registered_only = true

[[printer]]
name = "south"
cap_per_day = 6
working_days = ["monday", "wednesday"]
[[printer.lane]]
countries = ["BE"]
postal_codes = ["2000", "2999"]

[[printer]]
name = "overflow"
"#;

fn printers(text: &str) -> Printers {
    toml::from_str(text).unwrap()
}

fn kind() -> MessageTypeId {
    MessageTypeId::new("TAX-LETTER").unwrap()
}

fn facts<'a>(code: &'a str, registered: bool, kind: &'a MessageTypeId) -> LaneFacts<'a> {
    LaneFacts { country: "BE", postal_code: code, registered, document_type: kind }
}

/// The plan of ordinary letters to these postal codes: `printer day`.
fn days(text: &str, codes: &[&str]) -> Vec<String> {
    let (printers, kind, taken) = (printers(text), kind(), Taken::new());
    let mut planner = Planner::new(&printers, MONDAY, &taken);
    let letters: Vec<_> =
        codes.iter().map(|code| (Turn::Ordinary, facts(code, false, &kind))).collect();
    plan(&letters, &mut planner)
        .into_iter()
        .map(|planned| match planned {
            Ok(to) => format!("{} {:02}", to.printer, to.day.day()),
            Err(stays) => stays.to_string(),
        })
        .collect()
}

#[test]
fn what_has_no_room_rolls_to_the_next_working_day() {
    let liege = ["4000"; 5];
    let expected = ["liege 23", "liege 23", "liege 24", "liege 24", "liege 25"];
    assert_eq!(days(PRINTERS, &liege), expected);
}

#[test]
fn only_what_no_lane_matches_goes_to_the_default_printer() {
    assert_eq!(days(PRINTERS, &["1000", "4000", "40"]), ["overflow 23", "liege 23", "overflow 23"]);
}

#[test]
fn letters_are_spread_by_the_room_that_is_left() {
    let planned = days(PRINTERS, &["2000"; 14]);
    let count = |what: &str| planned.iter().filter(|it| it.as_str() == what).count();
    assert_eq!((count("north 23"), count("south 23")), (3, 6), "{planned:?}");
    // The south does not work on Tuesday.
    assert_eq!((count("north 24"), count("south 25")), (3, 2), "{planned:?}");
    assert_eq!(planned[..4], ["south 23", "south 23", "south 23", "north 23"], "{planned:?}");
}

#[test]
fn every_assignment_says_why() {
    let (printers, kind, taken) = (printers(PRINTERS), kind(), Taken::new());
    let mut planner = Planner::new(&printers, MONDAY, &taken);
    let mut why = |code| planner.assign(facts(code, false, &kind)).unwrap().to_string();
    assert_eq!(why("4000"), "liege on 2026-11-23: its lane 1 matches, the only one");
    assert_eq!(why("2000"), "south on 2026-11-23: its lane 1 matches, the one with the most room");
    assert_eq!(
        why("1000"),
        "overflow on 2026-11-23: no other printer's lane matches, the only one"
    );
    why("4000");
    assert_eq!(
        why("4000"),
        "liege on 2026-11-24: its lane 1 matches, the only one; it was full from 2026-11-23"
    );
}

#[test]
fn registered_and_second_attempts_go_before_older_letters() {
    let (printers, kind, taken) = (printers(PRINTERS), kind(), Taken::new());
    let mut planner = Planner::new(&printers, MONDAY, &taken);
    let letters: Vec<_> = [Turn::Ordinary, Turn::Ordinary, Turn::Again, Turn::Registered]
        .map(|turn| (turn, facts("4000", false, &kind)))
        .into();
    let planned = plan(&letters, &mut planner);
    let days: Vec<i8> = planned.into_iter().map(|to| to.unwrap().day.day()).collect();
    assert_eq!(days, [24, 24, 23, 23]);
    assert_eq!([Turn::of(true, 2), Turn::of(false, 2), Turn::of(false, 1)], Turn::ALL);
}

#[test]
fn what_was_given_before_takes_its_room_on_every_day() {
    let (printers, kind) = (printers(PRINTERS), kind());
    let given = [(23, 2), (24, 1), (25, 2)];
    let taken: Taken =
        given.map(|(day, count)| (("liege".to_owned(), date(2026, 11, day)), count)).into();
    let mut planner = Planner::new(&printers, MONDAY, &taken);
    let mut next = || planner.assign(facts("4000", false, &kind)).unwrap();
    let first = next();
    assert_eq!((first.day.day(), first.rolled_from), (24, Some(MONDAY)));
    assert_eq!(next().day.day(), 26);
}

#[test]
fn what_nobody_can_take_stays_and_says_why() {
    for (text, why) in [
        (
            "[[printer]]\nname = \"a\"\n[[printer.lane]]\ncountries = [\"FR\"]",
            "no printer takes it",
        ),
        ("[[printer]]\nname = \"a\"\npaused = true", "every printer that takes it is paused"),
        (
            "[[printer]]\nname = \"a\"\ncap_per_day = 0",
            "no printer that takes it has room on any day",
        ),
        (
            "[[printer]]\nname = \"a\"\nworking_days = []",
            "no printer that takes it has room on any day",
        ),
    ] {
        assert_eq!(days(text, &["1000"]), [why], "{text}");
    }
}

#[test]
fn holidays_and_weekends_are_skipped() {
    let (printers, kind, taken) = (printers(PRINTERS), kind(), Taken::new());
    // Armistice Day, a Wednesday.
    let mut planner = Planner::new(&printers, date(2026, 11, 11), &taken);
    let days: Vec<i8> =
        (0..5).map(|_| planner.assign(facts("4000", false, &kind)).unwrap().day.day()).collect();
    assert_eq!(days, [12, 12, 13, 13, 16]);
}

/// A million letters cost a bounded number of steps each, and no memory: what
/// is kept is a row a printer.
#[test]
fn the_work_grows_with_the_letters_alone() {
    let (printers, kind, taken) = (printers(PRINTERS), kind(), Taken::new());
    let steps = |letters: u32| {
        let mut planner = Planner::new(&printers, MONDAY, &taken);
        for number in 0..letters {
            let code = (1000 + number % 9000).to_string();
            // Liège is full for ten years at some time: also that is an answer.
            drop(planner.assign(facts(&code, number % 10 == 0, &kind)));
        }
        planner.steps()
    };
    let (small, large) = (steps(1_000), steps(50_000));
    // Four printers and four lanes, and at most two days looked at.
    assert!(large <= 50_000 * (8 + 4), "{large} steps");
    assert!(large <= small * 60, "{small} steps, then {large}");
}

#[derive(Clone, Debug)]
struct Letter {
    code: String,
    registered: bool,
    attempt: u32,
}

fn letters() -> impl Strategy<Value = Vec<Letter>> {
    let code = prop_oneof![Just("4000"), Just("2500"), Just("1000"), Just("9999")];
    let letter = (code, any::<bool>(), 1_u32..3).prop_map(|(code, registered, attempt)| Letter {
        code: code.to_owned(),
        registered,
        attempt,
    });
    prop::collection::vec(letter, 0..200)
}

fn planned(letters: &[Letter], from: Date) -> Vec<Result<Assignment, Stays>> {
    let (printers, kind, taken) = (printers(PRINTERS), kind(), Taken::new());
    let mut planner = Planner::new(&printers, from, &taken);
    let letters: Vec<_> = letters
        .iter()
        .map(|it| (Turn::of(it.registered, it.attempt), facts(&it.code, it.registered, &kind)))
        .collect();
    plan(&letters, &mut planner)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_cap_is_broken(letters in letters(), start in 0_i64..400) {
        let from = MONDAY.saturating_add(jiff::Span::new().days(start));
        let planned = planned(&letters, from);
        prop_assert_eq!(planned.len(), letters.len());
        let mut summary = Summary::default();
        planned.iter().for_each(|it| summary.count(it));
        prop_assert_eq!(summary.days.values().sum::<u64>(), letters.len() as u64);
        let caps = BTreeMap::from([("liege", 2), ("north", 3), ("south", 6)]);
        for ((printer, day), count) in &summary.days {
            prop_assert!(count <= caps.get(printer.as_str()).unwrap_or(&u64::MAX));
            prop_assert!(*day >= from && is_working_day(*day), "{} {}", printer, day);
        }
    }

    #[test]
    fn no_letter_overtakes_an_older_one_of_its_lane(letters in letters()) {
        let planned = planned(&letters, MONDAY);
        let mut latest: BTreeMap<(Turn, String, bool), Date> = BTreeMap::new();
        for (letter, to) in letters.iter().zip(&planned) {
            let turn = Turn::of(letter.registered, letter.attempt);
            let day = to.as_ref().unwrap().day;
            let key = (turn, letter.code.clone(), letter.registered);
            let before = latest.insert(key, day);
            prop_assert!(before.is_none_or(|before| before <= day));
        }
    }

    #[test]
    fn registered_letters_go_as_if_there_were_no_others(letters in letters()) {
        let planned = planned(&letters, MONDAY);
        let alone: Vec<Letter> = letters.iter().filter(|it| it.registered).cloned().collect();
        let among = letters.iter().zip(planned).filter(|(it, _)| it.registered);
        let among: Vec<_> = among.map(|(_, to)| to).collect();
        prop_assert_eq!(self::planned(&alone, MONDAY), among);
    }

    #[test]
    fn the_same_letters_give_the_same_plan(letters in letters()) {
        prop_assert_eq!(planned(&letters, MONDAY), planned(&letters, MONDAY));
    }
}
