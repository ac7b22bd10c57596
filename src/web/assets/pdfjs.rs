//! PDF.js (Mozilla), which draws documents in frames that belong to no origin.
//! Its files find each other by name, so they share one folder, named by their
//! version. See `vendor/README.md`.

use super::Asset;

/// Where its files are served.
pub(in crate::web) const FOLDER: &str = "/assets/pdfjs-6.5.438";

macro_rules! files {
    ($($media_type:literal: $($name:literal),+;)+) => {
        &[$($(Asset {
            name: $name,
            media_type: $media_type,
            content: include_bytes!(concat!("../../../vendor/pdfjs/", $name)),
        }),+),+]
    };
}

pub(super) static FILES: &[Asset] = files![
    "text/javascript; charset=utf-8":
        "pdf.min.mjs", "pdf.worker.min.mjs", "pdf_viewer.mjs";
    "text/css; charset=utf-8":
        "pdf_viewer.css";
    "application/wasm":
        "jbig2.wasm", "openjpeg.wasm", "qcms_bg.wasm";
    "application/octet-stream":
        "FoxitDingbats.pfb", "FoxitFixed.pfb", "FoxitFixedBold.pfb", "FoxitFixedBoldItalic.pfb",
        "FoxitFixedItalic.pfb", "FoxitSerif.pfb", "FoxitSerifBold.pfb", "FoxitSerifBoldItalic.pfb",
        "FoxitSerifItalic.pfb", "FoxitSymbol.pfb";
    "font/ttf":
        "LiberationSans-Bold.ttf", "LiberationSans-BoldItalic.ttf", "LiberationSans-Italic.ttf",
        "LiberationSans-Regular.ttf";
];
