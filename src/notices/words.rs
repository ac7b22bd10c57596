//! What notices say, in the four languages: one Fluent file each, compiled in;
//! a test holds them to the same names.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader};

use crate::domain::Language;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./src/notices/locales",
        fallback_language: "en",
        // No invisible marks around values: they would stand in a plain text.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The texts of one language.
#[derive(Clone, Copy)]
pub(super) struct Words(pub(super) Language);

impl Words {
    pub(super) fn code(self) -> &'static str {
        self.0.code()
    }

    /// A text; its name where there is none, which a test forbids.
    pub(super) fn say(self, id: &str) -> String {
        LOCALES.try_lookup(&self.identifier(), id).unwrap_or_else(|| id.to_owned())
    }

    /// A text about something.
    pub(super) fn with(self, id: &str, name: &'static str, value: &str) -> String {
        self.fill(id, &HashMap::from([(Cow::Borrowed(name), value.to_owned().into())]))
    }

    /// A text about a number of things; from `max` on there may be more.
    pub(super) fn count(self, id: &str, count: u64, max: u64) -> String {
        let shown = if count < max { count.to_string() } else { format!("{max}+") };
        let values = [(Cow::Borrowed("n"), shown.into()), (Cow::Borrowed("count"), count.into())];
        self.fill(id, &HashMap::from(values))
    }

    fn fill(self, id: &str, values: &HashMap<Cow<'static, str>, FluentValue<'_>>) -> String {
        let found = LOCALES.try_lookup_with_args(&self.identifier(), id, values);
        found.unwrap_or_else(|| id.to_owned())
    }

    fn identifier(self) -> LanguageIdentifier {
        self.0.code().parse().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_four_languages_say_the_same_things() {
        let names = |language: Language| -> BTreeSet<String> {
            let path = format!(
                "{}/src/notices/locales/{}/notices.ftl",
                env!("CARGO_MANIFEST_DIR"),
                language.code()
            );
            let text = std::fs::read_to_string(path).unwrap();
            let name = |line: &str| Some(line.split_once(" =")?.0.to_owned());
            text.lines().filter(|line| line.starts_with("notice")).filter_map(name).collect()
        };
        let english = names(Language::En);
        assert!(english.len() > 10, "{english:?}");
        for language in Language::ALL {
            assert_eq!(names(language), english, "{language:?}");
            for name in &english {
                let values = ["count", "n", "day"].map(|value| (Cow::Borrowed(value), 2.into()));
                let said = Words(language).fill(name, &HashMap::from(values));
                assert_ne!(&said, name, "{language:?}");
            }
        }
    }
}
