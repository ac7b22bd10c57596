//! Substring search by trigrams.
//!
//! Every run of three characters of a text is a term, and its **position is
//! its character offset**. A substring of three characters or more is then
//! exactly a phrase of its trigrams. (tantivy's own n-gram tokenizer puts every
//! token at position 0, where phrases mean nothing.)
//!
//! One or two characters are too short for a trigram and would be found nearly
//! everywhere. They are defined as **the beginning of a word**, and each word
//! is indexed under its first and its first two characters. A word begins at
//! any character after white space or at the beginning of the text, and at a
//! letter or digit that follows anything else: in `l'été (2)` words begin at
//! `l`, `é`, `(` and `2`.

use std::str::CharIndices;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::normalise::{normalise, normalise_into};

/// Changes whenever other terms or positions are produced.
pub(super) const VERSION: u32 = 1;

/// Characters of a full gram.
const GRAM: usize = 3;

/// Makes the terms of a text. Owns its buffers: nothing is allocated for a
/// text or a token once they have grown.
#[derive(Clone, Default)]
pub(super) struct Trigrams {
    normal: String,
    token: Token,
}

impl Tokenizer for Trigrams {
    type TokenStream<'a> = Grams<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Grams<'a> {
        let length = normalise_into(text, &mut self.normal);
        Grams::new(&self.normal, length, &mut self.token)
    }
}

/// A character and the byte offset at which it ends.
type Placed = Option<(char, usize)>;

/// The terms of one normalised text, by position.
pub(super) struct Grams<'a> {
    text: &'a str,
    length: usize,
    rest: CharIndices<'a>,
    /// The character at `position` and the two after it.
    window: [Placed; GRAM],
    previous: Option<char>,
    /// Byte offset of `position`.
    from: usize,
    position: usize,
    /// Length of the next gram to try at this position.
    next: usize,
    token: &'a mut Token,
}

impl<'a> Grams<'a> {
    fn new(text: &'a str, length: usize, token: &'a mut Token) -> Self {
        let mut rest = text.char_indices();
        let window = std::array::from_fn(|_| place(&mut rest));
        token.reset();
        Self { text, length, rest, window, previous: None, from: 0, position: 0, next: 1, token }
    }

    fn move_on(&mut self) {
        if let Some((c, end)) = self.window[0] {
            self.previous = Some(c);
            self.from = end;
        }
        self.window.rotate_left(1);
        self.window[GRAM - 1] = place(&mut self.rest);
        self.position += 1;
        self.next = if self.is_word_start() { 1 } else { GRAM };
    }

    fn is_word_start(&self) -> bool {
        match (self.previous, self.window[0]) {
            (_, None | Some((' ', _))) => false,
            (None | Some(' '), Some(_)) => true,
            (Some(before), Some((c, _))) => c.is_alphanumeric() && !before.is_alphanumeric(),
        }
    }

    /// The end of the gram of `len` characters here, if there is one: a
    /// trigram, or the beginning of a word that goes on for so long.
    fn end_of(&self, len: usize) -> Option<usize> {
        let (last, end) = self.window[len - 1]?;
        (len == GRAM || last != ' ').then_some(end)
    }

    fn emit(&mut self, end: usize) {
        self.token.text.clear();
        self.token.text.push_str(self.text.get(self.from..end).unwrap_or_default());
        self.token.position = self.position;
        // tantivy starts the next value one position after the end of this
        // one: reaching to the end of the text leaves a gap that no gram
        // starts in, so no phrase runs from one value into the next.
        self.token.position_length = self.length - self.position;
        (self.token.offset_from, self.token.offset_to) = (self.from, end);
    }
}

fn place(rest: &mut CharIndices<'_>) -> Placed {
    rest.next().map(|(at, c)| (c, at + c.len_utf8()))
}

impl TokenStream for Grams<'_> {
    fn advance(&mut self) -> bool {
        while self.window[0].is_some() {
            while self.next <= GRAM {
                let len = self.next;
                self.next += 1;
                if let Some(end) = self.end_of(len) {
                    self.emit(end);
                    return true;
                }
            }
            self.move_on();
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// What a searched text comes down to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Needle {
    /// Nothing to look for.
    Blank,
    /// One term: a whole trigram, or the beginning of a word.
    Term(String),
    /// Terms at these distances from each other.
    Phrase(Vec<(usize, String)>),
}

impl Needle {
    /// Reads a searched text.
    ///
    /// Every third trigram and the last one cover every character at its
    /// place, which is as exact as all of them for a third of the cost.
    pub(super) fn new(text: &str) -> Self {
        let chars: Vec<char> = normalise(text).chars().collect();
        let gram = |at: usize| (at, chars.iter().skip(at).take(GRAM).collect());
        match chars.len() {
            0 => Self::Blank,
            1..=GRAM => Self::Term(chars.into_iter().collect()),
            length => {
                let last = length - GRAM;
                let covering = (0..last).step_by(GRAM).chain([last]);
                Self::Phrase(covering.map(gram).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(text: &str) -> Vec<(usize, String)> {
        let mut tokenizer = Trigrams::default();
        let mut stream = tokenizer.token_stream(text);
        let mut grams = Vec::new();
        while stream.advance() {
            grams.push((stream.token().position, stream.token().text.clone()));
        }
        grams
    }

    fn owned(grams: &[(usize, &str)]) -> Vec<(usize, String)> {
        grams.iter().map(|&(at, gram)| (at, gram.into())).collect()
    }

    #[test]
    fn positions_are_character_offsets() {
        let expected = [(0, "e"), (0, "et"), (0, "ete"), (1, "te "), (2, "e a"), (4, "a")];
        assert_eq!(grams("Été à"), owned(&expected));
    }

    #[test]
    fn words_begin_after_anything_but_a_letter_or_digit() {
        let starts: Vec<_> =
            grams("l'été (2)").into_iter().filter(|(_, gram)| gram.chars().count() == 1).collect();
        assert_eq!(starts, owned(&[(0, "l"), (2, "e"), (6, "("), (7, "2")]));
    }

    #[test]
    fn short_texts_have_no_trigram() {
        assert_eq!(grams("ab"), owned(&[(0, "a"), (0, "ab")]));
        assert_eq!(grams(""), []);
        assert_eq!(grams(" \0 "), []);
    }

    #[test]
    fn a_needle_covers_every_character() {
        for (text, needle) in [
            (" ", Needle::Blank),
            ("É", Needle::Term("e".into())),
            ("été", Needle::Term("ete".into())),
            ("abcd", Needle::Phrase(owned(&[(0, "abc"), (1, "bcd")]))),
            ("abcdef", Needle::Phrase(owned(&[(0, "abc"), (3, "def")]))),
            ("abcdefg", Needle::Phrase(owned(&[(0, "abc"), (3, "def"), (4, "efg")]))),
        ] {
            assert_eq!(Needle::new(text), needle, "{text:?}");
        }
    }
}
