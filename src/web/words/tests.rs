//! The four languages say the same things, and every text that a page names
//! exists.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::*;

fn file(language: Language) -> String {
    let path = format!("src/web/words/locales/{}/pages.ftl", language.code());
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn names(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"(?m)^([A-Za-z][\w-]*) =").unwrap();
    name.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

fn values(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let line = Regex::new(r"(?m)^([A-Za-z][\w-]*) = ([^\n]*[^>\n])$").unwrap();
    let value = Regex::new(r"\$(\w+)").unwrap();
    let of = |text: &str| value.captures_iter(text).map(|found| found[1].to_owned()).collect();
    line.captures_iter(text).map(|found| (found[1].to_owned(), of(&found[2]))).collect()
}

/// Everything that a text may be about.
const VALUES: &[&str] = &[
    "text",
    "day",
    "person",
    "what",
    "name",
    "count",
    "type",
    "from",
    "to",
    "partition",
    "rule",
    "n",
    "of",
    "app",
    "box",
    "event",
    "language",
    "printer",
    "who",
];

#[test]
fn the_four_languages_say_the_same_things() {
    let english = file(Language::En);
    for language in Language::ALL {
        let text = file(language);
        let lines = text.lines().filter(|line| names(line).len() == 1).count();
        assert_eq!(lines, names(&text).len(), "a name stands twice in {language:?}");
        assert_eq!(names(&text), names(&english), "{language:?}");
        assert_eq!(values(&text), values(&english), "{language:?}");
        for (name, wanted) in values(&text) {
            let given: Vec<_> = VALUES.iter().filter(|it| wanted.contains(**it)).collect();
            assert_eq!(given.len(), wanted.len(), "{name} wants {wanted:?}");
            let values: Vec<_> = given.into_iter().map(|it| (*it, "x")).collect();
            assert_ne!(Words(language).with_all(&name, &values), name, "{language:?}");
        }
    }
    assert!(names(&english).len() > 250);
}

#[test]
fn every_text_that_is_named_exists() {
    let known = names(&file(Language::En));
    let call = Regex::new(r#"(?:say|with|with_all|count|said)\(\s*"([A-Za-z0-9_-]*[A-Za-z0-9])""#)
        .unwrap();
    let mut found = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.extension().and_then(std::ffi::OsStr::to_str);
            if path.is_dir() {
                folders.push(path);
            } else if matches!(kind, Some("html" | "rs")) {
                for call in call.captures_iter(&std::fs::read_to_string(&path).unwrap()) {
                    assert!(known.contains(&call[1]), "{} names {}", path.display(), &call[1]);
                    found += 1;
                }
            }
        }
    }
    assert!(found > 200, "only {found} texts were seen");
}

#[test]
fn numbers_and_counts_are_written_as_people_write_them() {
    for (language, many, one) in [
        (Language::Fr, "12\u{202f}345 messages", "1 message"),
        (Language::Nl, "12.345 berichten", "1 bericht"),
        (Language::De, "12.345 Nachrichten", "1 Nachricht"),
        (Language::En, "12,345 messages", "1 message"),
    ] {
        assert_eq!(Words(language).count("n-messages", 12_345), many);
        assert_eq!(Words(language).count("n-messages", 1), one);
    }
    assert_eq!(Words(Language::Fr).size(2_340_000), "2,4 Mo");
    assert_eq!(Words(Language::En).size(999), "999 B");
}

#[test]
fn a_browser_gets_the_first_language_that_there_is() {
    for (header, language) in [
        ("nl-BE,nl;q=0.9,en;q=0.8", Some(Language::Nl)),
        ("it, DE;q=0.5", Some(Language::De)),
        ("*", None),
        ("", None),
    ] {
        assert_eq!(accepted(header), language, "{header}");
    }
}
