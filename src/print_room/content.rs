//! From a document to something that can be drawn on sheets, or to the reason
//! why it cannot. What a document is, its bytes say; a media type that says
//! something else is a lie, and nobody prints what its sender did not mean.

mod image;
mod pdf;
mod text;

use krilla::image::Image;
use krilla::pdf::PdfDocument;

use super::package::Document;
use super::rejection::Rejection;

pub(super) use text::{LEADING, SIZE};

/// A document, page by page.
#[derive(Clone)]
pub(super) enum Printable {
    /// The pages of a PDF, with their sizes in points.
    Pdf { pdf: PdfDocument, sizes: Vec<(f32, f32)> },
    /// One page.
    Image { image: Image, pixels: (u32, u32) },
    /// The lines of each page.
    Text { pages: Vec<Vec<String>> },
}

impl Printable {
    /// Reads a document that has at most so many pages.
    pub(super) fn read(document: &Document, pages_max: usize) -> Result<Self, Rejection> {
        let content = document.content.clone();
        let declared = essence(&document.media_type);
        honest(&declared, &document.content)?;
        let printable = match declared.as_str() {
            "application/pdf" => pdf::read(content)?,
            "image/png" => image::png(content)?,
            "image/jpeg" => image::jpeg(content)?,
            "text/plain" | "text/csv" => text::read(&document.content)?,
            other => {
                return Err(Rejection::unprintable(format!("{other:?} is not printed here")));
            }
        };
        let pages = printable.pages();
        if pages > pages_max {
            let detail = format!("{pages} pages; at most {pages_max} are taken");
            return Err(Rejection::too_thick(detail));
        }
        Ok(printable)
    }

    /// How many pages it has.
    pub(super) fn pages(&self) -> usize {
        match self {
            Self::Pdf { sizes, .. } => sizes.len(),
            Self::Image { .. } => 1,
            Self::Text { pages } => pages.len(),
        }
    }
}

/// How many pages a document has, as its bytes say; none where that depends
/// on who prints it, or where it cannot be read.
pub(super) fn count(content: Vec<u8>) -> Option<u32> {
    match begins(&content) {
        Some("application/pdf") => u32::try_from(pdf::count(content)?).ok(),
        Some("image/png" | "image/jpeg") => Some(1),
        None if has_header(&content) => u32::try_from(pdf::count(content)?).ok(),
        _ => None,
    }
}

/// A media type without its parameters, in small letters.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Beginnings by which a file is known.
const BEGINNINGS: [(&[u8], &str); 5] = [
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"GIF8", "image/gif"),
];

/// So far from its beginning may a PDF's header stand (ISO 32000-1, annex H,
/// note 13 on section 7.5.2).
const HEADER_WITHIN: usize = 1_024;

fn begins(content: &[u8]) -> Option<&'static str> {
    BEGINNINGS.iter().find(|(bytes, _)| content.starts_with(bytes)).map(|it| it.1)
}

fn has_header(content: &[u8]) -> bool {
    let start = content.get(..HEADER_WITHIN).unwrap_or(content);
    start.windows(5).any(|bytes| bytes == b"%PDF-")
}

fn honest(declared: &str, content: &[u8]) -> Result<(), Rejection> {
    match (declared, begins(content)) {
        (_, Some(begins)) if begins == declared => Ok(()),
        ("application/pdf", None) if has_header(content) => Ok(()),
        // Text begins with anything, but not like another kind of file.
        ("text/plain" | "text/csv", None) => Ok(()),
        ("application/pdf" | "image/png" | "image/jpeg" | "text/plain" | "text/csv", begins) => {
            let begins = begins.unwrap_or("something else");
            Err(Rejection::unprintable(format!("it says {declared}, and begins like {begins}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
