//! Languages, and texts in one or several of them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The three official languages, and English.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    Fr,
    /// Dutch.
    Nl,
    /// German.
    De,
    /// English.
    En,
}

impl Language {
    /// All languages, in the order in which a missing text falls back.
    pub const ALL: [Self; 4] = [Self::Fr, Self::Nl, Self::De, Self::En];

    /// The ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::Nl => "nl",
            Self::De => "de",
            Self::En => "en",
        }
    }
}

impl std::str::FromStr for Language {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|language| language.code() == text)
            .ok_or_else(|| format!("unknown language {text:?}: fr, nl, de or en"))
    }
}

/// Reads a property that may be left out but may not be `null`: `null` is
/// refused on the wire (eBox REST: leave the property out).
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// One text in one or several languages; `{}` on the wire is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the language codes say it")]
pub struct Texts {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fr: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub nl: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub de: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Texts {
    /// A text in one language.
    #[must_use]
    pub fn one(language: Language, text: impl Into<String>) -> Self {
        let mut texts = Self::default();
        *texts.slot(language) = Some(text.into());
        texts
    }

    fn slot(&mut self, language: Language) -> &mut Option<String> {
        match language {
            Language::Fr => &mut self.fr,
            Language::Nl => &mut self.nl,
            Language::De => &mut self.de,
            Language::En => &mut self.en,
        }
    }

    /// The text in exactly this language.
    #[must_use]
    pub fn get(&self, language: Language) -> Option<&str> {
        match language {
            Language::Fr => self.fr.as_deref(),
            Language::Nl => self.nl.as_deref(),
            Language::De => self.de.as_deref(),
            Language::En => self.en.as_deref(),
        }
    }

    /// The text in this language, else in the first that exists.
    #[must_use]
    pub fn best(&self, language: Language) -> &str {
        self.best_in(language).map(|(_, text)| text).unwrap_or_default()
    }

    /// The same, with the language that it is in; none where there is no text.
    #[must_use]
    pub fn best_in(&self, language: Language) -> Option<(Language, &str)> {
        let wanted = self.get(language).map(|text| (language, text));
        wanted.or_else(|| self.iter().next())
    }

    /// Every text with its language.
    pub fn iter(&self) -> impl Iterator<Item = (Language, &str)> {
        Language::ALL
            .into_iter()
            .filter_map(|language| self.get(language).map(|text| (language, text)))
    }

    /// Whether there is no text in any language.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}
