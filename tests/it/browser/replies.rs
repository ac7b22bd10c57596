//! A company writes back, and its manager asks who sees the type; in every
//! language, wide and narrow, with a picture of each.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::axe::{check, keep, look, speak};
use super::demo::Demo;
use super::driver::Browser;
use super::publication;
use crate::support::wait::until_worked_off;

const SUBJECT: &str = "Une question à votre entreprise";

#[tokio::test]
async fn browser_a_company_writes_back() -> Result<()> {
    let (demo, browser) = (Demo::start(100).await?, Browser::start().await?);
    browser.screen(1400, 900, false).await?;
    demo.enter(&browser, "demo-amelie", "/boxes").await?;
    browser.until_at("the box", |path| path.starts_with("/boxes/0")).await;
    let place = browser.path().await?.split('?').next().context("no path")?.to_owned();
    let message = asked(&demo, &browser, &place).await?;
    speak(&demo, &browser, "en").await?;
    writes(&demo, &browser, &message).await?;
    ensure!(browser.count(".written").await? == 1);
    let faults = pictures(&demo, &browser, &place, &message).await?;
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// A message that may be answered; its address.
async fn asked(demo: &Demo, browser: &Browser, place: &str) -> Result<String> {
    let (number, application) = (place.trim_start_matches("/boxes/"), "onss:dimona:notification");
    let mut message = publication("0206731645", application, "DIMONA1", number, SUBJECT);
    message["isReplyAuthorized"] = json!(true);
    message["forTheAttentionOf"] = json!({ "label": "Service de la paie, à Bruxelles" });
    demo.publish(application, &message).await?;
    until_worked_off("it arrived", async || {
        let shown = browser.go(&demo.url(place)).await.is_ok();
        shown && browser.text().await.is_ok_and(|text| text.contains(SUBJECT))
    })
    .await;
    let link = "return document.querySelector('.row-link').getAttribute('href')";
    let message = browser.run(link, json!([])).await?;
    Ok(message.as_str().context("no message")?.to_owned())
}

async fn writes(demo: &Demo, browser: &Browser, message: &str) -> Result<()> {
    browser.go(&demo.url(message)).await?;
    browser.click(".reply summary").await?;
    keep(browser, "reply-form-en-wide-light").await?;
    browser.fill("textarea[name=text]", "We see it the same way.\n<b>Thank you</b>").await?;
    browser.click(".reply button.primary").await?;
    browser.until_shown("Your reply was sent.").await;
    browser.until_shown("<b>Thank you</b>").await;
    Ok(())
}

async fn pictures(
    demo: &Demo,
    browser: &Browser,
    place: &str,
    message: &str,
) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for language in ["fr", "nl", "de", "en"] {
        browser.screen(1400, 900, false).await?;
        speak(demo, browser, language).await?;
        for (name, path) in [
            ("replied", message.to_owned()),
            ("who-sees", format!("{place}/management/access?type=DIMONA1")),
            ("found-elsewhere", format!("{place}?q=bruxelles")),
        ] {
            faults.extend(look(demo, browser, &format!("{name}-{language}"), &path).await?);
        }
        browser.screen(360, 740, false).await?;
        browser.go(&demo.url(message)).await?;
        browser.click(".reply summary").await?;
        browser.run("document.querySelector('.reply').scrollIntoView()", json!([])).await?;
        keep(browser, &format!("reply-form-{language}-narrow-light")).await?;
        faults.extend(check(browser).await?);
    }
    Ok(faults)
}
