//! Lines of a file, numbered from 1, each bounded.

use std::io::{self, BufRead, Read};

/// No record comes near this; what does is not a registry file.
pub(super) const LINE_BYTES_MAX: usize = 1 << 20;

/// What stands on a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text<'a> {
    Utf8(&'a str),
    /// Nothing but white space.
    Blank,
    TooLong,
    NotUtf8,
}

/// Reads one line after the other into one buffer.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0, buffer: Vec::new() }
    }

    /// The next line with its number; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Text<'_>)>> {
        if self.fill()? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let is_too_long = self.buffer.len() > LINE_BYTES_MAX;
        if is_too_long {
            self.skip()?;
            return Ok(Some((self.number, Text::TooLong)));
        }
        let text = match std::str::from_utf8(&self.buffer) {
            Err(_) => Text::NotUtf8,
            Ok(text) if text.trim().is_empty() => Text::Blank,
            Ok(text) => Text::Utf8(text),
        };
        Ok(Some((self.number, text)))
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buffer.clear();
        let max = LINE_BYTES_MAX as u64 + 1;
        let mut bounded = self.reader.by_ref().take(max);
        bounded.read_until(b'\n', &mut self.buffer)
    }

    /// Skips the rest of a line that is too long, piece by piece.
    fn skip(&mut self) -> io::Result<()> {
        while self.buffer.last() != Some(&b'\n') && self.fill()? > 0 {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_bounded() {
        let long = "x".repeat(3 * LINE_BYTES_MAX);
        let text = format!("{{}}\r\n\n{long}\nlast");
        let mut lines = Lines::new(text.as_bytes());
        assert_eq!(lines.next().unwrap(), Some((1, Text::Utf8("{}\r\n"))));
        assert_eq!(lines.next().unwrap(), Some((2, Text::Blank)));
        assert_eq!(lines.next().unwrap(), Some((3, Text::TooLong)));
        assert_eq!(lines.next().unwrap(), Some((4, Text::Utf8("last"))));
        assert_eq!(lines.next().unwrap(), None);
        let mut lines = Lines::new(&b"\xff\n"[..]);
        assert_eq!(lines.next().unwrap(), Some((1, Text::NotUtf8)));
    }
}
