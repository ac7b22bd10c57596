//! What the pages say, in the four languages.
//!
//! Every text stands under `locales/`, one Fluent file a language, compiled
//! in; a test holds the four to the same names.

pub(super) mod dates;
mod spoken;

pub(super) use spoken::Spoken;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader};

use crate::domain::Language;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./src/web/words/locales",
        fallback_language: "en",
        // No invisible marks around values: they would travel with a copied text.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static IDENTIFIERS: LazyLock<[LanguageIdentifier; 4]> =
    LazyLock::new(|| Language::ALL.map(|language| language.code().parse().unwrap_or_default()));

/// The texts of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words(pub(super) Language);

impl Words {
    /// The ISO 639-1 code.
    pub(super) fn code(self) -> &'static str {
        self.0.code()
    }

    /// The language's name in itself.
    pub(super) fn name(self) -> &'static str {
        own_name(self.0)
    }

    /// A text; its name where there is none, which a test forbids.
    pub(super) fn say(self, id: &str) -> String {
        self.find(id).unwrap_or_else(|| id.to_owned())
    }

    /// A text, if there is one of that name: for names from outside.
    pub(super) fn find(self, id: &str) -> Option<String> {
        LOCALES.try_lookup(self.identifier(), id)
    }

    /// A text about something.
    pub(super) fn with(self, id: &str, name: &'static str, value: &str) -> String {
        self.with_all(id, &[(name, value)])
    }

    /// A text about several things.
    pub(super) fn with_all(self, id: &str, values: &[(&'static str, &str)]) -> String {
        let values = values.iter().map(|(name, value)| {
            (Cow::Borrowed(*name), FluentValue::String(Cow::Borrowed(*value)))
        });
        self.fill(id, &values.collect())
    }

    /// A text about a number of things.
    pub(super) fn count(self, id: &str, count: u64) -> String {
        let shown = self.number(count);
        let values = HashMap::from([
            (Cow::Borrowed("n"), FluentValue::String(shown.into())),
            (Cow::Borrowed("count"), FluentValue::from(count)),
        ]);
        self.fill(id, &values)
    }

    fn fill(self, id: &str, values: &HashMap<Cow<'static, str>, FluentValue<'_>>) -> String {
        let found = LOCALES.try_lookup_with_args(self.identifier(), id, values);
        found.unwrap_or_else(|| id.to_owned())
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        let [fr, nl, de, en] = &*IDENTIFIERS;
        match self.0 {
            Language::Fr => fr,
            Language::Nl => nl,
            Language::De => de,
            Language::En => en,
        }
    }

    /// A number with the language's mark between thousands.
    pub(super) fn number(self, number: u64) -> String {
        let mark = match self.0 {
            Language::Fr => '\u{202f}',
            Language::Nl | Language::De => '.',
            Language::En => ',',
        };
        let digits = number.to_string();
        let mut shown = String::with_capacity(digits.len() * 2);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                shown.push(mark);
            }
            shown.push(digit);
        }
        shown
    }

    /// A size in bytes, in the unit that people use.
    pub(super) fn size(self, bytes: u64) -> String {
        let (byte, point) = match self.0 {
            Language::Fr => ("o", ','),
            Language::Nl | Language::De => ("B", ','),
            Language::En => ("B", '.'),
        };
        match bytes {
            0..1_000 => format!("{bytes} {byte}"),
            1_000..1_000_000 => format!("{} k{byte}", bytes.div_ceil(1_000)),
            _ => {
                let tenths = bytes.div_ceil(100_000);
                format!("{}{point}{} M{byte}", tenths / 10, tenths % 10)
            }
        }
    }

    /// Every key of the list with what it does.
    pub(super) fn keys(self) -> Vec<(String, String)> {
        const ENTER: &str = "Enter";
        const KEYS: [(&str, &str); 10] = [
            ("j", "key-next"),
            ("k", "key-previous"),
            (ENTER, "key-open"),
            ("x", "key-select"),
            ("e", "key-done"),
            ("h", "key-hide"),
            ("l", "key-label"),
            ("u", "key-back"),
            ("/", "key-search"),
            ("?", "key-help"),
        ];
        let key = |key: &str| if key == ENTER { self.say("key-enter") } else { key.to_owned() };
        KEYS.map(|(name, what)| (key(name), self.say(what))).to_vec()
    }

    /// What the all-digital consent means, in sentences.
    pub(super) fn consent_meaning(self) -> Vec<String> {
        (1..=4).map(|n| self.say(&format!("consent-meaning-{n}"))).collect()
    }
}

/// A text in a language, for tables that leave the pages.
pub(super) fn in_language(language: Language, id: &str) -> String {
    Words(language).say(id)
}

/// A language's name in itself.
pub(super) fn own_name(language: Language) -> &'static str {
    match language {
        Language::Fr => "Français",
        Language::Nl => "Nederlands",
        Language::De => "Deutsch",
        Language::En => "English",
    }
}

/// The first of the four that a browser asks for (RFC 9110 §12.5.4; weights
/// are in order in every browser, so the order is enough).
pub(super) fn accepted(header: &str) -> Option<Language> {
    header.split(',').find_map(|range| {
        let tag = range.split(';').next().unwrap_or_default().trim();
        tag.split('-').next().unwrap_or_default().to_ascii_lowercase().parse().ok()
    })
}

#[cfg(test)]
mod tests;
