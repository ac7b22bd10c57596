//! Counts pages for the engine, in a process of its own: a document that eats
//! memory or never ends takes this process with it, and nothing else.
//!
//! Asked on standard input: the length of a document in four bytes (big
//! endian), and its bytes. Answered on standard output: a line with the number
//! of its pages, or `-`. The first line is [`READY`].

use std::io::{self, Read, Write};

use super::{bounds, content};

/// What is said before the first question.
pub const READY: &str = "facteur counts pages";
/// Memory for documents, in bytes.
const MEMORY_MAX: u64 = 1 << 29;
/// No document is larger: 32 MiB.
const LENGTH_MAX: u32 = 1 << 25;

/// Answers until standard input ends.
///
/// # Errors
/// When the limit cannot be set, or a pipe breaks in the midst of a document.
pub fn serve(mut asked: impl Read, mut answers: impl Write) -> io::Result<()> {
    bounds::memory(MEMORY_MAX)?;
    writeln!(answers, "{READY}")?;
    answers.flush()?;
    while let Some(content) = next(&mut asked)? {
        match content::count(content) {
            Some(pages) => writeln!(answers, "{pages}")?,
            None => writeln!(answers, "-")?,
        }
        answers.flush()?;
    }
    Ok(())
}

fn next(asked: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match asked.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_be_bytes(length);
    if length > LENGTH_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a document is too long"));
    }
    let mut content = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    asked.read_exact(&mut content)?;
    Ok(Some(content))
}
