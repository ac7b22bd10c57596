//! What others wrote, in whatever language they did: marked as such where that
//! is not the page's, so that it is read aloud as it should be (WCAG 2.2, 3.1.2).

use std::fmt;

use askama::filters::Safe;

use super::Words;
use crate::domain::{Language, Texts};

/// A text of somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::web) struct Spoken {
    pub(in crate::web) text: String,
    /// Its language, where it is not the page's.
    pub(in crate::web) language: Option<Language>,
}

impl Spoken {
    /// The attribute of the element that holds it, with a blank before it;
    /// nothing where the page says it already.
    pub(in crate::web) fn lang(&self) -> Safe<&'static str> {
        Safe(match self.language {
            None => "",
            Some(Language::Fr) => " lang=\"fr\"",
            Some(Language::Nl) => " lang=\"nl\"",
            Some(Language::De) => " lang=\"de\"",
            Some(Language::En) => " lang=\"en\"",
        })
    }
}

/// The page's own words; or an id, a number, a name, which are of no language.
impl From<String> for Spoken {
    fn from(text: String) -> Self {
        Self { text, language: None }
    }
}

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Words {
    /// The text in the page's language, else in the first that exists.
    pub(in crate::web) fn of(self, texts: &Texts) -> Spoken {
        self.wanting(self.0, texts)
    }

    /// What a program said for engineers.
    pub(in crate::web) fn english(self, text: &str) -> Spoken {
        self.of(&Texts::one(Language::En, text))
    }

    /// The same as [`Self::of`], where another language than the page's is wanted.
    pub(in crate::web) fn wanting(self, wanted: Language, texts: &Texts) -> Spoken {
        let found = texts.best_in(wanted);
        found.map_or_else(Spoken::default, |(language, text)| Spoken {
            text: text.to_owned(),
            language: (language != self.0).then_some(language),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_another_language_says_so() {
        let texts =
            Texts { nl: Some("Aanslag".into()), de: Some("Bescheid".into()), ..Texts::default() };
        for (page, wanted, text, lang) in [
            (Language::Nl, Language::Nl, "Aanslag", ""),
            (Language::De, Language::De, "Bescheid", ""),
            (Language::En, Language::En, "Aanslag", " lang=\"nl\""),
            (Language::En, Language::De, "Bescheid", " lang=\"de\""),
            (Language::De, Language::Nl, "Aanslag", " lang=\"nl\""),
        ] {
            let spoken = Words(page).wanting(wanted, &texts);
            assert_eq!((&*spoken.text, spoken.lang().0), (text, lang), "{page:?} {wanted:?}");
        }
        assert_eq!(Words(Language::Fr).of(&Texts::default()), Spoken::default());
    }
}
