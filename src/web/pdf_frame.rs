//! The frame in which a PDF is drawn: a page of ours that belongs to no origin,
//! knows nobody and holds nothing but what the page around it hands over. What
//! a document makes of its reader (PDF.js) it makes of this frame alone.

use askama::Template;
use axum::extract::Path;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{IntoResponse, Response};

use super::assets::pdfjs;
use super::page::{PageError, page};
use super::words::Words;
use crate::domain::Language;

/// What the frame may do, whether the page around it says so or not: run our
/// scripts, and open a link of the document as a page of its own.
pub(super) const SANDBOX: &str = "allow-scripts allow-popups allow-popups-to-escape-sandbox";

/// What the page around hands over beside the document, in this order. A frame
/// without an origin keeps nothing that it fetched; the page does.
const PARTS: [&str; 4] = ["pdf.min.mjs", "pdf_viewer.mjs", "pdf.worker.min.mjs", "pdf_viewer.css"];

/// Scripts are ours, or what was handed over (`blob:`); pictures and fonts are
/// those of the document. Nothing is asked for but fonts that a document leaves
/// out and decoders, which are compiled (`wasm-unsafe-eval`).
const POLICY: &str = "default-src 'none'; script-src 'self' blob: 'wasm-unsafe-eval'; \
     worker-src blob:; connect-src 'self'; style-src 'self'; img-src blob: data:; \
     font-src 'self' blob: data:; base-uri 'none'; form-action 'none'; webrtc 'block'; \
     frame-ancestors 'self'";

#[derive(Template)]
#[template(path = "pdf_frame.html")]
struct PdfFrame {
    words: Words,
}

/// The addresses of what is handed over, apart by spaces.
pub(super) fn parts() -> String {
    PARTS.map(|name| format!("{}/{name}", pdfjs::FOLDER)).join(" ")
}

/// Where it is served for readers of a language.
pub(super) fn url(words: Words) -> String {
    format!("/pdf-frame/{}", words.code())
}

/// `GET /pdf-frame/{language}`
pub(super) async fn show(Path(language): Path<String>) -> Result<Response, PageError> {
    let language = language.parse::<Language>().map_err(|_| PageError::NotFound)?;
    let frame = page(&PdfFrame { words: Words(language) })?;
    let policy = format!("{POLICY}; sandbox {SANDBOX}");
    Ok(([(CONTENT_SECURITY_POLICY, policy)], frame).into_response())
}
