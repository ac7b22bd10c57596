//! Style, script and icon: compiled in, named by their digest, kept for ever
//! by whoever fetched them. No page names another host.

pub(super) mod pdfjs;

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderName;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tower_http::compression::CompressionLayer;

use super::page::PageError;
use crate::domain::Digest;

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

static ASSETS: [Asset; 6] = [
    Asset {
        name: "pages.css",
        media_type: "text/css; charset=utf-8",
        content: include_bytes!("pages.css"),
    },
    Asset {
        name: "pages.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_bytes!("pages.js"),
    },
    // 0BSD, see htmx-2.0.10.LICENSE.
    Asset {
        name: "htmx-2.0.10.min.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_bytes!("htmx-2.0.10.min.js"),
    },
    Asset {
        name: "pdf.css",
        media_type: "text/css; charset=utf-8",
        content: include_bytes!("pdf.css"),
    },
    Asset {
        name: "pdf.mjs",
        media_type: "text/javascript; charset=utf-8",
        content: include_bytes!("pdf.mjs"),
    },
    Asset { name: "icon.svg", media_type: "image/svg+xml", content: include_bytes!("icon.svg") },
];

/// Each with the address that its content gives it.
static URLS: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let url = |asset: &Asset| {
        let digest = Digest::of(asset.content).to_string();
        let short: String = digest.chars().take(16).collect();
        (asset.name, format!("/assets/{short}/{}", asset.name))
    };
    ASSETS.iter().map(url).collect()
});

/// Where an asset is served.
pub(super) fn url(name: &str) -> &'static str {
    URLS.iter().find(|(known, _)| *known == name).map_or("", |(_, url)| url)
}

/// `GET /assets/{digest}/{name}`, compressed. Pages are not: what one asks for
/// stands beside secrets in them, and their length would tell of both (BREACH,
/// <https://www.breachattack.com>).
pub(super) fn route<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
    get(asset).layer(CompressionLayer::new())
}

async fn asset(Path((digest, name)): Path<(String, String)>) -> Result<Response, PageError> {
    let asset = find(&format!("/assets/{digest}"), &name).ok_or(PageError::NotFound)?;
    let headers = [
        (CONTENT_TYPE, asset.media_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Frames that belong to no origin ask for them, and everybody may.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    Ok((headers, asset.content).into_response())
}

/// Under another digest, or version, it would be kept for ever and be the wrong
/// one.
fn find(folder: &str, name: &str) -> Option<&'static Asset> {
    let is_named = |asset: &&Asset| asset.name == name;
    match folder == pdfjs::FOLDER {
        true => pdfjs::FILES.iter().find(is_named),
        false => {
            let is_current = url(name) == format!("{folder}/{name}");
            ASSETS.iter().find(is_named).filter(|_| is_current)
        }
    }
}
