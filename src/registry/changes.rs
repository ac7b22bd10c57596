//! A registry file as a sequence of changes, read in chunks.

use std::io::{self, BufRead, Seek};

use super::format::{self, Defect};
use super::lines::{LINE_BYTES_MAX, Lines, Text};
use crate::domain::Change;

/// Changes in a chunk: what one transaction writes.
const CHUNK: usize = 2_000;

/// What one line says, or why it says nothing.
pub(super) type Read = (u64, Result<Change, Defect>);

/// Reads a file from its beginning.
pub(super) struct Changes<R> {
    lines: Lines<R>,
    /// Lines read so far.
    pub(super) number: u64,
}

impl<R: BufRead + Seek> Changes<R> {
    pub(super) fn new(mut source: R) -> io::Result<Self> {
        source.rewind()?;
        Ok(Self { lines: Lines::new(source), number: 0 })
    }

    /// The next lines that are not blank; none at the end.
    pub(super) fn chunk(&mut self) -> io::Result<Option<Vec<Read>>> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK {
            let Some((number, text)) = self.lines.next()? else {
                break;
            };
            self.number = number;
            if let Some(read) = read(&text) {
                chunk.push((number, read));
            }
        }
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

fn read(text: &Text<'_>) -> Option<Result<Change, Defect>> {
    let too_long = || format!("the line is longer than {LINE_BYTES_MAX} bytes");
    match text {
        Text::Blank => None,
        Text::Utf8(text) => Some(format::read(text)),
        Text::TooLong => Some(Err(Defect::new("", too_long()))),
        Text::NotUtf8 => Some(Err(Defect::new("", "the line is not UTF-8"))),
    }
}
