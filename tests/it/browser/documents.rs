//! A PDF in the page of its message, in a frame that belongs to no origin.

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::driver::Browser;
use crate::pages::site::{Site, inbox, manager};
use crate::support::wait::until;
use crate::support::world::{Company, attachment, notice_with};

/// Two pages in a font that it does not bring along, a link, and a script that
/// shows a dialog as soon as it is opened.
const PDF: &str = "%PDF-1.7\n\
    1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\('ran'\\))>>>>endobj\n\
    2 0 obj<</Type/Pages/Kids[3 0 R 7 0 R]/Count 2>>endobj\n\
    3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]/Contents 4 0 R/Annots[6 0 R]\
    /Resources<</Font<</F 5 0 R>>>>>>endobj\n\
    4 0 obj<</Length 51>>stream\nBT /F 40 Tf 20 200 Td (Hello from a document) Tj ET\nendstream endobj\n\
    5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Symbol>>endobj\n\
    6 0 obj<</Type/Annot/Subtype/Link/Rect[0 0 90 40]/A<</S/URI/URI(https://example.be/)>>>>endobj\n\
    7 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 300]>>endobj\n\
    trailer<</Root 1 0 R>>\n%%EOF";

const LOCKED: &str = "%PDF-1.7\n\
    1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
    2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n\
    9 0 obj<</Filter/Standard/V 1/R 2/P -4\
    /O<0000000000000000000000000000000000000000000000000000000000000000>\
    /U<0000000000000000000000000000000000000000000000000000000000000000>>>endobj\n\
    trailer<</Root 1 0 R/Encrypt 9 0 R/ID[<00><00>]>>\n%%EOF";

const FRAME: &str = ".document iframe";

/// A message with this main document, opened by its reader.
async fn opened(document: &str) -> Result<(Site, Browser)> {
    let (site, browser) = (Site::open().await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    let bill = attachment("bill", &STANDARD.encode(document));
    let id = site.post(&notice_with(json!([bill]))).await?;
    let place = format!("http://{}", site.address);
    browser.go(&format!("{place}/sign-in")).await?;
    browser.click(&format!("button[value=\"{}\"]", manager(Company::Active))).await?;
    browser.until_at("signed in", |path| !path.starts_with("/sign-in")).await;
    browser.go(&format!("{place}{}/messages/{id}", inbox(Company::Active))).await?;
    Ok((site, browser))
}

/// How many pixels of the first page are dark.
async fn ink(browser: &Browser) -> u64 {
    let script = "const it = document.querySelector('.page canvas'); if (!it) return 0; \
        const { data } = it.getContext('2d').getImageData(0, 0, it.width, it.height); \
        let dark = 0; for (let i = 0; i < data.length; i += 4) if (data[i] < 100) dark += 1; \
        return dark;";
    browser.run(script, json!([])).await.ok().and_then(|it| it.as_u64()).unwrap_or_default()
}

#[tokio::test]
async fn browser_a_pdf_is_drawn_in_a_sandboxed_frame_and_its_scripts_are_not_run() -> Result<()> {
    let (_site, browser) = opened(PDF).await?;
    let sandbox = "return document.querySelector(arguments[0]).getAttribute('sandbox')";
    let sandbox = browser.run(sandbox, json!([FRAME])).await?;
    let sandbox = sandbox.as_str().unwrap_or_default().to_owned();
    ensure!(
        sandbox.contains("allow-scripts") && !sandbox.contains("allow-same-origin"),
        "{sandbox}"
    );
    browser.enter_frame(FRAME).await?;
    until("it is drawn", async || ink(&browser).await > 500).await;
    ensure!(browser.text().await?.contains("1 / 2"), "{}", browser.text().await?);
    let origin = browser.run("return window.origin", json!([])).await?;
    ensure!(origin == "null", "{origin}");
    let link = "return document.querySelector('.page a').href";
    until("its link", async || {
        browser.run(link, json!([])).await.is_ok_and(|it| it == "https://example.be/")
    })
    .await;
    let before =
        browser.run("return document.querySelector('.page').clientWidth", json!([])).await?;
    browser.click("[data-by=\"1\"]").await?;
    let wider = "return document.querySelector('.page').clientWidth > arguments[0]";
    until("it grows", async || {
        browser.run(wider, json!([before])).await.unwrap_or(Value::Null) == true
    })
    .await;
    browser.leave_frame().await?;
    ensure!(browser.dialog().await?.is_none(), "a script of the document ran");
    Ok(())
}

/// It is read when it was fetched, and then one less is unread.
#[tokio::test]
async fn browser_a_pdf_is_read_once_it_was_handed_to_its_frame() -> Result<()> {
    let (_site, browser) = opened(PDF).await?;
    until("its row is read", async || {
        let unread = browser.count(".row.open.unread").await;
        unread.is_ok_and(|count| count == 0)
    })
    .await;
    ensure!(browser.count(".row.open").await? == 1);
    Ok(())
}

#[tokio::test]
async fn browser_what_cannot_be_drawn_says_why() -> Result<()> {
    for (document, state) in [("no PDF at all", "failed"), (LOCKED, "locked")] {
        let (_site, browser) = opened(document).await?;
        browser.enter_frame(FRAME).await?;
        let shown = format!("[data-state={state}]:not([hidden])");
        until(state, async || browser.count(&shown).await.is_ok_and(|count| count == 1)).await;
    }
    Ok(())
}
