use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::search::normalise::normalise;

/// The table of the search rules, word for word.
#[test]
fn the_published_examples() {
    let subject = |text: &str| Shelf::of(vec![french(1, &[text])]);
    for (stored, part, is_found) in [
        ("This is some random text", "me rando", true),
        ("This is some random text", "This some random", false),
        ("épinards", "epinards", true),
        ("épinards", "EPINARD", true),
        ("épinards", "pinar", true),
        ("François", "Francois", true),
    ] {
        assert_eq!(subject(stored).finds(Language::Fr, part), is_found, "{part:?} in {stored:?}");
    }
    let french_only = subject("cotisation");
    assert!(french_only.finds(Language::Fr, "cotisation"));
    for other in [Language::Nl, Language::De, Language::En] {
        assert!(!french_only.finds(other, "cotisation"), "{other:?}");
    }
}

#[test]
fn one_and_two_characters_begin_a_word() {
    let shelf = Shelf::of(vec![french(1, &["L'Été (2023) à Liège"])]);
    for (part, is_found) in [
        ("l", true),
        ("L", true),
        ("e", true),
        ("ét", true),
        ("20", true),
        ("à", true),
        ("(", true),
        ("(2", true),
        ("li", true),
        ("l'", true),
        ("t", false),
        ("te", false),
        ("23", false),
        ("ge", false),
        (")", false),
        ("'", false),
        (" à ", true),
        ("te ", false),
    ] {
        assert_eq!(shelf.finds(Language::Fr, part), is_found, "{part:?}");
    }
}

#[test]
fn nothing_is_found_across_two_values() {
    let shelf = Shelf::of(vec![french(1, &["abc", "def", "x", "yz", "abcd", "efgh"])]);
    for (part, is_found) in [
        ("abc", true),
        ("def", true),
        ("abcd", true),
        ("x", true),
        ("yz", true),
        ("efgh", true),
        ("abcdef", false),
        ("abc def", false),
        ("xyz", false),
        ("x yz", false),
        ("abcdefg", false),
        ("abcdefgh", false),
        ("abcd efgh", false),
        ("defx", false),
        ("abcefg", false),
    ] {
        assert_eq!(shelf.finds(Language::Fr, part), is_found, "{part:?}");
    }
}

#[test]
fn a_blank_text_is_no_criterion() {
    let shelf = Shelf::of(vec![message(1)]);
    for blank in ["", "  ", "\u{301}", "\0"] {
        assert!(shelf.finds(Language::Fr, blank), "{blank:?}");
    }
}

#[test]
fn the_longest_texts_are_found_by_the_longest_parts() {
    let subject = "Déclaration œuvre n° 12/34 ".repeat(15);
    let part: String = subject.chars().skip(7).take(super::super::TEXT_CHARS_MAX).collect();
    let shelf = Shelf::of(vec![french(1, &[&subject])]);
    assert!(shelf.finds(Language::Fr, &part));
    assert!(!shelf.finds(Language::Fr, &part.replace("34", "35")));
}

/// What the index must equal, without an index.
fn contains(value: &str, part: &str) -> bool {
    let (value, part) = (normalise(value), normalise(part));
    if part.chars().count() >= 3 {
        return value.contains(&part);
    }
    let chars: Vec<char> = value.chars().collect();
    let begins_word = |at: usize| match at.checked_sub(1).map(|before| chars[before]) {
        None | Some(' ') => chars[at] != ' ',
        Some(before) => chars[at].is_alphanumeric() && !before.is_alphanumeric(),
    };
    let starts_here = |at: usize| chars[at..].iter().collect::<String>().starts_with(&part);
    part.is_empty() || (0..chars.len()).any(|at| begins_word(at) && starts_here(at))
}

/// Few letters, so that repeats, overlaps and near misses are common.
fn values() -> impl Strategy<Value = Vec<String>> {
    vec(prop_oneof![4 => "[abAé ß'œ1]{0,14}", 1 => "\\PC{0,12}"], 0..4)
}

fn part(messages: &[Vec<String>], (at, from, len): (usize, usize, usize)) -> String {
    let values: Vec<&String> = messages.iter().flatten().collect();
    let value = if values.is_empty() { "" } else { values[at % values.len()] };
    value.chars().skip(from).take(len).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn search_equals_naive_contains(
        messages in vec(values(), 1..10),
        cuts in vec((0usize..40, 0usize..12, 0usize..14), 30),
        others in vec("[abAé ß'œ1]{0,8}", 30),
    ) {
        let numbered = || (1u128..).zip(&messages);
        let shelf = Shelf::of(numbered().map(|(n, texts)| {
            french(n, &texts.iter().map(String::as_str).collect::<Vec<_>>())
        }).collect());
        for part in cuts.iter().map(|&cut| part(&messages, cut)).chain(others) {
            let is_blank = normalise(&part).is_empty();
            let mut expected: Vec<u128> = numbered()
                .filter(|(_, texts)| is_blank || texts.iter().any(|value| contains(value, &part)))
                .map(|(n, _)| n)
                .collect();
            expected.reverse();
            prop_assert_eq!(shelf.numbers(&text(Language::Fr, &part)), expected, "{:?}", part);
        }
    }
}
