//! One way of reading a text, for what is stored and for what is asked.
//!
//! Case, accents, ligatures, typographic quotes and dashes, invisible
//! characters and the width of white space make no difference to a search.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Changes with every change of the rules below, so that an index made under
/// other rules is rebuilt.
pub(super) const VERSION: u32 = 1;

/// Writes the normal form of `text` into `out` (whose content is replaced) and
/// returns its length in characters.
///
/// The buffer is the caller's because this runs for each text of each message.
pub(super) fn normalise_into(text: &str, out: &mut String) -> usize {
    out.clear();
    let mut form = NormalForm { out, chars: 0, is_space_due: false };
    for c in text.chars() {
        if c.is_ascii() {
            form.push(c.to_ascii_lowercase());
        } else {
            decompose_compatible(c, |part| part.to_lowercase().for_each(|c| form.fold(c)));
        }
    }
    form.chars
}

/// The normal form of `text` in a buffer of its own.
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    normalise_into(text, &mut out);
    out
}

/// Whether a text contains a part, as a search would find it: one or two
/// characters count only where they begin a word.
#[must_use]
pub fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (normalise(text), normalise(part));
    let part = part.trim();
    match part.chars().count() {
        0 => false,
        1 | 2 => text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(part)),
        _ => text.contains(part),
    }
}

struct NormalForm<'a> {
    out: &'a mut String,
    chars: usize,
    is_space_due: bool,
}

impl NormalForm<'_> {
    /// Characters are folded one by one, never in pairs: so the normal form of
    /// a part is a part of the normal form, which substring search needs.
    fn fold(&mut self, c: char) {
        match c {
            'œ' => self.push_all("oe"),
            'æ' => self.push_all("ae"),
            'ß' => self.push_all("ss"),
            'ø' => self.push('o'),
            'đ' => self.push('d'),
            'ł' => self.push('l'),
            'ı' => self.push('i'),
            'ς' => self.push('σ'),
            '‘' | '’' | '‛' | 'ʼ' => self.push('\''),
            '“' | '”' | '„' | '«' | '»' => self.push('"'),
            '\u{2010}'..='\u{2015}' | '−' => self.push('-'),
            _ if is_combining_mark(c) || is_invisible(c) => {}
            _ => self.push(c),
        }
    }

    fn push_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    /// White space and control characters fold to one space between two
    /// others, and to nothing at the ends.
    fn push(&mut self, c: char) {
        if c.is_whitespace() || c.is_control() {
            self.is_space_due = !self.out.is_empty();
            return;
        }
        if std::mem::take(&mut self.is_space_due) {
            self.out.push(' ');
            self.chars += 1;
        }
        self.out.push(c);
        self.chars += 1;
    }
}

/// Soft hyphen, zero-width characters and the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_ligatures_and_spaces_make_no_difference() {
        for (text, normal) in [
            ("Épinards", "epinards"),
            ("FRANÇOIS", "francois"),
            ("e\u{301}pinard", "epinard"),
            ("Œuvre & cætera", "oeuvre & caetera"),
            ("Straße", "strasse"),
            ("STRAẞE", "strasse"),
            ("l’été", "l'ete"),
            ("\u{a0}deux \t\n  mots\u{2003}", "deux mots"),
            ("nul\0inside", "nul inside"),
            ("ﬁche", "fiche"),
            ("so\u{ad}ci\u{200b}al", "social"),
            ("2023–2024", "2023-2024"),
            ("ΟΔΟΣ", "οδοσ"),
            ("", ""),
            (" \u{301} ", ""),
        ] {
            assert_eq!(normalise(text), normal, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_length_is_the_number_of_characters(text in any::<String>()) {
            let mut out = String::from("left over");
            let chars = normalise_into(&text, &mut out);
            prop_assert_eq!(chars, out.chars().count());
        }

        #[test]
        fn a_part_has_a_part_of_the_normal_form(text in any::<String>(), from in 0usize..30, len in 0usize..30) {
            let part: String = text.chars().skip(from).take(len).collect();
            prop_assert!(normalise(&text).contains(&normalise(&part)));
        }
    }
}
