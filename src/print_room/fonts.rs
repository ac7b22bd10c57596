//! The letters that the room prints with: Liberation Sans and Mono 2.1.5, under
//! the SIL Open Font License (`fonts/OFL.txt`). Latin, Greek and Cyrillic.

use std::sync::LazyLock;

use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use super::layout::{Mm, mm};

const REGULAR: &[u8] = include_bytes!("fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("fonts/LiberationSans-Bold.ttf");
const MONO: &[u8] = include_bytes!("fonts/LiberationMono-Regular.ttf");

/// A way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Regular,
    Bold,
    /// Every character as wide as any other.
    Mono,
}

struct Known {
    font: Font,
    letters: FontRef<'static>,
    glyphs: Charmap<'static>,
}

static FONTS: LazyLock<[Known; 3]> = LazyLock::new(|| [REGULAR, BOLD, MONO].map(known));

#[expect(clippy::expect_used, reason = "the fonts are compiled in; a test reads all three")]
fn known(data: &'static [u8]) -> Known {
    let font = Font::new(data.into(), 0).expect("a compiled-in font is a font");
    let letters = FontRef::new(data).expect("a compiled-in font is a font");
    Known { font, glyphs: letters.charmap(), letters }
}

impl Known {
    fn glyph(&self, c: char) -> Option<GlyphId> {
        self.glyphs.map(c)
    }
}

impl Style {
    fn known(self) -> &'static Known {
        let place = match self {
            Self::Regular => 0,
            Self::Bold => 1,
            Self::Mono => 2,
        };
        &FONTS[place]
    }

    pub(super) fn font(self) -> Font {
        self.known().font.clone()
    }

    /// How wide a text is at a size in points. Kerning, which makes it
    /// narrower, is left out.
    pub(super) fn width(self, text: &str, size: f32) -> Mm {
        let known = self.known();
        let metrics = known.letters.glyph_metrics(Size::new(size), LocationRef::default());
        let glyphs = text.chars().filter_map(|c| known.glyph(c));
        mm(glyphs.filter_map(|glyph| metrics.advance_width(glyph)).sum())
    }

    /// The first character that cannot be printed: one without a glyph, or of
    /// a script that is written from right to left.
    pub(super) fn missing(self, text: &str) -> Option<char> {
        let known = self.known();
        text.chars().find(|c| is_from_the_right(*c) || known.glyph(*c).is_none())
    }
}

/// Hebrew, Arabic and their neighbours: setting them needs an order of runs
/// that a printed line of ours does not have.
fn is_from_the_right(c: char) -> bool {
    matches!(u32::from(c), 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF)
}

/// Breaks a text at its spaces into lines of at most `width`; a word that is
/// wider stands alone.
pub(super) fn wrap(text: &str, style: Style, size: f32, width: Mm) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let joined = lines.last().map(|line| format!("{line} {word}"));
        match joined.filter(|joined| style.width(joined, size) <= width) {
            Some(joined) => {
                lines.pop();
                lines.push(joined);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// As much of a text as fits, with an ellipsis for what does not.
pub(super) fn shorten(text: &str, style: Style, size: f32, width: Mm) -> String {
    if style.width(text, size) <= width {
        return text.to_owned();
    }
    let mut short: String = text.to_owned();
    while short.pop().is_some() {
        let candidate = format!("{}…", short.trim_end());
        if style.width(&candidate, size) <= width {
            return candidate;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_writes_the_scripts_of_the_neighbours() {
        for style in [Style::Regular, Style::Bold, Style::Mono] {
            assert_eq!(style.missing("Édouard Čapek, Straße 7, Αθήνα, бул. Витоша, 1 000 €"), None);
            assert_eq!(style.missing("東京"), Some('東'));
            assert_eq!(style.missing("רחוב 5"), Some('ר'));
        }
    }

    #[test]
    fn widths_are_those_of_the_font() {
        // Arial's metrics: a digit is 556/1000 of an em.
        assert!((Style::Regular.width("00", 10.0) - mm(11.12)).abs() < 0.02);
        assert!((Style::Mono.width("iW", 10.0) - mm(12.0)).abs() < 0.02);
    }

    #[test]
    fn lines_break_at_spaces() {
        let text = "the quick brown fox jumps over the lazy dog";
        let lines = wrap(text, Style::Regular, 10.0, 30.0);
        assert_eq!(lines.join(" "), text);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| Style::Regular.width(line, 10.0) <= 30.0));
        assert_eq!(wrap("  ", Style::Regular, 10.0, 30.0), Vec::<String>::new());
    }

    #[test]
    fn what_is_too_long_is_shortened() {
        let short = shorten("a very long name of a file.pdf", Style::Regular, 10.0, 25.0);
        assert!(short.ends_with('…') && Style::Regular.width(&short, 10.0) <= 25.0, "{short}");
        assert_eq!(shorten("a.pdf", Style::Regular, 10.0, 25.0), "a.pdf");
    }
}
