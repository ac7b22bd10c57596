//! Plain text: set in a font of one width, as its writer saw it.

use super::Printable;
use crate::print_room::fonts::Style;
use crate::print_room::layout::{PROSE, mm};
use crate::print_room::rejection::Rejection;

/// Size of the letters in points: 80 of them in a line.
pub(in crate::print_room) const SIZE: f32 = 10.0;
/// From line to line, in points.
pub(in crate::print_room) const LEADING: f32 = 12.0;
/// Liberation Mono is 0.6 em wide.
const COLUMNS: usize = 80;
const TAB: usize = 8;

pub(super) fn read(content: &[u8]) -> Result<Printable, Rejection> {
    let text = std::str::from_utf8(content)
        .map_err(|error| Rejection::unprintable(format!("not text in UTF-8: {error}")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(control) = text.chars().find(|c| c.is_control() && !"\n\r\t\u{c}".contains(*c)) {
        return Err(Rejection::unprintable(format!("not text: it has {control:?} in it")));
    }
    if let Some(missing) = Style::Mono.missing(&text.replace(|c: char| c.is_control(), "")) {
        let detail =
            format!("the room has no letter for {missing:?} (U+{:04X})", u32::from(missing));
        return Err(Rejection::unprintable(detail));
    }
    if text.trim().is_empty() {
        // An envelope with an empty sheet tells nobody anything.
        return Err(Rejection::unprintable("a text without a letter in it"));
    }
    Ok(Printable::Text { pages: pages(text) })
}

/// Lines of at most 80 characters, pages of as many lines as fit; a form feed
/// begins a page.
fn pages(text: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    for part in text.trim_end().split('\u{c}') {
        let lines: Vec<String> = part.lines().flat_map(wrapped).collect();
        if lines.is_empty() {
            pages.push(lines);
        } else {
            pages.extend(lines.chunks(lines_per_page()).map(<[String]>::to_vec));
        }
    }
    pages
}

fn lines_per_page() -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "about 60")]
    let lines = (PROSE.height / mm(LEADING)) as usize;
    lines
}

/// Breaks at the last space that fits, and within a word where there is none.
fn wrapped(line: &str) -> Vec<String> {
    let mut rest: Vec<char> = without_tabs(line.trim_end()).chars().collect();
    let mut lines = Vec::new();
    while rest.len() > COLUMNS {
        let space = rest[..=COLUMNS].iter().rposition(|c| *c == ' ').filter(|at| *at > 0);
        let tail = rest.split_off(space.unwrap_or(COLUMNS));
        lines.push(rest.iter().collect::<String>().trim_end().to_owned());
        rest = tail.into_iter().skip(usize::from(space.is_some())).collect();
    }
    lines.push(rest.into_iter().collect());
    lines
}

fn without_tabs(line: &str) -> String {
    let mut wide = String::with_capacity(line.len());
    let mut column = 0;
    for c in line.chars() {
        let spaces = if c == '\t' { TAB - column % TAB } else { 0 };
        if spaces == 0 {
            wide.push(c);
            column += 1;
        }
        wide.extend(std::iter::repeat_n(' ', spaces));
        column += spaces;
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_a_reader_would_break_them() {
        let long = "word ".repeat(30);
        let lines = wrapped(&long);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [79, 69]);
        assert_eq!(wrapped(&"x".repeat(170)).len(), 3);
        assert_eq!(wrapped("a\tb"), ["a       b"]);
        assert_eq!(wrapped(""), [""]);
    }

    #[test]
    fn pages_are_filled_and_form_feeds_obeyed() {
        let text = "line\n".repeat(lines_per_page() + 1);
        assert_eq!(pages(&text).len(), 2);
        assert_eq!(pages("one\u{c}two\u{c}").len(), 2);
        assert_eq!(pages("").len(), 1);
        assert_eq!(pages("a\r\nb"), [["a", "b"]]);
    }

    #[test]
    fn eighty_columns_fit_the_page() {
        assert!(Style::Mono.width(&"W".repeat(COLUMNS), SIZE) <= PROSE.width);
    }
}
