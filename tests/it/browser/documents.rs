//! A document in the page of its message, shown by Chromium itself.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::driver::Browser;
use crate::pages::site::{Site, inbox, manager};
use crate::support::wait::until;
use crate::support::world::{Company, attachment, notice_with};

const PDF: &str = "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
    2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
    3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n\
    trailer<</Root 1 0 R>>\n%%EOF";

/// Its viewer is an extension of the browser, in a frame that it opens itself:
/// where it refuses to, there is none.
#[tokio::test]
async fn browser_a_pdf_is_shown_in_the_page_of_its_message() -> Result<()> {
    let (site, browser) = (Site::open().await?, Browser::start().await?);
    let bill = attachment("bill", &STANDARD.encode(PDF));
    let id = site.post(&notice_with(json!([bill]))).await?;
    let place = format!("http://{}", site.address);
    browser.go(&format!("{place}/sign-in")).await?;
    browser.click(&format!("button[value=\"{}\"]", manager(Company::Active))).await?;
    browser.until_at("signed in", |path| !path.starts_with("/sign-in")).await;
    browser.go(&format!("{place}{}/messages/{id}", inbox(Company::Active))).await?;
    until("its viewer is there", async || {
        let frames = browser.frames().await.unwrap_or_default();
        let is_viewer = |frame: &String| frame.starts_with("chrome-extension://");
        frames.iter().any(is_viewer) && frames.iter().any(|it| it.contains("/content/bill"))
    })
    .await;
    Ok(())
}
