//! From "does my company have an e-Box?" to a colleague who sees one service.

use anyhow::{Context, Result, ensure};

use super::demo::Demo;
use super::driver::Browser;
use super::{dmfa, publication};
use crate::support::wait::{until, until_worked_off};

const COLLEAGUE: &str = "demo-joris";

#[tokio::test]
async fn browser_a_newcomer_registers_and_a_colleague_sees_the_dmfa_alone() -> Result<()> {
    let (demo, browser) = (Demo::start(100).await?, Browser::start().await?);
    let number = register(&demo, &browser).await?;
    let place = format!("/boxes/{number}");

    // The consent holds for the next document.
    browser.go(&demo.url(&format!("{place}/management/consent"))).await?;
    browser.click("input[name=all-digital]").await?;
    browser.click("main form button.primary").await?;
    browser.until_shown("In Kraft").await;

    browser.go(&demo.url(&format!("{place}/management/access"))).await?;
    browser.fill("form.wide-grid input[name=person]", COLLEAGUE).await?;
    browser.fill("form.wide-grid input[name=name]", "Joris Peeters").await?;
    browser.choose("select[name=scope]", "service:dmfa").await?;
    browser.click("button[value=give]").await?;
    browser.until_shown("Zugang gegeben.").await;

    demo.publish("onss:dmfa:declaration", &dmfa(&number, "Quittung für Juli")).await?;
    let other = publication(
        "0206731645",
        "onss:dimona:notification",
        "DIMONA1",
        &number,
        "Mitteilung für August",
    );
    demo.publish("onss:dimona:notification", &other).await?;
    // The demonstration may have written to the company too, before it had a box.
    until_worked_off("both arrived", async || {
        let shown = browser.go(&demo.url(&place)).await.is_ok();
        let text = browser.text().await.unwrap_or_default();
        shown && text.contains("Quittung für Juli") && text.contains("Mitteilung für August")
    })
    .await;
    let id = browser
        .run("return document.querySelector('.rows input').value", serde_json::json!([]))
        .await?;
    let explained = demo.run(&["explain", id.as_str().context("no id")?]).await?;
    ensure!(explained.contains("ALL_DIGITAL_CONSENT"), "{explained}");

    demo.enter(&browser, COLLEAGUE, &place).await?;
    browser.until_shown("Quittung für Juli").await;
    ensure!(!browser.text().await?.contains("August"));
    for (text, rows) in [("uittung", 1), ("august", 0), ("mitteilung", 0)] {
        until(text, async || {
            let there = browser.go(&demo.url(&format!("{place}?q={text}"))).await;
            there.is_ok() && browser.count(".row").await.ok() == Some(rows)
        })
        .await;
    }
    browser.go(&demo.url(&format!("{place}/management/access"))).await?;
    ensure!(browser.text().await?.contains("Dit is niet toegestaan"));
    Ok(())
}

/// Klaus, who reads German; answers the number of his company.
/// What was said of the number before does not stay.
#[tokio::test]
async fn browser_whoever_asks_too_often_is_told_to_wait() -> Result<()> {
    let (demo, browser) = (Demo::start(10).await?, Browser::start().await?);
    browser.go(&demo.url("/start")).await?;
    browser.fill("#number", "0123456789").await?;
    let answered = "return document.querySelector('#answer .answer') !== null";
    until("an answer", async || {
        browser.run(answered, serde_json::json!([])).await.is_ok_and(|is| is == true)
    })
    .await;
    let before = browser.text_of("#answer").await?;
    let often = "const done = arguments[arguments.length - 1]; \
        Promise.all([...Array(40)].map(() => fetch('/start?number=1'))).then(() => done(true));";
    browser.run_async(often).await?;
    browser.fill("#number", "0123456788").await?;
    until("the answer to wait", async || {
        browser.text_of("#answer").await.is_ok_and(|now| now != before && !now.is_empty())
    })
    .await;
    ensure!(browser.count("#answer .answer.bad").await? == 1);
    let wait = [("fr", "Attendez une minute"), ("en", "Wait a minute")];
    let text = browser.text_of("#answer").await?;
    ensure!(wait.iter().any(|(_, wanted)| text.contains(wanted)), "{text}");
    Ok(())
}

async fn register(demo: &Demo, browser: &Browser) -> Result<String> {
    demo.enter(browser, "demo-klaus", "/start/register").await?;
    let number = browser
        .run("return document.querySelector('input[name=number]').value", serde_json::json!([]))
        .await?;
    let number = number.as_str().context("no company")?.to_owned();
    // What is typed is checked while it is typed.
    browser.go(&demo.url("/start")).await?;
    browser.fill("#number", "0123456789").await?;
    browser.until_shown("Das ist keine Unternehmensnummer").await;
    browser.fill("#number", &number).await?;
    browser.until_shown("Noch keine e-Box für diese Nummer").await;
    browser.click("#answer a").await?;
    browser.until_shown("Welches Unternehmen?").await;
    browser.click("main form button.primary").await?;
    browser.until_shown("Das Unternehmen ist registriert").await;
    let path = browser.path().await?;
    ensure!(path.starts_with(&format!("/boxes/{number}")), "{path}");
    Ok(number)
}
