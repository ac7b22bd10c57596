//! Files that operators write.

use facteur::config::Config;
use facteur::decide::Policy;
use facteur::paper::printer::Printers;
use proptest::collection::vec;
use proptest::prelude::*;

use super::in_time;

const POLICY: &str = include_str!("../../../config/policy.toml");
const PRINTERS: &str = include_str!("../../../config/printers.toml");
const CONFIG: &str = include_str!("../../../config/facteur.toml");

/// A text with some of its lines left out, doubled, cut or put elsewhere.
fn nearly(whole: &'static str) -> impl Strategy<Value = String> {
    let lines: Vec<&str> = whole.lines().collect();
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8, ".{0,20}");
    vec(change, 1..6).prop_map(move |changes| {
        let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        for (place, other, how, text) in changes {
            if lines.is_empty() {
                break;
            }
            let (place, other) = (place.index(lines.len()), other.index(lines.len()));
            match how {
                0 => drop(lines.remove(place)),
                1 => lines.insert(other, lines[place].clone()),
                2 => lines.swap(place, other),
                3 => lines[place] = lines[place].chars().take(other % 20).collect(),
                _ => lines[place].push_str(&text),
            }
        }
        lines.join("\n")
    })
}

fn reads_policy(text: &str) {
    let lines = text.lines().count();
    if let Err(error) = in_time(|| Policy::parse(text)) {
        assert!((1..=lines + 1).contains(&error.line), "line {} of {lines}", error.line);
    }
}

fn reads_config(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("facteur.toml");
    std::fs::write(&path, text).unwrap();
    drop(in_time(|| Config::load(Some(&path), std::iter::empty())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_policy_is_answered(text in any::<String>()) {
        reads_policy(&text);
    }

    #[test]
    fn a_policy_that_is_nearly_right_is_answered(text in nearly(POLICY)) {
        reads_policy(&text);
    }

    #[test]
    fn printers_that_are_nearly_right_are_answered(text in nearly(PRINTERS)) {
        drop(in_time(|| toml::from_str::<Printers>(&text)));
    }

    #[test]
    fn a_configuration_that_is_nearly_right_is_answered(text in nearly(CONFIG)) {
        reads_config(&text);
    }
}
