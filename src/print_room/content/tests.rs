//! Each kind of document, and each way to be none.

use super::*;
use crate::paper::report::Cause;

/// Locked with the password `user` by qpdf 11.3.0 (AES-256).
const ENCRYPTED: &[u8] = include_bytes!("encrypted.pdf");

fn document(media_type: &str, content: &[u8]) -> Document {
    Document { name: "a".into(), media_type: media_type.into(), content: content.to_vec() }
}

fn read(media_type: &str, content: &[u8]) -> Result<usize, Rejection> {
    Printable::read(&document(media_type, content), 100).map(|printable| printable.pages())
}

fn rejected(media_type: &str, content: &[u8]) -> String {
    let rejection = read(media_type, content).unwrap_err();
    assert_eq!(rejection.cause, Cause::Unprintable, "{rejection}");
    rejection.detail
}

/// A PDF of so many A4 pages, the first with such annotations.
fn pdf(pages: usize, promised: usize, annotations: &str) -> Vec<u8> {
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", page + 3)).collect();
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[{kids}]/Count {promised}>>"),
    ];
    for page in 0..pages {
        let annotations = if page == 0 { annotations } else { "" };
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>{annotations}>>"
        ));
    }
    written(&objects)
}

fn written(objects: &[String]) -> Vec<u8> {
    let mut text = "%PDF-1.7\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let table = text.len();
    text += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    text.extend(places.iter().map(|place| format!("{place:010} 00000 n \n")));
    text += &format!(
        "trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    );
    text.into_bytes()
}

/// One white pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c,
    0x63, 0xf8, 0x0f, 0, 1, 1, 1, 0, 0x1b, 0xb6, 0xee, 0x56, 0, 0, 0, 0, b'I', b'E', b'N', b'D',
    0xae, 0x42, 0x60, 0x82,
];

#[test]
fn what_can_be_printed_is_counted_in_pages() {
    assert_eq!(read("application/pdf", &pdf(3, 3, "")), Ok(3));
    assert_eq!(read("Application/PDF; version=1.7", &pdf(1, 1, "")), Ok(1));
    assert_eq!(read("image/png", PNG), Ok(1));
    assert_eq!(read("text/plain; charset=utf-8", "Olé\n".as_bytes()), Ok(1));
    assert_eq!(read("text/csv", b"a;b\n1;2\n"), Ok(1));
}

#[test]
fn an_encrypted_pdf_is_rejected() {
    assert_eq!(rejected("application/pdf", ENCRYPTED), "it is encrypted");
}

#[test]
fn a_broken_pdf_is_rejected_and_never_printed_in_part() {
    let whole = pdf(3, 3, "");
    assert_eq!(rejected("application/pdf", b"%PDF-1.7\nnothing"), "a broken PDF");
    for end in [20, 60, 120, 200, 260, 320] {
        let detail = rejected("application/pdf", &whole[..end]);
        assert!(detail.starts_with("a broken PDF"), "{end}: {detail}");
    }
    let missing = rejected("application/pdf", &pdf(2, 3, ""));
    assert_eq!(missing, "a broken PDF: pages are missing");
    assert_eq!(rejected("application/pdf", &pdf(0, 0, "")), "a PDF without a page");
}

#[test]
fn a_pdf_of_2000_pages_is_too_thick() {
    let rejection = read("application/pdf", &pdf(2_000, 2_000, "")).unwrap_err();
    assert_eq!(rejection.cause, Cause::TooThick);
    assert_eq!(rejection.detail, "2000 pages; at most 100 are taken");
}

#[test]
fn a_media_type_that_lies_is_rejected() {
    for (media_type, content, detail) in [
        ("application/pdf", PNG, "it says application/pdf, and begins like image/png"),
        (
            "image/png",
            b"\xff\xd8\xff\xe0".as_slice(),
            "it says image/png, and begins like image/jpeg",
        ),
        ("text/plain", b"PK\x03\x04", "it says text/plain, and begins like application/zip"),
        ("image/jpeg", b"hello", "it says image/jpeg, and begins like something else"),
        ("application/pdf", b"<html>", "it says application/pdf, and begins like something else"),
    ] {
        assert_eq!(rejected(media_type, content), detail);
    }
}

#[test]
fn what_is_not_printed_here_says_so() {
    assert_eq!(
        rejected("application/zip", b"PK\x03\x04"),
        "\"application/zip\" is not printed here"
    );
    assert_eq!(rejected("", b""), "\"\" is not printed here");
}

#[test]
fn text_that_is_none_is_rejected() {
    for (content, detail) in [
        (b"caf\xe9".as_slice(), "not text in UTF-8"),
        (b"a\x00b", "not text: it has '\\0' in it"),
        (b"", "a text without a letter in it"),
        (b"\xef\xbb\xbf \r\n\x0c", "a text without a letter in it"),
        ("東".as_bytes(), "the room has no letter for '東' (U+6771)"),
    ] {
        let found = rejected("text/plain", content);
        assert!(found.starts_with(detail), "{found}");
    }
}

#[test]
fn images_that_are_broken_or_too_large_are_rejected() {
    assert!(rejected("image/png", &PNG[..20]).starts_with("a broken PNG"));
    assert!(rejected("image/jpeg", b"\xff\xd8\xff\xe0").starts_with("a broken JPEG"));
    let mut vast = PNG.to_vec();
    vast[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let crc = crc32(&vast[12..29]);
    vast[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(rejected("image/png", &vast).starts_with("65536 × 65536 pixels"));
}

#[test]
fn ink_that_would_be_lost_is_rejected() {
    let stamp = |flags: u8, rect: &str, kind: &str| {
        format!("/Annots[<</Subtype/{kind}/F {flags}/Rect[{rect}]/AP<</N 1 0 R>>>>]")
    };
    let seen = rejected("application/pdf", &pdf(2, 2, &stamp(4, "0 0 9 9", "Stamp")));
    assert!(seen.starts_with("page 1: a stamp lies on it"), "{seen}");
    for harmless in [
        stamp(4, "0 0 0 0", "Widget"),
        stamp(6, "0 0 9 9", "Widget"),
        stamp(0, "0 0 9 9", "Text"),
        stamp(4, "0 0 9 9", "Link"),
    ] {
        assert_eq!(read("application/pdf", &pdf(1, 1, &harmless)), Ok(1), "{harmless}");
    }
}

/// CRC-32 as PNG uses it (ISO/IEC 15948, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 }
        })
    })
}
