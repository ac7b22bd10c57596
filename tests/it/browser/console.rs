//! An operator's day in a real browser.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::demo::Demo;
use super::driver::Browser;
use crate::support::wait::until;

#[tokio::test]
async fn browser_an_operator_watches_pauses_and_looks_up() -> Result<()> {
    let (demo, browser) = (Demo::start(200).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    demo.enter(&browser, "demo-operator", "/").await?;
    browser.until_at("the console", |path| path == "/console").await;
    until("the figures are there", async || {
        browser.run("location.reload()", json!([])).await.is_ok()
            && browser.count(".tile.good").await.is_ok_and(|found| found == 1)
    })
    .await;
    ensure!(browser.count(".chart svg[role=img]").await? == 6);

    // The page is made anew by itself, without a click.
    let mark = "document.querySelector('#figures').dataset.old = 'yes'";
    browser.run(mark, json!([])).await?;
    until("the figures are refreshed", async || {
        browser.count("#figures:not([data-old])").await.is_ok_and(|found| found == 1)
    })
    .await;
    browser.click(".heading .button").await?;
    browser.until_at("a still page", |path| path == "/console?still=yes").await;
    ensure!(browser.count("[hx-trigger]").await? == 0, "it goes on moving");

    // A lane is paused, for a reason.
    browser.go(&demo.url("/console/lanes")).await?;
    browser.click("tbody tr:nth-child(1) a").await?;
    browser.until_at("a lane", |path| path.starts_with("/console/lanes/")).await;
    browser.fill(".act:nth-of-type(2) input[name=reason]", "une inondation").await?;
    browser.click("button[value=pause]").await?;
    browser.until_at("paused", |path| path.contains("said-ordered")).await;
    browser.until_shown("une inondation").await;
    browser.click("button[value=resume]").await?;
    browser.until_shown("Mettre la file en pause").await;
    browser.go(&demo.url("/console/record")).await?;
    browser.until_shown("une inondation").await;

    // What the quarantine refused is found by its code, and by its id.
    browser.go(&demo.url("/console/quarantine")).await?;
    browser.choose("select[name=state]", "open").await?;
    browser.click("main form .button").await?;
    browser.until_at("filtered", |path| path.contains("state=open")).await;
    ensure!(browser.count("tbody tr").await? > 0, "{}", browser.text().await?);
    browser.click("tbody tr:nth-child(1) a").await?;
    browser.until_at("an entry", |path| path.starts_with("/console/quarantine/")).await;
    let path = browser.path().await?;
    let id = path.rsplit('/').next().context("no id")?.to_owned();
    browser.fill("#find", &id).await?;
    browser.press("\u{e007}").await?;
    browser.until_at("found again", |now| now == path).await;
    Ok(())
}
