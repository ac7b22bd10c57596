//! Without scripts the essentials work: lists, messages, forms.

use anyhow::{Context, Result, ensure};

use super::demo::Demo;
use super::driver::Browser;

#[tokio::test]
async fn browser_without_scripts_one_reads_hides_and_searches() -> Result<()> {
    let (demo, browser) = (Demo::start(100).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    demo.enter(&browser, "demo-sofie", "/boxes/all").await?;
    browser.scripts(false).await?;
    browser.go(&demo.url("/boxes/all")).await?;
    let rows = browser.count(".row").await?;
    ensure!(rows > 3, "{}", browser.text().await?);
    browser.click(".row:nth-child(2) .row-link").await?;
    browser.until_at("a message", |path| path.contains("/messages/")).await;
    ensure!(
        browser.count("#reading .message").await? == 1 && browser.count(".row.open").await? == 1
    );
    browser.click(".message-bar button[value=done]").await?;
    browser.until_shown("Als gedaan gemarkeerd.").await;
    browser.click(".message-bar a").await?;
    browser.until_at("the list", |path| !path.contains("/messages/")).await;
    browser.click(".rows .row:nth-child(1) input").await?;
    browser.click(".bulk-actions button[value=hide]").await?;
    browser.until_shown("Verborgen.").await;
    browser.click(".view-menu > summary").await?;
    browser.click("a[href$=\"#column-arrived\"]").await.context("a column is moved")?;
    browser.until_at("another order", |path| path.contains("column=arrived&column=due")).await;
    let heads = browser.text_of(".bulk-columns").await?;
    ensure!(heads.find("Aankomst") < heads.find("Uiterlijk"), "{heads}");
    ensure!(browser.count(".view-menu[open] #column-arrived:focus").await? == 1, "no focus");
    browser.fill("#q", "dimona").await?;
    browser.press("\u{e007}").await?;
    browser.until_at("a search", |path| path.contains("q=dimona")).await;
    browser.click("nav.side li:nth-child(2) a").await.context("folders are open")?;
    browser.until_at("a folder", |path| path.contains("unread=yes")).await;
    Ok(())
}
