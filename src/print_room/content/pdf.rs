//! PDF: the pages themselves are imported, not copies in pixels.

use std::sync::Arc;

use hayro_syntax::object::{Array, Dict, Name, Number};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use krilla::pdf::PdfDocument;

use super::Printable;
use crate::print_room::rejection::Rejection;

pub(super) fn read(content: Vec<u8>) -> Result<Printable, Rejection> {
    let pdf = Pdf::new(content).map_err(unreadable)?;
    let pages = pdf.pages();
    if promised(&pdf) != i64::try_from(pages.len()).ok() {
        // Part of a letter is worse than none.
        return Err(Rejection::unprintable("a broken PDF: pages are missing"));
    }
    if pages.is_empty() {
        return Err(Rejection::unprintable("a PDF without a page"));
    }
    let mut sizes = Vec::with_capacity(pages.len());
    for (place, page) in pages.iter().enumerate() {
        let (width, height) = page.render_dimensions();
        let named = |detail: &str| Rejection::unprintable(format!("page {}: {detail}", place + 1));
        if !(is_length(width) && is_length(height)) {
            return Err(named("it has no size"));
        }
        if let Some(kind) = annotation(page) {
            return Err(named(&format!(
                "a {kind} lies on it and would not be printed; flatten the document"
            )));
        }
        sizes.push((width, height));
    }
    Ok(Printable::Pdf { pdf: PdfDocument::new(Arc::new(pdf)), sizes })
}

/// The pages of a document that is whole; none where it cannot be read.
pub(super) fn count(content: Vec<u8>) -> Option<usize> {
    let pdf = Pdf::new(content).ok()?;
    let pages = pdf.pages().len();
    let is_whole = promised(&pdf) == i64::try_from(pages).ok();
    (pages > 0 && is_whole).then_some(pages)
}

/// The number of pages that the document says it has (ISO 32000-1, 7.7.3).
fn promised(pdf: &Pdf) -> Option<i64> {
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())?;
    let tree = catalog.get::<Dict<'_>>(b"Pages")?;
    Some(tree.get::<Number>(b"Count")?.as_i64())
}

fn unreadable(error: LoadPdfError) -> Rejection {
    Rejection::unprintable(match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => "it is encrypted",
        LoadPdfError::Decryption(_) => "it is encrypted in a way that nobody can read",
        LoadPdfError::Invalid => "a broken PDF",
    })
}

/// ISO 32000-1, annex C: between 3 and 14,400 points.
fn is_length(points: f32) -> bool {
    (3.0..=14_400.0).contains(&points)
}

/// What is drawn beside a page's own content (ISO 32000-1, 12.5) is not
/// imported with it: the kind of the first annotation that a reader would see
/// on paper. Links have no ink, and what has no area none either: the field
/// of an invisible signature.
fn annotation(page: &Page<'_>) -> Option<String> {
    let annotations = page.raw().get::<Array<'_>>(b"Annots")?;
    annotations.iter::<Dict<'_>>().find(has_ink).map(|annotation| {
        let kind = annotation.get::<Name<'_>>(b"Subtype");
        match kind.as_ref().map(Name::as_str) {
            Some("Widget") => "form field or signature".to_owned(),
            Some(kind) => kind.to_ascii_lowercase(),
            None => "note".to_owned(),
        }
    })
}

fn has_ink(annotation: &Dict<'_>) -> bool {
    let kind = annotation.get::<Name<'_>>(b"Subtype");
    let is_silent = matches!(kind.as_ref().map(Name::as_str), Some("Link" | "Popup"));
    let flags = annotation.get::<Number>(b"F").map_or(0, |flags| flags.as_i64());
    // Bits 2 (hidden) and 3 (print) of ISO 32000-1, table 165.
    let is_hidden = flags & 0b10 != 0;
    let is_printed = flags & 0b100 != 0;
    let has_appearance = annotation.contains_key(b"AP");
    !is_silent && !is_hidden && is_printed && has_appearance && has_area(annotation)
}

fn has_area(annotation: &Dict<'_>) -> bool {
    let Some(corners) = annotation.get::<Array<'_>>(b"Rect") else { return false };
    let corners: Vec<f64> = corners.iter::<Number>().map(|number| number.as_f64()).collect();
    matches!(corners[..], [x0, y0, x1, y1] if x0 != x1 && y0 != y1)
}
