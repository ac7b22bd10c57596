//! Found words in a text: compared as search compares them, without case and
//! accents.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) is_found: bool,
}

/// A text cut where it contains another.
pub(super) fn marked(text: &str, wanted: &str) -> Vec<Piece> {
    let (folded, places) = fold(text);
    let (wanted, _) = fold(wanted.trim());
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while !wanted.is_empty() && at + wanted.len() <= folded.len() {
        if folded.get(at..at + wanted.len()) == Some(&wanted[..]) {
            let (begin, end) = (place(&places, at, text), place(&places, at + wanted.len(), text));
            push(&mut pieces, text, from, begin, false);
            push(&mut pieces, text, begin, end, true);
            from = end;
            at += wanted.len();
        } else {
            at += 1;
        }
    }
    push(&mut pieces, text, from, text.len(), false);
    pieces
}

/// Characters of an excerpt before the first found word, and in all.
const BEFORE: usize = 40;
const EXCERPT: usize = 140;

/// The part of a text around what it contains of another, cut where it is
/// long; none when it contains nothing of it.
pub(super) fn excerpt(text: &str, wanted: &str) -> Option<Vec<Piece>> {
    let pieces = marked(text, wanted);
    let found = pieces.iter().position(|piece| piece.is_found)?;
    let before: usize = pieces.iter().take(found).map(|piece| piece.text.chars().count()).sum();
    let skip = before.saturating_sub(BEFORE);
    let is_cut = text.chars().nth(skip + EXCERPT).is_some();
    let mut cut = Window { skip, take: EXCERPT };
    let kept = pieces.into_iter().map(|piece| Piece { text: cut.of(&piece.text), ..piece });
    let dots = |is: bool| is.then(|| Piece { text: "…".into(), is_found: false });
    let kept = kept.filter(|piece| !piece.text.is_empty()).collect::<Vec<_>>();
    Some(dots(skip > 0).into_iter().chain(kept).chain(dots(is_cut)).collect())
}

/// So many characters are passed over, and so many taken after them.
struct Window {
    skip: usize,
    take: usize,
}

impl Window {
    fn of(&mut self, text: &str) -> String {
        let chars = text.chars().count();
        let kept: String = text.chars().skip(self.skip).take(self.take).collect();
        self.skip = self.skip.saturating_sub(chars);
        self.take -= kept.chars().count();
        kept
    }
}

/// Each character without case and accents, and where it came from.
fn fold(text: &str) -> (Vec<char>, Vec<usize>) {
    let of = |(place, letter): (usize, char)| {
        let bare = std::iter::once(letter).nfd().filter(|it| !is_combining_mark(*it));
        bare.flat_map(char::to_lowercase).map(move |it| (it, place)).collect::<Vec<_>>()
    };
    text.char_indices().flat_map(of).unzip()
}

fn place(places: &[usize], at: usize, text: &str) -> usize {
    places.get(at).copied().unwrap_or(text.len())
}

fn push(pieces: &mut Vec<Piece>, text: &str, from: usize, to: usize, is_found: bool) {
    if let Some(text) = text.get(from..to).filter(|text| !text.is_empty()) {
        pieces.push(Piece { text: text.to_owned(), is_found });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, wanted: &str) -> String {
        let piece = |piece: Piece| match piece.is_found {
            true => format!("[{}]", piece.text),
            false => piece.text,
        };
        marked(text, wanted).into_iter().map(piece).collect()
    }

    #[test]
    fn an_excerpt_is_cut_around_what_was_found() {
        let long = format!("{}<épinards>{}", "a".repeat(60), "b".repeat(200));
        let pieces = excerpt(&long, "EPINARD").unwrap();
        let text: String = pieces.iter().map(|piece| &*piece.text).collect();
        let (before, after) = ("a".repeat(39), "b".repeat(91));
        assert_eq!(text, format!("…{before}<épinards>{after}…"));
        assert_eq!(pieces.iter().filter(|it| it.is_found).count(), 1);
        let short = excerpt("un épinard", "pin").unwrap();
        assert_eq!(short.iter().map(|it| &*it.text).collect::<String>(), "un épinard");
        assert_eq!(excerpt("nothing", "else"), None);
        assert_eq!(excerpt("nothing", ""), None);
    }

    #[test]
    fn found_words_are_marked_without_case_and_accents() {
        for (text, wanted, expected) in [
            ("Des épinards, des ÉPINARDS", "epinard", "Des [épinard]s, des [ÉPINARD]S"),
            ("This is some random text", "me rando", "This is so[me rando]m text"),
            ("aaa", "a", "[a][a][a]"),
            ("François", "CO", "Fran[ço]is"),
            ("e\u{301}te", "ete", "[e\u{301}te]"),
            ("nothing", "", "nothing"),
            ("", "x", ""),
            ("<b>", "b", "<[b]>"),
        ] {
            assert_eq!(shown(text, wanted), expected);
        }
    }
}
